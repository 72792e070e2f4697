//! The journal: the append-only record of every change. Audit trail, cluster feed and cache invalidation are this one
//! table; no secret ever stands in it.

use crate::principal::PrincipalId;
use crate::realm::RealmId;
use jiff::Timestamp;
use std::sync::Arc;

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the word of each is its documentation")]
pub enum Action {
    StoreCreate,
    RealmCreate,
    RealmEdit,
    PrincipalCreate,
    PrincipalEdit,
    PrincipalDisable,
    PrincipalEnable,
    PrincipalDelete,
    RoleCreate,
    RoleEdit,
    RoleDelete,
    TokenIssue,
    TokenEdit,
    TokenDisable,
    TokenEnable,
    TokenRotate,
    TokenRevoke,
    PrincipalPassword,
    PrincipalTotp,
    PrincipalLock,
    SessionEnd,
    KeyCreate,
    KeyActivate,
    KeyRetire,
    KeyRemove,
    GateCreate,
    GateEdit,
    GateDelete,
}

impl Action {
    /// Every action.
    pub const EVERY: [Self; 28] = [
        Self::StoreCreate,
        Self::RealmCreate,
        Self::RealmEdit,
        Self::PrincipalCreate,
        Self::PrincipalEdit,
        Self::PrincipalDisable,
        Self::PrincipalEnable,
        Self::PrincipalDelete,
        Self::RoleCreate,
        Self::RoleEdit,
        Self::RoleDelete,
        Self::TokenIssue,
        Self::TokenEdit,
        Self::TokenDisable,
        Self::TokenEnable,
        Self::TokenRotate,
        Self::TokenRevoke,
        Self::PrincipalPassword,
        Self::PrincipalTotp,
        Self::PrincipalLock,
        Self::SessionEnd,
        Self::KeyCreate,
        Self::KeyActivate,
        Self::KeyRetire,
        Self::KeyRemove,
        Self::GateCreate,
        Self::GateEdit,
        Self::GateDelete,
    ];

    /// The word on every wire and in every store: `noun.verb`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::StoreCreate => "store.create",
            Self::RealmCreate => "realm.create",
            Self::RealmEdit => "realm.edit",
            Self::PrincipalCreate => "principal.create",
            Self::PrincipalEdit => "principal.edit",
            Self::PrincipalDisable => "principal.disable",
            Self::PrincipalEnable => "principal.enable",
            Self::PrincipalDelete => "principal.delete",
            Self::RoleCreate => "role.create",
            Self::RoleEdit => "role.edit",
            Self::RoleDelete => "role.delete",
            Self::TokenIssue => "token.issue",
            Self::TokenEdit => "token.edit",
            Self::TokenDisable => "token.disable",
            Self::TokenEnable => "token.enable",
            Self::TokenRotate => "token.rotate",
            Self::TokenRevoke => "token.revoke",
            Self::PrincipalPassword => "principal.password",
            Self::PrincipalTotp => "principal.totp",
            Self::PrincipalLock => "principal.lock",
            Self::SessionEnd => "session.end",
            Self::KeyCreate => "signing-key.create",
            Self::KeyActivate => "signing-key.activate",
            Self::KeyRetire => "signing-key.retire",
            Self::KeyRemove => "signing-key.remove",
            Self::GateCreate => "gate.create",
            Self::GateEdit => "gate.edit",
            Self::GateDelete => "gate.delete",
        }
    }

    /// Reads that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::EVERY.into_iter().find(|action| action.as_str() == word)
    }
}

/// One line of the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Grows with every line; given by the store, 0 before.
    pub sequence: u64,
    /// When.
    pub at: Timestamp,
    /// In which realm.
    pub realm: RealmId,
    /// For whom the actor spoke; nobody: the operator.
    pub actor: Option<PrincipalId>,
    /// The public id of the credential that the actor brought.
    pub credential: Option<Arc<str>>,
    /// What was done.
    pub action: Action,
    /// To what: an id, never a text or a path.
    pub subject: String,
    /// Particulars, as names and values.
    pub detail: serde_json::Map<String, serde_json::Value>,
}
