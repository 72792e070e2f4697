//! The client side of Dynatrace (contract 4): the six calls of version 2, below the address of an environment.

use super::NAME;
use super::envelope::{Body, Envelope};
use super::wire::{
    ApiToken, ApiTokenCreate, ApiTokenCreated, ApiTokenList, ApiTokenSecret, ApiTokenUpdate, ListQuery,
};
use crate::ask::{Ask, Repeat, bare, escape, fields, item, query, with_body};
use crate::vendor::{Complaint, Vendor};
use counterfoil_core::secret::Secret;
use http::Method;

/// Dynatrace, for clients. Each environment has an address of its own.
pub const VENDOR: Vendor =
    Vendor { name: NAME, title: "Dynatrace", home: None, bearer: ("authorization", "Api-Token "), complaint };

const TOKENS: &str = "/api/v2/apiTokens";

fn complaint(body: &[u8]) -> Option<Complaint> {
    let Envelope { error: Body { message, constraint_violations, .. } } =
        serde_json::from_slice(body).ok()?;
    let details = constraint_violations.iter().map(|each| format!(" `{}` {}.", each.path, each.message));
    Some(Complaint::from(details.fold(message, |said, detail| said + &detail)))
}

/// Creates a token.
pub fn create(new: &ApiTokenCreate) -> Result<Ask<ApiTokenCreated>, http::Error> {
    with_body(Method::POST, TOKENS, new)
}

/// Reads the first page of those that the query means.
pub fn list(asked: &ListQuery) -> Result<Ask<ApiTokenList>, http::Error> {
    bare(Method::GET, &format!("{TOKENS}{}", query(&fields(asked))))
}

/// Reads the page that follows; its key stands alone.
pub fn next(key: &str) -> Result<Ask<ApiTokenList>, http::Error> {
    bare(Method::GET, &format!("{TOKENS}?nextPageKey={}", escape(key)))
}

/// Reads one.
pub fn get(id: &str) -> Result<Ask<ApiToken>, http::Error> {
    bare(Method::GET, &item(TOKENS, id))
}

/// Reads the one with this secret.
pub fn lookup(secret: &Secret) -> Result<Ask<ApiToken>, http::Error> {
    let body = ApiTokenSecret { token: Some(secret.reveal().to_owned()) };
    Ok(with_body(Method::POST, &format!("{TOKENS}/lookup"), &body)?.hiding(secret).repeated(Repeat::Freely))
}

/// Changes one.
pub fn update(id: &str, new: &ApiTokenUpdate) -> Result<Ask<()>, http::Error> {
    with_body(Method::PUT, &item(TOKENS, id), new)
}

/// Deletes the one with this id.
pub fn delete(id: &str) -> Result<Ask<()>, http::Error> {
    bare(Method::DELETE, &item(TOKENS, id))
}

/// Deletes the one with this secret.
pub fn delete_by(secret: &Secret) -> Result<Ask<()>, http::Error> {
    Ok(delete(secret.reveal())?.hiding(secret))
}
