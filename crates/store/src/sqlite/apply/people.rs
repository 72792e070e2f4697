//! Realms, principals and roles as rows.

use super::{Fault, scope_set};
use counterfoil_core::principal::{Principal, Role};
use counterfoil_core::realm::Realm;
use jiff::Timestamp;
use rusqlite::{Connection, params};
use serde_json::to_string;

pub(super) const INSERT_REALM: &str = "INSERT INTO realm (id, slug, name, uuid, next_principal, next_role, personal_tokens, \
     created, version) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
pub(super) const UPDATE_REALM: &str = "UPDATE realm SET slug = ?2, name = ?3, uuid = ?4, next_principal = ?5, next_role = ?6, \
     personal_tokens = ?7, created = ?8, version = ?9 WHERE id = ?1 AND version = ?9 - 1";

pub(super) fn realm(connection: &Connection, sql: &str, realm: &Realm) -> Result<usize, Fault> {
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

pub(super) const INSERT_PRINCIPAL: &str = "INSERT INTO principal (id, realm, number, username, name_key, kind, email, first_name, \
     last_name, description, roles, disabled, deleted, several_sessions, password, totp, totp_step, licences, jwks, \
     created, created_by, updated, updated_by, last_login, version) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, \
     ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25)";
pub(super) const UPDATE_PRINCIPAL: &str = "UPDATE principal SET realm = ?2, number = ?3, username = ?4, name_key = ?5, kind = ?6, \
     email = ?7, first_name = ?8, last_name = ?9, description = ?10, roles = ?11, disabled = ?12, deleted = ?13, \
     several_sessions = ?14, password = ?15, totp = ?16, totp_step = ?17, licences = ?18, jwks = ?19, created = ?20, \
     created_by = ?21, updated = ?22, updated_by = ?23, version = ?25 WHERE id = ?1 AND version = ?25 - 1";

pub(super) fn principal(connection: &Connection, sql: &str, principal: &Principal) -> Result<usize, Fault> {
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

pub(super) const INSERT_ROLE: &str = "INSERT INTO role (id, realm, number, name, scope_set, created, updated, version) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
pub(super) const UPDATE_ROLE: &str = "UPDATE role SET realm = ?2, number = ?3, name = ?4, scope_set = ?5, created = ?6, \
     updated = ?7, version = ?8 WHERE id = ?1 AND version = ?8 - 1";

pub(super) fn role(connection: &Connection, sql: &str, role: &Role) -> Result<usize, Fault> {
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
