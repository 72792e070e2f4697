//! Signing keys: made where they are first needed, rotated with an overlap, removed when nothing that they signed can
//! still count.

use super::{Actor, Authority, on_pool};
use crate::clock::Entropy;
use crate::error::Error;
use crate::journal::{Action, Entry};
use crate::realm::RealmId;
use crate::secret::Keys;
use crate::signing::{Algorithm, KeyState, Members, Signer, SigningKey};
use crate::store::{Record, SessionFilter, StoreError, Write};
use data_encoding::BASE64URL_NOPAD;
use jiff::{SignedDuration, Timestamp};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// How long a key signs before the next one takes over.
const SIGNS_FOR: SignedDuration = SignedDuration::from_hours(90 * 24);
/// How long a new key is published before it signs: three times the JWKS' max-age.
const PUBLISHED_BEFORE: SignedDuration = SignedDuration::from_mins(15);
/// The sizes of RSA keys; the first is the usual one.
const RSA_BITS: [usize; 3] = [2048, 3072, 4096];

const READ: &[&str] = &["counterfoil.signing-keys.read", "counterfoil.signing-keys.write"];
const WRITE: &[&str] = &["counterfoil.signing-keys.write"];

/// Keys whose private part was opened.
#[derive(Debug, Default)]
pub(super) struct Ring(Mutex<HashMap<String, Arc<Signer>>>);

impl Ring {
    fn get(&self, kid: &str) -> Option<Arc<Signer>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(kid).cloned()
    }

    fn put(&self, signer: Arc<Signer>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(signer.kid().to_owned(), signer);
    }
}

impl Authority {
    /// The realm's published public keys (RFC 7517 section 5), the oldest first.
    pub fn public_keys(&self, realm: RealmId) -> Vec<SigningKey> {
        self.index.roster.signing_keys(realm)
    }

    /// The realm's signing keys.
    pub fn signing_keys(&self, actor: &Actor) -> Result<Vec<SigningKey>, Error> {
        actor.require(READ)?;
        Ok(self.index.roster.signing_keys(actor.realm()))
    }

    /// Makes a new key that signs at once for whatever the active one of this dialect and algorithm signed; that one
    /// stays published until nothing that it signed can count. An RSA key has as many bits as said, or else as the one
    /// before.
    pub async fn rotate_signing_key(
        &self,
        actor: &Actor,
        dialect: &str,
        algorithm: Algorithm,
        bits: Option<usize>,
    ) -> Result<SigningKey, Error> {
        actor.require(WRITE)?;
        if bits.is_some_and(|bits| !algorithm.is_rsa() || !RSA_BITS.contains(&bits)) {
            return Err(Error::invalid("bits", "must be 2048, 3072 or 4096, and of an RSA key"));
        }
        let _held = self.hold(("signing", actor.realm())).await;
        let now = self.now();
        let old = self.keys_of(actor.realm(), dialect, algorithm);
        let active = old.iter().find(|key| key.state == KeyState::Active);
        let bits = bits.or_else(|| active.and_then(bits_of));
        let fresh = self.new_key(actor.realm(), dialect, (algorithm, bits), KeyState::Active, now).await?;
        let mut writes = Vec::new();
        let mut journal = vec![actor.line(Action::KeyCreate, fresh.kid.clone(), now)];
        for old in old {
            if matches!(old.state, KeyState::Active | KeyState::Pending) {
                journal.push(actor.line(Action::KeyRetire, old.kid.clone(), now));
                writes.push(moved(old, KeyState::Retiring, now));
            }
        }
        writes.push(Write::Insert(Record::SigningKey(fresh.clone())));
        self.commit(writes, journal, now).await?;
        Ok(fresh)
    }

