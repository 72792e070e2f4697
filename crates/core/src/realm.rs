//! A realm: a closed set of principals, roles and tokens.

use jiff::Timestamp;
use uuid::Uuid;

/// A realm's small internal number, on every record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RealmId(pub u32);

/// The realm that a store is created with.
pub const DEFAULT: &str = "default";

/// A closed set of principals, roles and tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Realm {
    /// The internal number, never reused.
    pub id: RealmId,
    /// What a path's realm segment is compared with: `[a-z0-9-]{1,36}`, unique.
    pub slug: String,
    /// A name for people.
    pub name: String,
    /// The other spelling that a path may use.
    pub uuid: Uuid,
    /// The number of the next principal; never reused.
    pub next_principal: u64,
    /// The number of the next role; never reused.
    pub next_role: u64,
    /// Whether personal tokens may be issued and count.
    pub personal_tokens: bool,
    /// Grows by one with every change.
    pub version: u64,
    /// When it was made.
    pub created: Timestamp,
}
