//! Which sessions a filter lets through and which may count: the meaning that every store's query language has to
//! reproduce.

use crate::session::Session;
use crate::store::SessionFilter;
use jiff::Timestamp;

/// Whether every criterion of the filter holds.
pub(super) fn lets_through(filter: &SessionFilter, session: &Session) -> bool {
    session.realm == filter.realm
        && filter.principal.is_none_or(|principal| session.principal == principal)
        && filter.dialect.as_ref().is_none_or(|dialect| *session.dialect == **dialect)
        && filter.bought_with.is_none_or(|key| session.bought_with == Some(key))
        && filter.kid.as_ref().is_none_or(|kid| session.kid == *kid)
        && filter.live_at.is_none_or(|now| live(session, now))
}

/// Neither ended, be it from a later instant on, nor expired.
pub(super) fn live(session: &Session, now: Timestamp) -> bool {
    session.ended.is_none() && now < session.expires
}