    /// Removes a key; refused while a session that it signed could still count.
    pub async fn remove_signing_key(&self, actor: &Actor, kid: &str) -> Result<(), Error> {
        actor.require(WRITE)?;
        let _held = self.hold(("signing", actor.realm())).await;
        let keys = self.index.roster.signing_keys(actor.realm());
        let key = keys.into_iter().find(|key| key.kid == kid).ok_or(Error::NotFound("signing key"))?;
        if key.state == KeyState::Active {
            return Err(Error::Conflict("the key signs; rotate it first".to_owned()));
        }
        let now = self.now();
        if self.signed_something_live(&key, now).await? {
            return Err(Error::Conflict(
                "a session that the key signed still counts; end it first, or wait".to_owned(),
            ));
        }
        let line = actor.line(Action::KeyRemove, kid, now);
        self.commit(vec![moved(key, KeyState::Removed, now)], vec![line], now).await.map_err(StoreError::into)
    }

    /// The schedule: a key that signed long enough gets a successor, a published successor takes over, and a retired key
    /// goes when nothing that it signed counts.
    pub(super) async fn tend_signing_keys(&self) -> Result<(), Error> {
        let now = self.now();
        for realm in self.index.roster.realm_ids() {
            let _held = self.hold(("signing", realm)).await;
            let system = Actor::operator(realm);
            for key in self.index.roster.signing_keys(realm) {
                let age = now.duration_since(key.changed);
                let siblings = self.keys_of(realm, &key.dialect, key.algorithm);
                let (writes, journal) = match key.state {
                    KeyState::Active
                        if age >= SIGNS_FOR
                            && !siblings.iter().any(|other| other.state == KeyState::Pending) =>
                    {
                        let kind = (key.algorithm, bits_of(&key));
                        let next = self.new_key(realm, &key.dialect, kind, KeyState::Pending, now).await?;
                        let line = system.line(Action::KeyCreate, next.kid.clone(), now);
                        (vec![Write::Insert(Record::SigningKey(next))], vec![line])
                    }
                    KeyState::Pending if age >= PUBLISHED_BEFORE => succession(&system, siblings, key, now),
                    KeyState::Retiring
                        if age >= PUBLISHED_BEFORE && !self.signed_something_live(&key, now).await? =>
                    {
                        let line = system.line(Action::KeyRemove, key.kid.clone(), now);
                        (vec![moved(key, KeyState::Removed, now)], vec![line])
                    }
                    _ => continue,
                };
                self.commit(writes, journal, now).await?;
            }
        }
        Ok(())
    }

    /// Makes sure that there is a key to sign with, so that readers can know it before anything is signed.
    pub async fn prepare_to_sign(
        &self,
        realm: RealmId,
        dialect: &str,
        algorithm: Algorithm,
    ) -> Result<(), Error> {
        self.signer(realm, dialect, algorithm).await.map(drop)
    }

    /// The key that signs for this dialect; made now if there is none.
    pub(super) async fn signer(
        &self,
        realm: RealmId,
        dialect: &str,
        algorithm: Algorithm,
    ) -> Result<Arc<Signer>, Error> {
        let active =
            || self.keys_of(realm, dialect, algorithm).into_iter().find(|key| key.state == KeyState::Active);
        if let Some(key) = active() {
            return self.opened(&key);
        }
        let _held = self.hold(("signing", realm)).await;
        if let Some(key) = active() {
            return self.opened(&key);
        }
        let now = self.now();
        let key = self.new_key(realm, dialect, (algorithm, None), KeyState::Active, now).await?;
        let line = Actor::operator(realm).line(Action::KeyCreate, key.kid.clone(), now);
        self.commit(vec![Write::Insert(Record::SigningKey(key.clone()))], vec![line], now).await?;
        self.opened(&key)
    }

    /// Whether this is a JWT that a key of this dialect signed and whose time is over: only for wording a refusal.
    pub(super) fn was_ours(&self, jwt: &str, dialect: &str) -> bool {
        if jwt.bytes().filter(|byte| *byte == b'.').count() != 2 {
            return false;
        }
        let seconds = self.now().as_second();
        let expired = |key: &SigningKey| {
            let claims = self.opened(key).ok()?.claims(jwt)?;
            claims.get("exp")?.as_i64().filter(|exp| *exp <= seconds)
        };
        let realms = self.index.roster.realm_ids();
        realms
            .into_iter()
            .flat_map(|realm| self.index.roster.signing_keys(realm))
            .any(|key| key.dialect == dialect && expired(&key).is_some())
    }

