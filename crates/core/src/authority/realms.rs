//! Realms: made from `default` only, each with its own first administrator.

use super::issue::sound_name;
use super::{Actor, Authority, Idempotency, Issued};
use crate::clock::{Entropy, uuid_v7};
use crate::error::{Error, Violation};
use crate::format::Format;
use crate::journal::Action;
use crate::principal::{ADMIN, ADMINISTRATOR, Principal, PrincipalId, Role, RoleId};
use crate::realm::{DEFAULT, Realm, RealmId};
use crate::scope::ScopeSet;
use crate::secret::Keys;
use crate::store::{Key, Query, Record, StoreError, Write};
use crate::token::{Text, Token, TokenNumber};
use jiff::Timestamp;
use uuid::Uuid;

/// What a new realm shall be.
#[derive(Debug, Clone)]
pub struct NewRealm {
    /// What paths call it.
    pub slug: String,
    /// What people call it; the slug if absent.
    pub name: Option<String>,
    /// The other spelling for paths; a new one if absent.
    pub uuid: Option<Uuid>,
}

/// What shall change in a realm; what is `None` stays.
#[derive(Debug, Clone, Default)]
pub struct EditRealm {
    /// A new name.
    pub name: Option<String>,
    /// Whether personal tokens may be issued and count.
    pub personal_tokens: Option<bool>,
}

const READ: &[&str] = &["counterfoil.realms.read", "counterfoil.realms.write"];
const WRITE: &[&str] = &["counterfoil.realms.write"];

impl Authority {
    /// Makes a realm with its administrator, and that one's first token.
    pub async fn create_realm(
        &self,
        actor: &Actor,
        new: &NewRealm,
        once: Option<&Idempotency>,
    ) -> Result<(Realm, Issued), Error> {
        let issued =
            self.once(actor, once, Issued::from_bytes, || self.create_realm_once(actor, new, once)).await?;
        Ok((self.named_realm(&new.slug).await?, issued))
    }

    async fn create_realm_once(
        &self,
        actor: &Actor,
        new: &NewRealm,
        once: Option<&Idempotency>,
    ) -> Result<Issued, Error> {
        actor.require(WRITE)?;
        self.only_from_default(actor)?;
        // Its administrator may do everything there, so its maker may give everything.
        actor.may_give(&ScopeSet::all(), &self.catalogue)?;
        sound_slug(&new.slug)?;
        let name = new.name.as_deref().unwrap_or(&new.slug);
        sound_name(name, 100).map_err(Error::Invalid)?;
        let now = self.now();
        let _held = self.hold("realms").await;
        let native = self.format("native").ok_or(Error::NotFound("dialect"))?;
        let uuid = new.uuid.map_or_else(|| uuid_v7(now, &*self.entropy), Ok)?;
        let last = self.realms_after(0).await?.last().map_or(0, |realm| realm.id.0);
        let founded = (RealmId(last + 1), new.slug.as_str(), name, uuid);
        let number = self.next_number().await?;
        let (mut writes, issued) =
            founding(&self.keys, &*self.entropy, native, now, founded, number, actor.principal())?;
        writes.extend(self.kept(actor, once, &issued.to_bytes(), now)?);
        let line = actor.line(Action::RealmCreate, new.slug.as_str(), now);
        self.commit(writes, vec![line], now).await?;
        Ok(issued)
    }

    /// The realms that the actor may see: all from `default`, else its own.
    pub async fn realms(&self, actor: &Actor) -> Result<Vec<Realm>, Error> {
        actor.require(READ)?;
        let mut realms = self.realms_after(0).await?;
        if self.only_from_default(actor).is_err() {
            realms.retain(|realm| realm.id == actor.realm());
        }
        Ok(realms)
    }

    /// One realm by slug.
    pub async fn find_realm(&self, actor: &Actor, slug: &str) -> Result<Realm, Error> {
        actor.require(READ)?;
        let realm = self.named_realm(slug).await?;
        if realm.id != actor.realm() && self.only_from_default(actor).is_err() {
            return Err(Error::NotFound("realm"));
        }
        Ok(realm)
    }

