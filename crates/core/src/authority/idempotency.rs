//! Idempotency: whoever repeats a create or rotation under the same key within 15 minutes hears the same outcome.

use super::{Actor, Authority};
use crate::error::{Error, Unauthenticated};
use crate::replay::{KEPT, Replay, ReplayKey};
use crate::store::{Key, Record, Write};
use jiff::Timestamp;
use std::future::Future;
use uuid::Uuid;
use zeroize::Zeroizing;

/// A request that may be repeated.
#[derive(Debug, Clone)]
pub struct Idempotency {
    /// The caller's key, 1 to 128 visible ASCII characters.
    pub key: String,
    /// Method and route template.
    pub route: String,
    /// SHA-256 of the path and body.
    pub request: [u8; 32],
}

impl Authority {
    /// Answers a repeated request from its record, read by `read`; otherwise does `first`, whose change is to hold
    /// what [`Authority::kept`] gives.
    pub(super) async fn once<T, F, W>(
        &self,
        actor: &Actor,
        once: Option<&Idempotency>,
        read: fn(&[u8]) -> Result<T, Error>,
        first: F,
    ) -> Result<T, Error>
    where
        F: FnOnce() -> W,
        W: Future<Output = Result<T, Error>>,
    {
        if actor.is_echo() {
            return Err(Unauthenticated::Invalid.into());
        }
        if let Some(once) = once
            && let Some(outcome) = self.replayed(actor, once).await?
        {
            return read(&outcome);
        }
        match (first().await, once) {
            // Two under the same key at once: the other was first, and its outcome is the outcome.
            (Err(Error::Conflict(why)), Some(once)) => {
                let outcome = self.replayed(actor, once).await?.ok_or(Error::Conflict(why))?;
                read(&outcome)
            }
            (outcome, _) => outcome,
        }
    }

    /// The writes that keep this outcome, to be part of the change that makes it.
    pub(super) fn kept(
        &self,
        actor: &Actor,
        once: Option<&Idempotency>,
        outcome: &[u8],
        now: Timestamp,
    ) -> Result<Vec<Write>, Error> {
        let Some(once) = once else { return Ok(Vec::new()) };
        let key = key(actor, once);
        let sealed = self.keys.seal(&about(&key), outcome, &*self.entropy)?;
        let replay = Replay { key, request: once.request, sealed, until: now + KEPT };
        Ok(vec![Write::ForgetReplays(now), Write::Insert(Record::Replay(replay))])
    }

    /// The outcome kept for this request, if it was made before.
    pub(super) async fn replayed(
        &self,
        actor: &Actor,
        once: &Idempotency,
    ) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
        let key = key(actor, once);
        let about = about(&key);
        let found = self.store.find(Key::Replay(key)).await?;
        let Some(Record::Replay(replay)) = found else { return Ok(None) };
        if replay.until <= self.now() {
            return Ok(None);
        }
        if replay.request != once.request {
            return Err(Error::Conflict(
                "the idempotency key was used for another request; choose a new one".to_owned(),
            ));
        }
        let plain = self.keys.open(&about, &replay.sealed);
        plain.map(Some).ok_or_else(|| Error::unavailable("a replay record does not open"))
    }
}

/// A key is good for the credential that it was used with; of whoever brought a password, for the principal.
fn key(actor: &Actor, once: &Idempotency) -> ReplayKey {
    let proven = || actor.principal().map(|principal| principal.0.to_string());
    let credential = actor.credential().map(ToString::to_string).or_else(proven);
    ReplayKey {
        realm: actor.realm(),
        actor: credential.unwrap_or_else(|| "operator".to_owned()),
        route: once.route.clone(),
        key: once.key.clone(),
    }
}

fn about(key: &ReplayKey) -> String {
    format!("replay/{}/{:?}/{:?}/{:?}", key.realm.0, key.actor, key.route, key.key)
}

/// Reads the outcome of a create that only gave an id.
pub(super) fn made(outcome: &[u8]) -> Result<Uuid, Error> {
    Uuid::from_slice(outcome).map_err(Error::unavailable)
}
