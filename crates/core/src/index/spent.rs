//! What limited credentials have spent: a bucket for each limit, a count for each quota. Only they pay for it.

use super::lock;
use crate::bucket::Bucket;
use crate::principal::PrincipalId;
use crate::token::TokenNumber;
use hashbrown::HashMap;
use jiff::Timestamp;
use std::sync::{Mutex, MutexGuard};

const SHARDS: usize = 16;

/// Whose uses are counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Spender {
    /// A token's, whichever of its texts is brought.
    Token(TokenNumber),
    /// Those of all sessions of a principal: logging in again gives nobody more.
    Sessions(PrincipalId),
}

/// The buckets of one limit.
#[derive(Debug, Default)]
pub struct Buckets([Mutex<HashMap<Spender, Bucket>>; SHARDS]);

impl Buckets {
    /// The shard in which this one's bucket is, or is to be.
    pub fn of(&self, spender: Spender) -> MutexGuard<'_, HashMap<Spender, Bucket>> {
        let number = match spender {
            Spender::Token(token) => token.0,
            Spender::Sessions(principal) => principal.0.as_u64_pair().1,
        };
        lock(&self.0[shard(number)])
    }

    /// Drops the buckets that are full.
    pub fn sweep(&self, now: Timestamp) {
        for shard in &self.0 {
            lock(shard).retain(|_, bucket| !bucket.is_full(now));
        }
    }
}

/// How often each token that has a quota was used, written down or not.
#[derive(Debug, Default)]
pub struct Counts([Mutex<HashMap<TokenNumber, u64>>; SHARDS]);

impl Counts {
    /// The shard in which this token's count is, if it has a quota.
    pub fn of(&self, token: TokenNumber) -> MutexGuard<'_, HashMap<TokenNumber, u64>> {
        lock(&self.0[shard(token.0)])
    }

    /// Takes over which tokens have a quota. One that is counted already knows better than the store, which learns of uses
    /// later.
    pub(super) fn replace(&self, fresh: &Self, noted: impl Fn(TokenNumber) -> u64) {
        for (mine, theirs) in self.0.iter().zip(&fresh.0) {
            let mut mine = lock(mine);
            let counted = |(token, stored): (TokenNumber, u64)| {
                (token, mine.get(&token).copied().unwrap_or_else(|| stored + noted(token)))
            };
            *mine = std::mem::take(&mut *lock(theirs)).into_iter().map(counted).collect();
        }
    }
}

fn shard(number: u64) -> usize {
    usize::try_from(number % SHARDS as u64).unwrap_or(0)
}
