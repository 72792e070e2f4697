//! The poison rule under failing system calls: `strace` makes the n-th flush or write of each thread fail, and what was
//! acknowledged must be there afterwards. Every case shows that its fault was really injected.

use crate::issue::{CHECK, EPOCH, first};
use counterfoil_core::store::{JournalFilter, Key, Store};
use counterfoil_core::token::TokenNumber;
use counterfoil_store::Sqlite;
use std::path::PathBuf;
use std::process::Command;
use tempfile::TempDir;

const COUNT: u64 = 12;

/// The example of that name, which the test run has built.
pub(crate) fn acknowledged() -> PathBuf {
    let here = std::env::current_exe().unwrap();
    here.ancestors().nth(2).unwrap().join("examples/acknowledged")
}

/// What a run under a fault said.
struct Told {
    yes: Vec<u64>,
    no: Vec<u64>,
    unopened: bool,
    broken: bool,
    generation: u64,
    /// How many system calls were made to fail.
    injected: usize,
}

/// Runs the example over a store that is there already; `fault` is what `strace` makes of which calls.
async fn under(fault: &str) -> Told {
    let directory = TempDir::new().unwrap();
    let (path, trace) = (directory.path().join("store.db"), directory.path().join("trace"));
    drop(Sqlite::create(&path, CHECK, &first(), EPOCH).unwrap());
    let run = Command::new("strace")
        .args(["-f", "-qq", "-e", "trace=fsync,fdatasync,pwrite64,ftruncate", "-e"])
        .arg(format!("inject={fault}"))
        .arg("-o")
        .arg(&trace)
        .arg(acknowledged())
        .arg(&path)
        .arg(COUNT.to_string())
        .output()
        .unwrap();
    let said = String::from_utf8(run.stdout).unwrap();
    assert!(run.status.success(), "{fault}: {said}{}", String::from_utf8_lossy(&run.stderr));
    let numbers = |word: &str| {
        let number = |line: &str| line.strip_prefix(word)?.trim().parse().ok();
        said.lines().filter_map(number).collect::<Vec<u64>>()
    };
    let told = Told {
        yes: numbers("yes "),
        no: numbers("no "),
        unopened: said.starts_with("unopened"),
        broken: said.lines().any(|line| line == "broken"),
        generation: numbers("generation ").first().copied().unwrap_or_default(),
        injected: std::fs::read_to_string(&trace).unwrap().matches("(INJECTED)").count(),
    };

    let store = Sqlite::open(&path, CHECK).unwrap();
    for number in &told.yes {
        let found = store.find(Key::Token(TokenNumber(*number))).await.unwrap();
        assert!(found.is_some(), "{fault}: {number} was acknowledged and is gone");
    }
    let kept = store.journal(JournalFilter::default(), 99).await.unwrap().len();
    for number in &told.no {
        let token = store.find(Key::Token(TokenNumber(*number))).await.unwrap().is_some();
        let text = store.find(Key::Text(crate::issue::digest(*number))).await.unwrap().is_some();
        assert_eq!(token, text, "{fault}: half of {number} was kept");
    }
    assert!((told.yes.len()..=told.yes.len() + told.no.len()).contains(&kept));
    told
}

/// Both, since which of them SQLite calls depends on how it was built.
const FLUSH: &str = "fsync,fdatasync:error=EIO";
const WRITE: &str = "pwrite64:error=EIO";

#[tokio::test]
async fn without_faults_all_is_acknowledged() {
    let told = under("fsync:error=EIO:when=9999").await;
    assert_eq!((told.yes.len(), told.generation, told.injected), (12, 0, 0));
}

#[tokio::test]
async fn one_failing_flush_or_write_loses_nothing_acknowledged() {
    let mut recovered = 0;
    // The first writes and flushes are those of opening; a commit writes a dozen pages and flushes once.
    let flushes = (1..=14).map(|nth| (FLUSH, nth));
    let writes = (1..100).step_by(7).map(|nth| (WRITE, nth));
    for (fault, nth) in flushes.chain(writes) {
        let told = under(&format!("{fault}:when={nth}")).await;
        assert!(told.injected > 0, "{fault} {nth}: nothing failed");
        assert!(!told.broken, "{fault} {nth}: one failure is survived");
        assert!(told.unopened || told.yes.len() + told.no.len() == 12);
        let doubt = told.generation > 0;
        assert_eq!(told.no.is_empty(), !doubt, "{fault} {nth}: what is in doubt has to be loaded again");
        recovered += told.generation;
    }
    assert!(recovered > 0, "no commit was ever hit");
}

#[tokio::test]
async fn a_store_whose_disk_is_gone_gives_up() {
    for fault in [format!("{FLUSH}:when=8+"), format!("{WRITE}:when=80+")] {
        let told = under(&fault).await;
        assert!(told.injected > 1 && told.broken, "{fault}: broken {} after {}", told.broken, told.injected);
        assert!(!told.yes.is_empty() && !told.no.is_empty());
        assert!(told.yes.iter().max() < told.no.iter().min(), "{fault}: acknowledged after giving up");
    }
}

#[tokio::test]
async fn a_full_disk_is_waited_for() {
    // Full for a while, then there is space again: the changes after that are taken.
    let told = under("pwrite64:error=ENOSPC:when=80..83").await;
    assert_eq!(told.injected, 4);
    assert_eq!((told.no.len(), told.generation, told.broken), (4, 0, false), "nothing is in doubt");
    assert_eq!(told.yes.last(), Some(&COUNT));
}
