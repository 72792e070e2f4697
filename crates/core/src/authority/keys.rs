//! A principal's ways in: its password, its second factor, its exchange tokens (API keys).

use super::{Actor, Authority, Which};
use crate::error::{Error, Violation};
use crate::format::Format;
use crate::journal::Action;
use crate::password;
use crate::principal::{Principal, PrincipalId};
use crate::scope::ScopeSet;
use crate::secret::{Digest, PEPPER, Secret};
use crate::store::{Key, Position, Query, Record, SessionFilter, SortBy, TokenFilter, Write};
use crate::token::{Purpose, Text, TextState, Token};
use crate::totp;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
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

/// The shortest text that is imported: what is shorter is guessed.
const SHORTEST: usize = 20;
/// The shortest password, in characters.
const SHORTEST_PASSWORD: usize = 8;

impl Authority {
    /// Sets a principal's password and ends its sessions. Its own principal needs no scope for that.
    pub async fn set_password(&self, actor: &Actor, which: &Which, text: Secret) -> Result<(), Error> {
        sound_password(&text)?;
        let entropy = Arc::clone(&self.entropy);
        let digest = self.on_pool(move || password::digest(&text, &*entropy)).await??;
        let _held = self.hold(("realm", actor.realm())).await;
        let mut principal = self.mine_or_beneath(actor, which).await?;
        principal.password = Some(digest);
        self.change_way_in(actor, principal, Action::PrincipalPassword).await
    }

    /// Gives a principal a second factor; its seed, shown once.
    pub async fn enrol_totp(
        &self,
        actor: &Actor,
        which: &Which,
    ) -> Result<(String, Zeroizing<[u8; 20]>), Error> {
        let _held = self.hold(("realm", actor.realm())).await;
        let mut principal = self.mine_or_beneath(actor, which).await?;
        let seed = totp::seed(&*self.entropy)?;
        principal.totp = Some(self.keys.seal(&totp::about(principal.id), seed.as_slice(), &*self.entropy)?);
        principal.totp_step = None;
        let username = principal.username.clone();
        self.change_way_in(actor, principal, Action::PrincipalTotp).await?;
        Ok((username, seed))
    }

    /// Takes a principal's second factor away.
    pub async fn remove_totp(&self, actor: &Actor, which: &Which) -> Result<(), Error> {
        let _held = self.hold(("realm", actor.realm())).await;
        let mut principal = self.mine_or_beneath(actor, which).await?;
        principal.totp = None;
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
        let line = actor.line(action, principal.id.0.to_string(), now);
        let mut writes = self.ending(SessionFilter::of_principal(principal.realm, principal.id), now).await?;
        writes.extend([Write::Unlock(principal.id), Write::Update(Record::Principal(principal.clone()))]);
        self.commit(writes, vec![line], now).await?;
        self.guard.forgive(principal.id);
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
    ) -> Result<NewKey, Error> {
        let _held = self.hold(("realm", actor.realm())).await;
        let principal = self.mine_or_beneath(actor, which).await?;
        let held = self.index.roster.scopes_of(&principal.roles);
        if let Some(needed) = rules.needs.filter(|needed| !held.covers(needed)) {
            return Err(Error::Conflict(format!(
                "{} may hold no key: none of its roles has the scope {needed}",
                principal.username
            )));
        }
        actor.may_give(if scopes.is_empty() { &held } else { scopes }, &self.catalogue)?;
        if let Some((Some(id), _)) = &imported {
            self.unless_a_name(&principal, id).await?;
        }
        let now = self.now();
        let struck = rules.format.strike(&*self.entropy)?;
        let (id, text) = match imported {
            None => (struck.id, struck.text),
            Some((id, text)) => (id.unwrap_or(struck.id), sound_import(text)?),
        };
        let id: Arc<str> = id.into();
        let claim = if rules.claimed_by_name { principal.username.as_str() } else { &id };
        let digest = self.key_digest(actor, rules.dialect, claim, &text);
        let token = Token {
            number: self.next_number().await?,
            realm: actor.realm(),
            id: Arc::clone(&id),
            dialect: rules.dialect.into(),
            purpose: Purpose::Exchange,
            name: format!("{} key", rules.dialect).into(),
            scopes: scopes.clone(),
            principal: principal.id,
            issuer: actor.principal(),
            personal: false,
            enabled: true,
            revoked: None,
            created: now,
            modified: None,
            not_before: None,
            expires: rules.lifetime.map(|lifetime| now.saturating_add(lifetime).unwrap_or(Timestamp::MAX)),
            last_used: None,
            networks: Vec::new(),
            metadata: BTreeMap::new(),
            limit: None,
            quota: None,
            version: 1,
        };
        let mut line = actor.line(Action::TokenIssue, &*id, now);
        line.detail.insert("purpose".into(), Purpose::Exchange.as_str().into());
        line.detail.insert("dialect".into(), rules.dialect.into());
        line.detail.insert("principal".into(), principal.username.clone().into());
        let (mut writes, mut journal) = (Vec::new(), vec![line]);
        if !rules.several {
            for old in self.keys_of_principal(actor, principal.id, rules.dialect).await? {
                journal.push(actor.line(Action::TokenRevoke, &*old.id, now));
                writes.extend(self.revocation(old, now).await?);
            }
        }
        let (number, expires) = (token.number, token.expires);
        let kept = Text { digest, token: number, pepper: PEPPER, until: None, state: TextState::Live };
        writes.extend([Write::Insert(Record::Token(token)), Write::Insert(Record::Text(kept))]);
        self.commit(writes, journal, now).await?;
        Ok(NewKey { id, text, principal: principal.username, expires })
    }

