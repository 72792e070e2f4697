//! Signing keys: what signs JWTs, its states, and its public part as a JWK.

use crate::realm::RealmId;
use jiff::Timestamp;

/// A signature algorithm, by its JOSE name (RFC 7518, RFC 8037).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the JOSE names")]
pub enum Algorithm {
    Rs256,
    Rs512,
    Es256,
    EdDsa,
}

impl Algorithm {
    /// Every algorithm.
    pub const EVERY: [Self; 4] = [Self::Rs256, Self::Rs512, Self::Es256, Self::EdDsa];

    /// The word on every wire and in every store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Rs512 => "RS512",
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
        }
    }

    /// Reads that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::EVERY.into_iter().find(|algorithm| algorithm.as_str() == word)
    }
}

/// Where a signing key is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyState {
    /// Published, not signing yet: readers learn of it first.
    Pending,
    /// The one that signs.
    Active,
    /// Published, signing no more: what it signed still counts.
    Retiring,
    /// Neither published nor signing.
    Removed,
}

impl KeyState {
    /// The word on every wire and in every store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Active => "active",
            Self::Retiring => "retiring",
            Self::Removed => "removed",
        }
    }

    /// Reads that word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Pending, Self::Active, Self::Retiring, Self::Removed]
            .into_iter()
            .find(|state| state.as_str() == word)
    }
}

/// A signing key's record; its private part is sealed with the data key for its own `kid`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningKey {
    /// The thumbprint of its public part (RFC 7638), unique.
    pub kid: String,
    /// Its realm: a key signs for one realm only.
    pub realm: RealmId,
    /// For which dialect it signs; its sessions open no other.
    pub dialect: String,
    /// With which algorithm; a key has one.
    pub algorithm: Algorithm,
    /// Where it is in its life.
    pub state: KeyState,
    /// The public part (RFC 7517), as JSON.
    pub public: String,
    /// The private part (PKCS#8), sealed.
    pub sealed: Vec<u8>,
    /// When it was made.
    pub created: Timestamp,
    /// When its state last changed.
    pub changed: Timestamp,
    /// Grows by one with every change.
    pub version: u64,
}
