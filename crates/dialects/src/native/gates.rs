//! Gates: make, find, list, edit, delete, and explain what they would say.

use super::route;
use super::wire::Page;
use super::wire::gate::{self as wire, EditGate, Explain, Explained, NewGate};
use crate::dialect::{Answer, Call, Doc, Needs, Reply, Room, Route};
use crate::openapi::named;
use crate::refusal::Refused;
use crate::reply;
use counterfoil_core::authority::{self, Check, NewRule};
use counterfoil_core::error::Error;
use counterfoil_core::gate::{Gate, canonical};
use counterfoil_core::scope::ScopeSet;
use counterfoil_core::when::iso;
use http::{Method, StatusCode, header};
use std::net::IpAddr;

const READ: Needs = Needs::Scope(&["counterfoil.gates.read", "counterfoil.gates.write"]);
const WRITE: Needs = Needs::Scope(&["counterfoil.gates.write"]);

pub(super) fn routes() -> Vec<Route> {
    let (one, page) = (named::<wire::Gate>, named::<Page<wire::Gate>>);
    let make = Doc::new("Make a gate", 201).body(named::<NewGate>).reply(one);
    let change =
        Doc::new("Change a gate; the next request is held to it", 200).body(named::<EditGate>).reply(one);
    let why = Doc::new("Say why a request would pass a gate or not, and what would have to be granted", 200);
    let all = Doc::new("List the gates by name", 200).reply(page);
    vec![
        route(Method::POST, "/v1/gates", WRITE, create, make),
        route(Method::GET, "/v1/gates", READ, index, all),
        route(Method::GET, "/v1/gates/{name}", READ, get, Doc::new("Show a gate", 200).reply(one)),
        route(Method::PATCH, "/v1/gates/{name}", WRITE, edit, change),
        route(
            Method::DELETE,
            "/v1/gates/{name}",
            WRITE,
            delete,
            Doc::new("Delete a gate: nothing passes it", 204),
        ),
        route(
            Method::POST,
            "/v1/gates/{name}/explain",
            READ,
            explain,
            why.body(named::<Explain>).reply(named::<Explained>),
        ),
    ]
}

fn create(room: &Room, call: Call) -> Answer<'_> {
    Box::pin(async move {
        let body: NewGate = call.json()?;
        let policy = read(body.policy)?;
        let made =
            room.house.create_gate(call.actor()?, &body.name, &policy, call.idempotency()?.as_ref()).await?;
        let location = format!("{}/v1/gates/{}", room.prefix, made.name);
        Ok(reply::with(shown(StatusCode::CREATED, made), header::LOCATION, &location))
    })
}

fn index(room: &Room, call: Call) -> Answer<'_> {
    Box::pin(async move {
        let gates = room.house.gates(call.actor()?).await?;
        let items = gates.into_iter().map(wire::Gate::from).collect();
        Ok(reply::json(StatusCode::OK, &Page { items, total: None, next: None }))
    })
}

fn get(room: &Room, call: Call) -> Answer<'_> {
    Box::pin(async move {
        Ok(shown(StatusCode::OK, room.house.find_gate(call.actor()?, call.param("name")).await?))
    })
}

fn edit(room: &Room, call: Call) -> Answer<'_> {
    Box::pin(async move {
        let policy = read(call.json()?)?;
        let gate = room.house.edit_gate(call.actor()?, call.param("name"), &policy, call.if_match()?).await?;
        Ok(shown(StatusCode::OK, gate))
    })
}

fn delete(room: &Room, call: Call) -> Answer<'_> {
    Box::pin(async move {
        room.house.delete_gate(call.actor()?, call.param("name")).await?;
        Ok(reply::empty(StatusCode::NO_CONTENT))
    })
}

fn explain(room: &Room, call: Call) -> Answer<'_> {
    Box::pin(async move {
        let body: Explain = call.json()?;
        let actor = call.actor()?;
        let gate = call.param("name");
        let path = canonical(body.path.as_deref().unwrap_or("/"));
        let path =
            path.ok_or_else(|| Error::invalid("path", "must be a path that can be read in one way only"))?;
        let address = body.address.as_deref().map(str::parse::<IpAddr>).transpose();
        let address = address.map_err(|_| Error::invalid("address", "must be an IPv4 or IPv6 address"))?;
        let check = Check { method: body.method.as_deref().unwrap_or("GET"), path: &path, address };
        let explained = match (&body.token, &body.id) {
            (Some(token), None) => room.house.explain(actor, gate, token, &check)?,
            (None, Some(id)) => room.house.explain_id(actor, gate, id, &check).await?,
            _ => return Err(Error::invalid("token", "or `id` must be given, and not both").into()),
        };
        let authority::Explained { passes, decided, needs, lacks } = explained;
        let answer = Explained { passes, decided, needs: words(&needs), lacks: words(&lacks) };
        Ok(reply::json(StatusCode::OK, &answer))
    })
}

fn read(policy: EditGate) -> Result<authority::EditGate, Refused> {
    let callers = policy.callers.map(|callers| super::tokens::networks(&callers, "callers")).transpose()?;
    let rule = |rule: wire::Rule| NewRule { methods: rule.methods, path: rule.path, scopes: rule.scopes };
    Ok(authority::EditGate {
        callers,
        scopes: policy.scopes,
        rules: policy.rules.map(|rules| rules.into_iter().map(rule).collect()),
        dialects: policy.dialects,
        places: policy.places,
        limit: policy.limit.as_deref().map(super::tokens::limit).transpose()?,
        on_limit: policy.on_limit,
        set: policy.set.map(|set| set.into_iter().map(|set| (set.header, set.fact)).collect()),
        strip: policy.strip,
    })
}

fn shown(status: StatusCode, gate: Gate) -> Reply {
    let version = format!("\"{}\"", gate.version);
    reply::with(reply::json(status, &wire::Gate::from(gate)), header::ETAG, &version)
}

fn words(scopes: &ScopeSet) -> Vec<String> {
    scopes.iter().map(ToString::to_string).collect()
}

impl From<Gate> for wire::Gate {
    fn from(gate: Gate) -> Self {
        let policy = gate.policy;
        let rule = |rule: counterfoil_core::gate::Rule| wire::Rule {
            scopes: words(&rule.scopes),
            methods: rule.methods,
            path: rule.path,
        };
        let header = |(header, fact): (String, counterfoil_core::gate::Fact)| wire::Header {
            header,
            fact: fact.as_str().to_owned(),
        };
        Self {
            name: gate.name,
            callers: policy.callers.iter().map(ToString::to_string).collect(),
            scopes: words(&policy.scopes),
            rules: policy.rules.into_iter().map(rule).collect(),
            dialects: policy.dialects,
            places: policy.places.iter().map(ToString::to_string).collect(),
            limit: policy.limit.map(|limit| limit.to_string()),
            on_limit: policy.on_limit.status(),
            set: policy.set.into_iter().map(header).collect(),
            strip: policy.strip,
            created: iso(gate.created),
            updated: iso(gate.updated),
            version: gate.version,
        }
    }
}
