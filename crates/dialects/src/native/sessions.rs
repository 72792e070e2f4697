//! Sessions and signing keys, for administrators.

use super::query::Query;
use super::route;
use super::wire::Page;
use super::wire::ways::{EndSessions, Ended, RotateKey, Session, SigningKey};
use crate::dialect::{Answer, Call, Doc, Needs, Room, Route};
use crate::openapi::named;
use crate::refusal::Refused;
use crate::reply;
use counterfoil_core::authority::{SessionQuery, ShownSession, Which};
use counterfoil_core::error::Error;
use counterfoil_core::signing::{self, Algorithm};
use counterfoil_core::when::iso;
use http::{Method, StatusCode};
use jiff::Timestamp;
use schemars::json_schema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub(super) fn routes() -> Vec<Route> {
    const SEE: Needs = Needs::Scope(&["counterfoil.sessions.read", "counterfoil.sessions.write"]);
    const END: Needs = Needs::Scope(&["counterfoil.sessions.write"]);
    const KEYS: Needs = Needs::Scope(&["counterfoil.signing-keys.read", "counterfoil.signing-keys.write"]);
    const ROTATE: Needs = Needs::Scope(&["counterfoil.signing-keys.write"]);
    let list_doc = Doc::new("List sessions in the order in which they began", 200)
        .reply(named::<Page<Session>>)
        .query(|_| {
            json_schema!({ "properties": {
            "principal": { "type": "string" },
            "live": { "type": "boolean" },
            "limit": { "type": "integer", "minimum": 1, "maximum": 1000 },
            "cursor": { "type": "string" },
        } })
        });
    let end_doc =
        Doc::new("End every session, or a principal's", 200).body(named::<EndSessions>).reply(named::<Ended>);
    let keys_doc = Doc::new("List signing keys that are not removed", 200).reply(named::<Page<SigningKey>>);
    let rotate_doc = Doc::new("Let a new key sign; the old one stays published", 201);
    vec![
        route(Method::GET, "/v1/sessions", SEE, index, list_doc),
        route(Method::POST, "/v1/sessions/end", END, end_many, end_doc),
        route(Method::DELETE, "/v1/sessions/{id}", END, end, Doc::new("End a session", 204)),
        route(Method::GET, "/v1/signing-keys", KEYS, keys, keys_doc),
        route(
            Method::POST,
            "/v1/signing-keys/rotate",
            ROTATE,
            rotate,
            rotate_doc.body(named::<RotateKey>).reply(named::<SigningKey>),
        ),
        route(
            Method::DELETE,
            "/v1/signing-keys/{kid}",
            ROTATE,
            remove,
            Doc::new("Remove a key; refused while a session that it signed counts", 204),
        ),
    ]
}

/// What the list's cursors are for.
const LIST: &str = "sessions";

/// The whole query of a list: what the cursor carries.
#[derive(Serialize, Deserialize)]
struct Asked {
    principal: Option<String>,
    live: bool,
    limit: usize,
    after: Option<[u8; 16]>,
}

impl Asked {
    fn read(query: &mut Query) -> Result<Self, Refused> {
        let live = match query.take("live")?.as_deref() {
            None | Some("false") => false,
            Some("true") => true,
            Some(_) => return Err(Refused::query(Error::invalid("live", "must be true or false"))),
        };
        Ok(Self { principal: query.take("principal")?, live, limit: query.limit()?, after: None })
    }

    fn query(&self) -> SessionQuery {
        let principal = self.principal.clone().map(Which::Name);
        SessionQuery {
            principal,
            live: self.live,
            after: self.after.map(Uuid::from_bytes),
            limit: self.limit,
        }
    }
}

