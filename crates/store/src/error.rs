//! Why a store was not opened, each in one sentence that names the file, the reason and the way out.

use counterfoil_core::store::StoreError;
use std::path::PathBuf;

/// Why a store was neither opened nor made.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The URL names no store that this build speaks.
    #[error("{0}; this build keeps its store in SQLite: write `sqlite:` and the path of the file")]
    Url(String),
    /// There is nothing to open.
    #[error("{} does not exist: make a store with `counterfoil init`, or correct the path", .0.display())]
    Missing(PathBuf),
    /// Something lies where the store would be made.
    #[error("{} exists already: open it as it is, or move it away before making a store", .0.display())]
    Exists(PathBuf),
    /// A directory was named.
    #[error("{} is a directory: name the database file itself", .0.display())]
    Directory(PathBuf),
    /// A device, a pipe or a socket was named.
    #[error("{} is not a regular file: name the database file itself", .0.display())]
    Irregular(PathBuf),
    /// A file without content.
    #[error(
        "{} is empty, so it is no store: put the right file back, or remove it and make a store with `counterfoil init`",
        .0.display()
    )]
    Empty(PathBuf),
    /// A file of another kind.
    #[error("{} is not an SQLite database: correct the path, or restore the file from a backup", .0.display())]
    Alien(PathBuf),
    /// A database of another program.
    #[error("{} is the database of another program (application id {found:#010x}): correct the path", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// The mark in its header.
        found: u32,
    },
    /// A store of ours that does not hold together.
    #[error("{} is damaged ({found}): restore it from a backup", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What SQLite found first.
        found: String,
    },
    /// A store that a later build has changed.
    #[error(
        "{} has schema {found} and this build knows schemas up to {known}: run the build that wrote it, or a newer one",
        path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its schema number.
        found: usize,
        /// The highest known.
        known: usize,
    },
    /// The digests in it were made with other keys.
    #[error("{} was made with another root secret: bring that secret, or correct the path", .0.display())]
    OtherSecret(PathBuf),
    /// Reading is not enough.
    #[error("{} cannot be written ({why}): give this user write access to the file and its directory", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        why: String,
    },
    /// One process a store.
    #[error(
        "{} is in use by another process: stop that process, or ask it instead of opening its store",
        .0.display()
    )]
    Locked(PathBuf),
    /// SQLite before 3.51.3 can corrupt a write-ahead log.
    #[error("this build is linked to SQLite {0}, which can damage a store: link 3.51.3 or newer")]
    OldSqlite(&'static str),
    /// The first change contradicts itself.
    #[error("the first records cannot be kept: {0}")]
    First(#[source] StoreError),
    /// The database failed in some other way.
    #[error("{} cannot be opened ({cause}): mend the cause and start again", path.display())]
    Failed {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        #[source]
        cause: rusqlite::Error,
    },
    /// The file system failed.
    #[error("{} cannot be reached ({cause}): mend the cause and start again", path.display())]
    Unreachable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        cause: std::io::Error,
    },
    /// The process is ending.
    #[error("opening the store was interrupted by the end of the process: start again")]
    Interrupted,
}
