//! Edit, disable and enable a token.

use super::issue::{ending, sound, sound_limits, sound_metadata, sound_name, within_roles};
use super::{Actor, Authority, Shown, View};
use crate::error::{Error, Violation};
use crate::journal::{Action, Entry};
use crate::scope::ScopeSet;
use crate::store::{Record, StoreError, Write};
use crate::token::{Limit, State, Token};
use crate::when;
use ipnet::IpNet;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What shall change; what is `None` stays.
#[derive(Debug, Clone, Default)]
pub struct Edit {
    /// A new name.
    pub name: Option<String>,
    /// The whole new scope list.
    pub scopes: Option<Vec<String>>,
    /// Disabled or enabled.
    pub enabled: Option<bool>,
    /// A new end, in the time grammar.
    pub expires: Option<String>,
    /// The whole new list of networks.
    pub networks: Option<Vec<IpNet>>,
    /// The whole new notes.
    pub metadata: Option<BTreeMap<String, String>>,
    /// Another limit; `Some(None)` takes it away.
    pub limit: Option<Option<Limit>>,
    /// Another quota, which uses so far count against; `Some(None)` takes it away.
    pub quota: Option<Option<u64>>,
}

impl Authority {
    /// Changes a token; with `expected`, only if it is still that version.
    pub async fn edit(
        &self,
        actor: &Actor,
        view: &View,
        id: &str,
        edit: &Edit,
        expected: Option<u64>,
    ) -> Result<Shown, Error> {
        loop {
            match self.edit_as_read(actor, view, id, edit, expected).await {
                // Another node was faster: read again, decide again.
                Err(Error::Stale(_)) if expected.is_none() => {}
                outcome => return outcome,
            }
        }
    }

    async fn edit_as_read(
        &self,
        actor: &Actor,
        view: &View,
        id: &str,
        edit: &Edit,
        expected: Option<u64>,
    ) -> Result<Shown, Error> {
        let _held = self.hold(("token", actor.realm(), id)).await;
        // A quota starts from what is written down and what is not, which must stand still until the index has followed.
        let _still = match edit.quota {
            Some(Some(_)) => Some(self.flushing.lock().await),
            _ => None,
        };
        let now = self.now();
        // What is wrong with an edit is wrong whether or not there is such a token.
        let changes = self.sound_edit(edit, view, now)?;
        let before = self.changeable(actor, view, id).await?;
        if expected.is_some_and(|version| version != before.version) {
            return Err(Error::Stale("token"));
        }
        if before.state(now) == State::Revoked {
            return Err(Error::Conflict("the token is revoked, for good".to_owned()));
        }
        if let (true, Some(words)) = (before.personal, &edit.scopes) {
            self.personal_words(&before.dialect, words).map_err(Error::Invalid)?;
        }
        let mut after = changes.made_to(&before);
        let ends_first = after.expires.zip(after.not_before).is_some_and(|(end, start)| end <= start);
        if edit.expires.is_some() && ends_first {
            return Err(Error::invalid("expires", "must lie after `not_before`"));
        }
        if edit.enabled == Some(false) {
            view.spare(actor, &before, "disable")?;
        }
        if after == before {
            return Ok(self.shown(before));
        }
        // Whoever only disables needs to give nothing.
        let silenced = Token { enabled: false, ..before.clone() };
        if after != silenced {
            let owner = self.index.roster.standing(after.principal).ok_or(Error::NotFound("principal"))?;
            self.may_hand_out(actor, view, &after, &owner)?;
            if after.personal {
                within_roles(&after.scopes, &owner)?;
            }
        }
        if after.name != before.name || after.scopes != before.scopes {
            after.modified = Some(now);
        }
        after.version += 1;
        let journal = edit_lines(actor, &before, &after, now);
        let mut writes = vec![Write::Update(Record::Token(after.clone()))];
        if before.state(now) == State::Expired {
            // The index was perhaps loaded without it; its texts have to come back with it.
            let texts = self.texts(&before).await?;
            writes.extend(texts.into_iter().map(|text| Write::Update(Record::Text(text))));
        }
        self.commit(writes, journal, now).await.map_err(StoreError::into).map(|()| self.shown(after))
    }

    fn sound_edit<'a>(&self, edit: &'a Edit, view: &View, now: Timestamp) -> Result<Changes<'a>, Error> {
        let mut wrong: Vec<Violation> = Vec::new();
        let name = edit.name.as_deref().map(|name| sound_name(name, view.name_limit));
        let scopes = edit.scopes.as_deref().map(|words| self.scopes_in(view, words));
        let expires = edit.expires.as_deref().map(|expires| ending("expires", Some(expires), now));
        let changes = Changes {
            edit,
            name: name.and_then(|name| sound(&mut wrong, name)),
            scopes: scopes.and_then(|scopes| sound(&mut wrong, scopes)),
            expires: expires.and_then(|expires| sound(&mut wrong, expires)),
        };
        if let Some(metadata) = &edit.metadata {
            sound(&mut wrong, sound_metadata(metadata));
        }
        sound(&mut wrong, sound_limits(edit.limit.flatten(), edit.quota.flatten()));
        if wrong.is_empty() { Ok(changes) } else { Err(Error::Invalid(wrong)) }
    }
}

/// A sound edit with what its texts mean.
struct Changes<'a> {
    edit: &'a Edit,
    name: Option<Arc<str>>,
    scopes: Option<ScopeSet>,
    #[expect(clippy::option_option, reason = "it stays, or is to be never, or an instant")]
    expires: Option<Option<Timestamp>>,
}

impl Changes<'_> {
    fn made_to(self, before: &Token) -> Token {
        let before = before.clone();
        Token {
            name: self.name.unwrap_or(before.name),
            scopes: self.scopes.unwrap_or(before.scopes),
            expires: self.expires.unwrap_or(before.expires),
            enabled: self.edit.enabled.unwrap_or(before.enabled),
            networks: self.edit.networks.clone().unwrap_or(before.networks),
            metadata: self.edit.metadata.clone().unwrap_or(before.metadata),
            limit: self.edit.limit.unwrap_or(before.limit),
            quota: self.edit.quota.unwrap_or(before.quota),
            ..before
        }
    }
}

fn edit_lines(actor: &Actor, before: &Token, after: &Token, now: Timestamp) -> Vec<Entry> {
    let mut lines = Vec::new();
    if before.enabled != after.enabled {
        let action = if after.enabled { Action::TokenEnable } else { Action::TokenDisable };
        lines.push(actor.line(action, &*after.id, now));
    }
    let mut detail = serde_json::Map::new();
    if before.name != after.name {
        detail.insert("name".into(), after.name.to_string().into());
    }
    if before.scopes != after.scopes {
        detail.insert("scopes".into(), after.scopes.to_text().into());
    }
    if before.expires != after.expires {
        detail.insert("expires".into(), after.expires.map(when::iso).into());
    }
    if before.networks != after.networks {
        detail.insert(
            "networks".into(),
            after.networks.iter().map(ToString::to_string).collect::<Vec<_>>().into(),
        );
    }
    if before.metadata != after.metadata {
        detail.insert("metadata".into(), after.metadata.keys().cloned().collect::<Vec<_>>().into());
    }
    if before.limit != after.limit {
        detail.insert("limit".into(), after.limit.map(|limit| limit.to_string()).into());
    }
    if before.quota != after.quota {
        detail.insert("quota".into(), after.quota.into());
    }
    if !detail.is_empty() {
        lines.push(Entry { detail, ..actor.line(Action::TokenEdit, &*after.id, now) });
    }
    lines
}
