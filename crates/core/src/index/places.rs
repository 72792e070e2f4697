//! The hash table of a shard: where its entries lie, found by their digests. Each place stands beside eight bits of its
//! digest, so that one look in memory nearly always tells which entry to look at; own open addressing, because a common
//! table looks for those bits elsewhere.

/// No place: 24 bits are a place, those above a tag.
const FREE: u32 = u32::MAX;
const PLACE: u32 = 0x00FF_FFFF;

/// Places of entries. `first` is the first word of an entry's digest, which is as good as its own hash.
#[derive(Debug, Default)]
pub(super) struct Places {
    slots: Vec<u32>,
    len: usize,
}

impl Places {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// The place that `is` the right one among those that may be.
    pub(super) fn find(&self, first: u64, is: impl Fn(u32) -> bool) -> Option<u32> {
        self.search(first, is).map(|at| self.slots[at] & PLACE)
    }

    /// Puts a place in; `first_of` says the first word of any other one.
    pub(super) fn insert(&mut self, first: u64, place: u32, first_of: impl Fn(u32) -> u64) {
        if self.len * 5 >= self.slots.len() * 4 {
            let larger = vec![FREE; (self.slots.len() * 3 / 2).max(16)];
            for held in std::mem::replace(&mut self.slots, larger) {
                if held != FREE {
                    self.put(first_of(held & PLACE), held & PLACE);
                }
            }
        }
        self.put(first, place);
        self.len += 1;
    }

    /// Takes a place out.
    pub(super) fn remove(&mut self, first: u64, place: u32, first_of: impl Fn(u32) -> u64) {
        let Some(mut free) = self.search(first, |held| held == place) else { return };
        self.len -= 1;
        // What stands behind moves up if it may, so that no search ends too early.
        let mut at = free;
        loop {
            at = self.after(at);
            let held = self.slots[at];
            if held == FREE {
                break;
            }
            let home = self.home(first_of(held & PLACE));
            if self.way(home, at) >= self.way(free, at) {
                self.slots[free] = held;
                free = at;
            }
        }
        self.slots[free] = FREE;
    }

    fn search(&self, first: u64, is: impl Fn(u32) -> bool) -> Option<usize> {
        let mut at = self.home(first);
        loop {
            let held = *self.slots.get(at)?;
            if held == FREE {
                return None;
            }
            if held & !PLACE == tag(first) && is(held & PLACE) {
                return Some(at);
            }
            at = self.after(at);
        }
    }

    fn put(&mut self, first: u64, place: u32) {
        let mut at = self.home(first);
        while self.slots[at] != FREE {
            at = self.after(at);
        }
        self.slots[at] = tag(first) | place;
    }

    /// Where the search for it begins: its share of the way through all slots.
    fn home(&self, first: u64) -> usize {
        usize::try_from((u128::from(first) * self.slots.len() as u128) >> 64).unwrap_or(0)
    }

    fn after(&self, at: usize) -> usize {
        if at + 1 == self.slots.len() { 0 } else { at + 1 }
    }

    /// How far it is from one slot on to the other.
    fn way(&self, from: usize, to: usize) -> usize {
        if from <= to { to - from } else { to + self.slots.len() - from }
    }
}

/// Of the other end than the home, or all neighbours would have the same.
fn tag(first: u64) -> u32 {
    u32::from(first.to_le_bytes()[0]) << 24
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        /// Few homes and few tags, so that entries are in each other's way and some are alike.
        #[test]
        fn what_is_in_is_found_and_nothing_else(steps in proptest::collection::vec((0_u64..6, 0_u64..3, any::<bool>()), 0..200)) {
            let first = |(home, tag): (u64, u64)| home << 61 | tag;
            let mut kept: BTreeMap<u32, (u64, u64)> = BTreeMap::new();
            let mut places = Places::default();
            for (place, (home, tag, insert)) in (0_u32..).zip(steps) {
                let firsts = kept.clone();
                let first_of = |place| first(firsts[&place]);
                if insert || kept.is_empty() {
                    places.insert(first((home, tag)), place, first_of);
                    kept.insert(place, (home, tag));
                } else {
                    let (&gone, &of) = kept.iter().nth(place as usize % kept.len()).unwrap();
                    places.remove(first(of), gone, first_of);
                    kept.remove(&gone);
                }
                prop_assert_eq!(places.len(), kept.len());
                for (&place, &of) in &firsts {
                    let found = places.find(first(of), |held| held == place);
                    prop_assert_eq!(found, kept.contains_key(&place).then_some(place));
                }
            }
        }
    }
}
