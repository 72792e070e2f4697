//! The table from digests to credentials, and from token numbers to their texts: many small locked shards, each a
//! list of records and the places of their digests in it. `docs/decisions/0006` says what else was measured.

use super::facts::{Known, Label, Terms};
use super::{read, write};
use crate::clock::from_millis;
use crate::secret::Digest;
use crate::sync::RwLock;
use crate::token::TokenNumber;
use hashbrown::{HashMap, HashTable};
use jiff::Timestamp;
use std::num::NonZeroU64;
use std::sync::Arc;

/// One text that may count: 56 bytes.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    /// The first half of the digest: 128 bits of a keyed hash, which nobody can aim at.
    digest: [u64; 2],
    /// None: a session.
    pub(super) number: Option<NonZeroU64>,
    /// Milliseconds.
    pub(super) issued: i64,
    /// Milliseconds; `i64::MAX`: never.
    pub(super) expires: i64,
    pub(super) terms: Arc<Terms>,
    pub(super) label: Arc<Label>,
}

impl Entry {
    pub(super) fn new(
        digest: &Digest,
        number: Option<TokenNumber>,
        issued: Timestamp,
        expires: Option<Timestamp>,
        terms: Arc<Terms>,
        label: Arc<Label>,
    ) -> Self {
        Self {
            digest: halves(digest),
            number: number.and_then(|number| NonZeroU64::new(number.0)),
            issued: issued.as_millisecond(),
            expires: expires.map_or(i64::MAX, Timestamp::as_millisecond),
            terms,
            label,
        }
    }

    /// When it was issued and when it ends.
    pub(super) fn times(&self) -> (Timestamp, Option<Timestamp>) {
        (from_millis(self.issued), (self.expires != i64::MAX).then(|| from_millis(self.expires)))
    }

    /// What it is, for whoever brought this text.
    fn known(&self, text: &str) -> Known {
        let number = self.number.map(|number| TokenNumber(number.get()));
        Known::found_by(text, number, self.times(), Arc::clone(&self.terms), Arc::clone(&self.label))
    }
}

const SHARDS: usize = 256;
const PAGE: usize = 1_024;
/// No place.
const NOWHERE: u32 = u32::MAX;

/// So many entries are allocated at once: a list that grows by moving leaves holes behind.
const CHUNK: usize = 64;

#[derive(Debug, Default)]
struct Shard {
    places: HashTable<u32>,
    chunks: Vec<Box<[Option<Entry>]>>,
    free: Vec<u32>,
    sessions: usize,
}

/// Where an entry lies: its shard in the upper 8 bits, its place there in the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place(u32);

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
}

impl Default for Table {
    fn default() -> Self {
        Self { shards: (0..SHARDS).map(|_| RwLock::default()).collect(), numbers: RwLock::default() }
    }
}

impl Table {
    /// What a text with this digest opens.
    pub(super) fn get(&self, digest: &Digest, text: &str) -> Option<Known> {
        let key = halves(digest);
        let shard = read(&self.shards[shard_of(key)]);
        let place = *shard.places.find(key[0], |place| shard.is(*place, key))?;
        shard.at(place).map(|entry| entry.known(text))
    }

    /// A token by its internal number, for whoever brings this text.
    pub(super) fn by_number(&self, number: TokenNumber, text: &str) -> Option<Known> {
        self.sample(number).map(|entry| entry.known(text))
    }

    /// One entry of a token.
    pub(super) fn sample(&self, number: TokenNumber) -> Option<Entry> {
        let place = *read(&self.numbers).places(number.0).first()?;
        let shard = read(&self.shards[place.shard()]);
        // Between the two locks another entry may have taken its place.
        let own = |entry: &&Entry| entry.number.is_some_and(|own| own.get() == number.0);
        shard.at(place.within()).filter(own).cloned()
    }

    /// How many texts there are.
    pub(super) fn len(&self) -> usize {
        self.shards.iter().map(|shard| read(shard).places.len()).sum()
    }

    /// How many of them are sessions.
    pub(super) fn sessions(&self) -> usize {
        self.shards.iter().map(|shard| read(shard).sessions).sum()
    }

    /// Puts an entry in, in place of one with the same digest.
    pub(super) fn insert(&self, entry: Entry) {
        let (number, at) = (entry.number, shard_of(entry.digest));
        let mut shard = write(&self.shards[at]);
        let before = shard.remove_key(entry.digest);
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
        self.remove_key(halves(digest))
    }

    /// Takes every entry of a token out.
    pub(super) fn remove_number(&self, number: TokenNumber) {
        for place in write(&self.numbers).take(number.0) {
            write(&self.shards[place.shard()]).remove_at(place.within());
        }
    }

