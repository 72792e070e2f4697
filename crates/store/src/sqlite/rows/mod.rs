//! Rows read as records. Words and lists that many rows share are interned while one query runs, so that a million
//! tokens hold one set of scopes a scope set. What a row cannot say is an error of the store, never a default.

mod gates;
mod people;
mod sessions;
mod tokens;

pub(super) use gates::GATE;
pub(super) use people::{PRINCIPAL, REALM, ROLE, principal, realm};
pub(super) use sessions::{LOCK, SESSION, SIGNING_KEY, lock, signing_key};
pub(super) use tokens::{COUNTING, COUNTING_TEXT, REPLAY, TEXT, TOKEN, counting_text, replay, text};

use counterfoil_core::clock::from_millis;
use counterfoil_core::journal::{Action, Entry};
use counterfoil_core::principal::PrincipalId;
use counterfoil_core::realm::RealmId;
use counterfoil_core::scope::ScopeSet;
use hashbrown::{HashMap, HashSet};
use ipnet::IpNet;
use jiff::Timestamp;
use rusqlite::types::Type;
use rusqlite::{Connection, Error, Result, Row};
use std::net::IpAddr;
use std::sync::Arc;
use uuid::Uuid;

pub(super) const ENTRY: &str =
    "SELECT sequence, at, realm, actor, credential, action, subject, detail FROM journal";

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

/// Once so many different words were read, the next ones are shared by few.
const MANY: usize = 10_000;

/// Reads the rows of one query that share their scope sets and dialects.
pub(super) struct Shared<'c> {
    connection: &'c Connection,
    sets: HashMap<i64, ScopeSet>,
    words: HashSet<Arc<str>>,
}

impl<'c> Shared<'c> {
    pub(super) fn on(connection: &'c Connection) -> Self {
        Self { connection, sets: HashMap::new(), words: HashSet::new() }
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

    /// A word that many rows are likely to share: a dialect or a name.
    fn word(&mut self, row: &Row<'_>, column: usize) -> Result<Arc<str>> {
        let word = row.get_ref(column)?.as_str()?;
        if let Some(known) = self.words.get(word) {
            return Ok(Arc::clone(known));
        }
        let word: Arc<str> = word.into();
        if self.words.len() < MANY {
            self.words.insert(Arc::clone(&word));
        }
        Ok(word)
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

fn networks(row: &Row<'_>, column: usize) -> Result<Vec<IpNet>> {
    list(row, column, |network| network.parse().ok())
}

fn address(row: &Row<'_>, column: usize) -> Result<Option<IpAddr>> {
    let Some(text) = row.get_ref(column)?.as_str_or_null()? else { return Ok(None) };
    text.parse().map(Some).map_err(|_| unreadable(column))
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
