//! Clients (RFC 6749 section 2): service principals that prove themselves with a key or with what they sign, and what
//! they may hear of tokens and take back.

use super::verify::{Ask, Grant, Verdict};
use super::{Actor, Authority, Proved, Which};
use crate::assertion::Assertion;
use crate::error::{Error, Unauthenticated, Violation};
use crate::journal::Action;
use crate::jwks::{self, ClientKey, MOST};
use crate::principal::{Kind, Principal};
use crate::realm::RealmId;
use crate::replay::{Replay, ReplayKey};
use crate::session::Session;
use crate::store::{Key, Record, StoreError, Write};
use crate::token::{Purpose, State, TokenNumber, counts_from};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use std::net::IpAddr;

/// The scope whose holder hears of every token of the realm.
const VERIFY: &str = "counterfoil.tokens.verify";
/// Under which route the ids of assertions are remembered.
const ROUTE: &str = "client assertion";

/// A client's signed proof of who it is (RFC 7523).
#[derive(Debug)]
pub struct ClientProof<'a> {
    /// Whose exchange tokens have the client ids.
    pub dialect: &'a str,
    /// The JWT.
    pub assertion: &'a str,
    /// The client that the request names besides, if it names one.
    pub client: Option<&'a str>,
    /// Under which names we are meant.
    pub audiences: &'a [String],
    /// From where it comes.
    pub address: Option<IpAddr>,
}

impl Authority {
    /// Finds out who signed. The algorithm is that of the client's key, and an assertion counts once, restarts or not.
    /// Any failure is `Unauthenticated(Invalid)`; none is counted, since no signature can be guessed.
    pub async fn prove_signed(&self, realm: RealmId, proof: &ClientProof<'_>) -> Result<Proved, Error> {
        let refused = || Error::from(Unauthenticated::Invalid);
        let now = self.now();
        let assertion = Assertion::read(proof.assertion).ok_or_else(refused)?;
        let named = proof.client.is_none_or(|client| client == assertion.client);
        if !named || !assertion.is_timely(now) || !assertion.is_for(proof.audiences) {
            return Err(refused());
        }
        let proved = self.client(realm, proof, &assertion.client).await?.ok_or_else(refused)?;
        let keys = proved.principal.jwks.as_deref().map(jwks::kept).unwrap_or_default();
        if !assertion.is_signed_by(&keys) {
            return Err(refused());
        }
        let proved = self.second_factor(proved, None).await?.ok_or_else(refused)?;
        let replay = Replay {
            until: assertion.over(now),
            request: Sha256::digest(proof.assertion).into(),
            sealed: Vec::new(),
            key: ReplayKey { realm, actor: assertion.client, route: ROUTE.to_owned(), key: assertion.id },
        };
        let writes = vec![Write::ForgetReplays(now), Write::Insert(Record::Replay(replay))];
        match self.commit(writes, Vec::new(), now).await {
            Err(StoreError::Taken(_)) => Err(refused()),
            outcome => outcome.map(|()| proved).map_err(StoreError::into),
        }
    }

    /// Sets the public keys that a principal signs its assertions with: the whole set. If one is taken away, what it may
    /// have bought ends. Since they prove the whole principal, their maker must be able to give all that it may do.
    pub async fn set_client_keys(&self, actor: &Actor, which: &Which, set: &Value) -> Result<String, Error> {
        let keys = sound_keys(set)?;
        let id = self.mine_or_beneath(actor, which).await?.id;
        let _held = self.hold_principal(actor, id).await;
        let mut principal = self.mine_or_beneath(actor, &Which::Id(id.0)).await?;
        actor.may_give(&self.index.roster.scopes_of(&principal.roles), &self.catalogue)?;
        let written = jwks::write(&keys);
        let before = principal.jwks.as_deref().map(jwks::kept).unwrap_or_default();
        let now = self.now();
        let (mut writes, mut journal) = (Vec::new(), Vec::new());
        if before.iter().any(|key| !keys.contains(key)) {
            self.end_all(actor, principal.id, &mut writes, &mut journal, now).await?;
        }
        principal.jwks = (!keys.is_empty()).then(|| written.clone());
        principal.version += 1;
        principal.updated = now;
        principal.updated_by = actor.principal();
        let mut line = actor.line(Action::PrincipalEdit, principal.id.0.to_string(), now);
        line.detail.insert("fields".into(), vec!["jwks"].into());
        journal.push(line);
        writes.push(Write::Update(Record::Principal(principal)));
        self.commit(writes, journal, now).await?;
        Ok(written)
    }

