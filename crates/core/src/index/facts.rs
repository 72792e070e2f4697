//! What verification needs of a credential: facts copied out of the index, so that a decision holds no lock.

use super::entry::Entry;
use super::roster::Standing;
use super::table::Place;
use crate::load::Counting;
use crate::scope::ScopeSet;
use crate::session::Session;
use crate::token::{Limit, TokenNumber};
use ipnet::IpNet;
use jiff::Timestamp;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// What many credentials have in common, kept once for all of them.
#[derive(Debug, Clone)]
pub struct Terms {
    /// For whom they speak.
    pub standing: Arc<Standing>,
    /// Whose form they have.
    pub dialect: Arc<str>,
    /// What they were given.
    pub scopes: ScopeSet,
    /// Where they count from; nowhere named: everywhere.
    pub networks: Vec<IpNet>,
    /// Personal tokens, which a realm may switch off.
    pub personal: bool,
    /// Whether they are cut to their principal's present roles: personal tokens and all sessions are.
    pub cut: bool,
    /// Disabled ones do not count until they are enabled again.
    pub enabled: bool,
    /// They do not count before this instant.
    pub not_before: Option<Timestamp>,
    /// The end of a text's overlap.
    pub until: Option<Timestamp>,
    /// How often each may be used in a time.
    pub limit: Option<Limit>,
    /// How often each may be used at all.
    pub quota: Option<u64>,
}

impl Terms {
    pub(super) fn of_token(token: &Counting, standing: Arc<Standing>) -> Self {
        Self {
            standing,
            dialect: Arc::clone(&token.dialect),
            scopes: token.scopes.clone(),
            networks: token.networks.clone(),
            personal: token.personal,
            cut: token.personal,
            enabled: token.enabled,
            not_before: token.not_before,
            until: None,
            limit: token.limit,
            quota: token.quota,
        }
    }

    pub(super) fn of_session(session: &Session, standing: Arc<Standing>) -> Self {
        Self {
            standing,
            dialect: Arc::clone(&session.dialect),
            scopes: session.scopes.clone(),
            networks: session.networks.clone(),
            personal: false,
            cut: true,
            enabled: true,
            not_before: None,
            until: None,
            limit: None,
            quota: None,
        }
    }

    fn rest(&self) -> impl Eq + Hash + '_ {
        let flags = (self.personal, self.cut, self.enabled);
        let times = (self.not_before, self.until);
        (&self.dialect, &self.scopes, &self.networks, flags, times, self.limit, self.quota)
    }
}

impl PartialEq for Terms {
    fn eq(&self, other: &Self) -> bool {
        self.standing.id == other.standing.id && self.rest() == other.rest()
    }
}

impl Eq for Terms {}

impl Hash for Terms {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.standing.id.hash(state);
        self.rest().hash(state);
    }
}

/// What a credential is called.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Label {
    /// A token whose text begins with its id, which is so long; its name. Tokens of one name share it.
    Shared {
        /// How many bytes of the text are the id.
        id: u8,
        /// The name.
        name: Box<str>,
    },
    /// Any other token.
    Own {
        /// The public id.
        id: Box<str>,
        /// The name.
        name: Box<str>,
    },
    /// A session and its id as text.
    Session(Box<Session>, Box<str>),
}

/// A credential as the index knows it.
#[derive(Debug, Clone)]
pub struct Known {
    /// A token's internal number; sessions have none.
    pub number: Option<TokenNumber>,
    /// When it was issued.
    pub issued: Timestamp,
    /// When it ends.
    pub expires: Option<Timestamp>,
    /// What it has in common with others.
    pub terms: Arc<Terms>,
    label: Arc<Label>,
    front: Front,
    /// Where it was found.
    pub(super) place: Place,
}

/// The longest id that is read off a text; a token with a longer one keeps it beside its name.
pub(super) const LONGEST_FRONT: usize = 31;

/// The beginning of a text, up to the end of its id: never of the secret part.
#[derive(Debug, Clone, Copy)]
struct Front {
    bytes: [u8; LONGEST_FRONT],
    length: u8,
}

impl Known {
    /// With as much of the text it was found by as is its id.
    pub(super) fn found_by(text: &str, entry: &Entry, place: Place) -> Self {
        let mut front = Front { bytes: [0; LONGEST_FRONT], length: 0 };
        if let Label::Shared { id, .. } = &*entry.label
            && let Some(id) = text.as_bytes().get(..usize::from(*id))
            && let Some(bytes) = front.bytes.get_mut(..id.len())
        {
            bytes.copy_from_slice(id);
            front.length = u8::try_from(id.len()).unwrap_or(0);
        }
        let (issued, expires) = entry.times();
        Self {
            number: entry.number.map(|number| TokenNumber(number.get())),
            issued,
            expires,
            terms: Arc::clone(&entry.terms),
            label: Arc::clone(&entry.label),
            front,
            place,
        }
    }

    /// The public id.
    pub fn id(&self) -> &str {
        match &*self.label {
            Label::Shared { .. } => {
                let front = self.front.bytes.get(..usize::from(self.front.length));
                front.and_then(|id| std::str::from_utf8(id).ok()).unwrap_or_default()
            }
            Label::Own { id, .. } | Label::Session(_, id) => id,
        }
    }

    /// A token's name.
    pub fn name(&self) -> Option<&str> {
        match &*self.label {
            Label::Shared { name, .. } | Label::Own { name, .. } => Some(name),
            Label::Session(..) => None,
        }
    }

    /// The record, if it is a session.
    pub fn session(&self) -> Option<&Session> {
        match &*self.label {
            Label::Session(session, _) => Some(session),
            Label::Shared { .. } | Label::Own { .. } => None,
        }
    }
}
