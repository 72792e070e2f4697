//! The rules, each once (design 6). Handlers, commands and pages translate; they repeat none of this.

mod actor;
mod bootstrap;
mod check;
mod clients;
mod commits;
mod cursor;
mod delegate;
mod edit;
mod exchange;
mod gates;
mod guard;
mod idempotency;
mod issue;
mod journal;
mod keys;
mod list;
mod meter;
mod people;
mod principals;
mod prove;
mod realms;
mod recall;
mod revoke;
mod roles;
mod rotate;
mod sessions;
mod signing_keys;
mod spend;
mod tend;
mod texts;
mod verify;
mod view;

pub use crate::index::Reason;
pub use actor::Actor;
pub use bootstrap::bootstrap;
pub use check::{Check, Explained, Passage};
pub use clients::ClientProof;
pub use commits::Commits;
pub use edit::Edit;
pub use exchange::{Exchange, Minted, Started, Worded};
pub use gates::{EditGate, NewRule};
pub use idempotency::Idempotency;
pub use issue::{Issue, Issued};
pub use journal::{JournalQuery, Line};
pub use keys::{KeyRules, NewKey};
pub use list::{List, Listing, Shown};
pub use meter::{Allowance, Whose};
pub use people::Person;
pub use principals::{EditPrincipal, NewPrincipal, PrincipalQuery, ShownPrincipal, Which};
pub use prove::{Claim, Door, Proved};
pub use realms::{EditRealm, NewRealm};
pub use revoke::{Bulk, Filter};
pub use roles::{EditRole, NewRole};
pub use sessions::{SessionQuery, ShownSession};
pub use signing_keys::sealed_key;
pub use spend::{Left, Limited};
pub use verify::{Ask, Grant, Verdict};
pub use view::View;

use crate::catalogue::Catalogue;
use crate::clock::{Clock, Entropy, Pool, from_millis, to_millis};
use crate::error::Error;
use crate::format::Format;
use crate::index::roster::RealmFacts;
use crate::index::{Index, Tally};
use crate::journal::Entry;
use crate::realm::RealmId;
use crate::secret::Keys;
use crate::store::{Change, Store, StoreError, Write};
use crate::token::TokenNumber;
use jiff::Timestamp;
use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use tokio::sync::{Mutex, MutexGuard, RwLock};

/// What the authority needs of the world.
pub struct Ports {
    /// Where the records are kept.
    pub store: Arc<dyn Store>,
    /// The wall clock.
    pub clock: Arc<dyn Clock>,
    /// The source of chance.
    pub entropy: Arc<dyn Entropy>,
    /// Where heavy work goes: passwords, new signing keys.
    pub pool: Arc<dyn Pool>,
    /// Where RSA signs: apart, so that guessed passwords hold up nobody who comes with a key.
    pub signing: Arc<dyn Pool>,
}

/// The first format of each dialect that issues tokens, by the dialect's name.
pub type Formats = Vec<(&'static str, &'static Format)>;

/// The house: all rules, over one store and one index.
pub struct Authority {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    pool: Arc<dyn Pool>,
    signing: Arc<dyn Pool>,
    keys: Keys,
    catalogue: Catalogue,
    formats: Formats,
    index: Index,
    /// How checks at no gate ended.
    tally: Arc<Tally>,
    guard: guard::Guard,
    ring: signing_keys::Ring,
    meters: meter::Meters,
    /// Since when it answers.
    since: Timestamp,
    noted: prove::Noted,
    recall: recall::Recall,
    /// The highest wall clock seen, in milliseconds.
    mark: AtomicI64,
    /// Token numbers taken from the store and not yet given.
    numbers: Mutex<std::ops::Range<u64>>,
    /// Held for reading by each commit and for writing by a reload, which must not see one half done.
    reading: RwLock<()>,
    /// Set when a commit's outcome is unknown: the index must be read anew.
    doubt: AtomicBool,
    /// The store's generation that the index was read from.
    generation: AtomicU64,
    /// Held by whoever writes uses down, and by whoever needs those that are written and those that are not to stand still.
    flushing: Mutex<()>,
    /// When the index was last known to be as the store is, in milliseconds.
    followed: AtomicI64,
    commits: Commits,
    /// The second in which uses were last written down.
    flushed: AtomicI64,
    /// The minute in which replays were last pruned.
    pruned: AtomicI64,
    stripes: Vec<Mutex<()>>,
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Authority").field("texts", &self.index.len()).finish_non_exhaustive()
    }
}

const STRIPES: usize = 256;
const NUMBERS_AT_ONCE: u64 = 1_000;

impl Authority {
    /// Reads the index in and is ready to answer.
    pub async fn open(
        ports: Ports,
        keys: Keys,
        catalogue: Catalogue,
        formats: Formats,
    ) -> Result<Self, Error> {
        let meta = ports.store.meta().await?;
        let since = to_millis(ports.clock.now());
        let authority = Self {
            store: ports.store,
            clock: ports.clock,
            entropy: ports.entropy,
            pool: ports.pool,
            signing: ports.signing,
            keys,
            catalogue,
            index: Index::new(joined(&formats)),
            formats,
            tally: Arc::default(),
            guard: guard::Guard::default(),
            ring: signing_keys::Ring::default(),
            meters: meter::Meters::default(),
            since,
            noted: prove::Noted::default(),
            recall: recall::Recall::default(),
            mark: AtomicI64::new(meta.mark.as_millisecond()),
            numbers: Mutex::new(0..0),
            reading: RwLock::new(()),
            doubt: AtomicBool::new(false),
            generation: AtomicU64::new(0),
            flushing: Mutex::new(()),
            followed: AtomicI64::new(0),
            commits: Commits::default(),
            flushed: AtomicI64::new(0),
            pruned: AtomicI64::new(0),
            stripes: (0..STRIPES).map(|_| Mutex::new(())).collect(),
        };
        authority.reload().await?;
        authority.settle().await?;
        Ok(authority)
    }

