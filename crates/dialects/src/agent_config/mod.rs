//! The tokens of Bamboo's agent-config add-on, in both generations of its paths: list, create, update, and as
//! extensions show and delete. Kept out: rules, storage, and the agents' states, which are another product.
//!
//! The vendor's `uuid` is the credential itself and the name that its API goes by, and the list shows it again. Here it
//! is the text of a token whose id is another UUID, and it is kept sealed beside its digest. Whoever brings nothing but
//! such a `uuid` administers nothing.

pub mod client;

use crate::dialect::{Answer, Call, Dialect, Doc, Needs, Reply, Room, Route};
use crate::openapi::named;
use crate::presented::{Presented, basic, bearer};
use crate::refusal::{Refusal, Refused};
use crate::reply;
use counterfoil_core::authority::{Edit, Issue, List, Shown, View};
use counterfoil_core::catalogue::Word;
use counterfoil_core::error::Error;
use counterfoil_core::format::{Format, Part};
use counterfoil_core::scope::{Scope, ScopeSet};
use counterfoil_core::store::{SortBy, TokenFilter};
use http::request::Parts;
use http::{Method, StatusCode, header};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The name under which these tokens are kept.
pub const NAME: &str = "agent-config";

/// Token texts: a UUID that its vendor shows again, with another one as public id.
pub const FORMAT: Format =
    Format { public: &[Part::Uuid], hidden: &[Part::Uuid], joined: false, shown_again: true };

/// The vendor's token administration.
pub const DIALECT: Dialect = Dialect {
    name: NAME,
    formats: &[FORMAT],
    keys: None,
    signs: &[],
    words: WORDS,
    prefixes: &["agent-config."],
    mints: &[],
    settings: &[],
    limit: None,
    territory: &["/rest/"],
    pass: &[],
    routes,
    presented,
    refuse,
};

/// Reading an agent's state.
pub const READ: &str = "agent-config.read";
/// Changing an agent's state; whoever changes it needs [`READ`] as well (contract 3.2).
pub const CHANGE: &str = "agent-config.change";

const WORDS: &[Word] = &[
    Word {
        word: "read",
        scopes: &[READ],
        title: "Read the state of agents",
        creatable: true,
        personal: false,
    },
    Word {
        word: "change",
        scopes: &[CHANGE],
        title: "Change the state of agents; needs read as well",
        creatable: true,
        personal: false,
    },
];

const MAY_READ: &[&str] = &["counterfoil.tokens.read"];
const MAY_WRITE: &[&str] = &["counterfoil.tokens.write"];

/// Every token of this dialect that is not deleted, one with neither right included.
const VIEW: View = View {
    dialect: Some(NAME),
    read: MAY_READ,
    write: MAY_WRITE,
    shows_revoked: false,
    own_only: false,
    lends: &[],
    spares_itself: false,
    scopeless: true,
    name_limit: 255,
};

/// The vendor's list has no pages.
const MOST: usize = 1_000_000;

/// Since 1.5, and before; `latest` is the convention of the vendor's host.
const BASES: [&str; 4] =
    ["/rest/agent-config/1.0", "/rest/agent-config/latest", "/rest/agent/1.0", "/rest/agent/latest"];

/// A token as the vendor shows it; its members stand in this order.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "AgentToken")]
pub struct Token {
    /// The credential itself.
    pub uuid: String,
    /// For people.
    pub name: String,
    /// Whether it may read the state of agents.
    pub read: bool,
    /// Whether it may change the state of agents.
    pub change: bool,
}

/// The body of a create: whatever else is in it, a `uuid` too, is ignored.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "AgentTokenCreate")]
#[expect(missing_docs, reason = "as in the token")]
pub struct Create {
    pub name: String,
    pub read: bool,
    pub change: bool,
}

/// The body of an update: the whole token. The path says which one is meant; a `uuid` that says otherwise is refused.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "AgentTokenUpdate")]
#[expect(missing_docs, reason = "as in the token")]
pub struct Update {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uuid: Option<String>,
    pub name: String,
    pub read: bool,
    pub change: bool,
}

/// What a refusal says, in the shape of the vendor's host.
#[derive(Serialize, Deserialize)]
struct Status {
    message: String,
    /// Read from nobody: HTTP says it, too.
    #[serde(rename = "status-code", skip_deserializing)]
    status_code: u16,
}

fn routes() -> Vec<Route> {
    let below = |base: &str| {
        let route = |method, path: &str, needs, handler, doc| Route {
            method,
            path: format!("{base}/tokens{path}").into(),
            needs: Needs::Scope(needs),
            rotates: false,
            handler,
            doc,
        };
        let list = Doc::new("List every token with its uuid", 200).reply(named::<Vec<Token>>);
        let create = Doc::new("Create a token", 200).body(named::<Create>).reply(named::<Token>);
        let show = Doc::new("Show a token", 200).reply(named::<Token>);
        let update = Doc::new("Rename a token, or change its rights", 200);
        let update = update.body(named::<Update>).reply(named::<Token>);
        [
            route(Method::GET, "", MAY_READ, index, list),
            route(Method::POST, "", MAY_WRITE, self::create, create),
            route(Method::GET, "/{uuid}", MAY_READ, self::show, show),
            route(Method::PUT, "/{uuid}", MAY_WRITE, self::update, update),
            route(Method::DELETE, "/{uuid}", MAY_WRITE, delete, Doc::new("Delete a token, for good", 204)),
        ]
    };
    BASES.into_iter().flat_map(below).collect()
}

