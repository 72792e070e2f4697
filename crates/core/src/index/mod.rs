//! The index: everything that may count, in memory, by digest. It holds facts, never decisions, and answers without
//! waiting for anything. The store is the truth; [`Index::apply`] follows each commit before it is acknowledged.

pub mod roster;

use crate::principal::Role;
use crate::secret::Digest;
use crate::session::Session;
use crate::store::{Record, Touch, Write};
use crate::token::{Purpose, Text, TextState, Token, TokenNumber, Use};
use hashbrown::HashMap;
use jiff::Timestamp;
use roster::{Roster, Standing};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// A credential as verification needs it.
#[derive(Debug)]
pub struct Known {
    /// The record as last committed; a token's `last_used` is behind [`Known::last_used`].
    pub credential: Credential,
    /// For whom it speaks.
    pub standing: Arc<Standing>,
    usage: Arc<Usage>,
}

/// What a bearer text can be: both are found by the same look-up.
#[derive(Debug)]
pub enum Credential {
    /// An opaque access token.
    Token(Token),
    /// A JWT; with its public id as text.
    Session(Session, Arc<str>),
}

#[derive(Debug, Default)]
struct Usage {
    last: Mutex<Option<Use>>,
    queued: AtomicBool,
}

impl Known {
    /// The last use, flushed or not.
    pub fn last_used(&self) -> Option<Use> {
        *lock(&self.usage.last)
    }

    /// The last use, to be written down.
    pub fn touch(&self) -> Option<Touch> {
        let Credential::Token(token) = &self.credential else { return None };
        self.last_used().map(|used| Touch::Use { token: token.number, used })
    }
}

/// A hit: the token, and until when this text of it counts.
#[derive(Debug, Clone)]
pub struct Slot {
    /// The credential.
    pub known: Arc<Known>,
    /// The end of an overlap.
    pub until: Option<Timestamp>,
}

#[derive(Debug)]
struct Entry {
    known: Arc<Known>,
    digests: Vec<Digest>,
}

const SHARDS: usize = 64;

/// Everything that may count.
#[derive(Debug)]
pub struct Index {
    by_digest: Vec<RwLock<HashMap<Digest, Slot>>>,
    by_number: RwLock<HashMap<TokenNumber, Entry>>,
    /// Realms, principals, roles, signing keys and locks.
    pub roster: Roster,
    used: Mutex<Vec<Arc<Known>>>,
    /// One change is followed at a time, so that a role's new scopes and its new holders do not miss each other.
    following: Mutex<()>,
}

impl Default for Index {
    fn default() -> Self {
        Self {
            by_digest: (0..SHARDS).map(|_| RwLock::default()).collect(),
            by_number: RwLock::default(),
            roster: Roster::default(),
            used: Mutex::default(),
            following: Mutex::default(),
        }
    }
}

impl Index {
    /// The token that a text with this digest belongs to.
    pub fn get(&self, digest: &Digest) -> Option<Slot> {
        read(self.shard(digest)).get(digest).cloned()
    }

    /// How many texts may count.
    pub fn len(&self) -> usize {
        self.by_digest.iter().map(|shard| read(shard).len()).sum()
    }

    /// Whether nothing may count.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Notes a use, to be flushed later. If another use of the same token is being noted this instant, that one will do.
    pub fn note_use(&self, known: &Arc<Known>, used: Use) {
        if let Ok(mut last) = known.usage.last.try_lock() {
            *last = Some(used);
        }
        if matches!(known.credential, Credential::Token(_)) {
            self.queue(known);
        }
    }

    /// Has the last use of this token flushed with the next batch.
    pub fn queue(&self, known: &Arc<Known>) {
        if !known.usage.queued.swap(true, Ordering::AcqRel) {
            lock(&self.used).push(Arc::clone(known));
        }
    }

    /// What was used since the last call. Whoever cannot write that down queues it again.
    pub fn take_used(&self) -> Vec<Arc<Known>> {
        let taken = std::mem::take(&mut *lock(&self.used));
        for known in &taken {
            known.usage.queued.store(false, Ordering::Release);
        }
        taken
    }

