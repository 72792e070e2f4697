//! A vendor as its clients see it: how a credential goes into a request, and how an answer reads, good or bad.
//!
//! Kept out: sockets, the vendor's address, and what to do about a bad answer; whoever sends knows those.

use crate::ask::Ask;
use bytes::Bytes;
use counterfoil_core::secret::Secret;
use data_encoding::{BASE64, BASE64URL_NOPAD};
use http::header::{self, AUTHORIZATION, HeaderName, HeaderValue};
use http::{Response, StatusCode};
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::error::Category;
use std::fmt;

/// A vendor's service, for clients.
#[derive(Debug)]
pub struct Vendor {
    /// The name of its dialect.
    pub name: &'static str,
    /// What people call it.
    pub title: &'static str,
    /// Its address, if there is one for everybody.
    pub home: Option<&'static str>,
    /// The header that carries a token, and what stands before the token in it.
    pub bearer: (&'static str, &'static str),
    /// What the body of a refusal says.
    pub complaint: fn(&[u8]) -> Option<Complaint>,
}

/// Every vendor whose client we are.
pub const VENDORS: &[&Vendor] = &[
    &crate::datto_rmm::client::VENDOR,
    &crate::ruvds::client::VENDOR,
    &crate::agent_config::client::VENDOR,
    &crate::dynatrace::client::VENDOR,
    &crate::control_room::client::VENDOR,
];

/// The vendor whose dialect has that name.
pub fn vendor(name: &str) -> Option<&'static Vendor> {
    VENDORS.iter().find(|vendor| vendor.name == name).copied()
}

/// With what a client asks.
#[derive(Debug)]
pub enum Credential {
    /// A token or JWT.
    Bearer(Secret),
    /// A user name and its password.
    Basic {
        /// The user name.
        username: String,
        /// The password.
        password: Secret,
    },
}

/// A vendor's words for a refusal.
#[derive(Debug, PartialEq, Eq)]
pub struct Complaint {
    /// The sentence.
    pub said: String,
    /// Whether, whatever the status says, the credential is what is wrong.
    pub credential: bool,
}

impl From<String> for Complaint {
    fn from(said: String) -> Self {
        Self { said, credential: false }
    }
}

/// Why an answer is no good.
#[derive(Debug, PartialEq, Eq)]
pub enum Fault {
    /// The vendor refuses.
    Refused {
        /// With what.
        status: StatusCode,
        /// In its words, if it has any.
        complaint: Option<Complaint>,
    },
    /// It points elsewhere, where a credential is not carried.
    Moved {
        /// With what.
        status: StatusCode,
        /// Where to, without a query.
        to: Option<String>,
    },
    /// It agrees, but what it says cannot be read.
    Unreadable {
        /// With what.
        status: StatusCode,
        /// A clause that follows the status.
        why: String,
    },
}

impl Fault {
    /// The same with the vendor's own words as `hide` leaves them, then in one line and cut short: of a secret that is cut
    /// first, `hide` would not know the rest.
    #[must_use]
    pub fn hiding(mut self, hide: impl Fn(&str) -> String) -> Self {
        let words = match &mut self {
            Self::Refused { complaint: Some(Complaint { said, .. }), .. } => Some(said),
            Self::Moved { to, .. } => to.as_mut(),
            Self::Refused { complaint: None, .. } | Self::Unreadable { .. } => None,
        };
        if let Some(words) = words {
            let line = hide(words).split_whitespace().collect::<Vec<_>>().join(" ");
            *words = cut(&line);
        }
        self
    }

    /// The status that came.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Refused { status, .. } | Self::Moved { status, .. } | Self::Unreadable { status, .. } => {
                *status
            }
        }
    }
}

/// A clause that says what was answered, such as `answered 404 Not Found: Token does not exist.`
impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "answered {}", self.status())?;
        match self {
            Self::Refused { complaint: None, .. } | Self::Moved { to: None, .. } => Ok(()),
            Self::Refused { complaint: Some(Complaint { said, .. }), .. } => write!(out, ": {said}"),
            Self::Moved { to: Some(to), .. } => write!(out, " and points to {to}"),
            Self::Unreadable { why, .. } => write!(out, " {why}"),
        }
    }
}

/// What is repeated of a vendor's words at most.
const LONGEST: usize = 300;

impl Vendor {
    /// The header that a credential travels in, kept out of debug output.
    pub fn authorization(&self, credential: &Credential) -> Option<(HeaderName, HeaderValue)> {
        let (name, text) = match credential {
            Credential::Bearer(token) => {
                let (name, before) = &self.bearer;
                (HeaderName::from_static(name), format!("{before}{}", token.reveal()))
            }
            Credential::Basic { username, password } => {
                let pair = BASE64.encode(format!("{username}:{}", password.reveal()).as_bytes());
                (AUTHORIZATION, format!("Basic {pair}"))
            }
        };
        let mut value = HeaderValue::try_from(text).ok()?;
        value.set_sensitive(true);
        Some((name, value))
    }

