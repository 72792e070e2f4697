//! A principal's ways in, its sessions, and signing keys on the native wire.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `PUT /v1/principals/{id}/password`.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Password {
    /// 8 to 1,000 characters.
    pub password: String,
}

/// The answer to `POST /v1/principals/{id}/totp`: shown once.
#[derive(Serialize, Deserialize, JsonSchema)]
pub struct TotpSeed {
    /// The seed in base32 (RFC 4648), for an authenticator app.
    pub seed: String,
    /// The same as such apps scan it.
    pub uri: String,
}

/// `POST /v1/principals/{id}/keys`. The answer names id and secret as the dialect does, beside `principal` and
/// `expires`.
#[derive(Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewKey {
    /// Whose exchange token it is.
    pub dialect: String,
    /// What it may do; everything that its principal may if empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
    /// To import one: its id, where the dialect has ids.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// To import one: its secret, at least 20 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// `PUT /v1/principals/{id}/jwks`: a JWK set (RFC 7517). Only public members are kept, and no member of the set but
/// `keys` is read.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Jwks {
    /// At most 16 keys: RSA, EC on P-256, OKP on Ed25519. None takes them away.
    pub keys: Vec<serde_json::Value>,
}

/// A session.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Session {
    /// Its `jti`.
    pub id: String,
    /// Whose API it opens.
    pub dialect: String,
    /// The user name of its principal.
    pub principal: String,
    /// Whether it counts now.
    pub live: bool,
    /// What it was given.
    pub scopes: Vec<String>,
    /// Whether it lives beside others.
    pub multiple: bool,
    /// The signing key.
    pub kid: String,
    /// From where it was bought.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// When it began.
    pub issued: String,
    /// When its time is over.
    pub expires: String,
    /// When it was ended before its time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<String>,
}

/// `POST /v1/sessions/end`.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EndSessions {
    /// Those of this user name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub principal: Option<String>,
    /// Or all of the realm; this has to be said.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub all: bool,
}

/// How many sessions were ended.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Ended {
    /// So many.
    pub count: usize,
}

/// `POST /v1/signing-keys/rotate`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RotateKey {
    /// For which dialect it signs.
    pub dialect: String,
    /// `RS256`, `RS512`, `ES256` or `EdDSA`.
    pub algorithm: String,
    /// How many bits an RSA key has: 2048, 3072 or 4096; as many as the one before if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bits: Option<usize>,
}

/// A signing key.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct SigningKey {
    /// The thumbprint of its public part (RFC 7638).
    pub kid: String,
    /// For which dialect it signs.
    pub dialect: String,
    /// With what.
    pub algorithm: String,
    /// `pending`, `active`, `retiring` or `removed`.
    pub state: String,
    /// When it was made.
    pub created: String,
    /// When its state last changed.
    pub changed: String,
}