    /// Follows a committed change.
    pub fn apply(&self, writes: &[Write]) {
        let _alone = lock(&self.following);
        for step in writes {
            match step {
                Write::Insert(record) | Write::Update(record) => self.put(record),
                Write::DeleteRole(id, _) => self.roster.forget_role(*id),
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
                Write::Update(Record::Token(token)) => self.forget(token.number),
                Write::Update(Record::Session(session)) => {
                    write(self.shard(&session.digest)).remove(&session.digest);
                }
                Write::Update(Record::Principal(principal)) => self.roster.silence_principal(principal.id),
                Write::Update(Record::Role(Role { id, .. })) | Write::DeleteRole(id, _) => {
                    self.roster.forget_role(*id);
                }
                Write::Update(Record::Realm(realm)) => self.roster.silence_realm(realm),
                _ => {}
            }
        }
    }

    /// Takes in one record as the store has it. Realms come before roles, roles before principals, principals before
    /// tokens, tokens before texts.
    pub fn put(&self, record: &Record) {
        match record {
            Record::Token(token) => self.put_token(token),
            Record::Text(text) => self.put_text(text),
            Record::Session(session) => self.put_session(session),
            other => self.roster.put(other),
        }
    }

    /// A token by its internal number.
    pub fn known(&self, number: TokenNumber) -> Option<Arc<Known>> {
        read(&self.by_number).get(&number).map(|entry| Arc::clone(&entry.known))
    }

    /// Takes over everything that `fresh` was loaded with. The caller keeps commits away meanwhile.
    pub fn replace(&self, fresh: &Self) {
        for (mine, theirs) in self.by_digest.iter().zip(&fresh.by_digest) {
            std::mem::swap(&mut *write(mine), &mut *write(theirs));
        }
        std::mem::swap(&mut *write(&self.by_number), &mut *write(&fresh.by_number));
        self.roster.replace(&fresh.roster);
    }

    fn put_token(&self, token: &Token) {
        if token.revoked.is_some() || token.purpose != Purpose::Access {
            return self.forget(token.number);
        }
        let Some(standing) = self.roster.standing(token.principal) else { return };
        let mut by_number = write(&self.by_number);
        let held = by_number.remove(&token.number);
        let (usage, digests) = match held {
            Some(entry) => (Arc::clone(&entry.known.usage), entry.digests),
            None => (Arc::new(Usage { last: Mutex::new(token.last_used), queued: false.into() }), Vec::new()),
        };
        let known = Arc::new(Known { credential: Credential::Token(token.clone()), standing, usage });
        for digest in &digests {
            if let Some(slot) = write(self.shard(digest)).get_mut(digest) {
                slot.known = Arc::clone(&known);
            }
        }
        by_number.insert(token.number, Entry { known, digests });
    }

    fn put_text(&self, text: &Text) {
        let mut by_number = write(&self.by_number);
        let Some(entry) = by_number.get_mut(&text.token) else { return };
        entry.digests.retain(|digest| *digest != text.digest);
        if text.state == TextState::Spent {
            write(self.shard(&text.digest)).remove(&text.digest);
        } else {
            entry.digests.push(text.digest);
            let slot = Slot { known: Arc::clone(&entry.known), until: text.until };
            write(self.shard(&text.digest)).insert(text.digest, slot);
        }
    }

    fn put_session(&self, session: &Session) {
        let mut shard = write(self.shard(&session.digest));
        match self.roster.standing(session.principal) {
            Some(standing) if session.ended.is_none() => {
                let credential = Credential::Session(session.clone(), session.id.to_string().into());
                let known = Arc::new(Known { credential, standing, usage: Arc::default() });
                shard.insert(session.digest, Slot { known, until: None });
            }
            _ => drop(shard.remove(&session.digest)),
        }
    }

    /// Drops the sessions that are over.
    pub fn sweep(&self, now: Timestamp) {
        let over = |slot: &Slot| matches!(&slot.known.credential, Credential::Session(session, _) if session.expires <= now);
        for shard in &self.by_digest {
            write(shard).retain(|_, slot| !over(slot));
        }
    }

    fn forget(&self, number: TokenNumber) {
        if let Some(entry) = write(&self.by_number).remove(&number) {
            for digest in entry.digests {
                write(self.shard(&digest)).remove(&digest);
            }
        }
    }

    fn shard(&self, digest: &Digest) -> &RwLock<HashMap<Digest, Slot>> {
        &self.by_digest[usize::from(digest.0[0]) % SHARDS]
    }
}

// Nothing in this file panics while it holds a lock, so a poisoned lock still guards sound data.
fn read<T: ?Sized>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}
fn write<T: ?Sized>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}
fn lock<T: ?Sized>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}
