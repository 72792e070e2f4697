//! Revoke, one token or many: soft, final, and effective here before anybody hears of it.

use super::list::List;
use super::{Actor, Authority, View, stripe};
use crate::error::Error;
use crate::journal::{Action, Entry};
use crate::store::{Position, Record, SessionFilter, SortBy, StoreError, TokenFilter, Write};
use crate::token::{Purpose, TextState, Token};
use jiff::Timestamp;

/// Which tokens to revoke.
#[derive(Debug, Clone)]
pub struct Filter {
    /// The criteria; the realm and what is in view are filled in.
    pub tokens: TokenFilter,
    /// Speaking for this user name.
    pub owner: Option<String>,
}

/// What a revocation by filter did, or would do.
#[derive(Debug, Clone, Default)]
pub struct Bulk {
    /// The ids of the tokens.
    pub ids: Vec<String>,
}

const CHUNK: usize = 200;

impl Authority {
    /// Revokes one token.
    pub async fn revoke(&self, actor: &Actor, view: &View, id: &str) -> Result<(), Error> {
        loop {
            match self.revoke_as_read(actor, view, id).await {
                // Another node was faster: read again, decide again.
                Err(Error::Stale(_)) => {}
                outcome => return outcome,
            }
        }
    }

    async fn revoke_as_read(&self, actor: &Actor, view: &View, id: &str) -> Result<(), Error> {
        let _held = self.hold(("token", actor.realm(), id)).await;
        let token = self.changeable(actor, view, id).await?;
        view.spare(actor, &token, "revoke")?;
        if token.revoked.is_some() {
            return Ok(());
        }
        let now = self.now();
        let (writes, journal) = self.revocation(actor, token, now).await?;
        self.commit(writes, journal, now).await.map_err(StoreError::into)
    }

    /// Revokes every token that the filter finds, in chunks, each with its own journal lines. With `dry_run` it only
    /// says which.
    pub async fn revoke_matching(
        &self,
        actor: &Actor,
        view: &View,
        filter: Filter,
        dry_run: bool,
    ) -> Result<Bulk, Error> {
        actor.require(view.write)?;
        let mut bulk = Bulk::default();
        let mut filter = filter;
        filter.tokens.unrevoked = true;
        let mut query = List {
            filter: filter.tokens,
            owner: filter.owner,
            sort: SortBy::Created,
            descending: false,
            after: None,
            limit: CHUNK,
        };
        loop {
            let page = self.list_unmeasured(actor, view, &query).await?;
            let Some(last) = page.last() else { return Ok(bulk) };
            query.after = Some(Position::of(last, SortBy::Created));
            let doomed: Vec<_> =
                page.into_iter().filter(|token| view.spare(actor, token, "revoke").is_ok()).collect();
            bulk.ids.extend(doomed.iter().map(|token| token.id.to_string()));
            if !dry_run && !doomed.is_empty() {
                self.revoke_chunk(actor, view, doomed).await?;
            }
        }
    }

    async fn revoke_chunk(&self, actor: &Actor, view: &View, chunk: Vec<Token>) -> Result<(), Error> {
        let ids: Vec<_> = chunk.iter().map(|token| token.id.clone()).collect();
        let held = self.hold_all(ids.iter().map(|id| stripe(("token", actor.realm(), &**id)))).await;
        let now = self.now();
        let mut writes = Vec::new();
        let mut journal = Vec::new();
        for token in chunk {
            let (steps, lines) = self.revocation(actor, token, now).await?;
            writes.extend(steps);
            journal.extend(lines);
        }
        match self.commit(writes, journal, now).await {
            // One of them changed meanwhile: take them one by one.
            Err(StoreError::Stale(_)) => {
                drop(held);
                for id in ids {
                    match self.revoke(actor, view, &id).await {
                        Ok(()) | Err(Error::NotFound(_)) => {}
                        Err(error) => return Err(error),
                    }
                }
                Ok(())
            }
            outcome => outcome.map_err(StoreError::into),
        }
    }

    /// The steps that revoke a token and their lines; an exchange token takes the sessions that it bought with it.
    pub(super) async fn revocation(
        &self,
        actor: &Actor,
        mut token: Token,
        now: Timestamp,
    ) -> Result<(Vec<Write>, Vec<Entry>), StoreError> {
        let line = actor.line(Action::TokenRevoke, &*token.id, now);
        token.revoked = Some(now);
        token.version += 1;
        let texts = self.texts(&token).await?;
        let (mut writes, mut journal) = (Vec::new(), vec![line]);
        if token.purpose == Purpose::Exchange {
            let filter = SessionFilter { bought_with: Some(token.number), ..SessionFilter::of(token.realm) };
            for (step, line) in self.ending(actor, filter, now).await? {
                writes.push(step);
                journal.push(line);
            }
        }
        writes.push(Write::Update(Record::Token(token)));
        for mut text in texts {
            text.state = TextState::Spent;
            text.until = None;
            text.sealed = None;
            writes.push(Write::Update(Record::Text(text)));
        }
        Ok((writes, journal))
    }
}
