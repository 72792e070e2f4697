//! Sessions that were bought at vendors, kept for the next command until they end: a private file each, below
//! `~/.cache/counterfoil/sessions`.
//!
//! Kept out: how a session is bought, and whether the vendor still takes it.

use crate::config::environment::Environment;
use crate::private_file;
use counterfoil_core::secret::Secret;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use std::{fs, io};

/// So long before its end a session is not used any more: the request has to arrive, and clocks differ.
const MARGIN: SignedDuration = SignedDuration::from_secs(30);

/// Where sessions are kept; nowhere if there is no home.
#[derive(Debug)]
pub struct SessionCache(Option<PathBuf>);

/// Whose session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The name of the vendor's dialect.
    pub vendor: String,
    /// The vendor's address.
    pub server: String,
    /// User name or key.
    pub username: String,
}

/// A file's content.
#[derive(Serialize, Deserialize)]
struct Kept {
    #[serde(flatten)]
    holder: Holder,
    /// Milliseconds since 1970.
    end: i64,
    token: String,
}

impl SessionCache {
    /// The user's.
    pub fn new(environment: &Environment) -> Self {
        let home = || environment.path("HOME").map(|home| home.join(".cache"));
        let cache = environment.path("XDG_CACHE_HOME").or_else(home);
        Self(cache.map(|cache| cache.join("counterfoil/sessions")))
    }

    /// The directory.
    pub fn folder(&self) -> Option<&Path> {
        self.0.as_deref()
    }

    /// The holder's session, if there is one that still lives for a while.
    pub fn get(&self, holder: &Holder, now: Timestamp) -> Option<Secret> {
        let text = fs::read(self.file(holder)?).ok()?;
        let kept: Kept = serde_json::from_slice(&text).ok()?;
        (kept.holder == *holder && kept.end > (now + MARGIN).as_millisecond())
            .then(|| Secret::new(kept.token))
    }

    /// Keeps a session in place of the one before.
    pub fn put(&self, holder: &Holder, token: &Secret, end: Timestamp) -> io::Result<()> {
        let Some(file) = self.file(holder) else { return Ok(()) };
        if let Some(directory) = &self.0 {
            private_file::directory(directory)?;
        }
        let kept =
            Kept { holder: holder.clone(), end: end.as_millisecond(), token: token.reveal().to_owned() };
        private_file::replace(&file, &serde_json::to_vec(&kept)?)
    }

    /// Forgets the holder's session.
    pub fn remove(&self, holder: &Holder) -> io::Result<()> {
        match self.file(holder).map(fs::remove_file) {
            Some(Err(why)) if why.kind() != io::ErrorKind::NotFound => Err(why),
            _ => Ok(()),
        }
    }

    /// Named by a digest: an address and a user name may hold what no file name can.
    fn file(&self, Holder { vendor, server, username }: &Holder) -> Option<PathBuf> {
        let digest = Sha256::digest(format!("{vendor}\n{server}\n{username}"));
        let start = digest.first_chunk().map(|start| u64::from_be_bytes(*start))?;
        Some(self.0.as_ref()?.join(format!("{vendor}-{start:016x}.json")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_kept_until_it_ends() {
        let home = tempfile::tempdir().unwrap();
        let cache = SessionCache::new(&Environment::of([("XDG_CACHE_HOME", home.path().to_str().unwrap())]));
        let holder = |username: &str| Holder {
            vendor: "control-room".into(),
            server: "http://x/../y".into(),
            username: username.into(),
        };
        let (jdoe, end) = (holder("CORP\\jdoe"), "2026-03-18T10:20:30Z".parse::<Timestamp>().unwrap());
        let early = end - SignedDuration::from_mins(5);
        assert!(cache.get(&jdoe, early).is_none());
        cache.put(&jdoe, &Secret::new("hush".into()), end).unwrap();
        assert_eq!(cache.get(&jdoe, early).unwrap().reveal(), "hush");
        assert!(cache.get(&holder("solo"), early).is_none());
        assert!(cache.get(&jdoe, end).is_none());
        cache.remove(&jdoe).unwrap();
        cache.remove(&jdoe).unwrap();
        assert!(cache.get(&jdoe, early).is_none());
    }

    #[test]
    fn without_a_home_nothing_is_kept() {
        let cache = SessionCache::new(&Environment::default());
        let holder = Holder { vendor: "ruvds".into(), server: String::new(), username: String::new() };
        cache.put(&holder, &Secret::new("hush".into()), Timestamp::MAX).unwrap();
        assert!(cache.get(&holder, Timestamp::UNIX_EPOCH).is_none());
    }
}
