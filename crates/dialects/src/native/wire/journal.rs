//! The journal on the native wire.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A line of the journal.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Entry {
    /// Grows with every line; the next page is `?after=` the last one.
    pub sequence: u64,
    /// When.
    pub at: String,
    /// In which realm.
    pub realm: String,
    /// The user name for whom the actor spoke; absent for the operator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// The public id of the credential that the actor brought.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<String>,
    /// What was done: `token.issue`, `principal.disable`, …
    pub action: String,
    /// To what: an id.
    pub subject: String,
    /// Particulars.
    pub detail: serde_json::Map<String, serde_json::Value>,
}

/// The query of `GET /v1/journal`.
#[derive(Debug, Default, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JournalQuery {
    /// After this sequence; 0 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<u64>,
    /// Of this action.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// About this id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// By this user name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// At or after this instant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Before this instant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// How many lines: 1 to 1,000, 100 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}
