//! The port to whatever keeps the records. Small on purpose: one record type, one commit, find, list, load, touch.
//! `Memory` (in [`crate::memory`]) is its plainest meaning; a conformance suite holds every store to it.

use crate::clock::Future;
use crate::gate::Gate;
use crate::journal::{Action, Entry};
use crate::load::Sink;
use crate::principal::{Principal, PrincipalId, Role, RoleId};
use crate::realm::{Realm, RealmId};
use crate::replay::{Replay, ReplayKey};
use crate::scope::Scope;
use crate::secret::Digest;
use crate::session::{Lock, Session};
use crate::signing::SigningKey;
use crate::token::{Purpose, State, Text, Token, TokenNumber, Use};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What the store knows of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meta {
    /// Changes whenever the history may have been replaced.
    pub epoch: Uuid,
    /// [`crate::secret::Keys::check`] of the root secret that the digests were made with.
    pub check: [u8; 16],
    /// The highest wall clock seen: setting the clock back revives nothing.
    pub mark: Timestamp,
}

/// Everything that is kept, one variant a kind.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "each variant is the record of that name")]
pub enum Record {
    Realm(Realm),
    Principal(Principal),
    Role(Role),
    Token(Token),
    Text(Text),
    Replay(Replay),
    Session(Session),
    SigningKey(SigningKey),
    Lock(Lock),
    Gate(Gate),
}

/// One step of a change. Steps are taken in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Write {
    /// A new record; `Taken` if one of its keys is in use.
    Insert(Record),
    /// The record's next version; `Stale` unless the stored version is one less. Texts, replays, sessions and locks
    /// have no version and need only be there.
    /// A token's `last_used` and `uses` and a principal's `last_login` are left as stored: they are touches. Of a session only
    /// `ended` is written.
    Update(Record),
    /// A role ceases; `Stale` unless the stored version is this one.
    DeleteRole(RoleId, u64),
    /// A gate ceases; `Stale` unless the stored version is this one.
    DeleteGate(String, u64),
    /// Replays kept until `now` or earlier are dropped.
    ForgetReplays(Timestamp),
    /// Sessions that expired at or before this instant are dropped.
    ForgetSessions(Timestamp),
    /// Every lock of this principal is taken off.
    Unlock(PrincipalId),
}

/// All or none of these, with their journal lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The instant of the change; the store's clock mark is moved up to it.
    pub at: Timestamp,
    /// The steps.
    pub writes: Vec<Write>,
    /// The lines that say so.
    pub journal: Vec<Entry>,
}

/// Why a store did not do as asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A key of the new record is in use: what kind of key (`username`, `role name`, `token id`, `digest`, `replay`, …).
    #[error("the {0} is taken")]
    Taken(&'static str),
    /// The record changed since it was read: what kind of record.
    #[error("the {0} changed meanwhile")]
    Stale(&'static str),
    /// Nobody knows whether it was done.
    #[error("the store cannot answer")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// By what one record is found. Deleted and revoked records are found by id, number and digest, not by name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each variant names the key")]
pub enum Key {
    RealmBySlug(String),
    RealmByUuid(Uuid),
    Principal(PrincipalId),
    PrincipalByNumber(RealmId, u64),
    /// The [`Principal::name_key`] of an undeleted principal.
    PrincipalByName(RealmId, String),
    Role(RoleId),
    RoleByNumber(RealmId, u64),
    RoleByName(RealmId, String),
    Token(TokenNumber),
    TokenById(RealmId, String),
    Text(Digest),
    Replay(ReplayKey),
    Session(Uuid),
    SessionByDigest(Digest),
    SigningKey(String),
    Gate(String),
}

/// By what a list of tokens is sorted; ties are broken by id, in the same direction, bytewise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SortBy {
    /// Bytewise.
    Name,
    /// When it was issued.
    Created,
    /// Never counts as the latest.
    Expires,
    /// Never counts as the earliest.
    Modified,
    /// Never counts as the earliest.
    LastUsed,
}

/// Where a page starts (cursors carry it): after the row with this sort value and id. Times are milliseconds, `None` is never.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum SortValue {
    /// A name.
    Name(String),
    /// An instant in milliseconds, or never.
    Time(Option<i64>),
}

/// The last row of the page before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// Its sort value.
    pub value: SortValue,
    /// Its public id.
    pub id: String,
}

