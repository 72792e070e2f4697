//! `POST /v1/authentication` and `/v2/authentication` (contract 3): user name with password or API key in, JWT out.

use super::read::Fields;
use super::settings::{LIFETIME, LOCK_OUT, SESSIONS};
use super::wire::{Authenticated, Int64, Integer};
use super::{NAME, jwt, route, words};
use crate::dialect::{Answer, Call, Doc, Needs, Room, Route};
use crate::openapi::named;
use crate::reply;
use counterfoil_core::authority::{Claim, Door, Exchange, Proved, Which};
use counterfoil_core::error::{Error, Unauthenticated};
use counterfoil_core::secret::Secret;
use counterfoil_core::signing::Algorithm;
use http::{Method, StatusCode};
use schemars::{Schema, SchemaGenerator, json_schema};

/// After how many wrong keys in a row a user's keys do not count from there for a while. A stale key in some job must
/// not shut anybody out as fast as guesses at a password do (contract 8.3).
const WRONG_KEYS: u32 = 10;

pub(super) fn routes() -> Vec<Route> {
    let doc = || Doc::new("Log in with a password or an API key", 200).body(body);
    vec![
        route(
            Method::POST,
            "/v1/authentication",
            Needs::Nobody,
            login::<u64>,
            doc().reply(named::<Authenticated<u64>>),
        ),
        route(
            Method::POST,
            "/v2/authentication",
            Needs::Nobody,
            login::<Int64>,
            doc().reply(named::<Authenticated<Int64>>),
        ),
    ]
}

fn body(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "required": ["username"],
        "properties": {
            "username": { "type": "string" },
            "password": { "type": "string" },
            "apiKey": { "type": "string" },
            "multipleLogin": { "type": "boolean" },
            "mfaCode": { "type": "integer" },
        },
    })
}

/// What a login brings.
struct Login {
    username: String,
    password: Option<Secret>,
    key: Option<Secret>,
    multiple: bool,
    code: Option<u32>,
}

impl Login {
    fn read(bytes: &[u8]) -> Result<Self, Error> {
        let mut fields = Fields::of(bytes)?;
        let username = fields.text("username")?.filter(|name| !name.trim().is_empty());
        let login = Self {
            username: username.ok_or_else(|| Error::invalid("username", "is required"))?,
            password: fields.text("password")?.map(Secret::new),
            key: fields.text("apiKey")?.map(Secret::new),
            multiple: fields.is_true("multipleLogin"),
            code: fields.code("mfaCode")?,
        };
        if login.password.is_none() && login.key.is_none() {
            return Err(Error::invalid("password", "or `apiKey` is required"));
        }
        Ok(login)
    }
}

fn login<N: Integer>(room: &Room, call: Call) -> Answer<'_> {
    Box::pin(async move {
        let login = Login::read(&call.body)?;
        let asked = login.multiple;
        let proved = prove(room, &call, login).await?;
        let wanted = Exchange {
            dialect: NAME,
            algorithm: Algorithm::Rs512,
            lifetime: LIFETIME.of(room),
            // Contract 3.3: asking without permission is no error, some clients always ask.
            multiple: proved.principal.several_sessions && (proved.key.is_some() || asked),
            most: SESSIONS.of(room),
            scopes: None,
            audience: "",
            client: "",
            actors: Vec::new(),
            address: call.origin.address(),
            word: &jwt::word,
        };
        let started = room.house.exchange(&proved, &wanted).await?;
        let own = Which::Id(proved.principal.id.0);
        let person = room.house.person(&room.house.proven(&proved)?, &own, &[]).await?;
        Ok(reply::json(StatusCode::OK, &Authenticated::<N>::of(&started, person, 0)))
    })
}

/// With both secrets the key is tried first: one client sends its password always and the key besides (contract T5).
async fn prove(room: &Room, call: &Call, login: Login) -> Result<Proved, Error> {
    let Login { username, password, key, code, .. } = login;
    let door = |threshold, keys_need| Door { address: call.origin.address(), code, threshold, keys_need };
    if let Some(text) = &key {
        let claim = Claim::Key { dialect: NAME, claim: &username, text };
        let proved = room.house.prove(call.realm.id, claim, &door(WRONG_KEYS, Some(words::API_KEY))).await;
        if proved.is_ok() || password.is_none() || !is_refusal(&proved) {
            return proved;
        }
    }
    let Some(text) = password else { return Err(Unauthenticated::Invalid.into()) };
    let claim = Claim::Password { username: &username, text };
    room.house.prove(call.realm.id, claim, &door(LOCK_OUT.of(room), None)).await
}

fn is_refusal(proved: &Result<Proved, Error>) -> bool {
    matches!(proved, Err(Error::Unauthenticated(_)))
}
