//! What stands on the native wire, for both sides: the server writes it, the command line reads it, and the other way
//! round. Instants are RFC 3339 with milliseconds in answers; questions take the whole time grammar (`core::when`).

pub mod gate;
pub mod journal;
pub mod principal;
pub mod realm;
pub mod token;
pub mod verify;
pub mod ways;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One page of a list. `next` is absent on the last one and goes alone into `?cursor=`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// How many rows all pages have together, where that is counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
    /// Opaque; names the whole query.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// A known permission word.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Scope {
    /// As the dialect spells it.
    pub word: String,
    /// Whose word it is.
    pub dialect: String,
    /// What it means in the realm's own words.
    pub scopes: Vec<String>,
    /// One line for people.
    pub title: String,
    /// Whether a personal token may be made with it.
    pub personal: bool,
}

/// A refusal (RFC 9457), as `application/problem+json`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Problem {
    /// A stable name for the kind of refusal: `urn:counterfoil:invalid`, …
    #[serde(rename = "type")]
    pub kind: String,
    /// The HTTP reason.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// One sentence for this case.
    pub detail: String,
    /// The fields that are wrong, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// Any one of these scopes would have sufficed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<String>,
}

/// One wrong field.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct FieldError {
    /// Its name; list elements with their index.
    pub field: String,
    /// `query`, `path`, `header` or `body`.
    pub place: String,
    /// What is wrong with it.
    pub why: String,
}
