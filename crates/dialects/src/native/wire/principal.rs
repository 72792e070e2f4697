//! Principals and roles on the native wire.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `POST /v1/principals`.
#[derive(Debug, Default, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPrincipal {
    /// Unique among the undeleted, whatever its case; immutable.
    pub username: String,
    /// `person` (the default) or `service`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// A number that another system knows it by; the next free one by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<u64>,
    /// What can also be changed later.
    #[serde(flatten)]
    pub details: EditPrincipal,
}

/// `PATCH /v1/principals/{id}`: what is absent stays.
#[derive(Debug, Default, Clone, Serialize, Deserialize, JsonSchema)]
pub struct EditPrincipal {
    /// An address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Given name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    /// Family name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    /// Free text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The names of its roles: the whole list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub roles: Option<Vec<String>>,
    /// Whether several sessions may live at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub several_sessions: Option<bool>,
    /// Control Room's licence words, such as `RUNTIME` or `DEVELOPMENT`: the whole list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licences: Option<Vec<String>>,
    /// `true` silences all that speaks for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled: Option<bool>,
}

/// A principal.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Principal {
    /// The id.
    pub id: String,
    /// A small number.
    pub number: u64,
    /// The user name.
    pub username: String,
    /// `person` or `service`.
    pub kind: String,
    /// An address, or empty.
    pub email: String,
    /// Given name, or empty.
    pub first_name: String,
    /// Family name, or empty.
    pub last_name: String,
    /// Free text, or empty.
    pub description: String,
    /// The names of its roles.
    pub roles: Vec<String>,
    /// What those roles allow now.
    pub scopes: Vec<String>,
    /// Whether several sessions may live at once.
    pub several_sessions: bool,
    /// Control Room's licence words, if there are any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub licences: Vec<String>,
    /// Whether all that speaks for it is silent.
    pub disabled: bool,
    /// When it last logged in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_login: Option<String>,
    /// When it was made.
    pub created: String,
    /// When it was last changed.
    pub updated: String,
    /// Grows with every change; the `ETag` for `If-Match`.
    pub version: u64,
}

/// `POST /v1/roles`.
#[derive(Debug, Default, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRole {
    /// Unique in the realm, compared exactly.
    pub name: String,
    /// What it allows.
    pub scopes: Vec<String>,
    /// A number that another system knows it by; the next free one by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<u64>,
}

/// `PATCH /v1/roles/{id}`: what is absent stays.
#[derive(Debug, Default, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EditRole {
    /// A new name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The whole new scope list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<String>>,
}

/// A role.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Role {
    /// The id.
    pub id: String,
    /// A small number.
    pub number: u64,
    /// Its name.
    pub name: String,
    /// What it allows.
    pub scopes: Vec<String>,
    /// When it was made.
    pub created: String,
    /// When it was last changed.
    pub updated: String,
    /// Grows with every change; the `ETag` for `If-Match`.
    pub version: u64,
}
