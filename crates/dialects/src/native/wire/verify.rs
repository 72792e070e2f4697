//! The question whether a token counts, and its answer.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// `POST /v1/verify`: one token, or up to 1,000 in `tokens`.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Verify {
    /// `{"tokens":[…]}`.
    Many {
        /// Each is answered in its place.
        tokens: Vec<Question>,
    },
    /// `{"token":…}`.
    One(Question),
}

/// One token and what is asked of it.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// The secret text.
    pub token: String,
    /// A scope that it must cover.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// The address it was presented from, for its networks and its last use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

/// What a token is worth (RFC 7662's words). An inactive one says nothing but that, or what would help.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Answer<'a> {
    /// Whether it counts, and covers the scope asked for.
    pub active: bool,
    /// For a live token without the scope: that scope.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lacks: Vec<Cow<'a, str>>,
    /// For a live token that was used too often: after how many seconds it counts again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
    /// Its scopes, separated by spaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<Cow<'a, str>>,
    /// The id of its principal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sub: Option<Cow<'a, str>>,
    /// When it ends, in seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exp: Option<i64>,
    /// When it was issued, in seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iat: Option<i64>,
    /// The user name of its principal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<Cow<'a, str>>,
    /// Its public id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<Cow<'a, str>>,
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Cow<'a, str>>,
    /// Its realm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub realm: Option<Cow<'a, str>>,
    /// Its dialect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dialect: Option<Cow<'a, str>>,
    /// Its scopes, as a list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<Cow<'a, str>>>,
}

/// The answers to a batch, in its order.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Answers<'a> {
    /// One for each question.
    pub results: Vec<Answer<'a>>,
}
