//! `/api/v1/tokens`, the version before, still served (contract 10), and the one call that its scripts make first.

use super::list::{Query, wrong};
use super::v2::{checked, end, look_up, new_token};
use super::wire::{
    ApiTokenSecret, ClusterVersion, CreateToken, Duration, TokenList, TokenMetadata, TokenSecret, UpdateToken,
};
use super::words::MANAGE;
use super::{NAME, json, route};
use crate::dialect::{Answer, Call, Doc, Needs, Reply, Room, Route};
use crate::openapi::named;
use crate::refusal::Refused;
use crate::reply;
use counterfoil_core::authority::{Edit, Issue, List, View};
use counterfoil_core::clock::from_millis;
use counterfoil_core::error::{Error, Unauthenticated};
use counterfoil_core::scope::Scope;
use counterfoil_core::store::{SortBy, TokenFilter};
use counterfoil_core::when::iso;
use http::{Method, StatusCode, header};
use jiff::{SignedDuration, Timestamp};
use schemars::{Schema, SchemaGenerator, json_schema};

/// What this version shows, under its own scope.
const VIEW: View = View {
    dialect: Some(NAME),
    read: &[MANAGE],
    write: &[MANAGE],
    own_only: false,
    lends: &[],
    shows_revoked: false,
    spares_itself: true,
    scopeless: false,
    name_limit: 100,
};

/// A release whose clients know both versions of the token API.
const RELEASE: &str = "1.300.0";
const USUAL: usize = 1_000;
const MOST: usize = 1_000_000;

/// The operations below one base path.
pub(super) fn routes(base: &str) -> Vec<Route> {
    const MAY: Needs = Needs::Scope(&[MANAGE]);
    let all = || format!("{base}/tokens");
    let one = || format!("{base}/tokens/{{id}}");
    let create_doc = Doc::new("Create a token; deprecated", 201);
    let lookup_doc = Doc::new("Look a token up by its secret; deprecated", 200);
    vec![
        route(
            Method::POST,
            all(),
            MAY,
            create,
            create_doc.body(named::<CreateToken>).reply(named::<TokenSecret>),
        ),
        route(
            Method::GET,
            all(),
            MAY,
            index,
            Doc::new("List tokens; deprecated", 200).query(list_query).reply(named::<TokenList>),
        ),
        route(
            Method::POST,
            format!("{base}/tokens/lookup"),
            Needs::Anybody,
            lookup,
            lookup_doc.body(named::<ApiTokenSecret>).reply(named::<TokenMetadata>),
        ),
        route(
            Method::GET,
            one(),
            MAY,
            get,
            Doc::new("Show a token; deprecated", 200).reply(named::<TokenMetadata>),
        ),
        route(
            Method::PUT,
            one(),
            MAY,
            update,
            Doc::new("Rename, re-scope, disable or enable a token; deprecated", 204)
                .body(named::<UpdateToken>),
        ),
        route(
            Method::DELETE,
            one(),
            MAY,
            delete,
            Doc::new("Delete a token, by its id or secret; deprecated", 204),
        ),
        route(
            Method::GET,
            format!("{base}/config/clusterversion"),
            Needs::Anybody,
            cluster_version,
            Doc::new("Which release's behaviour to expect", 200).reply(named::<ClusterVersion>),
        ),
    ]
}

fn list_query(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "properties": {
        "limit": { "type": "integer", "minimum": 1, "maximum": 1_000_000, "default": 1000 },
        "user": { "type": "string" },
        "permissions": { "type": "array", "items": { "type": "string" } },
        "from": { "type": "integer" },
        "to": { "type": "integer" },
    } })
}

fn create(room: &Room, call: Call) -> Answer<'_> {
    Box::pin(async move {
        let body: CreateToken = call.json()?;
        let now = room.house.now();
        let expires = body.expires_in.map(|length| ending(&length, now)).transpose()?;
        let issue = Issue { expires, ..new_token(body.name, body.scopes)? };
        let issued = room.house.issue(call.actor()?, &VIEW, &issue, call.idempotency()?.as_ref()).await?;
        Ok(worded(&call, &TokenSecret::from(issued)))
    })
}

/// The new token in the form that the caller accepts first.
fn worded(call: &Call, token: &TokenSecret) -> Reply {
    let accept = call.parts.headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    for range in accept.unwrap_or_default().split(',') {
        let mut words = range.split(';').map(str::trim);
        let (media_type, with_header) = (words.next(), !words.any(|word| word == "header=absent"));
        let (media_type, text) = match media_type {
            Some("text/plain") => ("text/plain; charset=utf-8", token.token.clone()),
            Some("text/csv") if with_header => {
                ("text/csv; header=present; charset=utf-8", format!("token\r\n{}\r\n", token.token))
            }
            Some("text/csv") => ("text/csv; header=absent; charset=utf-8", format!("{}\r\n", token.token)),
            Some("application/json" | "*/*") => break,
            _ => continue,
        };
        return reply::whole(StatusCode::CREATED, media_type, text.into());
    }
    json(StatusCode::CREATED, token)
}

