//! Where a profile keeps its secret, and how a new one gets there without ever being nowhere: first into a private file
//! beside the profiles, then to its place, then it is read back; only then is that file removed.

use crate::cli::exit::{Exit, Failure};
use crate::cli::secrets::{Secrets, run};
use crate::config::profile::{Kept, Place};
use crate::private_file;
use counterfoil_core::secret::Secret;
use std::fs;
use std::path::{Path, PathBuf};

/// The place of one profile's secret.
pub(super) struct Keeper<'a> {
    kept: Kept,
    refuge: PathBuf,
    secrets: &'a Secrets<'a>,
}

impl<'a> Keeper<'a> {
    /// Of the profile of that name, in the file of profiles at `profiles`.
    pub(super) fn new(name: &str, kept: Kept, profiles: &Path, secrets: &'a Secrets<'a>) -> Self {
        let plain: String =
            name.chars().map(|letter| if letter.is_alphanumeric() { letter } else { '-' }).collect();
        Self { kept, refuge: profiles.with_file_name(format!("rotated-{plain}.secret")), secrets }
    }

    /// Whether a new secret could be put there at all.
    pub(super) fn can_keep(&self) -> bool {
        self.kept.store.is_some() || matches!(self.kept.place, Place::File(_))
    }

    /// Whether another profile's secret is at the same place.
    pub(super) fn is_at(&self, other: &Self) -> bool {
        self.kept.place == other.kept.place
    }

    /// The secret that is kept now.
    pub(super) fn read(&self) -> Result<Secret, Failure> {
        self.secrets.kept(&self.kept)
    }

    /// Puts the present secret where it is, to see that a new one will get there.
    pub(super) fn rehearse(&self, present: &Secret) -> Result<(), Failure> {
        if self.refuge.exists() {
            let (refuge, place) = (self.refuge.display(), self.kept.shown());
            return Err(Failure::new(
                Exit::Conflict,
                format!(
                    "{refuge} holds a secret that an earlier rotation could not put in its place: put it to {place} \
                     yourself, then remove that file"
                ),
            ));
        }
        self.put(present)?;
        self.check(present)
    }

    /// Keeps a new secret. If that fails, the failure says where it is.
    pub(super) fn keep(&self, new: &Secret) -> Result<(), Failure> {
        let refuge = private_file::replace(&self.refuge, format!("{}\n", new.reveal()).as_bytes());
        let placed = self.put(new).and_then(|()| self.check(new));
        match (placed, refuge) {
            (Ok(()), _) => {
                // It is where it belongs; what is left over is only untidy.
                let _ = fs::remove_file(&self.refuge);
                Ok(())
            }
            (Err(why), Ok(())) => {
                let message = format!("{why}; the new secret is in {}", self.refuge.display());
                Err(Failure { message, ..why })
            }
            (Err(why), Err(second)) => {
                let message =
                    format!("{why}; nor could it be written to {}: {second}", self.refuge.display());
                Err(Failure { message, ..why })
            }
        }
    }

    fn put(&self, secret: &Secret) -> Result<(), Failure> {
        match (&self.kept.store, &self.kept.place) {
            (Some(command), _) => run(command, &self.kept.directory, Some(secret)).map(drop),
            (None, Place::File(path)) => {
                let failed =
                    |why| Failure::new(Exit::Failed, format!("{} cannot be written: {why}", path.display()));
                private_file::replace(path, format!("{}\n", secret.reveal()).as_bytes()).map_err(failed)
            }
            (None, _) => Err(Failure::usage(format!("{} takes no new secret", self.kept.shown()))),
        }
    }

    fn check(&self, expected: &Secret) -> Result<(), Failure> {
        if self.read()?.reveal() == expected.reveal() {
            return Ok(());
        }
        let why = format!("{} gives another secret than the one that was stored", self.kept.shown());
        Err(Failure::new(Exit::Failed, why))
    }
}
