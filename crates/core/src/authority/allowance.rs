//! Calls counted against a limit that each principal has for itself. Kept in memory: a restart forgives.

use super::{Actor, Authority};
use crate::clock::to_millis;
use crate::error::Error;
use crate::limit::{Limit, Window};
use crate::principal::PrincipalId;
use jiff::{SignedDuration, Timestamp};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

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

    fn of(window: &mut Window, limit: Limit, now: Timestamp) -> Self {
        let count = window.count(limit, now);
        if count == 0 {
            return Self::whole(limit);
        }
        // Where there is room for no more than there is, nothing is taken: what comes is how long until there is room.
        let full = Limit { most: count.min(limit.most), ..limit };
        let eases = window.take(full, now).err().unwrap_or_default();
        // Rounded up: whoever waits so long has waited long enough.
        let eases = SignedDuration::from_secs(eases.as_secs() + i64::from(eases.subsec_nanos() > 0));
        Self { most: limit.most, left: limit.most.saturating_sub(count), eases }
    }
}

/// Whose calls, of which dialect, within which stretch: two mounts may count differently.
type Whose = (PrincipalId, &'static str, SignedDuration);

/// The windows, each with the limit that it was last asked with.
#[derive(Debug, Default)]
pub(super) struct Turns(Mutex<HashMap<Whose, (Window, Limit)>>);

impl Turns {
    /// Drops the windows in which nothing counts any more.
    pub(super) fn sweep(&self, now: Timestamp) {
        let mut windows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        windows.retain(|_, (window, limit)| window.count(*limit, now) > 0);
    }
}

impl Authority {
    /// Counts a call of the actor's principal to this dialect, if it is not one too many, and tells what is left after
    /// it. The operator and an echo have all turns there are.
    pub fn turn(&self, actor: &Actor, dialect: &'static str, limit: Limit) -> (Allowance, Result<(), Error>) {
        let Some(principal) = actor.principal() else { return (Allowance::whole(limit), Ok(())) };
        let mut windows = self.turns.0.lock().unwrap_or_else(PoisonError::into_inner);
        // The clock as it stands, read under the lock: the highest ever seen would keep a full window full for as long
        // as the clock was set back.
        let now = to_millis(self.clock.now());
        let (window, asked) =
            windows.entry((principal, dialect, limit.within)).or_insert_with(|| (Window::default(), limit));
        *asked = limit;
        let taken = window.take(limit, now);
        let allowance = Allowance::of(window, limit, now);
        (allowance, taken.map(drop).map_err(|_| Error::TooMany { after: allowance.eases }))
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