impl Position {
    /// Where a page goes on that ended with this token.
    pub fn of(token: &Token, sort: SortBy) -> Self {
        let value = match sort {
            SortBy::Name => SortValue::Name(token.name.to_string()),
            SortBy::Created => SortValue::Time(Some(token.created.as_millisecond())),
            SortBy::Expires => SortValue::Time(token.expires.map(Timestamp::as_millisecond)),
            SortBy::Modified => SortValue::Time(token.modified.map(Timestamp::as_millisecond)),
            SortBy::LastUsed => SortValue::Time(token.last_used.map(|used| used.at.as_millisecond())),
        };
        Self { value, id: token.id.to_string() }
    }
}

/// Which tokens. Every criterion that is set must hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenFilter {
    /// Of this realm.
    pub realm: RealmId,
    /// Of this purpose.
    pub purpose: Purpose,
    /// Of this dialect.
    pub dialect: Option<String>,
    /// Speaking for this principal.
    pub principal: Option<PrincipalId>,
    /// With this text in the name, compared bytewise.
    pub name: Option<String>,
    /// Holding at least one of these words, or `*`. An empty list is no criterion.
    pub any_scope: Vec<Scope>,
    /// Holding each of these words, or `*`.
    pub all_scopes: Vec<Scope>,
    /// Personal or not.
    pub personal: Option<bool>,
    /// In this state at this instant.
    pub state: Option<(State, Timestamp)>,
    /// Not revoked. (A state of `Revoked` with this set finds nothing.)
    pub unrevoked: bool,
    /// Expiring before this instant (never is not before it).
    pub expires_before: Option<Timestamp>,
    /// Not used since this instant (never used included).
    pub unused_since: Option<Timestamp>,
    /// Last used at or after this instant.
    pub used_from: Option<Timestamp>,
    /// Last used at or before this instant.
    pub used_to: Option<Timestamp>,
    /// Issued at or before this instant.
    pub created_to: Option<Timestamp>,
}

impl TokenFilter {
    /// Every access token of the realm.
    pub fn of(realm: RealmId) -> Self {
        Self {
            realm,
            purpose: Purpose::Access,
            dialect: None,
            principal: None,
            name: None,
            any_scope: Vec::new(),
            all_scopes: Vec::new(),
            personal: None,
            state: None,
            unrevoked: false,
            expires_before: None,
            unused_since: None,
            used_from: None,
            used_to: None,
            created_to: None,
        }
    }
}

/// Which journal lines.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct JournalFilter {
    /// Of this realm; none: of all.
    pub realm: Option<RealmId>,
    /// With a greater sequence.
    pub after: u64,
    /// Of this action.
    pub action: Option<Action>,
    /// About this subject.
    pub subject: Option<String>,
    /// By this principal.
    pub actor: Option<PrincipalId>,
    /// At or after this instant.
    pub from: Option<Timestamp>,
    /// Before this instant.
    pub to: Option<Timestamp>,
}

/// Which sessions. Every criterion that is set must hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionFilter {
    /// Of this realm.
    pub realm: RealmId,
    /// Speaking for this principal.
    pub principal: Option<PrincipalId>,
    /// Of this dialect.
    pub dialect: Option<String>,
    /// Bought with this exchange token.
    pub bought_with: Option<TokenNumber>,
    /// Signed with this key.
    pub kid: Option<String>,
    /// Neither ended nor expired at this instant.
    pub live_at: Option<Timestamp>,
}

/// What to list. `limit` is the most rows that come back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Query {
    /// Tokens, sorted.
    Tokens {
        /// Which.
        filter: Box<TokenFilter>,
        /// By what.
        sort: SortBy,
        /// From the other end.
        descending: bool,
        /// From where on.
        after: Option<Position>,
        /// How many.
        limit: usize,
    },
    /// The live and overlap texts of a token, the live one first.
    Texts(TokenNumber),
    /// Undeleted principals by number; with `holding`, those that have the role.
    #[expect(missing_docs, reason = "as for tokens")]
    Principals { realm: RealmId, holding: Option<RoleId>, after: u64, limit: usize },
    /// Roles by number.
    #[expect(missing_docs, reason = "as for tokens")]
    Roles { realm: RealmId, after: u64, limit: usize },
    /// Sessions by id, which is the order in which they began.
    #[expect(missing_docs, reason = "as for tokens")]
    Sessions { filter: Box<SessionFilter>, after: Option<Uuid>, limit: usize },
    /// Signing keys that are not removed, by creation and then `kid`.
    SigningKeys(RealmId),
    /// Every lock of this principal.
    Locks(PrincipalId),
    /// What a claim to a key leads to, in one question: see [`claimed`].
    Claim {
        /// The digest of claim and secret.
        digest: Digest,
        /// Where.
        realm: RealmId,
        /// The claim as a token's id.
        id: String,
        /// The claim as a principal's name key.
        name: String,
    },
    /// Gates by name, bytewise.
    Gates(RealmId),
    /// Realms by id.
    #[expect(missing_docs, reason = "as for tokens")]
    Realms { after: u32, limit: usize },
}