    /// The present: the wall clock, or the highest one ever seen if that is later. Setting the clock back revives
    /// nothing.
    pub fn now(&self) -> Timestamp {
        let wall = to_millis(self.clock.now()).as_millisecond();
        let mark = self.mark.load(Ordering::Acquire);
        // A plain look first: within a millisecond, nobody has to write what all others read.
        from_millis(if wall > mark { self.mark.fetch_max(wall, Ordering::AcqRel).max(wall) } else { mark })
    }

    /// Since when it answers.
    pub fn since(&self) -> Timestamp {
        self.since
    }

    /// The catalogue of known words.
    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// A realm by slug or uuid.
    pub fn realm(&self, name: &str) -> Option<Arc<RealmFacts>> {
        self.index.roster.realm(name)
    }

    /// The actor for whoever may open the store.
    pub fn operator(&self, realm: &str) -> Result<Actor, Error> {
        self.realm(realm).map(|realm| Actor::operator(realm.id)).ok_or(Error::NotFound("realm"))
    }

    /// The realm in which an actor acts.
    pub fn realm_of(&self, actor: &Actor) -> Result<Arc<RealmFacts>, Error> {
        self.index.roster.realm_by_id(actor.realm()).ok_or(Error::NotFound("realm"))
    }

    /// The slug of a realm.
    fn slug(&self, id: RealmId) -> Arc<str> {
        self.index.roster.realm_by_id(id).map(|realm| Arc::clone(&realm.slug)).unwrap_or_default()
    }

    fn format(&self, dialect: &str) -> Option<&'static Format> {
        self.formats.iter().find(|(name, _)| *name == dialect).map(|(_, format)| *format)
    }

    /// Commits a change, then lets the index follow, both before anybody hears of it.
    async fn commit(&self, writes: Vec<Write>, journal: Vec<Entry>, at: Timestamp) -> Result<(), StoreError> {
        let _passing = self.reading.read().await;
        let done: Vec<_> = journal.iter().map(|line| (line.action, line.subject.clone())).collect();
        let began = self.clock.now();
        let outcome = self.store.commit(Change { at, writes: writes.clone(), journal }).await;
        self.commits.note(&outcome, self.clock.now().duration_since(began));
        if writes.iter().any(recall::touches_keys) {
            self.recall.forget();
        }
        match &outcome {
            Ok(()) => {
                self.index.apply(&writes);
                for (action, subject) in done {
                    tracing::info!(action = action.as_str(), %subject, "changed");
                }
            }
            Err(StoreError::Unavailable(cause)) => {
                tracing::error!(%cause, "a commit has an unknown outcome; what it touched is refused until the index is read anew");
                self.index.silence(&writes);
                self.doubt.store(true, Ordering::Release);
            }
            Err(StoreError::Taken(_) | StoreError::Stale(_)) => {}
        }
        outcome
    }

    /// The in-process lock of one record: whoever changes it holds this until the index has followed, so that the
    /// index follows the changes of one record in their order.
    async fn hold(&self, record: impl Hash) -> MutexGuard<'_, ()> {
        self.stripes[stripe(record)].lock().await
    }

    /// Several of those locks, taken in one order, so that no two callers wait for each other. Whoever calls this holds
    /// no other: two records may have the same lock.
    async fn hold_all(&self, stripes: impl IntoIterator<Item = usize>) -> Vec<MutexGuard<'_, ()>> {
        let stripes: BTreeSet<usize> = stripes.into_iter().collect();
        let mut held = Vec::with_capacity(stripes.len());
        for stripe in stripes {
            held.push(self.stripes[stripe].lock().await);
        }
        held
    }

    async fn next_number(&self) -> Result<TokenNumber, Error> {
        let mut numbers = self.numbers.lock().await;
        if numbers.is_empty() {
            let first = self.store.reserve(NUMBERS_AT_ONCE).await?;
            *numbers = first..first + NUMBERS_AT_ONCE;
        }
        let number = numbers.start;
        numbers.start += 1;
        Ok(TokenNumber(number))
    }
}

/// The dialects whose texts begin with the id.
fn joined(formats: &Formats) -> Vec<&'static str> {
    formats.iter().filter(|(_, format)| format.joined).map(|(dialect, _)| *dialect).collect()
}

/// Which lock is a record's.
fn stripe(record: impl Hash) -> usize {
    let mut hasher = DefaultHasher::new();
    record.hash(&mut hasher);
    usize::try_from(hasher.finish() % STRIPES as u64).unwrap_or(0)
}

/// Does heavy work on a pool and waits for what it gives.
async fn on_pool<T: Send + 'static>(
    pool: &Arc<dyn Pool>,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Error> {
    let (give, take) = tokio::sync::oneshot::channel();
    pool.run(Box::new(move || drop(give.send(work())))).await?;
    take.await.map_err(Error::unavailable)
}
