//! Rows read as records. Words and lists that many rows share are interned while one query runs, so that a million
//! tokens hold one set of scopes a scope set. What a row cannot say is an error of the store, never a default.

use counterfoil_core::clock::from_millis;
use counterfoil_core::journal::{Action, Entry};
use counterfoil_core::principal::{Kind, Principal, PrincipalId, Role, RoleId};
use counterfoil_core::realm::{Realm, RealmId};
use counterfoil_core::replay::{Replay, ReplayKey};
use counterfoil_core::scope::ScopeSet;
use counterfoil_core::secret::Digest;
use counterfoil_core::token::{Limit, Purpose, Text, TextState, Token, TokenNumber, Use};
use ipnet::IpNet;
use jiff::{SignedDuration, Timestamp};
use rusqlite::types::Type;
use rusqlite::{Connection, Error, Result, Row};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::IpAddr;
use std::sync::Arc;
use uuid::Uuid;

pub(super) const REALM: &str =
    "SELECT id, slug, name, uuid, next_principal, next_role, personal_tokens, created, version FROM realm";
pub(super) const PRINCIPAL: &str = "SELECT id, realm, number, username, kind, email, first_name, last_name, \
     description, roles, disabled, deleted, several_sessions, password, totp, totp_step, licences, jwks, created, \
     created_by, updated, updated_by, last_login, version FROM principal";
pub(super) const ROLE: &str =
    "SELECT id, realm, number, name, scope_set, created, updated, version FROM role";
pub(super) const TOKEN: &str = "SELECT number, realm, id, dialect, purpose, name, scope_set, principal, issuer, \
     personal, enabled, revoked, created, modified, not_before, expires, used_at, used_from, networks, metadata, \
     limit_count, limit_per, quota, version FROM token";
pub(super) const TEXT: &str = "SELECT digest, token, pepper, until, state FROM text";
pub(super) const REPLAY: &str = "SELECT realm, actor, route, key, request, sealed, until FROM replay";
pub(super) const ENTRY: &str =
    "SELECT sequence, at, realm, actor, credential, action, subject, detail FROM journal";

