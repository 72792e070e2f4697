//! Verify: one digest, one lookup, then the facts. Nothing here waits or writes.

use super::{Actor, Authority};
use crate::error::Unauthenticated;
use crate::index::{Known, RealmFacts, Slot, Standing};
use crate::realm::RealmId;
use crate::scope::ScopeSet;
use crate::store::{Key, Record};
use crate::token::{State, TextState, Token, Use};
use jiff::Timestamp;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What is asked of a token.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ask<'a> {
    /// It must be of this realm.
    pub realm: Option<RealmId>,
    /// It must cover this scope.
    pub scope: Option<&'a str>,
    /// Where it was presented from.
    pub address: Option<IpAddr>,
}

/// Whether a token counts, and for what.
#[derive(Debug, Clone)]
pub enum Verdict {
    /// It counts.
    Live(Grant),
    /// It counts, but not for the scope asked.
    Lacks(Grant),
    /// It is known and does not count. The reason is for metrics and the log, never for the wire.
    Refused(Reason),
    /// Nobody knows it.
    Unknown,
}

/// Why a known token does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the word of each is its documentation")]
pub enum Reason {
    Disabled,
    Expired,
    NotYet,
    Principal,
    Network,
    Realm,
    PersonalOff,
}

/// A live token and its principal.
#[derive(Debug, Clone)]
pub struct Grant(Arc<Known>);

impl Grant {
    /// The token.
    pub fn token(&self) -> &Token {
        &self.0.token
    }

    /// For whom it speaks.
    pub fn standing(&self) -> &Standing {
        &self.0.standing
    }

    /// Its realm.
    pub fn realm(&self) -> &RealmFacts {
        &self.0.standing.realm
    }

    /// Whether it may do what `word` says, now.
    pub fn covers(&self, word: &str) -> bool {
        self.token().scopes.covers(word) && (!self.token().personal || self.standing().covers(word))
    }

    /// What it may do now: a personal token's scopes are cut to its principal's present roles.
    pub fn scopes(&self) -> ScopeSet {
        if self.token().personal {
            self.token().scopes.cut_to(&self.standing().scopes())
        } else {
            self.token().scopes.clone()
        }
    }
}

/// How verifications ended since the start, for metrics.
#[derive(Debug, Default)]
pub struct Tally([AtomicU64; 10]);

impl Tally {
    const NAMES: [&'static str; 10] = [
        "live",
        "lacks",
        "unknown",
        "disabled",
        "expired",
        "not_yet",
        "principal",
        "network",
        "realm",
        "personal_off",
    ];

    /// Each outcome's name and count.
    pub fn counts(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        Self::NAMES.into_iter().zip(self.0.iter().map(|count| count.load(Ordering::Relaxed)))
    }

    fn note(&self, verdict: &Verdict) {
        let place = match verdict {
            Verdict::Live(_) => 0,
            Verdict::Lacks(_) => 1,
            Verdict::Unknown => 2,
            Verdict::Refused(reason) => 3 + *reason as usize,
        };
        self.0[place].fetch_add(1, Ordering::Relaxed);
    }
}

impl Authority {
    /// Whether the bearer text counts. A live one's use is noted.
    pub fn verify(&self, text: &str, ask: &Ask<'_>) -> Verdict {
        let now = self.now();
        let verdict = match self.index.get(&self.keys.bearer(text)) {
            None => Verdict::Unknown,
            Some(slot) => judge(slot, ask, now),
        };
        self.tally.note(&verdict);
        if let Verdict::Live(Grant(known)) = &verdict {
            self.index.note_use(known, Use { at: now, address: ask.address.map(|from| from.to_canonical()) });
        }
        verdict
    }

    /// Makes the actor of a request from the bearer text it brought.
    pub fn authenticate(&self, text: &str, address: Option<IpAddr>) -> Result<Actor, Unauthenticated> {
        match self.verify(text, &Ask { address, ..Ask::default() }) {
            Verdict::Live(grant) => Ok(Actor::holder(grant)),
            Verdict::Refused(Reason::Expired) => Err(Unauthenticated::Expired),
            Verdict::Lacks(_) | Verdict::Refused(_) | Verdict::Unknown => Err(Unauthenticated::Invalid),
        }
    }

    /// The actor of a caller that repeats a rotation with the text that it spent: good for hearing that outcome again
    /// and for nothing else.
    ///
    /// The token itself has to count, as for any other request. It may be in doubt: an answer is lost most often when
    /// the store fails.
    pub async fn echo(&self, text: &str, address: Option<IpAddr>) -> Option<Actor> {
        self.settle().await.ok()?;
        let Ok(Some(Record::Text(kept))) = self.store.find(Key::Text(self.keys.bearer(text))).await else {
            return None;
        };
        let known = self.index.known(kept.token).filter(|_| kept.state == TextState::Spent)?;
        let ask = Ask { address, ..Ask::default() };
        match judge(Slot { known, until: None }, &ask, self.now()) {
            Verdict::Live(grant) => Some(Actor::echo(grant.realm().id, Arc::clone(&grant.token().id))),
            _ => None,
        }
    }

    /// How verifications ended since the start.
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// How many token texts may count.
    pub fn index_len(&self) -> usize {
        self.index.len()
    }
}

fn judge(slot: Slot, ask: &Ask<'_>, now: Timestamp) -> Verdict {
    let Slot { known, until } = slot;
    let token = &known.token;
    let reason = if until.is_some_and(|end| end <= now) {
        Some(Reason::Expired)
    } else {
        match token.state(now) {
            State::Expired | State::Revoked => Some(Reason::Expired),
            State::Disabled => Some(Reason::Disabled),
            State::Pending => Some(Reason::NotYet),
            State::Active if !known.standing.is_live() => Some(Reason::Principal),
            State::Active if ask.realm.is_some_and(|realm| realm != token.realm) => Some(Reason::Realm),
            State::Active if token.personal && !known.standing.realm.personal_tokens() => {
                Some(Reason::PersonalOff)
            }
            State::Active if !token.counts_from(ask.address) => Some(Reason::Network),
            State::Active => None,
        }
    };
    match (reason, ask.scope) {
        (Some(reason), _) => Verdict::Refused(reason),
        (None, Some(word)) if !Grant(Arc::clone(&known)).covers(word) => Verdict::Lacks(Grant(known)),
        (None, _) => Verdict::Live(Grant(known)),
    }
}
