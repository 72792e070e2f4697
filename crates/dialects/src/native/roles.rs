//! Roles: make, find, list, edit, delete.

use super::query::Query;
use super::route;
use super::wire::Page;
use super::wire::principal::{self as wire, EditRole, NewRole};
use crate::dialect::{Answer, Call, Doc, Needs, Reply, Room, Route};
use crate::openapi::named;
use crate::refusal::Refused;
use crate::reply;
use counterfoil_core::authority::{self, Which};
use counterfoil_core::error::Error;
use counterfoil_core::principal::Role;
use counterfoil_core::when::iso;
use http::{Method, StatusCode, header};
use schemars::{Schema, SchemaGenerator, json_schema};

const READ: Needs = Needs::Scope(&["counterfoil.roles.read", "counterfoil.roles.write"]);
const WRITE: Needs = Needs::Scope(&["counterfoil.roles.write"]);

pub(super) fn routes() -> Vec<Route> {
    let create_doc = Doc::new("Make a role", 201).body(named::<NewRole>).reply(named::<wire::Role>);
    let list_doc = Doc::new("List roles by number, or find one by name", 200);
    let edit_doc = Doc::new("Change a role; who holds it may do what it says at once", 200);
    vec![
        route(Method::POST, "/v1/roles", WRITE, create, create_doc),
        route(
            Method::GET,
            "/v1/roles",
            READ,
            index,
            list_doc.query(list_query).reply(named::<Page<wire::Role>>),
        ),
        route(
            Method::GET,
            "/v1/roles/{id}",
            READ,
            get,
            Doc::new("Show a role", 200).reply(named::<wire::Role>),
        ),
        route(
            Method::PATCH,
            "/v1/roles/{id}",
            WRITE,
            edit,
            edit_doc.body(named::<EditRole>).reply(named::<wire::Role>),
        ),
        route(
            Method::DELETE,
            "/v1/roles/{id}",
            WRITE,
            delete,
            Doc::new("Delete a role that nobody holds", 204),
        ),
    ]
}

fn list_query(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "properties": {
        "name": { "type": "string" },
        "limit": { "type": "integer", "minimum": 1, "maximum": 1000 },
        "cursor": { "type": "string" },
    } })
}

fn create(room: &Room, call: Call) -> Answer<'_> {
    Box::pin(async move {
        let body: NewRole = call.json()?;
        let new = authority::NewRole { name: body.name, scopes: body.scopes, number: body.number };
        let role = room.house.create_role(call.actor()?, &new, call.idempotency()?.as_ref()).await?;
        let location = format!("{}/v1/roles/{}", room.prefix, role.id.0);
        Ok(reply::with(one(StatusCode::CREATED, role), header::LOCATION, &location))
    })
}

fn get(room: &Room, call: Call) -> Answer<'_> {
    Box::pin(
        async move { Ok(one(StatusCode::OK, room.house.find_role(call.actor()?, &which(&call)?).await?)) },
    )
}

fn index(room: &Room, call: Call) -> Answer<'_> {
    Box::pin(async move {
        let mut query = Query::of(&call)?;
        let limit = query.limit()?;
        let after = query.number("cursor")?.unwrap_or(0);
        let name = query.take("name")?;
        query.finish()?;
        if let Some(name) = name {
            let items = match room.house.find_role(call.actor()?, &Which::Name(name)).await {
                Ok(role) => vec![wire::Role::from(role)],
                Err(Error::NotFound(_)) => Vec::new(),
                Err(error) => return Err(error.into()),
            };
            return Ok(reply::json(StatusCode::OK, &Page { items, total: None, next: None }));
        }
        let found = room.house.roles(call.actor()?, after, limit).await?;
        let next = (found.len() == limit).then(|| found.last().map(|last| last.number.to_string()));
        let items = found.into_iter().map(wire::Role::from).collect();
        Ok(reply::json(StatusCode::OK, &Page { items, total: None, next: next.flatten() }))
    })
}

fn edit(room: &Room, call: Call) -> Answer<'_> {
    Box::pin(async move {
        let body: EditRole = call.json()?;
        let edit = authority::EditRole { name: body.name, scopes: body.scopes };
        let role = room.house.edit_role(call.actor()?, &which(&call)?, &edit, call.if_match()?).await?;
        Ok(one(StatusCode::OK, role))
    })
}

fn delete(room: &Room, call: Call) -> Answer<'_> {
    Box::pin(async move {
        room.house.delete_role(call.actor()?, &which(&call)?).await?;
        Ok(reply::empty(StatusCode::NO_CONTENT))
    })
}

fn which(call: &Call) -> Result<Which, Refused> {
    Which::parse(call.param("id")).ok_or_else(|| Error::NotFound("role").into())
}

fn one(status: StatusCode, role: Role) -> Reply {
    let version = format!("\"{}\"", role.version);
    reply::with(reply::json(status, &wire::Role::from(role)), header::ETAG, &version)
}

impl From<Role> for wire::Role {
    fn from(role: Role) -> Self {
        Self {
            id: role.id.0.to_string(),
            number: role.number,
            name: role.name,
            scopes: role.scopes.iter().map(ToString::to_string).collect(),
            created: iso(role.created),
            updated: iso(role.updated),
            version: role.version,
        }
    }
}
