//! Replies: whole bodies with their content type, never cached.

use crate::dialect::Reply;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Serialize;

/// Set as an extension on replies: what is said after the body, to callers of HTTP/2.
#[derive(Debug, Clone)]
pub struct Trailers(pub HeaderMap);

/// A JSON reply, compact, as `application/json`.
pub fn json(status: StatusCode, body: &impl Serialize) -> Reply {
    typed(status, "application/json", body)
}

/// A JSON reply under another media type.
pub fn typed(status: StatusCode, media_type: &'static str, body: &impl Serialize) -> Reply {
    // Enough for most, so that it need not grow.
    let mut bytes = Vec::with_capacity(512);
    match serde_json::to_writer(&mut bytes, body) {
        Ok(()) => whole(status, media_type, bytes.into()),
        Err(error) => {
            tracing::error!(%error, "a reply could not be written");
            whole(StatusCode::INTERNAL_SERVER_ERROR, "application/json", Bytes::from_static(b"{}"))
        }
    }
}

/// A reply with this body.
pub fn whole(status: StatusCode, media_type: &'static str, body: Bytes) -> Reply {
    let mut reply = Reply::new(body);
    *reply.status_mut() = status;
    reply.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    reply.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    reply
}

/// A reply without a body.
pub fn empty(status: StatusCode) -> Reply {
    let mut reply = Reply::new(Bytes::new());
    *reply.status_mut() = status;
    reply.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    reply
}

/// The reply with one header more; a value that no header can carry is left out.
#[must_use]
pub fn with(mut reply: Reply, name: header::HeaderName, value: &str) -> Reply {
    if let Ok(value) = HeaderValue::from_str(value) {
        reply.headers_mut().insert(name, value);
    }
    reply
}
