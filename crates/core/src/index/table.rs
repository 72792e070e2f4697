//! The table from digests to credentials, and from token numbers to their texts: many small locked shards, and a list of
//! where the texts of each token lie. `docs/decisions/0006` says what else was measured.

use super::entry::{Entry, halves};
use super::facts::Known;
use super::shard::{NOWHERE, Shard, Uses};
use super::uses::{Adrift, Unwritten, Used, later};
use super::{read, write};
use crate::secret::Digest;
use crate::sync::RwLock;
use crate::token::TokenNumber;
use hashbrown::HashMap;
use jiff::Timestamp;

const SHARDS: usize = 256;
const PAGE: usize = 1_024;

/// Where an entry lies: its shard in the upper 8 bits, its place there in the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place(u32);

/// Where the texts of each token lie. Numbers are given in order, so pages of them are dense.
#[derive(Debug, Default)]
struct Numbers {
    pages: HashMap<u64, Box<[u32; PAGE]>>,
    /// Further texts of those few tokens that have more than one.
    more: HashMap<u64, Vec<u32>>,
}

/// Every text that may count.
#[derive(Debug)]
pub(super) struct Table {
    shards: Vec<RwLock<Shard>>,
    numbers: RwLock<Numbers>,
    /// Uses of what was taken out. What is moved there is moved under the lock of its shard.
    adrift: Adrift,
}

impl Default for Table {
    fn default() -> Self {
        Self {
            shards: (0..SHARDS).map(|_| RwLock::default()).collect(),
            numbers: RwLock::default(),
            adrift: Adrift::default(),
        }
    }
}

impl Table {
    /// What a text with this digest opens.
    pub(super) fn get(&self, digest: &Digest, text: &str) -> Option<Known> {
        let digest = halves(digest);
        let at = shard_of(digest);
        let shard = read(&self.shards[at]);
        let within = shard.find(digest)?;
        shard.at(within).map(|entry| Known::found_by(text, entry, Place::of(at, within)))
    }

    /// A token by its internal number, for whoever brings this text.
    pub(super) fn by_number(&self, number: TokenNumber, text: &str) -> Option<Known> {
        let place = *read(&self.numbers).places(number.0).first()?;
        let shard = read(&self.shards[place.shard()]);
        // Between the two locks another entry may have taken its place.
        let entry = shard.at(place.within()).filter(|entry| entry.is_of(number))?;
        Some(Known::found_by(text, entry, place))
    }

    /// One entry of a token.
    pub(super) fn sample(&self, number: TokenNumber) -> Option<Entry> {
        let place = *read(&self.numbers).places(number.0).first()?;
        let shard = read(&self.shards[place.shard()]);
        shard.at(place.within()).filter(|entry| entry.is_of(number)).cloned()
    }

    /// How many texts there are.
    pub(super) fn len(&self) -> usize {
        self.shards.iter().map(|shard| read(shard).len()).sum()
    }

    /// How many of them are sessions.
    pub(super) fn sessions(&self) -> usize {
        self.shards.iter().map(|shard| read(shard).sessions()).sum()
    }

    /// Puts an entry in, in place of one with the same digest.
    pub(super) fn insert(&self, entry: Entry) {
        let (number, at) = (entry.number, shard_of(entry.digest));
        let mut shard = write(&self.shards[at]);
        let before = shard.find(entry.digest).and_then(|place| Some((place, self.take(&mut shard, place)?)));
        let within = shard.insert(entry);
        drop(shard);
        if let Some((place, Entry { number: Some(number), .. })) = before {
            write(&self.numbers).forget(number.get(), Place::of(at, place));
        }
        if let Some(number) = number {
            write(&self.numbers).add(number.get(), Place::of(at, within));
        }
    }

    /// Takes the entry with this digest out.
    pub(super) fn remove(&self, digest: &Digest) -> Option<Entry> {
        let digest = halves(digest);
        let at = shard_of(digest);
        let mut shard = write(&self.shards[at]);
        let place = shard.find(digest)?;
        let entry = self.take(&mut shard, place)?;
        drop(shard);
        if let Some(number) = entry.number {
            write(&self.numbers).forget(number.get(), Place::of(at, place));
        }
        Some(entry)
    }

    /// Takes every entry of a token out.
    pub(super) fn remove_number(&self, number: TokenNumber) {
        for place in write(&self.numbers).take(number.0) {
            self.take(&mut write(&self.shards[place.shard()]), place.within());
        }
    }

    /// Changes every entry of a token.
    pub(super) fn change(&self, number: TokenNumber, mut change: impl FnMut(&mut Entry)) -> bool {
        let places = read(&self.numbers).places(number.0);
        for place in &places {
            if let Some(entry) = write(&self.shards[place.shard()]).at_mut(place.within()) {
                change(entry);
            }
        }
        !places.is_empty()
    }

    /// Drops the sessions that are over at `now`.
    pub(super) fn sweep(&self, now: Timestamp) {
        let now = now.as_millisecond();
        let over = |entry: &Entry| entry.number.is_none() && entry.expires <= now;
        for shard in &self.shards {
            let held = read(shard);
            let places: Vec<_> =
                held.entries().filter(|(_, entry)| over(entry)).map(|(place, _)| place).collect();
            drop(held);
            if !places.is_empty() {
                let mut shard = write(shard);
                for place in places {
                    // It may have been replaced meanwhile.
                    if shard.at(place).is_some_and(over) {
                        self.take(&mut shard, place);
                    }
                }
            }
        }
    }

