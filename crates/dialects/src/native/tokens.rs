//! Tokens: issue, find, list, edit, rotate, revoke.

use super::query::{Query, instant};
use super::wire::Page;
use super::wire::token::{self as wire, Edit, Filter, Paging, Revoke, Revoked, Rotate};
use super::{VIEW, route};
use crate::dialect::{Answer, Call, Doc, NATIVE, Needs, Room, Route};
use crate::openapi::{inline, named};
use crate::refusal::Refused;
use crate::reply;
use counterfoil_core::authority::{self, List, Shown};
use counterfoil_core::error::Error;
use counterfoil_core::realm::RealmId;
use counterfoil_core::scope::{Scope, ScopeSet};
use counterfoil_core::store::{Position, SortBy, TokenFilter};
use counterfoil_core::token::{Limit, State};
use counterfoil_core::when::{self, iso};
use http::{Method, StatusCode, header};
use ipnet::{IpNet, Ipv4Net};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

pub(super) fn routes() -> Vec<Route> {
    const ISSUE: Needs = Needs::Scope(&["counterfoil.tokens.write", "counterfoil.tokens.mint"]);
    const WRITE: Needs = Needs::Scope(&["counterfoil.tokens.write"]);
    let issue = Doc::new("Issue a token; its secret is in this answer only", 201);
    let list = Doc::new("List tokens: all with counterfoil.tokens.read, else one's own", 200);
    let rotate = Doc::new("Give a token a new secret; the old one may count a little longer", 200);
    let edit = Doc::new("Edit, disable or enable a token", 200);
    let bulk = Doc::new("Revoke every token that a filter finds", 200);
    vec![
        route(
            Method::POST,
            "/v1/tokens",
            ISSUE,
            create,
            issue.body(named::<wire::Issue>).reply(named::<wire::Issued>),
        ),
        route(
            Method::GET,
            "/v1/tokens",
            Needs::Anybody,
            index,
            list.query(list_query).reply(named::<Page<wire::Token>>),
        ),
        route(
            Method::POST,
            "/v1/tokens/revoke",
            WRITE,
            revoke_matching,
            bulk.body(named::<Revoke>).reply(named::<Revoked>),
        ),
        route(
            Method::GET,
            "/v1/tokens/{id}",
            Needs::Anybody,
            get,
            Doc::new("Show a token", 200).reply(named::<wire::Token>),
        ),
        route(
            Method::PATCH,
            "/v1/tokens/{id}",
            WRITE,
            edit_one,
            edit.body(named::<Edit>).reply(named::<wire::Token>),
        ),
        route(Method::DELETE, "/v1/tokens/{id}", WRITE, revoke, Doc::new("Revoke a token, for good", 204)),
        Route {
            rotates: true,
            ..route(
                Method::POST,
                "/v1/tokens/{id}/rotate",
                WRITE,
                rotate_one,
                rotate.body(named::<Rotate>).reply(named::<wire::Issued>),
            )
        },
    ]
}

fn list_query(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
    let mut both = inline::<Filter>(generator);
    let paging = inline::<Paging>(generator);
    let more = paging.get("properties").and_then(|members| members.as_object().cloned()).unwrap_or_default();
    if let Some(members) = both.get_mut("properties").and_then(|members| members.as_object_mut()) {
        members.extend(more);
    }
    both
}

fn create(room: &Room, call: Call) -> Answer<'_> {
    Box::pin(async move {
        let body: wire::Issue = call.json()?;
        let issue = authority::Issue {
            name: body.name,
            scopes: body.scopes,
            expires: body.expires,
            not_before: body.not_before,
            dialect: body.dialect.unwrap_or_else(|| NATIVE.to_owned()),
            personal: body.personal,
            principal: body.principal,
            networks: networks(&body.networks, "networks")?,
            metadata: body.metadata,
            limit: body.limit.as_deref().map(limit).transpose()?.flatten(),
            quota: body.quota,
        };
        let issued = room.house.issue(call.actor()?, &VIEW, &issue, call.idempotency()?.as_ref()).await?;
        let location = format!("{}/v1/tokens/{}", room.prefix, issued.id);
        let reply = reply::json(StatusCode::CREATED, &wire::Issued::from(issued));
        Ok(reply::with(reply, header::LOCATION, &location))
    })
}

fn get(room: &Room, call: Call) -> Answer<'_> {
    Box::pin(async move {
        let shown = room.house.find(call.actor()?, &VIEW, call.param("id")).await?;
        Ok(one(shown, room.house.now()))
    })
}

