//! Delegation (RFC 8693): a session of less worth for somebody who acts in the name of another one's holder.

use super::clients::concerns;
use super::exchange::{Ground, within};
use super::{Actor, Authority, Exchange, Proved, Started};
use crate::error::{Error, Unauthenticated};
use crate::principal::PrincipalId;
use crate::store::{Key, Record};

/// The most links of a chain of actors.
const LONGEST_CHAIN: usize = 8;

impl Authority {
    /// Cuts a session from the one that `subject` brought: never more, never longer, and it ends with it. A client may
    /// have that done to sessions that are its own, that it asked for or that are addressed to it. Whoever acts is the
    /// client, or the holder of `acting`, of which the same holds.
    pub async fn delegate(
        &self,
        subject: &Actor,
        client: &Proved,
        acting: Option<&Actor>,
        wanted: &Exchange<'_>,
    ) -> Result<Started, Error> {
        let grant = subject.grant().ok_or(Unauthenticated::Invalid)?;
        let old = subject.session().ok_or(Unauthenticated::Invalid)?;
        if *old.dialect != *wanted.dialect {
            return Err(Unauthenticated::Invalid.into());
        }
        let allowed = |brought: &Actor| brought.grant().is_some_and(|grant| concerns(grant, client));
        if !allowed(subject) || acting.is_some_and(|acting| !allowed(acting)) {
            return Err(Error::forbidden([], "the token was neither given nor addressed to this client"));
        }
        if !old.is_for_us() && wanted.audience.is_empty() {
            let why = "the token is addressed to somebody else; it can be exchanged for another audience, not for ours";
            return Err(Error::forbidden([], why));
        }
        let actor = acting.and_then(Actor::principal).unwrap_or(client.principal.id);
        let actors = lengthened(&old.actors, old.principal, actor)?;
        let Some(Record::Principal(principal)) = self.store.find(Key::Principal(old.principal)).await? else {
            return Err(Unauthenticated::Invalid.into());
        };
        let ground = Ground {
            realm: old.realm,
            scopes: within(grant.scopes(), wanted.scopes.as_ref())?,
            bought_with: old.bought_with,
            networks: old.networks.clone(),
            ends: Some(old.expires),
            refreshed_from: Some(old.id),
            proved: None,
        };
        let wanted = Exchange { actors, scopes: None, ..*wanted };
        self.start(principal, ground, &wanted, None).await
    }
}

/// The chain with its latest link; whoever acts in its own name adds none.
fn lengthened(chain: &[String], subject: PrincipalId, actor: PrincipalId) -> Result<Vec<String>, Error> {
    let link = actor.0.to_string();
    if chain.first().map_or(actor == subject, |latest| *latest == link) {
        return Ok(chain.to_vec());
    }
    if chain.len() >= LONGEST_CHAIN {
        let why = format!("the token has passed through {LONGEST_CHAIN} hands already");
        return Err(Error::forbidden([], why));
    }
    Ok(std::iter::once(link).chain(chain.iter().cloned()).collect())
}
