//! RUVDS's API v2 tokens, as the clients that are generated from the vendor's specification speak them.
//! Kept out: rules, storage, other dialects, and the rest of the vendor's API.

pub mod client;

use crate::dialect::{Answer, Call, Dialect, Doc, Handler, Needs, Reply, Room, Route};
use crate::openapi::named;
use crate::presented::{Presented, basic, bearer};
use crate::refusal::{Refusal, Refused};
use crate::reply;
use crate::setting::{self, Setting};
use counterfoil_core::authority::{Actor, Allowance, Issue, Issued, List, Shown, View};
use counterfoil_core::catalogue::Word;
use counterfoil_core::error::{Error, Violation};
use counterfoil_core::format::{BASE62, Format, Part};
use counterfoil_core::limit::Limit;
use counterfoil_core::store::{SortBy, TokenFilter};
use counterfoil_core::when::iso;
use http::header::HeaderName;
use http::request::Parts;
use http::{Method, StatusCode};
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// The name under which RUVDS tokens are kept.
pub const NAME: &str = "ruvds";

const READ: &str = "ruvds.read";
const WRITE: &str = "ruvds.write";
const REMOVE: &str = "ruvds.remove";

/// Secrets: 64 letters and digits, which say nothing of the id; ids: UUIDs, which the vendor's clients insist on.
pub const FORMAT: Format =
    Format { public: &[Part::Uuid], hidden: &[Part::Drawn(BASE62, 64)], joined: false, shown_again: false };

/// Roles: each holds the one before it. `remove` is not to be had through this API (contract 2.2).
const WORDS: &[Word] = &[
    word("read", &[READ], "Read", true),
    word("write", &[READ, WRITE], "Read and change", true),
    word("remove", &[READ, WRITE, REMOVE], "Read, change and delete", false),
];

const fn word(
    word: &'static str,
    scopes: &'static [&'static str],
    title: &'static str,
    creatable: bool,
) -> Word {
    Word { word, scopes, title, creatable, personal: true }
}

/// The vendor's token API.
pub const DIALECT: Dialect = Dialect {
    name: NAME,
    formats: &[FORMAT],
    keys: None,
    signs: &[],
    words: WORDS,
    prefixes: &["ruvds."],
    mints: &[],
    settings: &[&LAX_ROLES, &RATE_LIMIT, &RATE_WINDOW],
    limit: Some(limit),
    territory: &["/v2/"],
    pass: &[],
    routes,
    presented,
    refuse,
};

/// Everybody's own tokens, and to give only what one holds.
const VIEW: View = View {
    dialect: Some(NAME),
    read: &[],
    write: &[READ],
    own_only: true,
    lends: &[],
    shows_revoked: false,
    scopeless: false,
    spares_itself: false,
    name_limit: 255,
};

/// The vendor's own rule: whoever reads may make and renew tokens of any role, here of any that their principal has.
const LAX: View = View { lends: &[READ, WRITE, REMOVE], ..VIEW };

/// Whether the vendor's own rule holds.
const LAX_ROLES: Setting<bool> = Setting { name: "lax_roles", usual: false, read: setting::switch };
/// How many calls a principal may make in the window (contract 2.4).
const RATE_LIMIT: Setting<usize> = Setting { name: "rate_limit", usual: 120, read: setting::count };
/// How long the window is.
const RATE_WINDOW: Setting<SignedDuration> =
    Setting { name: "rate_window", usual: SignedDuration::from_mins(1), read: setting::stretch };

fn view(room: &Room) -> &'static View {
    if LAX_ROLES.of(room) { &LAX } else { &VIEW }
}

fn limit(room: &Room) -> Limit {
    Limit { most: RATE_LIMIT.of(room), within: RATE_WINDOW.of(room) }
}

/// Clients send one of the two; a bearer counts where there could be both.
fn presented(parts: &Parts) -> Option<Presented> {
    bearer(parts).or_else(|| basic(parts))
}

fn routes() -> Vec<Route> {
    const ALL: &str = "/v2/tokens";
    const ONE: &str = "/v2/tokens/{token_id}";
    let list = Doc::new("List one's own tokens", 200).reply(named::<AllTokensResponse>);
    let create = Doc::new("Create a token; its secret is in this answer only", 200);
    let show = Doc::new("Show one of one's own tokens", 200).reply(named::<Token>);
    let renew = Doc::new("Give a token a new secret; the old one is dead at once", 200);
    vec![
        route(Method::GET, ALL, index, list),
        route(Method::POST, ALL, make, create.body(named::<TokenCreate>).reply(named::<TokenData>)),
        route(Method::GET, ONE, get, show),
        Route { rotates: true, ..route(Method::PUT, ONE, put, renew.reply(named::<TokenData>)) },
    ]
}