/// The answer to [`Query::Claim`], for whatever finds: the text with that digest, its token and that one's principal;
/// without such a text whoever is claimed to be, the token with that id and the principal with that name.
pub fn claimed<E>(
    find: impl Fn(Key) -> Result<Option<Record>, E>,
    digest: Digest,
    realm: RealmId,
    (id, name): (String, String),
) -> Result<Vec<Record>, E> {
    let mut found: Vec<_> = find(Key::Text(digest))?.into_iter().collect();
    if let Some(Record::Text(text)) = found.first() {
        found.extend(find(Key::Token(text.token))?);
        if let Some(Record::Token(token)) = found.last() {
            found.extend(find(Key::Principal(token.principal))?);
        }
    } else {
        found.extend(find(Key::TokenById(realm, id))?);
        found.extend(find(Key::PrincipalByName(realm, name))?);
    }
    Ok(found)
}

/// A use that was recorded without a write on the path. A time that is not later than the stored one changes nothing; a
/// count is added whenever it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each field is the record of that name")]
pub enum Touch {
    /// A token was used so often since the last batch, and last then.
    Use { token: TokenNumber, used: Use, count: u64 },
    /// A principal logged in.
    Login { principal: PrincipalId, at: Timestamp },
}

/// Whatever keeps the records.
pub trait Store: Send + Sync {
    /// What the store knows of itself.
    fn meta(&self) -> Future<'_, Result<Meta, StoreError>>;

    /// Takes `count` token numbers that nobody had or will have; the first of them. Gaps are no loss.
    fn reserve(&self, count: u64) -> Future<'_, Result<u64, StoreError>>;

    /// Does the whole change or nothing, durably before it resolves.
    fn commit(&self, change: Change) -> Future<'_, Result<(), StoreError>>;

    /// One record.
    fn find(&self, key: Key) -> Future<'_, Result<Option<Record>, StoreError>>;

    /// Some records.
    fn list(&self, query: Query) -> Future<'_, Result<Vec<Record>, StoreError>>;

    /// How many tokens there are of a kind.
    fn count(&self, filter: TokenFilter) -> Future<'_, Result<u64, StoreError>>;

    /// Journal lines in order of sequence.
    fn journal(&self, filter: JournalFilter, limit: usize) -> Future<'_, Result<Vec<Entry>, StoreError>>;

    /// Everything that may count at `now`: every realm, role and principal, every access token that is neither revoked nor
    /// expired, those tokens' live texts and overlaps, every session that is neither ended nor expired, every signing
    /// key that is not removed, every lock and every gate. A realm comes before its roles, those before the principals,
    /// those before their tokens and sessions, and a token before its texts; the closer behind, the less is remembered
    /// meanwhile.
    fn load(&self, now: Timestamp, sink: Sink) -> Future<'_, Result<(), StoreError>>;

    /// Writes uses and logins down. Losing the last batch in a crash is allowed; nothing else is. A batch that was answered
    /// `Unavailable` may have been kept, and is counted twice when it comes again.
    fn touch(&self, batch: Vec<Touch>) -> Future<'_, Result<(), StoreError>>;

    /// Grows whenever a change that was answered `Unavailable` may have been kept after all: what was loaded before
    /// has to be loaded again.
    fn generation(&self) -> u64 {
        0
    }
}

impl From<StoreError> for crate::error::Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Taken(what) => Self::Conflict(format!("the {what} is taken")),
            StoreError::Stale(what) => Self::Stale(what),
            StoreError::Unavailable(cause) => Self::Unavailable(cause),
        }
    }
}
