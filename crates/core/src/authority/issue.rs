//! Issue: a sound token within what its maker may give, its text struck and shown once.

use super::{Actor, Authority, Idempotency, View};
use crate::error::{Error, Violation};
use crate::index::roster::Standing;
use crate::journal::Action;
use crate::principal::{ADMIN, Principal};
use crate::scope::{Scope, ScopeSet};
use crate::secret::Secret;
use crate::store::{Key, Record, Write};
use crate::token::{Limit, Token};
use crate::when::{self, When};
use ipnet::IpNet;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use zeroize::Zeroizing;

/// What a new token shall be.
#[derive(Debug, Clone, Default)]
pub struct Issue {
    /// A name for people.
    pub name: String,
    /// Permission words, repetitions allowed.
    pub scopes: Vec<String>,
    /// When it ends, in the time grammar; never if absent.
    pub expires: Option<String>,
    /// When it begins, in the time grammar; at once if absent.
    pub not_before: Option<String>,
    /// Whose form it has.
    pub dialect: String,
    /// Whether it is cut to its principal's present roles.
    pub personal: bool,
    /// The user name of its principal; the actor's own if absent.
    pub principal: Option<String>,
    /// From where it counts.
    pub networks: Vec<IpNet>,
    /// The issuer's own notes.
    pub metadata: BTreeMap<String, String>,
    /// How often it may be used in a time.
    pub limit: Option<Limit>,
    /// How often it may be used at all.
    pub quota: Option<u64>,
}

/// An issued or rotated token with its new text: everything that a dialect needs to word its answer.
#[derive(Debug)]
#[expect(missing_docs, reason = "each is the token's field of that name")]
pub struct Issued {
    pub id: Arc<str>,
    /// The new text, shown once.
    pub text: Secret,
    pub name: Arc<str>,
    pub dialect: Arc<str>,
    pub scopes: ScopeSet,
    /// The principal's user name.
    pub principal: Arc<str>,
    pub personal: bool,
    pub created: Timestamp,
    pub not_before: Option<Timestamp>,
    pub expires: Option<Timestamp>,
    /// Until when the text before counts too.
    pub overlap_until: Option<Timestamp>,
}

/// Whoever issues for another principal needs it.
const OTHERS: &[&str] = &["counterfoil.principals.write"];

/// The most scopes that one token may have.
const MOST_SCOPES: usize = 200;

impl Authority {
    /// Issues a token.
    pub async fn issue(
        &self,
        actor: &Actor,
        view: &View,
        issue: &Issue,
        once: Option<&Idempotency>,
    ) -> Result<Issued, Error> {
        self.once(actor, once, Issued::from_bytes, || self.issue_once(actor, view, issue, once)).await
    }

    async fn issue_once(
        &self,
        actor: &Actor,
        view: &View,
        issue: &Issue,
        once: Option<&Idempotency>,
    ) -> Result<Issued, Error> {
        let now = self.now();
        let mut wrong = Vec::new();
        let scopes = sound(&mut wrong, self.scopes_in(view, &issue.scopes)).unwrap_or_default();
        let name = sound(&mut wrong, sound_name(&issue.name, view.name_limit)).unwrap_or_default();
        let expires = sound(&mut wrong, ending("expires", issue.expires.as_deref(), now)).flatten();
        let not_before = sound(&mut wrong, instant("not_before", issue.not_before.as_deref(), now)).flatten();
        sound(&mut wrong, sound_metadata(&issue.metadata));
        sound(&mut wrong, sound_limits(issue.limit, issue.quota));
        if issue.personal {
            sound(&mut wrong, self.personal_words(&issue.dialect, &issue.scopes));
        }
        let format = self.format(&issue.dialect);
        if format.is_none() {
            wrong.push(Violation {
                field: "dialect".into(),
                why: "is not a dialect that issues access tokens".into(),
            });
        }
        if expires.zip(not_before).is_some_and(|(end, start)| end <= start) {
            wrong.push(Violation { field: "expires".into(), why: "must lie after `not_before`".into() });
        }
        let (Some(format), true) = (format, wrong.is_empty()) else { return Err(Error::Invalid(wrong)) };

        let owner = self.owner(actor, issue.principal.as_deref()).await?;
        view.may_give(actor, &scopes, &self.catalogue)?;
        if issue.personal {
            if !owner.realm.personal_tokens() {
                return Err(Error::invalid(
                    "personal",
                    "must be false: personal tokens are switched off in this realm",
                ));
            }
            within_roles(&scopes, &owner)?;
        }

        let struck = format.strike(&*self.entropy)?;
        let number = self.next_number().await?;
        let token = Token {
            name,
            scopes,
            issuer: actor.principal(),
            personal: issue.personal,
            not_before,
            expires,
            networks: issue.networks.clone(),
            metadata: issue.metadata.clone(),
            limit: issue.limit,
            quota: issue.quota,
            ..Token::new(number, actor.realm(), struck.id, &issue.dialect, owner.id, now)
        };
        let issued = Issued::new(&token, &owner, struck.text, None);
        let mut line = actor.line(Action::TokenIssue, &*token.id, now);
        line.detail.insert("dialect".into(), issue.dialect.clone().into());
        line.detail.insert("principal".into(), owner.username.to_string().into());
        line.detail.insert("scopes".into(), token.scopes.to_text().into());
        line.detail.insert("expires".into(), token.expires.map(when::iso).into());
        if let Some(limit) = token.limit {
            line.detail.insert("limit".into(), limit.to_string().into());
        }
        if let Some(quota) = token.quota {
            line.detail.insert("quota".into(), quota.into());
        }
        let mut writes = self.kept(actor, once, &issued.to_bytes(), now)?;
        writes.push(Write::Insert(Record::Text(self.live_text(format, &issued.text, token.number)?)));
        // The index takes tokens before their texts.
        let at = writes.len() - 1;
        let _held = self.hold(("token", token.realm, &*issued.id)).await;
        writes.insert(at, Write::Insert(Record::Token(token)));
        self.commit(writes, vec![line], now).await?;
        Ok(issued)
    }

