//! The index: everything that may count, in memory, by digest. It holds facts, never decisions, and answers without
//! waiting for anything. The store is the truth; [`Index::apply`] follows each commit before it is acknowledged.

mod entry;
mod facts;
mod places;
pub mod roster;
mod shard;
mod spent;
mod table;
mod tally;
mod uses;

pub use facts::{Known, Label, Terms};
pub use spent::{Buckets, Counts, Spender};
pub use tally::{Outcome, Reason, Tally};
pub use uses::{Unwritten, Used};

use crate::gate::Gate;
use crate::load::{Counting, Loaded};
use crate::principal::Role;
use crate::secret::Digest;
use crate::session::Session;
use crate::store::{Record, Write};
use crate::sync::{Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard};
use crate::token::{Purpose, Text, TextState, TokenNumber, Use};
use entry::Entry;
use facts::LONGEST_FRONT;
use hashbrown::{HashMap, HashSet};
use jiff::Timestamp;
use roster::Roster;
use std::hash::Hash;
use std::sync::{Arc, PoisonError};
use table::Table;

/// Everything that may count.
#[derive(Debug, Default)]
pub struct Index {
    table: Table,
    /// Realms, principals, roles, signing keys and locks.
    pub roster: Roster,
    /// What is spent of tokens' own limits.
    pub buckets: Buckets,
    /// What is spent of quotas.
    pub counts: Counts,
    /// One change is followed at a time, so that a role's new scopes and its new holders do not miss each other.
    following: Mutex<Following>,
    /// The dialects whose texts begin with the id.
    joined: Vec<&'static str>,
}

/// What putting records in needs to remember.
#[derive(Debug, Default)]
struct Following {
    terms: HashSet<Arc<Terms>>,
    labels: HashSet<Arc<Label>>,
    /// Tokens whose first text is still to come.
    awaited: HashMap<TokenNumber, Awaited>,
}

#[derive(Debug)]
struct Awaited {
    issued: Timestamp,
    expires: Option<Timestamp>,
    terms: Arc<Terms>,
    label: Arc<Label>,
}

impl Index {
    /// An empty one; `joined` names the dialects whose texts begin with the id.
    pub fn new(joined: Vec<&'static str>) -> Self {
        Self { joined, ..Self::default() }
    }

    /// What a text with this digest opens.
    pub fn get(&self, digest: &Digest, text: &str) -> Option<Known> {
        self.table.get(digest, text)
    }

    /// A token by its internal number, for whoever brings this text of it, spent or not.
    pub fn by_number(&self, number: TokenNumber, text: &str) -> Option<Known> {
        self.table.by_number(number, text)
    }

    /// How many texts may count.
    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// Whether nothing may count.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many sessions there are, some of which may be over since the last sweep.
    pub fn sessions(&self) -> usize {
        self.table.sessions()
    }

    /// Notes so many uses of a token, to be written down later; none: only when it was.
    pub fn note_use(&self, known: &Known, used: Use, count: u64) {
        if let Some(number) = known.number {
            self.table.note(known.place, number, (used, count));
        }
    }

    /// The latest use of a token that is not written down or was a moment ago, and how many are not.
    pub fn noted_use(&self, token: TokenNumber) -> Option<(Use, u64)> {
        self.table.noted(token)
    }

    /// Of how many texts there are uses that are not written down.
    pub fn uses(&self) -> usize {
        self.table.unwritten_len()
    }

    /// The tokens of which there are, in the order of their numbers.
    pub fn used(&self) -> Vec<Used> {
        self.table.used()
    }

    /// The uses of these that are not written down; [`Index::written`] is told which of them were.
    pub fn unwritten(&self, used: &[Used]) -> Vec<Unwritten> {
        self.table.unwritten(used)
    }

    /// These uses are written down.
    pub fn written(&self, unwritten: &[Unwritten]) {
        self.table.written(unwritten);
    }

    /// Follows a committed change.
    pub fn apply(&self, writes: &[Write]) {
        let mut following = lock(&self.following);
        for step in writes {
            match step {
                Write::Insert(record) | Write::Update(record) => self.follow(&mut following, record),
                Write::DeleteRole(id, _) => self.roster.forget_role(*id),
                Write::DeleteGate(name, _) => self.roster.forget_gate(name),
                Write::Unlock(principal) => self.roster.unlock(*principal),
                Write::ForgetReplays(_) | Write::ForgetSessions(_) => {}
            }
        }
    }

    /// Lets nothing count that this change of unknown outcome touched, until a reload says what is.
    pub fn silence(&self, writes: &[Write]) {
        let _alone = lock(&self.following);
        for step in writes {
            match step {
                Write::Update(Record::Token(token)) => self.table.remove_number(token.number),
                Write::Update(Record::Session(session)) => drop(self.table.remove(&session.digest)),
                Write::Update(Record::Principal(principal)) => self.roster.silence_principal(principal.id),
                Write::Update(Record::Role(Role { id, .. })) | Write::DeleteRole(id, _) => {
                    self.roster.forget_role(*id);
                }
                Write::Update(Record::Gate(Gate { name, .. })) | Write::DeleteGate(name, _) => {
                    self.roster.forget_gate(name);
                }
                Write::Update(Record::Realm(realm)) => self.roster.silence_realm(realm),
                _ => {}
            }
        }
    }

    /// Takes in one thing of a load, in the order that [`crate::store::Store::load`] promises.
    pub fn put(&self, loaded: Loaded) {
        let following = &mut lock(&self.following);
        match loaded {
            Loaded::Token(token) => self.put_token(following, &token),
            Loaded::Text { digest, token, until } => self.put_text(following, &digest, token, until),
            Loaded::Record(record) => self.follow(following, &record),
        }
    }

