//! What stands between a start and the first answer: opening a file of a million random tokens, streaming what may count
//! out of it, and both of them with the index filled. Beside that, what it costs to write down a thousand last uses there, of
//! tokens issued one after the other and of any.
//!
//! `cargo bench -p counterfoil-store --bench load`

#[path = "../tests/conformance/issue.rs"]
mod issue;

use counterfoil_core::authority::{Authority, Ports};
use counterfoil_core::catalogue::Catalogue;
use counterfoil_core::fixture::{CountedEntropy, Inline, StillClock};
use counterfoil_core::format::Format;
use counterfoil_core::principal::Principal;
use counterfoil_core::scope::ScopeSet;
use counterfoil_core::secret::{Digest, Keys, RootSecret};
use counterfoil_core::store::{Change, Record, Store, Touch, Write};
use counterfoil_core::token::{Text, Token, TokenNumber, Use};
use counterfoil_store::Sqlite;
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use issue::{CHECK, EPOCH, HOME, OWNER, at, change, first, issue, text, token};
use sha2::{Digest as _, Sha256};
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;
use tokio::runtime::Runtime;

const TOKENS: u64 = 1_000_000;
/// Tokens in one change.
const AT_ONCE: u64 = 50_000;
/// How many names they share, as those of a fleet do.
const NAMES: u64 = 1_000;

/// Only whether its texts begin with the id is asked of it here.
static FORMAT: Format = Format { public: &[], hidden: &[], joined: true, shown_again: false };

fn load(criterion: &mut Criterion) {
    // Where builds go, and so not in memory, as the system's own place for temporary files may be.
    let directory = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap_or_else(|why| unreachable!("{why}"));
    let path = directory.path().join("store.db");
    let runtime = Runtime::new().unwrap_or_else(|why| unreachable!("no runtime: {why}"));
    runtime.block_on(fill(&path));
    let mut group = criterion.benchmark_group("a million tokens");
    group.sample_size(10);
    group.bench_function("open", |bencher| bencher.iter_with_large_drop(|| open(&path)));
    let store = open(&path);
    group.bench_function("load", |bencher| {
        bencher.iter(|| runtime.block_on(store.load(at(0), Box::new(drop))));
    });
    let mut round = 0;
    for (name, step) in [("touch a thousand neighbours", 1), ("touch a thousand others", 7_919)] {
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                round += 1;
                runtime.block_on(
                    store.touch((0..1_000).map(|at| used(round, (round * 1_000 + at) * step)).collect()),
                )
            });
        });
    }
    drop(store);
    group.bench_function("ready", |bencher| {
        // What is dropped closes the file, which nobody else may have open.
        bencher.iter_batched(|| (), |()| runtime.block_on(ready(&path)), BatchSize::PerIteration);
    });
    group.finish();
}

async fn fill(path: &Path) {
    let mut beginning = first();
    beginning.writes.push(Write::Insert(Record::Principal(Principal::new(OWNER, HOME, 1, "owner", at(0)))));
    let store = Sqlite::create(path, CHECK, &beginning, EPOCH).unwrap_or_else(|why| unreachable!("{why}"));
    for number in (0..TOKENS).step_by(usize::try_from(AT_ONCE).unwrap_or(1)) {
        let mut together = change(Vec::new());
        for Change { writes, journal, .. } in (number..number + AT_ONCE).map(issued) {
            together.writes.extend(writes);
            together.journal.extend(journal);
        }
        let done = store.commit(together).await;
        done.unwrap_or_else(|why| unreachable!("{why}"));
    }
}

/// As any token is issued, with a random id and digest.
fn issued(number: u64) -> Change {
    let number = number + 1;
    let digest: [u8; 32] = Sha256::digest(number.to_be_bytes()).into();
    let id = format!("cf_{}", &data_encoding::BASE32.encode(&digest)[..12]).into();
    let scopes =
        ScopeSet::of(if number.is_multiple_of(2) { &["deploy"] } else { &["logs.read", "metrics.read"] });
    let name = format!("service {}", number % NAMES).into();
    let token = Token { id, name, scopes, ..token(number) };
    let text = Text { digest: Digest(digest), ..text(number) };
    Change {
        writes: vec![Write::Insert(Record::Token(token)), Write::Insert(Record::Text(text))],
        ..issue(number)
    }
}

fn used(round: u64, number: u64) -> Touch {
    let used = Use { at: at(round.cast_signed()), address: Some([192, 0, 2, 1].into()) };
    Touch::Use { token: TokenNumber(1 + number % TOKENS), used, count: 1 }
}

fn open(path: &Path) -> Sqlite {
    Sqlite::open(path, CHECK).unwrap_or_else(|why| unreachable!("{why}"))
}

/// As `serve` does it.
async fn ready(path: &Path) -> Authority {
    let entropy = Arc::new(CountedEntropy::default());
    let root = RootSecret::generate(&*entropy).unwrap_or_else(|why| unreachable!("{why}"));
    let ports = Ports {
        store: Arc::new(open(path)),
        clock: Arc::new(StillClock::at(at(0))),
        entropy,
        pool: Arc::new(Inline),
        signing: Arc::new(Inline),
    };
    let formats = vec![("native", &FORMAT)];
    let house = Authority::open(ports, Keys::derive(&root), Catalogue::new(Vec::new()), formats).await;
    let house = house.unwrap_or_else(|why| unreachable!("{why}"));
    assert_eq!(house.index_len() as u64, TOKENS);
    house
}

criterion_group!(benches, load);
criterion_main!(benches);
