//! Realms: make, find, list, edit.

use super::query::Query;
use super::route;
use super::wire::Page;
use super::wire::realm::{self as wire, EditRealm, NewRealm, NewRealmIssued};
use crate::dialect::{Answer, Call, Doc, Needs, Reply, Room, Route};
use crate::openapi::named;
use crate::reply;
use counterfoil_core::authority;
use counterfoil_core::error::Error;
use counterfoil_core::realm::Realm;
use counterfoil_core::when::iso;
use http::{Method, StatusCode, header};
use uuid::Uuid;

const READ: Needs = Needs::Scope(&["counterfoil.realms.read", "counterfoil.realms.write"]);
const WRITE: Needs = Needs::Scope(&["counterfoil.realms.write"]);

pub(super) fn routes() -> Vec<Route> {
    let create_doc = Doc::new("Make a realm; its administrator's token is in this answer only", 201);
    let edit_doc = Doc::new("Change a realm", 200);
    vec![
        route(
            Method::POST,
            "/v1/realms",
            WRITE,
            create,
            create_doc.body(named::<NewRealm>).reply(named::<NewRealmIssued>),
        ),
        route(
            Method::GET,
            "/v1/realms",
            READ,
            index,
            Doc::new("List realms", 200).reply(named::<Page<wire::Realm>>),
        ),
        // Not `{realm}`: here it is what is asked about, not where.
        route(
            Method::GET,
            "/v1/realms/{slug}",
            READ,
            get,
            Doc::new("Show a realm", 200).reply(named::<wire::Realm>),
        ),
        route(
            Method::PATCH,
            "/v1/realms/{slug}",
            WRITE,
            edit,
            edit_doc.body(named::<EditRealm>).reply(named::<wire::Realm>),
        ),
    ]
}

fn create(room: &Room, call: Call) -> Answer<'_> {
    Box::pin(async move {
        let body: NewRealm = call.json()?;
        let uuid = body.uuid.as_deref().map(Uuid::try_parse).transpose();
        let uuid = uuid.map_err(|_| Error::invalid("uuid", "must be a UUID"))?;
        let new = authority::NewRealm { slug: body.slug, name: body.name, uuid };
        let (realm, issued) =
            room.house.create_realm(call.actor()?, &new, call.idempotency()?.as_ref()).await?;
        let location = format!("{}/v1/realms/{}", room.prefix, realm.slug);
        let reply =
            reply::json(StatusCode::CREATED, &NewRealmIssued { realm: realm.into(), admin: issued.into() });
        Ok(reply::with(reply, header::LOCATION, &location))
    })
}

fn get(room: &Room, call: Call) -> Answer<'_> {
    Box::pin(async move { Ok(one(room.house.find_realm(call.actor()?, call.param("slug")).await?)) })
}

fn index(room: &Room, call: Call) -> Answer<'_> {
    Box::pin(async move {
        Query::of(&call)?.finish()?;
        let items: Vec<wire::Realm> =
            room.house.realms(call.actor()?).await?.into_iter().map(Into::into).collect();
        Ok(reply::json(StatusCode::OK, &Page { total: Some(items.len() as u64), items, next: None }))
    })
}

fn edit(room: &Room, call: Call) -> Answer<'_> {
    Box::pin(async move {
        let body: EditRealm = call.json()?;
        let edit = authority::EditRealm { name: body.name, personal_tokens: body.personal_tokens };
        let realm = room.house.edit_realm(call.actor()?, call.param("slug"), &edit, call.if_match()?).await?;
        Ok(one(realm))
    })
}

fn one(realm: Realm) -> Reply {
    let version = format!("\"{}\"", realm.version);
    reply::with(reply::json(StatusCode::OK, &wire::Realm::from(realm)), header::ETAG, &version)
}

impl From<Realm> for wire::Realm {
    fn from(realm: Realm) -> Self {
        Self {
            slug: realm.slug,
            name: realm.name,
            uuid: realm.uuid.to_string(),
            personal_tokens: realm.personal_tokens,
            created: iso(realm.created),
            version: realm.version,
        }
    }
}
