//! Roles: named sets of scopes. Nobody makes, widens or even touches one that holds more than they may give.

use super::idempotency::made;
use super::{Actor, Authority, Idempotency, Which};
use crate::clock::uuid_v7;
use crate::error::Error;
use crate::journal::Action;
use crate::principal::{ADMINISTRATOR, Role, RoleId};
use crate::scope::{ALL, ScopeSet};
use crate::store::{Key, Query, Record, StoreError, Write};
use uuid::Uuid;

/// What a new role shall be.
#[derive(Debug, Clone, Default)]
pub struct NewRole {
    /// Unique in the realm.
    pub name: String,
    /// Permission words, at least one.
    pub scopes: Vec<String>,
    /// A number that another system knows it by; the next free one if absent.
    pub number: Option<u64>,
}

/// What shall change in a role; what is `None` stays.
#[derive(Debug, Clone, Default)]
pub struct EditRole {
    /// A new name.
    pub name: Option<String>,
    /// The whole new scope list.
    pub scopes: Option<Vec<String>>,
}

const READ: &[&str] = &["counterfoil.roles.read", "counterfoil.roles.write"];
const WRITE: &[&str] = &["counterfoil.roles.write"];

impl Authority {
    /// Makes a role.
    pub async fn create_role(
        &self,
        actor: &Actor,
        new: &NewRole,
        once: Option<&Idempotency>,
    ) -> Result<Role, Error> {
        let id = self.once(actor, once, made, || self.create_role_once(actor, new, once)).await?;
        self.role(actor, &Which::Id(id)).await
    }

    async fn create_role_once(
        &self,
        actor: &Actor,
        new: &NewRole,
        once: Option<&Idempotency>,
    ) -> Result<Uuid, Error> {
        actor.require(WRITE)?;
        let name = super::issue::sound_name(&new.name, 100).map_err(Error::Invalid)?;
        let scopes = self.sound_scopes(&new.scopes).map_err(Error::Invalid)?;
        actor.may_give(&scopes, &self.catalogue)?;
        everything_in_its_place(&name, &scopes)?;
        let _held = self.hold(("realm", actor.realm())).await;
        let now = self.now();
        let mut realm = self.own_realm(actor).await?;
        if let Some(number) = new.number.filter(|number| (1..realm.next_role).contains(number)) {
            // A deleted role leaves nothing that could say so.
            let next = realm.next_role;
            let why =
                format!("the role number {number} may have been given before; the next free one is {next}");
            return Err(Error::Conflict(why));
        }
        let number = super::principals::take_number("role", new.number, &mut realm.next_role)?;
        let role = Role {
            id: RoleId(uuid_v7(now, &*self.entropy)?),
            realm: realm.id,
            number,
            name: name.to_string(),
            scopes,
            version: 1,
            created: now,
            updated: now,
        };
        realm.version += 1;
        let mut line = actor.line(Action::RoleCreate, role.id.0.to_string(), now);
        line.detail.insert("name".into(), role.name.clone().into());
        line.detail.insert("scopes".into(), role.scopes.to_text().into());
        let id = role.id.0;
        let mut writes = self.kept(actor, once, id.as_bytes(), now)?;
        writes.extend([Write::Update(Record::Realm(realm)), Write::Insert(Record::Role(role))]);
        self.commit(writes, vec![line], now).await?;
        Ok(id)
    }

    /// One role.
    pub async fn find_role(&self, actor: &Actor, which: &Which) -> Result<Role, Error> {
        actor.require(READ)?;
        self.role(actor, which).await
    }

    /// Roles in order of their numbers, after the given one.
    pub async fn roles(&self, actor: &Actor, after: u64, limit: usize) -> Result<Vec<Role>, Error> {
        actor.require(READ)?;
        let records = self.store.list(Query::Roles { realm: actor.realm(), after, limit }).await?;
        Ok(records
            .into_iter()
            .filter_map(|record| if let Record::Role(role) = record { Some(role) } else { None })
            .collect())
    }