    /// Revokes a principal's exchange tokens of a dialect, or the one with that id; the sessions that they bought end.
    pub async fn revoke_keys(
        &self,
        actor: &Actor,
        which: &Which,
        dialect: &str,
        id: Option<&str>,
    ) -> Result<usize, Error> {
        let _held = self.hold(("realm", actor.realm())).await;
        let principal = self.mine_or_beneath(actor, which).await?;
        let now = self.now();
        let (mut writes, mut journal) = (Vec::new(), Vec::new());
        for key in self.keys_of_principal(actor, principal.id, dialect).await? {
            if id.is_none_or(|id| id == &*key.id) {
                journal.push(actor.line(Action::TokenRevoke, &*key.id, now));
                writes.extend(self.revocation(key, now).await?);
            }
        }
        let count = journal.len();
        if count == 0 {
            return Err(Error::NotFound("key"));
        }
        self.commit(writes, journal, now).await?;
        Ok(count)
    }

    /// The unrevoked exchange tokens of a principal.
    pub async fn list_keys(&self, actor: &Actor, which: &Which, dialect: &str) -> Result<Vec<Token>, Error> {
        let principal = self.principal(actor, which).await?;
        if actor.principal() != Some(principal.id) {
            actor.require(&["counterfoil.principals.read", "counterfoil.principals.write"])?;
        }
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

    /// The actor's own principal, or one that it is above and may change.
    pub(super) async fn mine_or_beneath(&self, actor: &Actor, which: &Which) -> Result<Principal, Error> {
        let principal =
            self.principal(actor, which).await.map_err(|error| self.unless_stranger(actor, error))?;
        if actor.principal() == Some(principal.id) {
            return Ok(principal);
        }
        actor.require(&["counterfoil.principals.write"])?;
        actor.may_give(&self.index.roster.scopes_of(&principal.roles), &self.catalogue)?;
        Ok(principal)
    }

    /// Whoever may not change principals is not told which there are.
    #[expect(clippy::unused_self, reason = "reads as a rule of the house")]
    fn unless_stranger(&self, actor: &Actor, error: Error) -> Error {
        actor.require(&["counterfoil.principals.write"]).err().unwrap_or(error)
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
