//! A principal's ways in: its password, its second factor, its exchange tokens (API keys).

use super::principals::READ;
use super::{Actor, Authority, Idempotency, Which, on_pool};
use crate::error::{Error, Violation};
use crate::format::Format;
use crate::journal::Action;
use crate::password;
use crate::principal::{Principal, PrincipalId};
use crate::scope::ScopeSet;
use crate::secret::{Digest, Secret};
use crate::store::{Key, Position, Query, Record, SortBy, TokenFilter, Write};
use crate::token::{Purpose, Text, Token};
use crate::totp;
use ipnet::IpNet;
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;
use zeroize::Zeroizing;

/// How a dialect's exchange tokens are.
#[derive(Debug, Clone, Copy)]
pub struct KeyRules {
    /// Whose they are.
    pub dialect: &'static str,
    /// What they look like.
    pub format: &'static Format,
    /// Whether the claim that goes with the secret is the holder's user name; else it is the key's own id.
    pub claimed_by_name: bool,
    /// Whether a principal may hold several; else a new one ends the one before, with the sessions that it bought.
    pub several: bool,
    /// The scope that lets a principal hold one, if any.
    pub needs: Option<&'static str>,
    /// How long new ones live; for ever if absent.
    pub lifetime: Option<SignedDuration>,
}

/// A new exchange token.
#[derive(Debug)]
pub struct NewKey {
    /// Its public id.
    pub id: Arc<str>,
    /// Its secret, shown once.
    pub text: Secret,
    /// The user name of its holder.
    pub principal: String,
    /// When it ends.
    pub expires: Option<Timestamp>,
}

/// For what, and from where, an exchange token counts.
struct Worth {
    scopes: ScopeSet,
    networks: Vec<IpNet>,
}

impl NewKey {
    fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let expires = self.expires.map(Timestamp::as_millisecond);
        let kept = (&*self.id, self.text.reveal(), &self.principal, expires);
        Zeroizing::new(serde_json::to_vec(&kept).unwrap_or_default())
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let kept: (String, String, String, Option<i64>) =
            serde_json::from_slice(bytes).map_err(Error::unavailable)?;
        let (id, text, principal, expires) = kept;
        let expires = expires.map(crate::clock::from_millis);
        Ok(Self { id: id.into(), text: Secret::new(text), principal, expires })
    }
}

/// The shortest text that is imported: what is shorter is guessed.
const SHORTEST: usize = 20;
/// The shortest password, in characters.
const SHORTEST_PASSWORD: usize = 8;

impl Authority {
    /// Sets a principal's password and ends its sessions. Its own principal needs no scope for that.
    pub async fn set_password(&self, actor: &Actor, which: &Which, text: Secret) -> Result<(), Error> {
        sound_password(&text)?;
        let id = self.whole(actor, which).await?;
        let entropy = Arc::clone(&self.entropy);
        let digest = on_pool(&self.pool, move || password::digest(&text, &*entropy)).await??;
        let _held = self.hold_principal(actor, id).await;
        let mut principal = self.mine_or_beneath(actor, &Which::Id(id.0)).await?;
        principal.password = Some(digest);
        self.change_way_in(actor, principal, Action::PrincipalPassword).await
    }

    /// Gives a principal a second factor; its seed, shown once.
    pub async fn enrol_totp(
        &self,
        actor: &Actor,
        which: &Which,
    ) -> Result<(String, Zeroizing<[u8; 20]>), Error> {
        let id = self.whole(actor, which).await?;
        let _held = self.hold_principal(actor, id).await;
        let mut principal = self.mine_or_beneath(actor, &Which::Id(id.0)).await?;
        let seed = totp::seed(&*self.entropy)?;
        principal.totp = Some(self.keys.seal(&totp::about(principal.id), seed.as_slice(), &*self.entropy)?);
        principal.totp_step = None;
        let username = principal.username.clone();
        self.change_way_in(actor, principal, Action::PrincipalTotp).await?;
        Ok((username, seed))
    }

