//! Calls counted against a limit that everybody of a realm shares. Kept in memory: a restart forgives.

use super::Authority;
use crate::clock::to_millis;
use crate::error::Error;
use crate::limit::{Limit, Window};
use crate::realm::RealmId;
use jiff::SignedDuration;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// What is counted: a dialect's own word for it, in a realm.
type What = (RealmId, &'static str);

/// The windows.
#[derive(Debug, Default)]
pub(super) struct Meters(Mutex<HashMap<What, Window>>);

impl Authority {
    /// Counts a call of the realm; how many count now, this one included. One too many is `TooMany`, to be asked again
    /// after whole seconds.
    pub fn count_call(&self, realm: RealmId, what: &'static str, limit: Limit) -> Result<usize, Error> {
        self.metered((realm, what), |window, now| window.take(limit, now)).map_err(|wait| {
            let seconds = wait.as_secs() + i64::from(wait.subsec_nanos() > 0);
            Error::TooMany { after: SignedDuration::from_secs(seconds) }
        })
    }

    /// How many calls of the realm count now.
    pub fn calls(&self, realm: RealmId, what: &'static str, limit: Limit) -> usize {
        self.metered((realm, what), |window, now| window.count(limit, now))
    }

    /// The clock is read under the lock, so that a window sees it in order. It is the clock as it stands, not the highest
    /// ever seen: if it is set back, that one would keep a full window full until it catches up.
    fn metered<T>(&self, what: What, ask: impl FnOnce(&mut Window, jiff::Timestamp) -> T) -> T {
        let mut windows = self.meters.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = to_millis(self.clock.now());
        ask(windows.entry(what).or_default(), now)
    }
}
