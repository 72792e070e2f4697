//! Sessions: seen and ended by whoever may, and by their own holders.

use super::exchange::ended;
use super::{Actor, Authority, Which};
use crate::error::{Error, Unauthenticated};
use crate::session::Session;
use crate::store::{Key, Record, SessionFilter, StoreError};
use std::sync::Arc;
use uuid::Uuid;

const READ: &[&str] = &["counterfoil.sessions.read", "counterfoil.sessions.write"];
const WRITE: &[&str] = &["counterfoil.sessions.write"];
/// How many end in one transaction.
const CHUNK: usize = 200;

/// A session with what its record only points to.
#[derive(Debug, Clone)]
pub struct ShownSession {
    /// The record.
    pub session: Session,
    /// The user name of its principal.
    pub principal: Arc<str>,
}

/// Which sessions, in the order in which they began.
#[derive(Debug, Clone, Default)]
pub struct SessionQuery {
    /// Speaking for this principal.
    pub principal: Option<Which>,
    /// Only those that count now.
    pub live: bool,
    /// After this one.
    pub after: Option<Uuid>,
    /// How many.
    pub limit: usize,
}

impl Authority {
    /// Some sessions of the actor's realm.
    pub async fn sessions(&self, actor: &Actor, query: &SessionQuery) -> Result<Vec<ShownSession>, Error> {
        actor.require(READ)?;
        let mut filter = SessionFilter::of(actor.realm());
        if let Some(which) = &query.principal {
            filter.principal = Some(self.principal(actor, which).await?.id);
        }
        filter.live_at = query.live.then(|| self.now());
        let found = self.some_sessions(&filter, query.after, query.limit).await?;
        let shown = |session: Session| {
            let principal =
                self.index.roster.standing(session.principal).map(|standing| Arc::clone(&standing.username));
            ShownSession { session, principal: principal.unwrap_or_default() }
        };
        Ok(found.into_iter().map(shown).collect())
    }

    /// Ends one session.
    pub async fn end_session(&self, actor: &Actor, id: Uuid) -> Result<(), Error> {
        actor.require(WRITE)?;
        match self.store.find(Key::Session(id)).await? {
            Some(Record::Session(session)) if session.realm == actor.realm() => {
                self.end(actor, &session).await
            }
            _ => Err(Error::NotFound("session")),
        }
    }

    /// Ends every live session of a principal, or of the realm; how many.
    pub async fn end_sessions(&self, actor: &Actor, principal: Option<&Which>) -> Result<usize, Error> {
        actor.require(WRITE)?;
        let mut filter = SessionFilter::of(actor.realm());
        if let Some(which) = principal {
            filter.principal = Some(self.principal(actor, which).await?.id);
        }
        let now = self.now();
        let mut steps = self.ending(actor, filter, now).await?;
        let count = steps.len();
        while !steps.is_empty() {
            let (writes, lines) = steps.split_off(steps.len().saturating_sub(CHUNK)).into_iter().unzip();
            self.commit(writes, lines, now).await?;
        }
        Ok(count)
    }

    /// Ends the session that the actor brought: a logout.
    pub async fn log_out(&self, actor: &Actor) -> Result<(), Error> {
        self.end(actor, actor.session().ok_or(Unauthenticated::Invalid)?).await
    }

    /// Ends a session with all that was cut from it. One that is over already stays as it is.
    pub(super) async fn end(&self, actor: &Actor, session: &Session) -> Result<(), Error> {
        let _held = self.hold(("sessions", session.principal)).await;
        let now = self.now();
        let session = match self.store.find(Key::Session(session.id)).await? {
            Some(Record::Session(session)) if session.ended.is_none() && now < session.expires => session,
            _ => return Ok(()),
        };
        let siblings = SessionFilter {
            dialect: Some(session.dialect.to_string()),
            live_at: Some(now),
            ..SessionFilter::of_principal(session.realm, session.principal)
        };
        let mut others = self.sessions_found(siblings).await?;
        let mut over = vec![session];
        let mut next = 0;
        while let Some(id) = over.get(next).map(|parent| parent.id) {
            over.extend(others.extract_if(.., |other| other.refreshed_from == Some(id)));
            next += 1;
        }
        let (writes, journal) = over.into_iter().map(|session| ended(actor, session, now)).unzip();
        self.commit(writes, journal, now).await.map_err(StoreError::into)
    }
}