/// Basic, or a bearer text. A uuid is for gates: brought here, in whatever way, it is a credential that does not count.
fn presented(parts: &Parts) -> Option<Presented> {
    match basic(parts).or_else(|| bearer(parts)) {
        Some(Presented::Bearer(text)) if FORMAT.fits(&text) => Some(Presented::Bearer(String::new())),
        presented => presented,
    }
}

fn index(room: &Room, call: Call) -> Answer<'_> {
    Box::pin(async move {
        let actor = call.actor()?;
        let list = List {
            filter: TokenFilter::of(actor.realm()),
            owner: None,
            sort: SortBy::Created,
            descending: false,
            after: None,
            limit: MOST,
        };
        let listing = room.house.list(actor, &VIEW, &list).await?;
        let tokens = room.house.with_texts(actor, &VIEW, listing.tokens).await?;
        let tokens: Vec<_> = tokens.iter().map(|(shown, text)| token(text.reveal(), &shown.token)).collect();
        Ok(reply::json(StatusCode::OK, &tokens))
    })
}

fn create(room: &Room, call: Call) -> Answer<'_> {
    Box::pin(async move {
        let body: Create = call.json()?;
        let issue = Issue {
            name: body.name,
            scopes: rights(body.read, body.change),
            dialect: NAME.to_owned(),
            ..Issue::default()
        };
        let issued = room.house.issue(call.actor()?, &VIEW, &issue, call.idempotency()?.as_ref()).await?;
        let token = shown_as(issued.text.reveal(), &issued.name, &issued.scopes);
        Ok(reply::json(StatusCode::OK, &token))
    })
}

fn show(room: &Room, call: Call) -> Answer<'_> {
    Box::pin(async move {
        let named = named_by(room, &call).await?;
        let shown = room.house.find(call.actor()?, &VIEW, &named.token.id).await?;
        Ok(reply::json(StatusCode::OK, &token(&uuid(&call), &shown.token)))
    })
}

fn update(room: &Room, call: Call) -> Answer<'_> {
    Box::pin(async move {
        let body: Update = call.json()?;
        let uuid = uuid(&call);
        if body.uuid.is_some_and(|given| !given.eq_ignore_ascii_case(&uuid)) {
            return Err(Error::invalid("uuid", "must be the one in the path").into());
        }
        let before = named_by(room, &call).await?.token;
        // Always all rights, even if none of them changes: of two updates at once one is kept whole.
        let others = before.scopes.iter().map(Scope::as_str).filter(|word| ![READ, CHANGE].contains(word));
        let scopes = rights(body.read, body.change).into_iter().chain(others.map(str::to_owned)).collect();
        let edit = Edit { name: Some(body.name), scopes: Some(scopes), ..Edit::default() };
        let shown = room.house.edit(call.actor()?, &VIEW, &before.id, &edit, None).await?;
        Ok(reply::json(StatusCode::OK, &token(&uuid, &shown.token)))
    })
}

fn delete(room: &Room, call: Call) -> Answer<'_> {
    Box::pin(async move {
        let named = named_by(room, &call).await?;
        room.house.revoke(call.actor()?, &VIEW, &named.token.id).await?;
        Ok(reply::empty(StatusCode::NO_CONTENT))
    })
}

/// The uuid in the path; ours are in lower case.
fn uuid(call: &Call) -> String {
    call.param("uuid").to_ascii_lowercase()
}

/// The token that the path names by its secret. It may be of another dialect: what is done with it goes by [`VIEW`].
async fn named_by(room: &Room, call: &Call) -> Result<Shown, Refused> {
    room.house.lookup(call.actor()?, &uuid(call)).await.map_err(Refused::path)
}

fn rights(read: bool, change: bool) -> Vec<String> {
    let words = [(read, READ), (change, CHANGE)];
    words.into_iter().filter(|(given, _)| *given).map(|(_, word)| word.to_owned()).collect()
}

fn token(uuid: &str, token: &counterfoil_core::token::Token) -> Token {
    shown_as(uuid, &token.name, &token.scopes)
}

fn shown_as(uuid: &str, name: &str, scopes: &ScopeSet) -> Token {
    let (read, change) = (scopes.covers(READ), scopes.covers(CHANGE));
    Token { uuid: uuid.to_owned(), name: name.to_owned(), read, change }
}

/// Always JSON, whatever is asked for (contract 3.4).
fn refuse(_: &Room, refusal: &Refusal) -> Reply {
    let refused = &refusal.refused;
    let status = refused.status();
    let stranger = status == StatusCode::UNAUTHORIZED;
    let message = if stranger {
        "Client must be authenticated to access this resource.".to_owned()
    } else {
        refused.sentence()
    };
    let reply = reply::json(status, &Status { message, status_code: status.as_u16() });
    if stranger {
        return reply::with(reply, header::WWW_AUTHENTICATE, "Basic realm=\"counterfoil\"");
    }
    reply
}
