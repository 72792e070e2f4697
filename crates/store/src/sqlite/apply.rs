//! Changes written as rows, inside a transaction that somebody else begins and ends. What a change means is in the
//! port; when it becomes durable is the writer's business.

use counterfoil_core::journal::Entry;
use counterfoil_core::principal::{Principal, Role, RoleId};
use counterfoil_core::realm::Realm;
use counterfoil_core::replay::Replay;
use counterfoil_core::scope::ScopeSet;
use counterfoil_core::store::{Change, Record, StoreError, Touch, Write};
use counterfoil_core::token::{Text, Token};
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
const KEYS: [(&str, &str); 13] = [
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

/// Writes a last use down unless a later one is there.
pub(super) fn touch(connection: &Connection, touch: &Touch) -> Result<(), Fault> {
    connection
        .prepare_cached(
            "UPDATE token SET used_at = ?2, used_from = ?3 WHERE number = ?1 AND ifnull(used_at < ?2, 1)",
        )?
        .execute(params![
            touch.token.0,
            touch.used.at.as_millisecond(),
            touch.used.address.map(|address| address.to_string()),
        ])?;
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
        Write::ForgetReplays(now) => {
            connection
                .prepare_cached("DELETE FROM replay WHERE until <= ?1")?
                .execute([now.as_millisecond()])?;
            Ok(())
        }
    }
}

fn unless_stale(rows: usize, kind: &'static str) -> Result<(), Fault> {
    if rows == 0 { Err(Fault::Refused(StoreError::Stale(kind))) } else { Ok(()) }
}

fn insert(connection: &Connection, record: &Record) -> Result<usize, Fault> {
    match record {
        Record::Realm(record) => realm(connection, INSERT_REALM, record),
        Record::Principal(record) => principal(connection, INSERT_PRINCIPAL, record),
        Record::Role(record) => role(connection, INSERT_ROLE, record),
        Record::Token(record) => token(connection, INSERT_TOKEN, record),
        Record::Text(record) => text(connection, INSERT_TEXT, record),
        Record::Replay(record) => replay(connection, INSERT_REPLAY, record),
    }
}

/// How many rows were updated (none if the version was not the next), and the kind of record.
fn update(connection: &Connection, record: &Record) -> Result<(usize, &'static str), Fault> {
    Ok(match record {
        Record::Realm(record) => (realm(connection, UPDATE_REALM, record)?, "realm"),
        Record::Principal(record) => (principal(connection, UPDATE_PRINCIPAL, record)?, "principal"),
        Record::Role(record) => (role(connection, UPDATE_ROLE, record)?, "role"),
        Record::Token(record) => (token(connection, UPDATE_TOKEN, record)?, "token"),
        Record::Text(record) => (text(connection, UPDATE_TEXT, record)?, "text"),
        Record::Replay(record) => (replay(connection, UPDATE_REPLAY, record)?, "replay"),
    })
}

// An insert and an update of a kind bind the same values: ?1 is by what the row is found, the last is the version.
// Touches (`last_login`, `used_at`, `used_from`) are bound in both and written by inserts only.

const INSERT_REALM: &str = "INSERT INTO realm (id, slug, name, uuid, next_principal, next_role, personal_tokens, \
     created, version) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
const UPDATE_REALM: &str = "UPDATE realm SET slug = ?2, name = ?3, uuid = ?4, next_principal = ?5, next_role = ?6, \
     personal_tokens = ?7, created = ?8, version = ?9 WHERE id = ?1 AND version = ?9 - 1";

fn realm(connection: &Connection, sql: &str, realm: &Realm) -> Result<usize, Fault> {
    Ok(connection.prepare_cached(sql)?.execute(params![
        realm.id.0,
        realm.slug,
        realm.name,
        realm.uuid,
        realm.next_principal,
        realm.next_role,
        realm.personal_tokens,
        realm.created.as_millisecond(),
        realm.version,
    ])?)
}

const INSERT_PRINCIPAL: &str = "INSERT INTO principal (id, realm, number, username, name_key, kind, email, first_name, \
     last_name, description, roles, disabled, deleted, several_sessions, password, totp, totp_step, licences, jwks, \
     created, created_by, updated, updated_by, last_login, version) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, \
     ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25)";
const UPDATE_PRINCIPAL: &str = "UPDATE principal SET realm = ?2, number = ?3, username = ?4, name_key = ?5, kind = ?6, \
     email = ?7, first_name = ?8, last_name = ?9, description = ?10, roles = ?11, disabled = ?12, deleted = ?13, \
     several_sessions = ?14, password = ?15, totp = ?16, totp_step = ?17, licences = ?18, jwks = ?19, created = ?20, \
     created_by = ?21, updated = ?22, updated_by = ?23, version = ?25 WHERE id = ?1 AND version = ?25 - 1";

