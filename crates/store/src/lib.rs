//! The databases behind the port [`counterfoil_core::store`], and the one branch on which of them a store is in.
//!
//! Kept out: what a record means, who may change it, and every vendor's word.

mod error;
mod sqlite;

pub use error::OpenError;
pub use sqlite::Sqlite;

use counterfoil_core::clock::Future;
use counterfoil_core::store::{Change, Store};
use std::path::Path;
use std::sync::Arc;
use uuid::Uuid;

/// A store that answers, and the news that it does so no longer.
pub struct Opened {
    /// The port.
    pub store: Arc<dyn Store>,
    /// Resolves when the store has given up for good: nothing will change that but a new process.
    pub broken: Future<'static, ()>,
}

/// Which database a URL names.
enum Place<'u> {
    Sqlite(&'u Path),
}

impl<'u> Place<'u> {
    /// The sentences leave the URL's rest out: it may hold a password.
    fn of(url: &'u str) -> Result<Self, OpenError> {
        match url.split_once(':') {
            Some(("sqlite", "")) => Err(OpenError::Url("`sqlite:` names no file".to_owned())),
            Some(("sqlite", rest)) if rest.starts_with("//") && !rest.starts_with("///") => {
                Err(OpenError::Url("`sqlite://` would name a host".to_owned()))
            }
            Some(("sqlite", path)) => Ok(Self::Sqlite(Path::new(path))),
            Some((scheme, _)) => Err(OpenError::Url(format!("there is no store behind `{scheme}:`"))),
            None => Err(OpenError::Url("a store is named by a URL".to_owned())),
        }
    }
}

/// Whether something lies where the URL points, a store or not.
pub async fn exists(url: &str) -> Result<bool, OpenError> {
    match Place::of(url)? {
        Place::Sqlite(path) => {
            let path = path.to_owned();
            blocking(move || sqlite::exists(&path)).await
        }
    }
}

/// Makes the store that the URL names, with what the first change says. `check` is that of the root secret's keys.
pub async fn create(url: &str, check: [u8; 16], first: Change, epoch: Uuid) -> Result<Opened, OpenError> {
    match Place::of(url)? {
        Place::Sqlite(path) => {
            let path = path.to_owned();
            blocking(move || Sqlite::create(&path, check, &first, epoch)).await.map(opened)
        }
    }
}

/// Opens the store that the URL names; refuses one that was made with another root secret than `check` says.
pub async fn open(url: &str, check: [u8; 16]) -> Result<Opened, OpenError> {
    match Place::of(url)? {
        Place::Sqlite(path) => {
            let path = path.to_owned();
            blocking(move || Sqlite::open(&path, check)).await.map(opened)
        }
    }
}

fn opened(store: Sqlite) -> Opened {
    let broken = store.broken();
    Opened { store: Arc::new(store), broken }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, OpenError> + Send + 'static,
) -> Result<T, OpenError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| OpenError::Interrupted)?
}