fn index(room: &Room, call: Call) -> Answer<'_> {
    Box::pin(async move {
        let (actor, now) = (call.actor()?, room.house.now());
        let mut query = Query::of(&call)?;
        let asked = match query.take("cursor")? {
            None => Asked::read(&mut query)?,
            Some(_) if !query.is_empty() => {
                let why = "stands alone; it names the whole query";
                return Err(Refused::query(Error::invalid("cursor", why)));
            }
            Some(cursor) => {
                let position = room.house.position(actor, LIST, &cursor);
                let asked = position.and_then(|position| serde_json::from_slice(&position).ok());
                let wrong = || Refused::query(Error::invalid("cursor", "is not one that you were given"));
                asked.ok_or_else(wrong)?
            }
        };
        query.finish()?;
        let found = room.house.sessions(actor, &asked.query()).await?;
        let last = found.last().filter(|_| found.len() == asked.limit).map(|last| last.session.id);
        let next = last.map(|last| {
            let next = Asked { after: Some(last.into_bytes()), ..asked };
            room.house.cursor(actor, LIST, &serde_json::to_vec(&next).unwrap_or_default())
        });
        let items = found.into_iter().map(|shown| session(shown, now)).collect();
        Ok(reply::json(StatusCode::OK, &Page { items, total: None, next }))
    })
}

fn end(room: &Room, call: Call) -> Answer<'_> {
    Box::pin(async move {
        let id = Uuid::try_parse(call.param("id")).map_err(|_| Error::NotFound("session"))?;
        room.house.end_session(call.actor()?, id).await?;
        Ok(reply::empty(StatusCode::NO_CONTENT))
    })
}

fn end_many(room: &Room, call: Call) -> Answer<'_> {
    Box::pin(async move {
        let body: EndSessions = call.json()?;
        if body.all == body.principal.is_some() {
            return Err(Error::invalid("principal", "or `all` must be given, and not both").into());
        }
        let which = body.principal.map(Which::Name);
        let count = room.house.end_sessions(call.actor()?, which.as_ref()).await?;
        Ok(reply::json(StatusCode::OK, &Ended { count }))
    })
}

fn keys(room: &Room, call: Call) -> Answer<'_> {
    Box::pin(async move {
        Query::of(&call)?.finish()?;
        let items: Vec<_> =
            room.house.signing_keys(call.actor()?)?.into_iter().map(SigningKey::from).collect();
        Ok(reply::json(StatusCode::OK, &Page { total: Some(items.len() as u64), items, next: None }))
    })
}

fn rotate(room: &Room, call: Call) -> Answer<'_> {
    Box::pin(async move {
        let body: RotateKey = call.json()?;
        let signs = crate::dialect(&body.dialect).map(|dialect| dialect.signs).unwrap_or_default();
        let algorithm = Algorithm::parse(&body.algorithm).filter(|algorithm| signs.contains(algorithm));
        let algorithm = algorithm.ok_or_else(|| {
            let with: Vec<_> = signs.iter().map(|algorithm| algorithm.as_str()).collect();
            if with.is_empty() {
                Error::invalid("dialect", "is not a dialect that signs")
            } else {
                Error::invalid("algorithm", format!("must be {}", with.join(" or ")))
            }
        })?;
        let key = room.house.rotate_signing_key(call.actor()?, &body.dialect, algorithm, body.bits).await?;
        Ok(reply::json(StatusCode::CREATED, &SigningKey::from(key)))
    })
}

fn remove(room: &Room, call: Call) -> Answer<'_> {
    Box::pin(async move {
        room.house.remove_signing_key(call.actor()?, call.param("kid")).await?;
        Ok(reply::empty(StatusCode::NO_CONTENT))
    })
}

fn session(shown: ShownSession, now: Timestamp) -> Session {
    let ShownSession { session, principal } = shown;
    Session {
        id: session.id.to_string(),
        dialect: session.dialect.to_string(),
        principal: principal.to_string(),
        live: session.ended.is_none() && now < session.expires,
        scopes: session.scopes.iter().map(ToString::to_string).collect(),
        multiple: session.multiple,
        kid: session.kid,
        address: session.address.map(|address| address.to_string()),
        issued: iso(session.issued),
        expires: iso(session.expires),
        ended: session.ended.map(iso),
    }
}

impl From<signing::SigningKey> for SigningKey {
    fn from(key: signing::SigningKey) -> Self {
        Self {
            kid: key.kid,
            dialect: key.dialect,
            algorithm: key.algorithm.as_str().to_owned(),
            state: key.state.as_str().to_owned(),
            created: iso(key.created),
            changed: iso(key.changed),
        }
    }
}
