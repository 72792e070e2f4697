//! Uses that are not written down yet: noted on the way of a verification, written down in batches. One that was just
//! written down is remembered until the next batch: whoever read the record before that still sees it.

use super::lock;
use crate::sync::Mutex;
use crate::token::{TokenNumber, Use};
use hashbrown::HashMap;

const SHARDS: usize = 64;

/// The latest use of each token, and how often it was used since the last one that is written down.
#[derive(Debug)]
pub(super) struct Uses(Vec<Mutex<Shard>>);

#[derive(Debug, Default)]
struct Shard {
    unwritten: HashMap<TokenNumber, (Use, u64)>,
    written: HashMap<TokenNumber, Use>,
}

impl Default for Uses {
    fn default() -> Self {
        Self((0..SHARDS).map(|_| Mutex::default()).collect())
    }
}

impl Uses {
    /// Notes `count` uses, of which this is the latest, unless a later one is noted already.
    pub(super) fn note(&self, token: TokenNumber, used: Use, count: u64) {
        let mut shard = lock(self.shard(token));
        let (latest, counted) = shard.unwritten.entry(token).or_insert((used, 0));
        if latest.at < used.at {
            *latest = used;
        }
        *counted += count;
    }

    /// The latest use, and how many are not written down.
    pub(super) fn get(&self, token: TokenNumber) -> Option<(Use, u64)> {
        let shard = lock(self.shard(token));
        let written = || shard.written.get(&token).map(|used| (*used, 0));
        shard.unwritten.get(&token).copied().or_else(written)
    }

    /// Of how many tokens there are any that are not written down.
    pub(super) fn len(&self) -> usize {
        self.0.iter().map(|shard| lock(shard).unwritten.len()).sum()
    }

    /// Those that are not written down; those of the batch before are forgotten.
    pub(super) fn unwritten(&self) -> Vec<(TokenNumber, Use, u64)> {
        let batch = |shard: &Mutex<Shard>| {
            let mut shard = lock(shard);
            shard.written = HashMap::new();
            let uses = shard.unwritten.iter().map(|(token, (used, count))| (*token, *used, *count));
            uses.collect::<Vec<_>>()
        };
        self.0.iter().flat_map(batch).collect()
    }

    /// These are written down; what came since is not.
    pub(super) fn written(&self, token: TokenNumber, used: Use, count: u64) {
        let mut shard = lock(self.shard(token));
        if let Some((latest, counted)) = shard.unwritten.get_mut(&token) {
            *counted = counted.saturating_sub(count);
            if *counted == 0 && *latest == used {
                shard.unwritten.remove(&token);
            }
        }
        shard.written.insert(token, used);
    }

    fn shard(&self, token: TokenNumber) -> &Mutex<Shard> {
        &self.0[usize::try_from(token.0 % SHARDS as u64).unwrap_or(0)]
    }
}
