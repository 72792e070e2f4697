//! The plainest meaning of the store's port: everything in maps behind one lock. Nothing survives the process, so it
//! is for tests and benchmarks.

mod keys;
mod sessions;
mod tokens;

use crate::clock::Future;
use crate::journal::Entry;
use crate::load::{Loaded, Sink};
use crate::signing::KeyState;
use crate::store::{
    Change, JournalFilter, Key, Meta, Query, Record, Store, StoreError, TokenFilter, Touch, Write, claimed,
};
use crate::token::{Purpose, TextState, Token};
use jiff::Timestamp;
use keys::{Id, keys, leave, version};
use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};
use std::convert::Infallible;
use std::sync::{Mutex, MutexGuard, PoisonError};
use uuid::Uuid;

/// A store that forgets everything when it is dropped.
#[derive(Debug)]
pub struct Memory(Mutex<Kept>);

impl Memory {
    /// A new store that holds what the first change says; fails if that change contradicts itself.
    pub fn create(check: [u8; 16], first: Change, epoch: Uuid) -> Result<Self, StoreError> {
        let mut kept = Kept {
            meta: Meta { epoch, check, mark: first.at },
            next_token: 1,
            records: BTreeMap::new(),
            keys: HashMap::new(),
            journal: Vec::new(),
        };
        kept.commit(first)?;
        kept.next_token = kept.tokens().map(|token| token.number.0 + 1).max().unwrap_or(1);
        Ok(Self(Mutex::new(kept)))
    }

    /// A panic under the lock has failed the test already; the next one need not panic too.
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug)]
struct Kept {
    meta: Meta,
    next_token: u64,
    records: BTreeMap<Id, Record>,
    keys: HashMap<Key, Id>,
    journal: Vec<Entry>,
}

/// What stood at an id before a step.
type Before = (Id, Option<Record>);

impl Kept {
    fn commit(&mut self, change: Change) -> Result<(), StoreError> {
        let mut undo = Vec::new();
        let done = change.writes.into_iter().try_for_each(|write| self.write(write, &mut undo));
        if done.is_err() {
            for (id, before) in undo.into_iter().rev() {
                self.put(&id, before);
            }
            return done;
        }
        for mut entry in change.journal {
            entry.sequence = self.journal.len() as u64 + 1;
            self.journal.push(entry);
        }
        self.meta.mark = self.meta.mark.max(change.at);
        Ok(())
    }

    fn write(&mut self, write: Write, undo: &mut Vec<Before>) -> Result<(), StoreError> {
        match write {
            Write::Insert(record) => {
                let id = Id::of(&record);
                if self.records.contains_key(&id) {
                    return Err(StoreError::Taken(id.words().0));
                }
                self.keep(id, record, undo)
            }
            Write::Update(mut record) => {
                let id = Id::of(&record);
                let stored = self.records.get(&id).ok_or(StoreError::Stale(id.words().1))?;
                if version(&record) != version(stored).map(|version| version + 1) {
                    return Err(StoreError::Stale(id.words().1));
                }
                leave(stored, &mut record);
                self.keep(id, record, undo)
            }
            Write::DeleteRole(role, version) => match self.records.get(&Id::Role(role)) {
                Some(Record::Role(stored)) if stored.version == version => {
                    undo.push((Id::Role(role), self.put(&Id::Role(role), None)));
                    Ok(())
                }
                _ => Err(StoreError::Stale("role")),
            },
            Write::DeleteGate(name, version) => {
                let id = Id::Gate(name);
                match self.records.get(&id) {
                    Some(Record::Gate(stored)) if stored.version == version => {
                        let before = self.put(&id, None);
                        undo.push((id, before));
                        Ok(())
                    }
                    _ => Err(StoreError::Stale("gate")),
                }
            }
            Write::ForgetReplays(now) => {
                self.forget(|record| matches!(record, Record::Replay(replay) if replay.until <= now), undo);
                Ok(())
            }
            Write::ForgetSessions(now) => {
                self.forget(
                    |record| matches!(record, Record::Session(session) if session.expires <= now),
                    undo,
                );
                Ok(())
            }
            Write::Unlock(principal) => {
                self.forget(
                    |record| matches!(record, Record::Lock(lock) if lock.principal == principal),
                    undo,
                );
                Ok(())
            }
        }
    }

    fn forget(&mut self, over: impl Fn(&Record) -> bool, undo: &mut Vec<Before>) {
        let over: Vec<Id> =
            self.records.iter().filter(|(_, record)| over(record)).map(|(id, _)| id.clone()).collect();
        for id in over {
            let before = self.put(&id, None);
            undo.push((id, before));
        }
    }

