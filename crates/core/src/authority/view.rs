//! What part of a realm's tokens a dialect shows, and to whom: data that a dialect hands in, applied by the rules.

use super::{Actor, Authority};
use crate::catalogue::Catalogue;
use crate::error::{Error, Violation};
use crate::scope::ScopeSet;
use crate::store::{Key, Record, TokenFilter};
use crate::token::{Purpose, Token};

/// One dialect's window on the tokens of a realm.
#[derive(Debug, Clone, Copy)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is one thing in which vendors differ, set once as a constant"
)]
pub struct View {
    /// Only this dialect's tokens; `None` shows all of the realm.
    pub dialect: Option<&'static str>,
    /// Whoever has one of these sees all; anybody else sees their principal's tokens. Personal tokens never see all.
    pub read: &'static [&'static str],
    /// Whoever has one of these may change what is in view; a personal token only its principal's.
    pub write: &'static [&'static str],
    /// Whether everybody, whatever they have, sees and changes their principal's tokens only.
    pub own_only: bool,
    /// Words that are given through this view without being held, as far as the giver's principal has them.
    pub lends: &'static [&'static str],
    /// Whether revoked tokens are still shown.
    pub shows_revoked: bool,
    /// Whether a credential is kept from disabling or revoking itself.
    pub spares_itself: bool,
    /// Whether a token may be left without any scope.
    pub scopeless: bool,
    /// The longest name, in characters.
    pub name_limit: usize,
}

impl View {
    fn shows(&self, token: &Token) -> bool {
        token.purpose == Purpose::Access
            && self.dialect.is_none_or(|dialect| dialect == &*token.dialect)
            && (self.shows_revoked || token.revoked.is_none())
    }

    /// Whether the actor sees other principals' tokens.
    pub(super) fn reads_all(&self, actor: &Actor) -> bool {
        !self.confines(actor) && self.read.iter().any(|word| actor.covers(word))
    }

    /// Whether the actor is kept to its principal's tokens.
    fn confines(&self, actor: &Actor) -> bool {
        self.own_only || actor.is_personal()
    }

    /// *May give* (design 5), through this view.
    pub(super) fn may_give(
        &self,
        actor: &Actor,
        scopes: &ScopeSet,
        catalogue: &Catalogue,
    ) -> Result<(), Error> {
        let lent = |word: &str| {
            self.lends.contains(&word) && actor.standing().is_some_and(|standing| standing.covers(word))
        };
        let others: ScopeSet = scopes.iter().filter(|word| !lent(word.as_str())).cloned().collect();
        actor.may_give(&others, catalogue)
    }

    /// Narrows a filter to what the actor sees through this view.
    pub(super) fn narrow(&self, filter: &mut TokenFilter, actor: &Actor) {
        filter.realm = actor.realm();
        if let Some(dialect) = self.dialect {
            filter.dialect = Some(dialect.to_owned());
        }
        filter.unrevoked |= !self.shows_revoked;
    }

    /// Refuses a change by a credential to itself where the dialect forbids that.
    pub(super) fn spare(&self, actor: &Actor, token: &Token, deed: &'static str) -> Result<(), Error> {
        if self.spares_itself && actor.credential() == Some(&*token.id) {
            return Err(Error::Itself(deed));
        }
        Ok(())
    }
}

impl Authority {
    /// The words as a set, if a token in this view may have it.
    pub(super) fn scopes_in(&self, view: &View, words: &[String]) -> Result<ScopeSet, Vec<Violation>> {
        if view.scopeless && words.is_empty() { Ok(ScopeSet::default()) } else { self.sound_scopes(words) }
    }

    /// The token with this public id, if the actor may see it.
    pub(super) async fn seen(&self, actor: &Actor, view: &View, id: &str) -> Result<Token, Error> {
        let token = self.in_view(actor, view, id).await?;
        if view.reads_all(actor) || actor.principal() == Some(token.principal) {
            return Ok(token);
        }
        Err(Error::NotFound("token"))
    }

    /// The token with this public id, if the actor may change it.
    pub(super) async fn changeable(&self, actor: &Actor, view: &View, id: &str) -> Result<Token, Error> {
        actor.require(view.write)?;
        let token = self.in_view(actor, view, id).await?;
        if view.confines(actor) && actor.principal() != Some(token.principal) {
            return Err(Error::NotFound("token"));
        }
        Ok(token)
    }

    async fn in_view(&self, actor: &Actor, view: &View, id: &str) -> Result<Token, Error> {
        match self.store.find(Key::TokenById(actor.realm(), id.to_owned())).await? {
            Some(Record::Token(token)) if view.shows(&token) => Ok(token),
            _ => Err(Error::NotFound("token")),
        }
    }
}
