//! A store of an older schema is brought up to date when it is opened, and keeps what it held; a store of this schema
//! keeps every kind of record over a restart.

use crate::house::House;
use crate::issue::{CHECK, EPOCH, at, change, entry, realm, text, token};
use crate::records::{gate, lock, principal, replay, role, session, signing_key};
use counterfoil_core::journal::{Action, Entry};
use counterfoil_core::load::Loaded;
use counterfoil_core::store::{Change, JournalFilter, Key, Meta, Record, Write};
use rusqlite::Connection;
use std::path::Path;
use tempfile::TempDir;

/// One record of each kind that schema 1 knew and a load brings, in a load's order.
fn schema_1() -> Vec<Record> {
    vec![
        Record::Realm(realm(1)),
        Record::Role(role(1)),
        Record::Principal(principal(1)),
        Record::Token(token(1)),
        Record::Text(text(1)),
    ]
}

/// One record of each kind that schema 2 brought, in a load's order.
fn schema_2() -> Vec<Record> {
    vec![
        Record::Session(session(1)),
        Record::SigningKey(signing_key(1)),
        Record::Lock(lock("2001:db8::/64", false)),
    ]
}

/// One record of each kind that schema 4 brought.
fn schema_4() -> Vec<Record> {
    vec![Record::Gate(gate("front"))]
}

/// As a load brings them.
fn as_loaded(records: &[Record]) -> Vec<Loaded> {
    records.iter().cloned().map(Loaded::from).collect()
}

fn schema(path: &Path) -> i64 {
    let connection = Connection::open(path).unwrap();
    connection.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap()
}

#[tokio::test]
async fn schema_1_is_migrated_and_keeps_its_records() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("store.db");
    let old = Connection::open(&path).unwrap();
    old.execute_batch(include_str!("../../src/migrations/sqlite/0001_records.sql")).unwrap();
    old.execute_batch(include_str!("schema_1.sql")).unwrap();
    drop(old);
    assert_eq!(schema(&path), 1);

    let house = House::over(directory).await;
    assert_eq!(house.load(at(0)).await, as_loaded(&schema_1()));
    let replay = replay("k", at(9));
    assert_eq!(house.find(Key::Replay(replay.key.clone())).await, Some(Record::Replay(replay)));
    assert_eq!(house.store.meta().await.unwrap(), Meta { epoch: EPOCH, check: CHECK, mark: at(0) });
    let line = Entry { sequence: 1, ..entry(Action::TokenIssue, "cf_000000000001") };
    assert_eq!(house.store.journal(JournalFilter::default(), 9).await.unwrap(), [line]);
    assert_eq!(house.store.reserve(1).await.unwrap(), 11);

    let later = [schema_2(), schema_4()].concat();
    house.commit(change(later.into_iter().map(Write::Insert).collect())).await.unwrap();
    let every = [schema_1(), schema_2(), schema_4()].concat();
    assert_eq!(house.load(at(0)).await, as_loaded(&every));
    let house = house.reopened().await;
    assert_eq!(house.load(at(0)).await, as_loaded(&every), "opened again, nothing is migrated twice");
    assert_eq!(schema(&house.path()), 6);
}

#[tokio::test]
async fn a_store_keeps_every_kind_of_record_over_a_restart() {
    let every = [schema_1(), schema_2(), schema_4()].concat();
    let house = House::sqlite().await;
    // The realm is there from the beginning.
    let rest = every.iter().skip(1).cloned().map(Write::Insert).collect();
    house.commit(Change { at: at(7), ..change(rest) }).await.unwrap();
    let house = house.reopened().await;
    assert_eq!(house.load(at(0)).await, as_loaded(&every));
    assert_eq!(house.find(Key::Token(token(1).number)).await, Some(Record::Token(token(1))));
    assert_eq!(house.find(Key::Text(text(1).digest)).await, Some(Record::Text(text(1))));
    for key in [
        Key::Session(session(1).id),
        Key::SessionByDigest(session(1).digest),
        Key::SigningKey(signing_key(1).kid),
        Key::Gate("front".into()),
    ] {
        assert!(house.find(key).await.is_some());
    }
    house.commit(change(vec![Write::Unlock(session(1).principal)])).await.unwrap();
    let without: Vec<_> = every.into_iter().filter(|record| !matches!(record, Record::Lock(_))).collect();
    assert_eq!(house.reopened().await.load(at(0)).await, as_loaded(&without));
}
