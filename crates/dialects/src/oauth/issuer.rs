//! Who we are to clients and to readers of our tokens: the one place where the issuer is decided.

use super::settings::PUBLIC_URL;
use crate::dialect::{Call, Room};
use crate::doorway::Secure;
use crate::refusal::Refused;
use http::header;

/// The issuer (RFC 8414 section 2): the mount's `public_url` as it is written there, or else whatever the caller reached
/// us by.
pub fn issuer(room: &Room, call: &Call) -> Result<String, Refused> {
    if let Some(fixed) = PUBLIC_URL.of(room) {
        return Ok(fixed);
    }
    let parts = &call.parts;
    let secure = parts.extensions.get::<Secure>().is_some() || parts.uri.scheme_str() == Some("https");
    let scheme = if secure { "https" } else { "http" };
    let header = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let host = header.or(parts.uri.authority().map(http::uri::Authority::as_str)).unwrap_or_default();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte);
    if host.is_empty() || !host.bytes().all(plain) {
        return Err(Refused::Malformed("the host is missing or cannot be read"));
    }
    Ok(format!("{scheme}://{}{}", host.to_ascii_lowercase(), room.prefix))
}

/// The address of an endpoint.
pub(super) fn endpoint(issuer: &str, path: &str) -> String {
    format!("{}{path}", issuer.trim_end_matches('/'))
}
