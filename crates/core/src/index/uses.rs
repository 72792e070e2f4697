//! Uses that are not written down yet: noted on the way of a verification, written down in batches. One that was just
//! written down is remembered until the next batch: who read the record before that still sees it.

use super::lock;
use crate::sync::Mutex;
use crate::token::{TokenNumber, Use};
use hashbrown::HashMap;

const SHARDS: usize = 64;

/// The latest use of each token, and how many are not written down.
#[derive(Debug)]
pub(super) struct Uses(Vec<Mutex<HashMap<TokenNumber, Noted>>>);

#[derive(Debug)]
struct Noted {
    latest: Use,
    count: u64,
    written: bool,
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
        let noted = shard.entry(token).or_insert(Noted { latest: used, count: 0, written: false });
        if noted.latest.at < used.at {
            noted.latest = used;
        }
        noted.count += count;
        noted.written = false;
    }

    /// The latest use, and how many are not written down.
    pub(super) fn get(&self, token: TokenNumber) -> Option<(Use, u64)> {
        lock(self.shard(token)).get(&token).map(|noted| (noted.latest, noted.count))
    }

    /// Of how many tokens there are any, written down or not.
    pub(super) fn len(&self) -> usize {
        self.0.iter().map(|shard| lock(shard).len()).sum()
    }

    /// Those that are not written down; those that were by the last batch are forgotten.
    pub(super) fn unwritten(&self) -> Vec<(TokenNumber, Use, u64)> {
        let mut unwritten = Vec::new();
        for shard in &self.0 {
            let mut shard = lock(shard);
            shard.retain(|_, noted| !noted.written);
            unwritten.extend(shard.iter().map(|(token, noted)| (*token, noted.latest, noted.count)));
            if shard.is_empty() {
                // What a busy minute took is given back.
                *shard = HashMap::new();
            }
        }
        unwritten
    }

    /// These are written down; what came since is not.
    pub(super) fn written(&self, token: TokenNumber, used: Use, count: u64) {
        if let Some(noted) = lock(self.shard(token)).get_mut(&token) {
            noted.count = noted.count.saturating_sub(count);
            noted.written = noted.count == 0 && noted.latest == used;
        }
    }

    fn shard(&self, token: TokenNumber) -> &Mutex<HashMap<TokenNumber, Noted>> {
        &self.0[usize::try_from(token.0 % SHARDS as u64).unwrap_or(0)]
    }
}
