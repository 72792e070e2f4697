//! Principals: whom credentials speak for. Nobody changes one that may do more than they may give.

use super::idempotency::made;
use super::issue::{sound, sound_name};
use super::{Actor, Authority, Idempotency, stripe};
use crate::clock::uuid_v7;
use crate::error::{Error, Violation};
use crate::journal::{Action, Entry};
use crate::principal::{Kind, Principal, PrincipalId, RoleId};
use crate::scope::ScopeSet;
use crate::store::{Key, Query, Record, SessionFilter, StoreError, Write};
use jiff::Timestamp;
use tokio::sync::MutexGuard;
use uuid::Uuid;

/// By what a principal or role is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// Its id.
    Id(Uuid),
    /// Its number.
    Number(u64),
    /// Its user name, or a role's name.
    Name(String),
}

/// What a new principal shall be.
#[derive(Debug, Clone)]
pub struct NewPrincipal {
    /// Unique among the undeleted, whatever its case.
    pub username: String,
    /// A person or a service.
    pub kind: Kind,
    /// A number that another system knows it by; the next free one if absent.
    pub number: Option<u64>,
    /// The rest.
    pub details: EditPrincipal,
}

/// What shall change in a principal; what is `None` stays.
#[derive(Debug, Clone, Default)]
#[expect(missing_docs, reason = "each is the principal's field of that name")]
pub struct EditPrincipal {
    pub email: Option<String>,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub description: Option<String>,
    /// The names of its roles: the whole list.
    pub roles: Option<Vec<String>>,
    pub several_sessions: Option<bool>,
    /// Control Room's licence words: the whole list.
    pub licences: Option<Vec<String>>,
    pub disabled: Option<bool>,
}

/// Which principals, in order of their numbers.
#[derive(Debug, Clone, Copy)]
pub struct PrincipalQuery {
    /// After this number.
    pub after: u64,
    /// How many.
    pub limit: usize,
}

/// A principal with what its record only points to.
#[derive(Debug, Clone)]
pub struct ShownPrincipal {
    /// The record.
    pub principal: Principal,
    /// The names of its roles.
    pub roles: Vec<String>,
    /// What they allow now.
    pub scopes: ScopeSet,
}

pub(super) const READ: &[&str] = &["counterfoil.principals.read", "counterfoil.principals.write"];
const WRITE: &[&str] = &["counterfoil.principals.write"];

impl Authority {
    /// Makes a principal.
    pub async fn create_principal(
        &self,
        actor: &Actor,
        new: &NewPrincipal,
        once: Option<&Idempotency>,
    ) -> Result<ShownPrincipal, Error> {
        let id = self.once(actor, once, made, || self.create_principal_once(actor, new, once)).await?;
        self.principal(actor, &Which::Id(id)).await.map(|principal| self.shown_principal(principal))
    }

    async fn create_principal_once(
        &self,
        actor: &Actor,
        new: &NewPrincipal,
        once: Option<&Idempotency>,
    ) -> Result<Uuid, Error> {
        actor.require(WRITE)?;
        let mut wrong = Vec::new();
        sound(&mut wrong, sound_username(&new.username));
        sound(&mut wrong, sound_details(&new.details));
        if !wrong.is_empty() {
            return Err(Error::Invalid(wrong));
        }
        let _held = self.hold(("realm", actor.realm())).await;
        let now = self.now();
        let mut realm = self.own_realm(actor).await?;
        let number = take_number("principal", new.number, &mut realm.next_principal)?;
        let id = PrincipalId(uuid_v7(now, &*self.entropy)?);
        let username = new.username.trim();
        let by = actor.principal();
        let mut principal = Principal {
            kind: new.kind,
            created_by: by,
            updated_by: by,
            ..Principal::new(id, realm.id, number, username, now)
        };
        self.change_details(actor, &mut principal, &new.details).await?;
        actor.may_give(&self.allowed(&principal.roles)?, &self.catalogue)?;
        realm.version += 1;
        let mut line = actor.line(Action::PrincipalCreate, id.0.to_string(), now);
        line.detail.insert("username".into(), username.into());
        line.detail.insert("roles".into(), self.role_names(&principal.roles).into());
        let mut writes = self.kept(actor, once, id.0.as_bytes(), now)?;
        writes.extend([Write::Update(Record::Realm(realm)), Write::Insert(Record::Principal(principal))]);
        self.commit(writes, vec![line], now).await?;
        Ok(id.0)
    }

