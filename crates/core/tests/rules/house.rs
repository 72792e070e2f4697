//! A house to test in: an authority over a store with weather, two dialects of its own, and short ways to people it.

use crate::weather::Weather;
use counterfoil_core::authority::{
    Actor, Ask, Authority, EditPrincipal, EditRole, Idempotency, Issue, Issued, JournalQuery, List,
    NewPrincipal, NewRealm, NewRole, Ports, ShownPrincipal, Verdict, View, Which, bootstrap,
};
use counterfoil_core::catalogue::{Catalogue, Vocabulary, Word};
use counterfoil_core::clock::from_millis;
use counterfoil_core::error::Error;
use counterfoil_core::fixture::{CountedEntropy, Inline, StillClock};
use counterfoil_core::format::{BASE32, BASE62, Format, Part};
use counterfoil_core::memory::Memory;
use counterfoil_core::principal::{Kind, Role};
use counterfoil_core::realm::RealmId;
use counterfoil_core::secret::{Keys, RootSecret};
use counterfoil_core::store::{Key, Record, SortBy, Store, TokenFilter};
use counterfoil_core::token::Token;
use jiff::SignedDuration;
use std::sync::Arc;
use uuid::Uuid;

const NATIVE_FORMAT: Format = Format {
    public: &[Part::Fixed("cf_"), Part::Drawn(BASE62, 12)],
    hidden: &[Part::Fixed("_"), Part::Drawn(BASE62, 43), Part::Checksum],
    joined: true,
    shown_again: false,
};
const ACME_FORMAT: Format = Format {
    public: &[Part::Fixed("acme."), Part::Drawn(BASE32, 10)],
    hidden: &[Part::Fixed("."), Part::Drawn(BASE32, 40)],
    joined: true,
    shown_again: true,
};

