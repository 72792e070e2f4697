//! A session: a short-lived signed JWT bought with a password or an exchange token, and its record. Because every one
//! has a record, every one can be ended, and verifying one is the same look-up as for an opaque token.

use crate::principal::PrincipalId;
use crate::realm::RealmId;
use crate::scope::ScopeSet;
use crate::secret::Digest;
use crate::token::TokenNumber;
use ipnet::IpNet;
use jiff::Timestamp;
use std::net::IpAddr;
use std::sync::Arc;
use uuid::Uuid;

/// The record of one JWT. Nothing of it changes but its end.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Session {
    /// The `jti` (RFC 7519 section 4.1.7), a UUIDv7; its public id.
    pub id: Uuid,
    /// Its realm.
    pub realm: RealmId,
    /// The keyed hash of the whole JWT, as of any bearer text.
    pub digest: Digest,
    /// Whom it speaks for.
    pub principal: PrincipalId,
    /// The exchange token that bought it; none, if a password did.
    pub bought_with: Option<TokenNumber>,
    /// Whose API it opens.
    pub dialect: Arc<str>,
    /// What it was given; cut to its principal's present roles at every verification.
    pub scopes: ScopeSet,
    /// For whom it is meant (`aud`); empty: for ourselves, under whatever name we are reached.
    pub audience: String,
    /// The client that asked for it, or empty.
    pub client: String,
    /// Who acts in whose name, the latest first (RFC 8693 section 4.1).
    pub actors: Vec<String>,
    /// The signing key.
    pub kid: String,
    /// If any are named, it counts only from these: its key's.
    pub networks: Vec<IpNet>,
    /// From where it was bought.
    pub address: Option<IpAddr>,
    /// Whether it lives beside others of its principal.
    pub multiple: bool,
    /// The session that it replaced, or that it was cut from and ends with.
    pub refreshed_from: Option<Uuid>,
    /// When it began.
    pub issued: Timestamp,
    /// It does not count from this instant on; never after its key's end.
    pub expires: Timestamp,
    /// Since when it is over before its time.
    pub ended: Option<Timestamp>,
}

impl Session {
    /// Whether it is addressed to ourselves and not to somebody who reads our JWKS.
    pub fn is_for_us(&self) -> bool {
        self.audience.is_empty()
    }
}

/// A principal that failed too often from one network: its passwords or keys from there do not count for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lock {
    /// Who.
    pub principal: PrincipalId,
    /// From where: a /32 or a /64. A stranger elsewhere locks nobody out.
    pub network: IpNet,
    /// Which credential failed: a password, or else a key.
    pub password: bool,
    /// Since when.
    pub since: Timestamp,
}
