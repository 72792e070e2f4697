//! What stands on the vendor's wire, under the vendor's names. Unknown members are ignored and `null` is an absent
//! member: real clients send back whole answers, and a `null` for everything that they were not told (contract 4.1).

use super::fields::{Field, Fields};
use super::words;
use counterfoil_core::authority::{Issued, Shown};
use counterfoil_core::scope::{ALL, ScopeSet};
use counterfoil_core::when::iso;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// `POST /apiTokens`.
#[derive(Debug, Default, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApiTokenCreate {
    /// Required, at most 100 characters; not unique.
    pub name: Option<String>,
    /// Required; repetitions are allowed.
    pub scopes: Option<Vec<String>>,
    /// When it ends, in the vendor's time grammar or as milliseconds since 1970; absent: never.
    #[serde(default, deserialize_with = "text_or_millis", skip_serializing_if = "Option::is_none")]
    pub expiration_date: Option<String>,
    /// Whether it is bound to its owner's present roles.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub personal_access_token: Option<bool>,
}

/// The query of `GET /apiTokens`, apart from `nextPageKey`, which stands alone.
#[derive(Debug, Default, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ListQuery {
    /// How many tokens a page: 100 to 10,000.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page_size: Option<u32>,
    /// Which, in the vendor's selector language.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_token_selector: Option<String>,
    /// Which members, in the vendor's language: `+scopes,-owner`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fields: Option<String>,
    /// Last used since then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Last used until then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// By which member, with `+` or `-` before it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sort: Option<String>,
}

/// The answer to `POST /apiTokens`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApiTokenCreated {
    /// The public part.
    pub id: String,
    /// The secret; it appears in this answer only.
    pub token: String,
    /// Absent: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expiration_date: Option<String>,
}

/// `PUT /apiTokens/{id}`: what is absent stays, and nothing else can be changed.
#[derive(Debug, Default, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ApiTokenUpdate {
    /// A new name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Disabled or enabled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// The whole new scope list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<String>>,
}

/// `POST …/lookup` of both versions.
#[derive(Debug, Default, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ApiTokenSecret {
    /// The secret whose token is asked for.
    pub token: Option<String>,
}

/// A token. Members without a value are absent.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ApiToken {
    /// The public part.
    pub id: String,
    /// A name for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whether it is not disabled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// The user name of its owner.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// When it was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub creation_date: Option<String>,
    /// Whether it is bound to its owner's present roles.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub personal_access_token: Option<bool>,
    /// Absent: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expiration_date: Option<String>,
    /// Absent: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_used_date: Option<String>,
    /// From where it was last used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_used_ip_address: Option<String>,
    /// When its name or scopes last changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub modified_date: Option<String>,
    /// What it may do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<String>>,
    /// The issuer's notes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub additional_metadata: Option<BTreeMap<String, String>>,
}

/// One page of a list.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApiTokenList {
    /// How many tokens all pages have together.
    pub total_count: u64,
    /// How many tokens a page has at most.
    pub page_size: usize,
    /// Opaque; goes alone into the next query. Absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_page_key: Option<String>,
    /// The rows.
    pub api_tokens: Vec<ApiToken>,
}

/// `POST /tokens` of version 1.
#[derive(Debug, Default, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreateToken {
    /// Required, at most 100 characters.
    pub name: Option<String>,
    /// Required.
    pub scopes: Option<Vec<String>>,
    /// How long it counts; absent: for ever.
    pub expires_in: Option<Duration>,
}

/// A length of time on version 1.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Duration {
    /// How many of the unit.
    pub value: i64,
    /// `DAYS`, `HOURS`, `MINUTES`, `SECONDS` or `MILLIS` (the default).
    pub unit: Option<String>,
}

/// The answer to `POST /tokens` of version 1: the secret, and no id.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct TokenSecret {
    /// The secret; it appears in this answer only.
    pub token: String,
}

/// `PUT /tokens/{id}` of version 1: what is absent stays.
#[derive(Debug, Default, Clone, Serialize, Deserialize, JsonSchema)]
pub struct UpdateToken {
    /// A new name.
    pub name: Option<String>,
    /// Disabled or enabled.
    pub revoked: Option<bool>,
    /// The whole new scope list.
    pub scopes: Option<Vec<String>>,
}

