//! What is answered, in the words of the RFCs.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value, json};

/// RFC 6749 section 5.1, RFC 8693 section 2.2.1.
#[derive(Serialize, JsonSchema)]
pub(super) struct TokenReply {
    pub(super) access_token: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) issued_token_type: Option<&'static str>,
    pub(super) token_type: &'static str,
    /// In seconds.
    pub(super) expires_in: i64,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) scope: String,
}

/// RFC 7662 section 2.2; an inactive one has `active` and nothing else.
#[derive(Default, Serialize, JsonSchema)]
pub(super) struct Introspection {
    pub(super) active: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) scope: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) client_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) username: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) token_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) exp: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) iat: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) sub: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) aud: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) iss: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) jti: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) act: Option<Value>,
}

/// RFC 8414 section 2.
#[derive(Serialize, JsonSchema)]
pub(super) struct Metadata {
    pub(super) issuer: String,
    pub(super) token_endpoint: String,
    pub(super) jwks_uri: String,
    pub(super) introspection_endpoint: String,
    pub(super) revocation_endpoint: String,
    pub(super) grant_types_supported: [&'static str; 2],
    /// Required, and empty: there is no authorization endpoint.
    pub(super) response_types_supported: [&'static str; 0],
    pub(super) token_endpoint_auth_methods_supported: &'static [&'static str],
    pub(super) token_endpoint_auth_signing_alg_values_supported: &'static [&'static str],
    pub(super) introspection_endpoint_auth_methods_supported: &'static [&'static str],
    pub(super) introspection_endpoint_auth_signing_alg_values_supported: &'static [&'static str],
    pub(super) revocation_endpoint_auth_methods_supported: &'static [&'static str],
    pub(super) revocation_endpoint_auth_signing_alg_values_supported: &'static [&'static str],
}

/// RFC 7517 section 5.
#[derive(Serialize, JsonSchema)]
pub(super) struct JwkSet {
    pub(super) keys: Vec<Map<String, Value>>,
}

/// RFC 6749 section 5.2.
#[derive(Serialize)]
pub(super) struct Trouble {
    pub(super) error: &'static str,
    pub(super) error_description: String,
}

/// The claim `act` of a chain, the latest actor first (RFC 8693 section 4.1).
pub(super) fn act(chain: &[String]) -> Option<Value> {
    chain.iter().rev().fold(None, |inner: Option<Value>, subject| {
        Some(match inner {
            None => json!({ "sub": subject }),
            Some(before) => json!({ "sub": subject, "act": before }),
        })
    })
}
