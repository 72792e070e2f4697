//! The roster: realms, principals, roles, signing keys, locks and gates as the rules need them at every request.

use super::spent::Buckets;
use super::tally::Tally;
use super::{read, write};
use crate::gate::Gate;
use crate::principal::{Principal, PrincipalId, Role, RoleId};
use crate::realm::{Realm, RealmId};
use crate::scope::ScopeSet;
use crate::session::Lock;
use crate::signing::{KeyState, SigningKey};
use crate::store::Record;
use crate::sync::{AtomicBool, Ordering, RwLock};
use hashbrown::HashMap;
use std::sync::Arc;
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
    /// Its number, which never changes.
    pub number: u64,
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

/// A gate as checks need it: its record, and what they leave there.
#[derive(Debug)]
pub struct GateFacts {
    gate: Gate,
    /// How they ended.
    pub tally: Arc<Tally>,
    /// What is spent of its limit.
    pub buckets: Arc<Buckets>,
}

impl std::ops::Deref for GateFacts {
    type Target = Gate;

    fn deref(&self) -> &Gate {
        &self.gate
    }
}

impl GateFacts {
    /// With what checks left at the gate as it was before.
    fn new(gate: Gate, before: Option<&Self>) -> Self {
        let kept = before.map(|before| (Arc::clone(&before.tally), Arc::clone(&before.buckets)));
        let (tally, buckets) = kept.unwrap_or_default();
        Self { gate, tally, buckets }
    }
}

/// Everything of a house that is not a credential.
#[derive(Debug, Default)]
pub struct Roster {
    realms: RwLock<HashMap<RealmId, Arc<RealmFacts>>>,
    roles: RwLock<HashMap<RoleId, Role>>,
    principals: RwLock<HashMap<PrincipalId, Arc<Standing>>>,
    keys: RwLock<HashMap<String, SigningKey>>,
    locks: RwLock<HashMap<(PrincipalId, bool), Vec<Lock>>>,
    gates: RwLock<HashMap<String, Arc<GateFacts>>>,
}

impl Roster {
    /// A realm by slug or uuid.
    pub fn realm(&self, name: &str) -> Option<Arc<RealmFacts>> {
        let uuid = Uuid::try_parse(name).ok();
        read(&self.realms).values().find(|realm| &*realm.slug == name || Some(realm.uuid) == uuid).cloned()
    }

    /// A realm by its internal number.
    pub fn realm_by_id(&self, id: RealmId) -> Option<Arc<RealmFacts>> {
        read(&self.realms).get(&id).cloned()
    }

    /// Every realm's internal number.
    pub fn realm_ids(&self) -> Vec<RealmId> {
        read(&self.realms).keys().copied().collect()
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

    /// The signing keys of a realm that are not removed, the oldest first.
    pub fn signing_keys(&self, realm: RealmId) -> Vec<SigningKey> {
        let of_realm = |key: &&SigningKey| key.realm == realm && key.state != KeyState::Removed;
        let mut keys: Vec<_> = read(&self.keys).values().filter(of_realm).cloned().collect();
        keys.sort_by(|a, b| (a.created, &a.kid).cmp(&(b.created, &b.kid)));
        keys
    }

    /// A gate.
    pub fn gate(&self, name: &str) -> Option<Arc<GateFacts>> {
        read(&self.gates).get(name).cloned()
    }

    /// Every gate.
    pub fn gates(&self) -> Vec<Arc<GateFacts>> {
        read(&self.gates).values().cloned().collect()
    }

    /// The locks that hold this principal's passwords, or its keys.
    pub fn locks(&self, principal: PrincipalId, password: bool) -> Vec<Lock> {
        read(&self.locks).get(&(principal, password)).cloned().unwrap_or_default()
    }

    /// Takes in one record as the store has it.
    pub(super) fn put(&self, record: &Record) {
        match record {
            Record::Realm(realm) => self.put_realm(realm),
            Record::Role(role) => {
                write(&self.roles).insert(role.id, role.clone());
                self.recompute(role.id);
            }
            Record::Principal(principal) => self.put_principal(principal),
            Record::SigningKey(key) => {
                write(&self.keys).insert(key.kid.clone(), key.clone());
            }
            Record::Lock(lock) => {
                let mut locks = write(&self.locks);
                let held = locks.entry((lock.principal, lock.password)).or_default();
                held.retain(|other| other.network != lock.network);
                held.push(lock.clone());
            }
            Record::Gate(gate) => {
                let mut gates = write(&self.gates);
                let facts = GateFacts::new(gate.clone(), gates.get(&gate.name).map(|before| &**before));
                gates.insert(gate.name.clone(), Arc::new(facts));
            }
            Record::Token(_) | Record::Text(_) | Record::Session(_) | Record::Replay(_) => {}
        }
    }

    /// A role ceases; what it allowed is allowed no more.
    pub(super) fn forget_role(&self, id: RoleId) {
        write(&self.roles).remove(&id);
        self.recompute(id);
    }

    /// A gate ceases, or nothing passes it until it is put in anew.
    pub(super) fn forget_gate(&self, name: &str) {
        write(&self.gates).remove(name);
    }

    /// Takes every lock of a principal off.
    pub(super) fn unlock(&self, principal: PrincipalId) {
        write(&self.locks).retain(|(locked, _), _| *locked != principal);
    }

    /// Nothing speaks for this principal until it is put in anew.
    pub(super) fn silence_principal(&self, id: PrincipalId) {
        if let Some(standing) = self.standing(id) {
            standing.live.store(false, Ordering::Release);
        }
    }

    /// No personal token counts in this realm until it is put in anew, if the change may have switched them off.
    pub(super) fn silence_realm(&self, realm: &Realm) {
        if let Some(facts) = self.realm_by_id(realm.id) {
            facts.personal_tokens.fetch_and(realm.personal_tokens, Ordering::AcqRel);
        }
    }

    /// Takes over everything that `fresh` was loaded with.
    pub(super) fn replace(&self, fresh: &Self) {
        std::mem::swap(&mut *write(&self.realms), &mut *write(&fresh.realms));
        std::mem::swap(&mut *write(&self.roles), &mut *write(&fresh.roles));
        std::mem::swap(&mut *write(&self.principals), &mut *write(&fresh.principals));
        std::mem::swap(&mut *write(&self.keys), &mut *write(&fresh.keys));
        std::mem::swap(&mut *write(&self.locks), &mut *write(&fresh.locks));
        let mut gates = write(&self.gates);
        let kept = |(name, gate): (String, Arc<GateFacts>)| {
            let facts = GateFacts::new(gate.gate.clone(), gates.get(&name).map(|before| &**before));
            (name, Arc::new(facts))
        };
        *gates = std::mem::take(&mut *write(&fresh.gates)).into_iter().map(kept).collect();
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
                number: principal.number,
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
}
