//! Gates as rows.

use super::{Fault, networks, scope_set};
use counterfoil_core::gate::Gate;
use rusqlite::{Connection, params};
use serde_json::{json, to_string};

pub(super) const INSERT: &str = "INSERT INTO gate (name, realm, callers, scope_set, rules, dialects, places, \
     limit_count, limit_per, on_limit, headers, strip, created, updated, version) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)";
pub(super) const UPDATE: &str = "UPDATE gate SET realm = ?2, callers = ?3, scope_set = ?4, rules = ?5, dialects = ?6, \
     places = ?7, limit_count = ?8, limit_per = ?9, on_limit = ?10, headers = ?11, strip = ?12, created = ?13, \
     updated = ?14, version = ?15 WHERE name = ?1 AND version = ?15 - 1";

pub(super) fn gate(connection: &Connection, sql: &str, gate: &Gate) -> Result<usize, Fault> {
    let policy = &gate.policy;
    let rules = policy.rules.iter().map(|rule| json!([rule.methods, rule.path, rule.scopes.to_text()]));
    let places: Vec<String> = policy.places.iter().map(ToString::to_string).collect();
    let set: Vec<_> = policy.set.iter().map(|(header, fact)| [header, fact.as_str()]).collect();
    Ok(connection.prepare_cached(sql)?.execute(params![
        gate.name,
        gate.realm.0,
        networks(&policy.callers)?,
        scope_set(connection, &policy.scopes)?,
        to_string(&rules.collect::<Vec<_>>())?,
        to_string(&policy.dialects)?,
        to_string(&places)?,
        policy.limit.map(|limit| limit.count),
        policy.limit.map(|limit| i64::try_from(limit.per.as_millis()).unwrap_or(i64::MAX)),
        policy.on_limit.status(),
        to_string(&set)?,
        to_string(&policy.strip)?,
        gate.created.as_millisecond(),
        gate.updated.as_millisecond(),
        gate.version,
    ])?)
}