    /// Takes a principal's second factor away.
    pub async fn remove_totp(&self, actor: &Actor, which: &Which) -> Result<(), Error> {
        let id = self.whole(actor, which).await?;
        let _held = self.hold_principal(actor, id).await;
        let mut principal = self.mine_or_beneath(actor, &Which::Id(id.0)).await?;
        principal.totp = None;
        principal.totp_step = None;
        self.change_way_in(actor, principal, Action::PrincipalTotp).await
    }

    async fn change_way_in(
        &self,
        actor: &Actor,
        mut principal: Principal,
        action: Action,
    ) -> Result<(), Error> {
        // A way in opens all that the principal may do: a token for less must not find it, not even its own.
        actor.may_give(&self.index.roster.scopes_of(&principal.roles), &self.catalogue)?;
        let now = self.now();
        principal.version += 1;
        principal.updated = now;
        principal.updated_by = actor.principal();
        let id = principal.id;
        let mut journal = vec![actor.line(action, id.0.to_string(), now)];
        let mut writes = vec![Write::Unlock(id), Write::Update(Record::Principal(principal))];
        self.end_all(actor, id, &mut writes, &mut journal, now).await?;
        self.commit(writes, journal, now).await?;
        self.guard.forgive(id);
        Ok(())
    }

    /// Gives a principal an exchange token: a new one, or with `imported` the one whose text that is.
    pub async fn create_key(
        &self,
        actor: &Actor,
        which: &Which,
        rules: &KeyRules,
        scopes: &ScopeSet,
        imported: Option<(Option<String>, Secret)>,
        once: Option<&Idempotency>,
    ) -> Result<NewKey, Error> {
        let first = || self.create_key_once(actor, which, rules, scopes, imported, once);
        self.once(actor, once, NewKey::from_bytes, first).await
    }

    async fn create_key_once(
        &self,
        actor: &Actor,
        which: &Which,
        rules: &KeyRules,
        scopes: &ScopeSet,
        imported: Option<(Option<String>, Secret)>,
        once: Option<&Idempotency>,
    ) -> Result<NewKey, Error> {
        let id = self.mine_or_beneath(actor, which).await?.id;
        let _held = self.hold_principal(actor, id).await;
        let principal = self.mine_or_beneath(actor, &Which::Id(id.0)).await?;
        let held = self.allowed(&principal.roles)?;
        if let Some(needed) = rules.needs.filter(|needed| !held.covers(needed)) {
            return Err(Error::Conflict(format!(
                "{} may hold no key: none of its roles has the scope {needed}",
                principal.username
            )));
        }
        let unknown = scopes.iter().find_map(|scope| self.catalogue.check(scope).err());
        if let Some(why) = unknown {
            return Err(Error::invalid("scopes", why));
        }
        actor.may_give(if scopes.is_empty() { &held } else { scopes }, &self.catalogue)?;
        if let Some((Some(id), _)) = &imported {
            self.unless_a_name(&principal, id).await?;
        }
        let struck = rules.format.strike(&*self.entropy)?;
        let (id, text) = match imported {
            None => (struck.id, struck.text),
            Some((id, text)) => (sound_id(id, struck.id, rules)?, sound_import(text)?),
        };
        let worth = Worth { scopes: scopes.clone(), networks: Vec::new() };
        self.keep_key(actor, principal, rules, worth, (id, text), once).await
    }

