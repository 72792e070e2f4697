//! Principals (whom a credential speaks for) and roles (named sets of scopes).

use crate::realm::RealmId;
use crate::scope::ScopeSet;
use jiff::Timestamp;
use uuid::Uuid;

/// A principal's id: a UUIDv7, never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PrincipalId(pub Uuid);

/// A role's id: a UUIDv7, never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RoleId(pub Uuid);

/// The role that the first administrator has: its scope is `*`.
pub const ADMINISTRATOR: &str = "administrator";
/// The user name of the first administrator of each realm.
pub const ADMIN: &str = "admin";

/// What speaks: somebody, or something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Somebody.
    Person,
    /// Something.
    Service,
}

impl Kind {
    /// The word on every wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Service => "service",
        }
    }

    /// Reads that word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Person, Self::Service].into_iter().find(|kind| kind.as_str() == word)
    }
}

/// Whom a credential speaks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// The id.
    pub id: PrincipalId,
    /// Its realm.
    pub realm: RealmId,
    /// A small number, unique in the realm and never reused; some vendors' wires need one.
    pub number: u64,
    /// As it was given; immutable. `DOMAIN\user` is stored whole.
    pub username: String,
    /// A person or a service.
    pub kind: Kind,
    /// An address, or empty.
    pub email: String,
    /// Given name, or empty.
    pub first_name: String,
    /// Family name, or empty.
    pub last_name: String,
    /// Free text, or empty.
    pub description: String,
    /// What it may do: the union of these roles' scopes, as they are at the moment of asking.
    pub roles: Vec<RoleId>,
    /// Silences all that speaks for it.
    pub disabled: bool,
    /// Soft deletion; the user name may be given again, to another principal.
    pub deleted: Option<Timestamp>,
    /// Whether several sessions may live at once.
    pub several_sessions: bool,
    /// argon2id, in PHC form.
    pub password: Option<String>,
    /// The second factor's seed, sealed with the data key.
    pub totp: Option<Vec<u8>>,
    /// The last accepted TOTP step: no code counts twice.
    pub totp_step: Option<u64>,
    /// Control Room's licence words, passed through.
    pub licences: Vec<String>,
    /// A client's public keys (RFC 7517), as JSON.
    pub jwks: Option<String>,
    /// Grows by one with every change.
    pub version: u64,
    /// When it was made, and by whom (nobody: the operator).
    pub created: Timestamp,
    /// Who made it.
    pub created_by: Option<PrincipalId>,
    /// When it was last changed.
    pub updated: Timestamp,
    /// Who last changed it.
    pub updated_by: Option<PrincipalId>,
    /// When it last logged in; written as a touch.
    pub last_login: Option<Timestamp>,
}

impl Principal {
    /// A person with nothing but names and numbers, made by the operator; to be filled in.
    pub fn new(id: PrincipalId, realm: RealmId, number: u64, username: &str, created: Timestamp) -> Self {
        Self {
            id,
            realm,
            number,
            username: username.to_owned(),
            kind: Kind::Person,
            email: String::new(),
            first_name: String::new(),
            last_name: String::new(),
            description: String::new(),
            roles: Vec::new(),
            disabled: false,
            deleted: None,
            several_sessions: false,
            password: None,
            totp: None,
            totp_step: None,
            licences: Vec::new(),
            jwks: None,
            version: 1,
            created,
            created_by: None,
            updated: created,
            updated_by: None,
            last_login: None,
        }
    }

    /// The key under which a user name is unique among the undeleted: `\\` read as `\`, surrounding white space
    /// dropped, case folded.
    pub fn name_key(username: &str) -> String {
        username.trim().replace("\\\\", "\\").to_lowercase()
    }
}

/// A named set of scopes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// The id.
    pub id: RoleId,
    /// Its realm.
    pub realm: RealmId,
    /// A small number, unique in the realm and never reused.
    pub number: u64,
    /// Unique in the realm, compared exactly.
    pub name: String,
    /// What it allows.
    pub scopes: ScopeSet,
    /// Grows by one with every change.
    pub version: u64,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last changed.
    pub updated: Timestamp,
}
