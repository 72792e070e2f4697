//! A principal's ways in: password, second factor, exchange tokens.

use super::query::Query;
use super::route;
use super::tokens;
use super::wire::Page;
use super::wire::token::Token;
use super::wire::ways::{NewKey, Password, TotpSeed};
use crate::dialect::{Answer, Call, DialectKeys, Doc, KEY_DURATION, Needs, Room, Route};
use crate::openapi::named;
use crate::refusal::Refused;
use crate::reply;
use counterfoil_core::authority::{KeyRules, Which};
use counterfoil_core::error::Error;
use counterfoil_core::scope::{Scope, ScopeSet};
use counterfoil_core::secret::Secret;
use counterfoil_core::when::iso;
use data_encoding::BASE32_NOPAD;
use http::{Method, StatusCode};
use jiff::SignedDuration;
use schemars::json_schema;
use serde_json::{Map, Value};

/// Everybody may change their own; the rules know who may change others'.
pub(super) fn routes() -> Vec<Route> {
    const ANY: Needs = Needs::Anybody;
    let make =
        Doc::new("Give a principal an exchange token, or import one; its secret is in this answer only", 201);
    let password_doc = Doc::new("Set a principal's password; its sessions end", 204).body(named::<Password>);
    let enrol_doc = Doc::new("Give a principal a second factor; its seed is in this answer only", 200);
    let list_doc = Doc::new("List a principal's exchange tokens of a dialect", 200);
    let end_doc =
        Doc::new("Revoke a principal's exchange tokens of a dialect; the sessions that they bought end", 204);
    let query = |_: &mut schemars::SchemaGenerator| json_schema!({ "properties": { "dialect": { "type": "string" }, "id": { "type": "string" } } });
    vec![
        route(Method::PUT, "/v1/principals/{id}/password", ANY, set_password, password_doc),
        route(Method::POST, "/v1/principals/{id}/totp", ANY, enrol, enrol_doc.reply(named::<TotpSeed>)),
        route(
            Method::DELETE,
            "/v1/principals/{id}/totp",
            ANY,
            remove_totp,
            Doc::new("Take a second factor away", 204),
        ),
        route(Method::POST, "/v1/principals/{id}/keys", ANY, create, make.body(named::<NewKey>)),
        route(
            Method::GET,
            "/v1/principals/{id}/keys",
            ANY,
            index,
            list_doc.query(query).reply(named::<Page<Token>>),
        ),
        route(Method::DELETE, "/v1/principals/{id}/keys", ANY, revoke, end_doc.query(query)),
    ]
}

fn set_password(room: &Room, call: Call) -> Answer<'_> {
    Box::pin(async move {
        let body: Password = call.json()?;
        room.house.set_password(call.actor()?, &which(&call)?, Secret::new(body.password)).await?;
        Ok(reply::empty(StatusCode::NO_CONTENT))
    })
}

fn enrol(room: &Room, call: Call) -> Answer<'_> {
    Box::pin(async move {
        let (username, seed) = room.house.enrol_totp(call.actor()?, &which(&call)?).await?;
        let seed = BASE32_NOPAD.encode(seed.as_slice());
        let label = percent_encoding::utf8_percent_encode(&username, percent_encoding::NON_ALPHANUMERIC);
        let uri = format!("otpauth://totp/Counterfoil:{label}?secret={seed}&issuer=Counterfoil");
        Ok(reply::json(StatusCode::OK, &TotpSeed { seed, uri }))
    })
}

fn remove_totp(room: &Room, call: Call) -> Answer<'_> {
    Box::pin(async move {
        room.house.remove_totp(call.actor()?, &which(&call)?).await?;
        Ok(reply::empty(StatusCode::NO_CONTENT))
    })
}

fn create(room: &Room, call: Call) -> Answer<'_> {
    Box::pin(async move {
        let body: NewKey = call.json()?;
        let keys = keys_of(&body.dialect)?;
        let word = |(at, word): (usize, &String)| {
            Scope::parse(word).map_err(|why| Error::invalid(format!("scopes[{at}]"), why))
        };
        let scopes: ScopeSet = body.scopes.iter().enumerate().map(word).collect::<Result<_, _>>()?;
        let imported = body.text.map(|text| (body.id, Secret::new(text)));
        let rules = KeyRules { lifetime: lifetime(room, &call, keys), ..keys.rules };
        let (actor, once) = (call.actor()?, call.idempotency()?);
        let made =
            room.house.create_key(actor, &which(&call)?, &rules, &scopes, imported, once.as_ref()).await?;
        let mut answer = Map::new();
        answer.insert("id".into(), made.id.to_string().into());
        if let Some(name) = keys.id_name {
            answer.insert(name.into(), made.id.to_string().into());
        }
        answer.insert(keys.text_name.into(), made.text.reveal().into());
        answer.insert("principal".into(), made.principal.into());
        if let Some(end) = made.expires {
            answer.insert("expires".into(), iso(end).into());
        }
        Ok(reply::json(StatusCode::CREATED, &Value::Object(answer)))
    })
}

/// How long a new key lives: as the dialect's mount for the realm says, if it does.
fn lifetime(room: &Room, call: &Call, keys: &DialectKeys) -> Option<SignedDuration> {
    let set = room.set_for(keys.rules.dialect, call.realm.id, &KEY_DURATION);
    set.flatten().or(keys.rules.lifetime)
}

fn index(room: &Room, call: Call) -> Answer<'_> {
    Box::pin(async move {
        let mut query = Query::of(&call)?;
        let dialect = query.take("dialect")?.unwrap_or_default();
        query.finish()?;
        let keys = keys_of(&dialect).map_err(Refused::query)?;
        let found = room.house.list_keys(call.actor()?, &which(&call)?, keys.rules.dialect).await?;
        let now = room.house.now();
        let items: Vec<Token> =
            found.into_iter().map(|key| tokens::token(room.house.shown(key), now)).collect();
        Ok(reply::json(StatusCode::OK, &Page { total: Some(items.len() as u64), items, next: None }))
    })
}

fn revoke(room: &Room, call: Call) -> Answer<'_> {
    Box::pin(async move {
        let mut query = Query::of(&call)?;
        let (dialect, id) = (query.take("dialect")?.unwrap_or_default(), query.take("id")?);
        query.finish()?;
        let keys = keys_of(&dialect).map_err(Refused::query)?;
        room.house.revoke_keys(call.actor()?, &which(&call)?, keys.rules.dialect, id.as_deref()).await?;
        Ok(reply::empty(StatusCode::NO_CONTENT))
    })
}

fn which(call: &Call) -> Result<Which, Refused> {
    Which::parse(call.param("id")).ok_or_else(|| Error::NotFound("principal").into())
}

fn keys_of(dialect: &str) -> Result<&'static DialectKeys, Error> {
    let keys = crate::dialect(dialect).and_then(|dialect| dialect.keys);
    keys.ok_or_else(|| {
        let with: Vec<_> = crate::DIALECTS
            .iter()
            .filter(|dialect| dialect.keys.is_some())
            .map(|dialect| dialect.name)
            .collect();
        Error::invalid("dialect", format!("must be a dialect with exchange tokens: {}", with.join(", ")))
    })
}
