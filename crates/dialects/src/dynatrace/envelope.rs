//! Refusals in the vendor's error envelope (contract 8), in the real key order. What no public source settles is worded
//! here, and only here.

use super::words;
use crate::dialect::{Reply, Room};
use crate::refusal::{Place, Refusal, Refused};
use counterfoil_core::error::{Error, Unauthenticated, Violation};
use http::StatusCode;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
pub(super) struct Envelope {
    pub(super) error: Body,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Body {
    /// Read from nobody: HTTP says it, too.
    #[serde(skip_deserializing)]
    code: u16,
    pub(super) message: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) constraint_violations: Vec<Constraint>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Constraint {
    #[serde(default)]
    pub(super) path: String,
    pub(super) message: String,
    #[serde(skip_deserializing)]
    parameter_location: &'static str,
    /// The vendor always sends it, always null.
    #[serde(skip_deserializing)]
    location: (),
}

/// Words a refusal.
pub(super) fn refuse(_: &Room, refusal: &Refusal) -> Reply {
    let Refusal { refused, path, .. } = refusal;
    let first_version = path.contains("/api/v1/");
    let status = match refused {
        Refused::Rule(Error::Itself(_), _) => StatusCode::BAD_REQUEST,
        refused => refused.status(),
    };
    let constraint_violations = match refused {
        Refused::Rule(Error::Invalid(violations), place) => {
            violations.iter().map(|violation| constraint(violation, *place, first_version)).collect()
        }
        _ => Vec::new(),
    };
    let error = Body { code: status.as_u16(), message: message(refused), constraint_violations };
    super::json(status, &Envelope { error })
}

fn message(refused: &Refused) -> String {
    match refused {
        Refused::Rule(Error::Invalid(_), _) => "Constraints violated.".to_owned(),
        Refused::Rule(Error::Unauthenticated(Unauthenticated::Missing), _) => {
            "Missing authorization parameter.".to_owned()
        }
        Refused::Rule(Error::Unauthenticated(_), _) => "Token Authentication failed".to_owned(),
        Refused::Rule(Error::Forbidden { needs, .. }, _) if guards_a_call(needs) => {
            let needs: Vec<_> = needs.iter().map(|word| titled(word)).collect();
            // The Terraform provider tells this case by the first sentence.
            format!("Token is missing required scope. Use one of: {}", needs.join(", "))
        }
        Refused::Rule(Error::Itself(deed), _) => {
            let deed = if *deed == "revoke" { "delete" } else { deed };
            format!("You can't {deed} the token you're using for authentication of the request.")
        }
        Refused::Rule(Error::NotFound("token"), _) => "Token does not exist.".to_owned(),
        Refused::Realm(name) => format!("failed to resolve tenant {}", super::repeated(name)),
        refused => sentence(&refused.sentence()),
    }
}

/// Whether the want is of a scope that lets one make the call at all, rather than give what one asked to give.
fn guards_a_call(needs: &[String]) -> bool {
    !needs.is_empty()
        && needs.iter().all(|word| [words::READ, words::WRITE, words::MANAGE].contains(&word.as_str()))
}

fn titled(word: &str) -> String {
    words::find(word).map_or_else(|| word.to_owned(), |known| format!("{word} ({})", known.title))
}

/// The rules speak in clauses, the vendor in sentences.
fn sentence(clause: &str) -> String {
    let mut letters = clause.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(letters).chain(['.']).collect()
}

fn constraint(violation: &Violation, place: Place, first_version: bool) -> Constraint {
    let path = match (place, violation.field.as_str()) {
        (Place::Body, "expires") if first_version => "expiresIn",
        (Place::Body, "expires") => "expirationDate",
        (Place::Body, "personal") => "personalAccessToken",
        (_, field) => field,
    };
    let parameter_location = match place {
        Place::Query => "QUERY",
        Place::Path => "PATH",
        Place::Header => "HEADER",
        Place::Body => "PAYLOAD_BODY",
    };
    Constraint { path: path.to_owned(), message: violation.why.clone(), parameter_location, location: () }
}
