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

    async fn end(&self, actor: &Actor, mut session: Session) -> Result<(), Error> {
        let now = self.now();
        if session.ended.is_some() || session.expires <= now {
            return Ok(());
        }
        session.ended = Some(now);
        let line = actor.line(Action::SessionEnd, session.id.to_string(), now);
        self.commit(vec![Write::Update(Record::Session(session))], vec![line], now)
            .await
            .map_err(StoreError::into)
    }
}