pub(super) fn realm(row: &Row<'_>) -> Result<Realm> {
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

pub(super) fn principal(row: &Row<'_>) -> Result<Principal> {
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

pub(super) fn text(row: &Row<'_>) -> Result<Text> {
    Ok(Text {
        digest: Digest(row.get(0)?),
        token: TokenNumber(row.get(1)?),
        pepper: row.get(2)?,
        until: some_time(row, 3)?,
        state: word(row, 4, TextState::parse)?,
    })
}

pub(super) fn replay(row: &Row<'_>) -> Result<Replay> {
    let key =
        ReplayKey { realm: RealmId(row.get(0)?), actor: row.get(1)?, route: row.get(2)?, key: row.get(3)? };
    Ok(Replay { key, request: row.get(4)?, sealed: row.get(5)?, until: time(row, 6)? })
}

pub(super) fn entry(row: &Row<'_>) -> Result<Entry> {
    Ok(Entry {
        sequence: row.get(0)?,
        at: time(row, 1)?,
        realm: RealmId(row.get(2)?),
        actor: some_principal(row, 3)?,
        credential: row.get(4)?,
        action: word(row, 5, Action::parse)?,
        subject: row.get(6)?,
        detail: json(row, 7)?,
    })
}

/// Reads the rows of one query that share their scope sets and dialects.
pub(super) struct Shared<'c> {
    connection: &'c Connection,
    sets: HashMap<i64, ScopeSet>,
    dialects: HashSet<Arc<str>>,
}

impl<'c> Shared<'c> {
    pub(super) fn on(connection: &'c Connection) -> Self {
        Self { connection, sets: HashMap::new(), dialects: HashSet::new() }
    }

    pub(super) fn role(&mut self, row: &Row<'_>) -> Result<Role> {
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

    pub(super) fn token(&mut self, row: &Row<'_>) -> Result<Token> {
        Ok(Token {
            number: TokenNumber(row.get(0)?),
            realm: RealmId(row.get(1)?),
            id: row.get(2)?,
            dialect: self.dialect(row, 3)?,
            purpose: word(row, 4, Purpose::parse)?,
            name: row.get(5)?,
            scopes: self.scopes(row, 6)?,
            principal: PrincipalId(row.get(7)?),
            issuer: some_principal(row, 8)?,
            personal: row.get(9)?,
            enabled: row.get(10)?,
            revoked: some_time(row, 11)?,
            created: time(row, 12)?,
            modified: some_time(row, 13)?,
            not_before: some_time(row, 14)?,
            expires: some_time(row, 15)?,
            last_used: last_use(row, 16, 17)?,
            networks: list(row, 18, |network| network.parse::<IpNet>().ok())?,
            metadata: metadata(row, 19)?,
            limit: limit(row, 20, 21)?,
            quota: row.get(22)?,
            version: row.get(23)?,
        })
    }

    fn scopes(&mut self, row: &Row<'_>, column: usize) -> Result<ScopeSet> {
        let number: i64 = row.get(column)?;
        if let Some(set) = self.sets.get(&number) {
            return Ok(set.clone());
        }
        let set = self
            .connection
            .prepare_cached("SELECT words FROM scope_set WHERE id = ?1")?
            .query_one([number], |row| word(row, 0, |words| ScopeSet::from_text(words).ok()))?;
        self.sets.insert(number, set.clone());
        Ok(set)
    }

    fn dialect(&mut self, row: &Row<'_>, column: usize) -> Result<Arc<str>> {
        let dialect = row.get_ref(column)?.as_str()?;
        if let Some(known) = self.dialects.get(dialect) {
            return Ok(Arc::clone(known));
        }
        let dialect: Arc<str> = dialect.into();
        self.dialects.insert(Arc::clone(&dialect));
        Ok(dialect)
    }
}

pub(super) fn time(row: &Row<'_>, column: usize) -> Result<Timestamp> {
    row.get(column).map(from_millis)
}

fn some_time(row: &Row<'_>, column: usize) -> Result<Option<Timestamp>> {
    Ok(row.get::<_, Option<i64>>(column)?.map(from_millis))
}

fn some_principal(row: &Row<'_>, column: usize) -> Result<Option<PrincipalId>> {
    Ok(row.get::<_, Option<Uuid>>(column)?.map(PrincipalId))
}

fn word<T>(row: &Row<'_>, column: usize, parse: impl FnOnce(&str) -> Option<T>) -> Result<T> {
    parse(row.get_ref(column)?.as_str()?).ok_or_else(|| unreadable(column))
}

fn last_use(row: &Row<'_>, at: usize, from: usize) -> Result<Option<Use>> {
    let Some(at) = some_time(row, at)? else { return Ok(None) };
    let address = match row.get_ref(from)?.as_str_or_null()? {
        Some(text) => Some(text.parse::<IpAddr>().map_err(|_| unreadable(from))?),
        None => None,
    };
    Ok(Some(Use { at, address }))
}

fn limit(row: &Row<'_>, count: usize, per: usize) -> Result<Option<Limit>> {
    let per = row.get::<_, Option<i64>>(per)?.map(SignedDuration::from_millis);
    Ok(row.get::<_, Option<u64>>(count)?.zip(per).map(|(count, per)| Limit { count, per }))
}

/// Most tokens have none, and a load reads a million of them.
fn metadata(row: &Row<'_>, column: usize) -> Result<BTreeMap<String, String>> {
    if row.get_ref(column)?.as_str()? == "{}" { Ok(BTreeMap::new()) } else { json(row, column) }
}

fn list<T>(row: &Row<'_>, column: usize, parse: impl Fn(&str) -> Option<T>) -> Result<Vec<T>> {
    if row.get_ref(column)?.as_str()? == "[]" {
        return Ok(Vec::new());
    }
    let words: Vec<String> = json(row, column)?;
    words.iter().map(|word| parse(word).ok_or_else(|| unreadable(column))).collect()
}

fn json<T: serde::de::DeserializeOwned>(row: &Row<'_>, column: usize) -> Result<T> {
    serde_json::from_str(row.get_ref(column)?.as_str()?)
        .map_err(|cause| Error::FromSqlConversionFailure(column, Type::Text, Box::new(cause)))
}

fn unreadable(column: usize) -> Error {
    Error::FromSqlConversionFailure(column, Type::Text, "the stored word is unknown".into())
}
