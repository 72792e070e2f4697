//! `/api/v2/apiTokens`: create, list, show, change, delete, look up (contract 4).

use super::fields::Fields;
use super::list;
use super::wire::{ApiToken, ApiTokenCreate, ApiTokenCreated, ApiTokenList, ApiTokenSecret, ApiTokenUpdate};
use super::words::{self, READ, WRITE};
use super::{NAME, json, repeated, route};
use crate::dialect::{Answer, Call, Doc, Needs, Room, Route};
use crate::openapi::named;
use crate::refusal::Refused;
use crate::reply;
use counterfoil_core::authority::{Edit, Issue, Shown, View};
use counterfoil_core::error::{Error, Violation};
use http::{Method, StatusCode};
use schemars::{Schema, SchemaGenerator, json_schema};

/// What this version shows: its own tokens that are not deleted.
pub(super) const VIEW: View = View {
    dialect: Some(NAME),
    read: &[READ],
    write: &[WRITE],
    own_only: false,
    lends: &[],
    shows_revoked: false,
    spares_itself: true,
    scopeless: false,
    name_limit: 100,
};

/// What its cursors are for.
pub(super) const LIST: &str = "apiTokens";

/// The operations below one base path.
pub(super) fn routes(base: &str) -> Vec<Route> {
    const MAY_READ: Needs = Needs::Scope(&[READ]);
    const MAY_WRITE: Needs = Needs::Scope(&[WRITE]);
    let all = || format!("{base}/apiTokens");
    let one = || format!("{base}/apiTokens/{{id}}");
    let create_doc = Doc::new("Create an API token or personal access token", 201);
    let lookup_doc = Doc::new("Look a token up by its secret", 200);
    vec![
        route(
            Method::POST,
            all(),
            MAY_WRITE,
            create,
            create_doc.body(named::<ApiTokenCreate>).reply(named::<ApiTokenCreated>),
        ),
        route(
            Method::GET,
            all(),
            MAY_READ,
            list::index,
            Doc::new("List tokens", 200).query(list_query).reply(named::<ApiTokenList>),
        ),
        route(
            Method::POST,
            format!("{base}/apiTokens/lookup"),
            Needs::Anybody,
            lookup,
            lookup_doc.body(named::<ApiTokenSecret>).reply(named::<ApiToken>),
        ),
        route(Method::GET, one(), MAY_READ, get, Doc::new("Show a token", 200).reply(named::<ApiToken>)),
        route(
            Method::PUT,
            one(),
            MAY_WRITE,
            update,
            Doc::new("Rename, re-scope, disable or enable a token", 204).body(named::<ApiTokenUpdate>),
        ),
        route(Method::DELETE, one(), MAY_WRITE, delete, Doc::new("Delete a token, by its id or secret", 204)),
    ]
}

fn list_query(_: &mut SchemaGenerator) -> Schema {
    let text = || json_schema!({ "type": "string" });
    json_schema!({ "properties": {
        "nextPageKey": text(),
        "pageSize": { "type": "integer", "minimum": 100, "maximum": 10000, "default": 200 },
        "apiTokenSelector": text(),
        "fields": text(),
        "from": text(),
        "to": text(),
        "sort": text(),
    } })
}

fn create(room: &Room, call: Call) -> Answer<'_> {
    Box::pin(async move {
        let body: ApiTokenCreate = call.json()?;
        let issue = Issue {
            expires: body.expiration_date,
            personal: body.personal_access_token.unwrap_or(false),
            ..new_token(body.name, body.scopes)?
        };
        let issued = room.house.issue(call.actor()?, &VIEW, &issue, call.idempotency()?.as_ref()).await?;
        Ok(json(StatusCode::CREATED, &ApiTokenCreated::from(issued)))
    })
}

fn get(room: &Room, call: Call) -> Answer<'_> {
    Box::pin(async move {
        let shown = room.house.find(call.actor()?, &VIEW, call.param("id")).await?;
        Ok(json(StatusCode::OK, &ApiToken::of(&shown, Fields::every())))
    })
}

fn update(room: &Room, call: Call) -> Answer<'_> {
    Box::pin(async move {
        let body: ApiTokenUpdate = call.json()?;
        let (scopes, enabled) = (body.scopes.map(checked).transpose()?, body.enabled);
        let edit = Edit { name: body.name, scopes, enabled, ..Edit::default() };
        room.house.edit(call.actor()?, &VIEW, call.param("id"), &edit, None).await?;
        Ok(reply::empty(StatusCode::NO_CONTENT))
    })
}

fn delete(room: &Room, call: Call) -> Answer<'_> {
    Box::pin(async move { end(room, &call, &VIEW).await })
}

fn lookup(room: &Room, call: Call) -> Answer<'_> {
    Box::pin(async move {
        let shown = look_up(room, &call).await?;
        Ok(json(StatusCode::OK, &ApiToken::of(&shown, Fields::every())))
    })
}

/// What both versions ask of a new token.
pub(super) fn new_token(name: Option<String>, scopes: Option<Vec<String>>) -> Result<Issue, Error> {
    let mut wrong = Vec::new();
    let mut absent =
        |field: &str| wrong.push(Violation { field: field.into(), why: "must not be null".into() });
    if name.is_none() {
        absent("name");
    }
    if scopes.is_none() {
        absent("scopes");
    }
    match (name, scopes.map(checked)) {
        (Some(name), Some(Ok(scopes))) => {
            Ok(Issue { name, scopes, dialect: NAME.to_owned(), ..Issue::default() })
        }
        (_, Some(Err(Error::Invalid(more)))) => {
            wrong.extend(more);
            Err(Error::Invalid(wrong))
        }
        _ => Err(Error::Invalid(wrong)),
    }
}

/// The words, if each is one that the vendor lets a new token have.
pub(super) fn checked(scopes: Vec<String>) -> Result<Vec<String>, Error> {
    let known = |word: &str| words::find(word).is_some_and(|known| known.creatable);
    let wrong: Vec<_> = scopes
        .iter()
        .enumerate()
        .filter(|(_, word)| !known(word))
        .map(|(at, word)| Violation { field: format!("scopes[{at}]"), why: none_of_ours(word) })
        .collect();
    if wrong.is_empty() { Ok(scopes) } else { Err(Error::Invalid(wrong)) }
}

fn none_of_ours(word: &str) -> String {
    let known = words::creatable().collect::<Vec<_>>().join(", ");
    format!("'{}' must be any of [{known}]", repeated(word))
}

/// Deletes the token that the path names by its id or its whole secret.
pub(super) async fn end(room: &Room, call: &Call, view: &View) -> Result<crate::dialect::Reply, Refused> {
    let (actor, named) = (call.actor()?, call.param("id"));
    let id = match room.house.lookup(actor, named).await {
        Ok(shown) => shown.token.id,
        Err(Error::NotFound(_)) => named.into(),
        Err(error) => return Err(error.into()),
    };
    room.house.revoke(actor, view, &id).await?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}

/// Finds the token whose secret the body holds; white space around it was pasted with it.
pub(super) async fn look_up(room: &Room, call: &Call) -> Result<Shown, Refused> {
    let body: ApiTokenSecret = call.json()?;
    let text = body.token.ok_or_else(|| Error::invalid("token", "must not be null"))?;
    Ok(room.house.lookup(call.actor()?, text.trim()).await?)
}
