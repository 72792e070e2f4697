//! Refusals in the vendor's envelope (contract 8). Two of its texts are public and repeated to the letter; every other
//! code and text is ours, and here only.

use super::settings::HISTORIC_400;
use crate::dialect::{Reply, Room};
use crate::refusal::{Refusal, Refused};
use crate::reply;
use counterfoil_core::error::{Error, Unauthenticated};
use http::StatusCode;
use serde::Serialize;

#[derive(Serialize)]
struct Envelope<'a> {
    code: &'a str,
    /// Null in every capture.
    details: (),
    message: String,
}

/// Words a refusal.
pub(super) fn refuse(room: &Room, refusal: &Refusal) -> Reply {
    let Refusal { refused, path, .. } = refusal;
    let login = path.ends_with("/authentication");
    let expired = refused.unauthenticated() == Some(Unauthenticated::Expired);
    let status = if expired && HISTORIC_400.of(room) { StatusCode::BAD_REQUEST } else { refused.status() };
    let (code, message) = worded(refused, login);
    reply::json(status, &Envelope { code, details: (), message })
}

fn worded(refused: &Refused, login: bool) -> (&'static str, String) {
    let (code, message) = match refused {
        // Whatever was wrong with who claims to be somebody, these are the bytes.
        Refused::Rule(Error::Unauthenticated(_), _) if login => ("UM1110", "Invalid credentials"),
        Refused::Rule(Error::Unauthenticated(Unauthenticated::Missing), _) => {
            ("UM1117", "Access token expected in the 'X-Authorization' header")
        }
        Refused::Rule(Error::Unauthenticated(Unauthenticated::Expired), _) => {
            ("token.expired", "Access Token has expired")
        }
        Refused::Rule(Error::Unauthenticated(Unauthenticated::Invalid), _) => (
            "token.invalid",
            "Access Token is invalid: a later login, a refresh or a logout has ended it, or it is none. An API key is no \
             token; POST it to /v2/authentication",
        ),
        Refused::Rule(Error::Invalid(violations), _) => {
            let unread = violations.iter().any(|violation| violation.field == "body");
            let code = match (unread, login) {
                (true, _) => "json.deserialization.exception",
                (false, true) => "UM1109",
                (false, false) => "bad.request",
            };
            return (code, format!("Bad request: {}", refused.sentence()));
        }
        Refused::Rule(Error::Unavailable(_), _) | Refused::Broken => {
            ("generic.server.exception", "An unexpected problem occurred")
        }
        _ => return (code_of(refused.status()), sentence(&refused.sentence())),
    };
    (code, message.to_owned())
}

fn code_of(status: StatusCode) -> &'static str {
    match status {
        StatusCode::FORBIDDEN => "access.denied",
        StatusCode::NOT_FOUND => "not.found",
        StatusCode::METHOD_NOT_ALLOWED => "method.not.allowed",
        StatusCode::CONFLICT => "conflict",
        StatusCode::TOO_MANY_REQUESTS => "too.many.requests",
        _ => "bad.request",
    }
}

/// The rules speak in clauses.
fn sentence(clause: &str) -> String {
    let mut letters = clause.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}
