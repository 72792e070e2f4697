//! Sessions, signing keys and locks as rows.

use super::{Fault, networks, scope_set};
use counterfoil_core::session::{Lock, Session};
use counterfoil_core::signing::SigningKey;
use jiff::Timestamp;
use rusqlite::{Connection, params};
use serde_json::to_string;

const INSERT_SESSION: &str = "INSERT INTO session (id, realm, digest, principal, bought_with, dialect, scope_set, \
     audience, client, actors, kid, networks, address, multiple, refreshed_from, issued, expires, ended) VALUES (?1, \
     ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)";

pub(super) fn session(connection: &Connection, session: &Session) -> Result<usize, Fault> {
    Ok(connection.prepare_cached(INSERT_SESSION)?.execute(params![
        session.id,
        session.realm.0,
        session.digest.0,
        session.principal.0,
        session.bought_with.map(|token| token.0),
        session.dialect,
        scope_set(connection, &session.scopes)?,
        session.audience,
        session.client,
        to_string(&session.actors)?,
        session.kid,
        networks(&session.networks)?,
        session.address.map(|address| address.to_string()),
        session.multiple,
        session.refreshed_from,
        session.issued.as_millisecond(),
        session.expires.as_millisecond(),
        session.ended.map(Timestamp::as_millisecond),
    ])?)
}

/// Writes the only thing of a session that ever changes.
pub(super) fn end(connection: &Connection, session: &Session) -> Result<usize, Fault> {
    Ok(connection
        .prepare_cached("UPDATE session SET ended = ?2 WHERE id = ?1")?
        .execute(params![session.id, session.ended.map(Timestamp::as_millisecond)])?)
}

pub(super) const INSERT_SIGNING_KEY: &str = "INSERT INTO signing_key (kid, realm, dialect, algorithm, state, public, \
     sealed, created, changed, version) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
pub(super) const UPDATE_SIGNING_KEY: &str = "UPDATE signing_key SET realm = ?2, dialect = ?3, algorithm = ?4, \
     state = ?5, public = ?6, sealed = ?7, created = ?8, changed = ?9, version = ?10 WHERE kid = ?1 AND version = ?10 - 1";

pub(super) fn signing_key(connection: &Connection, sql: &str, key: &SigningKey) -> Result<usize, Fault> {
    Ok(connection.prepare_cached(sql)?.execute(params![
        key.kid,
        key.realm.0,
        key.dialect,
        key.algorithm.as_str(),
        key.state.as_str(),
        key.public,
        key.sealed,
        key.created.as_millisecond(),
        key.changed.as_millisecond(),
        key.version,
    ])?)
}

pub(super) const INSERT_LOCK: &str =
    "INSERT INTO login_lock (principal, network, password, since) VALUES (?1, ?2, ?3, ?4)";
pub(super) const UPDATE_LOCK: &str =
    "UPDATE login_lock SET since = ?4 WHERE principal = ?1 AND network = ?2 AND password = ?3";

pub(super) fn lock(connection: &Connection, sql: &str, lock: &Lock) -> Result<usize, Fault> {
    Ok(connection.prepare_cached(sql)?.execute(params![
        lock.principal.0,
        lock.network.to_string(),
        lock.password,
        lock.since.as_millisecond(),
    ])?)
}
