//! Proving who one is: with a password or an exchange token, and where there is one a second factor. Whatever is wrong,
//! the refusal is the same and cost the same work.

use super::guard::network;
use super::recall::{Age, Held};
use super::{Actor, Authority, on_pool, stripe};
use crate::error::{Error, Unauthenticated};
use crate::journal::Action;
use crate::password;
use crate::principal::{Principal, PrincipalId};
use crate::realm::RealmId;
use crate::secret::Secret;
use crate::session::Lock;
use crate::store::{Key, Query, Record, StoreError, Touch, Write};
use crate::token::{Purpose, State, TextState, Token, Use, counts_from};
use crate::totp;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

/// What somebody claims to be, and the proof.
#[derive(Debug)]
pub enum Claim<'a> {
    /// A user name and its password.
    Password {
        /// The user name.
        username: &'a str,
        /// The password.
        text: Secret,
    },
    /// An exchange token of this dialect.
    Key {
        /// Whose form it has.
        dialect: &'a str,
        /// What goes with it in the open: a user name, a key's id, a client id.
        claim: &'a str,
        /// The secret.
        text: &'a Secret,
    },
}

/// How strict a dialect is with those who claim.
#[derive(Debug, Clone, Copy)]
pub struct Door<'a> {
    /// From where they come.
    pub address: Option<IpAddr>,
    /// The code of the second factor, where this protocol can carry one.
    pub code: Option<u32>,
    /// After how many failures in a row from one network it is closed for a while.
    pub threshold: u32,
    /// The scope that lets a principal hold a key, if the dialect asks for one.
    pub keys_need: Option<&'a str>,
}

/// Who it was.
#[derive(Debug, Clone)]
pub struct Proved {
    /// The principal.
    pub principal: Principal,
    /// The exchange token, if one was brought.
    pub key: Option<Token>,
    /// While it lasts, both records are as they were.
    pub(super) age: Age,
}

/// Logins and uses of keys that are still to be written down.
#[derive(Debug, Default)]
pub(super) struct Noted(Mutex<Vec<Touch>>);

impl Noted {
    pub(super) fn add(&self, touches: impl IntoIterator<Item = Touch>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(touches);
    }