    /// Reads the answer to a question.
    pub fn read<T: DeserializeOwned>(&self, _: &Ask<T>, answer: &Response<Bytes>) -> Result<T, Fault> {
        let (status, body) = (answer.status(), answer.body());
        if status.is_redirection() {
            return Err(Fault::Moved { status, to: location(answer) });
        }
        if !status.is_success() {
            return Err(Fault::Refused { status, complaint: (self.complaint)(body) });
        }
        let body: &[u8] = if body.is_empty() { b"null" } else { body };
        serde_json::from_slice(body).map_err(|error| {
            let why = match error.classify() {
                _ if answer.body().is_empty() => "with nothing where JSON belongs".to_owned(),
                _ if is_page(answer) => "with a web page where JSON belongs".to_owned(),
                Category::Eof => "with JSON that ends in the middle".to_owned(),
                Category::Data => {
                    format!("with JSON of another shape, at line {}, column {}", error.line(), error.column())
                }
                Category::Syntax | Category::Io => "with something that is not JSON".to_owned(),
            };
            Fault::Unreadable { status, why }
        })
    }
}

/// As much of a vendor's words as is repeated; what is left out is marked.
fn cut(said: &str) -> String {
    match said.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", &said[..at]),
        None => said.to_owned(),
    }
}

fn is_page(answer: &Response<Bytes>) -> bool {
    let kind = answer.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    kind.is_some_and(|kind| kind.contains("html")) || answer.body().trim_ascii_start().starts_with(b"<")
}

/// Where a redirection points, without the query, which may hold anything.
fn location(answer: &Response<Bytes>) -> Option<String> {
    let text = answer.headers().get(header::LOCATION)?.to_str().ok()?;
    Some(text.split(['?', '#']).next().unwrap_or_default().to_owned())
}

/// A text in a JSON object.
pub(crate) fn member(body: &[u8], pointer: &str) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    body.pointer(pointer)?.as_str().filter(|text| !text.trim().is_empty()).map(str::to_owned)
}

/// When a JWT says that it ends. Its signature is the business of whoever issued it.
pub fn jwt_end(jwt: &str) -> Option<Timestamp> {
    let claims = BASE64URL_NOPAD.decode(jwt.split('.').nth(1)?.as_bytes()).ok()?;
    let claims: Value = serde_json::from_slice(&claims).ok()?;
    Timestamp::from_second(claims.get("exp")?.as_i64()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ask::bare;
    use crate::dynatrace::client::VENDOR;
    use http::Method;

    fn read<T: DeserializeOwned>(status: u16, kind: &str, body: &'static str) -> Result<T, String> {
        let ask = bare::<T>(Method::GET, "/").unwrap();
        let answer = Response::builder().status(status).header("content-type", kind);
        let answer = answer.header("location", "https://elsewhere.example/x?token=hush");
        VENDOR.read(&ask, &answer.body(body.into()).unwrap()).map_err(|fault| fault.to_string())
    }

    #[test]
    fn each_bad_answer_has_its_clause() {
        type Json = serde_json::Map<String, Value>;
        let why = |status, kind, body| read::<Json>(status, kind, body).unwrap_err();
        assert_eq!(why(200, "", ""), "answered 200 OK with nothing where JSON belongs");
        assert_eq!(why(200, "text/html", "Hello"), "answered 200 OK with a web page where JSON belongs");
        assert_eq!(why(200, "", " <!doctype html>"), "answered 200 OK with a web page where JSON belongs");
        assert_eq!(why(200, "", "{\"id\":"), "answered 200 OK with JSON that ends in the middle");
        assert_eq!(why(200, "", "[]"), "answered 200 OK with JSON of another shape, at line 1, column 0");
        assert_eq!(why(200, "", "hush"), "answered 200 OK with something that is not JSON");
        assert_eq!(
            why(307, "", ""),
            "answered 307 Temporary Redirect and points to https://elsewhere.example/x"
        );
        assert_eq!(why(502, "text/html", "<html>"), "answered 502 Bad Gateway");
        let body = r#"{"error":{"code":404,"message":"Token does not exist."}}"#;
        assert_eq!(why(404, "", body), "answered 404 Not Found: Token does not exist.");
        assert_eq!(cut(&"é".repeat(301)), format!("{}…", "é".repeat(300)));
        assert!(read::<()>(204, "", "").is_ok());
        assert!(read::<()>(200, "text/html", "<html>").is_err(), "nothing was done by a page");
    }

    #[test]
    fn the_credential_is_not_for_debug() {
        let token = Credential::Bearer(Secret::new("dt0c01.hush".into()));
        let (name, value) = VENDOR.authorization(&token).unwrap();
        assert_eq!((name.as_str(), value.to_str().unwrap()), ("authorization", "Api-Token dt0c01.hush"));
        assert_eq!(format!("{value:?} {token:?}"), "Sensitive Bearer(Secret(…))");
        assert!(VENDOR.authorization(&Credential::Bearer(Secret::new("two\nlines".into()))).is_none());
    }

    #[test]
    fn the_end_of_a_jwt_is_read_and_nothing_else_fails() {
        let jwt = format!("e30.{}.c2ln", BASE64URL_NOPAD.encode(br#"{"exp":1573109073}"#));
        assert_eq!(jwt_end(&jwt).unwrap().to_string(), "2019-11-07T06:44:33Z");
        for none in ["", "a.b.c", "no jwt", "e30.e30.c2ln"] {
            assert_eq!(jwt_end(none), None);
        }
    }

    #[test]
    fn every_vendor_is_the_client_of_a_dialect() {
        for each in VENDORS {
            assert!(crate::dialect(each.name).is_some());
            assert_eq!(vendor(each.name).unwrap().title, each.title);
        }
    }
}