    /// Replaces the actor's own exchange token by a new one of the same worth; the old one ends with the sessions that it
    /// bought. For dialects whose principals hold one.
    pub async fn reset_key(&self, actor: &Actor, rules: &KeyRules) -> Result<NewKey, Error> {
        let Some(standing) = actor.standing() else { return Err(Error::NotFound("key")) };
        let _held = self.hold_principal(actor, standing.id).await;
        let principal = self.principal(actor, &Which::Id(standing.id.0)).await?;
        let old = self.keys_of_principal(actor, principal.id, rules.dialect).await?.pop();
        let bought_with = actor.session().and_then(|session| session.bought_with);
        let old = match (old, bought_with) {
            (Some(old), None) => old,
            (Some(old), Some(number)) if old.number == number => old,
            (None, None) => return Err(Error::NotFound("key")),
            // Since this caller was let in, somebody else reset the key.
            (_, Some(_)) => return Err(Error::Conflict("the key was changed meanwhile".to_owned())),
        };
        let held = self.allowed(&principal.roles)?;
        actor.may_give(if old.scopes.is_empty() { &held } else { &old.scopes }, &self.catalogue)?;
        let struck = rules.format.strike(&*self.entropy)?;
        let worth = Worth { scopes: old.scopes, networks: old.networks };
        self.keep_key(actor, principal, rules, worth, (struck.id, struck.text), None).await
    }

    async fn keep_key(
        &self,
        actor: &Actor,
        principal: Principal,
        rules: &KeyRules,
        worth: Worth,
        (id, text): (String, Secret),
        once: Option<&Idempotency>,
    ) -> Result<NewKey, Error> {
        let now = self.now();
        let id: Arc<str> = id.into();
        let claim = if rules.claimed_by_name { principal.username.as_str() } else { &id };
        let digest = self.key_digest(actor, rules.dialect, claim, &text);
        let number = self.next_number().await?;
        let token = Token {
            purpose: Purpose::Exchange,
            name: format!("{} key", rules.dialect).into(),
            scopes: worth.scopes,
            issuer: actor.principal(),
            expires: rules.lifetime.map(|lifetime| now.saturating_add(lifetime).unwrap_or(Timestamp::MAX)),
            networks: worth.networks,
            ..Token::new(number, actor.realm(), Arc::clone(&id), rules.dialect, principal.id, now)
        };
        let mut line = actor.line(Action::TokenIssue, &*id, now);
        line.detail.insert("purpose".into(), Purpose::Exchange.as_str().into());
        line.detail.insert("dialect".into(), rules.dialect.into());
        line.detail.insert("principal".into(), principal.username.clone().into());
        let (mut writes, mut journal) = (Vec::new(), vec![line]);
        if !rules.several {
            for old in self.keys_of_principal(actor, principal.id, rules.dialect).await? {
                let (steps, lines) = self.revocation(actor, old, now).await?;
                writes.extend(steps);
                journal.extend(lines);
            }
        }
        let expires = token.expires;
        let kept = Text::live(digest, number);
        writes.extend([Write::Insert(Record::Token(token)), Write::Insert(Record::Text(kept))]);
        let made = NewKey { id, text, principal: principal.username, expires };
        writes.extend(self.kept(actor, once, &made.to_bytes(), now)?);
        self.commit(writes, journal, now).await?;
        Ok(made)
    }

    /// Revokes a principal's exchange tokens of a dialect, or the one with that id; the sessions that they bought end.
    pub async fn revoke_keys(
        &self,
        actor: &Actor,
        which: &Which,
        dialect: &str,
        id: Option<&str>,
    ) -> Result<usize, Error> {
        let holder = self.mine_or_beneath(actor, which).await?.id;
        let _held = self.hold_principal(actor, holder).await;
        let principal = self.mine_or_beneath(actor, &Which::Id(holder.0)).await?;
        let now = self.now();
        let (mut writes, mut journal, mut count) = (Vec::new(), Vec::new(), 0);
        for key in self.keys_of_principal(actor, principal.id, dialect).await? {
            if id.is_none_or(|id| id == &*key.id) {
                let (steps, lines) = self.revocation(actor, key, now).await?;
                writes.extend(steps);
                journal.extend(lines);
                count += 1;
            }
        }
        if count == 0 {
            return Err(Error::NotFound("key"));
        }
        self.commit(writes, journal, now).await?;
        Ok(count)
    }

    /// The unrevoked exchange tokens of a principal.
    pub async fn list_keys(&self, actor: &Actor, which: &Which, dialect: &str) -> Result<Vec<Token>, Error> {
        let principal = self.seen_principal(actor, which, READ).await?;
        self.flush().await?;
        self.keys_of_principal(actor, principal.id, dialect).await
    }

