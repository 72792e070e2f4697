//! Edit, disable and enable a token.

use super::issue::{ending, sound, sound_metadata, sound_name, within_roles};
use super::{Actor, Authority, Shown, View};
use crate::error::{Error, Violation};
use crate::journal::{Action, Entry};
use crate::store::{Record, StoreError, Write};
use crate::token::{State, Token};
use crate::when;
use ipnet::IpNet;
use jiff::Timestamp;
use std::collections::BTreeMap;

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
        let before = self.changeable(actor, view, id).await?;
        let now = self.now();
        if expected.is_some_and(|version| version != before.version) {
            return Err(Error::Stale("token"));
        }
        if before.state(now) == State::Revoked {
            return Err(Error::Conflict("the token is revoked, for good".to_owned()));
        }
        let mut after = self.edited(&before, edit, view, now)?;
        if edit.enabled == Some(false) {
            view.spare(actor, &before)?;
        }
        if after == before {
            return Ok(self.shown(before));
        }
        // Whoever only disables needs to give nothing.
        let silenced = Token { enabled: false, ..before.clone() };
        if after != silenced {
            actor.may_give(&after.scopes, &self.catalogue)?;
            if after.personal {
                let owner = self.index.standing(after.principal).ok_or(Error::NotFound("principal"))?;
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

    fn edited(&self, before: &Token, edit: &Edit, view: &View, now: Timestamp) -> Result<Token, Error> {
        let mut wrong: Vec<Violation> = Vec::new();
        let mut after = before.clone();
        if let Some(name) = &edit.name {
            after.name = sound(&mut wrong, sound_name(name, view.name_limit)).unwrap_or_default();
        }
        if let Some(words) = &edit.scopes {
            after.scopes = sound(&mut wrong, self.sound_scopes(words)).unwrap_or_default();
        }
        if let Some(expires) = &edit.expires {
            after.expires = sound(&mut wrong, ending("expires", Some(expires), now)).flatten();
        }
        let ends_first = after.expires.zip(after.not_before).is_some_and(|(end, start)| end <= start);
        if edit.expires.is_some() && ends_first {
            wrong.push(Violation { field: "expires".into(), why: "must lie after `not_before`".into() });
        }
        if let Some(metadata) = &edit.metadata {
            sound(&mut wrong, sound_metadata(metadata));
            after.metadata.clone_from(metadata);
        }
        if let Some(networks) = &edit.networks {
            after.networks.clone_from(networks);
        }
        after.enabled = edit.enabled.unwrap_or(after.enabled);
        if wrong.is_empty() { Ok(after) } else { Err(Error::Invalid(wrong)) }
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
    if !detail.is_empty() {
        lines.push(Entry { detail, ..actor.line(Action::TokenEdit, &*after.id, now) });
    }
    lines
}