    fn keep(&mut self, id: Id, record: Record, undo: &mut Vec<Before>) -> Result<(), StoreError> {
        for (key, word) in keys(&record) {
            if self.keys.get(&key).is_some_and(|holder| *holder != id) {
                return Err(StoreError::Taken(word));
            }
        }
        let before = self.put(&id, Some(record));
        undo.push((id, before));
        Ok(())
    }

    /// Puts the record, or nothing, at the id and keeps the keys in step; what stood there.
    fn put(&mut self, id: &Id, record: Option<Record>) -> Option<Record> {
        let before = self.records.remove(id);
        for (key, _) in before.iter().flat_map(keys) {
            self.keys.remove(&key);
        }
        for (key, _) in record.iter().flat_map(keys) {
            self.keys.insert(key, id.clone());
        }
        self.records.extend(record.map(|record| (id.clone(), record)));
        before
    }

    fn find(&self, key: Key) -> Option<Record> {
        let id = match key {
            Key::Principal(id) => Id::Principal(id),
            Key::Role(id) => Id::Role(id),
            Key::Gate(name) => Id::Gate(name),
            Key::Token(number) => Id::Token(number),
            Key::Text(digest) => Id::Text(digest),
            Key::Replay(key) => Id::Replay(key),
            Key::Session(id) => Id::Session(id),
            Key::SigningKey(kid) => Id::SigningKey(kid),
            key => self.keys.get(&key)?.clone(),
        };
        self.records.get(&id).cloned()
    }

    fn tokens(&self) -> impl Iterator<Item = &Token> {
        self.records.values().filter_map(|record| match record {
            Record::Token(token) => Some(token),
            _ => None,
        })
    }

    fn list(&self, query: Query) -> Vec<Record> {
        match query {
            Query::Tokens { filter, sort, descending, after, limit } => {
                let facing = |order: Ordering| if descending { order.reverse() } else { order };
                let follows = |token: &&Token| {
                    after.as_ref().is_none_or(|last| facing(tokens::order_to(sort, token, last)).is_gt())
                };
                let mut found: Vec<_> = self
                    .tokens()
                    .filter(|token| tokens::lets_through(&filter, token))
                    .filter(follows)
                    .collect();
                found.sort_by(|one, other| facing(tokens::order(sort, one, other)));
                found.into_iter().take(limit).cloned().map(Record::Token).collect()
            }
            Query::Texts(of) => {
                let counting = |record: &&Record| matches!(record, Record::Text(text) if text.token == of && text.state != TextState::Spent);
                let mut found: Vec<_> = self.records.values().filter(counting).cloned().collect();
                found.sort_by_key(
                    |record| matches!(record, Record::Text(text) if text.state != TextState::Live),
                );
                found
            }
            Query::Principals { realm, holding, after, limit } => {
                self.numbered(limit, |record| match record {
                    Record::Principal(principal) => (principal.realm == realm
                        && principal.deleted.is_none()
                        && principal.number > after
                        && holding.is_none_or(|role| principal.roles.contains(&role)))
                    .then_some(principal.number),
                    _ => None,
                })
            }
            Query::Roles { realm, after, limit } => self.numbered(limit, |record| match record {
                Record::Role(role) => (role.realm == realm && role.number > after).then_some(role.number),
                _ => None,
            }),
            Query::Sessions { filter, after, limit } => self.every(limit, |record| {
                matches!(record, Record::Session(session)
                    if sessions::lets_through(&filter, session) && after.is_none_or(|last| last < session.id))
            }),
            Query::SigningKeys(realm) => {
                let mut found = self.every(usize::MAX, |record| {
                    matches!(record, Record::SigningKey(key) if key.realm == realm && key.state != KeyState::Removed)
                });
                // By `kid` they stand already.
                found.sort_by_key(|record| match record {
                    Record::SigningKey(key) => Some(key.created),
                    _ => None,
                });
                found
            }
            Query::Gates(realm) => {
                self.every(usize::MAX, |record| matches!(record, Record::Gate(gate) if gate.realm == realm))
            }
            Query::Locks(principal) => self.every(
                usize::MAX,
                |record| matches!(record, Record::Lock(lock) if lock.principal == principal),
            ),
            Query::Claim { digest, realm, id, name } => {
                let Ok(found) = claimed::<Infallible>(|key| Ok(self.find(key)), digest, realm, (id, name));
                found
            }
            Query::Realms { after, limit } => self.numbered(limit, |record| match record {
                Record::Realm(realm) => (realm.id.0 > after).then_some(u64::from(realm.id.0)),
                _ => None,
            }),
        }
    }

