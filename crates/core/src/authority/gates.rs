//! Gates: made, edited and deleted by whoever may; what passes them is in [`super::check`].

use super::issue::sound_limits;
use super::{Actor, Authority, Idempotency};
use crate::error::{Error, Violation};
use crate::gate::{self, Fact, Gate, OnLimit, Place, Policy, Rule, is_header};
use crate::journal::Action;
use crate::store::{Key, Query, Record, StoreError, Write};
use crate::token::Limit;
use ipnet::IpNet;

/// What a gate's policy shall be; what is `None` stays, or is as [`Policy::default`] has it.
#[derive(Debug, Clone, Default)]
pub struct EditGate {
    /// Who may ask.
    pub callers: Option<Vec<IpNet>>,
    /// What every request needs.
    pub scopes: Option<Vec<String>>,
    /// What some requests need besides.
    pub rules: Option<Vec<NewRule>>,
    /// Whose credentials pass.
    pub dialects: Option<Vec<String>>,
    /// Where a credential may stand.
    pub places: Option<Vec<String>>,
    /// How often each token may pass in a time; `Some(None)` takes the limit away.
    pub limit: Option<Option<Limit>>,
    /// The status for whoever asks too often.
    pub on_limit: Option<u16>,
    /// The headers that an open gate sets, and what they say.
    pub set: Option<Vec<(String, String)>>,
    /// The headers that go no further.
    pub strip: Option<Vec<String>>,
}

/// A rule as it was written.
#[derive(Debug, Clone, Default)]
pub struct NewRule {
    /// Of these methods; none: of all.
    pub methods: Vec<String>,
    /// At or below this path.
    pub path: String,
    /// Needs these.
    pub scopes: Vec<String>,
}

pub(super) const READ: &[&str] = &["counterfoil.gates.read", "counterfoil.gates.write"];
const WRITE: &[&str] = &["counterfoil.gates.write"];
/// The most of anything that a policy lists.
const MOST: usize = 100;

impl Authority {
    /// Makes a gate for the actor's realm.
    pub async fn create_gate(
        &self,
        actor: &Actor,
        name: &str,
        policy: &EditGate,
        once: Option<&Idempotency>,
    ) -> Result<Gate, Error> {
        self.once(actor, once, |_| Ok(()), || self.create_gate_once(actor, name, policy, once)).await?;
        self.find_gate(actor, name).await
    }

    async fn create_gate_once(
        &self,
        actor: &Actor,
        name: &str,
        policy: &EditGate,
        once: Option<&Idempotency>,
    ) -> Result<(), Error> {
        actor.require(WRITE)?;
        gate::sound_name(name).map_err(|wrong| Error::Invalid(vec![wrong]))?;
        let policy = self.edited(Policy::default(), policy)?;
        let now = self.now();
        let gate = Gate {
            name: name.to_owned(),
            realm: actor.realm(),
            policy,
            version: 1,
            created: now,
            updated: now,
        };
        let line = actor.line(Action::GateCreate, name, now);
        // That there is one under this name is all of the outcome.
        let mut writes = self.kept(actor, once, &[], now)?;
        writes.push(Write::Insert(Record::Gate(gate)));
        self.commit(writes, vec![line], now).await.map_err(StoreError::into)
    }

    /// One gate of the actor's realm.
    pub async fn find_gate(&self, actor: &Actor, name: &str) -> Result<Gate, Error> {
        actor.require(READ)?;
        match self.store.find(Key::Gate(name.to_owned())).await? {
            Some(Record::Gate(gate)) if gate.realm == actor.realm() => Ok(gate),
            _ => Err(Error::NotFound("gate")),
        }
    }

    /// Every gate of the actor's realm, by name.
    pub async fn gates(&self, actor: &Actor) -> Result<Vec<Gate>, Error> {
        actor.require(READ)?;
        let records = self.store.list(Query::Gates(actor.realm())).await?;
        let gate = |record| if let Record::Gate(gate) = record { Some(gate) } else { None };
        Ok(records.into_iter().filter_map(gate).collect())
    }

    /// Changes a gate's policy; with `expected`, only if it is still that version.
    pub async fn edit_gate(
        &self,
        actor: &Actor,
        name: &str,
        edit: &EditGate,
        expected: Option<u64>,
    ) -> Result<Gate, Error> {
        actor.require(WRITE)?;
        let _held = self.hold(("gate", name)).await;
        let before = self.find_gate(actor, name).await?;
        if expected.is_some_and(|version| version != before.version) {
            return Err(Error::Stale("gate"));
        }
        let policy = self.edited(before.policy.clone(), edit)?;
        if policy == before.policy {
            return Ok(before);
        }
        let now = self.now();
        let after = Gate { policy, version: before.version + 1, updated: now, ..before };
        let line = actor.line(Action::GateEdit, name, now);
        self.commit(vec![Write::Update(Record::Gate(after.clone()))], vec![line], now).await?;
        Ok(after)
    }

