//! What the index could be: the tables that were considered, each with a million records like those of the index, asked in
//! turns for random digests. One line each: nanoseconds for a record found alone and beside a writer, and bytes a record.
//!
//! `cargo bench -p counterfoil-core --bench candidates`; `RECORDS=10000000` asks for ten million. Only what was measured
//! in one run can be compared: the turns are short and taken one after the other, and the median is told.

#![expect(
    clippy::disallowed_methods,
    reason = "a benchmark is told its size by its environment, and the time by the clock"
)]

#[expect(dead_code, reason = "these turns do not need all of it")]
#[cfg_attr(test, expect(unused_imports, reason = "its tests are run where it is at home"))]
#[path = "../src/index/places.rs"]
mod places;

use hashbrown::HashTable;
use places::Places;
use std::hash::{BuildHasherDefault, Hasher};
use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Instant;

type Digest = [u64; 4];

/// As large as a record of the index.
#[derive(Clone)]
struct Record {
    digest: [u64; 2],
    _times: [u64; 4],
    terms: Arc<()>,
    label: Arc<()>,
    _uses: u64,
}

impl Record {
    fn new(digest: &Digest, terms: &Arc<()>) -> Self {
        let digest = [digest[0], digest[1]];
        Self { digest, _times: [0; 4], terms: Arc::clone(terms), label: Arc::clone(terms), _uses: 0 }
    }

    /// What a verification copies of it.
    fn known(&self) -> (Arc<()>, Arc<()>) {
        (Arc::clone(&self.terms), Arc::clone(&self.label))
    }

    fn is(&self, digest: &Digest) -> bool {
        self.digest == digest[..2]
    }
}

trait Table: Sync {
    fn get(&self, digest: &Digest) -> Option<(Arc<()>, Arc<()>)>;
    fn insert(&self, digest: &Digest, record: Record);
    fn remove(&self, digest: &Digest);
}

const SHARDS: usize = 256;

/// One of many parts of a table, each behind a lock of its own.
trait Shard: Default {
    fn find(&self, digest: &Digest) -> Option<&Record>;
    fn insert(&mut self, record: Record);
    fn remove(&mut self, digest: &Digest);
}

struct Sharded<S>(Vec<RwLock<S>>);

impl<S: Shard> Default for Sharded<S> {
    fn default() -> Self {
        Self((0..SHARDS).map(|_| RwLock::default()).collect())
    }
}

impl<S: Shard + Send + Sync> Sharded<S> {
    fn at(&self, digest: &Digest) -> &RwLock<S> {
        &self.0[usize::try_from(digest[1] % SHARDS as u64).unwrap_or(0)]
    }

    fn read(&self, digest: &Digest) -> RwLockReadGuard<'_, S> {
        self.at(digest).read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, digest: &Digest) -> RwLockWriteGuard<'_, S> {
        self.at(digest).write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: Shard + Send + Sync> Table for Sharded<S> {
    fn get(&self, digest: &Digest) -> Option<(Arc<()>, Arc<()>)> {
        self.read(digest).find(digest).map(Record::known)
    }

    fn insert(&self, digest: &Digest, record: Record) {
        self.write(digest).insert(record);
    }

    fn remove(&self, digest: &Digest) {
        self.write(digest).remove(digest);
    }
}

/// Records in small lists, found through places of four bytes.
#[derive(Default)]
struct Listed {
    lists: Vec<Box<[Option<Record>]>>,
    free: Vec<u32>,
}

const LIST: usize = 64;

impl Listed {
    fn at(&self, place: u32) -> Option<&Record> {
        self.lists[place as usize / LIST][place as usize % LIST].as_ref()
    }

    fn slot(&mut self, place: u32) -> &mut Option<Record> {
        &mut self.lists[place as usize / LIST][place as usize % LIST]
    }

    fn add(&mut self, record: Record) -> u32 {
        if self.free.is_empty() {
            let first = u32::try_from(self.lists.len() * LIST).unwrap_or(0);
            self.lists.push(std::iter::repeat_with(|| None).take(LIST).collect());
            self.free.extend((first..).take(LIST));
        }
        let place = self.free.pop().unwrap_or(0);
        *self.slot(place) = Some(record);
        place
    }

