//! A request that a client makes: built by a dialect, sent by somebody else.
//!
//! Kept out: sockets, credentials and the server's address. Whoever sends the request adds those.

use bytes::Bytes;
use counterfoil_core::secret::Secret;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use http::{Method, Request};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use serde_json::Value;
use std::fmt;
use std::marker::PhantomData;

const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A request without server and credential, and what a good answer to it reads as.
pub struct Ask<T> {
    /// What to send; its target is a path, perhaps with a query.
    pub request: Request<Bytes>,
    /// The secrets in it: nothing that is said about it may repeat them.
    pub secrets: Vec<Secret>,
    /// What becomes of making it twice, if nobody knows what became of the first.
    pub repeat: Repeat,
    answer: PhantomData<fn() -> T>,
}

impl<T> Ask<T> {
    /// With one more secret in it, which stays unsaid.
    #[must_use]
    pub fn hiding(mut self, secret: &Secret) -> Self {
        self.secrets.push(Secret::new(secret.reveal().to_owned()));
        self
    }

    /// With another consequence of repeating it than its method suggests.
    #[must_use]
    pub fn repeated(self, repeat: Repeat) -> Self {
        Self { repeat, ..self }
    }
}

/// What becomes of making a request twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// Nothing: whoever sends may do it unasked.
    Freely,
    /// Nothing bad, but an attempt may be counted.
    ByHand,
    /// Something may be there twice, or be lost.
    WithCare,
}

/// A target or body may hold a secret.
impl<T> fmt::Debug for Ask<T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Ask({} …)", self.request.method())
    }
}

/// Without a body.
pub fn bare<T>(method: Method, target: &str) -> Result<Ask<T>, http::Error> {
    let repeat = if method.is_safe() { Repeat::Freely } else { Repeat::WithCare };
    let request = Request::builder().method(method).uri(target).header(ACCEPT, "application/json");
    let request = request.body(Bytes::new())?;
    Ok(Ask { request, secrets: Vec::new(), repeat, answer: PhantomData })
}

/// With a JSON body.
pub fn with_body<T>(method: Method, target: &str, body: &impl Serialize) -> Result<Ask<T>, http::Error> {
    let json = serde_json::to_vec(body).unwrap_or_else(|_| unreachable!("wire structs are plain data"));
    with_bytes(method, target, "application/json", json)
}

/// With a form as its body.
pub fn with_form<T>(method: Method, target: &str, fields: &[(&str, &str)]) -> Result<Ask<T>, http::Error> {
    let pairs: Vec<_> = fields.iter().map(|(name, value)| format!("{name}={}", escape(value))).collect();
    with_bytes(method, target, "application/x-www-form-urlencoded", pairs.join("&").into_bytes())
}

fn with_bytes<T>(
    method: Method,
    target: &str,
    kind: &'static str,
    body: Vec<u8>,
) -> Result<Ask<T>, http::Error> {
    let mut ask = bare(method, target)?;
    *ask.request.body_mut() = body.into();
    ask.request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    Ok(ask)
}

/// The path of one of those below `path`.
pub fn item(path: &str, key: &str) -> String {
    format!("{path}/{}", escape(key))
}

/// The text as it may stand in a path segment, a query or a form.
pub fn escape(text: &str) -> impl fmt::Display {
    utf8_percent_encode(text, UNRESERVED)
}

/// The fields that are present, as query parameters spell them.
pub fn fields(of: &impl Serialize) -> Vec<(String, String)> {
    let Ok(Value::Object(fields)) = serde_json::to_value(of) else {
        unreachable!("a query is a struct of plain fields");
    };
    let text = |value| match value {
        Value::String(text) => text,
        other => other.to_string(),
    };
    fields.into_iter().map(|(name, value)| (name, text(value))).collect()
}

/// A query with its question mark; nothing without parameters.
pub fn query(parameters: &[(String, String)]) -> String {
    let parameters: Vec<String> =
        parameters.iter().map(|(name, value)| format!("{name}={}", escape(value))).collect();
    if parameters.is_empty() { String::new() } else { format!("?{}", parameters.join("&")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_not_for_debug() {
        let ask = with_form::<()>(Method::POST, "/login", &[("password", "hush+hush")]).unwrap();
        assert_eq!(ask.request.body(), "password=hush%2Bhush");
        assert_eq!(format!("{ask:?}"), "Ask(POST …)");
    }

    #[test]
    fn only_what_changes_nothing_may_be_repeated() {
        assert_eq!(bare::<()>(Method::GET, "/").unwrap().repeat, Repeat::Freely);
        assert_eq!(bare::<()>(Method::PUT, "/").unwrap().repeat, Repeat::WithCare);
    }
}