    fn keys_of(&self, realm: RealmId, dialect: &str, algorithm: Algorithm) -> Vec<SigningKey> {
        let keys = self.index.roster.signing_keys(realm);
        keys.into_iter().filter(|key| key.dialect == dialect && key.algorithm == algorithm).collect()
    }

    fn opened(&self, key: &SigningKey) -> Result<Arc<Signer>, Error> {
        if let Some(signer) = self.ring.get(&key.kid) {
            return Ok(signer);
        }
        let pkcs8 = self
            .keys
            .open(&about(&key.kid), &key.sealed)
            .ok_or_else(|| Error::unavailable("a signing key does not open"))?;
        let signer = Arc::new(Signer::from_pkcs8(key.algorithm, &pkcs8)?);
        self.ring.put(Arc::clone(&signer));
        Ok(signer)
    }

    async fn new_key(
        &self,
        realm: RealmId,
        dialect: &str,
        (algorithm, bits): (Algorithm, Option<usize>),
        state: KeyState,
        now: Timestamp,
    ) -> Result<SigningKey, Error> {
        let entropy = Arc::clone(&self.entropy);
        let bits = bits.unwrap_or(RSA_BITS[0]);
        let generate = move || Signer::generate(algorithm, bits, &*entropy);
        let (_, pkcs8) = on_pool(&self.pool, generate).await??;
        let key = sealed_key(&self.keys, &*self.entropy, realm, dialect, (algorithm, &pkcs8), now)?;
        Ok(SigningKey { state, ..key })
    }

    async fn signed_something_live(&self, key: &SigningKey, now: Timestamp) -> Result<bool, StoreError> {
        let filter =
            SessionFilter { kid: Some(key.kid.clone()), live_at: Some(now), ..SessionFilter::of(key.realm) };
        Ok(!self.some_sessions(&filter, None, 1).await?.is_empty())
    }
}

/// The record of an active signing key whose private part (PKCS#8) this is.
pub fn sealed_key(
    keys: &Keys,
    entropy: &dyn Entropy,
    realm: RealmId,
    dialect: &str,
    (algorithm, pkcs8): (Algorithm, &[u8]),
    now: Timestamp,
) -> Result<SigningKey, Error> {
    let signer = Signer::from_pkcs8(algorithm, pkcs8)?;
    Ok(SigningKey {
        kid: signer.kid().to_owned(),
        realm,
        dialect: dialect.to_owned(),
        algorithm,
        state: KeyState::Active,
        public: serde_json::Value::Object(signer.public()).to_string(),
        sealed: keys.seal(&about(signer.kid()), pkcs8, entropy)?,
        created: now,
        changed: now,
        version: 1,
    })
}

/// The length of an RSA key's modulus.
fn bits_of(key: &SigningKey) -> Option<usize> {
    let public: Members = serde_json::from_str(&key.public).ok()?;
    Some(BASE64URL_NOPAD.decode(public.get("n")?.as_str()?.as_bytes()).ok()?.len() * 8)
}

/// For which place a private part is sealed.
fn about(kid: &str) -> String {
    format!("signing-key/{kid}")
}

fn moved(key: SigningKey, state: KeyState, now: Timestamp) -> Write {
    Write::Update(Record::SigningKey(SigningKey { state, changed: now, version: key.version + 1, ..key }))
}

/// A published key takes over from the one that signs.
fn succession(
    system: &Actor,
    siblings: Vec<SigningKey>,
    next: SigningKey,
    now: Timestamp,
) -> (Vec<Write>, Vec<Entry>) {
    let mut journal = vec![system.line(Action::KeyActivate, next.kid.clone(), now)];
    let mut writes = Vec::new();
    for old in siblings.into_iter().filter(|key| key.state == KeyState::Active) {
        journal.push(system.line(Action::KeyRetire, old.kid.clone(), now));
        writes.push(moved(old, KeyState::Retiring, now));
    }
    writes.push(moved(next, KeyState::Active, now));
    (writes, journal)
}
