//! Introspection (RFC 7662) and revocation (RFC 7009).

use super::NAME;
use super::client::client;
use super::fault::Fault;
use super::form::Form;
use super::issuer::issuer;
use super::wire::{Introspection, act};
use crate::dialect::{Answer, Call, Reply, Room};
use crate::doorway;
use crate::presented::scheme;
use crate::refusal::Refused;
use crate::reply;
use counterfoil_core::authority::{Ask, Grant, Verdict};
use counterfoil_core::error::{Error, Unauthenticated};
use http::StatusCode;

/// What a bearer must have to ask about any token.
const VERIFY: &[&str] = &["counterfoil.tokens.verify"];

/// `POST /oauth/introspect`.
pub(super) fn introspect(room: &Room, call: Call) -> Answer<'_> {
    Box::pin(async move { look(room, &call).await.or_else(Fault::answer) })
}

/// `POST /oauth/revoke`.
pub(super) fn revoke(room: &Room, call: Call) -> Answer<'_> {
    Box::pin(async move { take_back(room, &call).await.or_else(Fault::answer) })
}

async fn look(room: &Room, call: &Call) -> Result<Reply, Fault> {
    let form = Form::read(call)?;
    let ask = Ask { realm: Some(call.realm.id), ..Ask::default() };
    let grant = if may_ask_about_all(room, call, &form)? {
        match room.house.tell(form.need("token")?, &ask) {
            Verdict::Live(grant) => Some(grant),
            _ => None,
        }
    } else {
        let client = client(room, call, &form).await?;
        room.house.told(&client, form.need("token")?, &ask)?
    };
    let answer = match grant {
        Some(grant) => known(&grant, issuer(room, call)?),
        None => Introspection::default(),
    };
    Ok(reply::json(StatusCode::OK, &answer))
}

/// The operator may, and whoever brings a bearer that may verify; whoever brings none proves to be a client instead.
fn may_ask_about_all(room: &Room, call: &Call, form: &Form) -> Result<bool, Fault> {
    if call.actor.is_some() {
        return Ok(true);
    }
    let Some(text) = scheme(&call.parts, "bearer") else { return Ok(false) };
    if form.get("client_secret").or_else(|| form.get("client_assertion")).is_some() {
        return Err(Fault::request("a caller must prove itself in one way only"));
    }
    let actor = room.house.authenticate(&text, NAME, call.origin.address())?;
    let opens = actor.grant().is_some_and(|grant| doorway::opens(room.dialect, grant));
    if actor.realm() != call.realm.id || !opens {
        return Err(Error::from(Unauthenticated::Invalid).into());
    }
    actor.require(VERIFY).map_err(Refused::from)?;
    Ok(true)
}

fn known(grant: &Grant, issuer: String) -> Introspection {
    let mut answer = Introspection {
        active: true,
        scope: Some(grant.scopes().to_text()).filter(|scope| !scope.is_empty()),
        username: Some(grant.standing().username.to_string()),
        token_type: Some("Bearer"),
        exp: grant.expires().map(jiff::Timestamp::as_second),
        iat: Some(grant.issued().as_second()),
        sub: Some(grant.standing().id.0.to_string()),
        jti: Some(grant.id().to_string()),
        ..Introspection::default()
    };
    if let Some(session) = grant.session()
        && *session.dialect == *NAME
    {
        answer.client_id = Some(session.client.clone());
        answer.aud = Some(if session.is_for_us() { issuer.clone() } else { session.audience.clone() });
        answer.iss = Some(issuer);
        answer.act = act(&session.actors);
    }
    answer
}

async fn take_back(room: &Room, call: &Call) -> Result<Reply, Fault> {
    let form = Form::read(call)?;
    let client = client(room, call, &form).await?;
    match room.house.take_back(&client, form.need("token")?).await {
        Ok(()) => Ok(reply::empty(StatusCode::OK)),
        Err(Error::Forbidden { why, .. }) => Err(Fault::Said("unauthorized_client", why)),
        Err(error) => Err(error.into()),
    }
}