    /// Changes a role; with `expected`, only if it is still that version. Who holds it may do what it says at once.
    pub async fn edit_role(
        &self,
        actor: &Actor,
        which: &Which,
        edit: &EditRole,
        expected: Option<u64>,
    ) -> Result<Role, Error> {
        actor.require(WRITE)?;
        let id = self.role(actor, which).await?.id;
        let _held = self.hold(("role", id.0)).await;
        let before = self.role(actor, &Which::Id(id.0)).await?;
        if expected.is_some_and(|version| version != before.version) {
            return Err(Error::Stale("role"));
        }
        actor.may_give(&before.scopes, &self.catalogue)?;
        let mut after = before.clone();
        if let Some(name) = &edit.name {
            after.name = super::issue::sound_name(name, 100).map_err(Error::Invalid)?.to_string();
        }
        if let Some(words) = &edit.scopes {
            after.scopes = self.sound_scopes(words).map_err(Error::Invalid)?;
            actor.may_give(&after.scopes, &self.catalogue)?;
        }
        if after == before {
            return Ok(before);
        }
        everything_in_its_place(&after.name, &after.scopes)?;
        let now = self.now();
        after.version += 1;
        after.updated = now;
        let mut line = actor.line(Action::RoleEdit, after.id.0.to_string(), now);
        line.detail.insert("name".into(), after.name.clone().into());
        line.detail.insert("scopes".into(), after.scopes.to_text().into());
        self.commit(vec![Write::Update(Record::Role(after.clone()))], vec![line], now)
            .await
            .map_err(StoreError::into)
            .map(|()| after)
    }

    /// Deletes a role that nobody holds.
    pub async fn delete_role(&self, actor: &Actor, which: &Which) -> Result<(), Error> {
        actor.require(WRITE)?;
        let role = self.role(actor, which).await?;
        actor.may_give(&role.scopes, &self.catalogue)?;
        // The realm's lock keeps a principal from getting the role meanwhile.
        let _held = self.hold(("realm", actor.realm())).await;
        let holding = Some(role.id);
        let holders =
            self.store.list(Query::Principals { realm: actor.realm(), holding, after: 0, limit: 1 }).await?;
        if !holders.is_empty() {
            return Err(Error::Conflict("the role is held by a principal; take it away first".to_owned()));
        }
        let now = self.now();
        let mut line = actor.line(Action::RoleDelete, role.id.0.to_string(), now);
        line.detail.insert("name".into(), role.name.clone().into());
        self.commit(vec![Write::DeleteRole(role.id, role.version)], vec![line], now)
            .await
            .map_err(StoreError::into)
    }

    async fn role(&self, actor: &Actor, which: &Which) -> Result<Role, Error> {
        let key = match which {
            Which::Id(id) => Key::Role(RoleId(*id)),
            Which::Number(number) => Key::RoleByNumber(actor.realm(), *number),
            Which::Name(name) => Key::RoleByName(actor.realm(), name.clone()),
        };
        match self.store.find(key).await? {
            Some(Record::Role(role)) if role.realm == actor.realm() => Ok(role),
            _ => Err(Error::NotFound("role")),
        }
    }

    /// The ids of the roles with these names.
    pub(super) async fn role_ids(&self, actor: &Actor, names: &[String]) -> Result<Vec<RoleId>, Error> {
        let mut ids = Vec::new();
        for (at, name) in names.iter().enumerate() {
            match self.role(actor, &Which::Name(name.clone())).await {
                Ok(role) if ids.contains(&role.id) => {}
                Ok(role) => ids.push(role.id),
                Err(Error::NotFound(_)) => {
                    return Err(Error::invalid(format!("roles[{at}]"), "is not the name of a role"));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(ids)
    }
}

/// `*` is in the role `administrator` only , so that nobody has it under another name.
fn everything_in_its_place(name: &str, scopes: &ScopeSet) -> Result<(), Error> {
    if name == ADMINISTRATOR || !scopes.contains(ALL) {
        return Ok(());
    }
    Err(Error::invalid("scopes", format!("may hold `*` in the role `{ADMINISTRATOR}` only")))
}

impl Which {
    /// Reads a path segment: an id or a number.
    pub fn parse(segment: &str) -> Option<Self> {
        segment.parse().map(Self::Number).ok().or_else(|| Uuid::try_parse(segment).map(Self::Id).ok())
    }
}
