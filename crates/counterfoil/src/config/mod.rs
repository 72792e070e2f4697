//! Where settings come from: flag before environment before file before built-in value. Each keeps its origin.
//!
//! Kept out: what the settings do.

pub mod account;
pub mod address;
pub mod client;
pub mod environment;
pub mod profile;
pub mod server;

use crate::cli::exit::Failure;
use environment::Environment;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// Where a value was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// On the command line, by this flag.
    Flag(&'static str),
    /// In this variable of the environment.
    Variable(&'static str),
    /// In this file.
    File(PathBuf),
    /// Nowhere: it is what the program assumes.
    BuiltIn,
}

impl fmt::Display for Origin {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) | Self::Variable(name) => out.write_str(name),
            Self::File(path) => path.display().fmt(out),
            Self::BuiltIn => out.write_str("built-in"),
        }
    }
}

/// A value and where it was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting<T> {
    /// What holds.
    pub value: T,
    /// Who said so.
    pub origin: Origin,
}

/// A setting while its sources are asked, the strongest first.
#[derive(Debug)]
pub struct Choice<T>(Option<Setting<T>>);

impl<T> Choice<T> {
    /// The strongest source.
    pub fn flag(name: &'static str, said: Option<T>) -> Self {
        Self(None).or(said, || Origin::Flag(name))
    }

    /// Next: a variable. One that is set to nothing counts as not set.
    pub fn variable(self, environment: &Environment, name: &'static str) -> Result<Self, Failure>
    where
        T: FromStr<Err: fmt::Display>,
    {
        if self.0.is_some() {
            return Ok(self);
        }
        let said = environment.get(name)?.map(T::from_str).transpose();
        let said = said.map_err(|why| Failure::usage(format!("{name} is wrong: {why}")))?;
        Ok(self.or(said, || Origin::Variable(name)))
    }

    /// Next: a file.
    #[must_use]
    pub fn file(self, path: &Path, said: Option<T>) -> Self {
        self.or(said, || Origin::File(path.to_owned()))
    }

    /// Last: what the program assumes.
    pub fn built_in(self, value: T) -> Setting<T> {
        self.0.unwrap_or(Setting { value, origin: Origin::BuiltIn })
    }

    /// The setting, if any source said it.
    pub fn said(self) -> Option<Setting<T>> {
        self.0
    }

    fn or(self, said: Option<T>, origin: impl FnOnce() -> Origin) -> Self {
        Self(self.0.or_else(|| said.map(|value| Setting { value, origin: origin() })))
    }
}

/// A line of `config show`.
#[derive(Debug, serde::Serialize, schemars::JsonSchema)]
pub struct Line {
    /// What the files call the setting.
    pub setting: &'static str,
    /// Its value; a secret is dots.
    pub value: String,
    /// Where it was said.
    pub origin: String,
}

impl Line {
    /// A setting that always has a value, worded by `word`.
    pub fn of<T>(name: &'static str, setting: &Setting<T>, word: impl FnOnce(&T) -> String) -> Self {
        Self { setting: name, value: word(&setting.value), origin: setting.origin.to_string() }
    }

    /// A setting that may have no value.
    pub fn of_optional<T>(
        name: &'static str,
        setting: Option<&Setting<T>>,
        word: impl FnOnce(&T) -> String,
    ) -> Self {
        let unset = || Self { setting: name, value: String::new(), origin: "not set".into() };
        setting.map_or_else(unset, |setting| Self::of(name, setting, word))
    }
}

/// Reads a TOML file whose keys are all known. `None` if there is no file and nobody asked for it by name.
fn read_file<T: serde::de::DeserializeOwned>(path: &Path, asked_for: bool) -> Result<Option<T>, Failure> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(why) if why.kind() == std::io::ErrorKind::NotFound && !asked_for => return Ok(None),
        Err(why) => return Err(Failure::usage(format!("{} cannot be read: {why}", path.display()))),
    };
    toml::from_str(&text).map(Some).map_err(|why: toml::de::Error| {
        let line = why.span().map_or(1, |span| text[..span.start].matches('\n').count() + 1);
        Failure::usage(format!("{}, line {line}: {}", path.display(), why.message()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_strongest_source_wins_and_is_named() {
        let environment = Environment::of([("COUNTERFOIL_STORE", "variable"), ("COUNTERFOIL_LOG", "")]);
        let choose = |flag: Option<&str>, variable: &'static str, file: Option<&str>| {
            Choice::flag("--store", flag.map(str::to_owned))
                .variable(&environment, variable)
                .unwrap()
                .file(Path::new("f.toml"), file.map(str::to_owned))
                .built_in("assumed".into())
        };
        let shown = |setting: Setting<String>| format!("{} {}", setting.value, setting.origin);
        assert_eq!(shown(choose(Some("flag"), "COUNTERFOIL_STORE", Some("file"))), "flag --store");
        assert_eq!(shown(choose(None, "COUNTERFOIL_STORE", Some("file"))), "variable COUNTERFOIL_STORE");
        assert_eq!(shown(choose(None, "COUNTERFOIL_LOG", Some("file"))), "file f.toml");
        assert_eq!(shown(choose(None, "COUNTERFOIL_LOG", None)), "assumed built-in");
    }

    #[test]
    fn a_wrong_variable_is_named() {
        let environment = Environment::of([("COUNTERFOIL_LISTEN", "here")]);
        let wrong = Choice::<std::net::SocketAddr>::flag("--listen", None)
            .variable(&environment, "COUNTERFOIL_LISTEN")
            .unwrap_err();
        assert_eq!(wrong.message, "COUNTERFOIL_LISTEN is wrong: invalid socket address syntax");
    }
}
