//! The grant of token exchange (RFC 8693): a token for less, not for longer, in the hands of whoever acts.

use super::NAME;
use super::fault::Fault;
use super::form::Form;
use super::token::{Asked, beyond, given};
use crate::dialect::{Call, Reply, Room};
use counterfoil_core::authority::{Actor, Minted, Proved};

/// Its name.
pub(super) const GRANT: &str = "urn:ietf:params:oauth:grant-type:token-exchange";

/// What goes in and comes out: an access token, which is a JWT.
const KINDS: [&str; 2] =
    ["urn:ietf:params:oauth:token-type:access_token", "urn:ietf:params:oauth:token-type:jwt"];

pub(super) async fn grant(room: &Room, call: &Call, form: &Form, client: &Proved) -> Result<Reply, Fault> {
    let subject = brought(room, call, form, "subject_token", "subject_token_type")?;
    let acting = match (form.get("actor_token"), form.get("actor_token_type")) {
        (None, None) => None,
        (None, Some(_)) => return Err(Fault::request("actor_token_type is there without actor_token")),
        (Some(_), _) => Some(brought(room, call, form, "actor_token", "actor_token_type")?),
    };
    let wanted = form.get("requested_token_type").unwrap_or(KINDS[0]);
    let kind = kind(wanted).ok_or_else(|| Fault::request("requested_token_type cannot be had here"))?;
    // A token for somebody else stays one for somebody else.
    let usual =
        subject.session().map(|session| session.audience.as_str()).filter(|audience| !audience.is_empty());
    let asked = Asked::read(room, call, form, usual).await?;
    let word = |minted: &Minted<'_>| asked.word(minted);
    let wanted = asked.exchange(room, call, client.client(), &word);
    let started = room.house.delegate(&subject, client, acting.as_ref(), &wanted).await.map_err(beyond)?;
    Ok(given(&started, Some(kind)))
}

/// The holder of a token that stands in the form; one that does not count is `invalid_request` (section 2.2.2).
fn brought(room: &Room, call: &Call, form: &Form, name: &str, kind_name: &str) -> Result<Actor, Fault> {
    let text = form.need(name)?;
    if kind(form.need(kind_name)?).is_none() {
        return Err(Fault::request(format!("{kind_name} is not one that is read here")));
    }
    let actor = room.house.authenticate(text, NAME, call.origin.address()).ok();
    let ours = |actor: &Actor| {
        actor.realm() == call.realm.id && actor.session().is_some_and(|session| *session.dialect == *NAME)
    };
    actor.filter(ours).ok_or_else(|| Fault::request(format!("{name} does not count")))
}

fn kind(word: &str) -> Option<&'static str> {
    KINDS.into_iter().find(|kind| *kind == word)
}
