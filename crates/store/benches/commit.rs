//! What a durable change costs: 1, 16 and 64 callers, each of whom commits a token, its text and a journal line, beside
//! the least that durability costs here, a flushed append of 4 KiB to a file in the same directory.

#[path = "../tests/conformance/issue.rs"]
mod issue;

use counterfoil_core::store::Store;
use counterfoil_store::Sqlite;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use issue::{CHECK, EPOCH, first, issue as issued};
use std::fs::OpenOptions;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tempfile::TempDir;

/// Where builds go, and so not in memory, as the system's own place for temporary files may be.
fn directory() -> TempDir {
    TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap_or_else(|why| unreachable!("no directory: {why}"))
}

fn append(criterion: &mut Criterion) {
    let directory = directory();
    let mut file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(directory.path().join("appended"))
        .unwrap_or_else(|why| unreachable!("no file: {why}"));
    let mut group = criterion.benchmark_group("durable");
    group.throughput(Throughput::Elements(1));
    group.bench_function("append", |bencher| {
        bencher.iter(|| file.write_all(&[0xa5; 4096]).and_then(|()| file.sync_data()));
    });
    group.finish();
}

fn commit(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build();
    let runtime = runtime.unwrap_or_else(|why| unreachable!("no runtime: {why}"));
    let mut group = criterion.benchmark_group("durable");
    for writers in [1, 16, 64] {
        let directory = directory();
        let store = Sqlite::create(&directory.path().join("store.db"), CHECK, &first(), EPOCH);
        let store: Arc<dyn Store> = Arc::new(store.unwrap_or_else(|why| unreachable!("no store: {why}")));
        let next = Arc::new(AtomicU64::new(1));
        group.throughput(Throughput::Elements(writers));
        group.bench_function(BenchmarkId::new("commit", writers), |bencher| {
            // Each writer commits on and on, so that all of them are always waiting, as in service.
            bencher.iter_custom(|rounds| runtime.block_on(together(&store, &next, writers, rounds)));
        });
    }
    group.finish();
}

/// How long it takes `writers` tasks to commit `rounds` changes each.
async fn together(store: &Arc<dyn Store>, next: &Arc<AtomicU64>, writers: u64, rounds: u64) -> Duration {
    let start = std::time::Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..writers {
        let (store, next) = (Arc::clone(store), Arc::clone(next));
        tasks.spawn(async move {
            for _ in 0..rounds {
                let done = store.commit(issued(next.fetch_add(1, Ordering::Relaxed))).await;
                done.unwrap_or_else(|why| unreachable!("not committed: {why}"));
            }
        });
    }
    tasks.join_all().await;
    start.elapsed()
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20).measurement_time(Duration::from_secs(5));
    targets = append, commit
}
criterion_main!(benches);