fn principal(connection: &Connection, sql: &str, principal: &Principal) -> Result<usize, Fault> {
    let roles: Vec<String> = principal.roles.iter().map(|role| role.0.to_string()).collect();
    Ok(connection.prepare_cached(sql)?.execute(params![
        principal.id.0,
        principal.realm.0,
        principal.number,
        principal.username,
        Principal::name_key(&principal.username),
        principal.kind.as_str(),
        principal.email,
        principal.first_name,
        principal.last_name,
        principal.description,
        to_string(&roles)?,
        principal.disabled,
        principal.deleted.map(Timestamp::as_millisecond),
        principal.several_sessions,
        principal.password,
        principal.totp,
        principal.totp_step,
        to_string(&principal.licences)?,
        principal.jwks,
        principal.created.as_millisecond(),
        principal.created_by.map(|by| by.0),
        principal.updated.as_millisecond(),
        principal.updated_by.map(|by| by.0),
        principal.last_login.map(Timestamp::as_millisecond),
        principal.version,
    ])?)
}

const INSERT_ROLE: &str = "INSERT INTO role (id, realm, number, name, scope_set, created, updated, version) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
const UPDATE_ROLE: &str = "UPDATE role SET realm = ?2, number = ?3, name = ?4, scope_set = ?5, created = ?6, \
     updated = ?7, version = ?8 WHERE id = ?1 AND version = ?8 - 1";

fn role(connection: &Connection, sql: &str, role: &Role) -> Result<usize, Fault> {
    Ok(connection.prepare_cached(sql)?.execute(params![
        role.id.0,
        role.realm.0,
        role.number,
        role.name,
        scope_set(connection, &role.scopes)?,
        role.created.as_millisecond(),
        role.updated.as_millisecond(),
        role.version,
    ])?)
}

const INSERT_TOKEN: &str = "INSERT INTO token (number, realm, id, dialect, purpose, name, scope_set, principal, issuer, \
     personal, enabled, revoked, created, modified, not_before, expires, used_at, used_from, networks, metadata, \
     limit_count, limit_per, quota, version) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, \
     ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24)";
const UPDATE_TOKEN: &str = "UPDATE token SET realm = ?2, id = ?3, dialect = ?4, purpose = ?5, name = ?6, \
     scope_set = ?7, principal = ?8, issuer = ?9, personal = ?10, enabled = ?11, revoked = ?12, created = ?13, \
     modified = ?14, not_before = ?15, expires = ?16, networks = ?19, metadata = ?20, limit_count = ?21, \
     limit_per = ?22, quota = ?23, version = ?24 WHERE number = ?1 AND version = ?24 - 1";

fn token(connection: &Connection, sql: &str, token: &Token) -> Result<usize, Fault> {
    let networks: Vec<String> = token.networks.iter().map(ToString::to_string).collect();
    let address = token.last_used.and_then(|used| used.address);
    // Spans beyond what a millisecond count can say are as good as endless.
    let per =
        |limit: counterfoil_core::token::Limit| i64::try_from(limit.per.as_millis()).unwrap_or(i64::MAX);
    Ok(connection.prepare_cached(sql)?.execute(params![
        token.number.0,
        token.realm.0,
        token.id,
        token.dialect,
        token.purpose.as_str(),
        token.name,
        scope_set(connection, &token.scopes)?,
        token.principal.0,
        token.issuer.map(|issuer| issuer.0),
        token.personal,
        token.enabled,
        token.revoked.map(Timestamp::as_millisecond),
        token.created.as_millisecond(),
        token.modified.map(Timestamp::as_millisecond),
        token.not_before.map(Timestamp::as_millisecond),
        token.expires.map(Timestamp::as_millisecond),
        token.last_used.map(|used| used.at.as_millisecond()),
        address.map(|address| address.to_string()),
        to_string(&networks)?,
        to_string(&token.metadata)?,
        token.limit.map(|limit| limit.count),
        token.limit.map(per),
        token.quota,
        token.version,
    ])?)
}

const INSERT_TEXT: &str =
    "INSERT INTO text (digest, token, pepper, until, state) VALUES (?1, ?2, ?3, ?4, ?5)";
const UPDATE_TEXT: &str = "UPDATE text SET token = ?2, pepper = ?3, until = ?4, state = ?5 WHERE digest = ?1";

fn text(connection: &Connection, sql: &str, text: &Text) -> Result<usize, Fault> {
    let until = text.until.map(Timestamp::as_millisecond);
    Ok(connection.prepare_cached(sql)?.execute(params![
        text.digest.0,
        text.token.0,
        text.pepper,
        until,
        text.state.as_str(),
    ])?)
}

const INSERT_REPLAY: &str = "INSERT INTO replay (realm, actor, route, key, request, sealed, until) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
const UPDATE_REPLAY: &str = "UPDATE replay SET request = ?5, sealed = ?6, until = ?7 \
     WHERE realm = ?1 AND actor = ?2 AND route = ?3 AND key = ?4";

fn replay(connection: &Connection, sql: &str, replay: &Replay) -> Result<usize, Fault> {
    Ok(connection.prepare_cached(sql)?.execute(params![
        replay.key.realm.0,
        replay.key.actor,
        replay.key.route,
        replay.key.key,
        replay.request,
        replay.sealed,
        replay.until.as_millisecond(),
    ])?)
}

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
