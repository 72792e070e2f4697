//! Principals as vendors show their users, with everything that their records only point to. Everybody sees themself;
//! others are seen by whoever has a scope that the dialect names.

use super::{Actor, Authority, Which};
use crate::error::Error;
use crate::principal::{Principal, PrincipalId, Role};
use crate::scope::ScopeSet;
use crate::store::{Query, Record};

/// A principal with what its record only points to.
#[derive(Debug, Clone)]
pub struct Person {
    /// The record.
    pub principal: Principal,
    /// Its roles.
    pub roles: Vec<Role>,
    /// What they allow now.
    pub scopes: ScopeSet,
    /// Whether its passwords do not count for a while, because too many were wrong.
    pub locked_out: bool,
    /// The number of whoever made it; none, if the operator did.
    pub created_by: Option<u64>,
    /// The number of whoever last changed it; none, if the operator did.
    pub updated_by: Option<u64>,
}

/// How many principals are read at once.
const CHUNK: usize = 1_000;

impl Authority {
    /// One principal: the actor's own, or with one of the `read` scopes any.
    pub async fn person(&self, actor: &Actor, which: &Which, read: &[&str]) -> Result<Person, Error> {
        self.seen_principal(actor, which, read).await.map(|principal| self.as_person(principal))
    }

    /// The record of one principal: the actor's own, or with one of the `read` scopes any. Without them nobody is told
    /// whether there is one.
    pub(super) async fn seen_principal(
        &self,
        actor: &Actor,
        which: &Which,
        read: &[&str],
    ) -> Result<Principal, Error> {
        let found = self.principal(actor, which).await;
        if !found.as_ref().is_ok_and(|found| actor.principal() == Some(found.id)) {
            actor.require(read)?;
        }
        found
    }

    /// Every principal that the actor sees, in order of their numbers: all with one of the `read` scopes, else its own.
    pub async fn people(&self, actor: &Actor, read: &[&str]) -> Result<Vec<Person>, Error> {
        if actor.require(read).is_err() {
            return match actor.principal() {
                Some(own) => Ok(vec![self.person(actor, &Which::Id(own.0), read).await?]),
                None => Ok(Vec::new()),
            };
        }
        self.flush().await?;
        let (mut people, mut after) = (Vec::new(), 0);
        loop {
            let query = Query::Principals { realm: actor.realm(), holding: None, after, limit: CHUNK };
            let records = self.store.list(query).await?;
            let last = records.len() < CHUNK;
            people.extend(records.into_iter().filter_map(|record| match record {
                Record::Principal(principal) => Some(self.as_person(principal)),
                _ => None,
            }));
            let Some(person) = people.last().filter(|_| !last) else { return Ok(people) };
            after = person.principal.number;
        }
    }

    fn as_person(&self, principal: Principal) -> Person {
        let number = |id: PrincipalId| self.index.roster.standing(id).map(|standing| standing.number);
        Person {
            roles: principal.roles.iter().filter_map(|id| self.index.roster.role(*id)).collect(),
            scopes: self.index.roster.scopes_of(&principal.roles),
            locked_out: self.is_locked_out(principal.id),
            created_by: principal.created_by.and_then(number),
            updated_by: principal.updated_by.and_then(number),
            principal,
        }
    }
}
