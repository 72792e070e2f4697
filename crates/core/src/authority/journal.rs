//! Reading the journal.

use super::{Actor, Authority};
use crate::error::Error;
use crate::journal::{Action, Entry};
use crate::principal::Principal;
use crate::store::{JournalFilter, Key, Record};
use jiff::Timestamp;
use std::sync::Arc;

/// Which lines.
#[derive(Debug, Clone, Default)]
pub struct JournalQuery {
    /// After this sequence.
    pub after: u64,
    /// Of this action.
    pub action: Option<Action>,
    /// About this id.
    pub subject: Option<String>,
    /// By this user name.
    pub actor: Option<String>,
    /// At or after this instant.
    pub from: Option<Timestamp>,
    /// Before this instant.
    pub to: Option<Timestamp>,
    /// How many.
    pub limit: usize,
}

/// A line with what it only points to.
#[derive(Debug, Clone)]
pub struct Line {
    /// The line.
    pub entry: Entry,
    /// The realm's slug.
    pub realm: Arc<str>,
    /// The actor's user name; nobody: the operator.
    pub actor: Option<Arc<str>>,
}

impl Authority {
    /// The lines of the actor's realm, in order of sequence.
    pub async fn journal(&self, actor: &Actor, query: &JournalQuery) -> Result<Vec<Line>, Error> {
        actor.require(&["counterfoil.journal.read"])?;
        let mut by = None;
        if let Some(username) = &query.actor {
            let key = Key::PrincipalByName(actor.realm(), Principal::name_key(username));
            let Some(Record::Principal(principal)) = self.store.find(key).await? else {
                return Ok(Vec::new());
            };
            by = Some(principal.id);
        }
        let filter = JournalFilter {
            realm: Some(actor.realm()),
            after: query.after,
            action: query.action,
            subject: query.subject.clone(),
            actor: by,
            from: query.from,
            to: query.to,
        };
        let entries = self.store.journal(filter, query.limit).await?;
        Ok(entries.into_iter().map(|entry| self.named(entry)).collect())
    }

    fn named(&self, entry: Entry) -> Line {
        let name = |id| self.index.roster.standing(id).map(|standing| Arc::clone(&standing.username));
        Line { realm: self.slug(entry.realm), actor: entry.actor.and_then(name), entry }
    }
}
