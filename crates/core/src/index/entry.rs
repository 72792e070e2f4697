//! What is kept of a text that may count, and of its last use.

use super::facts::{Label, Terms};
use crate::clock::from_millis;
use crate::secret::Digest;
use crate::token::{TokenNumber, Use};
use jiff::Timestamp;
use std::net::{IpAddr, Ipv4Addr};
use std::num::NonZeroU64;
use std::sync::Arc;

/// One text that may count: 72 bytes.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    /// The first half of the digest: 128 bits of a keyed hash, which nobody can aim at.
    pub(super) digest: [u64; 2],
    /// None: a session.
    pub(super) number: Option<NonZeroU64>,
    /// Milliseconds.
    pub(super) issued: i64,
    /// Milliseconds; `i64::MAX`: never.
    pub(super) expires: i64,
    pub(super) terms: Arc<Terms>,
    pub(super) label: Arc<Label>,
    /// When it was last used, in milliseconds; `i64::MIN`: never since it was put in.
    used: i64,
    /// From where.
    from: Whence,
    /// How often it was used since that was last written down.
    pub(super) uses: u32,
}

/// An address in four bytes: an IPv4 address, or one of two that nobody has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Whence(Ipv4Addr);

impl Whence {
    const UNKNOWN: Self = Self(Ipv4Addr::UNSPECIFIED);
    /// The address is longer and kept beside the entries: few are.
    const BESIDE: Self = Self(Ipv4Addr::BROADCAST);

    fn of(address: Option<IpAddr>) -> Self {
        match address {
            Some(IpAddr::V4(address)) if Self(address) != Self::UNKNOWN => Self(address),
            Some(_) => Self::BESIDE,
            None => Self::UNKNOWN,
        }
    }
}

impl Entry {
    pub(super) fn new(
        digest: &Digest,
        number: Option<TokenNumber>,
        issued: Timestamp,
        expires: Option<Timestamp>,
        terms: Arc<Terms>,
        label: Arc<Label>,
    ) -> Self {
        Self {
            digest: halves(digest),
            number: number.and_then(|number| NonZeroU64::new(number.0)),
            issued: issued.as_millisecond(),
            expires: expires.map_or(i64::MAX, Timestamp::as_millisecond),
            terms,
            label,
            used: i64::MIN,
            from: Whence::UNKNOWN,
            uses: 0,
        }
    }

    /// When it was issued and when it ends.
    pub(super) fn times(&self) -> (Timestamp, Option<Timestamp>) {
        (from_millis(self.issued), (self.expires != i64::MAX).then(|| from_millis(self.expires)))
    }

    /// Whether it is a text of this token.
    pub(super) fn is_of(&self, number: TokenNumber) -> bool {
        self.number.is_some_and(|own| own.get() == number.0)
    }

    /// Notes so many uses, of which this is the latest unless a later one is noted already; whether its address is to be
    /// kept beside, if it is the latest.
    pub(super) fn note(&mut self, used: Use, count: u64) -> Option<bool> {
        self.uses = self.uses.saturating_add(u32::try_from(count).unwrap_or(u32::MAX));
        let at = used.at.as_millisecond();
        (self.used < at).then(|| {
            (self.used, self.from) = (at, Whence::of(used.address));
            self.from == Whence::BESIDE
        })
    }

    /// The last use, whose address may be the one that is kept beside.
    pub(super) fn last_use(&self, beside: Option<&IpAddr>) -> Option<Use> {
        let address = match self.from {
            Whence::UNKNOWN => None,
            Whence::BESIDE => beside.copied(),
            Whence(address) => Some(IpAddr::V4(address)),
        };
        (self.used != i64::MIN).then(|| Use { at: from_millis(self.used), address })
    }
}

pub(super) fn halves(digest: &Digest) -> [u64; 2] {
    let (words, _) = digest.0.as_chunks::<8>();
    [u64::from_le_bytes(words[0]), u64::from_le_bytes(words[1])]
}
