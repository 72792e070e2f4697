//! Verify: one digest, one lookup, then the facts, then what is left of limits. Nothing here waits or writes.

use super::spend::{Left, Limited, Spending};
use super::{Actor, Authority};
use crate::error::{Error, Unauthenticated};
use crate::index::roster::{GateFacts, RealmFacts, Standing};
use crate::index::{Known, Outcome, Reason, Tally, Terms};
use crate::realm::RealmId;
use crate::scope::ScopeSet;
use crate::session::Session;
use crate::store::{Key, Record};
use crate::token::{TextState, Use, counts_from};
use jiff::Timestamp;
use std::net::IpAddr;
use std::sync::Arc;

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
    /// It counts, but was used too often.
    Limited(Limited),
    /// It is known and does not count. The reason is for metrics and the log, never for the wire.
    Refused(Reason),
    /// Nobody knows it.
    Unknown,
}

impl Verdict {
    fn outcome(&self) -> Outcome {
        match self {
            Self::Live(_) => Outcome::Live,
            Self::Lacks(_) => Outcome::Lacks,
            Self::Limited(_) => Outcome::Limited,
            Self::Unknown => Outcome::Unknown,
            Self::Refused(reason) => Outcome::Refused(*reason),
        }
    }
}

/// A live credential and its principal.
#[derive(Debug, Clone)]
pub struct Grant {
    pub(super) known: Known,
    /// Of limits; empty where none holds or none was asked.
    pub(super) left: Vec<Left>,
}

impl Grant {
    /// Its public id, safe in logs.
    pub fn id(&self) -> &str {
        self.known.id()
    }

    /// A token's name; sessions have none.
    pub fn name(&self) -> Option<&str> {
        self.known.name()
    }

    /// The record, if it is a session.
    pub fn session(&self) -> Option<&Session> {
        self.known.session()
    }

    /// The dialect whose form it has, or whose API it opens.
    pub fn dialect(&self) -> &str {
        &self.known.terms.dialect
    }

    /// What is left of its limits after this use; nothing, where none holds.
    pub fn left(&self) -> &[Left] {
        &self.left
    }

    /// When it was issued.
    pub fn issued(&self) -> Timestamp {
        self.known.issued
    }

    /// When it ends.
    pub fn expires(&self) -> Option<Timestamp> {
        self.known.expires
    }

    /// For whom it speaks.
    pub fn standing(&self) -> &Standing {
        &self.known.terms.standing
    }

    /// Its realm.
    pub fn realm(&self) -> &RealmFacts {
        &self.known.terms.standing.realm
    }

    /// Whether it is a personal token.
    pub fn is_personal(&self) -> bool {
        self.known.terms.personal
    }

    /// Whether it may do what `word` says, now.
    pub fn covers(&self, word: &str) -> bool {
        covers(&self.known.terms, word)
    }

    /// What it may do now.
    pub fn scopes(&self) -> ScopeSet {
        let Terms { scopes, standing, cut, .. } = &*self.known.terms;
        if *cut { scopes.cut_to(&standing.scopes()) } else { scopes.clone() }
    }
}

pub(super) fn covers(terms: &Terms, word: &str) -> bool {
    terms.scopes.covers(word) && (!terms.cut || terms.standing.covers(word))
}

impl Authority {
    /// Whether the bearer text counts. A live one's use is noted and spent.
    pub fn verify(&self, text: &str, ask: &Ask<'_>) -> Verdict {
        self.weigh(text, ask.address, None, Spending::Spend, |known, now| judge(known, ask, now))
    }

    /// Whether the bearer text counts, for whoever only wants to be told: when that was is noted, nothing is spent. A token
    /// that has to wait counts all the same; one whose quota is used up does not.
    pub fn tell(&self, text: &str, ask: &Ask<'_>) -> Verdict {
        self.weigh(text, ask.address, None, Spending::Tell, |known, now| judge(known, ask, now))
    }

