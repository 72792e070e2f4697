//! Questions put to a read connection. SQL is joined from constant pieces only; every value is bound. `core`'s
//! `Memory` says what each criterion and sort means.

mod load;
mod sessions;
mod tokens;

pub(super) use load::load;

use super::rows::{self, Shared};
use counterfoil_core::journal::Entry;
use counterfoil_core::store::{JournalFilter, Key, Meta, Query, Record, TokenFilter, claimed};
use jiff::Timestamp;
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Result, Row, params_from_iter};

/// A statement under construction: each piece brings the values of its own question marks.
struct Statement {
    sql: String,
    values: Vec<Value>,
}

impl Statement {
    fn new(select: &'static str, whence: &'static str, value: impl Into<Value>) -> Self {
        Self { sql: [select, whence].concat(), values: vec![value.into()] }
    }

    fn add(&mut self, piece: &'static str, values: impl IntoIterator<Item = Value>) {
        self.sql.push_str(piece);
        self.values.extend(values);
    }

    fn add_if<T: Into<Value>>(&mut self, piece: &'static str, value: Option<T>) {
        if let Some(value) = value {
            self.add(piece, [value.into()]);
        }
    }

    fn rows<T>(self, connection: &Connection, read: impl FnMut(&Row<'_>) -> Result<T>) -> Result<Vec<T>> {
        connection.prepare_cached(&self.sql)?.query_map(params_from_iter(self.values), read)?.collect()
    }

    fn row<T>(self, connection: &Connection, read: impl FnOnce(&Row<'_>) -> Result<T>) -> Result<Option<T>> {
        connection.prepare_cached(&self.sql)?.query_row(params_from_iter(self.values), read).optional()
    }
}

/// Numbers beyond what the database can hold are beyond every stored number too.
fn number(number: u64) -> Value {
    Value::Integer(i64::try_from(number).unwrap_or(i64::MAX))
}

fn most(limit: usize) -> Value {
    number(limit as u64)
}

fn blob(bytes: &[u8]) -> Value {
    Value::Blob(bytes.to_vec())
}

pub(super) fn meta(connection: &Connection) -> Result<Meta> {
    connection
        .prepare_cached("SELECT epoch, root_check, mark FROM meta")?
        .query_one([], |row| Ok(Meta { epoch: row.get(0)?, check: row.get(1)?, mark: rows::time(row, 2)? }))
}

pub(super) fn find(connection: &Connection, key: Key) -> Result<Option<Record>> {
    match key {
        Key::RealmBySlug(slug) => realm(connection, Statement::new(rows::REALM, " WHERE slug = ?", slug)),
        Key::RealmByUuid(uuid) => {
            realm(connection, Statement::new(rows::REALM, " WHERE uuid = ?", blob(uuid.as_bytes())))
        }
        Key::Principal(id) => {
            principal(connection, Statement::new(rows::PRINCIPAL, " WHERE id = ?", blob(id.0.as_bytes())))
        }
        Key::PrincipalByNumber(realm, place) => {
            let mut statement = Statement::new(rows::PRINCIPAL, " WHERE realm = ?", realm.0);
            statement.add(" AND number = ?", [number(place)]);
            principal(connection, statement)
        }
        Key::PrincipalByName(realm, name) => {
            let mut statement = Statement::new(rows::PRINCIPAL, " WHERE realm = ?", realm.0);
            statement.add(" AND name_key = ? AND deleted IS NULL", [name.into()]);
            principal(connection, statement)
        }
        Key::Role(id) => role(connection, Statement::new(rows::ROLE, " WHERE id = ?", blob(id.0.as_bytes()))),
        Key::RoleByNumber(realm, place) => {
            let mut statement = Statement::new(rows::ROLE, " WHERE realm = ?", realm.0);
            statement.add(" AND number = ?", [number(place)]);
            role(connection, statement)
        }
        Key::RoleByName(realm, name) => {
            let mut statement = Statement::new(rows::ROLE, " WHERE realm = ?", realm.0);
            statement.add(" AND name = ?", [name.into()]);
            role(connection, statement)
        }
        Key::Token(place) => {
            token(connection, Statement::new(rows::TOKEN, " WHERE number = ?", number(place.0)))
        }
        Key::TokenById(realm, id) => {
            let mut statement = Statement::new(rows::TOKEN, " WHERE realm = ?", realm.0);
            statement.add(" AND id = ?", [id.into()]);
            token(connection, statement)
        }
        Key::Text(digest) => {
            let statement = Statement::new(rows::TEXT, " WHERE digest = ?", blob(&digest.0));
            Ok(statement.row(connection, rows::text)?.map(Record::Text))
        }
        Key::Replay(key) => {
            let mut statement = Statement::new(rows::REPLAY, " WHERE realm = ?", key.realm.0);
            let rest = [key.actor, key.route, key.key].map(Value::Text);
            statement.add(" AND actor = ? AND route = ? AND key = ?", rest);
            Ok(statement.row(connection, rows::replay)?.map(Record::Replay))
        }
        Key::Session(id) => {
            session(connection, Statement::new(rows::SESSION, " WHERE id = ?", blob(id.as_bytes())))
        }
        Key::SessionByDigest(digest) => {
            session(connection, Statement::new(rows::SESSION, " WHERE digest = ?", blob(&digest.0)))
        }
        Key::Gate(name) => {
            let statement = Statement::new(rows::GATE, " WHERE name = ?", name);
            Ok(statement.row(connection, |row| Shared::on(connection).gate(row))?.map(Record::Gate))
        }
        Key::SigningKey(kid) => {
            let statement = Statement::new(rows::SIGNING_KEY, " WHERE kid = ?", kid);
            Ok(statement.row(connection, rows::signing_key)?.map(Record::SigningKey))
        }
    }
}

fn realm(connection: &Connection, statement: Statement) -> Result<Option<Record>> {
    Ok(statement.row(connection, rows::realm)?.map(Record::Realm))
}

fn principal(connection: &Connection, statement: Statement) -> Result<Option<Record>> {
    Ok(statement.row(connection, rows::principal)?.map(Record::Principal))
}

fn role(connection: &Connection, statement: Statement) -> Result<Option<Record>> {
    Ok(statement.row(connection, |row| Shared::on(connection).role(row))?.map(Record::Role))
}

fn token(connection: &Connection, statement: Statement) -> Result<Option<Record>> {
    Ok(statement.row(connection, |row| Shared::on(connection).token(row))?.map(Record::Token))
}

fn session(connection: &Connection, statement: Statement) -> Result<Option<Record>> {
    Ok(statement.row(connection, |row| Shared::on(connection).session(row))?.map(Record::Session))
}

pub(super) fn list(connection: &Connection, query: Query) -> Result<Vec<Record>> {
    let mut shared = Shared::on(connection);
    match query {
        Query::Tokens { filter, sort, descending, after, limit } => {
            let mut statement = tokens::filtered(rows::TOKEN, &filter);
            tokens::sorted(&mut statement, sort, descending, after, limit);
            statement.rows(connection, |row| shared.token(row).map(Record::Token))
        }
        Query::Texts(token) => {
            // `live` sorts before `overlap`.
            let mut statement = Statement::new(rows::TEXT, " WHERE token = ?", number(token.0));
            statement.add(" AND state IN ('live', 'overlap') ORDER BY state, digest", []);
            statement.rows(connection, |row| rows::text(row).map(Record::Text))
        }
        Query::Principals { realm, holding, after, limit } => {
            let mut statement =
                Statement::new(rows::PRINCIPAL, " WHERE deleted IS NULL AND realm = ?", realm.0);
            statement.add(" AND number > ?", [number(after)]);
            statement.add_if(
                " AND EXISTS (SELECT 1 FROM json_each(principal.roles) WHERE value = ?)",
                holding.map(|role| role.0.to_string()),
            );
            statement.add(" ORDER BY number LIMIT ?", [most(limit)]);
            statement.rows(connection, |row| rows::principal(row).map(Record::Principal))
        }
        Query::Roles { realm, after, limit } => {
            let mut statement = Statement::new(rows::ROLE, " WHERE realm = ?", realm.0);
            statement.add(" AND number > ? ORDER BY number LIMIT ?", [number(after), most(limit)]);
            statement.rows(connection, |row| shared.role(row).map(Record::Role))
        }
        Query::Sessions { filter, after, limit } => sessions::sessions(*filter, after, limit)
            .rows(connection, |row| shared.session(row).map(Record::Session)),
        Query::SigningKeys(realm) => sessions::signing_keys(realm)
            .rows(connection, |row| rows::signing_key(row).map(Record::SigningKey)),
        Query::Locks(principal) => {
            sessions::locks(principal).rows(connection, |row| rows::lock(row).map(Record::Lock))
        }
        Query::Claim { digest, realm, id, name } => {
            claimed(|key| find(connection, key), digest, realm, (id, name))
        }
        Query::Gates(realm) => {
            let mut statement = Statement::new(rows::GATE, " WHERE realm = ?", realm.0);
            statement.add(" ORDER BY name", []);
            statement.rows(connection, |row| shared.gate(row).map(Record::Gate))
        }
        Query::Realms { after, limit } => {
            let mut statement = Statement::new(rows::REALM, " WHERE id > ?", after);
            statement.add(" ORDER BY id LIMIT ?", [most(limit)]);
            statement.rows(connection, |row| rows::realm(row).map(Record::Realm))
        }
    }
}

pub(super) fn count(connection: &Connection, filter: &TokenFilter) -> Result<u64> {
    let count = tokens::filtered("SELECT count(*) FROM token", filter).row(connection, |row| row.get(0))?;
    Ok(count.unwrap_or(0))
}

pub(super) fn journal(connection: &Connection, filter: JournalFilter, limit: usize) -> Result<Vec<Entry>> {
    let mut statement = Statement::new(rows::ENTRY, " WHERE sequence > ?", number(filter.after));
    statement.add_if(" AND realm = ?", filter.realm.map(|realm| realm.0));
    statement.add_if(" AND action = ?", filter.action.map(|action| action.as_str().to_owned()));
    statement.add_if(" AND subject = ?", filter.subject);
    statement.add_if(" AND actor = ?", filter.actor.map(|actor| blob(actor.0.as_bytes())));
    statement.add_if(" AND at >= ?", filter.from.map(Timestamp::as_millisecond));
    statement.add_if(" AND at < ?", filter.to.map(Timestamp::as_millisecond));
    statement.add(" ORDER BY sequence LIMIT ?", [most(limit)]);
    statement.rows(connection, rows::entry)
}
