//! Find, look up and list tokens, as far as the actor may see.

use super::{Actor, Authority, View};
use crate::error::Error;
use crate::principal::Principal;
use crate::store::{Key, Position, Query, Record, SortBy, StoreError, TokenFilter};
use crate::token::{Purpose, TextState, Token};
use std::sync::Arc;

/// A token with what its record only points to.
#[derive(Debug, Clone)]
pub struct Shown {
    /// The record, its uses up to date.
    pub token: Token,
    /// The user name of its principal.
    pub principal: Arc<str>,
}

/// Which tokens to show, in which order.
#[derive(Debug, Clone)]
pub struct List {
    /// The criteria; the realm and what is in view are filled in.
    pub filter: TokenFilter,
    /// Speaking for this user name, compared exactly.
    pub owner: Option<String>,
    /// By what.
    pub sort: SortBy,
    /// From the other end.
    pub descending: bool,
    /// From where on.
    pub after: Option<Position>,
    /// How many.
    pub limit: usize,
}

/// One page.
#[derive(Debug)]
pub struct Listing {
    /// The rows.
    pub tokens: Vec<Shown>,
    /// How many rows all pages have together.
    pub total: u64,
    /// Where the next page starts, if there is one.
    pub next: Option<Position>,
}

impl Authority {
    /// One token by its public id.
    pub async fn find(&self, actor: &Actor, view: &View, id: &str) -> Result<Shown, Error> {
        self.seen(actor, view, id).await.map(|token| self.shown(token))
    }

    /// The unrevoked access token of the actor's realm that this text belongs to, whatever its dialect and state.
    pub async fn lookup(&self, actor: &Actor, text: &str) -> Result<Shown, Error> {
        let token = self.by_text(text).await?.filter(|token| token.realm == actor.realm());
        token
            .filter(|token| token.revoked.is_none())
            .map(|token| self.shown(token))
            .ok_or(Error::NotFound("token"))
    }

    async fn by_text(&self, text: &str) -> Result<Option<Token>, StoreError> {
        let now = self.now();
        let Some(Record::Text(kept)) = self.store.find(Key::Text(self.keys.bearer(text))).await? else {
            return Ok(None);
        };
        if kept.state == TextState::Spent || kept.until.is_some_and(|end| end <= now) {
            return Ok(None);
        }
        let Some(Record::Token(token)) = self.store.find(Key::Token(kept.token)).await? else {
            return Ok(None);
        };
        Ok((token.purpose == Purpose::Access).then_some(token))
    }

    /// One page of the tokens that the actor may see.
    pub async fn list(&self, actor: &Actor, view: &View, list: &List) -> Result<Listing, Error> {
        let Some(filter) = self.list_filter(actor, view, list).await? else {
            return Ok(Listing { tokens: Vec::new(), total: 0, next: None });
        };
        self.flush_for(list).await?;
        let total = self.store.count(filter.clone()).await?;
        // One more than asked for tells whether there is a next page.
        let mut tokens = self.page(filter, list, list.limit + 1).await?;
        let next = (tokens.len() > list.limit).then(|| {
            tokens.truncate(list.limit);
            tokens.last().map(|last| Position::of(last, list.sort))
        });
        let tokens = tokens.into_iter().map(|token| self.shown(token)).collect();
        Ok(Listing { tokens, total, next: next.flatten() })
    }

    /// A page for our own use: no count, no names.
    pub(super) async fn list_unmeasured(
        &self,
        actor: &Actor,
        view: &View,
        list: &List,
    ) -> Result<Vec<Token>, Error> {
        match self.list_filter(actor, view, list).await? {
            Some(filter) => {
                self.flush_for(list).await?;
                self.page(filter, list, list.limit).await
            }
            None => Ok(Vec::new()),
        }
    }

    /// Uses that are still in memory are written down before a query that asks about uses; others need not wait.
    async fn flush_for(&self, list: &List) -> Result<(), StoreError> {
        let filter = &list.filter;
        let names_uses = list.sort == SortBy::LastUsed
            || [filter.unused_since, filter.used_from, filter.used_to].iter().any(Option::is_some);
        if names_uses { self.flush().await } else { Ok(()) }
    }

    async fn page(&self, filter: TokenFilter, list: &List, limit: usize) -> Result<Vec<Token>, Error> {
        let (sort, descending, after) = (list.sort, list.descending, list.after.clone());
        let query = Query::Tokens { filter: Box::new(filter), sort, descending, after, limit };
        let records = self.store.list(query).await?;
        Ok(records
            .into_iter()
            .filter_map(|record| if let Record::Token(token) = record { Some(token) } else { None })
            .collect())
    }

    /// The filter cut to what the actor sees, or `None` if that is nothing.
    async fn list_filter(
        &self,
        actor: &Actor,
        view: &View,
        list: &List,
    ) -> Result<Option<TokenFilter>, Error> {
        let mut filter = list.filter.clone();
        view.narrow(&mut filter, actor);
        if let Some(owner) = &list.owner {
            let key = Key::PrincipalByName(actor.realm(), Principal::name_key(owner));
            match self.store.find(key).await? {
                Some(Record::Principal(found)) if found.username == *owner => {
                    filter.principal = Some(found.id);
                }
                _ => return Ok(None),
            }
        }
        if view.reads_all(actor) {
            return Ok(Some(filter));
        }
        let own = actor.principal();
        if filter.principal.is_some_and(|asked| Some(asked) != own) {
            return Ok(None);
        }
        filter.principal = own;
        Ok(own.is_some().then_some(filter))
    }

    /// The record with its principal's name and the uses that are not flushed yet.
    pub fn shown(&self, mut token: Token) -> Shown {
        if let Some((used, count)) = self.index.noted_use(token.number) {
            token.last_used = token.last_used.into_iter().chain([used]).max_by_key(|used| used.at);
            token.uses += count;
        }
        let principal =
            self.index.roster.standing(token.principal).map(|standing| Arc::clone(&standing.username));
        Shown { token, principal: principal.unwrap_or_default() }
    }
}