    /// Changes a realm; with `expected`, only if it is still that version.
    pub async fn edit_realm(
        &self,
        actor: &Actor,
        slug: &str,
        edit: &EditRealm,
        expected: Option<u64>,
    ) -> Result<Realm, Error> {
        actor.require(WRITE)?;
        let id = self.find_realm(actor, slug).await?.id;
        let _held = self.hold(("realm", id)).await;
        let before = self.named_realm(slug).await?;
        if expected.is_some_and(|version| version != before.version) {
            return Err(Error::Stale("realm"));
        }
        let mut after = before.clone();
        if let Some(name) = &edit.name {
            after.name = sound_name(name, 100).map_err(Error::Invalid)?.to_string();
        }
        after.personal_tokens = edit.personal_tokens.unwrap_or(after.personal_tokens);
        if after == before {
            return Ok(before);
        }
        after.version += 1;
        let now = self.now();
        let mut line = actor.line(Action::RealmEdit, slug, now);
        line.detail.insert("personal_tokens".into(), after.personal_tokens.into());
        line.detail.insert("name".into(), after.name.clone().into());
        self.commit(vec![Write::Update(Record::Realm(after.clone()))], vec![line], now)
            .await
            .map_err(StoreError::into)
            .map(|()| after)
    }

    /// The realm's record, to be changed under its lock by whoever takes a number from it.
    pub(super) async fn own_realm(&self, actor: &Actor) -> Result<Realm, Error> {
        self.named_realm(&self.slug(actor.realm())).await
    }

    async fn named_realm(&self, slug: &str) -> Result<Realm, Error> {
        match self.store.find(Key::RealmBySlug(slug.to_owned())).await? {
            Some(Record::Realm(realm)) => Ok(realm),
            _ => Err(Error::NotFound("realm")),
        }
    }

    async fn realms_after(&self, after: u32) -> Result<Vec<Realm>, StoreError> {
        let records = self.store.list(Query::Realms { after, limit: 100_000 }).await?;
        Ok(records
            .into_iter()
            .filter_map(|record| if let Record::Realm(realm) = record { Some(realm) } else { None })
            .collect())
    }

    fn only_from_default(&self, actor: &Actor) -> Result<(), Error> {
        if &*self.slug(actor.realm()) == DEFAULT {
            return Ok(());
        }
        Err(Error::forbidden([], "other realms are managed from the realm `default` only"))
    }
}

fn sound_slug(slug: &str) -> Result<(), Error> {
    let sound = (1..=36).contains(&slug.len())
        && slug.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && Uuid::try_parse(slug).is_err();
    if sound {
        return Ok(());
    }
    let why = "must be 1 to 36 lower-case letters, digits or `-`, and no UUID".to_owned();
    Err(Error::Invalid(vec![Violation { field: "slug".into(), why }]))
}

/// What every realm begins with: its record, the role `administrator` (`*`), the principal `admin`, and a first token.
pub(super) fn founding(
    keys: &Keys,
    entropy: &dyn Entropy,
    native: &Format,
    now: Timestamp,
    (id, slug, name, uuid): (RealmId, &str, &str, Uuid),
    number: TokenNumber,
    by: Option<PrincipalId>,
) -> Result<(Vec<Write>, Issued), Error> {
    let realm = Realm {
        id,
        slug: slug.to_owned(),
        name: name.to_owned(),
        uuid,
        next_principal: 2,
        next_role: 2,
        personal_tokens: true,
        version: 1,
        created: now,
    };
    let role = Role {
        id: RoleId(uuid_v7(now, entropy)?),
        realm: id,
        number: 1,
        name: ADMINISTRATOR.to_owned(),
        scopes: ScopeSet::all(),
        version: 1,
        created: now,
        updated: now,
    };
    let admin = Principal {
        roles: vec![role.id],
        created_by: by,
        updated_by: by,
        ..Principal::new(PrincipalId(uuid_v7(now, entropy)?), id, 1, ADMIN, now)
    };
    let struck = native.strike(entropy)?;
    let token = Token {
        name: "first token".into(),
        scopes: ScopeSet::all(),
        issuer: by,
        ..Token::new(number, id, struck.id, "native", admin.id, now)
    };
    let text = Text::live(keys.bearer(struck.text.reveal()), number);
    let issued = Issued {
        id: token.id.clone(),
        text: struck.text,
        name: token.name.clone(),
        dialect: token.dialect.clone(),
        scopes: token.scopes.clone(),
        principal: ADMIN.into(),
        personal: false,
        created: now,
        not_before: None,
        expires: None,
        overlap_until: None,
    };
    let records = [
        Record::Realm(realm),
        Record::Role(role),
        Record::Principal(admin),
        Record::Token(token),
        Record::Text(text),
    ];
    Ok((records.into_iter().map(Write::Insert).collect(), issued))
}
