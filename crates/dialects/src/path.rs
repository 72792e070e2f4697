//! Paths are made canonical once, before anything is decided by them, and never by a redirect.

use http::Uri;
use http::request::Parts;
use http::uri::PathAndQuery;

/// `//` collapsed and one trailing `/` dropped; refused if it holds what two readers could read in two ways: dot
/// segments, encoded dots, slashes or backslashes, `;`, `\` and NUL.
pub fn canonical(path: &str) -> Result<String, &'static str> {
    let mut canonical = String::with_capacity(path.len());
    for segment in path.split('/').filter(|segment| !segment.is_empty()) {
        let lower = segment.to_ascii_lowercase();
        if segment == "." || segment == ".." {
            return Err("the path holds a dot segment");
        }
        if ["%2e", "%2f", "%5c", "%00"].iter().any(|code| lower.contains(code)) {
            return Err("the path holds an encoded dot, slash, backslash or NUL");
        }
        if segment.contains([';', '\\', '\0']) {
            return Err("the path holds a `;`, a backslash or NUL");
        }
        canonical.push('/');
        canonical.push_str(segment);
    }
    if canonical.is_empty() {
        canonical.push('/');
    }
    Ok(canonical)
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
                prop_assert_eq!(canonical(&once).unwrap(), once);
            }
        }
    }
}