fn route(method: Method, path: &str, handler: Handler, doc: Doc) -> Route {
    Route { method, path: path.into(), needs: Needs::Scope(&[READ]), rotates: false, handler, doc }
}

/// `POST /v2/tokens`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct TokenCreate {
    /// A name for people.
    pub token_name: String,
    /// What it may do.
    pub token_role: CreatableRole,
    /// RFC 3339; absent or null: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_expiry: Option<String>,
}

/// The roles that the API gives.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase", try_from = "String")]
#[expect(missing_docs, reason = "the words of `WORDS`")]
pub enum CreatableRole {
    Read,
    Write,
}

/// A word and nothing else: a derived reading would take an object for one.
impl TryFrom<String> for CreatableRole {
    type Error = String;

    fn try_from(word: String) -> Result<Self, String> {
        match word.as_str() {
            "read" => Ok(Self::Read),
            "write" => Ok(Self::Write),
            _ => Err(format!("unknown variant `{word}`, expected `read` or `write`")),
        }
    }
}

/// The roles that there are.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "RuvdsRole")]
#[expect(missing_docs, reason = "the words of `WORDS`")]
pub enum Role {
    Read,
    Write,
    Remove,
}

/// The answer to a create or a renewal.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct TokenData {
    /// A UUID.
    pub token_id: String,
    /// The secret; it appears in this answer only.
    pub token_secret: String,
}

/// A token, in exactly these members: the PowerShell client fails on any other.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "RuvdsToken")]
pub struct Token {
    /// A UUID.
    pub token_id: String,
    /// A name for people.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// RFC 3339; null: never.
    pub expiry: Option<String>,
}

/// The answer to `GET /v2/tokens`: all of them, the oldest first.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct AllTokensResponse {
    /// The tokens.
    pub tokens: Vec<Token>,
}

impl From<Issued> for TokenData {
    fn from(issued: Issued) -> Self {
        Self { token_id: issued.id.to_string(), token_secret: issued.text.reveal().to_owned() }
    }
}

impl From<Shown> for Token {
    fn from(Shown { token, .. }: Shown) -> Self {
        // Our own API can make tokens of any words: the strongest of ours counts, and none is shown as the weakest.
        let role = match () {
            () if token.scopes.covers(REMOVE) => Role::Remove,
            () if token.scopes.covers(WRITE) => Role::Write,
            () => Role::Read,
        };
        let expiry = token.expires.map(iso);
        Self { token_id: token.id.to_string(), name: token.name.to_string(), role, expiry }
    }
}

fn index(room: &Room, call: Call) -> Answer<'_> {
    Box::pin(async move {
        let mut list = List {
            filter: TokenFilter::of(call.realm.id),
            owner: None,
            sort: SortBy::Created,
            descending: false,
            after: None,
            limit: 1_000,
        };
        let mut tokens = Vec::new();
        loop {
            let page = room.house.list(call.actor()?, view(room), &list).await?;
            tokens.extend(page.tokens.into_iter().map(Token::from));
            list.after = page.next;
            if list.after.is_none() {
                return Ok(done(&call, &AllTokensResponse { tokens }));
            }
        }
    })
}

fn make(room: &Room, call: Call) -> Answer<'_> {
    Box::pin(async move {
        let body: TokenCreate = call.json()?;
        let scopes = match body.token_role {
            CreatableRole::Read => WORDS[0].scopes,
            CreatableRole::Write => WORDS[1].scopes,
        };
        let issue = Issue {
            name: body.token_name,
            scopes: scopes.iter().map(ToString::to_string).collect(),
            expires: body.token_expiry.as_deref().map(instant).transpose()?,
            dialect: NAME.to_owned(),
            ..Issue::default()
        };
        let issued =
            room.house.issue(call.actor()?, view(room), &issue, call.idempotency()?.as_ref()).await?;
        Ok(done(&call, &TokenData::from(issued)))
    })
}

fn get(room: &Room, call: Call) -> Answer<'_> {
    Box::pin(async move {
        let shown = room.house.find(call.actor()?, view(room), &id(&call)).await?;
        Ok(done(&call, &Token::from(shown)))
    })
}

fn put(room: &Room, call: Call) -> Answer<'_> {
    Box::pin(async move {
        let (once, overlap) = (call.idempotency()?, SignedDuration::ZERO);
        let issued = room.house.rotate(call.actor()?, view(room), &id(&call), overlap, once.as_ref()).await?;
        Ok(done(&call, &TokenData::from(issued)))
    })
}