    async fn keys_of_principal(
        &self,
        actor: &Actor,
        principal: PrincipalId,
        dialect: &str,
    ) -> Result<Vec<Token>, Error> {
        let filter = TokenFilter {
            purpose: Purpose::Exchange,
            principal: Some(principal),
            dialect: Some(dialect.to_owned()),
            unrevoked: true,
            ..TokenFilter::of(actor.realm())
        };
        let after: Option<Position> = None;
        let query = Query::Tokens {
            filter: Box::new(filter),
            sort: SortBy::Created,
            descending: false,
            after,
            limit: 1_000,
        };
        let records = self.store.list(query).await?;
        Ok(records
            .into_iter()
            .filter_map(|record| if let Record::Token(token) = record { Some(token) } else { None })
            .collect())
    }

    fn key_digest(&self, actor: &Actor, dialect: &str, claim: &str, text: &Secret) -> Digest {
        self.keys.key(actor.realm().0, dialect, &Principal::name_key(claim), text.reveal())
    }

    /// A key's id goes where a user name goes, so that it must not be another principal's.
    async fn unless_a_name(&self, holder: &Principal, id: &str) -> Result<(), Error> {
        let found = self.store.find(Key::PrincipalByName(holder.realm, Principal::name_key(id))).await?;
        match found {
            Some(Record::Principal(named)) if named.id != holder.id => {
                Err(Error::Conflict("the id is another principal's user name".to_owned()))
            }
            _ => Ok(()),
        }
    }

    /// The actor's own principal, or one that it is above and may change. Whoever may not change principals is not
    /// told which there are.
    pub(super) async fn mine_or_beneath(&self, actor: &Actor, which: &Which) -> Result<Principal, Error> {
        const WRITE: &[&str] = &["counterfoil.principals.write"];
        let principal = self
            .principal(actor, which)
            .await
            .map_err(|error| actor.require(WRITE).err().unwrap_or(error))?;
        if actor.principal() != Some(principal.id) {
            actor.require(WRITE)?;
            actor.may_give(&self.allowed(&principal.roles)?, &self.catalogue)?;
        }
        Ok(principal)
    }

    /// A principal whose way in the actor may change: it then could do whatever that principal may, so a credential
    /// that was cut from the principal's scopes must not.
    async fn whole(&self, actor: &Actor, which: &Which) -> Result<PrincipalId, Error> {
        let principal = self.mine_or_beneath(actor, which).await?;
        actor.may_give(&self.allowed(&principal.roles)?, &self.catalogue)?;
        Ok(principal.id)
    }
}

fn sound_password(text: &Secret) -> Result<(), Error> {
    let length = text.reveal().chars().count();
    if (SHORTEST_PASSWORD..=1_000).contains(&length) {
        return Ok(());
    }
    let why = format!("must be {SHORTEST_PASSWORD} to 1000 characters long");
    Err(Error::Invalid(vec![Violation { field: "password".into(), why }]))
}

/// The id of an imported key, where its dialect has ids; else the struck one.
fn sound_id(id: Option<String>, struck: String, rules: &KeyRules) -> Result<String, Error> {
    let sound = |id: &String| (1..=200).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic());
    match (id, rules.claimed_by_name) {
        (None, true) => Ok(struck),
        (Some(_), true) => {
            Err(Error::invalid("id", format!("must be absent: a key of {} has none", rules.dialect)))
        }
        (Some(id), false) if sound(&id) => Ok(id),
        (_, false) => Err(Error::invalid("id", "must be 1 to 200 visible ASCII characters")),
    }
}

fn sound_import(text: Secret) -> Result<Secret, Error> {
    let long = (SHORTEST..=1_000).contains(&text.reveal().chars().count());
    if long && !text.reveal().chars().any(char::is_control) {
        return Ok(text);
    }
    Err(Error::invalid(
        "text",
        format!("must be {SHORTEST} to 1000 characters long, none of them a control character"),
    ))
}
