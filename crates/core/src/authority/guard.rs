//! Failures in a row, counted in memory by principal *and* network, passwords and keys apart, across all dialects. A
//! stranger cannot lock the owner out; unknown names are not counted, so that nobody can fill the table.
//!
//! Too many lead to a lock. It holds at once and is written down a moment later: an attempt that waited for the store
//! would tell whoever measures it that there is such a principal.

use crate::principal::PrincipalId;
use crate::realm::RealmId;
use crate::session::Lock;
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use jiff::{SignedDuration, Timestamp};
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How long a lock holds.
const HOLDS: SignedDuration = SignedDuration::from_mins(15);
/// The most counters; beyond, new ones replace all others, which only ever forgives.
const MOST: usize = 100_000;

/// The counters, and the locks that are still to be written down.
#[derive(Debug, Default)]
pub(super) struct Guard {
    counts: Mutex<HashMap<(PrincipalId, bool, IpNet), u32>>,
    unwritten: Mutex<Vec<(RealmId, Lock)>>,
}

impl Guard {
    /// Counts a failure; how many there are in a row now.
    pub(super) fn fail(&self, principal: PrincipalId, password: bool, network: IpNet) -> u32 {
        let mut counts = held(&self.counts);
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
        held(&self.counts).remove(&(principal, password, network));
    }

    /// Forgets everything about a principal.
    pub(super) fn forgive(&self, principal: PrincipalId) {
        held(&self.counts).retain(|(counted, ..), _| *counted != principal);
        held(&self.unwritten).retain(|(_, lock)| lock.principal != principal);
    }

    /// Lets a lock hold from now on; counting begins anew when it lapses.
    pub(super) fn lock(&self, realm: RealmId, lock: Lock) {
        self.clear(lock.principal, lock.password, lock.network);
        held(&self.unwritten).push((realm, lock));
    }

    /// The locks that are still to be written down.
    pub(super) fn unwritten(&self) -> Vec<(RealmId, Lock)> {
        held(&self.unwritten).clone()
    }

    /// Notes that a lock was written down.
    pub(super) fn written(&self, lock: &Lock) {
        held(&self.unwritten).retain(|(_, other)| other != lock);
    }
}

fn held<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
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