    /// Whether tokens may be addressed to somebody of this name: to a service, spelt exactly as its user name.
    pub async fn is_audience(&self, realm: RealmId, name: &str) -> Result<bool, Error> {
        let found = self.store.find(Key::PrincipalByName(realm, Principal::name_key(name))).await?;
        Ok(matches!(found, Some(Record::Principal(named))
            if named.kind == Kind::Service && named.username == name && !named.disabled))
    }

    /// What a client hears of a token (RFC 7662 section 4): of its own, of those that it asked for, of those addressed to
    /// it; of every one if it may verify.
    pub fn told(&self, client: &Proved, text: &str, ask: &Ask<'_>) -> Result<Option<Grant>, Error> {
        let everything = self.held_by(client)?.covers(VERIFY);
        Ok(match self.tell(text, ask) {
            Verdict::Live(grant) if everything || concerns(&grant, client) => Some(grant),
            _ => None,
        })
    }

    /// Takes a token back from the client that it speaks for or that asked for it (RFC 7009). What nobody knows is over
    /// already, and whatever network it counts from, it can be given back from anywhere.
    pub async fn take_back(&self, client: &Proved, text: &str) -> Result<(), Error> {
        let actor = self.proven(client)?;
        let Some(known) = self.index.get(&self.keys.bearer(text), text) else { return Ok(()) };
        let standing = &known.terms.standing;
        if standing.realm.id != actor.realm() {
            return Ok(());
        }
        let own = standing.id == client.principal.id;
        match (known.session(), known.number) {
            (Some(session), _) if own || is_asked_by(session, client) => self.end(&actor, session).await,
            (None, Some(token)) if own => self.take_token_back(&actor, known.id(), token).await,
            _ => Err(Error::forbidden([], "the token was not given to this client")),
        }
    }

    async fn take_token_back(&self, actor: &Actor, id: &str, token: TokenNumber) -> Result<(), Error> {
        let _held = self.hold(("token", actor.realm(), id)).await;
        let Some(Record::Token(token)) = self.store.find(Key::Token(token)).await? else {
            return Ok(());
        };
        if token.revoked.is_some() {
            return Ok(());
        }
        let now = self.now();
        let (writes, journal) = self.revocation(actor, token, now).await?;
        self.commit(writes, journal, now).await.map_err(StoreError::into)
    }

    /// The live client of this name: the holder of the exchange token with that id, or else the principal with that user
    /// name.
    async fn client(
        &self,
        realm: RealmId,
        proof: &ClientProof<'_>,
        name: &str,
    ) -> Result<Option<Proved>, Error> {
        let age = self.recall.age();
        let found = self.store.find(Key::TokenById(realm, name.to_owned())).await?;
        let key = match found {
            Some(Record::Token(token))
                if token.purpose == Purpose::Exchange && *token.dialect == *proof.dialect =>
            {
                let counts =
                    token.state(self.now()) == State::Active && counts_from(&token.networks, proof.address);
                if !counts {
                    return Ok(None);
                }
                Some(token)
            }
            _ => None,
        };
        let principal = match &key {
            Some(key) => Key::Principal(key.principal),
            None => Key::PrincipalByName(realm, Principal::name_key(name)),
        };
        let Some(Record::Principal(principal)) = self.store.find(principal).await? else { return Ok(None) };
        let live = self.index.roster.standing(principal.id).is_some_and(|standing| standing.is_live());
        Ok(live.then_some(Proved { principal, key, age }))
    }
}

/// Whether a token is the client's, was asked for by it, or is addressed to it.
pub(super) fn concerns(grant: &Grant, client: &Proved) -> bool {
    let addressed = grant
        .session()
        .is_some_and(|session| is_asked_by(session, client) || session.audience == client.principal.username);
    grant.standing().id == client.principal.id || addressed
}

fn is_asked_by(session: &Session, client: &Proved) -> bool {
    session.realm == client.principal.realm && session.client == client.client()
}

/// Reads a JWK set (RFC 7517 section 5).
fn sound_keys(set: &Value) -> Result<Vec<ClientKey>, Error> {
    let given = set.get("keys").and_then(Value::as_array);
    let given = given.ok_or_else(|| Error::invalid("keys", "must be an array of public keys"))?;
    if given.len() > MOST {
        return Err(Error::invalid("keys", format!("must be at most {MOST}")));
    }
    let (mut keys, mut wrong) = (Vec::new(), Vec::new());
    for (at, key) in given.iter().enumerate() {
        match key.as_object().ok_or("must be an object").and_then(ClientKey::read) {
            Ok(key) => keys.push(key),
            Err(why) => wrong.push(Violation { field: format!("keys[{at}]"), why: why.into() }),
        }
    }
    if wrong.is_empty() { Ok(keys) } else { Err(Error::Invalid(wrong)) }
}
