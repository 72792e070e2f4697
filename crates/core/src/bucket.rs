//! Buckets: so many uses in so long a time, given back evenly (GCRA). All of them may come at once. A bucket is one number,
//! and exact: time is counted in the parts of a millisecond of which there are `count`, so that nothing is ever rounded.
//!
//! Kept out: the clock, and whose bucket it is. [`crate::limit`] counts as vendors do, who show each call.

use crate::token::Limit;
use jiff::{SignedDuration, Timestamp};

/// What is spent of a limit.
#[derive(Debug, Clone, Copy)]
pub struct Bucket {
    limit: Limit,
    /// When all of it is given back: the theoretical arrival time, in parts of a millisecond since 1970.
    due: i128,
}

impl Bucket {
    /// One of which nothing is spent.
    pub fn full(limit: Limit) -> Self {
        Self { limit, due: i128::MIN }
    }

    /// How many uses there may be now, and how long until there may be one more than that: nothing if all may be.
    ///
    /// A limit that changed holds at once, for what is spent of the old one too. A clock that was set back leaves at most
    /// everything spent.
    pub fn left(&mut self, limit: Limit, now: Timestamp) -> (u64, SignedDuration) {
        if limit != self.limit {
            let spent = self.debt(now).div_euclid(per(self.limit))
                + i128::from(self.debt(now).rem_euclid(per(self.limit)) > 0);
            let spent = spent.min(i128::from(limit.count));
            *self = Self { limit, due: parts(limit, now) + spent * per(limit) };
        }
        let debt = self.debt(now);
        self.due = parts(limit, now) + debt;
        let free = most(limit) - debt;
        let left = free / per(limit);
        let until = if debt == 0 { 0 } else { (left + 1) * per(limit) - free };
        // Rounded up: whoever waits so long has waited long enough.
        let millis = (until + i128::from(limit.count) - 1) / i128::from(limit.count);
        (
            u64::try_from(left).unwrap_or(0),
            SignedDuration::from_millis(i64::try_from(millis).unwrap_or(i64::MAX)),
        )
    }

    /// Spends one of what [`Bucket::left`] just said there is.
    pub fn take(&mut self) {
        self.due += per(self.limit);
    }

    /// Whether everything is given back.
    pub fn is_full(&self, now: Timestamp) -> bool {
        self.debt(now) == 0
    }

    fn debt(&self, now: Timestamp) -> i128 {
        self.due.saturating_sub(parts(self.limit, now)).clamp(0, most(self.limit))
    }
}

/// An instant in parts of a millisecond.
fn parts(limit: Limit, at: Timestamp) -> i128 {
    i128::from(at.as_millisecond()) * i128::from(limit.count)
}

/// What one use costs, in those parts: `per / count` of a millisecond count, times `count`.
fn per(limit: Limit) -> i128 {
    limit.per.as_millis().max(1)
}

/// What all of them cost.
fn most(limit: Limit) -> i128 {
    per(limit) * i128::from(limit.count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::from_millis;
    use proptest::prelude::*;

    const LIMIT: Limit = Limit { count: 3, per: SignedDuration::from_secs(60) };

    fn spend(bucket: &mut Bucket, limit: Limit, millis: i64) -> Result<u64, i128> {
        let (left, wait) = bucket.left(limit, from_millis(millis));
        if left == 0 {
            return Err(wait.as_millis());
        }
        bucket.take();
        Ok(left - 1)
    }

    #[test]
    fn all_may_come_at_once_and_come_back_evenly() {
        let mut bucket = Bucket::full(LIMIT);
        assert_eq!(bucket.left(LIMIT, from_millis(0)), (3, SignedDuration::ZERO));
        for left in [2, 1, 0] {
            assert_eq!(spend(&mut bucket, LIMIT, 0), Ok(left));
        }
        assert_eq!(spend(&mut bucket, LIMIT, 0), Err(20_000));
        assert_eq!(spend(&mut bucket, LIMIT, 19_999), Err(1));
        assert_eq!(spend(&mut bucket, LIMIT, 20_000), Ok(0));
        assert_eq!(spend(&mut bucket, LIMIT, 20_000), Err(20_000));
        assert_eq!(bucket.left(LIMIT, from_millis(61_000)), (2, SignedDuration::from_secs(19)));
        assert!(!bucket.is_full(from_millis(79_999)));
        assert!(bucket.is_full(from_millis(80_000)));
    }

    #[test]
    fn a_third_of_a_millisecond_is_not_lost() {
        let limit = Limit { count: 3, per: SignedDuration::from_secs(1) };
        let mut bucket = Bucket::full(limit);
        let passed = (0..=100_000).filter(|millis| spend(&mut bucket, limit, *millis).is_ok()).count();
        assert_eq!(passed, 3 + 300);
    }

    #[test]
    fn a_clock_that_is_set_back_leaves_at_most_everything_spent() {
        let mut bucket = Bucket::full(LIMIT);
        for _ in 0..3 {
            spend(&mut bucket, LIMIT, 3_600_000).unwrap();
        }
        assert_eq!(spend(&mut bucket, LIMIT, 0), Err(20_000));
        assert_eq!(spend(&mut bucket, LIMIT, 20_000), Ok(0));
    }

    #[test]
    fn a_limit_that_changed_holds_at_once() {
        let mut bucket = Bucket::full(LIMIT);
        for _ in 0..2 {
            spend(&mut bucket, LIMIT, 0).unwrap();
        }
        let (smaller, larger) = (Limit { count: 1, ..LIMIT }, Limit { count: 10, ..LIMIT });
        assert_eq!(bucket.left(larger, from_millis(0)).0, 8);
        assert_eq!(spend(&mut bucket, smaller, 0), Err(60_000));
        assert_eq!(spend(&mut bucket, smaller, 60_000), Ok(0));
    }

    proptest! {
        #[test]
        fn no_stretch_holds_more_than_a_burst_and_what_comes_back(
            count in 1_u64..9,
            seconds in 1_i64..90,
            steps in proptest::collection::vec(0_i64..20_000, 1..80),
        ) {
            let limit = Limit { count, per: SignedDuration::from_secs(seconds) };
            let mut bucket = Bucket::full(limit);
            let (mut now, mut made) = (0, Vec::new());
            for step in steps {
                now += step;
                match spend(&mut bucket, limit, now) {
                    Ok(_) => made.push(now),
                    Err(wait) => {
                        prop_assert!(wait > 0);
                        let wait = i64::try_from(wait).unwrap();
                        prop_assert!(spend(&mut bucket.clone(), limit, now + wait).is_ok());
                        prop_assert!(spend(&mut bucket.clone(), limit, now + wait - 1).is_err());
                    }
                }
            }
            let per = i128::from(seconds) * 1_000;
            for (at, first) in made.iter().enumerate() {
                for (more, last) in made[at..].iter().enumerate() {
                    let come_back = i128::from(last - first) * i128::from(count) / per;
                    prop_assert!(i128::try_from(more).unwrap() < i128::from(count) + come_back);
                }
            }
        }
    }
}
