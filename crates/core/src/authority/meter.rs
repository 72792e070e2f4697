//! Calls counted against a limit that everybody of a realm shares, or that each principal has for itself. Kept in memory:
//! a restart forgives.

use super::Authority;
use crate::clock::to_millis;
use crate::error::Error;
use crate::limit::{Limit, Window};
use crate::principal::PrincipalId;
use crate::realm::RealmId;
use crate::when::whole_seconds;
use jiff::{SignedDuration, Timestamp};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Whose calls are counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names of the records")]
pub enum Whose {
    Realm(RealmId),
    Principal(PrincipalId),
}

/// What is left of a limit, as some vendors show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// How many calls there may be in all.
    pub most: usize,
    /// How many more there may be now.
    pub left: usize,
    /// How long until there may be more than now, in whole seconds; nothing if all are left.
    pub eases: SignedDuration,
}

impl Allowance {
    /// Of whoever has made no call.
    pub fn whole(limit: Limit) -> Self {
        Self { most: limit.most, left: limit.most, eases: SignedDuration::ZERO }
    }

    /// How many calls count now.
    pub fn made(&self) -> usize {
        self.most - self.left
    }

    fn of(window: &mut Window, limit: Limit, now: Timestamp) -> Self {
        let count = window.count(limit, now);
        if count == 0 {
            return Self::whole(limit);
        }
        // Where there is room for no more than there is, nothing is taken: what comes is how long until there is room.
        let full = Limit { most: count.min(limit.most), ..limit };
        let eases = window.take(full, now).err().unwrap_or_default();
        Self { most: limit.most, left: limit.most.saturating_sub(count), eases: whole_seconds(eases) }
    }
}

/// Whose calls, a dialect's own word for them, and within which stretch: two mounts may count differently.
type What = (Whose, &'static str, SignedDuration);

/// The windows, each with the limit that it was last asked with.
type Windows = HashMap<What, (Window, Limit)>;

/// Every window there is.
pub(super) type Meters = Mutex<Windows>;

impl Authority {
    /// Counts a call, if it is not one too many, and tells what is left after it.
    pub fn count_call(
        &self,
        whose: Whose,
        what: &'static str,
        limit: Limit,
    ) -> (Allowance, Result<(), Error>) {
        self.metered((whose, what), limit, |window, now| {
            let taken = window.take(limit, now);
            let allowance = Allowance::of(window, limit, now);
            (allowance, taken.map(drop).map_err(|_| Error::TooMany { after: allowance.eases }))
        })
    }

    /// What is left, without a call.
    pub fn allowance(&self, whose: Whose, what: &'static str, limit: Limit) -> Allowance {
        self.metered((whose, what), limit, |window, now| Allowance::of(window, limit, now))
    }

    /// Drops the windows in which nothing counts any more.
    pub(super) fn sweep_meters(&self) {
        self.with_meters(|windows, now| windows.retain(|_, (window, limit)| window.count(*limit, now) > 0));
    }

    fn metered<T>(
        &self,
        (whose, what): (Whose, &'static str),
        limit: Limit,
        ask: impl FnOnce(&mut Window, Timestamp) -> T,
    ) -> T {
        self.with_meters(|windows, now| {
            let fresh = (Window::default(), limit);
            let (window, asked) = windows.entry((whose, what, limit.within)).or_insert(fresh);
            *asked = limit;
            ask(window, now)
        })
    }

    /// The clock is read under the lock, so that a window sees it in order. It is the clock as it stands, not the highest
    /// ever seen: if it is set back, that one would keep a full window full until it catches up.
    fn with_meters<T>(&self, ask: impl FnOnce(&mut Windows, Timestamp) -> T) -> T {
        let mut windows = self.meters.lock().unwrap_or_else(PoisonError::into_inner);
        ask(&mut windows, to_millis(self.clock.now()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::from_millis;

    const LIMIT: Limit = Limit { most: 3, within: SignedDuration::from_secs(60) };

    #[test]
    fn what_is_left_is_what_can_be_taken_and_eases_when_the_oldest_goes() {
        let mut window = Window::default();
        let left = |left, seconds| Allowance { most: 3, left, eases: SignedDuration::from_secs(seconds) };
        assert_eq!(Allowance::of(&mut window, LIMIT, from_millis(0)), Allowance::whole(LIMIT));
        window.take(LIMIT, from_millis(0)).unwrap();
        assert_eq!(Allowance::of(&mut window, LIMIT, from_millis(0)), left(2, 60));
        window.take(LIMIT, from_millis(10_000)).unwrap();
        window.take(LIMIT, from_millis(10_000)).unwrap();
        assert_eq!(Allowance::of(&mut window, LIMIT, from_millis(10_001)), left(0, 50));
        assert_eq!(Allowance::of(&mut window, LIMIT, from_millis(60_000)), left(1, 10));
        let smaller = Limit { most: 1, ..LIMIT };
        assert_eq!(
            Allowance::of(&mut window, smaller, from_millis(60_000)),
            Allowance { most: 1, ..left(0, 10) }
        );
        assert_eq!(Allowance::of(&mut window, LIMIT, from_millis(70_000)), Allowance::whole(LIMIT));
    }
}
