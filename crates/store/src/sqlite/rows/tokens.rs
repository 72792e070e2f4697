//! Tokens, texts and replays.

use super::{Shared, address, json, networks, some_principal, some_time, time, word};
use counterfoil_core::load::Counting;
use counterfoil_core::principal::PrincipalId;
use counterfoil_core::realm::RealmId;
use counterfoil_core::replay::{Replay, ReplayKey};
use counterfoil_core::secret::Digest;
use counterfoil_core::token::{Limit, Purpose, Text, TextState, Token, TokenNumber, Use};
use jiff::{SignedDuration, Timestamp};
use rusqlite::{Result, Row};
use std::collections::BTreeMap;

pub(in crate::sqlite) const TOKEN: &str = "SELECT number, realm, id, dialect, purpose, name, scope_set, principal, issuer, \
     personal, enabled, revoked, created, modified, not_before, expires, used_at, used_from, networks, metadata, \
     limit_count, limit_per, quota, uses, version FROM token";
pub(in crate::sqlite) const TEXT: &str = "SELECT digest, token, pepper, until, state, sealed FROM text";
pub(in crate::sqlite) const COUNTING: &str = "SELECT number, id, dialect, name, scope_set, principal, personal, enabled, \
     created, not_before, expires, uses, networks, limit_count, limit_per, quota FROM token";
pub(in crate::sqlite) const COUNTING_TEXT: &str = "SELECT token, digest, until FROM text";
pub(in crate::sqlite) const REPLAY: &str =
    "SELECT realm, actor, route, key, request, sealed, until FROM replay";

pub(in crate::sqlite) fn text(row: &Row<'_>) -> Result<Text> {
    Ok(Text {
        digest: Digest(row.get(0)?),
        token: TokenNumber(row.get(1)?),
        pepper: row.get(2)?,
        until: some_time(row, 3)?,
        state: word(row, 4, TextState::parse)?,
        sealed: row.get(5)?,
    })
}

pub(in crate::sqlite) fn counting_text(row: &Row<'_>) -> Result<(TokenNumber, Digest, Option<Timestamp>)> {
    Ok((TokenNumber(row.get(0)?), Digest(row.get(1)?), some_time(row, 2)?))
}

pub(in crate::sqlite) fn replay(row: &Row<'_>) -> Result<Replay> {
    let key =
        ReplayKey { realm: RealmId(row.get(0)?), actor: row.get(1)?, route: row.get(2)?, key: row.get(3)? };
    Ok(Replay { key, request: row.get(4)?, sealed: row.get(5)?, until: time(row, 6)? })
}

impl Shared<'_> {
    pub(in crate::sqlite) fn token(&mut self, row: &Row<'_>) -> Result<Token> {
        Ok(Token {
            number: TokenNumber(row.get(0)?),
            realm: RealmId(row.get(1)?),
            id: row.get(2)?,
            dialect: self.word(row, 3)?,
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
            networks: networks(row, 18)?,
            metadata: metadata(row, 19)?,
            limit: limit(row, 20, 21)?,
            quota: row.get(22)?,
            uses: row.get(23)?,
            version: row.get(24)?,
        })
    }

    pub(in crate::sqlite) fn counting(&mut self, row: &Row<'_>) -> Result<Counting> {
        Ok(Counting {
            number: TokenNumber(row.get(0)?),
            id: row.get(1)?,
            dialect: self.word(row, 2)?,
            name: self.word(row, 3)?,
            scopes: self.scopes(row, 4)?,
            principal: PrincipalId(row.get(5)?),
            personal: row.get(6)?,
            enabled: row.get(7)?,
            created: time(row, 8)?,
            not_before: some_time(row, 9)?,
            expires: some_time(row, 10)?,
            uses: row.get(11)?,
            networks: networks(row, 12)?,
            limit: limit(row, 13, 14)?,
            quota: row.get(15)?,
        })
    }
}

fn last_use(row: &Row<'_>, at: usize, from: usize) -> Result<Option<Use>> {
    let Some(at) = some_time(row, at)? else { return Ok(None) };
    Ok(Some(Use { at, address: address(row, from)? }))
}

pub(super) fn limit(row: &Row<'_>, count: usize, per: usize) -> Result<Option<Limit>> {
    let per = row.get::<_, Option<i64>>(per)?.map(SignedDuration::from_millis);
    Ok(row.get::<_, Option<u64>>(count)?.zip(per).map(|(count, per)| Limit { count, per }))
}

/// Most tokens have none, and a load reads a million of them.
fn metadata(row: &Row<'_>, column: usize) -> Result<BTreeMap<String, String>> {
    if row.get_ref(column)?.as_str()? == "{}" { Ok(BTreeMap::new()) } else { json(row, column) }
}