    /// The records of which `wanted` holds, by what they are kept.
    fn every(&self, limit: usize, wanted: impl Fn(&Record) -> bool) -> Vec<Record> {
        self.records.values().filter(|record| wanted(record)).take(limit).cloned().collect()
    }

    /// The records to which `number` gives a number, in the order of those.
    fn numbered(&self, limit: usize, number: impl Fn(&Record) -> Option<u64>) -> Vec<Record> {
        let found = self.records.values().filter_map(|record| Some((number(record)?, record)));
        let sorted: BTreeMap<u64, &Record> = found.collect();
        sorted.into_values().take(limit).cloned().collect()
    }

    /// Everything that may count at `now`.
    fn load(&self, now: Timestamp) -> Vec<Loaded> {
        let counts = |token: &Token| {
            token.purpose == Purpose::Access
                && token.revoked.is_none()
                && token.expires.is_none_or(|end| now < end)
        };
        let may_count = |record: &&Record| match record {
            Record::Realm(_) | Record::Role(_) | Record::Principal(_) | Record::Lock(_) | Record::Gate(_) => {
                true
            }
            Record::Token(token) => counts(token),
            Record::Text(text) => {
                text.state != TextState::Spent
                    && matches!(self.records.get(&Id::Token(text.token)), Some(Record::Token(token)) if counts(token))
            }
            Record::Replay(_) => false,
            Record::Session(session) => sessions::live(session, now),
            Record::SigningKey(key) => key.state != KeyState::Removed,
        };
        self.records.values().filter(may_count).cloned().map(Loaded::from).collect()
    }

    fn touch(&mut self, touch: Touch) {
        match touch {
            Touch::Use { token, used, count } => {
                if let Some(Record::Token(token)) = self.records.get_mut(&Id::Token(token)) {
                    token.uses += count;
                    if token.last_used.is_none_or(|stored| stored.at < used.at) {
                        token.last_used = Some(used);
                    }
                }
            }
            Touch::Login { principal, at } => {
                if let Some(Record::Principal(principal)) = self.records.get_mut(&Id::Principal(principal))
                    && principal.last_login.is_none_or(|stored| stored < at)
                {
                    principal.last_login = Some(at);
                }
            }
        }
    }
}

fn tells(filter: &JournalFilter, entry: &Entry) -> bool {
    filter.realm.is_none_or(|realm| entry.realm == realm)
        && entry.sequence > filter.after
        && filter.action.is_none_or(|action| entry.action == action)
        && filter.subject.as_ref().is_none_or(|subject| entry.subject == *subject)
        && filter.actor.is_none_or(|actor| entry.actor == Some(actor))
        && filter.from.is_none_or(|from| from <= entry.at)
        && filter.to.is_none_or(|to| entry.at < to)
}

fn ready<'a, T: Send + 'a>(answer: T) -> Future<'a, Result<T, StoreError>> {
    Box::pin(std::future::ready(Ok(answer)))
}

impl Store for Memory {
    fn meta(&self) -> Future<'_, Result<Meta, StoreError>> {
        ready(self.kept().meta.clone())
    }

    fn reserve(&self, count: u64) -> Future<'_, Result<u64, StoreError>> {
        let mut kept = self.kept();
        let first = kept.next_token;
        kept.next_token += count;
        ready(first)
    }

    fn commit(&self, change: Change) -> Future<'_, Result<(), StoreError>> {
        Box::pin(std::future::ready(self.kept().commit(change)))
    }

    fn find(&self, key: Key) -> Future<'_, Result<Option<Record>, StoreError>> {
        ready(self.kept().find(key))
    }

    fn list(&self, query: Query) -> Future<'_, Result<Vec<Record>, StoreError>> {
        ready(self.kept().list(query))
    }

    fn count(&self, filter: TokenFilter) -> Future<'_, Result<u64, StoreError>> {
        ready(self.kept().tokens().filter(|token| tokens::lets_through(&filter, token)).count() as u64)
    }

    fn journal(&self, filter: JournalFilter, limit: usize) -> Future<'_, Result<Vec<Entry>, StoreError>> {
        ready(self.kept().journal.iter().filter(|entry| tells(&filter, entry)).take(limit).cloned().collect())
    }

    fn load(&self, now: Timestamp, mut sink: Sink) -> Future<'_, Result<(), StoreError>> {
        let loaded = self.kept().load(now);
        loaded.into_iter().for_each(&mut sink);
        ready(())
    }

    fn touch(&self, batch: Vec<Touch>) -> Future<'_, Result<(), StoreError>> {
        let mut kept = self.kept();
        for touch in batch {
            kept.touch(touch);
        }
        ready(())
    }
}