    /// One principal that is not deleted; everybody sees themself.
    pub async fn find_principal(&self, actor: &Actor, which: &Which) -> Result<ShownPrincipal, Error> {
        self.flush().await?;
        self.seen_principal(actor, which, READ).await.map(|principal| self.shown_principal(principal))
    }

    /// Some principals.
    pub async fn principals(
        &self,
        actor: &Actor,
        query: PrincipalQuery,
    ) -> Result<Vec<ShownPrincipal>, Error> {
        actor.require(READ)?;
        self.flush().await?;
        let PrincipalQuery { after, limit } = query;
        let records =
            self.store.list(Query::Principals { realm: actor.realm(), holding: None, after, limit }).await?;
        let principal =
            |record| if let Record::Principal(principal) = record { Some(principal) } else { None };
        Ok(records.into_iter().filter_map(principal).map(|found| self.shown_principal(found)).collect())
    }

    /// Changes a principal; with `expected`, only if it is still that version.
    pub async fn edit_principal(
        &self,
        actor: &Actor,
        which: &Which,
        edit: &EditPrincipal,
        expected: Option<u64>,
    ) -> Result<ShownPrincipal, Error> {
        actor.require(WRITE)?;
        sound_details(edit).map_err(Error::Invalid)?;
        // Roles are given under the realm's lock, so that none is deleted meanwhile.
        let id = self.principal(actor, which).await?.id;
        let _held = self.hold_principal(actor, id).await;
        let before = self.beneath(actor, &Which::Id(id.0)).await?;
        if expected.is_some_and(|version| version != before.version) {
            return Err(Error::Stale("principal"));
        }
        let mut after = before.clone();
        self.change_details(actor, &mut after, edit).await?;
        // Enabling also forgives failed logins, be it disabled or not.
        let forgiven = edit.disabled == Some(false);
        let unlocked =
            forgiven && [true, false].into_iter().any(|password| !self.locks(id, password).is_empty());
        if forgiven {
            self.guard.forgive(id);
        }
        if after == before && !unlocked {
            return Ok(self.shown_principal(before));
        }
        actor.may_give(&self.allowed(&after.roles)?, &self.catalogue)?;
        let now = self.now();
        let mut journal = self.principal_lines(actor, &before, &after, now);
        let mut writes = Vec::new();
        if unlocked {
            writes.push(Write::Unlock(id));
            if !before.disabled {
                journal.push(actor.line(Action::PrincipalEnable, id.0.to_string(), now));
            }
        }
        if after.disabled && !before.disabled {
            self.end_all(actor, id, &mut writes, &mut journal, now).await?;
        }
        self.save_principal(actor, after, writes, journal, now).await
    }

    /// Deletes a principal softly: all that speaks for it is silent, its user name is free.
    pub async fn delete_principal(&self, actor: &Actor, which: &Which) -> Result<(), Error> {
        actor.require(WRITE)?;
        let id = self.principal(actor, which).await?.id;
        let _held = self.hold_principal(actor, id).await;
        let mut principal = self.beneath(actor, &Which::Id(id.0)).await?;
        if actor.principal() == Some(principal.id) {
            return Err(Error::Conflict("a principal cannot delete itself".to_owned()));
        }
        let now = self.now();
        principal.deleted = Some(now);
        let mut writes = Vec::new();
        let mut journal = vec![actor.line(Action::PrincipalDelete, principal.id.0.to_string(), now)];
        self.end_all(actor, id, &mut writes, &mut journal, now).await?;
        self.save_principal(actor, principal, writes, journal, now).await.map(|_| ())
    }