fn index(room: &Room, call: Call) -> Answer<'_> {
    Box::pin(async move {
        let (actor, now) = (call.actor()?, room.house.now());
        let mut query = Query::of(&call)?;
        let asked = match query.take("cursor")? {
            None => Asked::read(&mut query, now)?,
            Some(_) if !query.is_empty() => {
                return Err(Refused::query(Error::invalid(
                    "cursor",
                    "stands alone; it names the whole query",
                )));
            }
            Some(cursor) => {
                let position = room.house.position(actor, "tokens", &cursor);
                let asked = position.and_then(|position| serde_json::from_slice(&position).ok());
                asked.ok_or_else(|| {
                    Refused::query(Error::invalid("cursor", "is not one that you were given"))
                })?
            }
        };
        query.finish()?;
        let list = asked.list(actor.realm(), now).map_err(Refused::query)?;
        let listing = room.house.list(actor, &VIEW, &list).await?;
        let next = listing.next.map(|position| {
            let next = Asked { after: Some(position), ..asked };
            room.house.cursor(actor, "tokens", &serde_json::to_vec(&next).unwrap_or_default())
        });
        let items = listing.tokens.into_iter().map(|shown| token(shown, now)).collect();
        Ok(reply::json(StatusCode::OK, &Page { items, total: Some(listing.total), next }))
    })
}

fn edit_one(room: &Room, call: Call) -> Answer<'_> {
    Box::pin(async move {
        let body: Edit = call.json()?;
        let edit = authority::Edit {
            name: body.name,
            scopes: body.scopes,
            enabled: body.enabled,
            expires: body.expires,
            networks: body.networks.as_deref().map(|list| networks(list, "networks")).transpose()?,
            metadata: body.metadata,
            limit: body.limit.map(|text| text.as_deref().map_or(Ok(None), limit)).transpose()?,
            quota: body.quota,
        };
        let shown = room.house.edit(call.actor()?, &VIEW, call.param("id"), &edit, call.if_match()?).await?;
        Ok(one(shown, room.house.now()))
    })
}

fn rotate_one(room: &Room, call: Call) -> Answer<'_> {
    Box::pin(async move {
        let body: Rotate = if call.body.is_empty() { Rotate::default() } else { call.json()? };
        let overlap = body.overlap.as_deref().map_or(Ok(SignedDuration::ZERO), when::span);
        let overlap = overlap.map_err(|why| Error::invalid("overlap", why))?;
        let once = call.idempotency()?;
        let issued =
            room.house.rotate(call.actor()?, &VIEW, call.param("id"), overlap, once.as_ref()).await?;
        Ok(reply::json(StatusCode::OK, &wire::Issued::from(issued)))
    })
}

fn revoke(room: &Room, call: Call) -> Answer<'_> {
    Box::pin(async move {
        room.house.revoke(call.actor()?, &VIEW, call.param("id")).await?;
        Ok(reply::empty(StatusCode::NO_CONTENT))
    })
}

fn revoke_matching(room: &Room, call: Call) -> Answer<'_> {
    Box::pin(async move {
        let body: Revoke = call.json()?;
        let (actor, now) = (call.actor()?, room.house.now());
        if body.filter == Filter::default() {
            return Err(Error::invalid("filter", "must name at least one criterion").into());
        }
        let tokens = filter(&body.filter, actor.realm(), now)?;
        let which = authority::Filter { tokens, owner: body.filter.principal };
        let bulk = room.house.revoke_matching(actor, &VIEW, which, body.dry_run).await?;
        let count = bulk.ids.len() as u64;
        Ok(reply::json(StatusCode::OK, &Revoked { count, ids: bulk.ids, dry_run: body.dry_run }))
    })
}

/// The whole query of a list: what the cursor carries.
#[derive(Serialize, Deserialize)]
struct Asked {
    filter: Filter,
    sort: String,
    limit: usize,
    after: Option<Position>,
}

impl Asked {
    fn read(query: &mut Query, now: Timestamp) -> Result<Self, Refused> {
        // Relative instants are fixed on the first page, or the pages would not fit together.
        let fixed = |name: &str, query: &mut Query| -> Result<Option<String>, Refused> {
            let text = query.take(name)?;
            Ok(instant(name, text.as_deref(), now).map_err(Refused::query)?.map(iso))
        };
        let filter = Filter {
            expires_before: fixed("expires_before", query)?,
            unused_since: fixed("unused_since", query)?,
            created_before: fixed("created_before", query)?,
            name: query.take("name")?,
            principal: query.take("principal")?,
            scope: query.take("scope")?,
            dialect: query.take("dialect")?,
            state: query.take("state")?,
        };
        let sort = query.take("sort")?.unwrap_or_else(|| "-created".to_owned());
        Ok(Self { filter, sort, limit: query.limit()?, after: None })
    }

