//! A house with people in it: short ways to make somebody, to prove to be them, and to buy and try sessions.

use crate::store::Double;
use counterfoil_core::authority::{
    Actor, Ask, Authority, Claim, Door, EditPrincipal, EditRole, Exchange, Formats, KeyRules, Minted, NewKey,
    NewPrincipal, NewRole, Ports, Proved, Started, Verdict, Which, Worded, bootstrap,
};
use counterfoil_core::catalogue::{Catalogue, Vocabulary, Word};
use counterfoil_core::clock::{self, Pool, from_millis};
use counterfoil_core::error::Error;
use counterfoil_core::fixture::{CountedEntropy, StillClock};
use counterfoil_core::format::{BASE36, BASE62, Format, Part};
use counterfoil_core::memory::Memory;
use counterfoil_core::principal::{Kind, Principal};
use counterfoil_core::realm::RealmId;
use counterfoil_core::scope::ScopeSet;
use counterfoil_core::secret::{Keys, RootSecret, Secret};
use counterfoil_core::signing::{Algorithm, Members};
use counterfoil_core::store::{Key, Record, Store as _};
use jiff::SignedDuration;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use uuid::Uuid;

/// 2026-03-18T10:20:30.456Z.
const START: i64 = 1_773_829_230_456;
pub(crate) const REALM: RealmId = RealmId(1);
pub(crate) const MINUTE: SignedDuration = SignedDuration::from_mins(1);
pub(crate) const DAY: SignedDuration = SignedDuration::from_hours(24);
pub(crate) const PASSWORD: &str = "correct horse battery";
/// From where everybody comes who says nothing else.
pub(crate) const SOMEWHERE: &str = "192.0.2.1";

const NATIVE: Format = Format {
    public: &[Part::Fixed("cf_"), Part::Drawn(BASE62, 12)],
    hidden: &[Part::Fixed("_"), Part::Drawn(BASE62, 43), Part::Checksum],
    joined: true,
    shown_again: false,
};
const WORDS: &[Word] = &[
    Word { word: "key", scopes: &["acme.key"], title: "", creatable: true, personal: true },
    Word { word: "read", scopes: &["acme.read"], title: "", creatable: true, personal: true },
    Word { word: "write", scopes: &["acme.write"], title: "", creatable: true, personal: true },
];

/// One key a principal, claimed by the user name.
pub(crate) const ONE: KeyRules = KeyRules {
    dialect: "acme",
    format: &Format {
        public: &[Part::Uuid],
        hidden: &[Part::Drawn(BASE62, 40)],
        joined: false,
        shown_again: false,
    },
    claimed_by_name: true,
    several: false,
    needs: Some("acme.key"),
    lifetime: None,
};
/// Several keys a principal, claimed by their ids, good for 30 days.
pub(crate) const MANY: KeyRules = KeyRules {
    dialect: "globex",
    format: &Format {
        public: &[Part::Drawn(BASE36, 12)],
        hidden: &[Part::Drawn(BASE36, 32)],
        joined: false,
        shown_again: false,
    },
    claimed_by_name: false,
    several: true,
    needs: None,
    lifetime: Some(SignedDuration::from_hours(30 * 24)),
};

/// A pool that counts its work and lets others have their turn first.
#[derive(Default)]
struct Counting(AtomicUsize);

impl Pool for Counting {
    fn run(&self, work: Box<dyn FnOnce() + Send>) -> clock::Future<'_, Result<(), Error>> {
        Box::pin(async move {
            tokio::task::yield_now().await;
            self.0.fetch_add(1, Ordering::SeqCst);
            work();
            Ok(())
        })
    }
}

pub(crate) struct House {
    pub(crate) authority: Authority,
    pub(crate) store: Arc<Double>,
    pub(crate) clock: Arc<StillClock>,
    entropy: Arc<CountedEntropy>,
    pool: Arc<Counting>,
    signing: Arc<Counting>,
}

impl House {
    pub(crate) async fn new() -> Self {
        let clock = Arc::new(StillClock::at(from_millis(START)));
        let entropy = Arc::new(CountedEntropy::default());
        let (change, _) = bootstrap(&keys(), &*clock, &*entropy, &NATIVE).unwrap();
        let memory = Memory::create(keys().check(), change, Uuid::nil()).unwrap();
        let store = Arc::new(Double::over(memory));
        let (pool, signing) = (Arc::default(), Arc::default());
        let authority = open(&store, &clock, &entropy, [&pool, &signing]).await;
        Self { authority, store, clock, entropy, pool, signing }
    }

