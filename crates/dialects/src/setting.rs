//! What an operator may set for a mount. Each setting is one value: its name, what holds where nothing is set, and how its
//! text is read. The doorway reads all that is set before anything is served; whoever needs a setting later reads it by
//! the same value, so that none is known in one place only.

use crate::dialect::{Mount, Room};
use counterfoil_core::when;
use jiff::SignedDuration;
use std::collections::BTreeMap;
use std::str::FromStr;

/// One setting of a dialect's mounts.
#[derive(Debug)]
pub struct Setting<T: 'static> {
    /// Its name in the configuration; one that ends in `.` stands for every name that begins so.
    pub name: &'static str,
    /// What holds where nothing is set.
    pub usual: T,
    /// Reads its text; the error says what it must be.
    pub read: fn(&str) -> Result<T, String>,
}

impl<T: Clone> Setting<T> {
    /// What the mount sets, or else what is usual.
    pub fn of(&self, room: &Room) -> T {
        self.among(&room.settings, "").unwrap_or_else(|| self.usual.clone())
    }

    /// What is set under its name and the rest of it, if anything is. Only [`check`] ever sees what cannot be read.
    pub fn among(&self, settings: &BTreeMap<String, String>, rest: &str) -> Option<T> {
        settings.get(&format!("{}{rest}", self.name)).and_then(|text| (self.read)(text).ok())
    }
}

/// A setting of whatever it holds, as a dialect lists it.
pub trait AnySetting: Sync {
    /// Its name.
    fn name(&self) -> &'static str;
    /// Whether its text can be read.
    fn check(&self, text: &str) -> Result<(), String>;
}

impl<T: Sync> AnySetting for Setting<T> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn check(&self, text: &str) -> Result<(), String> {
        (self.read)(text).map(drop)
    }
}

/// Refuses a mount whose settings its dialect does not know or cannot read, in one sentence.
pub(crate) fn check(mount: &Mount) -> Result<(), String> {
    let dialect = mount.dialect;
    let names: Vec<_> = dialect.settings.iter().map(|setting| format!("`{}`", setting.name())).collect();
    let known = if names.is_empty() { "no settings".to_owned() } else { names.join(", ") };
    for (name, text) in &mount.settings {
        let setting = dialect.settings.iter().find(|setting| means(setting.name(), name));
        let outcome = setting.map_or(Err("is not known".to_owned()), |setting| setting.check(text));
        outcome.map_err(|why| {
            let (dialect, prefix) = (dialect.name, &mount.prefix);
            format!(
                "the setting `{name}` of the mount of {dialect} (prefix \"{prefix}\") {why}; it has {known}"
            )
        })?;
    }
    Ok(())
}

/// Whether the setting of that name is what stands in the configuration.
fn means(known: &str, name: &str) -> bool {
    if known.ends_with('.') { name.len() > known.len() && name.starts_with(known) } else { name == known }
}

/// Reads `true` or `false`.
pub(crate) fn switch(text: &str) -> Result<bool, String> {
    text.parse().map_err(|_| "must be true or false".to_owned())
}

/// Reads a count of at least one.
pub(crate) fn count<T: FromStr + PartialOrd + From<u8>>(text: &str) -> Result<T, String> {
    let count = text.parse().ok().filter(|count| *count >= T::from(1));
    count.ok_or_else(|| "must be a whole number from 1".to_owned())
}

/// Reads a length of time that is not nothing.
pub(crate) fn stretch(text: &str) -> Result<SignedDuration, String> {
    let span = when::span(text)?;
    if span.is_zero() { Err("must not be nothing".to_owned()) } else { Ok(span) }
}
