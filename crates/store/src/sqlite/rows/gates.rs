//! Gates.

use super::{Shared, json, list, networks, time, unreadable};
use crate::sqlite::rows::tokens::limit;
use counterfoil_core::gate::{Fact, Gate, OnLimit, Place, Policy, Rule};
use counterfoil_core::realm::RealmId;
use counterfoil_core::scope::ScopeSet;
use rusqlite::{Result, Row};

pub(in crate::sqlite) const GATE: &str = "SELECT name, realm, callers, scope_set, rules, dialects, places, \
     limit_count, limit_per, on_limit, headers, strip, created, updated, version FROM gate";

impl Shared<'_> {
    pub(in crate::sqlite) fn gate(&mut self, row: &Row<'_>) -> Result<Gate> {
        let policy = Policy {
            callers: networks(row, 2)?,
            scopes: self.scopes(row, 3)?,
            rules: rules(row, 4)?,
            dialects: json(row, 5)?,
            places: list(row, 6, Place::parse)?,
            limit: limit(row, 7, 8)?,
            on_limit: OnLimit::parse(row.get(9)?).ok_or_else(|| unreadable(9))?,
            set: headers(row, 10)?,
            strip: json(row, 11)?,
        };
        let (created, updated) = (time(row, 12)?, time(row, 13)?);
        Ok(Gate {
            name: row.get(0)?,
            realm: RealmId(row.get(1)?),
            policy,
            version: row.get(14)?,
            created,
            updated,
        })
    }
}

fn rules(row: &Row<'_>, column: usize) -> Result<Vec<Rule>> {
    let rules: Vec<(Vec<String>, String, String)> = json(row, column)?;
    let rule = |(methods, path, scopes): (_, _, String)| {
        let scopes = ScopeSet::from_text(&scopes).map_err(|_| unreadable(column))?;
        Ok(Rule { methods, path, scopes })
    };
    rules.into_iter().map(rule).collect()
}

fn headers(row: &Row<'_>, column: usize) -> Result<Vec<(String, Fact)>> {
    let headers: Vec<(String, String)> = json(row, column)?;
    let fact =
        |(header, fact): (_, String)| Ok((header, Fact::parse(&fact).ok_or_else(|| unreadable(column))?));
    headers.into_iter().map(fact).collect()
}
