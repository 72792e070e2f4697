//! The index: everything that may count, in memory, by digest. It holds facts, never decisions, and answers without
//! waiting for anything. The store is the truth; [`Index::apply`] follows each commit before it is acknowledged.

use crate::principal::{Principal, PrincipalId, Role, RoleId};
use crate::realm::{Realm, RealmId};
use crate::scope::ScopeSet;
use crate::secret::Digest;
use crate::store::{Record, Touch, Write};
use crate::token::{Purpose, Text, TextState, Token, TokenNumber, Use};
use hashbrown::HashMap;
use jiff::Timestamp;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use uuid::Uuid;

/// A realm as verification needs it.
#[derive(Debug)]
pub struct RealmFacts {
    /// The internal number.
    pub id: RealmId,
    /// What paths call it.
    pub slug: Arc<str>,
    /// The other spelling for paths.
    pub uuid: Uuid,
    personal_tokens: AtomicBool,
}

impl RealmFacts {
    /// Whether personal tokens count here now.
    pub fn personal_tokens(&self) -> bool {
        self.personal_tokens.load(Ordering::Acquire)
    }
}

/// A principal as verification needs it; what can change is read at each use.
#[derive(Debug)]
pub struct Standing {
    /// The id.
    pub id: PrincipalId,
    /// The user name, which never changes.
    pub username: Arc<str>,
    /// Its realm.
    pub realm: Arc<RealmFacts>,
    live: AtomicBool,
    scopes: RwLock<ScopeSet>,
    roles: RwLock<Vec<RoleId>>,
}

impl Standing {
    /// Neither disabled nor deleted.
    pub fn is_live(&self) -> bool {
        self.live.load(Ordering::Acquire)
    }

    /// What its roles allow now.
    pub fn scopes(&self) -> ScopeSet {
        read(&self.scopes).clone()
    }

    /// The roles that it has now.
    pub fn roles(&self) -> Vec<RoleId> {
        read(&self.roles).clone()
    }

    /// Whether its roles allow `word` now, without copying the set.
    pub fn covers(&self, word: &str) -> bool {
        read(&self.scopes).covers(word)
    }
}

/// A token as verification needs it.
#[derive(Debug)]
pub struct Known {
    /// The record as last committed; its `last_used` is behind [`Known::last_used`].
    pub token: Token,
    /// For whom it speaks.
    pub standing: Arc<Standing>,
    usage: Arc<Usage>,
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
        self.last_used().map(|used| Touch { token: self.token.number, used })
    }
}

/// A hit: the token, and until when this text of it counts.
#[derive(Debug, Clone)]
pub struct Slot {
    /// The token.
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
    realms: RwLock<HashMap<RealmId, Arc<RealmFacts>>>,
    roles: RwLock<HashMap<RoleId, Role>>,
    principals: RwLock<HashMap<PrincipalId, Arc<Standing>>>,
    used: Mutex<Vec<Arc<Known>>>,
    /// One change is followed at a time, so that a role's new scopes and its new holders do not miss each other.
    following: Mutex<()>,
}