    /// Whom a new token speaks for: the actor's own principal, or another one that the actor is above.
    async fn owner(&self, actor: &Actor, username: Option<&str>) -> Result<Arc<Standing>, Error> {
        let id = match (username, actor.principal()) {
            (None, Some(own)) => own,
            (username, _) => {
                let key = Principal::name_key(username.unwrap_or(ADMIN));
                let Some(Record::Principal(named)) =
                    self.store.find(Key::PrincipalByName(actor.realm(), key)).await?
                else {
                    actor.require(OTHERS)?;
                    return Err(Error::invalid("principal", "is not the user name of a principal"));
                };
                named.id
            }
        };
        let owner = self.index.roster.standing(id).ok_or(Error::NotFound("principal"))?;
        if actor.principal() != Some(id) {
            actor.require(OTHERS)?;
            actor.may_give(&self.allowed(&owner.roles())?, &self.catalogue)?;
        }
        if !owner.is_live() {
            return Err(Error::invalid("principal", "is disabled"));
        }
        Ok(owner)
    }

    /// Whether the actor may put this token, which exists, into somebody's hands: it gives its scopes and, since one that
    /// mints gives whatever its principal's roles hold, stands above another principal for whom it speaks.
    pub(super) fn may_hand_out(
        &self,
        actor: &Actor,
        view: &View,
        token: &Token,
        owner: &Standing,
    ) -> Result<(), Error> {
        view.may_give(actor, &token.scopes, &self.catalogue)?;
        if actor.principal() != Some(owner.id) && self.catalogue.mints_any(&token.scopes) {
            actor.may_give(&self.allowed(&owner.roles())?, &self.catalogue)?;
        }
        Ok(())
    }

    /// Well-formed, known where the beginning is reserved, at least one, without repetition.
    pub(super) fn sound_scopes(&self, words: &[String]) -> Result<ScopeSet, Vec<Violation>> {
        let wrong = |at: usize, why: String| Violation { field: format!("scopes[{at}]"), why };
        if words.is_empty() {
            return Err(vec![Violation { field: "scopes".into(), why: "must not be empty".into() }]);
        }
        let mut scopes = Vec::new();
        let mut violations = Vec::new();
        for (at, word) in words.iter().enumerate() {
            match Scope::parse(word) {
                Err(why) => violations.push(wrong(at, why.to_owned())),
                Ok(scope) => match self.catalogue.check(&scope) {
                    Err(why) => violations.push(wrong(at, why)),
                    Ok(()) => scopes.push(scope),
                },
            }
        }
        let scopes: ScopeSet = scopes.into_iter().collect();
        if scopes.len() > MOST_SCOPES {
            violations
                .push(Violation { field: "scopes".into(), why: format!("must be at most {MOST_SCOPES}") });
        }
        if violations.is_empty() { Ok(scopes) } else { Err(violations) }
    }

    /// Only words that the dialect lets a personal token have.
    pub(super) fn personal_words(&self, dialect: &str, words: &[String]) -> Result<(), Vec<Violation>> {
        let words = words.iter().enumerate();
        let kept = words.filter(|(_, word)| !self.catalogue.allows_personal(dialect, word));
        let why = "must be a scope that personal tokens may have";
        let wrong: Vec<_> =
            kept.map(|(at, _)| Violation { field: format!("scopes[{at}]"), why: why.into() }).collect();
        if wrong.is_empty() { Ok(()) } else { Err(wrong) }
    }
}

/// A personal token lies within its owner's roles.
pub(super) fn within_roles(scopes: &ScopeSet, owner: &Standing) -> Result<(), Error> {
    let roles = owner.scopes();
    match scopes.iter().find(|word| !roles.covers(word.as_str())) {
        None => Ok(()),
        Some(word) => Err(Error::forbidden(
            [word.as_str()],
            format!("a personal token cannot have {word}: its owner's roles lack it"),
        )),
    }
}

