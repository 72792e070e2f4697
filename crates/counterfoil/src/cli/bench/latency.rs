//! Latencies counted in buckets: so fine that a quantile is known to within a hundredth, whatever its size.

use std::time::Duration;

/// Buckets for each doubling, as a power of two.
const FINE: u32 = 7;
/// Enough for every number of nanoseconds.
const BUCKETS: usize = (65 - FINE as usize) << FINE;

/// How many latencies there were of each size.
#[derive(Debug, Clone)]
pub(super) struct Latencies {
    buckets: Vec<u64>,
    count: u64,
}

impl Default for Latencies {
    fn default() -> Self {
        Self { buckets: vec![0; BUCKETS], count: 0 }
    }
}

impl Latencies {
    /// Notes one.
    pub(super) fn note(&mut self, latency: Duration) {
        let nanos = u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX);
        if let Some(bucket) = self.buckets.get_mut(bucket(nanos)) {
            *bucket += 1;
        }
        self.count += 1;
    }

    /// Takes in what another counted.
    pub(super) fn add(&mut self, other: &Self) {
        self.buckets.iter_mut().zip(&other.buckets).for_each(|(ours, theirs)| *ours += theirs);
        self.count += other.count;
    }

    /// How many there were.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// What this share of them did not exceed.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a rank, between 0 and the count"
    )]
    pub(super) fn quantile(&self, share: f64) -> Duration {
        let rank = (self.count as f64 * share).ceil() as u64;
        let mut seen = 0;
        let found = self.buckets.iter().position(|count| {
            seen += count;
            seen >= rank && seen > 0
        });
        found.map_or(Duration::ZERO, |bucket| Duration::from_nanos(upper(bucket)))
    }

    /// In microseconds.
    pub(super) fn micros(latency: Duration) -> f64 {
        latency.as_secs_f64() * 1e6
    }
}

/// The first [`FINE`] bits below the highest one choose the bucket of its doubling; what is smaller has its own.
fn bucket(nanos: u64) -> usize {
    let doubling = nanos.checked_ilog2().unwrap_or(0).saturating_sub(FINE);
    let within = usize::try_from(nanos >> doubling).unwrap_or(0);
    ((doubling as usize) << FINE) + within
}

/// The largest number of nanoseconds in the bucket.
fn upper(bucket: usize) -> u64 {
    let doubling = (bucket >> FINE).saturating_sub(1);
    let within = (bucket - (doubling << FINE)) as u64;
    (((u128::from(within) + 1) << doubling) - 1).try_into().unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_latency_has_a_bucket_that_says_it_to_within_a_hundredth() {
        let edges = (0..64).flat_map(|power| [(1_u64 << power) - 1, 1 << power, (1 << power) + 1]);
        for nanos in edges.chain([u64::MAX]) {
            let said = upper(bucket(nanos));
            assert!(bucket(nanos) < BUCKETS, "{nanos}");
            assert!(said >= nanos && said - nanos <= nanos / 100, "{nanos}: {said}");
        }
    }

    #[test]
    fn quantiles_are_those_of_what_was_noted() {
        let mut latencies = Latencies::default();
        assert_eq!(latencies.quantile(0.5), Duration::ZERO);
        (1..=50).for_each(|millis| latencies.note(Duration::from_millis(millis)));
        let mut others = Latencies::default();
        (51..=100).for_each(|millis| others.note(Duration::from_millis(millis)));
        latencies.add(&others);
        assert_eq!(latencies.count(), 100);
        for (share, millis) in [(0.0, 1), (0.5, 50), (0.9, 90), (0.99, 99), (1.0, 100)] {
            let (said, was) = (latencies.quantile(share), Duration::from_millis(millis));
            assert!(said >= was && said <= was + was / 100, "{share}: {said:?}");
        }
    }
}