impl Default for Index {
    fn default() -> Self {
        Self {
            by_digest: (0..SHARDS).map(|_| RwLock::default()).collect(),
            by_number: RwLock::default(),
            realms: RwLock::default(),
            roles: RwLock::default(),
            principals: RwLock::default(),
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
        self.queue(known);
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

    /// A realm by slug or uuid.
    pub fn realm(&self, name: &str) -> Option<Arc<RealmFacts>> {
        let uuid = Uuid::try_parse(name).ok();
        read(&self.realms).values().find(|realm| &*realm.slug == name || Some(realm.uuid) == uuid).cloned()
    }

    /// A realm by its internal number.
    pub fn realm_by_id(&self, id: RealmId) -> Option<Arc<RealmFacts>> {
        read(&self.realms).get(&id).cloned()
    }

    /// A principal, the deleted ones included.
    pub fn standing(&self, id: PrincipalId) -> Option<Arc<Standing>> {
        read(&self.principals).get(&id).cloned()
    }

    /// A role.
    pub fn role(&self, id: RoleId) -> Option<Role> {
        read(&self.roles).get(&id).cloned()
    }

    /// What these roles allow together.
    pub fn scopes_of(&self, roles: &[RoleId]) -> ScopeSet {
        let known = read(&self.roles);
        roles.iter().filter_map(|id| known.get(id)).flat_map(|role| role.scopes.iter().cloned()).collect()
    }

    /// Follows a committed change.
    pub fn apply(&self, writes: &[Write]) {
        let _alone = lock(&self.following);
        for step in writes {
            match step {
                Write::Insert(record) | Write::Update(record) => self.put(record),
                Write::DeleteRole(id, _) => {
                    write(&self.roles).remove(id);
                    self.recompute(*id);
                }
                Write::ForgetReplays(_) => {}
            }
        }
    }

    /// Lets nothing count that this change of unknown outcome touched, until a reload says what is.
    pub fn silence(&self, writes: &[Write]) {
        let _alone = lock(&self.following);
        for step in writes {
            match step {
                Write::Update(Record::Token(token)) => self.forget(token.number),
                Write::Update(Record::Principal(principal)) => {
                    if let Some(standing) = self.standing(principal.id) {
                        standing.live.store(false, Ordering::Release);
                    }
                }
                Write::Update(Record::Role(Role { id, .. })) | Write::DeleteRole(id, _) => {
                    write(&self.roles).remove(id);
                    self.recompute(*id);
                }
                Write::Update(Record::Realm(realm)) => {
                    if let Some(facts) = self.realm_by_id(realm.id) {
                        // Only where the change may have switched them off.
                        facts.personal_tokens.fetch_and(realm.personal_tokens, Ordering::AcqRel);
                    }
                }
                _ => {}
            }
        }
    }

    /// Takes in one record as the store has it. Realms come before roles, roles before principals, principals before
    /// tokens, tokens before texts.
    pub fn put(&self, record: &Record) {
        match record {
            Record::Realm(realm) => self.put_realm(realm),
            Record::Role(role) => {
                write(&self.roles).insert(role.id, role.clone());
                self.recompute(role.id);
            }
            Record::Principal(principal) => self.put_principal(principal),
            Record::Token(token) => self.put_token(token),
            Record::Text(text) => self.put_text(text),
            Record::Replay(_) => {}
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
        std::mem::swap(&mut *write(&self.realms), &mut *write(&fresh.realms));
        std::mem::swap(&mut *write(&self.roles), &mut *write(&fresh.roles));
        std::mem::swap(&mut *write(&self.principals), &mut *write(&fresh.principals));
    }

    fn put_realm(&self, realm: &Realm) {
        let mut realms = write(&self.realms);
        if let Some(facts) = realms.get(&realm.id) {
            facts.personal_tokens.store(realm.personal_tokens, Ordering::Release);
        } else {
            let facts = RealmFacts {
                id: realm.id,
                slug: realm.slug.as_str().into(),
                uuid: realm.uuid,
                personal_tokens: realm.personal_tokens.into(),
            };
            realms.insert(realm.id, Arc::new(facts));
        }
    }

    fn put_principal(&self, principal: &Principal) {
        let live = !principal.disabled && principal.deleted.is_none();
        let scopes = self.scopes_of(&principal.roles);
        if let Some(standing) = self.standing(principal.id) {
            *write(&standing.scopes) = scopes;
            write(&standing.roles).clone_from(&principal.roles);
            standing.live.store(live, Ordering::Release);
        } else if let Some(realm) = self.realm_by_id(principal.realm) {
            let standing = Standing {
                id: principal.id,
                username: principal.username.as_str().into(),
                realm,
                live: live.into(),
                scopes: RwLock::new(scopes),
                roles: RwLock::new(principal.roles.clone()),
            };
            write(&self.principals).insert(principal.id, Arc::new(standing));
        }
    }

    fn recompute(&self, role: RoleId) {
        let holders: Vec<_> = read(&self.principals)
            .values()
            .filter(|standing| read(&standing.roles).contains(&role))
            .cloned()
            .collect();
        for standing in holders {
            let scopes = self.scopes_of(&read(&standing.roles));
            *write(&standing.scopes) = scopes;
        }
    }

    fn put_token(&self, token: &Token) {
        if token.revoked.is_some() || token.purpose != Purpose::Access {
            return self.forget(token.number);
        }
        let Some(standing) = self.standing(token.principal) else { return };
        let mut by_number = write(&self.by_number);
        let held = by_number.remove(&token.number);
        let (usage, digests) = match held {
            Some(entry) => (Arc::clone(&entry.known.usage), entry.digests),
            None => (Arc::new(Usage { last: Mutex::new(token.last_used), queued: false.into() }), Vec::new()),
        };
        let known = Arc::new(Known { token: token.clone(), standing, usage });
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
