//! Check: whether a request may pass a gate. Like a verification it waits for nothing and writes nothing.

use super::spend::{Limited, Spending};
use super::verify::{Ask, Grant, Verdict, covers, judge};
use super::{Actor, Authority};
use crate::error::Error;
use crate::gate::Policy;
use crate::index::roster::GateFacts;
use crate::index::{Known, Reason};
use crate::scope::ScopeSet;
use crate::store::{Key, Record};
use jiff::Timestamp;
use std::net::IpAddr;
use std::sync::Arc;

/// A request that wants to pass.
#[derive(Debug, Clone, Copy)]
pub struct Check<'a> {
    /// Its method.
    pub method: &'a str,
    /// Its path, as [`crate::gate::canonical`] gives it.
    pub path: &'a str,
    /// Where it comes from.
    pub address: Option<IpAddr>,
}

/// Whether it may.
#[derive(Debug, Clone)]
pub enum Passage {
    /// It may, and this is whose it is.
    Open(Grant),
    /// The credential counts, but lacks something of what this request needs.
    Lacks(ScopeSet),
    /// The credential counts, but was used too often.
    Limited(Limited),
    /// The credential does not count here.
    Shut,
}

/// Why a request would pass or not, for administrators.
#[derive(Debug, Clone)]
pub struct Explained {
    /// Whether it would.
    pub passes: bool,
    /// The rule that decided: what was looked at last.
    pub decided: String,
    /// What the request needs.
    pub needs: ScopeSet,
    /// What of it the credential lacks: the smallest grant that would pass, if nothing else stands in the way.
    pub lacks: ScopeSet,
}

impl Authority {
    /// A gate by its name, which is all that a gateway knows.
    pub fn gate(&self, name: &str) -> Option<Arc<GateFacts>> {
        self.index.roster.gate(name)
    }

    /// Whether the bearer text opens the gate for this request. The use of a live one is noted and spent.
    pub fn check(&self, gate: &GateFacts, text: &str, check: &Check<'_>) -> Passage {
        let ask = Ask { realm: Some(gate.realm), address: check.address, ..Ask::default() };
        let mut lacks = None;
        let verdict = self.weigh(text, check.address, Some(gate), Spending::Spend, |known, now| {
            let (verdict, missing) = pass(&gate.policy, known, &ask, check, now);
            lacks = missing;
            verdict
        });
        match (verdict, lacks) {
            (Verdict::Live(grant), _) => Passage::Open(grant),
            (Verdict::Limited(limited), _) => Passage::Limited(limited),
            (Verdict::Lacks(_), Some(missing)) => Passage::Lacks(missing),
            (Verdict::Lacks(_) | Verdict::Refused(_) | Verdict::Unknown, _) => Passage::Shut,
        }
    }

    /// Why a request with this text would pass the gate or not. Nothing is noted.
    pub fn explain(
        &self,
        actor: &Actor,
        gate: &str,
        text: &str,
        check: &Check<'_>,
    ) -> Result<Explained, Error> {
        let gate = self.explicable(actor, gate)?;
        Ok(self.explained(&gate, self.index.get(&self.keys.bearer(text), text), check))
    }

    /// The same for a token by its id.
    pub async fn explain_id(
        &self,
        actor: &Actor,
        gate: &str,
        id: &str,
        check: &Check<'_>,
    ) -> Result<Explained, Error> {
        let gate = self.explicable(actor, gate)?;
        match self.store.find(Key::TokenById(actor.realm(), id.to_owned())).await? {
            Some(Record::Token(token)) => {
                Ok(self.explained(&gate, self.index.by_number(token.number, id), check))
            }
            _ => Err(Error::NotFound("token")),
        }
    }

    /// The gate as it decides, for whoever may hear why.
    fn explicable(&self, actor: &Actor, gate: &str) -> Result<Arc<GateFacts>, Error> {
        actor.require(super::gates::READ)?;
        actor.require(&["counterfoil.tokens.read"])?;
        self.gate(gate).filter(|gate| gate.realm == actor.realm()).ok_or(Error::NotFound("gate"))
    }

    fn explained(&self, gate: &GateFacts, known: Option<Known>, check: &Check<'_>) -> Explained {
        let needs = needs(&gate.policy, check);
        let decided = |passes, decided: &str, lacks| Explained {
            passes,
            decided: decided.to_owned(),
            needs: needs.clone(),
            lacks,
        };
        let Some(known) = known else {
            return decided(false, "no text that counts is known by that", ScopeSet::default());
        };
        // Of another realm's credentials nothing more is told.
        if known.terms.standing.realm.id != gate.realm {
            return decided(false, Reason::Realm.sentence(), ScopeSet::default());
        }
        let ask = Ask { realm: Some(gate.realm), address: check.address, ..Ask::default() };
        let lacks: ScopeSet =
            needs.iter().filter(|word| !covers(&known.terms, word.as_str())).cloned().collect();
        let mut verdict = pass(&gate.policy, known, &ask, check, self.now()).0;
        self.ration(&mut verdict, Some(gate), Spending::Look);
        match verdict {
            Verdict::Limited(_) => decided(false, "it was used too often", lacks),
            Verdict::Live(_) => decided(true, "it counts and covers what the request needs", lacks),
            Verdict::Lacks(_) => {
                let rule = gate.policy.rule(check.method, check.path);
                let whence = rule.map_or("every request".to_owned(), |rule| {
                    format!("{} {}", rule.methods.join("|"), rule.path).trim().to_owned()
                });
                decided(false, &format!("it lacks a scope that {whence} needs"), lacks)
            }
            Verdict::Refused(reason) => decided(false, reason.sentence(), lacks),
            Verdict::Unknown => decided(false, "nobody knows it", lacks),
        }
    }
}

/// What a request needs.
fn needs(policy: &Policy, check: &Check<'_>) -> ScopeSet {
    match policy.rule(check.method, check.path) {
        Some(rule) => policy.scopes.union(&rule.scopes),
        None => policy.scopes.clone(),
    }
}

/// The verdict, and what is lacking.
fn pass(
    policy: &Policy,
    known: Known,
    ask: &Ask<'_>,
    check: &Check<'_>,
    now: Timestamp,
) -> (Verdict, Option<ScopeSet>) {
    if !policy.dialects.is_empty() && !policy.dialects.iter().any(|dialect| **dialect == *known.terms.dialect)
    {
        return (Verdict::Refused(Reason::Dialect), None);
    }
    // The sets are looked at as they stand: making the one that says it all would cost an allocation a request.
    let rule = policy.rule(check.method, check.path);
    let mut needed = policy.scopes.iter().chain(rule.into_iter().flat_map(|rule| rule.scopes.iter()));
    let covered = needed.all(|word| covers(&known.terms, word.as_str()));
    match judge(known, ask, now) {
        Verdict::Live(grant) if !covered => (Verdict::Lacks(grant), Some(needs(policy, check))),
        verdict => (verdict, None),
    }
}