    /// Changes every entry of a token.
    pub(super) fn change(&self, number: TokenNumber, mut change: impl FnMut(&mut Entry)) -> bool {
        let places = read(&self.numbers).places(number.0);
        for place in &places {
            let mut shard = write(&self.shards[place.shard()]);
            if let Some(entry) = slot(&mut shard.chunks, place.within()).and_then(Option::as_mut) {
                change(entry);
            }
        }
        !places.is_empty()
    }

    /// Drops the sessions that are over at `now`.
    pub(super) fn sweep(&self, now: Timestamp) {
        let now = now.as_millisecond();
        for shard in &self.shards {
            let over = |entry: &Entry| entry.number.is_none() && entry.expires <= now;
            let shard_now = read(shard);
            let places = (0_u32..).zip(shard_now.chunks.iter().flat_map(|chunk| chunk.iter()));
            let places: Vec<_> = places
                .filter(|(_, entry)| entry.as_ref().is_some_and(over))
                .map(|(place, _)| place)
                .collect();
            drop(shard_now);
            if !places.is_empty() {
                let mut shard = write(shard);
                for place in places {
                    // It may have been replaced meanwhile.
                    if shard.at(place).is_some_and(over) {
                        shard.remove_at(place);
                    }
                }
            }
        }
    }

    /// Takes over everything of `fresh`.
    pub(super) fn replace(&self, fresh: &Self) {
        for (mine, theirs) in self.shards.iter().zip(&fresh.shards) {
            std::mem::swap(&mut *write(mine), &mut *write(theirs));
        }
        std::mem::swap(&mut *write(&self.numbers), &mut *write(&fresh.numbers));
    }

    fn remove_key(&self, key: [u64; 2]) -> Option<Entry> {
        let at = shard_of(key);
        let (place, entry) = write(&self.shards[at]).remove_key(key)?;
        if let Some(number) = entry.number {
            write(&self.numbers).forget(number.get(), Place::of(at, place));
        }
        Some(entry)
    }
}

impl Shard {
    fn at(&self, place: u32) -> Option<&Entry> {
        entry(&self.chunks, place)
    }

    fn is(&self, place: u32, key: [u64; 2]) -> bool {
        self.at(place).is_some_and(|entry| entry.digest == key)
    }

    fn insert(&mut self, entry: Entry) -> u32 {
        let key = entry.digest;
        self.sessions += usize::from(entry.number.is_none());
        if self.free.is_empty() {
            let first = u32::try_from(self.chunks.len() * CHUNK).unwrap_or(NOWHERE);
            self.chunks.push(std::iter::repeat_with(|| None).take(CHUNK).collect());
            self.free.extend((first..).take(CHUNK));
        }
        let place = self.free.pop().unwrap_or(NOWHERE);
        if let Some(slot) = slot(&mut self.chunks, place) {
            *slot = Some(entry);
        }
        let chunks = &self.chunks;
        let hash = |place: &u32| self::entry(chunks, *place).map_or(0, |entry| entry.digest[0]);
        self.places.insert_unique(key[0], place, hash);
        place
    }

    fn remove_key(&mut self, key: [u64; 2]) -> Option<(u32, Entry)> {
        let place = *self.places.find(key[0], |place| self.is(*place, key))?;
        self.remove_at(place).map(|entry| (place, entry))
    }

    fn remove_at(&mut self, place: u32) -> Option<Entry> {
        let entry = slot(&mut self.chunks, place)?.take()?;
        if let Ok(found) = self.places.find_entry(entry.digest[0], |held| *held == place) {
            found.remove();
        }
        self.free.push(place);
        self.sessions -= usize::from(entry.number.is_none());
        Some(entry)
    }
}

fn entry(chunks: &[Box<[Option<Entry>]>], place: u32) -> Option<&Entry> {
    let place = place as usize;
    chunks.get(place / CHUNK)?[place % CHUNK].as_ref()
}

fn slot(chunks: &mut [Box<[Option<Entry>]>], place: u32) -> Option<&mut Option<Entry>> {
    let place = place as usize;
    Some(&mut chunks.get_mut(place / CHUNK)?[place % CHUNK])
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

fn halves(digest: &Digest) -> [u64; 2] {
    let (words, _) = digest.0.as_chunks::<8>();
    [u64::from_le_bytes(words[0]), u64::from_le_bytes(words[1])]
}

fn shard_of(key: [u64; 2]) -> usize {
    usize::try_from(key[1] % SHARDS as u64).unwrap_or(0)
}
