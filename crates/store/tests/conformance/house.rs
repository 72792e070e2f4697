//! A store under test, with short ways to fill it and to ask it.

use crate::issue::{CHECK, EPOCH, change, first};
use counterfoil_core::load::Loaded;
use counterfoil_core::memory::Memory;
use counterfoil_core::store::{
    Change, JournalFilter, Key, Query, Record, SortBy, Store, StoreError, TokenFilter, Write,
};
use jiff::Timestamp;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use tempfile::TempDir;

pub(crate) struct House {
    pub(crate) store: Arc<dyn Store>,
    /// Where a store that lies in a file lies; after the store, so that it is closed before the file goes.
    directory: Option<TempDir>,
}

impl House {
    pub(crate) fn memory() -> Self {
        let store = Memory::create(CHECK, first(), EPOCH).unwrap();
        Self { store: Arc::new(store), directory: None }
    }

    pub(crate) async fn sqlite() -> Self {
        let directory = TempDir::new().unwrap();
        let store = counterfoil_store::create(&url(&directory), CHECK, first(), EPOCH).await.unwrap().store;
        Self { store, directory: Some(directory) }
    }

    /// What lies in the directory, opened.
    pub(crate) async fn over(directory: TempDir) -> Self {
        let store = counterfoil_store::open(&url(&directory), CHECK).await.unwrap().store;
        Self { store, directory: Some(directory) }
    }

    /// The same store after it was closed; only one that lies in a file survives that.
    pub(crate) async fn reopened(self) -> Self {
        drop(self.store);
        Self::over(self.directory.unwrap()).await
    }

    /// The file in which the store lies.
    pub(crate) fn path(&self) -> PathBuf {
        file(self.directory.as_ref().unwrap())
    }

    pub(crate) async fn commit(&self, change: Change) -> Result<(), StoreError> {
        self.store.commit(change).await
    }

    pub(crate) async fn insert(&self, record: Record) -> Result<(), StoreError> {
        self.commit(change(vec![Write::Insert(record)])).await
    }

    pub(crate) async fn update(&self, record: Record) -> Result<(), StoreError> {
        self.commit(change(vec![Write::Update(record)])).await
    }

    pub(crate) async fn find(&self, key: Key) -> Option<Record> {
        self.store.find(key).await.unwrap()
    }

    /// The ids of the tokens that the filter lets through, by id.
    pub(crate) async fn ids(&self, filter: TokenFilter) -> Vec<String> {
        let query = Query::Tokens {
            filter: Box::new(filter),
            sort: SortBy::Created,
            descending: false,
            after: None,
            limit: usize::MAX,
        };
        let mut ids: Vec<_> =
            self.list(query).await.iter().map(|record| token_of(record).id.to_string()).collect();
        ids.sort();
        ids
    }

    pub(crate) async fn list(&self, query: Query) -> Vec<Record> {
        self.store.list(query).await.unwrap()
    }

    pub(crate) async fn subjects(&self, filter: JournalFilter) -> Vec<String> {
        let lines = self.store.journal(filter, usize::MAX).await.unwrap();
        lines.into_iter().map(|line| line.subject).collect()
    }

    pub(crate) async fn load(&self, now: Timestamp) -> Vec<Loaded> {
        let loaded = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&loaded);
        self.store.load(now, Box::new(move |record| sink.lock().unwrap().push(record))).await.unwrap();
        let loaded = loaded.lock().unwrap();
        loaded.clone()
    }
}

fn file(directory: &TempDir) -> PathBuf {
    directory.path().join("store.db")
}

fn url(directory: &TempDir) -> String {
    format!("sqlite:{}", file(directory).display())
}

pub(crate) fn token_of(record: &Record) -> &counterfoil_core::token::Token {
    match record {
        Record::Token(token) => token,
        other => panic!("not a token: {other:?}"),
    }
}

/// The word of `Taken`.
pub(crate) fn taken(done: Result<(), StoreError>) -> &'static str {
    match done {
        Err(StoreError::Taken(word)) => word,
        other => panic!("not taken: {other:?}"),
    }
}

/// The word of `Stale`.
pub(crate) fn stale(done: Result<(), StoreError>) -> &'static str {
    match done {
        Err(StoreError::Stale(word)) => word,
        other => panic!("not stale: {other:?}"),
    }
}