pub(super) fn sound_name(name: &str, limit: usize) -> Result<Arc<str>, Vec<Violation>> {
    let wrong = |why: String| Err(vec![Violation { field: "name".into(), why }]);
    if name.trim().is_empty() {
        return wrong("must not be blank".into());
    }
    if name.chars().count() > limit {
        return wrong(format!("must be at most {limit} characters long"));
    }
    if name.chars().any(char::is_control) {
        return wrong("must not contain control characters".into());
    }
    Ok(name.into())
}

pub(super) fn sound_metadata(metadata: &BTreeMap<String, String>) -> Result<(), Vec<Violation>> {
    let small = |(key, value): (&String, &String)| {
        (1..=64).contains(&key.chars().count()) && value.chars().count() <= 512
    };
    if metadata.len() <= 32 && metadata.iter().all(small) {
        return Ok(());
    }
    let why = "must be at most 32 entries with names of 1 to 64 and values of up to 512 characters";
    Err(vec![Violation { field: "metadata".into(), why: why.into() }])
}

/// A limit and a quota that can be counted.
pub(super) fn sound_limits(limit: Option<Limit>, quota: Option<u64>) -> Result<(), Vec<Violation>> {
    const MOST: u64 = (1 << 53) - 1;
    let mut wrong = Vec::new();
    if limit.is_some_and(|limit| !limit.is_sound()) {
        let why = "must be 1 to 1000000000 uses in 1 s to 366 d";
        wrong.push(Violation { field: "limit".into(), why: why.into() });
    }
    if quota.is_some_and(|quota| !(1..=MOST).contains(&quota)) {
        wrong.push(Violation { field: "quota".into(), why: format!("must be 1 to {MOST} uses") });
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong) }
}

/// An instant that ends something: it must lie ahead.
pub(super) fn ending(
    field: &str,
    text: Option<&str>,
    now: Timestamp,
) -> Result<Option<Timestamp>, Vec<Violation>> {
    let parsed = text.map_or(Ok(None), |text| when::parse(text, now).and_then(|when| when.ahead(now)));
    parsed.map_err(|why| vec![Violation { field: field.into(), why }])
}

fn instant(field: &str, text: Option<&str>, now: Timestamp) -> Result<Option<Timestamp>, Vec<Violation>> {
    let parsed = text.map(|text| when::parse(text, now)).transpose();
    match parsed {
        Ok(None | Some(When::Never)) => Ok(None),
        Ok(Some(When::At(at))) => Ok(Some(at)),
        Err(why) => Err(vec![Violation { field: field.into(), why }]),
    }
}

/// Keeps what is sound and collects what is not, so that one answer names every wrong field.
pub(super) fn sound<T>(wrong: &mut Vec<Violation>, part: Result<T, Vec<Violation>>) -> Option<T> {
    part.map_err(|violations| wrong.extend(violations)).ok()
}

/// The sealed form of an outcome.
#[derive(Serialize, Deserialize)]
struct Kept {
    id: String,
    text: String,
    name: String,
    dialect: String,
    scopes: String,
    principal: String,
    personal: bool,
    created: i64,
    not_before: Option<i64>,
    expires: Option<i64>,
    overlap_until: Option<i64>,
}

impl Issued {
    pub(super) fn new(
        token: &Token,
        owner: &Standing,
        text: Secret,
        overlap_until: Option<Timestamp>,
    ) -> Self {
        Self {
            id: Arc::clone(&token.id),
            text,
            name: Arc::clone(&token.name),
            dialect: Arc::clone(&token.dialect),
            scopes: token.scopes.clone(),
            principal: Arc::clone(&owner.username),
            personal: token.personal,
            created: token.created,
            not_before: token.not_before,
            expires: token.expires,
            overlap_until,
        }
    }

    pub(super) fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let millis = |at: Timestamp| at.as_millisecond();
        let kept = Kept {
            id: self.id.to_string(),
            text: self.text.reveal().to_owned(),
            name: self.name.to_string(),
            dialect: self.dialect.to_string(),
            scopes: self.scopes.to_text(),
            principal: self.principal.to_string(),
            personal: self.personal,
            created: millis(self.created),
            not_before: self.not_before.map(millis),
            expires: self.expires.map(millis),
            overlap_until: self.overlap_until.map(millis),
        };
        let bytes = serde_json::to_vec(&kept).unwrap_or_default();
        drop(Zeroizing::new(kept.text));
        Zeroizing::new(bytes)
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let at = crate::clock::from_millis;
        let kept: Kept = serde_json::from_slice(bytes).map_err(Error::unavailable)?;
        Ok(Self {
            id: kept.id.into(),
            text: Secret::new(kept.text),
            name: kept.name.into(),
            dialect: kept.dialect.into(),
            scopes: ScopeSet::from_text(&kept.scopes).map_err(Error::unavailable)?,
            principal: kept.principal.into(),
            personal: kept.personal,
            created: at(kept.created),
            not_before: kept.not_before.map(at),
            expires: kept.expires.map(at),
            overlap_until: kept.overlap_until.map(at),
        })
    }
}
