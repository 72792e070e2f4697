//! How a request came: what whoever hands it over knows, and what nobody may claim by writing it into a request.

use std::net::IpAddr;

/// How a request came.
#[derive(Debug, Clone)]
pub enum Origin {
    /// In process or through the operator's socket, never from a network: the slug of the realm that the operator means.
    Operator(String),
    /// Over a network.
    Network {
        /// Whoever holds the other end of the connection.
        peer: IpAddr,
        /// The caller, as far as trusted proxies tell.
        caller: IpAddr,
        /// Whether the caller reached us over TLS, as far as trusted proxies tell.
        secure: bool,
    },
}

impl Origin {
    /// From an address without a proxy between, in the clear.
    pub fn direct(peer: IpAddr) -> Self {
        Self::Network { peer, caller: peer, secure: false }
    }

    /// The realm that the operator means, if it is the operator.
    pub fn operator(&self) -> Option<&String> {
        match self {
            Self::Operator(realm) => Some(realm),
            Self::Network { .. } => None,
        }
    }

    /// Whoever holds the other end of the connection, if there is one.
    pub fn peer(&self) -> Option<IpAddr> {
        match self {
            Self::Operator(_) => None,
            Self::Network { peer, .. } => Some(*peer),
        }
    }

    /// The caller's address, if it has one.
    pub fn address(&self) -> Option<IpAddr> {
        match self {
            Self::Operator(_) => None,
            Self::Network { caller, .. } => Some(*caller),
        }
    }

    /// Whether the caller reached us over TLS.
    pub fn is_secure(&self) -> bool {
        matches!(self, Self::Network { secure: true, .. })
    }
}