    fn list(&self, realm: RealmId, now: Timestamp) -> Result<List, Error> {
        let (descending, word) =
            self.sort.strip_prefix('-').map_or((false, self.sort.as_str()), |word| (true, word));
        let sort = match word {
            "name" => SortBy::Name,
            "created" => SortBy::Created,
            "expires" => SortBy::Expires,
            "modified" => SortBy::Modified,
            "last_used" => SortBy::LastUsed,
            _ => {
                return Err(Error::invalid(
                    "sort",
                    "must be name, created, expires, modified or last_used, `-` before it to turn it round",
                ));
            }
        };
        Ok(List {
            filter: filter(&self.filter, realm, now)?,
            owner: self.filter.principal.clone(),
            sort,
            descending,
            after: self.after.clone(),
            limit: self.limit,
        })
    }
}

fn filter(asked: &Filter, realm: RealmId, now: Timestamp) -> Result<TokenFilter, Error> {
    let scope = |word: &String| Scope::parse(word).map_err(|why| Error::invalid("scope", why));
    let state = |word: &String| {
        let why = "must be active, pending, disabled, expired or revoked";
        State::parse(word).map(|state| (state, now)).ok_or_else(|| Error::invalid("state", why))
    };
    Ok(TokenFilter {
        name: asked.name.clone(),
        dialect: asked.dialect.clone(),
        any_scope: asked.scope.as_ref().map(scope).transpose()?.into_iter().collect(),
        state: asked.state.as_ref().map(state).transpose()?,
        expires_before: instant("expires_before", asked.expires_before.as_deref(), now)?,
        unused_since: instant("unused_since", asked.unused_since.as_deref(), now)?,
        created_to: instant("created_before", asked.created_before.as_deref(), now)?,
        ..TokenFilter::of(realm)
    })
}

/// Reads networks and single addresses; `field` names the list in an error.
pub(super) fn networks(texts: &[String], field: &str) -> Result<Vec<IpNet>, Error> {
    let network = |(at, text): (usize, &String)| {
        let net = text.parse().or_else(|_| text.parse().map(|address: IpAddr| address.into()));
        net.map(plain).map_err(|_| {
            Error::invalid(format!("{field}[{at}]"), "must be a network like 10.0.0.0/8 or an address")
        })
    };
    let networks: Vec<IpNet> = texts.iter().enumerate().map(network).collect::<Result<_, _>>()?;
    if networks.len() > 64 { Err(Error::invalid(field, "must be at most 64")) } else { Ok(networks) }
}

/// Reads `100/1m`, or `none`.
pub(super) fn limit(text: &str) -> Result<Option<Limit>, Error> {
    if text == "none" {
        return Ok(None);
    }
    let why = "must be a number and a time, as in 100/1m, or none";
    Limit::parse(text).map(Some).ok_or_else(|| Error::invalid("limit", why))
}

/// A mapped IPv4 network as the IPv4 network that it is: addresses are compared so.
fn plain(network: IpNet) -> IpNet {
    match (network.addr().to_canonical(), network.prefix_len().checked_sub(96)) {
        (IpAddr::V4(address), Some(length)) if network.addr().is_ipv6() => {
            Ipv4Net::new(address, length).map_or(network, IpNet::V4)
        }
        _ => network,
    }
}

fn one(shown: Shown, now: Timestamp) -> crate::dialect::Reply {
    let version = format!("\"{}\"", shown.token.version);
    reply::with(reply::json(StatusCode::OK, &token(shown, now)), header::ETAG, &version)
}

fn words(scopes: &ScopeSet) -> Vec<String> {
    scopes.iter().map(ToString::to_string).collect()
}

impl From<authority::Issued> for wire::Issued {
    fn from(issued: authority::Issued) -> Self {
        Self {
            id: issued.id.to_string(),
            token: issued.text.reveal().to_owned(),
            name: issued.name.to_string(),
            dialect: issued.dialect.to_string(),
            scopes: words(&issued.scopes),
            principal: issued.principal.to_string(),
            personal: issued.personal,
            created: iso(issued.created),
            not_before: issued.not_before.map(iso),
            expires: issued.expires.map(iso),
            overlap_until: issued.overlap_until.map(iso),
        }
    }
}

pub(super) fn token(shown: Shown, now: Timestamp) -> wire::Token {
    let Shown { token, principal } = shown;
    wire::Token {
        id: token.id.to_string(),
        name: token.name.to_string(),
        dialect: token.dialect.to_string(),
        state: token.state(now).as_str().to_owned(),
        scopes: words(&token.scopes),
        principal: principal.to_string(),
        personal: token.personal,
        created: iso(token.created),
        modified: token.modified.map(iso),
        not_before: token.not_before.map(iso),
        expires: token.expires.map(iso),
        revoked: token.revoked.map(iso),
        last_used: token.last_used.map(|used| iso(used.at)),
        last_used_address: token.last_used.and_then(|used| used.address).map(|address| address.to_string()),
        networks: token.networks.iter().map(ToString::to_string).collect(),
        metadata: token.metadata,
        limit: token.limit.map(|limit| limit.to_string()),
        quota: token.quota,
        uses: token.uses,
        version: token.version,
    }
}
