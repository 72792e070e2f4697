//! Tokens, texts and replays as rows.

use super::{Fault, networks, scope_set};
use counterfoil_core::replay::Replay;
use counterfoil_core::token::{Limit, Text, Token};
use jiff::Timestamp;
use rusqlite::{Connection, params};
use serde_json::to_string;

pub(super) const INSERT_TOKEN: &str = "INSERT INTO token (number, realm, id, dialect, purpose, name, scope_set, principal, issuer, \
     personal, enabled, revoked, created, modified, not_before, expires, used_at, used_from, networks, metadata, \
     limit_count, limit_per, quota, uses, version) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, \
     ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25)";
pub(super) const UPDATE_TOKEN: &str = "UPDATE token SET realm = ?2, id = ?3, dialect = ?4, purpose = ?5, name = ?6, \
     scope_set = ?7, principal = ?8, issuer = ?9, personal = ?10, enabled = ?11, revoked = ?12, created = ?13, \
     modified = ?14, not_before = ?15, expires = ?16, networks = ?19, metadata = ?20, limit_count = ?21, \
     limit_per = ?22, quota = ?23, version = ?25 WHERE number = ?1 AND version = ?25 - 1";

pub(super) fn token(connection: &Connection, sql: &str, token: &Token) -> Result<usize, Fault> {
    let address = token.last_used.and_then(|used| used.address);
    // Spans beyond what a millisecond count can say are as good as endless.
    let per = |limit: Limit| i64::try_from(limit.per.as_millis()).unwrap_or(i64::MAX);
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
        networks(&token.networks)?,
        to_string(&token.metadata)?,
        token.limit.map(|limit| limit.count),
        token.limit.map(per),
        token.quota,
        token.uses,
        token.version,
    ])?)
}

pub(super) const INSERT_TEXT: &str =
    "INSERT INTO text (digest, token, pepper, until, state, sealed) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
pub(super) const UPDATE_TEXT: &str =
    "UPDATE text SET token = ?2, pepper = ?3, until = ?4, state = ?5, sealed = ?6 WHERE digest = ?1";

pub(super) fn text(connection: &Connection, sql: &str, text: &Text) -> Result<usize, Fault> {
    let until = text.until.map(Timestamp::as_millisecond);
    Ok(connection.prepare_cached(sql)?.execute(params![
        text.digest.0,
        text.token.0,
        text.pepper,
        until,
        text.state.as_str(),
        text.sealed,
    ])?)
}

pub(super) const INSERT_REPLAY: &str = "INSERT INTO replay (realm, actor, route, key, request, sealed, until) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
pub(super) const UPDATE_REPLAY: &str = "UPDATE replay SET request = ?5, sealed = ?6, until = ?7 \
     WHERE realm = ?1 AND actor = ?2 AND route = ?3 AND key = ?4";

pub(super) fn replay(connection: &Connection, sql: &str, replay: &Replay) -> Result<usize, Fault> {
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
