//! Where in a request the credential stands.

use crate::target;
use counterfoil_core::gate::{Place, Policy};
use data_encoding::BASE64;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use std::borrow::Cow;

/// A place says more than one thing, or nothing that can be read: nobody could say whose request it is.
#[derive(Debug)]
pub(super) struct Unclear;

/// The one text that stands at the places of this gate; two different ones are none.
pub(super) fn text<'a>(
    policy: &Policy,
    header: &dyn Fn(&str) -> Result<Option<&'a str>, Unclear>,
    target: &str,
) -> Option<Cow<'a, str>> {
    let mut found: Option<Cow<'a, str>> = None;
    for place in &policy.places {
        let Some(text) = at(place, header, target).ok()? else { continue };
        if found.as_ref().is_some_and(|found| *found != text) {
            return None;
        }
        found = Some(text);
    }
    found
}

fn at<'a>(
    place: &Place,
    header: &dyn Fn(&str) -> Result<Option<&'a str>, Unclear>,
    target: &str,
) -> Result<Option<Cow<'a, str>>, Unclear> {
    let scheme = |wanted: &str| {
        let value = header(AUTHORIZATION.as_str())?;
        let parts = value.and_then(|value| value.split_once(' '));
        Ok(parts.filter(|(scheme, _)| scheme.eq_ignore_ascii_case(wanted)).map(|(_, text)| text.trim()))
    };
    let text: Option<Cow<'_, str>> = match place {
        Place::Bearer => scheme("bearer")?.map(Cow::from),
        Place::ApiToken => scheme("api-token")?.map(Cow::from),
        Place::Basic => scheme("basic")?.and_then(password).map(Cow::from),
        Place::Header(name) => header(name)?.map(Cow::from),
        Place::Query(name) => {
            let query = target.split_once('?').map_or("", |(_, query)| query);
            let pairs = target::query(query).map_err(|_| Unclear)?;
            let mut named = pairs.into_iter().filter(|(each, _)| each == name).map(|(_, value)| value);
            let first = named.next();
            if named.next().is_some() {
                return Err(Unclear);
            }
            first.map(Cow::from)
        }
    };
    Ok(text.filter(|text| !text.is_empty()))
}

fn password(encoded: &str) -> Option<String> {
    let pair = String::from_utf8(BASE64.decode(encoded.as_bytes()).ok()?).ok()?;
    Some(pair.split_once(':')?.1.to_owned())
}

/// The value of a header, which came once or not at all.
pub(super) fn only<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, Unclear> {
    let mut values = headers.get_all(name).iter();
    let value = values.next();
    if values.next().is_some() {
        return Err(Unclear);
    }
    value.map(|value| value.to_str().map_err(|_| Unclear)).transpose()
}
