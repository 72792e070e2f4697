//! What a load brings: everything that may count, and of tokens and texts no more than that, since there may be millions.

use crate::principal::PrincipalId;
use crate::scope::ScopeSet;
use crate::secret::Digest;
use crate::store::Record;
use crate::token::{Limit, Text, Token, TokenNumber};
use ipnet::IpNet;
use jiff::Timestamp;
use std::sync::Arc;

/// One thing that a load brings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Loaded {
    /// A token.
    Token(Counting),
    /// A live text or an overlap of a token.
    Text {
        /// The keyed hash.
        digest: Digest,
        /// Whose text it is.
        token: TokenNumber,
        /// When an overlap ends.
        until: Option<Timestamp>,
    },
    /// Anything else, as it is kept; boxed, because it is larger and there are few.
    Record(Box<Record>),
}

/// What of a token decides whether and for what it counts; the fields are those of [`Token`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "each field is the token's of that name")]
pub struct Counting {
    pub number: TokenNumber,
    pub id: Arc<str>,
    pub dialect: Arc<str>,
    pub name: Arc<str>,
    pub scopes: ScopeSet,
    pub principal: PrincipalId,
    pub personal: bool,
    pub enabled: bool,
    pub created: Timestamp,
    pub not_before: Option<Timestamp>,
    pub expires: Option<Timestamp>,
    pub uses: u64,
    pub networks: Vec<IpNet>,
    pub limit: Option<Limit>,
    pub quota: Option<u64>,
}

impl From<&Token> for Counting {
    fn from(token: &Token) -> Self {
        Self {
            number: token.number,
            id: Arc::clone(&token.id),
            dialect: Arc::clone(&token.dialect),
            name: Arc::clone(&token.name),
            scopes: token.scopes.clone(),
            principal: token.principal,
            personal: token.personal,
            enabled: token.enabled,
            created: token.created,
            not_before: token.not_before,
            expires: token.expires,
            uses: token.uses,
            networks: token.networks.clone(),
            limit: token.limit,
            quota: token.quota,
        }
    }
}

impl From<Record> for Loaded {
    fn from(record: Record) -> Self {
        match record {
            Record::Token(token) => Self::Token((&token).into()),
            Record::Text(Text { digest, token, until, .. }) => Self::Text { digest, token, until },
            other => Self::Record(Box::new(other)),
        }
    }
}

/// Called with each thing that a load brings, in the order that [`crate::store::Store::load`] promises.
pub type Sink = Box<dyn FnMut(Loaded) + Send>;
