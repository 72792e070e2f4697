//! Uses that are not written down yet: noted on the way of a verification, taken away in batches.

use super::lock;
use crate::sync::Mutex;
use crate::token::{TokenNumber, Use};
use hashbrown::HashMap;

const SHARDS: usize = 64;

/// The latest use of each token since the last batch, and how many there were.
#[derive(Debug)]
pub(super) struct Uses(Vec<Mutex<HashMap<TokenNumber, (Use, u64)>>>);

impl Default for Uses {
    fn default() -> Self {
        Self((0..SHARDS).map(|_| Mutex::default()).collect())
    }
}

impl Uses {
    /// Notes `count` uses, of which this is the latest, unless a later one is noted already.
    pub(super) fn note(&self, token: TokenNumber, used: Use, count: u64) {
        let mut shard = lock(self.shard(token));
        let (latest, counted) = shard.entry(token).or_insert((used, 0));
        if latest.at < used.at {
            *latest = used;
        }
        *counted += count;
    }

    /// The latest use that is not written down, and how many are not.
    pub(super) fn get(&self, token: TokenNumber) -> Option<(Use, u64)> {
        lock(self.shard(token)).get(&token).copied()
    }

    /// Of how many tokens there are any.
    pub(super) fn len(&self) -> usize {
        self.0.iter().map(|shard| lock(shard).len()).sum()
    }

    /// Takes all of them.
    pub(super) fn take(&self) -> Vec<(TokenNumber, (Use, u64))> {
        self.0.iter().flat_map(|shard| std::mem::take(&mut *lock(shard))).collect()
    }

    fn shard(&self, token: TokenNumber) -> &Mutex<HashMap<TokenNumber, (Use, u64)>> {
        &self.0[usize::try_from(token.0 % SHARDS as u64).unwrap_or(0)]
    }
}