const fn word(word: &'static str, scopes: &'static [&'static str], creatable: bool) -> Word {
    Word { word, scopes, title: "", creatable, personal: true }
}

const NATIVE_WORDS: &[Word] = &[
    word("tokens.read", &["counterfoil.tokens.read"], true),
    word("tokens.write", &["counterfoil.tokens.write"], true),
    word("tokens.mint", &["counterfoil.tokens.mint"], true),
    word("principals.write", &["counterfoil.principals.write"], true),
    word("roles.write", &["counterfoil.roles.write"], true),
    word("realms.write", &["counterfoil.realms.write"], true),
    word("journal.read", &["counterfoil.journal.read"], true),
];
const ACME_WORDS: &[Word] = &[
    word("read", &["acme.read"], true),
    word("write", &["acme.write"], true),
    word("mint", &["acme.mint"], false),
    word("hidden", &["acme.hidden"], false),
];

/// The whole realm.
pub(crate) const NATIVE: View = View {
    dialect: None,
    read: &["counterfoil.tokens.read"],
    write: &["counterfoil.tokens.write"],
    own_only: false,
    lends: &[],
    shows_revoked: true,
    spares_itself: false,
    scopeless: false,
    name_limit: 200,
};
/// A vendor's window, as narrow as a window can be.
pub(crate) const ACME: View = View {
    dialect: Some("acme"),
    read: &["acme.read"],
    write: &["acme.write"],
    own_only: false,
    lends: &[],
    shows_revoked: false,
    spares_itself: true,
    scopeless: false,
    name_limit: 20,
};

/// 2026-03-18T10:20:30.456Z.
pub(crate) const START: i64 = 1_773_829_230_456;
pub(crate) const SECOND: SignedDuration = SignedDuration::from_secs(1);
pub(crate) const MINUTE: SignedDuration = SignedDuration::from_mins(1);

pub(crate) struct House {
    pub(crate) authority: Authority,
    pub(crate) store: Arc<Weather>,
    pub(crate) clock: Arc<StillClock>,
    entropy: Arc<CountedEntropy>,
    pub(crate) first: String,
}

impl House {
    pub(crate) async fn new() -> Self {
        let clock = Arc::new(StillClock::at(from_millis(START)));
        let entropy = Arc::new(CountedEntropy::default());
        let keys = keys();
        let (change, issued) = bootstrap(&keys, &*clock, &*entropy, &NATIVE_FORMAT).unwrap();
        let memory = Memory::create(keys.check(), change, Uuid::nil()).unwrap();
        let store = Arc::new(Weather::over(memory));
        let authority = open(&store, &clock, &entropy).await;
        Self { authority, store, clock, entropy, first: issued.text.reveal().to_owned() }
    }

    /// The process ends and starts again.
    pub(crate) async fn reopen(&mut self) {
        self.authority = open(&self.store, &self.clock, &self.entropy).await;
    }

    /// The process ends and starts again with chance that repeats itself from the beginning.
    pub(crate) async fn reopen_without_chance(&mut self) {
        self.entropy = Arc::default();
        drop(bootstrap(&keys(), &*self.clock, &*self.entropy, &NATIVE_FORMAT).unwrap());
        self.reopen().await;
    }

    pub(crate) fn operator(&self) -> Actor {
        self.authority.operator("default").unwrap()
    }

    /// A role, made by the operator.
    pub(crate) async fn role(&self, name: &str, scopes: &[&str]) -> Role {
        self.authority.create_role(&self.operator(), &new_role(name, scopes), None).await.unwrap()
    }

    /// Gives a role other scopes, as the operator.
    pub(crate) async fn set_role(&self, name: &str, scopes: &[&str]) {
        let edit = EditRole { scopes: Some(strings(scopes)), ..EditRole::default() };
        self.authority.edit_role(&self.operator(), &named(name), &edit, None).await.unwrap();
    }

    /// A principal with these roles, made by the operator.
    pub(crate) async fn principal(&self, username: &str, roles: &[&str]) -> ShownPrincipal {
        self.authority
            .create_principal(&self.operator(), &new_principal(username, roles), None)
            .await
            .unwrap()
    }

    /// A principal with one role of its own that has these scopes.
    pub(crate) async fn someone(&self, username: &str, scopes: &[&str]) -> ShownPrincipal {
        let role = format!("role of {username}");
        self.role(&role, scopes).await;
        self.principal(username, &[&role]).await
    }

    /// Gives a principal other roles, as the operator.
    pub(crate) async fn set_roles(&self, username: &str, roles: &[&str]) {
        let edit = EditPrincipal { roles: Some(strings(roles)), ..EditPrincipal::default() };
        self.edit_principal(username, edit).await;
    }

    /// Disables a principal, or enables it again, as the operator.
    pub(crate) async fn set_disabled(&self, username: &str, disabled: bool) {
        self.edit_principal(username, EditPrincipal { disabled: Some(disabled), ..EditPrincipal::default() })
            .await;
    }

    async fn edit_principal(&self, username: &str, edit: EditPrincipal) {
        self.authority.edit_principal(&self.operator(), &named(username), &edit, None).await.unwrap();
    }

    /// An API token of this principal, issued by the operator, who may give anything.
    pub(crate) async fn token(&self, username: &str, scopes: &[&str]) -> Issued {
        self.issue(&Issue { principal: Some(username.into()), ..ask(scopes) }).await
    }

    /// Issues as the operator.
    pub(crate) async fn issue(&self, issue: &Issue) -> Issued {
        self.authority.issue(&self.operator(), &NATIVE, issue, None).await.unwrap()
    }

    /// Issues as anybody.
    pub(crate) async fn try_issue(&self, actor: &Actor, issue: &Issue) -> Result<Issued, Error> {
        self.authority.issue(actor, &NATIVE, issue, None).await
    }

    /// Rotates as the operator.
    pub(crate) async fn rotate(&self, id: &str, overlap: SignedDuration) -> Result<Issued, Error> {
        self.authority.rotate(&self.operator(), &NATIVE, id, overlap, None).await
    }

    pub(crate) fn actor(&self, issued: &Issued) -> Actor {
        self.authority.authenticate(issued.text.reveal(), "native", None).unwrap()
    }

    /// A new principal whose role and token have just these scopes, ready to act.
    pub(crate) async fn acting(&self, username: &str, scopes: &[&str]) -> Actor {
        self.someone(username, scopes).await;
        self.actor(&self.token(username, scopes).await)
    }

    pub(crate) fn verdict(&self, text: &str) -> Verdict {
        self.authority.verify(text, &Ask::default())
    }

    pub(crate) fn counts(&self, text: &str) -> bool {
        matches!(self.verdict(text), Verdict::Live(_))
    }

    /// Whether it counts for this scope.
    pub(crate) fn counts_for(&self, text: &str, scope: &str) -> bool {
        matches!(self.authority.verify(text, &Ask { scope: Some(scope), ..Ask::default() }), Verdict::Live(_))
    }

    pub(crate) fn pass(&self, span: SignedDuration) {
        self.clock.pass(span);
    }

    /// The record as the store has it.
    pub(crate) async fn stored(&self, id: &str) -> Token {
        match self.store.find(Key::TokenById(RealmId(1), id.into())).await {
            Ok(Some(Record::Token(token))) => token,
            other => panic!("no token {id}: {other:?}"),
        }
    }

    /// The journal of the default realm from here on.
    pub(crate) async fn lines(&self, after: u64) -> Vec<counterfoil_core::journal::Entry> {
        let query = JournalQuery { after, limit: 10_000, ..JournalQuery::default() };
        let lines = self.authority.journal(&self.operator(), &query).await.unwrap();
        lines.into_iter().map(|line| line.entry).collect()
    }

    /// Another realm and the operator in it.
    pub(crate) async fn realm(&self, slug: &str) -> (Actor, Issued) {
        let new = new_realm(slug);
        let (_, issued) = self.authority.create_realm(&self.operator(), &new, None).await.unwrap();
        (self.authority.operator(slug).unwrap(), issued)
    }
}

/// The keys of the only root secret in these tests.
fn keys() -> Keys {
    Keys::derive(&RootSecret::parse(b"5f2a91c07be3d846a1f0957c3e2b8d64").unwrap())
}

async fn open(store: &Arc<Weather>, clock: &Arc<StillClock>, entropy: &Arc<CountedEntropy>) -> Authority {
    let ports = Ports {
        store: Arc::clone(store) as Arc<dyn Store>,
        clock: Arc::clone(clock) as _,
        entropy: Arc::clone(entropy) as _,
        pool: Arc::new(Inline),
        signing: Arc::new(Inline),
    };
    let native =
        Vocabulary { dialect: "native", words: NATIVE_WORDS, prefixes: &["counterfoil."], mints: &[] };
    let acme = Vocabulary { dialect: "acme", words: ACME_WORDS, prefixes: &["acme."], mints: &["acme.mint"] };
    let formats = vec![("native", &NATIVE_FORMAT), ("acme", &ACME_FORMAT)];
    Authority::open(ports, keys(), Catalogue::new(vec![native, acme]), formats).await.unwrap()
}

pub(crate) fn strings(words: &[&str]) -> Vec<String> {
    words.iter().map(ToString::to_string).collect()
}

pub(crate) fn named(name: &str) -> Which {
    Which::Name(name.into())
}

/// A sound request for a native token of the actor's own.
pub(crate) fn ask(scopes: &[&str]) -> Issue {
    Issue { name: "a token".into(), dialect: "native".into(), scopes: strings(scopes), ..Issue::default() }
}

/// The same for the vendor's dialect.
pub(crate) fn ask_acme(scopes: &[&str]) -> Issue {
    Issue { dialect: "acme".into(), ..ask(scopes) }
}

pub(crate) fn new_role(name: &str, scopes: &[&str]) -> NewRole {
    NewRole { name: name.into(), scopes: strings(scopes), number: None }
}

pub(crate) fn new_principal(username: &str, roles: &[&str]) -> NewPrincipal {
    let details = EditPrincipal { roles: Some(strings(roles)), ..EditPrincipal::default() };
    NewPrincipal { username: username.into(), kind: Kind::Person, number: None, details }
}

pub(crate) fn new_realm(slug: &str) -> NewRealm {
    NewRealm { slug: slug.into(), name: None, uuid: None }
}

/// The request `key` stands for; requests with other keys are other requests too.
pub(crate) fn once(key: &str) -> Idempotency {
    Idempotency { key: key.into(), route: "POST /things".into(), request: [7; 32] }
}

/// Every access token that is in view, in order of creation.
pub(crate) fn all(limit: usize) -> List {
    List {
        filter: TokenFilter::of(RealmId(0)),
        owner: None,
        sort: SortBy::Created,
        descending: false,
        after: None,
        limit,
    }
}
