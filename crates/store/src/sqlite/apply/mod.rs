//! Changes written as rows, inside a transaction that somebody else begins and ends. What a change means is in the
//! port; when it becomes durable is the writer's business.

mod gates;
mod people;
mod sessions;
mod tokens;

use counterfoil_core::journal::Entry;
use counterfoil_core::principal::{PrincipalId, RoleId};
use counterfoil_core::scope::ScopeSet;
use counterfoil_core::store::{Change, Record, StoreError, Touch, Write};
use ipnet::IpNet;
use jiff::Timestamp;
use rusqlite::{Connection, Error, ErrorCode, OptionalExtension, params};
use serde_json::to_string;

/// Why a change was not applied.
#[derive(Debug)]
pub(super) enum Fault {
    /// It contradicts what is stored, or cannot be written down: the others of its batch may go on.
    Refused(StoreError),
    /// The database failed: nothing that the transaction holds can be trusted.
    Broken(Error),
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        match &error {
            Error::SqliteFailure(failure, Some(message))
                if failure.code == ErrorCode::ConstraintViolation =>
            {
                Self::Refused(taken(message).map_or_else(|| unavailable(error), StoreError::Taken))
            }
            Error::SqliteFailure(..) => Self::Broken(error),
            _ => Self::Refused(unavailable(error)),
        }
    }
}

fn unavailable(error: Error) -> StoreError {
    StoreError::Unavailable(Box::new(error))
}

impl From<serde_json::Error> for Fault {
    fn from(error: serde_json::Error) -> Self {
        Self::Refused(StoreError::Unavailable(Box::new(error)))
    }
}

/// What SQLite names when a key is in use, and what the port calls it.
const KEYS: [(&str, &str); 18] = [
    ("realm.id", "realm id"),
    ("realm.slug", "realm slug"),
    ("realm.uuid", "realm uuid"),
    ("principal.id", "principal id"),
    ("principal.realm, principal.number", "principal number"),
    ("principal.realm, principal.name_key", "username"),
    ("role.id", "role id"),
    ("role.realm, role.number", "role number"),
    ("role.realm, role.name", "role name"),
    ("token.number", "token number"),
    ("token.realm, token.id", "token id"),
    ("text.digest", "digest"),
    ("replay.realm, replay.actor, replay.route, replay.key", "replay"),
    ("session.id", "session id"),
    ("session.digest", "digest"),
    ("signing_key.kid", "signing key"),
    ("login_lock.principal, login_lock.network, login_lock.password", "lock"),
    ("gate.name", "gate name"),
];

fn taken(message: &str) -> Option<&'static str> {
    let columns = message.strip_prefix("UNIQUE constraint failed: ")?;
    KEYS.iter().find(|(key, _)| *key == columns).map(|(_, word)| *word)
}

/// Takes every step of the change and writes its lines.
pub(super) fn change(connection: &Connection, change: &Change) -> Result<(), Fault> {
    for step in &change.writes {
        write(connection, step)?;
    }
    change.journal.iter().try_for_each(|line| entry(connection, line))
}

/// Moves the clock's mark up.
pub(super) fn mark(connection: &Connection, at: Timestamp) -> Result<(), Error> {
    connection
        .prepare_cached("UPDATE meta SET mark = ?1 WHERE mark < ?1")?
        .execute([at.as_millisecond()])
        .map(drop)
}

/// Writes a last use or login down unless a later one is there.
pub(super) fn touch(connection: &Connection, touch: &Touch) -> Result<(), Fault> {
    match touch {
        Touch::Use { token, used, count } => connection
            .prepare_cached(
                "UPDATE token SET uses = uses + ?4, used_at = iif(ifnull(used_at < ?2, 1), ?2, used_at), \
                 used_from = iif(ifnull(used_at < ?2, 1), ?3, used_from) WHERE number = ?1",
            )?
            .execute(params![
                token.0,
                used.at.as_millisecond(),
                used.address.map(|address| address.to_string()),
                count,
            ])?,
        Touch::Login { principal, at } => connection
            .prepare_cached(
                "UPDATE principal SET last_login = ?2 WHERE id = ?1 AND ifnull(last_login < ?2, 1)",
            )?
            .execute(params![principal.0, at.as_millisecond()])?,
    };
    Ok(())
}

/// Takes `count` token numbers; the first of them.
pub(super) fn reserve(connection: &Connection, count: u64) -> Result<u64, Fault> {
    let first = connection
        .prepare_cached("UPDATE meta SET next_token = next_token + ?1 RETURNING next_token - ?1")?
        .query_one([count], |row| row.get(0))?;
    Ok(first)
}

