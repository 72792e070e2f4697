//! The request target: its path, made canonical once before anything is decided by it and never by a redirect, and
//! its query.

use crate::refusal::Refused;
use http::Uri;
use http::request::Parts;
use http::uri::PathAndQuery;
use percent_encoding::percent_decode_str;
use std::borrow::Cow;

/// `//` collapsed and one trailing `/` dropped; refused if it holds what two readers could read in two ways: dot
/// segments, encoded dots, slashes or backslashes, `;`, `\` and NUL. Most paths are canonical as they come.
pub fn canonical(path: &str) -> Result<Cow<'_, str>, &'static str> {
    for segment in path.split('/').filter(|segment| !segment.is_empty()) {
        if segment == "." || segment == ".." {
            return Err("the path holds a dot segment");
        }
        if segment.contains('%') {
            let lower = segment.to_ascii_lowercase();
            if ["%2e", "%2f", "%5c", "%00"].iter().any(|code| lower.contains(code)) {
                return Err("the path holds an encoded dot, slash, backslash or NUL");
            }
        }
        if segment.contains([';', '\\', '\0']) {
            return Err("the path holds a `;`, a backslash or NUL");
        }
    }
    let whole = path.starts_with('/') && !path.contains("//") && (path == "/" || !path.ends_with('/'));
    if whole {
        return Ok(Cow::Borrowed(path));
    }
    let segments = path.split('/').filter(|segment| !segment.is_empty());
    let canonical: String = segments.flat_map(|segment| ["/", segment]).collect();
    Ok(Cow::Owned(if canonical.is_empty() { "/".to_owned() } else { canonical }))
}

/// Puts the canonical path into the request.
pub fn replace(parts: &mut Parts, path: &str) {
    if parts.uri.path() == path {
        return;
    }
    let target = match parts.uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    };
    if let Ok(target) = target.parse::<PathAndQuery>() {
        parts.uri = Uri::from(target);
    }
}

/// The names and values of a query string, in order; `+` is a space, the rest percent-decoded.
pub fn query(query: &str) -> Result<Vec<(String, String)>, Refused> {
    let decode = |text: &str| {
        let spaced = text.replace('+', " ");
        let decoded = percent_decode_str(&spaced).decode_utf8().map(Cow::into_owned);
        decoded.map_err(|_| Refused::Malformed("the query is not UTF-8"))
    };
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((decode(name)?, decode(value)?))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn slashes_are_collapsed_and_tricks_refused() {
        assert_eq!(canonical("//v1//tokens/").unwrap(), "/v1/tokens");
        assert_eq!(canonical("/").unwrap(), "/");
        assert_eq!(canonical("/dt0c01.ABC").unwrap(), "/dt0c01.ABC");
        for trick in ["/a/../b", "/./a", "/a/%2e%2E/b", "/a%2fb", "/a%5Cb", "/a;b", "/a%00", "/a\\b"] {
            assert!(canonical(trick).is_err(), "{trick}");
        }
    }

    proptest! {
        #[test]
        fn canonical_is_a_fixed_point(path in "[/a-z.%;0-9]{0,20}") {
            if let Ok(once) = canonical(&path) {
                prop_assert!(matches!(canonical(&once), Ok(Cow::Borrowed(twice)) if twice == once));
            }
        }
    }
}
