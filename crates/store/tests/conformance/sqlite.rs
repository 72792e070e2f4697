//! What only the SQLite store promises: it is still there after it was closed, it is opened by one process at a time,
//! and what is not a store of ours is refused in one sentence.

use crate::house::token_of;
use crate::issue::{CHECK, EPOCH, HOME, at, change, first, issue, realm, token};
use counterfoil_core::store::{JournalFilter, Key, Query, Record, SortBy, Store, TokenFilter, Write};
use counterfoil_core::token::TokenNumber;
use counterfoil_store::{OpenError, Sqlite};
use rusqlite::Connection;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// A directory and the path of a store in it that was made and closed again.
fn made() -> (TempDir, PathBuf) {
    let (directory, path) = nothing();
    drop(Sqlite::create(&path, CHECK, &first(), EPOCH).unwrap());
    (directory, path)
}

fn nothing() -> (TempDir, PathBuf) {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("store.db");
    (directory, path)
}

/// The sentence, with the path put shortly.
fn refusal(path: &Path, opened: Result<Sqlite, OpenError>) -> String {
    match opened {
        Ok(_) => panic!("{} was opened", path.display()),
        Err(why) => why.to_string().replace(path.to_str().unwrap(), "PATH"),
    }
}

fn refused(path: &Path) -> String {
    refusal(path, Sqlite::open(path, CHECK))
}

fn names(directory: &TempDir) -> Vec<String> {
    let entries = fs::read_dir(directory.path()).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[tokio::test]
async fn what_was_committed_is_there_after_reopening() {
    let (_directory, path) = nothing();
    let store = Sqlite::create(&path, CHECK, &first(), EPOCH).unwrap();
    for number in 1..=5 {
        store.commit(issue(number)).await.unwrap();
    }
    assert_eq!(store.reserve(10).await.unwrap(), 1);
    let (meta, lines) =
        (store.meta().await.unwrap(), store.journal(JournalFilter::default(), 99).await.unwrap());
    drop(store);

    let store = Sqlite::open(&path, CHECK).unwrap();
    assert_eq!(store.meta().await.unwrap(), meta);
    assert_eq!(store.journal(JournalFilter::default(), 99).await.unwrap(), lines);
    assert_eq!(store.reserve(1).await.unwrap(), 11, "a number is never given twice");
    let filter = Box::new(TokenFilter::of(HOME));
    let query = Query::Tokens { filter, sort: SortBy::Name, descending: false, after: None, limit: 9 };
    let numbers: Vec<u64> =
        store.list(query).await.unwrap().iter().map(|record| token_of(record).number.0).collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5]);
}

#[tokio::test]
async fn what_waits_when_the_handle_goes_is_committed() {
    let (_directory, path) = made();
    let store = Sqlite::open(&path, CHECK).unwrap();
    // Polled once, so that it waits in the queue; then its caller goes away.
    let mut commit = store.commit(issue(1));
    let polled =
        std::future::poll_fn(|context| std::task::Poll::Ready(commit.as_mut().poll(context).is_ready()));
    polled.await;
    drop(commit);
    drop(store);
    let store = Sqlite::open(&path, CHECK).unwrap();
    assert!(store.find(Key::Token(TokenNumber(1))).await.unwrap().is_some());
}

#[tokio::test]
async fn the_first_tokens_number_is_not_given_again() {
    let (_directory, path) = nothing();
    let mut beginning = first();
    beginning.writes.push(Write::Insert(Record::Token(token(7))));
    let store = Sqlite::create(&path, CHECK, &beginning, EPOCH).unwrap();
    assert_eq!(store.reserve(1).await.unwrap(), 8);
}

#[test]
fn a_store_is_made_whole_and_private_and_leaves_nothing_beside_it() {
    let (directory, path) = nothing();
    // What a crash while making a store leaves.
    for leftover in ["store.db.new", "store.db.new-wal"] {
        fs::write(directory.path().join(leftover), "half").unwrap();
    }
    drop(Sqlite::create(&path, CHECK, &first(), EPOCH).unwrap());
    assert_eq!(names(&directory), ["store.db", "store.db.lock"]);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    drop(Sqlite::open(&path, CHECK).unwrap());

    let torn = change(vec![Write::Insert(Record::Realm(realm(1))), Write::Insert(Record::Realm(realm(1)))]);
    let (directory, path) = nothing();
    let why = refusal(&path, Sqlite::create(&path, CHECK, &torn, EPOCH));
    assert_eq!(why, "the first records cannot be kept: the realm id is taken");
    assert!(!names(&directory).contains(&"store.db".to_owned()));
}

#[test]
fn a_store_is_not_made_over_anything() {
    for present in ["store.db", "store.db-wal"] {
        let (directory, path) = nothing();
        fs::write(directory.path().join(present), "mine").unwrap();
        let why = refusal(&path, Sqlite::create(&path, CHECK, &first(), EPOCH));
        let name = present.replace("store.db", "PATH");
        assert_eq!(
            why,
            format!("{name} exists already: open it as it is, or move it away before making a store")
        );
        assert_eq!(fs::read(directory.path().join(present)).unwrap(), b"mine");
    }
}

#[test]
fn one_process_holds_a_store() {
    let (_directory, path) = made();
    let store = Sqlite::open(&path, CHECK).unwrap();
    let sentence =
        "PATH is in use by another process: stop that process, or ask it instead of opening its store";
    assert_eq!(refused(&path), sentence);
    drop(store);
    drop(Sqlite::open(&path, CHECK).unwrap());
}