    fn take(&mut self, place: u32) {
        *self.slot(place) = None;
        self.free.push(place);
    }

    fn first(&self, place: u32) -> u64 {
        self.at(place).map_or(0, |record| record.digest[0])
    }
}

/// Through a common hash table.
#[derive(Default)]
struct Hashed {
    places: HashTable<u32>,
    listed: Listed,
}

impl Shard for Hashed {
    fn find(&self, digest: &Digest) -> Option<&Record> {
        let is = |place: &u32| self.listed.at(*place).is_some_and(|record| record.is(digest));
        self.places.find(digest[0], is).and_then(|place| self.listed.at(*place))
    }

    fn insert(&mut self, record: Record) {
        let first = record.digest[0];
        let place = self.listed.add(record);
        let listed = &self.listed;
        self.places
            .insert_unique(first, place, |place| listed.at(*place).map_or(0, |record| record.digest[0]));
    }

    fn remove(&mut self, digest: &Digest) {
        let is = |place: &u32| self.listed.at(*place).is_some_and(|record| record.is(digest));
        if let Ok(found) = self.places.find_entry(digest[0], is) {
            let (place, _) = found.remove();
            self.listed.take(place);
        }
    }
}

/// Through places that carry eight bits of the digest each, which is what the index is.
#[derive(Default)]
struct Tagged {
    places: Places,
    listed: Listed,
}

impl Shard for Tagged {
    fn find(&self, digest: &Digest) -> Option<&Record> {
        let is = |place| self.listed.at(place).is_some_and(|record| record.is(digest));
        self.places.find(digest[0], is).and_then(|place| self.listed.at(place))
    }

    fn insert(&mut self, record: Record) {
        let first = record.digest[0];
        let place = self.listed.add(record);
        self.places.insert(first, place, |place| self.listed.first(place));
    }

    fn remove(&mut self, digest: &Digest) {
        let is = |place| self.listed.at(place).is_some_and(|record| record.is(digest));
        if let Some(place) = self.places.find(digest[0], is) {
            self.places.remove(digest[0], place, |place| self.listed.first(place));
            self.listed.take(place);
        }
    }
}

/// Own open addressing of the records themselves.
#[derive(Default)]
struct Open {
    records: Vec<Option<Record>>,
    len: usize,
}

impl Open {
    fn home(&self, first: u64) -> usize {
        usize::try_from((u128::from(first) * self.records.len() as u128) >> 64).unwrap_or(0)
    }

    fn search(&self, digest: &Digest) -> Option<usize> {
        let mut at = self.home(digest[0]);
        loop {
            if self.records.get(at)?.as_ref()?.is(digest) {
                return Some(at);
            }
            at = (at + 1) % self.records.len();
        }
    }

    fn put(&mut self, record: Record) {
        let mut at = self.home(record.digest[0]);
        while self.records[at].is_some() {
            at = (at + 1) % self.records.len();
        }
        self.records[at] = Some(record);
    }
}

impl Shard for Open {
    fn find(&self, digest: &Digest) -> Option<&Record> {
        self.search(digest).and_then(|at| self.records[at].as_ref())
    }

    fn insert(&mut self, record: Record) {
        if self.len * 5 >= self.records.len() * 4 {
            // By a quarter, or half of it would be empty: the records are large.
            let larger = (self.records.len() * 5 / 4).max(16);
            let larger = std::iter::repeat_with(|| None).take(larger).collect();
            for record in std::mem::replace(&mut self.records, larger).into_iter().flatten() {
                self.put(record);
            }
        }
        self.put(record);
        self.len += 1;
    }

    fn remove(&mut self, digest: &Digest) {
        let Some(mut free) = self.search(digest) else { return };
        let size = self.records.len();
        let mut at = free;
        loop {
            at = (at + 1) % size;
            let Some(record) = &self.records[at] else { break };
            let home = self.home(record.digest[0]);
            if (at + size - home) % size >= (at + size - free) % size {
                self.records.swap(free, at);
                free = at;
            }
        }
        self.records[free] = None;
        self.len -= 1;
    }
}