    /// The locks of a principal's record and of its logins: none begins while it changes.
    pub(super) async fn hold_principal(&self, actor: &Actor, id: PrincipalId) -> Vec<MutexGuard<'_, ()>> {
        self.hold_all([stripe(("realm", actor.realm())), stripe(("sessions", id))]).await
    }

    /// Adds what ends a principal's sessions.
    pub(super) async fn end_all(
        &self,
        actor: &Actor,
        id: PrincipalId,
        writes: &mut Vec<Write>,
        journal: &mut Vec<Entry>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        for (write, line) in self.ending(actor, SessionFilter::of_principal(actor.realm(), id), now).await? {
            writes.push(write);
            journal.push(line);
        }
        Ok(())
    }

    /// An undeleted principal that has no scope which the actor may not give.
    async fn beneath(&self, actor: &Actor, which: &Which) -> Result<Principal, Error> {
        let principal = self.principal(actor, which).await?;
        actor.may_give(&self.allowed(&principal.roles)?, &self.catalogue)?;
        Ok(principal)
    }

    /// What these roles allow together, for comparing somebody with the actor: the index is silent about a role whose
    /// change has an unknown outcome, and silence must not read as `allows nothing`.
    pub(super) fn allowed(&self, roles: &[RoleId]) -> Result<ScopeSet, Error> {
        let known: Option<Vec<_>> = roles.iter().map(|id| self.index.roster.role(*id)).collect();
        let known = known.ok_or_else(|| Error::unavailable("a role's change has an unknown outcome"))?;
        Ok(known.iter().flat_map(|role| role.scopes.iter().cloned()).collect())
    }

    async fn save_principal(
        &self,
        actor: &Actor,
        mut principal: Principal,
        mut writes: Vec<Write>,
        journal: Vec<Entry>,
        now: Timestamp,
    ) -> Result<ShownPrincipal, Error> {
        principal.version += 1;
        principal.updated = now;
        principal.updated_by = actor.principal();
        writes.push(Write::Update(Record::Principal(principal.clone())));
        self.commit(writes, journal, now)
            .await
            .map_err(StoreError::into)
            .map(|()| self.shown_principal(principal))
    }

    async fn change_details(
        &self,
        actor: &Actor,
        principal: &mut Principal,
        edit: &EditPrincipal,
    ) -> Result<(), Error> {
        let set = |field: &mut String, new: &Option<String>| {
            if let Some(new) = new {
                field.clone_from(new);
            }
        };
        set(&mut principal.email, &edit.email);
        set(&mut principal.first_name, &edit.first_name);
        set(&mut principal.last_name, &edit.last_name);
        set(&mut principal.description, &edit.description);
        principal.several_sessions = edit.several_sessions.unwrap_or(principal.several_sessions);
        principal.disabled = edit.disabled.unwrap_or(principal.disabled);
        if let Some(words) = &edit.licences {
            principal.licences.clone_from(words);
        }
        if let Some(names) = &edit.roles {
            principal.roles = self.role_ids(actor, names).await?;
        }
        Ok(())
    }

    fn principal_lines(
        &self,
        actor: &Actor,
        before: &Principal,
        after: &Principal,
        now: Timestamp,
    ) -> Vec<Entry> {
        let subject = after.id.0.to_string();
        let mut lines = Vec::new();
        if before.disabled != after.disabled {
            let action = if after.disabled { Action::PrincipalDisable } else { Action::PrincipalEnable };
            lines.push(actor.line(action, subject.as_str(), now));
        }
        let unchanged_but_disabled = Principal { disabled: after.disabled, ..before.clone() };
        if *after != unchanged_but_disabled {
            let mut line = actor.line(Action::PrincipalEdit, subject, now);
            let changed = [
                ("email", before.email != after.email),
                ("first_name", before.first_name != after.first_name),
                ("last_name", before.last_name != after.last_name),
                ("description", before.description != after.description),
                ("several_sessions", before.several_sessions != after.several_sessions),
                ("licences", before.licences != after.licences),
            ];
            let fields: Vec<_> =
                changed.into_iter().filter(|(_, changed)| *changed).map(|(name, _)| name).collect();
            if !fields.is_empty() {
                line.detail.insert("fields".into(), fields.into());
            }
            if before.roles != after.roles {
                line.detail.insert("roles".into(), self.role_names(&after.roles).into());
            }
            lines.push(line);
        }
        lines
    }

    pub(super) async fn principal(&self, actor: &Actor, which: &Which) -> Result<Principal, Error> {
        let key = match which {
            Which::Id(id) => Key::Principal(PrincipalId(*id)),
            Which::Number(number) => Key::PrincipalByNumber(actor.realm(), *number),
            Which::Name(name) => Key::PrincipalByName(actor.realm(), Principal::name_key(name)),
        };
        match self.store.find(key).await? {
            Some(Record::Principal(found)) if found.realm == actor.realm() && found.deleted.is_none() => {
                Ok(found)
            }
            _ => Err(Error::NotFound("principal")),
        }
    }

    fn role_names(&self, roles: &[RoleId]) -> Vec<String> {
        roles.iter().filter_map(|id| self.index.roster.role(*id)).map(|role| role.name).collect()
    }

    fn shown_principal(&self, principal: Principal) -> ShownPrincipal {
        let roles = self.role_names(&principal.roles);
        let scopes = self.index.roster.scopes_of(&principal.roles);
        ShownPrincipal { principal, roles, scopes }
    }
}

