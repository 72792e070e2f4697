//! Limits: so many calls within any stretch of time. An exact sliding window: a vendor that shows its count must not
//! show another one than it goes by.
//!
//! Kept out: the clock, and whose window it is.

use jiff::{SignedDuration, Timestamp};
use std::collections::VecDeque;

/// At most so many calls in any stretch of that length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// How many; never 0.
    pub most: usize,
    /// How long the stretch is.
    pub within: SignedDuration,
}

/// The calls of the last stretch, the oldest first. Holds at most as many as its limit allows.
#[derive(Debug, Clone, Default)]
pub struct Window(VecDeque<Timestamp>);

impl Window {
    /// How many calls count now. One that was made at `t` counts until just before `t + within`.
    pub fn count(&mut self, limit: Limit, now: Timestamp) -> usize {
        // The clock was set back: what lies ahead was made before that, and forgetting it only ever forgives.
        while self.0.back().is_some_and(|made| *made > now) {
            self.0.pop_back();
        }
        while self.0.front().is_some_and(|made| now.duration_since(*made) >= limit.within) {
            self.0.pop_front();
        }
        self.0.len()
    }

    /// Makes a call: how many count now, this one included. If it is one too many it does not count itself, and the error
    /// is how long until the next can be made.
    pub fn take(&mut self, limit: Limit, now: Timestamp) -> Result<usize, SignedDuration> {
        let count = self.count(limit, now);
        if count < limit.most {
            self.0.push_back(now);
            return Ok(count + 1);
        }
        // When this one no longer counts, there is room.
        let blocking = self.0.get(count - limit.most.min(count)).copied().unwrap_or(now);
        Err(limit.within.saturating_sub(now.duration_since(blocking)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::from_millis;
    use proptest::prelude::*;

    const LIMIT: Limit = Limit { most: 3, within: SignedDuration::from_secs(60) };

    fn at(millis: i64) -> Timestamp {
        from_millis(millis)
    }

    #[test]
    fn the_one_too_many_is_told_how_long_to_wait_and_does_not_count() {
        let mut window = Window::default();
        assert_eq!(window.take(LIMIT, at(0)), Ok(1));
        assert_eq!(window.take(LIMIT, at(10_000)), Ok(2));
        assert_eq!(window.take(LIMIT, at(59_999)), Ok(3));
        assert_eq!(window.take(LIMIT, at(59_999)), Err(SignedDuration::from_millis(1)));
        assert_eq!(window.count(LIMIT, at(59_999)), 3);
        assert_eq!(window.take(LIMIT, at(60_000)), Ok(3));
        assert_eq!(window.take(LIMIT, at(60_001)), Err(SignedDuration::from_millis(9_999)));
        assert_eq!(window.count(LIMIT, at(120_000)), 0);
    }

    #[test]
    fn a_clock_that_is_set_back_forgives() {
        let mut window = Window::default();
        for _ in 0..3 {
            window.take(LIMIT, at(3_600_000)).unwrap();
        }
        assert_eq!(window.take(LIMIT, at(0)), Ok(1));
    }

    #[test]
    fn a_limit_that_became_smaller_holds_at_once() {
        let mut window = Window::default();
        for second in 0..3 {
            window.take(LIMIT, at(second * 1_000)).unwrap();
        }
        let smaller = Limit { most: 1, ..LIMIT };
        assert_eq!(window.take(smaller, at(3_000)), Err(SignedDuration::from_secs(59)));
        assert_eq!(window.take(smaller, at(61_999)), Err(SignedDuration::from_millis(1)));
        assert_eq!(window.take(smaller, at(62_000)), Ok(1));
    }

    proptest! {
        #[test]
        fn no_stretch_ever_holds_more_and_none_is_refused_that_fits(
            steps in proptest::collection::vec(0_i64..40_000, 1..60),
        ) {
            let mut window = Window::default();
            let (mut now, mut made) = (0, Vec::new());
            for step in steps {
                now += step;
                let recent = made.iter().filter(|one| now - **one < 60_000).count();
                match window.take(LIMIT, at(now)) {
                    Ok(count) => {
                        made.push(now);
                        prop_assert_eq!(count, recent + 1);
                        prop_assert!(count <= LIMIT.most);
                    }
                    Err(wait) => {
                        prop_assert_eq!(recent, LIMIT.most);
                        prop_assert!(wait > SignedDuration::ZERO);
                        let mut later = window.clone();
                        prop_assert!(later.take(LIMIT, at(now) + wait).is_ok());
                        let mut sooner = window.clone();
                        let just_before = at(now) + wait - SignedDuration::from_millis(1);
                        prop_assert!(sooner.take(LIMIT, just_before).is_err());
                    }
                }
            }
        }
    }
}
