//! `POST /auth/oauth/token` (contract 1.1 to 1.3): the public client's Basic credentials in the header, key and secret in
//! the form, a JWT in the answer.

use super::envelope::Fault;
use super::form::Form;
use super::{NAME, route};
use crate::dialect::{Answer, Call, Doc, Needs, Reply, Room, Route};
use crate::openapi::named;
use crate::presented::scheme;
use crate::reply;
use crate::setting::{self, Setting};
use counterfoil_core::authority::{Claim, Door, Exchange, Minted, Started, Worded};
use counterfoil_core::error::Error;
use counterfoil_core::secret::Secret;
use counterfoil_core::signing::{Algorithm, Members};
use data_encoding::BASE64;
use http::request::Parts;
use http::{Method, StatusCode, header};
use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The one client that there is; its secret is no secret.
pub(super) const CLIENT: &str = "public-client";
pub(super) const CLIENT_SECRET: &str = "public";
/// How long a token lives.
pub(super) const LIFETIME: Setting<SignedDuration> =
    Setting { name: "lifetime", usual: SignedDuration::from_hours(100), read: setting::stretch };
/// How many tokens of a person may live at once: scripts ask for a new one at every run.
const MOST: usize = 100;
/// After how many failures in a row from one network a key is closed for a while.
const THRESHOLD: u32 = 10;

/// Spring's members in Spring's order; there is no refresh token.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "DattoAccessToken")]
pub struct Granted {
    /// A JWT.
    pub access_token: String,
    /// What stands before it in the header, in lower case.
    pub token_type: String,
    /// Seconds. A number: from anything else clients conclude that the token is always about to end.
    pub expires_in: i64,
    /// The scopes, with spaces between them.
    #[serde(default)]
    pub scope: String,
    /// The session's id.
    #[serde(default)]
    pub jti: String,
}

pub(super) fn routes() -> Vec<Route> {
    let doc = Doc::new("Exchange an API key for an access token", 200).reply(named::<Granted>);
    vec![route(Method::POST, "/auth/oauth/token", Needs::Nobody, token, doc)]
}

fn token(room: &Room, call: Call) -> Answer<'_> {
    Box::pin(async move {
        let (key, secret) = match asked(&call) {
            Ok(asked) => asked,
            Err(fault) => return Ok(fault.into()),
        };
        match login(room, &call, &key, &secret).await {
            Ok(started) => Ok(granted(&started)),
            Err(Error::Unauthenticated(_)) => Ok(Fault::BAD_CREDENTIALS.into()),
            Err(error) => Err(error.into()),
        }
    })
}

/// Key and secret, if everything around them is as it must be.
fn asked(call: &Call) -> Result<(String, Secret), Fault> {
    client(&call.parts)?;
    let form = Form::read(&call.parts, &call.body)?;
    if !matches!(form.get("client_id"), "" | CLIENT) {
        return Err(Fault::OTHER_CLIENT);
    }
    if !form.get("client_secret").is_empty() {
        return Err(Fault::request("Only one way of client authentication may be used"));
    }
    match form.get("grant_type") {
        "" => Err(Fault::NO_GRANT_TYPE),
        "password" => Ok((form.get("username").to_owned(), Secret::new(form.get("password").to_owned()))),
        _ => Err(Fault::OTHER_GRANT_TYPE),
    }
}

/// `Authorization: Basic`, the scheme in any case; any other scheme is as good as none.
fn client(parts: &Parts) -> Result<(), Fault> {
    let headers = parts.headers.get_all(header::AUTHORIZATION).iter();
    let is_basic = |value: &http::HeaderValue| {
        value.as_bytes().get(..5).is_some_and(|start| start.eq_ignore_ascii_case(b"basic"))
    };
    if !headers.into_iter().any(is_basic) {
        return Err(Fault::NO_CLIENT);
    }
    let pair = scheme(parts, "basic").and_then(|text| BASE64.decode(text.as_bytes()).ok());
    let expected = format!("{CLIENT}:{CLIENT_SECRET}");
    if pair.is_some_and(|pair| pair == expected.as_bytes()) { Ok(()) } else { Err(Fault::BAD_CLIENT) }
}

async fn login(room: &Room, call: &Call, key: &str, secret: &Secret) -> Result<Started, Error> {
    let claim = Claim::Key { dialect: NAME, claim: key, text: secret };
    let door = Door { address: call.origin.address(), code: None, threshold: THRESHOLD, keys_need: None };
    let proved = room.house.prove(call.realm.id, claim, &door).await?;
    // As it was given out, however it was spelt now.
    let key = proved.key.as_ref().map_or(key, |key| &*key.id);
    let wanted = Exchange {
        dialect: NAME,
        algorithm: Algorithm::Rs256,
        lifetime: LIFETIME.of(room),
        multiple: true,
        most: MOST,
        scopes: None,
        audience: "",
        client: CLIENT,
        actors: Vec::new(),
        address: call.origin.address(),
        word: &|minted| worded(key, minted),
    };
    room.house.exchange(&proved, &wanted).await
}

/// The claims of Spring's default converter. The authorities are no more than the scopes: a key may be worth less than
/// its holder. The `kid` is ours, for readers of the JWKS.
fn worded(key: &str, minted: &Minted<'_>) -> Worded {
    let session = minted.session;
    let scopes: Vec<Value> = session.scopes.iter().map(|word| word.as_str().into()).collect();
    let header = [
        ("alg".to_owned(), Algorithm::Rs256.as_str().into()),
        ("typ".to_owned(), "JWT".into()),
        ("kid".to_owned(), session.kid.clone().into()),
    ];
    let claims = [
        ("user_name".to_owned(), key.into()),
        ("scope".to_owned(), scopes.clone().into()),
        ("exp".to_owned(), session.expires.as_second().into()),
        ("authorities".to_owned(), scopes.into()),
        ("jti".to_owned(), session.id.to_string().into()),
        ("client_id".to_owned(), CLIENT.into()),
    ];
    Worded { header: Members::from_iter(header), claims: Members::from_iter(claims) }
}

fn granted(started: &Started) -> Reply {
    let session = &started.session;
    let answer = Granted {
        access_token: started.jwt.reveal().to_owned(),
        token_type: "bearer".to_owned(),
        expires_in: session.expires.duration_since(session.issued).as_secs(),
        scope: session.scopes.to_text(),
        jti: session.id.to_string(),
    };
    reply::with(reply::typed(StatusCode::OK, super::JSON, &answer), header::PRAGMA, "no-cache")
}
