//! One part of the table, behind one lock: a list of entries, the places of their digests in it, and which of them were
//! used.

use super::entry::Entry;
use super::places::Places;
use crate::token::{TokenNumber, Use};
use hashbrown::HashMap;
use std::net::IpAddr;

/// No place.
pub(super) const NOWHERE: u32 = u32::MAX;

/// So many entries are allocated at once: a list that grows by moving leaves holes behind.
const CHUNK: usize = 64;

#[derive(Debug, Default)]
pub(super) struct Shard {
    places: Places,
    chunks: Vec<Box<[Option<Entry>]>>,
    free: Vec<u32>,
    sessions: usize,
    /// Of each chunk a bit for each entry: it was used since that was last written down.
    used: Vec<u64>,
    /// How many of those bits are set.
    unwritten: usize,
    /// Addresses of last uses that have no room in their entries.
    beside: HashMap<u32, IpAddr>,
}

/// Uses that are not written down: the last one, and how many.
pub(super) type Uses = (Use, u64);

impl Shard {
    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    pub(super) fn sessions(&self) -> usize {
        self.sessions
    }

    pub(super) fn unwritten(&self) -> usize {
        self.unwritten
    }

    pub(super) fn at(&self, place: u32) -> Option<&Entry> {
        entry(&self.chunks, place)
    }

    pub(super) fn at_mut(&mut self, place: u32) -> Option<&mut Entry> {
        slot(&mut self.chunks, place)?.as_mut()
    }

    pub(super) fn find(&self, digest: [u64; 2]) -> Option<u32> {
        self.places.find(digest[0], |place| self.at(place).is_some_and(|entry| entry.digest == digest))
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = (u32, &Entry)> {
        let places = (0_u32..).zip(self.chunks.iter().flat_map(|chunk| chunk.iter()));
        places.filter_map(|(place, entry)| Some((place, entry.as_ref()?)))
    }

    pub(super) fn insert(&mut self, entry: Entry) -> u32 {
        let digest = entry.digest;
        self.sessions += usize::from(entry.number.is_none());
        if self.free.is_empty() {
            let first = u32::try_from(self.chunks.len() * CHUNK).unwrap_or(NOWHERE);
            self.chunks.push(std::iter::repeat_with(|| None).take(CHUNK).collect());
            self.used.push(0);
            self.free.extend((first..).take(CHUNK));
        }
        let place = self.free.pop().unwrap_or(NOWHERE);
        if let Some(slot) = slot(&mut self.chunks, place) {
            *slot = Some(entry);
        }
        let chunks = &self.chunks;
        self.places.insert(digest[0], place, |place| first_of(chunks, place));
        place
    }

    /// Takes an entry out, with its uses if they are not written down.
    pub(super) fn remove(&mut self, place: u32) -> Option<(Entry, Option<Uses>)> {
        let uses = self.uses(place);
        let first = self.at(place)?.digest[0];
        let chunks = &self.chunks;
        self.places.remove(first, place, |place| first_of(chunks, place));
        let entry = slot(&mut self.chunks, place)?.take()?;
        self.free.push(place);
        self.sessions -= usize::from(entry.number.is_none());
        self.mark(place, false);
        self.beside.remove(&place);
        Some((entry, uses))
    }

    /// Notes uses of the token at this place; none, if it is not there any more.
    pub(super) fn note(&mut self, place: u32, number: TokenNumber, (used, count): Uses) -> Option<()> {
        let entry = self.at_mut(place).filter(|entry| entry.is_of(number))?;
        match (entry.note(used, count), used.address) {
            (Some(true), Some(address)) => drop(self.beside.insert(place, address)),
            (Some(false), _) if !self.beside.is_empty() => drop(self.beside.remove(&place)),
            _ => {}
        }
        self.mark(place, true);
        Some(())
    }

    /// The uses of what is at this place, if they are not written down.
    pub(super) fn uses(&self, place: u32) -> Option<Uses> {
        let (word, bit) = bit(place);
        self.used.get(word).filter(|bits| **bits & bit != 0)?;
        self.last_use(place)
    }

    /// The last use of what is at this place, which may be written down, and how many are not.
    pub(super) fn last_use(&self, place: u32) -> Option<Uses> {
        let entry = self.at(place)?;
        Some((entry.last_use(self.beside.get(&place))?, u64::from(entry.uses)))
    }

    /// The places of those whose uses are not written down.
    pub(super) fn used(&self) -> impl Iterator<Item = u32> {
        let words = (0_u32..).step_by(CHUNK).zip(&self.used).filter(|(_, bits)| **bits != 0);
        words
            .flat_map(|(first, bits)| (0..64).filter(|bit| *bits >> bit & 1 == 1).map(move |bit| first + bit))
    }

    /// These uses of the token at this place are written down; what came since is not. None, if it is not there any more.
    pub(super) fn written(&mut self, place: u32, number: TokenNumber, (used, count): Uses) -> Option<()> {
        let beside = self.beside.get(&place).copied();
        let entry = self.at_mut(place).filter(|entry| entry.is_of(number))?;
        entry.uses = entry.uses.saturating_sub(u32::try_from(count).unwrap_or(u32::MAX));
        if entry.uses == 0 && entry.last_use(beside.as_ref()) == Some(used) {
            self.mark(place, false);
        }
        Some(())
    }

    /// Drops the addresses beside that are written down.
    pub(super) fn forget_written(&mut self) {
        let used = &self.used;
        self.beside.retain(|place, _| used.get(bit(*place).0).is_some_and(|bits| bits & bit(*place).1 != 0));
    }

    fn mark(&mut self, place: u32, used: bool) {
        let (word, bit) = bit(place);
        if let Some(bits) = self.used.get_mut(word)
            && (*bits & bit != 0) != used
        {
            *bits ^= bit;
            self.unwritten = if used { self.unwritten + 1 } else { self.unwritten - 1 };
        }
    }
}

fn bit(place: u32) -> (usize, u64) {
    (place as usize / CHUNK, 1 << (place as usize % CHUNK))
}

fn entry(chunks: &[Box<[Option<Entry>]>], place: u32) -> Option<&Entry> {
    let place = place as usize;
    chunks.get(place / CHUNK)?[place % CHUNK].as_ref()
}

fn first_of(chunks: &[Box<[Option<Entry>]>], place: u32) -> u64 {
    entry(chunks, place).map_or(0, |entry| entry.digest[0])
}

fn slot(chunks: &mut [Box<[Option<Entry>]>], place: u32) -> Option<&mut Option<Entry>> {
    let place = place as usize;
    Some(&mut chunks.get_mut(place / CHUNK)?[place % CHUNK])
}