/// The instant that a length of time from now reaches, in the time grammar.
fn ending(length: &Duration, now: Timestamp) -> Result<String, Error> {
    let unit = match length.unit.as_deref() {
        None | Some("MILLIS") => 1,
        Some("SECONDS") => 1_000,
        Some("MINUTES") => 60_000,
        Some("HOURS") => 3_600_000,
        Some("DAYS") => 86_400_000,
        Some(_) => {
            let why = "must be any of [DAYS, HOURS, MILLIS, MINUTES, SECONDS]";
            return Err(Error::invalid("expiresIn.unit", why));
        }
    };
    let length = length.value.checked_mul(unit).map(SignedDuration::from_millis);
    let end = length.and_then(|length| now.checked_add(length).ok());
    end.map(iso).ok_or_else(|| Error::invalid("expiresIn.value", "is too long"))
}

fn get(room: &Room, call: Call) -> Answer<'_> {
    Box::pin(async move {
        let shown = room.house.find(call.actor()?, &VIEW, call.param("id")).await?;
        Ok(json(StatusCode::OK, &TokenMetadata::from(shown)))
    })
}

fn index(room: &Room, call: Call) -> Answer<'_> {
    Box::pin(async move {
        let (actor, now) = (call.actor()?, room.house.now());
        let query = Query::repeating(&call)?;
        let limit = query.value("limit").map_or(Ok(USUAL), limit)?;
        let (used_from, used_to) = (query.instant("from", now)?, query.instant("to", now)?);
        // No token has a word that is none.
        let all_scopes: Result<Vec<_>, _> = query.values("permissions").map(Scope::parse).collect();
        let Ok(all_scopes) = all_scopes else {
            return Ok(json(StatusCode::OK, &TokenList { values: Vec::new() }));
        };
        let filter = TokenFilter {
            all_scopes,
            used_from: used_from.map(from_millis),
            used_to: used_to.map(from_millis),
            ..TokenFilter::of(actor.realm())
        };
        let owner = query.value("user").map(str::to_owned);
        let list = List { filter, owner, sort: SortBy::Created, descending: true, after: None, limit };
        let listing = room.house.list(actor, &VIEW, &list).await?;
        let values = listing.tokens.into_iter().map(Into::into).collect();
        Ok(json(StatusCode::OK, &TokenList { values }))
    })
}

fn limit(text: &str) -> Result<usize, Refused> {
    let limit = text.parse().ok().filter(|limit| (1..=MOST).contains(limit));
    limit.ok_or_else(|| wrong("limit", format!("must be a number from 1 to {MOST}")))
}

fn update(room: &Room, call: Call) -> Answer<'_> {
    Box::pin(async move {
        let body: UpdateToken = call.json()?;
        let (scopes, enabled) = (body.scopes.map(checked).transpose()?, body.revoked.map(|revoked| !revoked));
        let (actor, id) = (call.actor()?, call.param("id"));
        // The rules spare a credential from ending itself; this version lets it change nothing of itself.
        if actor.credential().is_some_and(|own| *own == *id) {
            return Err(Error::Itself("update").into());
        }
        let edit = Edit { name: body.name, scopes, enabled, ..Edit::default() };
        room.house.edit(actor, &VIEW, id, &edit, None).await?;
        Ok(reply::empty(StatusCode::NO_CONTENT))
    })
}

fn delete(room: &Room, call: Call) -> Answer<'_> {
    Box::pin(async move { end(room, &call, &VIEW).await })
}

/// The vendor's old operator takes 401, not 404, for a secret that nobody knows.
fn lookup(room: &Room, call: Call) -> Answer<'_> {
    Box::pin(async move {
        match look_up(room, &call).await {
            Ok(shown) => Ok(json(StatusCode::OK, &TokenMetadata::from(shown))),
            Err(Refused::Rule(Error::NotFound(_), _)) => Err(Error::from(Unauthenticated::Invalid).into()),
            Err(refused) => Err(refused),
        }
    })
}

fn cluster_version(_: &Room, _: Call) -> Answer<'_> {
    Box::pin(async move { Ok(json(StatusCode::OK, &ClusterVersion { version: RELEASE.to_owned() })) })
}