fn write(connection: &Connection, step: &Write) -> Result<(), Fault> {
    match step {
        Write::Insert(record) => insert(connection, record).map(drop),
        Write::Update(record) => {
            let (updated, kind) = update(connection, record)?;
            unless_stale(updated, kind)
        }
        Write::DeleteRole(RoleId(id), version) => {
            let deleted = connection
                .prepare_cached("DELETE FROM role WHERE id = ?1 AND version = ?2")?
                .execute(params![id, version])?;
            unless_stale(deleted, "role")
        }
        Write::DeleteGate(name, version) => {
            let deleted = connection
                .prepare_cached("DELETE FROM gate WHERE name = ?1 AND version = ?2")?
                .execute(params![name, version])?;
            unless_stale(deleted, "gate")
        }
        Write::ForgetReplays(now) => {
            connection
                .prepare_cached("DELETE FROM replay WHERE until <= ?1")?
                .execute([now.as_millisecond()])?;
            Ok(())
        }
        Write::ForgetSessions(now) => {
            connection
                .prepare_cached("DELETE FROM session WHERE expires <= ?1")?
                .execute([now.as_millisecond()])?;
            Ok(())
        }
        Write::Unlock(PrincipalId(id)) => {
            connection.prepare_cached("DELETE FROM login_lock WHERE principal = ?1")?.execute([id])?;
            Ok(())
        }
    }
}

fn unless_stale(rows: usize, kind: &'static str) -> Result<(), Fault> {
    if rows == 0 { Err(Fault::Refused(StoreError::Stale(kind))) } else { Ok(()) }
}

fn insert(connection: &Connection, record: &Record) -> Result<usize, Fault> {
    match record {
        Record::Realm(record) => people::realm(connection, people::INSERT_REALM, record),
        Record::Principal(record) => people::principal(connection, people::INSERT_PRINCIPAL, record),
        Record::Role(record) => people::role(connection, people::INSERT_ROLE, record),
        Record::Token(record) => tokens::token(connection, tokens::INSERT_TOKEN, record),
        Record::Text(record) => tokens::text(connection, tokens::INSERT_TEXT, record),
        Record::Replay(record) => tokens::replay(connection, tokens::INSERT_REPLAY, record),
        Record::Session(record) => sessions::session(connection, record),
        Record::SigningKey(record) => sessions::signing_key(connection, sessions::INSERT_SIGNING_KEY, record),
        Record::Lock(record) => sessions::lock(connection, sessions::INSERT_LOCK, record),
        Record::Gate(record) => gates::gate(connection, gates::INSERT, record),
    }
}

/// How many rows were updated (none if the version was not the next), and the kind of record.
fn update(connection: &Connection, record: &Record) -> Result<(usize, &'static str), Fault> {
    Ok(match record {
        Record::Realm(record) => (people::realm(connection, people::UPDATE_REALM, record)?, "realm"),
        Record::Principal(record) => {
            (people::principal(connection, people::UPDATE_PRINCIPAL, record)?, "principal")
        }
        Record::Role(record) => (people::role(connection, people::UPDATE_ROLE, record)?, "role"),
        Record::Token(record) => (tokens::token(connection, tokens::UPDATE_TOKEN, record)?, "token"),
        Record::Text(record) => (tokens::text(connection, tokens::UPDATE_TEXT, record)?, "text"),
        Record::Replay(record) => (tokens::replay(connection, tokens::UPDATE_REPLAY, record)?, "replay"),
        Record::Session(record) => (sessions::end(connection, record)?, "session"),
        Record::SigningKey(record) => {
            (sessions::signing_key(connection, sessions::UPDATE_SIGNING_KEY, record)?, "signing key")
        }
        Record::Lock(record) => (sessions::lock(connection, sessions::UPDATE_LOCK, record)?, "lock"),
        Record::Gate(record) => (gates::gate(connection, gates::UPDATE, record)?, "gate"),
    })
}

// In the modules, an insert and an update of a kind bind the same values: ?1 is by what the row is found, the last is
// the version. Touches (`last_login`, `used_at`, `used_from`) are bound in both and written by inserts only.

fn entry(connection: &Connection, entry: &Entry) -> Result<(), Fault> {
    connection
        .prepare_cached(
            "INSERT INTO journal (at, realm, actor, credential, action, subject, detail) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            entry.at.as_millisecond(),
            entry.realm.0,
            entry.actor.map(|actor| actor.0),
            entry.credential,
            entry.action.as_str(),
            entry.subject,
            to_string(&entry.detail)?,
        ])?;
    Ok(())
}

/// The number of the set, which is kept under its own content.
fn scope_set(connection: &Connection, set: &ScopeSet) -> Result<i64, Fault> {
    let words = set.to_text();
    let known = connection
        .prepare_cached("SELECT id FROM scope_set WHERE words = ?1")?
        .query_one([&words], |row| row.get(0))
        .optional()?;
    if let Some(number) = known {
        return Ok(number);
    }
    connection.prepare_cached("INSERT INTO scope_set (words) VALUES (?1)")?.execute([&words])?;
    let number = connection.last_insert_rowid();
    let mut word = connection.prepare_cached("INSERT INTO scope_word (word, scope_set) VALUES (?1, ?2)")?;
    for held in set {
        word.execute(params![held.as_str(), number])?;
    }
    Ok(number)
}

fn networks(networks: &[IpNet]) -> Result<String, Fault> {
    let networks: Vec<String> = networks.iter().map(ToString::to_string).collect();
    Ok(to_string(&networks)?)
}
