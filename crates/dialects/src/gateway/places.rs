//! Where in a request the credential stands.

use crate::target;
use counterfoil_core::gate::{Place, Policy};
use data_encoding::BASE64;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use std::borrow::Cow;

/// The one text that stands at the places of this gate. Two different ones are none: nobody could say whose request
/// it is.
pub(super) fn text<'a>(
    policy: &Policy,
    header: &dyn Fn(&str) -> Option<&'a str>,
    target: &str,
) -> Option<Cow<'a, str>> {
    let mut found: Option<Cow<'a, str>> = None;
    for text in policy.places.iter().filter_map(|place| at(place, header, target)) {
        if found.as_ref().is_some_and(|found| *found != text) {
            return None;
        }
        found = Some(text);
    }
    found
}

fn at<'a>(place: &Place, header: &dyn Fn(&str) -> Option<&'a str>, target: &str) -> Option<Cow<'a, str>> {
    let scheme = |wanted: &str| {
        let (scheme, text) = header(AUTHORIZATION.as_str())?.split_once(' ')?;
        scheme.eq_ignore_ascii_case(wanted).then(|| text.trim())
    };
    let text: Cow<'_, str> = match place {
        Place::Bearer => scheme("bearer")?.into(),
        Place::ApiToken => scheme("api-token")?.into(),
        Place::Basic => {
            let pair = BASE64.decode(scheme("basic")?.as_bytes()).ok()?;
            let pair = String::from_utf8(pair).ok()?;
            pair.split_once(':')?.1.to_owned().into()
        }
        Place::Header(name) => header(name)?.into(),
        Place::Query(name) => {
            let query = target.split_once('?')?.1;
            let pairs = target::query(query).ok()?;
            let mut named = pairs.into_iter().filter(|(each, _)| each == name);
            named.next().filter(|_| named.next().is_none())?.1.into()
        }
    };
    (!text.is_empty()).then_some(text)
}

/// The value of a header that came once.
pub(super) fn only<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    values.next().filter(|_| values.next().is_none())?.to_str().ok()
}
