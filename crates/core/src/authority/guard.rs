//! Failures in a row, counted in memory by principal *and* network, passwords and keys apart, across all dialects. A
//! stranger cannot lock the owner out; unknown names are not counted, so that nobody can fill the table.

use crate::principal::PrincipalId;
use crate::session::Lock;
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use jiff::{SignedDuration, Timestamp};
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Mutex, PoisonError};

/// How long a lock holds.
const HOLDS: SignedDuration = SignedDuration::from_mins(15);
/// The most counters; beyond, new ones replace all others, which only ever forgives.
const MOST: usize = 100_000;

/// The counters.
#[derive(Debug, Default)]
pub(super) struct Guard(Mutex<HashMap<(PrincipalId, bool, IpNet), u32>>);

impl Guard {
    /// Counts a failure; how many there are in a row now.
    pub(super) fn fail(&self, principal: PrincipalId, password: bool, network: IpNet) -> u32 {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (principal, password, network);
        if counts.len() >= MOST && !counts.contains_key(&key) {
            counts.clear();
        }
        let count = counts.entry(key).or_default();
        *count += 1;
        *count
    }

    /// Forgets the failures after a success.
    pub(super) fn clear(&self, principal: PrincipalId, password: bool, network: IpNet) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&(principal, password, network));
    }

    /// Forgets everything about a principal.
    pub(super) fn forgive(&self, principal: PrincipalId) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|(counted, ..), _| *counted != principal);
    }
}

/// The network that is held responsible for an address: itself, or the /64 of an IPv6 one.
pub(super) fn network(address: Option<IpAddr>) -> IpNet {
    match address.map(|address| address.to_canonical()) {
        Some(IpAddr::V4(address)) => Ipv4Net::from(address).into(),
        Some(IpAddr::V6(address)) => Ipv6Net::new_assert(address, 64).trunc().into(),
        None => Ipv4Net::from(Ipv4Addr::UNSPECIFIED).into(),
    }
}

/// Whether the lock's time is over.
pub(super) fn lapsed(lock: &Lock, now: Timestamp) -> bool {
    lock.since + HOLDS <= now
}
