//! How checks ended, by the dialect of the credential and the outcome: numbers that only grow, counted without a lock.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It counts.
    Live,
    /// It counts, but lacks a scope.
    Lacks,
    /// It counts, but was used too often.
    Limited,
    /// Nobody knows it.
    Unknown,
    /// It is known and does not count.
    Refused(Reason),
}

/// Why a known credential does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// It is disabled.
    Disabled,
    /// Its time is over.
    Expired,
    /// Its time has not come.
    NotYet,
    /// Its principal is disabled or deleted.
    Principal,
    /// It does not count from there.
    Network,
    /// It is of another realm.
    Realm,
    /// It is personal where such tokens are switched off.
    PersonalOff,
    /// Its dialect does not pass there.
    Dialect,
}

impl Outcome {
    /// Every outcome at its place.
    const EVERY: [Self; 12] = [
        Self::Live,
        Self::Lacks,
        Self::Limited,
        Self::Unknown,
        Self::Refused(Reason::Disabled),
        Self::Refused(Reason::Expired),
        Self::Refused(Reason::NotYet),
        Self::Refused(Reason::Principal),
        Self::Refused(Reason::Network),
        Self::Refused(Reason::Realm),
        Self::Refused(Reason::PersonalOff),
        Self::Refused(Reason::Dialect),
    ];

    fn place(self) -> usize {
        match self {
            Self::Live => 0,
            Self::Lacks => 1,
            Self::Limited => 2,
            Self::Unknown => 3,
            Self::Refused(reason) => 4 + reason as usize,
        }
    }

    /// The word in metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Lacks => "lacks",
            Self::Limited => "limited",
            Self::Unknown => "unknown",
            Self::Refused(reason) => reason.words().0,
        }
    }
}

impl Reason {
    /// In words for administrators; never for whoever brought the credential.
    pub fn sentence(self) -> &'static str {
        self.words().1
    }

    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Disabled => ("disabled", "it is disabled"),
            Self::Expired => ("expired", "its time is over"),
            Self::NotYet => ("not_yet", "its time has not come"),
            Self::Principal => ("principal", "its principal is disabled or deleted"),
            Self::Network => ("network", "it does not count from that address"),
            Self::Realm => ("realm", "it is of another realm"),
            Self::PersonalOff => ("personal_off", "its realm has personal tokens switched off"),
            Self::Dialect => ("dialect", "it is of a dialect that does not pass here"),
        }
    }
}

/// No dialect, or one of more than a tally has room for.
const NO_DIALECT: &str = "-";
/// For so many dialects there is room.
const DIALECTS: usize = 15;

/// Counts by dialect and outcome.
#[derive(Debug, Default)]
pub struct Tally {
    /// Each takes the first free place when it is first seen.
    dialects: [OnceLock<Box<str>>; DIALECTS],
    counts: [[AtomicU64; Outcome::EVERY.len()]; DIALECTS + 1],
}

/// Where a dialect's counts are.
#[derive(Debug, Clone, Copy)]
pub struct Row(usize);

impl Tally {
    /// Where the checks of this dialect's credentials are counted; nobody's, if the credential is unknown.
    #[inline]
    pub fn row(&self, dialect: Option<&str>) -> Row {
        let Some(dialect) = dialect else { return Row(DIALECTS) };
        let own = |place: &OnceLock<Box<str>>| **place.get_or_init(|| dialect.into()) == *dialect;
        Row(self.dialects.iter().position(own).unwrap_or(DIALECTS))
    }

    /// Counts a check.
    #[inline]
    pub fn note(&self, row: Row, outcome: Outcome) {
        if let Some(counts) = self.counts.get(row.0) {
            counts[outcome.place()].fetch_add(1, Ordering::Relaxed);
        }
    }

    /// What was counted so far: dialect, outcome and how often, without those that never came.
    pub fn counts(&self) -> impl Iterator<Item = (&str, Outcome, u64)> {
        let names = self.dialects.iter().map(|place| place.get().map_or(NO_DIALECT, |name| name));
        let rows = names.chain([NO_DIALECT]).zip(&self.counts);
        let counts = rows.flat_map(|(dialect, counts)| {
            let each = move |(outcome, count): (Outcome, &AtomicU64)| {
                (dialect, outcome, count.load(Ordering::Relaxed))
            };
            Outcome::EVERY.into_iter().zip(counts).map(each)
        });
        counts.filter(|(.., count)| *count > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_outcome_is_at_its_place() {
        let places: Vec<_> = Outcome::EVERY.into_iter().map(Outcome::place).collect();
        assert_eq!(places, (0..Outcome::EVERY.len()).collect::<Vec<_>>());
    }

    #[test]
    fn each_dialect_has_a_row_and_those_without_room_share_one() {
        let tally = Tally::default();
        let names: Vec<_> = (0..DIALECTS + 2).map(|number| format!("dialect {number}")).collect();
        for _ in 0..2 {
            for name in &names {
                tally.note(tally.row(Some(name)), Outcome::Live);
            }
        }
        tally.note(tally.row(None), Outcome::Unknown);
        let counts: Vec<_> = tally.counts().collect();
        assert_eq!(counts[0], ("dialect 0", Outcome::Live, 2));
        assert_eq!(counts.len(), DIALECTS + 2);
        assert_eq!(counts[DIALECTS..], [("-", Outcome::Live, 4), ("-", Outcome::Unknown, 1)]);
    }
}