    /// Deletes a gate: whoever asks there is turned away.
    pub async fn delete_gate(&self, actor: &Actor, name: &str) -> Result<(), Error> {
        actor.require(WRITE)?;
        let _held = self.hold(("gate", name)).await;
        let gate = self.find_gate(actor, name).await?;
        let now = self.now();
        let line = actor.line(Action::GateDelete, name, now);
        self.commit(vec![Write::DeleteGate(gate.name, gate.version)], vec![line], now)
            .await
            .map_err(StoreError::into)
    }

    fn edited(&self, mut policy: Policy, edit: &EditGate) -> Result<Policy, Error> {
        let mut wrong = Vec::new();
        let mut take = |field: &str, why: String| wrong.push(Violation { field: field.to_owned(), why });
        if let Some(callers) = &edit.callers {
            policy.callers.clone_from(callers);
        }
        if let Some(words) = &edit.scopes {
            match self.sound_scopes(words) {
                Ok(scopes) => policy.scopes = scopes,
                Err(why) => why.into_iter().for_each(|each| take(&each.field, each.why)),
            }
        }
        if let Some(rules) = &edit.rules {
            policy.rules.clear();
            for (at, rule) in rules.iter().enumerate() {
                match self.rule(rule) {
                    Ok(rule) => policy.rules.push(rule),
                    Err(why) => take(&format!("rules[{at}].{}", why.field), why.why),
                }
            }
        }
        if let Some(dialects) = &edit.dialects {
            policy.dialects.clone_from(dialects);
            let known = |name: &String| self.catalogue.dialects().any(|dialect| dialect == name);
            for (at, _) in dialects.iter().enumerate().filter(|(_, name)| !known(name)) {
                let every: Vec<_> = self.catalogue.dialects().collect();
                take(&format!("dialects[{at}]"), format!("must be one of {}", every.join(", ")));
            }
        }
        if let Some(places) = &edit.places {
            policy.places.clear();
            for (at, place) in places.iter().enumerate() {
                let why = "must be bearer, api-token, basic, header:NAME or query:NAME";
                match Place::parse(place) {
                    Some(place) => policy.places.push(place),
                    None => take(&format!("places[{at}]"), why.to_owned()),
                }
            }
            if places.is_empty() {
                take("places", "must name a place where a credential may stand".to_owned());
            }
        }
        if let Some(limit) = edit.limit {
            policy.limit = limit;
            for each in sound_limits(limit, None).err().unwrap_or_default() {
                take(&each.field, each.why);
            }
        }
        if let Some(status) = edit.on_limit {
            match OnLimit::parse(status) {
                Some(on_limit) => policy.on_limit = on_limit,
                None => take("on_limit", "must be 403 or 429".to_owned()),
            }
        }
        if let Some(set) = &edit.set {
            policy.set.clear();
            for (at, (header, fact)) in set.iter().enumerate() {
                match Fact::parse(fact).filter(|_| may_be_set(header)) {
                    Some(fact) => policy.set.push((header.to_ascii_lowercase(), fact)),
                    None => take(&format!("set[{at}]"), not_a_fact()),
                }
            }
        }
        if let Some(strip) = &edit.strip {
            policy.strip = strip.iter().map(|header| header.to_ascii_lowercase()).collect();
            for (at, _) in strip.iter().enumerate().filter(|(_, header)| !is_header(header)) {
                take(&format!("strip[{at}]"), "must be the name of a header".to_owned());
            }
        }
        let lists = [
            ("callers", policy.callers.len()),
            ("scopes", policy.scopes.iter().count()),
            ("rules", policy.rules.len()),
            ("places", policy.places.len()),
            ("set", policy.set.len()),
            ("strip", policy.strip.len()),
        ];
        for (list, _) in lists.iter().filter(|(_, length)| *length > MOST) {
            take(list, format!("must have at most {MOST} entries"));
        }
        if wrong.is_empty() { Ok(policy) } else { Err(Error::Invalid(wrong)) }
    }

    fn rule(&self, rule: &NewRule) -> Result<Rule, Violation> {
        let wrong = |field: &str, why: &str| Violation { field: field.to_owned(), why: why.to_owned() };
        let method = |name: &String| {
            (1..=20).contains(&name.len())
                && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'-')
        };
        if rule.methods.len() > MOST || !rule.methods.iter().all(method) {
            return Err(wrong("methods", "must be names of methods in capitals"));
        }
        if gate::canonical(&rule.path).as_deref() != Some(&rule.path) {
            return Err(wrong("path", "must be a plain, decoded path that begins with /"));
        }
        let scopes = self.sound_scopes(&rule.scopes);
        let scopes = scopes
            .map_err(|why| why.into_iter().next().unwrap_or_else(|| wrong("scopes", "are not sound")))?;
        Ok(Rule { methods: rule.methods.clone(), path: rule.path.clone(), scopes })
    }
}

/// Not those that say how a message is read.
fn may_be_set(header: &str) -> bool {
    const FRAMING: [&str; 8] = [
        "connection",
        "content-length",
        "host",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "content-type",
    ];
    is_header(header) && !FRAMING.contains(&header.to_ascii_lowercase().as_str())
}

fn not_a_fact() -> String {
    let facts = Fact::EVERY.map(Fact::as_str).join(", ");
    format!("must be a header that is not about the message itself, with one of {facts}")
}
