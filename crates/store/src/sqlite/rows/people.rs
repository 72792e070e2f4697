//! Realms, principals and roles.

use super::{Shared, list, some_principal, some_time, time, word};
use counterfoil_core::principal::{Kind, Principal, PrincipalId, Role, RoleId};
use counterfoil_core::realm::{Realm, RealmId};
use rusqlite::{Result, Row};
use uuid::Uuid;

pub(in crate::sqlite) const REALM: &str =
    "SELECT id, slug, name, uuid, next_principal, next_role, personal_tokens, created, version FROM realm";
pub(in crate::sqlite) const PRINCIPAL: &str = "SELECT id, realm, number, username, kind, email, first_name, last_name, \
     description, roles, disabled, deleted, several_sessions, password, totp, totp_step, licences, jwks, created, \
     created_by, updated, updated_by, last_login, version FROM principal";
pub(in crate::sqlite) const ROLE: &str =
    "SELECT id, realm, number, name, scope_set, created, updated, version FROM role";

pub(in crate::sqlite) fn realm(row: &Row<'_>) -> Result<Realm> {
    Ok(Realm {
        id: RealmId(row.get(0)?),
        slug: row.get(1)?,
        name: row.get(2)?,
        uuid: row.get(3)?,
        next_principal: row.get(4)?,
        next_role: row.get(5)?,
        personal_tokens: row.get(6)?,
        created: time(row, 7)?,
        version: row.get(8)?,
    })
}

pub(in crate::sqlite) fn principal(row: &Row<'_>) -> Result<Principal> {
    Ok(Principal {
        id: PrincipalId(row.get(0)?),
        realm: RealmId(row.get(1)?),
        number: row.get(2)?,
        username: row.get(3)?,
        kind: word(row, 4, Kind::parse)?,
        email: row.get(5)?,
        first_name: row.get(6)?,
        last_name: row.get(7)?,
        description: row.get(8)?,
        roles: list(row, 9, |id| Uuid::parse_str(id).ok().map(RoleId))?,
        disabled: row.get(10)?,
        deleted: some_time(row, 11)?,
        several_sessions: row.get(12)?,
        password: row.get(13)?,
        totp: row.get(14)?,
        totp_step: row.get(15)?,
        licences: list(row, 16, |word| Some(word.to_owned()))?,
        jwks: row.get(17)?,
        created: time(row, 18)?,
        created_by: some_principal(row, 19)?,
        updated: time(row, 20)?,
        updated_by: some_principal(row, 21)?,
        last_login: some_time(row, 22)?,
        version: row.get(23)?,
    })
}

impl Shared<'_> {
    pub(in crate::sqlite) fn role(&mut self, row: &Row<'_>) -> Result<Role> {
        Ok(Role {
            id: RoleId(row.get(0)?),
            realm: RealmId(row.get(1)?),
            number: row.get(2)?,
            name: row.get(3)?,
            scopes: self.scopes(row, 4)?,
            created: time(row, 5)?,
            updated: time(row, 6)?,
            version: row.get(7)?,
        })
    }
}
