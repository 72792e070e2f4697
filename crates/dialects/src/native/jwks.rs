//! The public keys that a principal signs its assertions with.

use super::route;
use super::wire::ways::Jwks;
use crate::dialect::{Answer, Call, Doc, Needs, Room, Route};
use crate::openapi::named;
use crate::reply;
use counterfoil_core::authority::Which;
use counterfoil_core::error::Error;
use http::{Method, StatusCode};
use serde_json::json;

pub(super) fn routes() -> Vec<Route> {
    let doc = Doc::new("Set the public keys that a principal signs with as an OAuth client", 200);
    // Everybody may set their own; the rules know who may set others'.
    vec![route(
        Method::PUT,
        "/v1/principals/{id}/jwks",
        Needs::Anybody,
        set,
        doc.body(named::<Jwks>).reply(named::<Jwks>),
    )]
}

fn set(room: &Room, call: Call) -> Answer<'_> {
    Box::pin(async move {
        let body: Jwks = call.json()?;
        let which = Which::parse(call.param("id")).ok_or(Error::NotFound("principal"))?;
        let kept = room.house.set_client_keys(call.actor()?, &which, &json!({ "keys": body.keys })).await?;
        Ok(reply::whole(StatusCode::OK, "application/json", kept.into()))
    })
}
