//! Sessions: seen and ended by whoever may, and by their own holders.

use super::{Actor, Authority, Which};
use crate::error::{Error, Unauthenticated};
use crate::journal::Action;
use crate::session::Session;
use crate::store::{Key, Query, Record, SessionFilter, StoreError, Write};
use std::sync::Arc;
use uuid::Uuid;

const READ: &[&str] = &["counterfoil.sessions.read", "counterfoil.sessions.write"];
const WRITE: &[&str] = &["counterfoil.sessions.write"];

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
        let query = Query::Sessions { filter: Box::new(filter), after: query.after, limit: query.limit };
        let records = self.store.list(query).await?;
        let session = |record| if let Record::Session(session) = record { Some(session) } else { None };
        let shown = |session: Session| {
            let principal =
                self.index.roster.standing(session.principal).map(|standing| Arc::clone(&standing.username));
            ShownSession { session, principal: principal.unwrap_or_default() }
        };
        Ok(records.into_iter().filter_map(session).map(shown).collect())
    }

    /// Ends one session.
    pub async fn end_session(&self, actor: &Actor, id: Uuid) -> Result<(), Error> {
        actor.require(WRITE)?;
        match self.store.find(Key::Session(id)).await? {
            Some(Record::Session(session)) if session.realm == actor.realm() => {
                self.end(actor, session).await
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
        let writes = self.ending(filter, now).await?;
        let lines = writes.iter().filter_map(|step| match step {
            Write::Update(Record::Session(session)) => {
                Some(actor.line(Action::SessionEnd, session.id.to_string(), now))
            }
            _ => None,
        });
        let (lines, count): (Vec<_>, _) = (lines.collect(), writes.len());
        self.commit(writes, lines, now).await?;
        Ok(count)
    }

    /// Ends the session that the actor brought: a logout.
    pub async fn log_out(&self, actor: &Actor) -> Result<(), Error> {
        let session = actor.session().ok_or(Unauthenticated::Invalid)?.clone();
        self.end(actor, session).await
    }

    /// Ends a session with all that was cut from it.
    pub(super) async fn end(&self, actor: &Actor, session: Session) -> Result<(), Error> {
        let now = self.now();
        if session.ended.is_some() || session.expires <= now {
            return Ok(());
        }
        let _held = self.hold(("sessions", session.principal)).await;
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
        let line = |session: &Session| actor.line(Action::SessionEnd, session.id.to_string(), now);
        let journal = over.iter().map(line).collect();
        let ended = |session| Write::Update(Record::Session(Session { ended: Some(now), ..session }));
        self.commit(over.into_iter().map(ended).collect(), journal, now).await.map_err(StoreError::into)
    }
}
