//! The actor: who asks, with what they may do. Made only by verifying a credential, or for the operator.

use super::verify::Grant;
use crate::catalogue::{Catalogue, OURS};
use crate::error::Error;
use crate::index::roster::Standing;
use crate::journal::{Action, Entry};
use crate::principal::PrincipalId;
use crate::realm::RealmId;
use crate::scope::{ALL, ScopeSet};
use crate::secret::Digest;
use crate::session::Session;
use jiff::Timestamp;
use std::sync::Arc;

/// Who asks, with what they may do, in which realm.
#[derive(Debug, Clone)]
pub struct Actor {
    realm: RealmId,
    who: Who,
}

#[derive(Debug, Clone)]
enum Who {
    /// Whoever may open the store.
    Operator,
    /// The holder of a live credential.
    Holder(Grant),
    /// Somebody who proved to be this principal, for one request.
    Proven(Arc<Standing>),
    /// The holder of a spent text, who may only hear once more what a rotation with it gave.
    Echo(Arc<str>, Digest),
}

impl Actor {
    /// Whoever may open the store; never made from anything that came over a network.
    pub fn operator(realm: RealmId) -> Self {
        Self { realm, who: Who::Operator }
    }

    pub(super) fn holder(grant: Grant) -> Self {
        Self { realm: grant.realm().id, who: Who::Holder(grant) }
    }

    pub(super) fn proven(standing: Arc<Standing>) -> Self {
        Self { realm: standing.realm.id, who: Who::Proven(standing) }
    }

    pub(super) fn echo(realm: RealmId, credential: Arc<str>, spent: Digest) -> Self {
        Self { realm, who: Who::Echo(credential, spent) }
    }

    /// The realm in which it acts.
    pub fn realm(&self) -> RealmId {
        self.realm
    }

    /// What its credential grants; the operator and an echo have none.
    pub fn grant(&self) -> Option<&Grant> {
        match &self.who {
            Who::Holder(grant) => Some(grant),
            Who::Operator | Who::Proven(_) | Who::Echo(..) => None,
        }
    }

    /// The session that it brought.
    pub fn session(&self) -> Option<&Session> {
        self.grant()?.session()
    }

    /// For whom it speaks.
    pub fn principal(&self) -> Option<PrincipalId> {
        self.standing().map(|standing| standing.id)
    }

    /// What is known of its principal.
    pub fn standing(&self) -> Option<&Standing> {
        match &self.who {
            Who::Holder(grant) => Some(grant.standing()),
            Who::Proven(standing) => Some(standing),
            Who::Operator | Who::Echo(..) => None,
        }
    }

    /// The public id of its credential.
    pub fn credential(&self) -> Option<&str> {
        match &self.who {
            Who::Holder(grant) => Some(grant.id()),
            Who::Echo(credential, _) => Some(credential),
            Who::Operator | Who::Proven(_) => None,
        }
    }

    /// The digest of the spent text that an echo brought.
    pub(super) fn spent(&self) -> Option<&Digest> {
        match &self.who {
            Who::Echo(_, spent) => Some(spent),
            Who::Operator | Who::Holder(_) | Who::Proven(_) => None,
        }
    }

    /// Whether it may only hear a rotation's outcome again.
    pub fn is_echo(&self) -> bool {
        matches!(self.who, Who::Echo(..))
    }

    /// Whether it is the operator.
    pub fn is_operator(&self) -> bool {
        matches!(self.who, Who::Operator)
    }

    /// Whether its credential is personal: it then sees and changes only its principal's tokens.
    pub fn is_personal(&self) -> bool {
        self.grant().is_some_and(Grant::is_personal)
    }

    /// Whether it may do what `word` says.
    pub fn covers(&self, word: &str) -> bool {
        match &self.who {
            Who::Operator => true,
            Who::Holder(grant) => grant.covers(word),
            Who::Proven(standing) => standing.covers(word),
            Who::Echo(..) => false,
        }
    }

    /// Refuses whoever has none of these scopes.
    pub fn require(&self, any_of: &[&str]) -> Result<(), Error> {
        if any_of.iter().any(|word| self.covers(word)) {
            return Ok(());
        }
        Err(Error::forbidden(
            any_of.iter().copied(),
            format!("the credential lacks the scope {}", any_of.join(" or ")),
        ))
    }

    /// *May give* (design 5): (its scopes ∪ what its mint scopes cover) ∩ its principal's present roles.
    pub(super) fn may_give(&self, scopes: &ScopeSet, catalogue: &Catalogue) -> Result<(), Error> {
        let beyond = scopes.iter().find(|word| !self.gives(word.as_str(), catalogue));
        beyond.map_or(Ok(()), |word| {
            Err(Error::forbidden([word.as_str()], format!("the credential may not give the scope {word}")))
        })
    }

    /// A journal line by this actor.
    pub(super) fn line(&self, action: Action, subject: impl Into<String>, at: Timestamp) -> Entry {
        Entry {
            sequence: 0,
            at,
            realm: self.realm,
            actor: self.principal(),
            credential: self.credential().map(Into::into),
            action,
            subject: subject.into(),
            detail: serde_json::Map::new(),
        }
    }

    fn gives(&self, word: &str, catalogue: &Catalogue) -> bool {
        match &self.who {
            Who::Operator => true,
            Who::Echo(..) => false,
            Who::Holder(grant) => {
                let ours = word == ALL || word.starts_with(OURS);
                let held = grant.covers(word) || (!ours && catalogue.mints(&grant.scopes(), word));
                held && grant.standing().covers(word)
            }
            // Whatever a mint scope covers is cut to the roles, and the roles are all there is here.
            Who::Proven(standing) => standing.covers(word),
        }
    }
}