#[test]
fn what_is_no_file_is_refused() {
    let (directory, path) = nothing();
    assert_eq!(
        refused(&path),
        "PATH does not exist: make a store with `counterfoil init`, or correct the path"
    );
    assert_eq!(refused(directory.path()), "PATH is a directory: name the database file itself");
    assert_eq!(refused(Path::new("/dev/null")), "PATH is not a regular file: name the database file itself");
    fs::write(&path, "").unwrap();
    assert_eq!(
        refused(&path),
        "PATH is empty, so it is no store: put the right file back, or remove it and make a store with \
         `counterfoil init`"
    );
    assert_eq!(fs::metadata(&path).unwrap().len(), 0, "nothing was made of it");
}

#[test]
fn what_is_not_ours_is_refused_and_left_as_it_was() {
    let (_directory, path) = nothing();
    fs::write(&path, "no database".repeat(400)).unwrap();
    let sentence = "PATH is not an SQLite database: correct the path, or restore the file from a backup";
    assert_eq!(refused(&path), sentence);

    fs::remove_file(&path).unwrap();
    let foreign = Connection::open(&path).unwrap();
    foreign.execute_batch("PRAGMA application_id = 0x12; CREATE TABLE t (i)").unwrap();
    drop(foreign);
    let before = fs::read(&path).unwrap();
    let sentence = "PATH is the database of another program (application id 0x00000012): correct the path";
    assert_eq!(refused(&path), sentence);
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn another_root_secret_and_a_newer_schema_are_refused() {
    let (_directory, path) = made();
    assert_eq!(
        refusal(&path, Sqlite::open(&path, [8; 16])),
        "PATH was made with another root secret: bring that secret, or correct the path"
    );
    Connection::open(&path).unwrap().execute_batch("PRAGMA user_version = 99").unwrap();
    assert_eq!(
        refused(&path),
        "PATH has schema 99 and this build knows schemas up to 6: run the build that wrote it, or a newer one"
    );
}

/// Spoils a page that no load reads.
fn damage(path: &Path) {
    let of_journal = "SELECT rootpage FROM sqlite_schema WHERE name = 'journal_subject'";
    let page: usize = Connection::open(path).unwrap().query_one(of_journal, [], |row| row.get(0)).unwrap();
    let mut bytes = fs::read(path).unwrap();
    bytes[(page - 1) * 4096..][..4096].fill(0xa5);
    fs::write(path, &bytes).unwrap();
}

#[test]
fn a_damaged_store_that_nobody_closed_is_refused() {
    let (_directory, path) = made();
    damage(&path);
    fs::write(path.with_extension("db-wal"), "").unwrap();
    let why = refused(&path);
    assert!(why.starts_with("PATH is damaged (") && why.ends_with("): restore it from a backup"), "{why}");
}

#[tokio::test]
async fn a_damaged_store_that_was_closed_is_given_up_once_it_is_looked_through() {
    let (_directory, path) = made();
    damage(&path);
    let store = Sqlite::open(&path, CHECK).unwrap();
    store.load(at(0), Box::new(drop)).await.unwrap();
    store.broken().await;
    assert!(store.commit(issue(1)).await.is_err());
    drop(store);
    assert!(refused(&path).starts_with("PATH is damaged ("), "whoever comes next is told");
}

#[test]
fn a_store_cut_short_is_refused() {
    let (_directory, path) = made();
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    let why = refused(&path);
    assert!(why.starts_with("PATH is damaged ("), "{why}");
}

/// Permission bits mean nothing to root, so the opening is done by a process that is nobody.
#[test]
fn a_store_that_cannot_be_written_is_refused() {
    for (file, around) in [(0o444, 0o777), (0o666, 0o555)] {
        let (directory, path) = made();
        fs::set_permissions(path.with_extension("db.lock"), PermissionsExt::from_mode(0o666)).unwrap();
        fs::set_permissions(&path, PermissionsExt::from_mode(file)).unwrap();
        fs::set_permissions(directory.path(), PermissionsExt::from_mode(around)).unwrap();
        // Beside the store, because nobody may not look where programs are built.
        let (place, program) = (TempDir::new().unwrap(), crate::faults::acknowledged());
        fs::set_permissions(place.path(), PermissionsExt::from_mode(0o755)).unwrap();
        let copy = place.path().join("acknowledged");
        fs::copy(program, &copy).unwrap();
        let run = Command::new("setpriv")
            .args(["--reuid=65534", "--regid=65534", "--clear-groups", "--"])
            .arg(&copy)
            .arg(&path)
            .arg("1")
            .output()
            .unwrap();
        let why = String::from_utf8(run.stdout).unwrap().replace(path.to_str().unwrap(), "PATH");
        assert!(
            why.starts_with("unopened PATH cannot be written (")
                && why.contains("): give this user write access to the file and its directory"),
            "{why}{}",
            String::from_utf8_lossy(&run.stderr)
        );
    }
}

#[tokio::test]
async fn a_url_names_the_database() {
    let (_directory, path) = nothing();
    let url = format!("sqlite:{}", path.display());
    assert!(!counterfoil_store::exists(&url).await.unwrap());
    drop(counterfoil_store::create(&url, CHECK, first(), EPOCH).await.unwrap());
    assert!(counterfoil_store::exists(&url).await.unwrap());
    let opened = counterfoil_store::open(&url, CHECK).await.unwrap();
    drop(opened.store);
    opened.broken.await;

    let way_out = "; this build keeps its store in SQLite: write `sqlite:` and the path of the file";
    for (url, why) in [
        ("postgres://user:hush@host/db", "there is no store behind `postgres:`"),
        ("store.db", "a store is named by a URL"),
        ("sqlite:", "`sqlite:` names no file"),
        ("sqlite://store.db", "`sqlite://` would name a host"),
    ] {
        let said = counterfoil_store::exists(url).await.unwrap_err().to_string();
        assert_eq!(said, format!("{why}{way_out}"));
    }
}