    /// Takes over everything that `fresh` was loaded with. The caller keeps commits away meanwhile.
    pub fn replace(&self, fresh: &Self) {
        let mut following = lock(&self.following);
        std::mem::swap(&mut *following, &mut *lock(&fresh.following));
        self.table.replace(&fresh.table);
        self.roster.replace(&fresh.roster);
        self.counts.replace(&fresh.counts, |token| self.noted(token));
    }

    /// Drops the sessions that are over, and what nothing shares any more.
    pub fn sweep(&self, now: Timestamp) {
        let mut following = lock(&self.following);
        self.table.sweep(now);
        following.terms.retain(|terms| Arc::strong_count(terms) > 1);
        following.labels.retain(|label| Arc::strong_count(label) > 1);
    }

    fn follow(&self, following: &mut Following, record: &Record) {
        match record {
            Record::Token(token) if token.revoked.is_some() || token.purpose != Purpose::Access => {
                self.drop_token(following, token.number);
            }
            Record::Token(token) => self.put_token(following, &token.into()),
            Record::Text(text) if text.state == TextState::Spent => self.spend_text(following, text),
            Record::Text(text) => self.put_text(following, &text.digest, text.token, text.until),
            Record::Session(session) => self.put_session(following, session),
            other => self.roster.put(other),
        }
    }

    fn noted(&self, token: TokenNumber) -> u64 {
        self.table.noted(token).map_or(0, |(_, count)| count)
    }

    fn drop_token(&self, following: &mut Following, number: TokenNumber) {
        following.awaited.remove(&number);
        self.counts.of(number).remove(&number);
        self.table.remove_number(number);
    }

    fn put_token(&self, following: &mut Following, token: &Counting) {
        let Some(standing) = self.roster.standing(token.principal) else {
            return self.drop_token(following, token.number);
        };
        let mut counts = self.counts.of(token.number);
        if token.quota.is_some() {
            counts.entry(token.number).or_insert_with(|| token.uses + self.noted(token.number));
        } else {
            counts.remove(&token.number);
        }
        drop(counts);
        let terms = shared(&mut following.terms, Terms::of_token(token, standing));
        let label = self.label(following, token);
        let expires = token.expires;
        let held = self.table.change(token.number, |entry| {
            entry.expires = expires.map_or(i64::MAX, Timestamp::as_millisecond);
            entry.terms = match entry.terms.until {
                None => Arc::clone(&terms),
                until => shared(&mut following.terms, Terms { until, ..(*terms).clone() }),
            };
            entry.label = Arc::clone(&label);
        });
        if !held {
            let awaited = Awaited { issued: token.created, expires, terms, label };
            following.awaited.insert(token.number, awaited);
        }
    }

    fn label(&self, following: &mut Following, token: &Counting) -> Arc<Label> {
        let name = (&*token.name).into();
        if self.joined.contains(&&*token.dialect) && token.id.len() <= LONGEST_FRONT {
            let id = u8::try_from(token.id.len()).unwrap_or(0);
            shared(&mut following.labels, Label::Shared { id, name })
        } else {
            Arc::new(Label::Own { id: (&*token.id).into(), name })
        }
    }

    fn spend_text(&self, following: &mut Following, text: &Text) {
        // Its successor may come after it, and has nowhere else to learn what the token is.
        if let Some(last) = self.table.remove(&text.digest)
            && self.table.sample(text.token).is_none()
        {
            following.awaited.insert(text.token, last.into());
        }
    }

    fn put_text(
        &self,
        following: &mut Following,
        digest: &Digest,
        token: TokenNumber,
        until: Option<Timestamp>,
    ) {
        let awaited = following.awaited.remove(&token);
        let Some(Awaited { issued, expires, terms, label }) =
            awaited.or_else(|| self.table.sample(token).map(Awaited::from))
        else {
            return;
        };
        let terms = if terms.until == until {
            terms
        } else {
            shared(&mut following.terms, Terms { until, ..(*terms).clone() })
        };
        self.table.insert(Entry::new(digest, Some(token), issued, expires, terms, label));
    }

    fn put_session(&self, following: &mut Following, session: &Session) {
        match self.roster.standing(session.principal) {
            Some(standing) if session.ended.is_none() => {
                let terms = shared(&mut following.terms, Terms::of_session(session, standing));
                let id = session.id.to_string().into();
                let label = Arc::new(Label::Session(Box::new(session.clone()), id));
                let (issued, expires) = (session.issued, Some(session.expires));
                self.table.insert(Entry::new(&session.digest, None, issued, expires, terms, label));
            }
            _ => drop(self.table.remove(&session.digest)),
        }
    }
}

impl From<Entry> for Awaited {
    fn from(entry: Entry) -> Self {
        let (issued, expires) = entry.times();
        Self { issued, expires, terms: entry.terms, label: entry.label }
    }
}

/// The one copy of a value that many have.
fn shared<T: Eq + Hash>(known: &mut HashSet<Arc<T>>, value: T) -> Arc<T> {
    if let Some(same) = known.get(&value) {
        return Arc::clone(same);
    }
    let fresh = Arc::new(value);
    known.insert(Arc::clone(&fresh));
    fresh
}

// Nothing in this folder panics while it holds a lock, so a poisoned lock still guards sound data.
fn read<T: ?Sized>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}
fn write<T: ?Sized>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}
fn lock<T: ?Sized>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}
