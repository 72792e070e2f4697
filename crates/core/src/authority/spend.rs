//! Spend: a check that finds a live credential is taken off its token's limit and quota and off the gate's limit, off all
//! of them or off none. Buckets are kept in memory: a restart forgives. Quotas are counted durably.

use super::Authority;
use super::verify::Verdict;
use crate::bucket::Bucket;
use crate::clock::to_millis;
use crate::index::roster::GateFacts;
use crate::index::{Known, Spender, Terms};
use crate::token::Limit;
use crate::when::whole_seconds;
use hashbrown::HashMap;
use jiff::{SignedDuration, Timestamp};

/// What is left of one limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    /// Which: `token`, `gate` or `quota`.
    pub policy: &'static str,
    /// How many uses there may be in all.
    pub most: u64,
    /// In how long; a quota is for good.
    pub per: Option<SignedDuration>,
    /// How many more there may be now.
    pub left: u64,
    /// How long until there may be one more than now, in whole seconds; nothing if all are left or none will be.
    pub eases: SignedDuration,
}

/// A live credential that was used too often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limited {
    /// How long until it may be used again, in whole seconds; zero if no waiting helps.
    pub wait: SignedDuration,
    /// What is left of each limit.
    pub left: Vec<Left>,
}

/// Whether a use is taken off, or only looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spending {
    Spend,
    Look,
    /// Only what no waiting brings back is looked for.
    Tell,
}

impl Authority {
    /// A live credential that has nothing left is limited; any other verdict stays. Who has no limit pays for one look.
    #[inline]
    pub(super) fn ration(&self, verdict: &mut Verdict, gate: Option<&GateFacts>, spending: Spending) {
        let Verdict::Live(grant) = verdict else { return };
        let Terms { limit, quota, .. } = &*grant.known.terms;
        if limit.is_none() && quota.is_none() && gate.is_none_or(|gate| gate.policy.limit.is_none()) {
            return;
        }
        match self.spend(&grant.known, gate, spending) {
            Ok(left) => grant.left = left,
            Err(limited) => *verdict = Verdict::Limited(limited),
        }
    }

    fn spend(
        &self,
        known: &Known,
        gate: Option<&GateFacts>,
        spending: Spending,
    ) -> Result<Vec<Left>, Limited> {
        let quota = known.terms.quota;
        let limit = known.terms.limit.filter(|_| spending != Spending::Tell);
        let gate = gate.and_then(|gate| Some((gate.policy.limit?, &*gate.buckets)));
        let spender = known.number.map_or(Spender::Sessions(known.terms.standing.id), Spender::Token);
        // Everybody takes these locks in this order.
        let mut own = limit.map(|limit| (limit, self.index.buckets.of(spender)));
        let mut shared = gate.map(|(limit, buckets)| (limit, buckets.of(spender)));
        let mut counted =
            quota.zip(known.number).map(|(quota, token)| (quota, token, self.index.counts.of(token)));
        // The clock is read under them, so that each bucket sees it in order. It is the clock as it stands: if it is set
        // back, the highest ever seen would give nothing back until it catches up.
        let now = to_millis(self.clock.now());
        let mut pots: Vec<Pot<'_>> = Vec::with_capacity(3);
        pots.extend(own.as_mut().map(|(limit, shard)| Pot::bucket("token", *limit, shard, spender)));
        pots.extend(shared.as_mut().map(|(limit, shard)| Pot::bucket("gate", *limit, shard, spender)));
        pots.extend(
            counted
                .as_mut()
                .map(|(quota, token, shard)| Pot::Quota(*quota, shard.entry(*token).or_insert(0))),
        );
        let left: Vec<_> = pots.iter_mut().map(|pot| pot.left(now)).collect();
        if let Some(wait) = left.iter().filter(|one| one.left == 0).map(Left::wait).max() {
            let wait = if wait == FOREVER { SignedDuration::ZERO } else { wait };
            return Err(Limited { wait, left });
        }
        if spending != Spending::Spend {
            return Ok(left);
        }
        pots.iter_mut().for_each(Pot::take);
        Ok(pots.iter_mut().map(|pot| pot.left(now)).collect())
    }

    /// Drops what is given back.
    pub(super) fn sweep_buckets(&self) {
        let now = to_millis(self.clock.now());
        self.index.buckets.sweep(now);
        self.index.roster.gates().iter().for_each(|gate| gate.buckets.sweep(now));
    }
}

/// The wait for what never comes back.
const FOREVER: SignedDuration = SignedDuration::MAX;

impl Left {
    /// How long until there is one more.
    fn wait(&self) -> SignedDuration {
        if self.per.is_some() { self.eases } else { FOREVER }
    }
}

/// One thing that a use is taken off.
enum Pot<'a> {
    Bucket(&'static str, Limit, &'a mut Bucket),
    /// A quota and how much of it is used.
    Quota(u64, &'a mut u64),
}

impl<'a> Pot<'a> {
    fn bucket(
        policy: &'static str,
        limit: Limit,
        shard: &'a mut HashMap<Spender, Bucket>,
        spender: Spender,
    ) -> Self {
        Self::Bucket(policy, limit, shard.entry(spender).or_insert_with(|| Bucket::full(limit)))
    }

    fn left(&mut self, now: Timestamp) -> Left {
        match self {
            Self::Bucket(policy, limit, bucket) => {
                let (left, eases) = bucket.left(*limit, now);
                Left { policy, most: limit.count, per: Some(limit.per), left, eases: whole_seconds(eases) }
            }
            Self::Quota(most, used) => {
                let left = most.saturating_sub(**used);
                Left { policy: "quota", most: *most, per: None, left, eases: SignedDuration::ZERO }
            }
        }
    }

    fn take(&mut self) {
        match self {
            Self::Bucket(_, _, bucket) => bucket.take(),
            Self::Quota(_, used) => **used += 1,
        }
    }
}