/// The largest number that can be asked for: what a JSON number of every client holds, with room for those that follow.
const LARGEST: u64 = 1_000_000_000_000_000;

/// The number asked for, or the next one. Numbers are never given twice: what was given stays in the store, deleted or
/// not, which refuses a second one.
pub(super) fn take_number(what: &'static str, asked: Option<u64>, next: &mut u64) -> Result<u64, Error> {
    let number = asked.unwrap_or(*next);
    if asked.is_some_and(|asked| asked == 0 || asked > LARGEST) {
        return Err(Error::invalid(
            "number",
            format!("must be from 1 to {LARGEST}; the next free {what} number is {next}"),
        ));
    }
    *next = (*next).max(number + 1);
    Ok(number)
}

fn sound_username(username: &str) -> Result<(), Vec<Violation>> {
    // A principal is also known by its id, which must be nobody else's name.
    if Uuid::try_parse(username.trim()).is_ok() {
        return Err(vec![Violation { field: "username".into(), why: "must not look like an id".into() }]);
    }
    sound_name(username, 100).map(|_| ()).map_err(|violations| {
        violations.into_iter().map(|violation| Violation { field: "username".into(), ..violation }).collect()
    })
}

fn sound_details(details: &EditPrincipal) -> Result<(), Vec<Violation>> {
    let fields = [
        ("email", &details.email, 254),
        ("first_name", &details.first_name, 100),
        ("last_name", &details.last_name, 100),
        ("description", &details.description, 1_000),
    ];
    let wrong = |(field, text, limit): (&str, &Option<String>, usize)| {
        let text = text.as_deref().unwrap_or_default();
        let sound = text.chars().count() <= limit && !text.chars().any(char::is_control);
        let why = format!("must be at most {limit} characters long, none of them a control character");
        (!sound).then(|| Violation { field: field.into(), why })
    };
    let mut violations: Vec<_> = fields.into_iter().filter_map(wrong).collect();
    let word = |word: &String| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if details.licences.as_ref().is_some_and(|words| words.len() > 32 || !words.iter().all(word)) {
        let why = "must be at most 32 words of letters and digits".into();
        violations.push(Violation { field: "licences".into(), why });
    }
    if violations.is_empty() { Ok(()) } else { Err(violations) }
}
