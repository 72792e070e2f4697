//! Which sessions, signing keys and locks.

use super::{Statement, blob, most, number};
use crate::sqlite::rows;
use counterfoil_core::principal::PrincipalId;
use counterfoil_core::realm::RealmId;
use counterfoil_core::store::SessionFilter;
use jiff::Timestamp;
use uuid::Uuid;

pub(super) fn sessions(filter: SessionFilter, after: Option<Uuid>, limit: usize) -> Statement {
    let mut statement = Statement::new(rows::SESSION, " WHERE realm = ?", filter.realm.0);
    statement.add_if(" AND principal = ?", filter.principal.map(|id| blob(id.0.as_bytes())));
    statement.add_if(" AND dialect = ?", filter.dialect);
    statement.add_if(" AND bought_with = ?", filter.bought_with.map(|token| number(token.0)));
    statement.add_if(" AND kid = ?", filter.kid);
    statement.add_if(" AND ended IS NULL AND expires > ?", filter.live_at.map(Timestamp::as_millisecond));
    statement.add_if(" AND id > ?", after.map(|id| blob(id.as_bytes())));
    statement.add(" ORDER BY id LIMIT ?", [most(limit)]);
    statement
}

pub(super) fn signing_keys(realm: RealmId) -> Statement {
    let mut statement = Statement::new(rows::SIGNING_KEY, " WHERE realm = ?", realm.0);
    statement.add(" AND state <> 'removed' ORDER BY created, kid", []);
    statement
}

pub(super) fn locks(principal: PrincipalId) -> Statement {
    Statement::new(rows::LOCK, " WHERE principal = ?", blob(principal.0.as_bytes()))
}
