//! A token (the record of an issued opaque credential) and its texts.

use crate::principal::PrincipalId;
use crate::realm::RealmId;
use crate::scope::ScopeSet;
use crate::secret::{Digest, PEPPER};
use crate::when;
use ipnet::IpNet;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

/// A token's small internal number, for rows that point to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TokenNumber(pub u64);

/// What a token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Opens APIs.
    Access,
    /// An API key: buys a session, nothing else.
    Exchange,
}

impl Purpose {
    /// The word on every wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Access => "access",
            Self::Exchange => "exchange",
        }
    }

    /// Reads that word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Access, Self::Exchange].into_iter().find(|purpose| purpose.as_str() == word)
    }
}

/// The last time a token was used, and from where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Use {
    /// When.
    pub at: Timestamp,
    /// From which address, when that is known.
    pub address: Option<IpAddr>,
}

/// So many uses in so long a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Limit {
    /// How many.
    pub count: u64,
    /// In how long.
    pub per: SignedDuration,
}

impl Limit {
    /// Reads `100/1m`.
    pub fn parse(text: &str) -> Option<Self> {
        let (count, per) = text.split_once('/')?;
        Some(Self { count: count.parse().ok()?, per: when::span(per).ok()? })
    }

    /// Whether it lets anything pass, and is small enough to be counted exactly: at most 1,000,000,000 in at least a
    /// second and at most a year.
    pub fn is_sound(&self) -> bool {
        const YEAR: SignedDuration = SignedDuration::from_hours(366 * 24);
        (1..=1_000_000_000).contains(&self.count) && (SignedDuration::from_secs(1)..=YEAR).contains(&self.per)
    }
}

impl std::fmt::Display for Limit {
    /// As [`Limit::parse`] reads it, in the longest unit that fits.
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let seconds = self.per.as_secs();
        let units = [(86_400, 'd'), (3_600, 'h'), (60, 'm')];
        let fits = units.into_iter().find(|(unit, _)| seconds % unit == 0);
        let (unit, letter) = fits.unwrap_or((1, 's'));
        write!(out, "{}/{}{letter}", self.count, seconds / unit)
    }
}

/// The record of an issued opaque credential. Its secret is not in it; [`Text`] keeps what is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// The internal number.
    pub number: TokenNumber,
    /// Its realm.
    pub realm: RealmId,
    /// The public id, struck by the dialect's format; unique in the realm, safe in logs.
    pub id: Arc<str>,
    /// The dialect whose form it has and whose API shows it.
    pub dialect: Arc<str>,
    /// What it is for.
    pub purpose: Purpose,
    /// A name for people; not unique.
    pub name: Arc<str>,
    /// What it may do.
    pub scopes: ScopeSet,
    /// Whom it speaks for.
    pub principal: PrincipalId,
    /// Who issued it; nobody: the operator.
    pub issuer: Option<PrincipalId>,
    /// Cut to its principal's present roles at every verification.
    pub personal: bool,
    /// A disabled token does not count until it is enabled again.
    pub enabled: bool,
    /// Since when it is revoked; never undone.
    pub revoked: Option<Timestamp>,
    /// When it was issued.
    pub created: Timestamp,
    /// When its name or scopes were last changed.
    pub modified: Option<Timestamp>,
    /// It does not count before this instant.
    pub not_before: Option<Timestamp>,
    /// It does not count from this instant on.
    pub expires: Option<Timestamp>,
    /// When and from where it was last used; written as a touch.
    pub last_used: Option<Use>,
    /// How often it was used; written as a touch.
    pub uses: u64,
    /// If any are named, it counts only from these.
    pub networks: Vec<IpNet>,
    /// The issuer's own notes.
    pub metadata: BTreeMap<String, String>,
    /// How often it may be used in a time.
    pub limit: Option<Limit>,
    /// How often it may be used at all.
    pub quota: Option<u64>,
    /// Grows by one with every change.
    pub version: u64,
}

/// What a token is at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It may count.
    Active,
    /// Its time has not come.
    Pending,
    /// It was disabled and can be enabled again.
    Disabled,
    /// Its time is over.
    Expired,
    /// It was revoked, for good.
    Revoked,
}