    /// The process ends and starts again.
    pub(crate) async fn reopen(&mut self) {
        let pools = [&self.pool, &self.signing];
        self.authority = open(&self.store, &self.clock, &self.entropy, pools).await;
    }

    /// How often RSA signed so far.
    pub(crate) fn signed(&self) -> usize {
        self.signing.0.load(Ordering::SeqCst)
    }

    /// How much was done so far: heavy work, questions to the store, commits.
    fn work(&self) -> [usize; 3] {
        let [questions, commits] = self.store.asked();
        [self.pool.0.load(Ordering::SeqCst), questions, commits]
    }

    /// What something costs: heavy work, questions to the store, commits.
    pub(crate) async fn cost<T>(&self, deed: impl Future<Output = T>) -> (T, [usize; 3]) {
        let before = self.work();
        let outcome = deed.await;
        let after = self.work();
        (outcome, std::array::from_fn(|kind| after[kind] - before[kind]))
    }

    pub(crate) fn operator(&self) -> Actor {
        self.authority.operator("default").unwrap()
    }

    /// Somebody with one role of their own that has these scopes.
    pub(crate) async fn person(&self, username: &str, scopes: &[&str]) -> Principal {
        let role = NewRole { number: None, name: format!("role of {username}"), scopes: strings(scopes) };
        self.authority.create_role(&self.operator(), &role, None).await.unwrap();
        let new = NewPrincipal {
            username: username.into(),
            kind: Kind::Person,
            number: None,
            details: EditPrincipal { roles: Some(vec![role.name]), ..EditPrincipal::default() },
        };
        self.authority.create_principal(&self.operator(), &new, None).await.unwrap().principal
    }

    /// Somebody with [`PASSWORD`].
    pub(crate) async fn person_with_password(&self, username: &str, scopes: &[&str]) -> Principal {
        let principal = self.person(username, scopes).await;
        self.set_password(username, PASSWORD).await;
        principal
    }

    pub(crate) async fn set_password(&self, username: &str, text: &str) {
        let text = Secret::new(text.into());
        self.authority.set_password(&self.operator(), &named(username), text).await.unwrap();
    }

    /// Gives the role of this person other scopes.
    pub(crate) async fn set_scopes(&self, username: &str, scopes: &[&str]) {
        let edit = EditRole { scopes: Some(strings(scopes)), ..EditRole::default() };
        let role = named(&format!("role of {username}"));
        self.authority.edit_role(&self.operator(), &role, &edit, None).await.unwrap();
    }

    pub(crate) async fn set_disabled(&self, username: &str, disabled: bool) {
        let edit = EditPrincipal { disabled: Some(disabled), ..EditPrincipal::default() };
        self.authority.edit_principal(&self.operator(), &named(username), &edit, None).await.unwrap();
    }

    pub(crate) async fn key(&self, username: &str, rules: &KeyRules, scopes: &[&str]) -> NewKey {
        let scopes = ScopeSet::of(scopes);
        self.authority
            .create_key(&self.operator(), &named(username), rules, &scopes, None, None)
            .await
            .unwrap()
    }

    pub(crate) async fn import(
        &self,
        username: &str,
        rules: &KeyRules,
        id: Option<&str>,
        text: &str,
    ) -> Result<NewKey, Error> {
        let imported = Some((id.map(str::to_owned), Secret::new(text.into())));
        let scopes = ScopeSet::default();
        self.authority.create_key(&self.operator(), &named(username), rules, &scopes, imported, None).await
    }

    /// Tries a password from [`SOMEWHERE`].
    pub(crate) async fn try_password(&self, username: &str, text: &str) -> Result<Proved, Error> {
        self.try_password_at(username, text, &door(SOMEWHERE)).await
    }

    pub(crate) async fn try_password_at(
        &self,
        username: &str,
        text: &str,
        door: &Door<'_>,
    ) -> Result<Proved, Error> {
        let claim = Claim::Password { username, text: Secret::new(text.into()) };
        self.authority.prove(REALM, claim, door).await
    }

    /// Tries a key from [`SOMEWHERE`].
    pub(crate) async fn try_key(
        &self,
        rules: &KeyRules,
        claim: &str,
        text: &Secret,
    ) -> Result<Proved, Error> {
        self.try_key_at(rules, claim, text, SOMEWHERE).await
    }

