//! Realms on the native wire.

use super::token::Issued;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `POST /v1/realms`.
#[derive(Debug, Default, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRealm {
    /// 1 to 36 lower-case letters, digits and `-`; immutable.
    pub slug: String,
    /// A name for people; the slug by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The other spelling that a vendor path may use; a new one by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uuid: Option<String>,
}

/// `PATCH /v1/realms/{slug}`: what is absent stays.
#[derive(Debug, Default, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EditRealm {
    /// A new name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whether personal tokens may be issued and count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub personal_tokens: Option<bool>,
}

/// A realm.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Realm {
    /// What paths call it.
    pub slug: String,
    /// What people call it.
    pub name: String,
    /// The other spelling for paths.
    pub uuid: String,
    /// Whether personal tokens may be issued and count.
    pub personal_tokens: bool,
    /// When it was made.
    pub created: String,
    /// Grows with every change; the `ETag` for `If-Match`.
    pub version: u64,
}

/// The answer to `POST /v1/realms`: the new realm and, once, its first administrator's token.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct NewRealmIssued {
    /// The realm.
    pub realm: Realm,
    /// The token of its `admin`, with the scope `*`.
    pub admin: Issued,
}
