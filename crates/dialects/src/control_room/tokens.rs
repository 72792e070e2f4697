//! What can be done with a JWT (contract 5): ask whether it counts, replace it, end it. All three take it from the
//! query or body as well as from a header, so none of them needs a caller before its handler.

use super::read::Fields;
use super::settings::{LIFETIME, SESSIONS};
use super::wire::{Authenticated, Int64, Integer, Valid};
use super::{NAME, jwt, jwt_in_header, route};
use crate::dialect::{Answer, Call, Doc, Needs, Room, Route};
use crate::openapi::named;
use crate::refusal::Refused;
use crate::reply;
use counterfoil_core::authority::{Actor, Ask, Exchange, Verdict, Which};
use counterfoil_core::error::{Error, Unauthenticated};
use counterfoil_core::signing::Algorithm;
use http::{Method, StatusCode};
use schemars::{Schema, SchemaGenerator, json_schema};

pub(super) fn routes() -> Vec<Route> {
    const NOBODY: Needs = Needs::Nobody;
    let valid = Doc::new("Ask whether a token counts", 200).query(token).reply(named::<Valid>);
    let fresh = || Doc::new("Replace a token by a new one", 200).body(token);
    let end = Doc::new("End a token", 204).body(token);
    vec![
        route(Method::GET, "/v1/authentication/token", NOBODY, validate, valid),
        route(
            Method::POST,
            "/v1/authentication/token",
            NOBODY,
            refresh::<u64>,
            fresh().reply(named::<Authenticated<u64>>),
        ),
        route(
            Method::POST,
            "/v2/authentication/token",
            NOBODY,
            refresh::<Int64>,
            fresh().reply(named::<Authenticated<Int64>>),
        ),
        route(Method::POST, "/v1/authentication/logout", NOBODY, logout, end),
    ]
}

fn token(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "object", "properties": { "token": { "type": "string" } } })
}

/// Always 200: what is no live token of ours is `false`, whatever it is. It is asked nothing but that, so that a stranger
/// learns no more of it than its holder could tell.
fn validate(room: &Room, call: Call) -> Answer<'_> {
    Box::pin(async move {
        let given = call.query()?.into_iter().find(|(name, text)| name == "token" && !text.is_empty());
        let text = given.map(|(_, text)| text).or_else(|| jwt_in_header(&call.parts));
        let ask = Ask { realm: Some(call.realm.id), scope: None, address: call.origin.address() };
        let valid = text.is_some_and(|text| match room.house.tell(&text, &ask) {
            Verdict::Live(grant) => grant.dialect() == NAME && grant.session().is_some(),
            _ => false,
        });
        Ok(reply::json(StatusCode::OK, &Valid { valid }))
    })
}

fn refresh<N: Integer>(room: &Room, call: Call) -> Answer<'_> {
    Box::pin(async move {
        let named = Fields::of_any(&call.body)?.text("token")?;
        let text =
            named.or_else(|| jwt_in_header(&call.parts)).ok_or(Unauthenticated::Missing).map_err(header)?;
        let actor = holder(room, &call, &text).map_err(header)?;
        let (Some(session), Some(own)) = (actor.session(), actor.principal()) else {
            return Err(header(Unauthenticated::Invalid));
        };
        let person = room.house.person(&actor, &Which::Id(own.0), &[]).await?;
        let wanted = Exchange {
            dialect: NAME,
            algorithm: Algorithm::Rs512,
            lifetime: LIFETIME.of(room),
            multiple: session.multiple && person.principal.several_sessions,
            most: SESSIONS.of(room),
            scopes: None,
            audience: "",
            client: "",
            actors: Vec::new(),
            address: call.origin.address(),
            word: &jwt::word,
        };
        let started = room.house.refresh(&actor, &wanted).await?;
        let lasts = started.session.expires.duration_since(started.session.issued).as_secs();
        Ok(reply::json(StatusCode::OK, &Authenticated::<N>::of(&started, person, lasts)))
    })
}

/// Ending what is over already is done at once.
fn logout(room: &Room, call: Call) -> Answer<'_> {
    Box::pin(async move {
        let text = match jwt_in_header(&call.parts) {
            Some(text) => Some(text),
            None => Fields::of_any(&call.body)?.text("token")?,
        };
        let text = text.ok_or(Unauthenticated::Missing).map_err(header)?;
        if let Ok(actor) = holder(room, &call, &text) {
            room.house.log_out(&actor).await?;
        }
        Ok(reply::empty(StatusCode::NO_CONTENT))
    })
}

/// The holder of a session of this dialect in this realm.
fn holder(room: &Room, call: &Call, text: &str) -> Result<Actor, Error> {
    let actor = room.house.authenticate(text, NAME, call.origin.address())?;
    let ours = actor.session().is_some_and(|session| &*session.dialect == NAME);
    if ours && actor.realm() == call.realm.id { Ok(actor) } else { Err(Unauthenticated::Invalid.into()) }
}

fn header(why: impl Into<Error>) -> Refused {
    Refused::header(why.into())
}
