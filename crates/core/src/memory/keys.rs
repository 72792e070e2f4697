//! By what each kind of record is kept and found, and what an update of it has to respect.

use crate::principal::{Principal, PrincipalId, RoleId};
use crate::realm::RealmId;
use crate::replay::ReplayKey;
use crate::secret::Digest;
use crate::session::Session;
use crate::store::{Key, Record};
use crate::token::TokenNumber;
use ipnet::IpNet;
use uuid::Uuid;

/// By what a record is kept: immutable, and in the order in which a load gives the kinds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Id {
    Realm(RealmId),
    Role(RoleId),
    Principal(PrincipalId),
    Token(TokenNumber),
    Text(Digest),
    Replay(ReplayKey),
    Session(Uuid),
    SigningKey(String),
    Lock(PrincipalId, IpNet, bool),
    Gate(String),
}

impl Id {
    pub(super) fn of(record: &Record) -> Self {
        match record {
            Record::Realm(realm) => Self::Realm(realm.id),
            Record::Role(role) => Self::Role(role.id),
            Record::Principal(principal) => Self::Principal(principal.id),
            Record::Token(token) => Self::Token(token.number),
            Record::Text(text) => Self::Text(text.digest),
            Record::Replay(replay) => Self::Replay(replay.key.clone()),
            Record::Session(session) => Self::Session(session.id),
            Record::SigningKey(key) => Self::SigningKey(key.kid.clone()),
            Record::Lock(lock) => Self::Lock(lock.principal, lock.network, lock.password),
            Record::Gate(gate) => Self::Gate(gate.name.clone()),
        }
    }

    /// The kind, as `Taken` (of the id itself) and `Stale` name it.
    pub(super) fn words(&self) -> (&'static str, &'static str) {
        match self {
            Self::Realm(_) => ("realm id", "realm"),
            Self::Role(_) => ("role id", "role"),
            Self::Principal(_) => ("principal id", "principal"),
            Self::Token(_) => ("token number", "token"),
            Self::Text(_) => ("digest", "text"),
            Self::Replay(_) => ("replay", "replay"),
            Self::Session(_) => ("session id", "session"),
            Self::SigningKey(_) => ("signing key", "signing key"),
            Self::Lock(..) => ("lock", "lock"),
            Self::Gate(_) => ("gate name", "gate"),
        }
    }
}

/// Every other key by which the record is found now, each with the word by which `Taken` names it.
pub(super) fn keys(record: &Record) -> Vec<(Key, &'static str)> {
    match record {
        Record::Realm(realm) => vec![
            (Key::RealmBySlug(realm.slug.clone()), "realm slug"),
            (Key::RealmByUuid(realm.uuid), "realm uuid"),
        ],
        Record::Principal(principal) => {
            let number = (Key::PrincipalByNumber(principal.realm, principal.number), "principal number");
            let name = Key::PrincipalByName(principal.realm, Principal::name_key(&principal.username));
            [number].into_iter().chain(principal.deleted.is_none().then_some((name, "username"))).collect()
        }
        Record::Role(role) => vec![
            (Key::RoleByNumber(role.realm, role.number), "role number"),
            (Key::RoleByName(role.realm, role.name.clone()), "role name"),
        ],
        Record::Token(token) => vec![(Key::TokenById(token.realm, token.id.to_string()), "token id")],
        Record::Session(session) => vec![(Key::SessionByDigest(session.digest), "digest")],
        Record::Text(_) | Record::Replay(_) | Record::SigningKey(_) | Record::Lock(_) | Record::Gate(_) => {
            Vec::new()
        }
    }
}

/// The version that an update has to be one more than; texts, replays, sessions and locks have none.
pub(super) fn version(record: &Record) -> Option<u64> {
    match record {
        Record::Realm(realm) => Some(realm.version),
        Record::Principal(principal) => Some(principal.version),
        Record::Role(role) => Some(role.version),
        Record::Token(token) => Some(token.version),
        Record::SigningKey(key) => Some(key.version),
        Record::Gate(gate) => Some(gate.version),
        Record::Text(_) | Record::Replay(_) | Record::Session(_) | Record::Lock(_) => None,
    }
}

/// Puts back what an update leaves as stored: touches, and all of a session but its end.
pub(super) fn leave(stored: &Record, record: &mut Record) {
    match (stored, record) {
        (Record::Token(stored), Record::Token(token)) => {
            (token.last_used, token.uses) = (stored.last_used, stored.uses);
        }
        (Record::Principal(stored), Record::Principal(principal)) => principal.last_login = stored.last_login,
        (Record::Session(stored), Record::Session(session)) => {
            *session = Session { ended: session.ended, ..stored.clone() };
        }
        _ => {}
    }
}
