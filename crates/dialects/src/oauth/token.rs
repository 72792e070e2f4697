//! The token endpoint: the grants, and what stands in a JWT access token (RFC 9068).

use super::NAME;
use super::client::client;
use super::exchange::{self, GRANT as TOKEN_EXCHANGE};
use super::fault::Fault;
use super::form::Form;
use super::issuer::issuer;
use super::settings::{ALGORITHM, ALGORITHM_FOR, LIFETIME, SESSIONS};
use super::wire::{TokenReply, act};
use crate::dialect::{Answer, Call, Reply, Room};
use crate::reply;
use counterfoil_core::authority::{Exchange, Minted, Started, Worded};
use counterfoil_core::error::Error;
use counterfoil_core::scope::ScopeSet;
use counterfoil_core::signing::{Algorithm, Members};
use http::StatusCode;
use serde_json::Value;

/// The grant of RFC 6749 section 4.4.
pub(super) const CLIENT_CREDENTIALS: &str = "client_credentials";

/// `POST /oauth/token`.
pub(super) fn token(room: &Room, call: Call) -> Answer<'_> {
    Box::pin(async move { grant(room, &call).await.or_else(Fault::answer) })
}

async fn grant(room: &Room, call: &Call) -> Result<Reply, Fault> {
    let form = Form::read(call)?;
    let client = client(room, call, &form).await?;
    match form.need("grant_type")? {
        CLIENT_CREDENTIALS => {
            let asked = Asked::read(room, call, &form, None).await?;
            let word = |minted: &Minted<'_>| asked.word(minted);
            let wanted = asked.exchange(room, call, client.client(), &word);
            let started = room.house.exchange(&client, &wanted).await.map_err(beyond)?;
            Ok(given(&started, None))
        }
        TOKEN_EXCHANGE => exchange::grant(room, call, &form, &client).await,
        _ => Err(Fault::Said("unsupported_grant_type", "there is no such grant here".to_owned())),
    }
}

/// A token that was asked for.
pub(super) struct Asked {
    issuer: String,
    /// Empty: ourselves.
    audience: String,
    algorithm: Algorithm,
    scopes: Option<ScopeSet>,
}

impl Asked {
    /// Reads `scope`, `audience` (RFC 8693) and `resource` (RFC 8707); `usual` is meant if no audience is named.
    pub(super) async fn read(
        room: &Room,
        call: &Call,
        form: &Form,
        usual: Option<&str>,
    ) -> Result<Self, Fault> {
        let issuer = issuer(room, call)?;
        let scopes = form.get("scope").map(ScopeSet::from_text).transpose();
        let scopes = scopes.map_err(|why| Fault::Said("invalid_scope", format!("a scope {why}")))?;
        let target = |why: &str| Fault::Said("invalid_target", why.to_owned());
        let audience = match (form.get("audience"), form.get("resource")) {
            (Some(audience), Some(resource)) if audience != resource => {
                return Err(target("a token has one audience: audience and resource differ"));
            }
            (audience, resource) => audience.or(resource).or(usual).filter(|audience| *audience != issuer),
        };
        let chosen = audience.and_then(|audience| ALGORITHM_FOR.among(&room.settings, audience));
        if let (Some(audience), None) = (audience, chosen)
            && !room.house.is_audience(call.realm.id, audience).await?
        {
            return Err(target("nobody of that name reads tokens here"));
        }
        let algorithm = chosen.unwrap_or_else(|| ALGORITHM.of(room));
        Ok(Self { issuer, audience: audience.unwrap_or_default().to_owned(), algorithm, scopes })
    }

    /// As the rules take it.
    pub(super) fn exchange<'a>(
        &'a self,
        room: &Room,
        call: &Call,
        client: &'a str,
        word: &'a (dyn Fn(&Minted<'_>) -> Worded + Send + Sync),
    ) -> Exchange<'a> {
        Exchange {
            dialect: NAME,
            algorithm: self.algorithm,
            lifetime: LIFETIME.of(room),
            multiple: true,
            most: SESSIONS.of(room),
            scopes: self.scopes.clone(),
            audience: &self.audience,
            client,
            actors: Vec::new(),
            address: call.origin.address(),
            word,
        }
    }

    /// Header and claims (RFC 9068 section 2).
    pub(super) fn word(&self, minted: &Minted<'_>) -> Worded {
        let session = minted.session;
        let audience = if session.is_for_us() { &self.issuer } else { &session.audience };
        let header = Members::from_iter([
            ("alg".into(), self.algorithm.as_str().into()),
            ("typ".into(), "at+jwt".into()),
            ("kid".into(), session.kid.as_str().into()),
        ]);
        let mut claims = Members::from_iter([
            ("iss".into(), self.issuer.as_str().into()),
            ("sub".into(), minted.principal.id.0.to_string().into()),
            ("aud".into(), audience.as_str().into()),
            ("exp".into(), session.expires.as_second().into()),
            ("iat".into(), session.issued.as_second().into()),
            ("jti".into(), session.id.to_string().into()),
            ("client_id".into(), session.client.as_str().into()),
        ]);
        if !session.scopes.is_empty() {
            claims.insert("scope".into(), Value::from(session.scopes.to_text()));
        }
        if let Some(act) = act(&session.actors) {
            claims.insert("act".into(), act);
        }
        Worded { header, claims }
    }
}

/// The answer with the token in it.
pub(super) fn given(started: &Started, issued_token_type: Option<&'static str>) -> Reply {
    let session = &started.session;
    let answer = TokenReply {
        access_token: started.jwt.reveal().to_owned(),
        issued_token_type,
        token_type: "Bearer",
        expires_in: session.expires.as_second() - session.issued.as_second(),
        scope: session.scopes.to_text(),
    };
    reply::json(StatusCode::OK, &answer)
}

/// What lies beyond the credential is a scope that cannot be had; a client that ceased meanwhile is none.
pub(super) fn beyond(error: Error) -> Fault {
    match error {
        Error::Forbidden { needs, why } if !needs.is_empty() => Fault::Said("invalid_scope", why),
        Error::Forbidden { why, .. } => Fault::request(why),
        Error::Unauthenticated(_) => Fault::Client,
        error => error.into(),
    }
}
