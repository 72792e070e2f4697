//! Tokens on the native wire: issue, list, edit, rotate, revoke.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::BTreeMap;

/// `POST /v1/tokens`.
#[derive(Debug, Default, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Issue {
    /// A name for people, at most 200 characters; not unique.
    pub name: String,
    /// What the token may do.
    pub scopes: Vec<String>,
    /// When it ends: `30d`, `now+1M/d`, `2030-01-31`, RFC 3339, or `never` (the default).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<String>,
    /// When it begins, in the same grammar; at once by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<String>,
    /// In which dialect's form; `native` by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dialect: Option<String>,
    /// Whether it is cut to its principal's present roles at every verification.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub personal: bool,
    /// Whom it speaks for, by user name; the caller's own principal by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub principal: Option<String>,
    /// From where it counts, as CIDR networks or addresses; from everywhere by default.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub networks: Vec<String>,
    /// The issuer's own notes: at most 32 entries of 64 and 512 characters.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
    /// How often it may be used in a time, as `100/1m`; as often as one likes by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<String>,
    /// How often it may be used at all; for ever by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quota: Option<u64>,
}

/// The answer to a create or a rotation: the only place where a secret stands, once.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Issued {
    /// The public id, safe in logs.
    pub id: String,
    /// The secret text, shown this once.
    pub token: String,
    /// As given.
    pub name: String,
    /// In which form.
    pub dialect: String,
    /// What it may do.
    pub scopes: Vec<String>,
    /// The user name of its principal.
    pub principal: String,
    /// Whether it is personal.
    pub personal: bool,
    /// When it was issued.
    pub created: String,
    /// When it begins, if not at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<String>,
    /// When it ends, if ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<String>,
    /// After a rotation with an overlap: until when the text before counts too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overlap_until: Option<String>,
}

/// A token, without its secret.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Token {
    /// The public id, safe in logs.
    pub id: String,
    /// A name for people.
    pub name: String,
    /// In which form.
    pub dialect: String,
    /// `active`, `pending`, `disabled`, `expired` or `revoked`.
    pub state: String,
    /// What it may do.
    pub scopes: Vec<String>,
    /// The user name of its principal.
    pub principal: String,
    /// Whether it is cut to its principal's present roles.
    pub personal: bool,
    /// When it was issued.
    pub created: String,
    /// When its name or scopes were last changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modified: Option<String>,
    /// When it begins, if that was set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<String>,
    /// When it ends, if ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<String>,
    /// Since when it is revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked: Option<String>,
    /// When it was last used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used: Option<String>,
    /// From where it was last used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used_address: Option<String>,
    /// From where it counts; everywhere if none is named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub networks: Vec<String>,
    /// The issuer's own notes.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
    /// How often it may be used in a time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<String>,
    /// How often it may be used at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quota: Option<u64>,
    /// How often it was used.
    pub uses: u64,
    /// Grows with every change; the `ETag` for `If-Match`.
    pub version: u64,
}

/// Which tokens: the query of `GET /v1/tokens` and the body of `POST /v1/tokens/revoke`.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Filter {
    /// With this text in the name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Speaking for this user name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub principal: Option<String>,
    /// That this scope could be asked of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// Of this dialect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dialect: Option<String>,
    /// `active`, `pending`, `disabled`, `expired` or `revoked`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// Ending before this instant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_before: Option<String>,
    /// Not used since this instant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unused_since: Option<String>,
    /// Issued at or before this instant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_before: Option<String>,
}

/// The rest of the query of `GET /v1/tokens`.
#[derive(Debug, Default, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Paging {
    /// `name`, `created`, `expires`, `modified` or `last_used`, with `-` before it for the other direction;
    /// `-created` by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sort: Option<String>,
    /// How many rows a page: 1 to 1,000, 100 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// The `next` of the page before; it stands alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// `PATCH /v1/tokens/{id}`: what is absent stays.
#[derive(Debug, Default, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Edit {
    /// A new name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The whole new scope list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<String>>,
    /// `false` disables, `true` enables.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// A new end, or `never`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<String>,
    /// The whole new list of networks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub networks: Option<Vec<String>>,
    /// The whole new notes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<BTreeMap<String, String>>,
    /// How often it may be used in a time, as `100/1m`; `none` or null takes the limit away.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    pub limit: Option<Option<String>>,
    /// How often it may be used at all, its uses so far included; null takes the quota away.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    pub quota: Option<Option<u64>>,
}

/// Null is not absent.
#[expect(clippy::option_option, reason = "absent, null, or a value")]
fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(value: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(value).map(Some)
}

/// `POST /v1/tokens/{id}/rotate`.
#[derive(Debug, Default, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rotate {
    /// How long the old text still counts: `0` (the default), `30m`, `24h`, `7d`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overlap: Option<String>,
}

/// `POST /v1/tokens/revoke`.
#[derive(Debug, Default, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Revoke {
    /// Which; at least one criterion.
    pub filter: Filter,
    /// Only say what would be revoked.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dry_run: bool,
}

/// The answer to a revocation by filter.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Revoked {
    /// How many were, or with `dry_run` would be, revoked.
    pub count: u64,
    /// Their ids.
    pub ids: Vec<String>,
    /// Whether nothing was done.
    pub dry_run: bool,
}