/// The id in the path; UUIDs may be written in either case.
fn id(call: &Call) -> String {
    call.param("token_id").to_ascii_lowercase()
}

/// Only RFC 3339 with every part in its place: what is left out, or added, would mean another instant to each reader.
fn instant(text: &str) -> Result<String, Error> {
    let plain = |letter: char| if letter.is_ascii_digit() { '0' } else { letter.to_ascii_uppercase() };
    let shape: String = text.chars().map(plain).collect();
    let offset = shape.strip_prefix("0000-00-00T00:00:00").unwrap_or_default();
    let offset = offset.strip_prefix(".0").map_or(offset, |fraction| fraction.trim_start_matches('0'));
    let whole = ["Z", "+00:00", "-00:00"].contains(&offset);
    let at = text.parse::<Timestamp>().ok().filter(|_| whole);
    let why = "must be an RFC 3339 date and time with its offset, such as 2030-01-25T05:57:01.5+03:00";
    at.map(iso).ok_or_else(|| Error::invalid("token_expiry", why))
}

/// What every JSON body says it is: without the character set old versions of PowerShell read another one.
const JSON: &str = "application/json; charset=utf-8";

fn done(call: &Call, body: &impl Serialize) -> Reply {
    metered(reply::typed(StatusCode::OK, JSON, body), call.allowance)
}

/// With the state of the caller's limit (contract 2.4).
fn metered(reply: Reply, allowance: Option<Allowance>) -> Reply {
    let Some(Allowance { most, left, eases }) = allowance else { return reply };
    let header = |reply, name, value: String| reply::with(reply, HeaderName::from_static(name), &value);
    let reply = header(reply, "ratelimit-limit", most.to_string());
    let reply = header(reply, "ratelimit-remaining", left.to_string());
    header(reply, "ratelimit-reset", eases.as_secs().to_string())
}

/// The error envelope (contract 2.5); `user_id` is in each 403 and in nothing else.
#[derive(Serialize, Deserialize)]
struct ApiError<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    user_id: Option<String>,
    message: String,
}

/// Words a refusal.
fn refuse(_: &Room, refusal: &Refusal) -> Reply {
    let status = match &refusal.refused {
        Refused::TooLong(_) => StatusCode::BAD_REQUEST,
        refused => refused.status(),
    };
    let id = match status.as_u16() {
        400 => "json_error",
        401 => "auth_error",
        403 => "forbidden",
        404 => "not_found",
        409 => "conflict",
        429 => "rate_limit_exceeded",
        500.. => "server_error",
        _ => "unexpected_error",
    };
    let principal = refusal.actor.as_ref().and_then(Actor::principal);
    let user_id = (id == "forbidden").then(|| principal.map(|id| id.0).unwrap_or_default().to_string());
    let reply =
        reply::typed(status, JSON, &ApiError { id: id.into(), user_id, message: message(refusal, status) });
    if status == StatusCode::UNAUTHORIZED { reply } else { metered(reply, refusal.allowance) }
}

fn message(refusal: &Refusal, status: StatusCode) -> String {
    match (&refusal.refused, status) {
        (_, StatusCode::UNAUTHORIZED) => {
            "Please, provide bearer-type Authorization header containing your OAuth token.".to_owned()
        }
        (_, StatusCode::METHOD_NOT_ALLOWED) => "Method Not Allowed".to_owned(),
        (_, status) if status.is_server_error() => {
            "Internal Server Error. Try again later or contact support.".to_owned()
        }
        (Refused::Rule(Error::TooMany { after }, _), _) if !after.is_zero() => {
            let seconds = after.as_secs();
            format!("Too Many Requests. Your rate limit will have recovered in {seconds} seconds.")
        }
        (Refused::Rule(Error::NotFound("token"), _), _) => {
            let id = refusal.path.rsplit('/').next().unwrap_or_default();
            // What is longer than a UUID may be a secret that was pasted into the wrong place.
            format!("Token with id {} is not found.", if id.len() <= 36 { id } else { "…" })
        }
        (Refused::Rule(Error::Invalid(violations), _), _) => {
            violations.iter().map(complaint).collect::<Vec<_>>().join(" ")
        }
        (refused, _) => sentence(&refused.sentence()),
    }
}

fn complaint(Violation { field, why }: &Violation) -> String {
    let field = match field.as_str() {
        "body" => return format!("The body {why}."),
        "name" => "token_name",
        "expires" => "token_expiry",
        field => field,
    };
    if why == "is required" { format!("Missing field '{field}'.") } else { format!("Field '{field}' {why}.") }
}

/// The rules speak in clauses, the vendor in sentences.
fn sentence(clause: &str) -> String {
    let mut letters = clause.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(letters).chain(['.']).collect()
}
