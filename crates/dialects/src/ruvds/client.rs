//! The client side of RUVDS (contract 2.7): the four calls as the generated clients make them.

use super::{AllTokensResponse, ApiError, NAME, Token, TokenCreate, TokenData};
use crate::ask::{Ask, bare, item, with_body};
use crate::vendor::{Complaint, Vendor};
use http::Method;
use http::header::{CONTENT_TYPE, HeaderValue};

/// RUVDS, for clients.
pub const VENDOR: Vendor = Vendor {
    name: NAME,
    title: "RUVDS",
    home: Some("https://api.ruvds.com"),
    bearer: ("authorization", "Bearer "),
    complaint: |body| {
        serde_json::from_slice(body).ok().map(|ApiError { message, .. }| Complaint::from(message))
    },
};

const TOKENS: &str = "/v2/tokens";

/// Creates a token. The vendor's clients may leave its description out, though no server can do without.
pub fn create(new: Option<&TokenCreate>) -> Result<Ask<TokenData>, http::Error> {
    if let Some(new) = new {
        return with_body(Method::POST, TOKENS, new);
    }
    let mut ask = bare(Method::POST, TOKENS)?;
    ask.request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(ask)
}

/// Reads one.
pub fn get(id: &str) -> Result<Ask<Token>, http::Error> {
    bare(Method::GET, &item(TOKENS, id))
}

/// Reads all.
pub fn list() -> Result<Ask<AllTokensResponse>, http::Error> {
    bare(Method::GET, TOKENS)
}

/// Gives one a new secret; the old one is dead at once.
pub fn put(id: &str) -> Result<Ask<TokenData>, http::Error> {
    bare(Method::PUT, &item(TOKENS, id))
}
