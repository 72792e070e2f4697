//! Replay records: the sealed outcome of a create or rotation, kept 15 minutes for a caller that asks again; and the ids
//! of clients' assertions, which count once: whoever repeats one hears nothing.

use crate::realm::RealmId;
use jiff::{SignedDuration, Timestamp};

/// How long an outcome is kept.
pub const KEPT: SignedDuration = SignedDuration::from_mins(15);

/// Which request a replay answers.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ReplayKey {
    /// The actor's realm.
    pub realm: RealmId,
    /// The public id of the actor's credential, `operator`, or who signed an assertion.
    pub actor: String,
    /// Method and route template.
    pub route: String,
    /// The caller's `Idempotency-Key`, or an assertion's `jti`.
    pub key: String,
}

/// The sealed outcome of one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replay {
    /// Which request.
    pub key: ReplayKey,
    /// SHA-256 of what was asked; another body under the same key is a conflict.
    pub request: [u8; 32],
    /// The outcome, sealed with the data key for this key; empty for an assertion.
    pub sealed: Vec<u8>,
    /// Kept until then.
    pub until: Timestamp,
}