/// A token on version 1; instants are milliseconds since 1970.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TokenMetadata {
    /// The public part.
    pub id: String,
    /// A name for people.
    pub name: String,
    /// The user name of its owner.
    pub user_id: String,
    /// Whether it is disabled.
    pub revoked: bool,
    /// When it was made.
    pub created: i64,
    /// Absent: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires: Option<i64>,
    /// Absent: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_use: Option<i64>,
    /// What it may do.
    pub scopes: Vec<String>,
    /// Whether it is bound to its owner's present roles.
    pub personal_access_token: bool,
}

/// A list on version 1.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct TokenList {
    /// The rows.
    pub values: Vec<TokenStub>,
}

/// A row of a list on version 1.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct TokenStub {
    /// The public part.
    pub id: String,
    /// A name for people.
    pub name: String,
}

/// The answer to `GET /config/clusterversion` of version 1.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct ClusterVersion {
    /// Which release's behaviour to expect.
    pub version: String,
}

impl From<Issued> for ApiTokenCreated {
    fn from(issued: Issued) -> Self {
        Self {
            id: issued.id.to_string(),
            token: issued.text.reveal().to_owned(),
            expiration_date: issued.expires.map(iso),
        }
    }
}

impl From<Issued> for TokenSecret {
    fn from(issued: Issued) -> Self {
        Self { token: issued.text.reveal().to_owned() }
    }
}

impl ApiToken {
    /// The members of a token that are asked for.
    pub(super) fn of(shown: &Shown, fields: Fields) -> Self {
        let Shown { token, principal } = shown;
        let asked = |field| fields.contains(field);
        let used = token.last_used;
        Self {
            id: token.id.to_string(),
            name: asked(Field::Name).then(|| token.name.to_string()),
            enabled: asked(Field::Enabled).then_some(token.enabled),
            owner: asked(Field::Owner).then(|| principal.to_string()),
            creation_date: asked(Field::CreationDate).then(|| iso(token.created)),
            personal_access_token: asked(Field::PersonalAccessToken).then_some(token.personal),
            expiration_date: token.expires.map(iso).filter(|_| asked(Field::ExpirationDate)),
            last_used_date: used.map(|used| iso(used.at)).filter(|_| asked(Field::LastUsedDate)),
            last_used_ip_address: used
                .and_then(|used| used.address)
                .map(|address| address.to_string())
                .filter(|_| asked(Field::LastUsedIpAddress)),
            modified_date: token.modified.map(iso).filter(|_| asked(Field::ModifiedDate)),
            scopes: asked(Field::Scopes).then(|| spelt(&token.scopes)),
            additional_metadata: (asked(Field::AdditionalMetadata) && !token.metadata.is_empty())
                .then(|| token.metadata.clone()),
        }
    }
}

impl From<Shown> for TokenMetadata {
    fn from(shown: Shown) -> Self {
        let Shown { token, principal } = shown;
        Self {
            id: token.id.to_string(),
            name: token.name.to_string(),
            user_id: principal.to_string(),
            revoked: !token.enabled,
            created: token.created.as_millisecond(),
            expires: token.expires.map(Timestamp::as_millisecond),
            last_use: token.last_used.map(|used| used.at.as_millisecond()),
            scopes: spelt(&token.scopes),
            personal_access_token: token.personal,
        }
    }
}

impl From<Shown> for TokenStub {
    fn from(shown: Shown) -> Self {
        Self { id: shown.token.id.to_string(), name: shown.token.name.to_string() }
    }
}

/// The vendor has no word for everything: clients look for the words that they need.
fn spelt(scopes: &ScopeSet) -> Vec<String> {
    if scopes.contains(ALL) {
        return words::creatable().map(str::to_owned).collect();
    }
    scopes.iter().map(ToString::to_string).collect()
}

/// The vendor turns a number where it wants a text into that text.
fn text_or_millis<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text)),
        Value::Number(millis) => Ok(Some(millis.to_string())),
        _ => Err(D::Error::custom("expected a string")),
    }
}
