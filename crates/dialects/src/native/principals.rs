//! Principals: make, find, list, edit, delete.

use super::query::Query;
use super::route;
use super::wire::Page;
use super::wire::principal::{self as wire, EditPrincipal, NewPrincipal};
use crate::dialect::{Answer, Call, Doc, Needs, Reply, Room, Route};
use crate::openapi::named;
use crate::refusal::Refused;
use crate::reply;
use counterfoil_core::authority::{self, PrincipalQuery, ShownPrincipal, Which};
use counterfoil_core::error::Error;
use counterfoil_core::principal::Kind;
use counterfoil_core::when::iso;
use http::{Method, StatusCode, header};
use schemars::{Schema, SchemaGenerator, json_schema};

/// Everybody sees themself; the rules know who sees others.
const READ: Needs = Needs::Anybody;
const WRITE: Needs = Needs::Scope(&["counterfoil.principals.write"]);

pub(super) fn routes() -> Vec<Route> {
    let create_doc =
        Doc::new("Make a principal", 201).body(named::<NewPrincipal>).reply(named::<wire::Principal>);
    let list_doc = Doc::new("List principals by number, or find one by user name", 200);
    let edit_doc = Doc::new("Change, disable or enable a principal", 200);
    vec![
        route(Method::POST, "/v1/principals", WRITE, create, create_doc),
        route(
            Method::GET,
            "/v1/principals",
            READ,
            index,
            list_doc.query(list_query).reply(named::<Page<wire::Principal>>),
        ),
        route(
            Method::GET,
            "/v1/principals/{id}",
            READ,
            get,
            Doc::new("Show a principal", 200).reply(named::<wire::Principal>),
        ),
        route(
            Method::PATCH,
            "/v1/principals/{id}",
            WRITE,
            edit,
            edit_doc.body(named::<EditPrincipal>).reply(named::<wire::Principal>),
        ),
        route(
            Method::DELETE,
            "/v1/principals/{id}",
            WRITE,
            delete,
            Doc::new("Delete a principal; all that speaks for it is silent", 204),
        ),
    ]
}

fn list_query(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "properties": {
        "username": { "type": "string" },
        "limit": { "type": "integer", "minimum": 1, "maximum": 1000 },
        "cursor": { "type": "string" },
    } })
}

fn create(room: &Room, call: Call) -> Answer<'_> {
    Box::pin(async move {
        let body: NewPrincipal = call.json()?;
        let kind = body.kind.as_deref().map_or(Some(Kind::Person), Kind::parse);
        let new = authority::NewPrincipal {
            username: body.username,
            kind: kind.ok_or_else(|| Error::invalid("kind", "must be person or service"))?,
            number: body.number,
            details: details(body.details),
        };
        let shown = room.house.create_principal(call.actor()?, &new, call.idempotency()?.as_ref()).await?;
        let location = format!("{}/v1/principals/{}", room.prefix, shown.principal.id.0);
        Ok(reply::with(one(StatusCode::CREATED, shown), header::LOCATION, &location))
    })
}

fn get(room: &Room, call: Call) -> Answer<'_> {
    Box::pin(async move {
        let shown = room.house.find_principal(call.actor()?, &which(&call)?).await?;
        Ok(one(StatusCode::OK, shown))
    })
}

fn index(room: &Room, call: Call) -> Answer<'_> {
    Box::pin(async move {
        let mut query = Query::of(&call)?;
        let limit = query.limit()?;
        let after = query.number("cursor")?.unwrap_or(0);
        let username = query.take("username")?;
        query.finish()?;
        if let Some(username) = username {
            let found = room.house.find_principal(call.actor()?, &Which::Name(username)).await;
            let items = match found {
                Ok(shown) => vec![wire::Principal::from(shown)],
                Err(Error::NotFound(_)) => Vec::new(),
                Err(error) => return Err(error.into()),
            };
            return Ok(reply::json(StatusCode::OK, &Page { items, total: None, next: None }));
        }
        let found = room.house.principals(call.actor()?, PrincipalQuery { after, limit }).await?;
        let next = (found.len() == limit).then(|| found.last().map(|last| last.principal.number.to_string()));
        let items = found.into_iter().map(wire::Principal::from).collect();
        Ok(reply::json(StatusCode::OK, &Page { items, total: None, next: next.flatten() }))
    })
}

fn edit(room: &Room, call: Call) -> Answer<'_> {
    Box::pin(async move {
        let edit = details(call.json::<EditPrincipal>()?);
        let shown = room.house.edit_principal(call.actor()?, &which(&call)?, &edit, call.if_match()?).await?;
        Ok(one(StatusCode::OK, shown))
    })
}

fn delete(room: &Room, call: Call) -> Answer<'_> {
    Box::pin(async move {
        room.house.delete_principal(call.actor()?, &which(&call)?).await?;
        Ok(reply::empty(StatusCode::NO_CONTENT))
    })
}

fn which(call: &Call) -> Result<Which, Refused> {
    Which::parse(call.param("id")).ok_or_else(|| Error::NotFound("principal").into())
}

fn details(body: EditPrincipal) -> authority::EditPrincipal {
    authority::EditPrincipal {
        email: body.email,
        first_name: body.first_name,
        last_name: body.last_name,
        description: body.description,
        roles: body.roles,
        several_sessions: body.several_sessions,
        licences: body.licences,
        disabled: body.disabled,
    }
}

fn one(status: StatusCode, shown: ShownPrincipal) -> Reply {
    let version = format!("\"{}\"", shown.principal.version);
    reply::with(reply::json(status, &wire::Principal::from(shown)), header::ETAG, &version)
}

impl From<ShownPrincipal> for wire::Principal {
    fn from(shown: ShownPrincipal) -> Self {
        let ShownPrincipal { principal, roles, scopes } = shown;
        Self {
            id: principal.id.0.to_string(),
            number: principal.number,
            username: principal.username,
            kind: principal.kind.as_str().to_owned(),
            email: principal.email,
            first_name: principal.first_name,
            last_name: principal.last_name,
            description: principal.description,
            roles,
            scopes: scopes.iter().map(ToString::to_string).collect(),
            several_sessions: principal.several_sessions,
            licences: principal.licences,
            disabled: principal.disabled,
            last_login: principal.last_login.map(iso),
            created: iso(principal.created),
            updated: iso(principal.updated),
            version: principal.version,
        }
    }
}
