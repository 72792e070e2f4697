//! How commits ended and how long they took: numbers that only grow, for metrics.

use crate::store::StoreError;
use jiff::SignedDuration;
use std::sync::atomic::{AtomicU64, Ordering};

/// The upper bounds of the stretches in which commits are counted by how long they took, in seconds.
const BOUNDS: [f64; 10] = [0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.5];

/// What is counted.
#[derive(Debug, Default)]
pub struct Commits {
    done: AtomicU64,
    refused: AtomicU64,
    unknown: AtomicU64,
    /// Those beyond every bound come last.
    took: [AtomicU64; BOUNDS.len() + 1],
    micros: AtomicU64,
}

impl Commits {
    pub(super) fn note(&self, outcome: &Result<(), StoreError>, took: SignedDuration) {
        let count = match outcome {
            Ok(()) => &self.done,
            Err(StoreError::Taken(_) | StoreError::Stale(_)) => &self.refused,
            Err(StoreError::Unavailable(_)) => &self.unknown,
        };
        count.fetch_add(1, Ordering::Relaxed);
        // A clock that was set back meanwhile says less than nothing.
        let took = took.max(SignedDuration::ZERO);
        let beyond = BOUNDS.iter().position(|bound| took.as_secs_f64() <= *bound);
        self.took[beyond.unwrap_or(BOUNDS.len())].fetch_add(1, Ordering::Relaxed);
        self.micros.fetch_add(u64::try_from(took.as_micros()).unwrap_or(0), Ordering::Relaxed);
    }

    /// How many were done, were refused because another change came first, and have an unknown outcome.
    pub fn counts(&self) -> [(&'static str, u64); 3] {
        let count = |count: &AtomicU64| count.load(Ordering::Relaxed);
        [("done", count(&self.done)), ("refused", count(&self.refused)), ("unknown", count(&self.unknown))]
    }

    /// How many took at most so many seconds and longer than the bound before; the last bound is infinite.
    pub fn took(&self) -> Vec<(f64, u64)> {
        let bounds = BOUNDS.into_iter().chain([f64::INFINITY]);
        bounds.zip(self.took.iter().map(|count| count.load(Ordering::Relaxed))).collect()
    }

    /// How many seconds they took together.
    pub fn seconds(&self) -> f64 {
        std::time::Duration::from_micros(self.micros.load(Ordering::Relaxed)).as_secs_f64()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_commit_is_counted_by_how_it_ended_and_how_long_it_took() {
        let commits = Commits::default();
        let took = |micros| SignedDuration::from_micros(micros);
        commits.note(&Ok(()), took(500));
        commits.note(&Err(StoreError::Stale("token")), took(3_000_000));
        commits.note(&Err(StoreError::Unavailable("gone".into())), took(-1));
        assert_eq!(commits.counts(), [("done", 1), ("refused", 1), ("unknown", 1)]);
        let counted: Vec<_> = commits.took().into_iter().filter(|(_, count)| *count > 0).collect();
        assert_eq!(counted, [(0.000_5, 2), (f64::INFINITY, 1)]);
        assert!((commits.seconds() - 3.000_5).abs() < 1e-9);
    }
}