    pub(super) fn take(&self) -> Vec<Touch> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Authority {
    /// Finds out whether the claim holds. Any failure is `Unauthenticated(Invalid)`.
    pub async fn prove(&self, realm: RealmId, claim: Claim<'_>, door: &Door<'_>) -> Result<Proved, Error> {
        let by_password = matches!(claim, Claim::Password { .. });
        let (claimant, proved) = match claim {
            Claim::Password { username, text } => self.try_password(realm, username, text).await?,
            Claim::Key { dialect, claim, text } => self.try_key(realm, dialect, claim, text, door).await?,
        };
        let Some(claimant) = claimant else { return Err(Unauthenticated::Invalid.into()) };
        let network = network(door.address);
        let coded = proved.as_ref().is_some_and(|proved| proved.principal.totp.is_some());
        // A code that is spent changes the principal, which is done under its realm's lock.
        let record = coded.then(|| stripe(("realm", realm)));
        let _held = self.hold_all(record.into_iter().chain([stripe(("proof", claimant))])).await;
        let locked = self.locked(claimant, by_password, network);
        let proved = proved.filter(|proved| {
            !locked && self.index.roster.standing(proved.principal.id).is_some_and(|s| s.is_live())
        });
        let proved = match proved {
            Some(proved) => self.second_factor(proved, door.code).await?,
            None => None,
        };
        if let Some(proved) = proved {
            self.guard.clear(claimant, by_password, network);
            let used = Use { at: self.now(), address: door.address };
            self.noted.add(proved.key.as_ref().map(|key| Touch::Use { token: key.number, used, count: 1 }));
            return Ok(proved);
        }
        if !locked && self.guard.fail(claimant, by_password, network) >= door.threshold {
            let lock = Lock { principal: claimant, network, password: by_password, since: self.now() };
            self.guard.lock(realm, lock);
        }
        Err(Unauthenticated::Invalid.into())
    }

    /// The actor of somebody who proved to be this principal: it may do what its roles allow now.
    pub fn proven(&self, proved: &Proved) -> Result<Actor, Error> {
        let standing = self.index.roster.standing(proved.principal.id).ok_or(Unauthenticated::Invalid)?;
        Ok(Actor::proven(standing))
    }

    /// Whether the principal's passwords do not count from anywhere for a while, as some vendors show it.
    pub fn is_locked_out(&self, principal: PrincipalId) -> bool {
        let now = self.now();
        self.locks(principal, true).iter().any(|lock| !super::guard::lapsed(lock, now))
    }

    /// Exactly one argon2 an attempt, whatever the outcome.
    async fn try_password(
        &self,
        realm: RealmId,
        username: &str,
        text: Secret,
    ) -> Result<(Option<PrincipalId>, Option<Proved>), Error> {
        let age = self.recall.age();
        let found = match self.store.find(Key::PrincipalByName(realm, Principal::name_key(username))).await? {
            Some(Record::Principal(principal)) => Some(principal),
            _ => None,
        };
        let digest = found.as_ref().and_then(|principal| principal.password.clone());
        let good = on_pool(&self.pool, move || password::matches(&text, digest.as_deref())).await?;
        let claimant = found.as_ref().map(|principal| principal.id);
        Ok((claimant, found.filter(|_| good).map(|principal| Proved { principal, key: None, age })))
    }

    /// Exactly one question to the store an attempt that fails, whatever the reason; at most one if it holds.
    async fn try_key(
        &self,
        realm: RealmId,
        dialect: &str,
        claim: &str,
        text: &Secret,
        door: &Door<'_>,
    ) -> Result<(Option<PrincipalId>, Option<Proved>), Error> {
        let name = Principal::name_key(claim);
        let digest = self.keys.key(realm.0, dialect, &name, text.reveal());
        let (age, held) = self.recall.get(&digest);
        let free = |held: &Arc<Held>| {
            self.opens(held, door) && !self.locked(held.principal.id, false, network(door.address))
        };
        if let Some(held) = held.filter(free) {
            return Ok((Some(held.principal.id), Some(Proved::by(&held, age))));
        }
        let found = self.store.list(Query::Claim { digest, realm, id: claim.to_owned(), name }).await?;
        let held = match <[Record; 3]>::try_from(found) {
            Ok([Record::Text(text), Record::Token(token), Record::Principal(principal)]) => {
                Held { text, token, principal }
            }
            Ok(_) => return Ok((None, None)),
            Err(others) => return Ok((others.iter().find_map(claimant), None)),
        };
        if !self.opens(&held, door) {
            return Ok((Some(held.principal.id), None));
        }
        let proved = Proved::by(&held, age);
        self.recall.keep(age, digest, held);
        Ok((Some(proved.principal.id), Some(proved)))
    }

    /// Whether a key that was named with its text counts now, from there.
    fn opens(&self, held: &Held, door: &Door<'_>) -> bool {
        let now = self.now();
        let Held { text, token, principal } = held;
        let counts = text.state != TextState::Spent
            && text.until.is_none_or(|end| now < end)
            && token.state(now) == State::Active
            && counts_from(&token.networks, door.address);
        let scopes = || self.index.roster.scopes_of(&principal.roles);
        counts && door.keys_need.is_none_or(|scope| scopes().covers(scope))
    }

    /// A principal with a second factor needs its code; a code counts once.
    pub(super) async fn second_factor(
        &self,
        proved: Proved,
        code: Option<u32>,
    ) -> Result<Option<Proved>, Error> {
        if proved.principal.totp.is_none() {
            return Ok(Some(proved));
        }
        let Proved { principal: before, key, age } = proved;
        // As it is under the lock: another login may have spent the code since the password was compared.
        let Some(Record::Principal(mut principal)) = self.store.find(Key::Principal(before.id)).await? else {
            return Ok(None);
        };
        let Some(sealed) = principal.totp.as_ref().filter(|_| principal.password == before.password) else {
            return Ok(None);
        };
        let about = totp::about(principal.id);
        let seed = self
            .keys
            .open(&about, sealed)
            .ok_or_else(|| Error::unavailable("a second factor's seed does not open"))?;
        let now = self.now();
        let step = code.and_then(|code| totp::accept(&seed, code, principal.totp_step, now));
        let Some(step) = step else { return Ok(None) };
        principal.totp_step = Some(step);
        principal.version += 1;
        self.commit(vec![Write::Update(Record::Principal(principal.clone()))], Vec::new(), now).await?;
        Ok(Some(Proved { principal, key, age }))
    }

    /// Writes down the locks that hold since the last time.
    pub(super) async fn write_locks(&self) -> Result<(), StoreError> {
        for (realm, lock) in self.guard.unwritten() {
            // Whoever takes locks off holds this too.
            let _held = self.hold(("sessions", lock.principal)).await;
            if self.guard.unwritten().iter().any(|(_, other)| *other == lock) {
                self.write_lock(realm, lock.clone()).await?;
                self.guard.written(&lock);
            }
        }
        Ok(())
    }

    async fn write_lock(&self, realm: RealmId, lock: Lock) -> Result<(), StoreError> {
        let at = lock.since;
        let mut line = Actor::operator(realm).line(Action::PrincipalLock, lock.principal.0.to_string(), at);
        line.detail.insert("network".into(), lock.network.to_string().into());
        let held = self.index.roster.locks(lock.principal, lock.password);
        // It was kept, though that was not known.
        if held.contains(&lock) {
            return Ok(());
        }
        // One that lapsed begins anew.
        let lapsed = held.iter().any(|other| other.network == lock.network);
        let record = Record::Lock(lock);
        let step = if lapsed { Write::Update(record) } else { Write::Insert(record) };
        match self.commit(vec![step], vec![line], at).await {
            // The one before has an unknown outcome: it was kept.
            Err(StoreError::Taken(_)) => Ok(()),
            outcome => outcome,
        }
    }

    fn locked(&self, principal: PrincipalId, password: bool, network: ipnet::IpNet) -> bool {
        let now = self.now();
        let held = self.locks(principal, password);
        held.iter().any(|lock| lock.network == network && !super::guard::lapsed(lock, now))
    }

    /// The locks that hold this principal's passwords, or its keys, written down or not.
    pub(super) fn locks(&self, principal: PrincipalId, password: bool) -> Vec<Lock> {
        let unwritten = self.guard.unwritten().into_iter().map(|(_, lock)| lock);
        let mut held = self.index.roster.locks(principal, password);
        held.extend(unwritten.filter(|lock| lock.principal == principal && lock.password == password));
        held
    }
}

/// Who is to be counted against if a key fails: it is named by its own id, or by its holder's name.
fn claimant(found: &Record) -> Option<PrincipalId> {
    match found {
        Record::Token(token) if token.purpose == Purpose::Exchange => Some(token.principal),
        Record::Principal(principal) => Some(principal.id),
        _ => None,
    }
}

impl Proved {
    fn by(held: &Held, age: Age) -> Self {
        Self { principal: held.principal.clone(), key: Some(held.token.clone()), age }
    }

    /// By what it is known as a client: its key's id, or its user name.
    pub fn client(&self) -> &str {
        self.key.as_ref().map_or(&self.principal.username, |key| &key.id)
    }

    /// Its principal's id as text, for logs.
    pub fn id(&self) -> Arc<str> {
        self.principal.id.0.to_string().into()
    }
}