    /// Takes over everything of `fresh`, and leaves it what was here but for its uses.
    pub(super) fn replace(&self, fresh: &Self) {
        for (mine, theirs) in self.shards.iter().zip(&fresh.shards) {
            let (mut mine, mut theirs) = (write(mine), write(theirs));
            std::mem::swap(&mut *mine, &mut *theirs);
            for (entry, uses) in theirs.used().filter_map(|place| theirs.at(place).zip(theirs.uses(place))) {
                let Some(number) = entry.number.map(|number| TokenNumber(number.get())) else { continue };
                let noted = mine.find(entry.digest).and_then(|place| mine.note(place, number, uses));
                noted.unwrap_or_else(|| self.adrift.add(number, uses));
            }
        }
        std::mem::swap(&mut *write(&self.numbers), &mut *write(&fresh.numbers));
    }

    /// Notes uses of what was found at this place.
    pub(super) fn note(&self, place: Place, number: TokenNumber, uses: Uses) {
        let noted = write(&self.shards[place.shard()]).note(place.within(), number, uses);
        noted.unwrap_or_else(|| self.adrift.add(number, uses));
    }

    /// The last use of a token, which may be written down a moment ago, and how many are not.
    pub(super) fn noted(&self, number: TokenNumber) -> Option<Uses> {
        let places = read(&self.numbers).places(number.0);
        let used = places.into_iter().filter_map(|place| {
            let shard = read(&self.shards[place.shard()]);
            shard.at(place.within()).filter(|entry| entry.is_of(number))?;
            shard.last_use(place.within())
        });
        used.chain(self.adrift.get(number))
            .reduce(|(one, few), (other, more)| (later(one, other), few + more))
    }

    /// Of how many texts there are uses that are not written down.
    pub(super) fn unwritten_len(&self) -> usize {
        self.shards.iter().map(|shard| read(shard).unwritten()).sum::<usize>() + self.adrift.len()
    }

    /// The tokens of which there are uses that are not written down, in the order of their numbers, and where.
    pub(super) fn used(&self) -> Vec<Used> {
        let adrift = self.adrift.tokens().into_iter();
        let mut used: Vec<_> = adrift.map(|token| Used { token, place: None }).collect();
        for (at, shard) in self.shards.iter().enumerate() {
            write(shard).forget_written();
            let shard = read(shard);
            used.extend(shard.used().filter_map(|place| {
                let token = TokenNumber(shard.at(place)?.number?.get());
                Some(Used { token, place: Some(Place::of(at, place)) })
            }));
        }
        used.sort_unstable_by_key(|used| used.token);
        used
    }

    /// Those of their uses that are not written down.
    pub(super) fn unwritten(&self, used: &[Used]) -> Vec<Unwritten> {
        let noted = |of: &Used| {
            let Some(place) = of.place else { return self.adrift.get(of.token) };
            let shard = read(&self.shards[place.shard()]);
            shard.at(place.within()).filter(|entry| entry.is_of(of.token))?;
            shard.uses(place.within())
        };
        used.iter().filter_map(|of| Some(Unwritten { of: *of, uses: noted(of)? })).collect()
    }

    /// These uses are written down; what came since is not.
    pub(super) fn written(&self, unwritten: &[Unwritten]) {
        for Unwritten { of: Used { token, place }, uses } in unwritten {
            let written = place
                .and_then(|place| write(&self.shards[place.shard()]).written(place.within(), *token, *uses));
            // Also what was taken out of its place while it was written down.
            written.unwrap_or_else(|| self.adrift.written(*token, *uses));
        }
    }

    /// Takes an entry out of its shard; its uses stay.
    fn take(&self, shard: &mut Shard, place: u32) -> Option<Entry> {
        let (entry, uses) = shard.remove(place)?;
        if let Some((number, uses)) = entry.number.zip(uses) {
            self.adrift.add(TokenNumber(number.get()), uses);
        }
        Some(entry)
    }
}

impl Place {
    /// Sixteen million texts fit in a shard, four thousand million in all.
    fn of(shard: usize, within: u32) -> Self {
        Self(u32::try_from(shard << 24).unwrap_or(NOWHERE) | within)
    }

    fn shard(self) -> usize {
        (self.0 >> 24) as usize
    }

    fn within(self) -> u32 {
        self.0 & 0x00FF_FFFF
    }
}

impl Numbers {
    fn places(&self, number: u64) -> Vec<Place> {
        let (page, at) = page_of(number);
        let first = self.pages.get(&page).map(|page| page[at]).filter(|place| *place != NOWHERE);
        first.into_iter().chain(self.more.get(&number).into_iter().flatten().copied()).map(Place).collect()
    }

    fn add(&mut self, number: u64, place: Place) {
        let (page, at) = page_of(number);
        let slot = &mut self.pages.entry(page).or_insert_with(|| Box::new([NOWHERE; PAGE]))[at];
        if *slot == NOWHERE {
            *slot = place.0;
        } else {
            self.more.entry(number).or_default().push(place.0);
        }
    }

    fn take(&mut self, number: u64) -> Vec<Place> {
        let places = self.places(number);
        self.more.remove(&number);
        let (page, at) = page_of(number);
        if let Some(page) = self.pages.get_mut(&page) {
            page[at] = NOWHERE;
        }
        places
    }

    fn forget(&mut self, number: u64, place: Place) {
        for other in self.take(number).into_iter().filter(|other| *other != place) {
            self.add(number, other);
        }
    }
}

fn page_of(number: u64) -> (u64, usize) {
    (number / PAGE as u64, usize::try_from(number % PAGE as u64).unwrap_or(0))
}

fn shard_of(key: [u64; 2]) -> usize {
    usize::try_from(key[1] % SHARDS as u64).unwrap_or(0)
}
