//! Gates on the native wire.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `POST /v1/gates`.
#[derive(Debug, Default, Clone, Serialize, Deserialize, JsonSchema)]
pub struct NewGate {
    /// Unique among all realms: what stands in `/check/{name}`. Immutable.
    pub name: String,
    /// What can also be changed later.
    #[serde(flatten)]
    pub policy: EditGate,
}

/// `PATCH /v1/gates/{name}`: what is absent stays.
#[derive(Debug, Default, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EditGate {
    /// The networks that gateways ask from; this machine by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub callers: Option<Vec<String>>,
    /// What every request needs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<String>>,
    /// What some requests need besides; the rule with the longest path holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rules: Option<Vec<Rule>>,
    /// Whose credentials pass; all by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dialects: Option<Vec<String>>,
    /// Where the credential stands: `bearer` (the default), `api-token`, `basic`, `header:NAME`, `query:NAME`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub places: Option<Vec<String>>,
    /// How often each token may pass, as `100/1m`; `none` takes the limit away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<String>,
    /// What whoever asks too often is told: 403 (the default) or 429.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_limit: Option<u16>,
    /// The headers that the service behind is told, by what they say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set: Option<Vec<Header>>,
    /// The headers that go no further than the gate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strip: Option<Vec<String>>,
}

/// What requests of some methods below some path need.
#[derive(Debug, Default, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Of these methods; of all if there is none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub methods: Vec<String>,
    /// At this path or below it.
    pub path: String,
    /// What they need.
    pub scopes: Vec<String>,
}

/// A header that an open gate sets.
#[derive(Debug, Default, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// Its name.
    pub header: String,
    /// `subject`, `username`, `id`, `name`, `realm`, `dialect`, `scopes` or `expires`.
    pub fact: String,
}

/// A gate.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Gate {
    /// What stands in `/check/{name}`.
    pub name: String,
    /// Where gateways ask from.
    pub callers: Vec<String>,
    /// What every request needs.
    pub scopes: Vec<String>,
    /// What some requests need besides.
    pub rules: Vec<Rule>,
    /// Whose credentials pass; all if none is named.
    pub dialects: Vec<String>,
    /// Where the credential stands.
    pub places: Vec<String>,
    /// How often each token may pass.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<String>,
    /// What whoever asks too often is told.
    pub on_limit: u16,
    /// The headers that the service behind is told.
    pub set: Vec<Header>,
    /// The headers that go no further.
    pub strip: Vec<String>,
    /// When it was made.
    pub created: String,
    /// When it was last changed.
    pub updated: String,
    /// Grows with every change; the `ETag` for `If-Match`.
    pub version: u64,
}

/// `POST /v1/gates/{name}/explain`: a request that would like to pass, with a token or the id of one.
#[derive(Debug, Default, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Explain {
    /// The text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// Or the public id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The method; GET by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// The path; / by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Where it comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

/// Why it would pass or not.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Explained {
    /// Whether it would.
    pub passes: bool,
    /// What decided.
    pub decided: String,
    /// What the request needs.
    pub needs: Vec<String>,
    /// The smallest grant that is missing.
    pub lacks: Vec<String>,
}
