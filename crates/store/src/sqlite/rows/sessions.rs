//! Sessions, signing keys and locks.

use super::{Shared, address, list, networks, some_time, time, word};
use counterfoil_core::principal::PrincipalId;
use counterfoil_core::realm::RealmId;
use counterfoil_core::secret::Digest;
use counterfoil_core::session::{Lock, Session};
use counterfoil_core::signing::{Algorithm, KeyState, SigningKey};
use counterfoil_core::token::TokenNumber;
use rusqlite::{Result, Row};

pub(in crate::sqlite) const SESSION: &str = "SELECT id, realm, digest, principal, bought_with, dialect, scope_set, \
     audience, client, actors, kid, networks, address, multiple, refreshed_from, issued, expires, ended FROM session";
pub(in crate::sqlite) const SIGNING_KEY: &str = "SELECT kid, realm, dialect, algorithm, state, public, sealed, created, changed, version FROM signing_key";
pub(in crate::sqlite) const LOCK: &str = "SELECT principal, network, password, since FROM login_lock";

pub(in crate::sqlite) fn signing_key(row: &Row<'_>) -> Result<SigningKey> {
    Ok(SigningKey {
        kid: row.get(0)?,
        realm: RealmId(row.get(1)?),
        dialect: row.get(2)?,
        algorithm: word(row, 3, Algorithm::parse)?,
        state: word(row, 4, KeyState::parse)?,
        public: row.get(5)?,
        sealed: row.get(6)?,
        created: time(row, 7)?,
        changed: time(row, 8)?,
        version: row.get(9)?,
    })
}

pub(in crate::sqlite) fn lock(row: &Row<'_>) -> Result<Lock> {
    Ok(Lock {
        principal: PrincipalId(row.get(0)?),
        network: word(row, 1, |network| network.parse().ok())?,
        password: row.get(2)?,
        since: time(row, 3)?,
    })
}

impl Shared<'_> {
    pub(in crate::sqlite) fn session(&mut self, row: &Row<'_>) -> Result<Session> {
        Ok(Session {
            id: row.get(0)?,
            realm: RealmId(row.get(1)?),
            digest: Digest(row.get(2)?),
            principal: PrincipalId(row.get(3)?),
            bought_with: row.get::<_, Option<u64>>(4)?.map(TokenNumber),
            dialect: self.word(row, 5)?,
            scopes: self.scopes(row, 6)?,
            audience: row.get(7)?,
            client: row.get(8)?,
            actors: list(row, 9, |actor| Some(actor.to_owned()))?,
            kid: row.get(10)?,
            networks: networks(row, 11)?,
            address: address(row, 12)?,
            multiple: row.get(13)?,
            refreshed_from: row.get(14)?,
            issued: time(row, 15)?,
            expires: time(row, 16)?,
            ended: some_time(row, 17)?,
        })
    }
}
