//! Whether two addresses are of the same server: what is kept for one goes to no other.

use http::Uri;

/// Whether scheme, host and port are the same; an address that cannot be read is like no other.
pub fn same_server(one: &str, other: &str) -> bool {
    place(one).is_some_and(|one| place(other) == Some(one))
}

fn place(url: &str) -> Option<(String, String, u16)> {
    let uri: Uri = url.parse().ok()?;
    let scheme = uri.scheme_str()?.to_ascii_lowercase();
    let usual = if scheme == "https" { 443 } else { 80 };
    Some((scheme, uri.host()?.to_ascii_lowercase(), uri.port_u16().unwrap_or(usual)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_its_scheme_host_and_port() {
        for (one, other) in [
            ("https://a.example", "https://A.example:443/e/default"),
            ("http://127.0.0.1:8080/", "http://127.0.0.1:8080"),
            ("http://a", "http://a:80/x"),
        ] {
            assert!(same_server(one, other), "{one} {other}");
        }
        for (one, other) in [
            ("https://a", "http://a"),
            ("https://a", "https://a:8443"),
            ("https://a.example", "https://a.example.evil"),
            ("https://a", "https://b@a.evil"),
            ("a", "a"),
        ] {
            assert!(!same_server(one, other), "{one} {other}");
        }
    }
}
