//! Where a request came from, as far as it can be trusted: forwarding headers count only from trusted proxies.

use http::{HeaderMap, HeaderName, HeaderValue};
use ipnet::IpNet;
use std::net::IpAddr;

static FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
static PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// The caller's address: the peer's, or if that is a trusted proxy, the last hop of `X-Forwarded-For` that is not.
/// A hop that cannot be read ends the search at the proxy that wrote it.
pub fn caller(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let trusts = |address: IpAddr| trusted.iter().any(|network| network.contains(&address.to_canonical()));
    let mut nearest = peer.to_canonical();
    if !trusts(nearest) {
        return nearest;
    }
    // As bytes: a proxy may append to a line whose beginning a caller has made unreadable as text.
    let lines: Vec<&[u8]> = headers.get_all(&FOR).iter().map(HeaderValue::as_bytes).collect();
    for hop in lines.iter().flat_map(|line| line.split(|byte| *byte == b',')).rev() {
        let Some(address) = std::str::from_utf8(hop).ok().and_then(|hop| address(hop.trim())) else {
            return nearest;
        };
        nearest = address.to_canonical();
        if !trusts(nearest) {
            return nearest;
        }
    }
    nearest
}

/// Whether a trusted proxy says that the caller reached it over TLS (`X-Forwarded-Proto`, its last word).
pub fn secure(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> bool {
    let says = || {
        let said = headers.get_all(&PROTO).iter().next_back();
        let last = said.and_then(|line| line.as_bytes().rsplit(|byte| *byte == b',').next());
        last.is_some_and(|word| word.trim_ascii().eq_ignore_ascii_case(b"https"))
    };
    trusted.iter().any(|network| network.contains(&peer.to_canonical())) && says()
}

/// `192.0.2.1`, `2001:db8::1`, `[2001:db8::1]`, each with a port or without.
fn address(hop: &str) -> Option<IpAddr> {
    let bracketed = hop.strip_prefix('[').and_then(|rest| rest.split(']').next());
    let bare = bracketed.unwrap_or(hop);
    bare.parse().ok().or_else(|| bare.rsplit_once(':').and_then(|(address, _)| address.parse().ok()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(peer: &str, forwarded: &[&str]) -> String {
        seen_as_bytes(peer, &forwarded.iter().map(|line| line.as_bytes()).collect::<Vec<_>>())
    }

    fn seen_as_bytes(peer: &str, forwarded: &[&[u8]]) -> String {
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append("x-forwarded-for", HeaderValue::from_bytes(line).unwrap());
        }
        let trusted = ["10.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()];
        caller(peer.parse().unwrap(), &headers, &trusted).to_string()
    }

    #[test]
    fn only_a_trusted_proxy_says_that_the_caller_came_over_tls() {
        let says = |peer: &str, word: &'static str| {
            let headers = HeaderMap::from_iter([(
                HeaderName::from_static("x-forwarded-proto"),
                HeaderValue::from_static(word),
            )]);
            secure(peer.parse().unwrap(), &headers, &["10.0.0.0/8".parse().unwrap()])
        };
        assert!(says("10.0.0.1", "https") && says("::ffff:10.0.0.1", "http, HTTPS"));
        assert!(!says("192.0.2.9", "https") && !says("10.0.0.1", "https,http") && !says("10.0.0.1", ""));
    }

    #[test]
    fn only_a_trusted_proxy_is_believed() {
        assert_eq!(seen("192.0.2.9", &["1.2.3.4"]), "192.0.2.9");
        assert_eq!(seen("10.0.0.1", &["1.2.3.4"]), "1.2.3.4");
        assert_eq!(seen("::1", &["[2001:db8::1]:99"]), "2001:db8::1");
        assert_eq!(seen("::ffff:10.0.0.1", &["1.2.3.4:5"]), "1.2.3.4");
    }

    #[test]
    fn the_last_untrusted_hop_counts_whatever_stands_before_it() {
        assert_eq!(seen("10.0.0.1", &["6.6.6.6, 1.2.3.4, 10.0.0.2"]), "1.2.3.4");
        assert_eq!(seen("10.0.0.1", &["6.6.6.6", "1.2.3.4"]), "1.2.3.4");
        assert_eq!(seen("10.0.0.1", &["1.2.3.4, nonsense, 10.0.0.2"]), "10.0.0.2");
        assert_eq!(seen("10.0.0.1", &[]), "10.0.0.1");
    }
    #[test]
    fn unreadable_bytes_do_not_hide_what_a_proxy_appended() {
        assert_eq!(seen_as_bytes("10.0.0.1", &[b"\xff, 1.2.3.4"]), "1.2.3.4");
        assert_eq!(seen_as_bytes("10.0.0.1", &[b"\xff", b"1.2.3.4"]), "1.2.3.4");
        assert_eq!(seen_as_bytes("10.0.0.1", &[b"1.2.3.4", b"\xff, 10.0.0.2"]), "10.0.0.2");
    }
}