    pub(crate) async fn try_key_at(
        &self,
        rules: &KeyRules,
        claim: &str,
        text: &Secret,
        from: &str,
    ) -> Result<Proved, Error> {
        let claim = Claim::Key { dialect: rules.dialect, claim, text };
        let door = Door { keys_need: rules.needs, ..door(from) };
        self.authority.prove(REALM, claim, &door).await
    }

    /// Logs in with [`PASSWORD`].
    pub(crate) async fn log_in(&self, username: &str) -> Started {
        let proved = self.try_password(username, PASSWORD).await.unwrap();
        self.authority.exchange(&proved, &wanted()).await.unwrap()
    }

    /// Logs in with a key.
    pub(crate) async fn buy(&self, rules: &KeyRules, key: &NewKey) -> Started {
        let claim = if rules.claimed_by_name { key.principal.as_str() } else { &key.id };
        let proved = self.try_key(rules, claim, &key.text).await.unwrap();
        self.authority.exchange(&proved, &wanted()).await.unwrap()
    }

    pub(crate) fn actor(&self, started: &Started) -> Actor {
        self.authority.authenticate(started.jwt.reveal(), "acme", None).unwrap()
    }

    pub(crate) fn counts(&self, started: &Started) -> bool {
        matches!(self.verdict(started.jwt.reveal()), Verdict::Live(_))
    }

    /// Whether it counts for this scope.
    pub(crate) fn counts_for(&self, started: &Started, scope: &str) -> bool {
        let ask = Ask { scope: Some(scope), ..Ask::default() };
        matches!(self.authority.verify(started.jwt.reveal(), &ask), Verdict::Live(_))
    }

    pub(crate) fn verdict(&self, text: &str) -> Verdict {
        self.authority.verify(text, &Ask::default())
    }

    /// The principal as the store has it, with what is noted written down.
    pub(crate) async fn stored(&self, principal: &Principal) -> Principal {
        self.authority.flush().await.unwrap();
        match self.store.find(Key::Principal(principal.id)).await.unwrap() {
            Some(Record::Principal(stored)) => stored,
            other => panic!("{other:?}"),
        }
    }
}

fn keys() -> Keys {
    Keys::derive(&RootSecret::generate(&CountedEntropy::default()).unwrap())
}

async fn open(
    store: &Arc<Double>,
    clock: &Arc<StillClock>,
    entropy: &Arc<CountedEntropy>,
    [pool, signing]: [&Arc<Counting>; 2],
) -> Authority {
    let ports = Ports {
        store: Arc::<Double>::clone(store),
        clock: Arc::<StillClock>::clone(clock),
        entropy: Arc::<CountedEntropy>::clone(entropy),
        pool: Arc::<Counting>::clone(pool),
        signing: Arc::<Counting>::clone(signing),
    };
    let acme = Vocabulary { dialect: "acme", words: WORDS, prefixes: &["acme."], mints: &[] };
    Authority::open(ports, keys(), Catalogue::new(vec![acme]), Formats::new()).await.unwrap()
}

pub(crate) fn named(name: &str) -> Which {
    Which::Name(name.into())
}

/// A strict dialect's door, asked from there.
pub(crate) fn door(from: &str) -> Door<'static> {
    let address: IpAddr = from.parse().unwrap();
    Door { address: Some(address), code: None, threshold: 3, keys_need: None }
}

/// An ordinary session of 20 minutes for everything that may be had.
pub(crate) fn wanted() -> Exchange<'static> {
    Exchange {
        dialect: "acme",
        algorithm: Algorithm::EdDsa,
        lifetime: MINUTE * 20,
        multiple: false,
        most: 5,
        scopes: None,
        audience: "",
        client: "",
        actors: Vec::new(),
        address: None,
        word: &worded,
    }
}

/// One that lives beside others.
pub(crate) fn beside() -> Exchange<'static> {
    Exchange { multiple: true, ..wanted() }
}

fn worded(minted: &Minted<'_>) -> Worded {
    Worded {
        header: Members::from_iter([("alg".into(), "EdDSA".into())]),
        claims: Members::from_iter([
            ("jti".into(), minted.session.id.to_string().into()),
            ("exp".into(), minted.session.expires.as_second().into()),
        ]),
    }
}

fn strings(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// Whether it is the one refusal that tells nothing.
pub(crate) fn is_silent<T: std::fmt::Debug>(outcome: &Result<T, Error>) -> bool {
    format!("{outcome:?}") == "Err(Unauthenticated(Invalid))"
}