    /// What `judge` says of what the text opens, and whether there is anything left of it at this gate, counted; a live
    /// one's use is noted.
    pub(super) fn weigh(
        &self,
        text: &str,
        address: Option<IpAddr>,
        gate: Option<&GateFacts>,
        spending: Spending,
        judge: impl FnOnce(Known, Timestamp) -> Verdict,
    ) -> Verdict {
        let now = self.now();
        let known = self.index.get(&self.keys.bearer(text), text);
        let tally = gate.map_or(&self.tally, |gate| &gate.tally);
        let row = tally.row(known.as_ref().map(|known| &*known.terms.dialect));
        let mut verdict = known.map_or(Verdict::Unknown, |known| judge(known, now));
        self.ration(&mut verdict, gate, spending);
        tally.note(row, verdict.outcome());
        if let Verdict::Live(Grant { known, .. }) = &verdict {
            let used = Use { at: now, address: address.map(|from| from.to_canonical()) };
            self.index.note_use(known, used, u64::from(spending == Spending::Spend));
        }
        verdict
    }

    /// Makes the actor of a request to this dialect from the bearer text it brought.
    pub fn authenticate(&self, text: &str, dialect: &str, address: Option<IpAddr>) -> Result<Actor, Error> {
        match self.verify(text, &Ask { address, ..Ask::default() }) {
            Verdict::Live(grant) => Ok(Actor::holder(grant)),
            Verdict::Limited(limited) => Err(Error::TooMany { after: limited.wait }),
            Verdict::Refused(Reason::Expired) if self.may_say_expired(text, dialect) => {
                Err(Unauthenticated::Expired.into())
            }
            Verdict::Unknown if self.was_ours(text, dialect) => Err(Unauthenticated::Expired.into()),
            Verdict::Lacks(_) | Verdict::Refused(_) | Verdict::Unknown => {
                Err(Unauthenticated::Invalid.into())
            }
        }
    }

    /// A session that is over is said to be only by its own dialect; an opaque text, by all.
    fn may_say_expired(&self, text: &str, dialect: &str) -> bool {
        let known = self.index.get(&self.keys.bearer(text), text);
        known.is_some_and(|known| known.session().is_none_or(|session| &*session.dialect == dialect))
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
        let known = self.index.by_number(kept.token, text).filter(|_| kept.state == TextState::Spent)?;
        let ask = Ask { address, ..Ask::default() };
        match judge(known, &ask, self.now()) {
            Verdict::Live(grant) => Some(Actor::echo(grant.realm().id, grant.id().into(), kept.digest)),
            _ => None,
        }
    }

    /// How checks ended since the start: at no gate, then at each gate that there is.
    pub fn tallies(&self) -> Vec<(Option<Arc<GateFacts>>, Arc<Tally>)> {
        let gates = self.index.roster.gates().into_iter();
        let gates = gates.map(|gate| (Some(Arc::clone(&gate)), Arc::clone(&gate.tally)));
        [(None, Arc::clone(&self.tally))].into_iter().chain(gates).collect()
    }

    /// How many sessions live, those included that ended by themselves less than a minute ago.
    pub fn sessions_len(&self) -> usize {
        self.index.sessions()
    }

    /// How many token texts may count.
    pub fn index_len(&self) -> usize {
        self.index.len()
    }
}

pub(super) fn judge(known: Known, ask: &Ask<'_>, now: Timestamp) -> Verdict {
    let reason = over(&known, now).or_else(|| out_of_place(&known.terms, ask));
    match (reason, ask.scope) {
        (Some(reason), _) => Verdict::Refused(reason),
        (None, Some(word)) if !covers(&known.terms, word) => {
            Verdict::Lacks(Grant { known, left: Vec::new() })
        }
        (None, _) => Verdict::Live(Grant { known, left: Vec::new() }),
    }
}

/// Why the credential itself does not count now.
fn over(known: &Known, now: Timestamp) -> Option<Reason> {
    let Terms { until, enabled, not_before, .. } = &*known.terms;
    if known.expires.is_some_and(|end| end <= now) || until.is_some_and(|end| end <= now) {
        Some(Reason::Expired)
    } else if !enabled {
        Some(Reason::Disabled)
    } else if not_before.is_some_and(|start| now < start) {
        Some(Reason::NotYet)
    } else {
        None
    }
}

/// Why it does not count for this principal, in this realm, from there.
fn out_of_place(terms: &Terms, ask: &Ask<'_>) -> Option<Reason> {
    let realm = &terms.standing.realm;
    if !terms.standing.is_live() {
        Some(Reason::Principal)
    } else if ask.realm.is_some_and(|asked| asked != realm.id) {
        Some(Reason::Realm)
    } else if terms.personal && !realm.personal_tokens() {
        Some(Reason::PersonalOff)
    } else if !counts_from(&terms.networks, ask.address) {
        Some(Reason::Network)
    } else {
        None
    }
}
