//! What RFC 9112 tells a server to refuse and the parser lets through: a proxy before us may have read it otherwise. Kept
//! out: what the parser refuses by itself, and a length beside chunks, after which it closes the connection.

use http::header::{HOST, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderValue, Request, Version};

/// Why this request, which came over a network, has to be refused and its connection closed.
pub(super) fn objection<B>(request: &Request<B>) -> Option<&'static str> {
    if request.version() > Version::HTTP_11 {
        return None;
    }
    whose(request.version(), request.headers()).or_else(|| coded(request.headers()))
}

/// RFC 9112 section 3.2.
fn whose(version: Version, headers: &HeaderMap) -> Option<&'static str> {
    let mut hosts = headers.get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (None, _) if version == Version::HTTP_11 => Some("HTTP/1.1 needs a Host"),
        (Some(_), Some(_)) => Some("there is more than one Host"),
        (Some(host), None) if !host.as_bytes().iter().all(|byte| in_a_host(*byte)) => {
            Some("the Host cannot be read")
        }
        _ => None,
    }
}

/// What a host and its port are written with (RFC 3986 section 3.2.2), without brackets in the right places.
fn in_a_host(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~%!$&'()*+,;=:[]".contains(&byte)
}

/// RFC 9112 section 6.1: we know no coding but `chunked`, and the parser looks at the last one only.
fn coded(headers: &HeaderMap) -> Option<&'static str> {
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    let chunked = |coding: &HeaderValue| coding.as_bytes().eq_ignore_ascii_case(b"chunked");
    let plain = codings.next().is_none_or(chunked) && codings.next().is_none();
    (!plain).then_some("the only transfer coding known here is chunked, once")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(version: Version, headers: &[(&'static str, &'static str)]) -> Option<&'static str> {
        let mut request = Request::new(());
        *request.version_mut() = version;
        for (name, value) in headers {
            request.headers_mut().append(*name, HeaderValue::from_static(value));
        }
        objection(&request)
    }

    #[test]
    fn a_request_is_for_one_host() {
        for host in ["a", "", "a_b.example:8080", "192.0.2.1:80", "[2001:db8::1]:80", "xn--bcher-kva.example"]
        {
            assert_eq!(asked(Version::HTTP_11, &[("host", host)]), None, "{host}");
        }
        for host in ["a/b", "a b", "a@b", "a?b", "a#b", "a\\b", "\"a\""] {
            assert_eq!(asked(Version::HTTP_11, &[("host", host)]), Some("the Host cannot be read"), "{host}");
        }
        assert_eq!(asked(Version::HTTP_11, &[]), Some("HTTP/1.1 needs a Host"));
        for version in [Version::HTTP_10, Version::HTTP_11] {
            let twice = asked(version, &[("host", "a"), ("host", "a")]);
            assert_eq!(twice, Some("there is more than one Host"));
        }
        // Older ones need none; newer ones say it otherwise.
        assert_eq!(asked(Version::HTTP_10, &[]), None);
        assert_eq!(asked(Version::HTTP_2, &[]), None);
    }

    #[test]
    fn a_body_is_coded_in_one_way() {
        let coded = |codings: &[&'static str]| {
            let mut headers = vec![("host", "a")];
            headers.extend(codings.iter().map(|coding| ("transfer-encoding", *coding)));
            asked(Version::HTTP_11, &headers)
        };
        assert_eq!(coded(&[]), None);
        assert_eq!(coded(&["chunked"]), None);
        assert_eq!(coded(&["Chunked"]), None);
        for codings in [
            &["gzip, chunked"][..],
            &["chunked, chunked"],
            &["chunked", "chunked"],
            &["gzip", "chunked"],
            &["identity, chunked"],
            &[", chunked"],
            &["x"],
        ] {
            assert!(coded(codings).is_some(), "{codings:?}");
        }
    }
}
