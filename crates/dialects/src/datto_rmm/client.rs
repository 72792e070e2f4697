//! The client side of Datto RMM (contract 1.1): a key and its secret for an access token, and the reset of the pair.

use super::NAME;
use super::api::AuthUserKey;
use super::envelope::Envelope;
use super::token::{CLIENT, CLIENT_SECRET, Granted};
use crate::ask::{Ask, Repeat, bare, with_form};
use crate::vendor::{Complaint, Vendor};
use counterfoil_core::secret::Secret;
use data_encoding::BASE64;
use http::Method;
use http::header::{AUTHORIZATION, HeaderValue};

/// Datto RMM, for clients. Its platforms have an address each.
pub const VENDOR: Vendor =
    Vendor { name: NAME, title: "Datto RMM", home: None, bearer: ("authorization", "Bearer "), complaint };

/// Wrong keys are refused with 400, and the code says that it is they.
fn complaint(body: &[u8]) -> Option<Complaint> {
    let Envelope { error, error_description, .. } = serde_json::from_slice(body).ok()?;
    let said = if error_description.is_empty() { error.to_string() } else { error_description.to_string() };
    Some(Complaint { said, credential: error == "invalid_grant" })
}

/// Buys an access token. The request brings the vendor's public client along and needs no other credential.
pub fn request_access_token(key: &str, secret: &Secret) -> Result<Ask<Granted>, http::Error> {
    let fields = [("grant_type", "password"), ("username", key), ("password", secret.reveal())];
    let mut ask =
        with_form(Method::POST, "/auth/oauth/token", &fields)?.hiding(secret).repeated(Repeat::ByHand);
    let pair = BASE64.encode(format!("{CLIENT}:{CLIENT_SECRET}").as_bytes());
    ask.request.headers_mut().insert(AUTHORIZATION, HeaderValue::try_from(format!("Basic {pair}"))?);
    Ok(ask)
}

/// Replaces the caller's key and secret; the old pair is dead at once.
pub fn reset_api_keys() -> Result<Ask<AuthUserKey>, http::Error> {
    bare(Method::POST, "/api/v2/user/resetApiKeys")
}