/// A digest is as good as its own hash.
#[derive(Default)]
struct First(u64);

impl Hasher for First {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes.first_chunk().map_or(0, |first| u64::from_le_bytes(*first));
    }

    fn write_u64(&mut self, word: u64) {
        self.0 = word;
    }
}

type Papaya = papaya::HashMap<[u8; 32], Record, BuildHasherDefault<First>>;

fn bytes(digest: &Digest) -> [u8; 32] {
    let mut bytes = [0; 32];
    for (into, word) in bytes.chunks_exact_mut(8).zip(digest) {
        into.copy_from_slice(&word.to_le_bytes());
    }
    bytes
}

impl Table for Papaya {
    fn get(&self, digest: &Digest) -> Option<(Arc<()>, Arc<()>)> {
        self.pin().get(&bytes(digest)).map(Record::known)
    }

    fn insert(&self, digest: &Digest, record: Record) {
        self.pin().insert(bytes(digest), record);
    }

    fn remove(&self, digest: &Digest) {
        self.pin().remove(&bytes(digest));
    }
}

/// The same numbers in every run (splitmix64).
fn digest(number: u64) -> Digest {
    let word = |place: u64| {
        let mut word = (number * 4 + place).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        word ^ (word >> 31)
    };
    [word(0), word(1), word(2), word(3)]
}

fn resident() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    statm.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or(0) * 4_096
}

/// Lookups in one turn, and how many turns.
const LOOKUPS: u64 = 200_000;
const TURNS: u64 = 15;

/// Nanoseconds a lookup of so many random records.
fn turn(table: &dyn Table, records: u64, turn: u64) -> u64 {
    let wanted: Vec<_> = (0..LOOKUPS).map(|at| digest(digest(turn * LOOKUPS + at)[0] % records)).collect();
    let began = Instant::now();
    for digest in &wanted {
        assert!(black_box(table.get(digest)).is_some());
    }
    u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX) / LOOKUPS
}

/// The same while another thread puts records in and takes them out, as fast as it can.
fn beside_a_writer(table: &dyn Table, records: u64, number: u64, terms: &Arc<()>) -> u64 {
    let over = AtomicBool::new(false);
    std::thread::scope(|threads| {
        threads.spawn(|| {
            for more in (0..10_000).cycle() {
                let more = digest(records + more);
                table.insert(&more, Record::new(&more, terms));
                table.remove(&more);
                if over.load(Ordering::Relaxed) {
                    break;
                }
            }
        });
        let nanoseconds = turn(table, records, number);
        over.store(true, Ordering::Relaxed);
        nanoseconds
    })
}

fn median(mut figures: Vec<u64>) -> u64 {
    figures.sort_unstable();
    figures[figures.len() / 2]
}

type Candidate = (&'static str, fn() -> Box<dyn Table>);

fn main() {
    let records = std::env::var("RECORDS").ok().and_then(|text| text.parse().ok()).unwrap_or(1_000_000);
    let terms = Arc::new(());
    let candidates: [Candidate; 4] = [
        ("shards, tagged places", || Box::<Sharded<Tagged>>::default()),
        ("shards, hash table of places", || Box::<Sharded<Hashed>>::default()),
        ("shards, open addressing of records", || Box::<Sharded<Open>>::default()),
        ("papaya", || Box::<Papaya>::default()),
    ];
    let filled = candidates.map(|(name, make)| {
        let (table, before) = (make(), resident());
        for number in 0..records {
            let digest = digest(number);
            table.insert(&digest, Record::new(&digest, &terms));
        }
        (name, table, (resident() - before) / records)
    });
    let mut figures = [(); 4].map(|()| (Vec::new(), Vec::new()));
    for number in 0..TURNS {
        for ((_, table, _), (alone, beside)) in filled.iter().zip(&mut figures) {
            alone.push(turn(&**table, records, number));
            beside.push(beside_a_writer(&**table, records, number, &terms));
        }
    }
    println!("{records} records: ns alone, ns beside a writer, bytes");
    for ((name, _, bytes), (alone, beside)) in filled.iter().zip(figures) {
        println!("{name:36} {:6} {:6} {bytes:6}", median(alone), median(beside));
    }
}
