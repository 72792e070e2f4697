//! Who we are to clients and to readers of our tokens: the one place where the issuer is decided.

use super::settings::PUBLIC_URL;
use crate::dialect::{Call, Room};
use crate::refusal::Refused;
use http::header;
use std::net::IpAddr;

/// The issuer (RFC 8414 section 2): the mount's `public_url` as it is written there, or else whatever the caller reached
/// us by.
pub fn issuer(room: &Room, call: &Call) -> Result<String, Refused> {
    if let Some(fixed) = PUBLIC_URL.of(room) {
        return Ok(fixed);
    }
    let parts = &call.parts;
    let secure = call.origin.is_secure() || parts.uri.scheme_str() == Some("https");
    let scheme = if secure { "https" } else { "http" };
    let header = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let host = header.or(parts.uri.authority().map(http::uri::Authority::as_str)).unwrap_or_default();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte);
    if host.is_empty() || !host.bytes().all(plain) {
        return Err(Refused::Malformed("the host is missing or cannot be read"));
    }
    Ok(format!("{scheme}://{}{}", host.to_ascii_lowercase(), room.prefix))
}

/// Whether the issuer is no mere word of the caller's: it is set, or the host is this machine itself. Else a caller could
/// bring an assertion that was meant for another authority, and name that one's host.
pub(super) fn is_ours_to_say(room: &Room, issuer: &str) -> bool {
    let host = issuer.parse::<http::Uri>().ok().and_then(|uri| uri.host().map(ToOwned::to_owned));
    let host = host.unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let itself = bare == "localhost"
        || bare.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback());
    itself || PUBLIC_URL.of(room).is_some()
}

/// The address of an endpoint.
pub(super) fn endpoint(issuer: &str, path: &str) -> String {
    format!("{}{path}", issuer.trim_end_matches('/'))
}