impl State {
    /// Every state, in the order in which one hides the next.
    pub const EVERY: [Self; 5] = [Self::Revoked, Self::Expired, Self::Disabled, Self::Pending, Self::Active];

    /// The word on every wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Pending => "pending",
            Self::Disabled => "disabled",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
        }
    }

    /// Reads that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::EVERY.into_iter().find(|state| state.as_str() == word)
    }
}

impl Token {
    /// An enabled access token without name, scopes or bounds, to be filled in.
    pub fn new(
        number: TokenNumber,
        realm: RealmId,
        id: impl Into<Arc<str>>,
        dialect: &str,
        principal: PrincipalId,
        created: Timestamp,
    ) -> Self {
        Self {
            number,
            realm,
            id: id.into(),
            dialect: dialect.into(),
            purpose: Purpose::Access,
            name: "".into(),
            scopes: ScopeSet::default(),
            principal,
            issuer: None,
            personal: false,
            enabled: true,
            revoked: None,
            created,
            modified: None,
            not_before: None,
            expires: None,
            last_used: None,
            uses: 0,
            networks: Vec::new(),
            metadata: BTreeMap::new(),
            limit: None,
            quota: None,
            version: 1,
        }
    }

    /// What the token is at `now`. Its own end is not included: `expires <= now` is over.
    pub fn state(&self, now: Timestamp) -> State {
        if self.revoked.is_some() {
            State::Revoked
        } else if self.expires.is_some_and(|end| end <= now) {
            State::Expired
        } else if !self.enabled {
            State::Disabled
        } else if self.not_before.is_some_and(|start| now < start) {
            State::Pending
        } else {
            State::Active
        }
    }
}

/// Whether these networks, if any are named, hold the address. A mapped IPv4 address is the IPv4 address; an unknown one
/// is nowhere.
pub fn counts_from(networks: &[IpNet], address: Option<IpAddr>) -> bool {
    networks.is_empty()
        || address.is_some_and(|from| {
            let from = from.to_canonical();
            networks.iter().any(|network| network.contains(&from))
        })
}

/// Where a secret text is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TextState {
    /// The one that counts.
    Live,
    /// Replaced, but still counting until its time is over.
    Overlap,
    /// Over. Its digest stays, so that it can never come back.
    Spent,
}

impl TextState {
    /// The word in every store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Overlap => "overlap",
            Self::Spent => "spent",
        }
    }

    /// Reads that word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Live, Self::Overlap, Self::Spent].into_iter().find(|state| state.as_str() == word)
    }
}

/// What is kept of one secret text of a token. At most one is live and at most one in overlap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// The keyed hash.
    pub digest: Digest,
    /// Whose text it is.
    pub token: TokenNumber,
    /// Which pepper made the digest.
    pub pepper: u16,
    /// When an overlap ends.
    pub until: Option<Timestamp>,
    /// Where it is in its life.
    pub state: TextState,
    /// The text itself under the data key, while it is live and only if its format says that it is shown again.
    pub sealed: Option<Vec<u8>>,
}

impl Text {
    /// The live text of a token, under the present pepper.
    pub fn live(digest: Digest, token: TokenNumber) -> Self {
        Self { digest, token, pepper: PEPPER, until: None, state: TextState::Live, sealed: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_read_as_it_is_written() {
        for text in ["100/1m", "1/1s", "5/90s", "1000/24h", "7/2d", "60/1h"] {
            let limit = Limit::parse(text).unwrap();
            assert!(limit.is_sound(), "{text}");
            assert_eq!(Limit::parse(&limit.to_string()), Some(limit), "{text}");
        }
        assert_eq!(Limit::parse("100/60s").unwrap().to_string(), "100/1m");
        for text in ["", "100", "100/", "/1m", "-1/1m", "1.5/1m", "100/1x", "none"] {
            assert_eq!(Limit::parse(text), None, "{text}");
        }
        for text in ["0/1m", "1/0", "1000000001/1m", "1/367d"] {
            assert!(!Limit::parse(text).unwrap().is_sound(), "{text}");
        }
    }
}
