//! The environment, read once. The only file that reads it.

use crate::cli::exit::Failure;
use std::collections::HashMap;
use std::ffi::OsString;
use std::path::PathBuf;

/// The variables that the process was started with.
#[derive(Default)]
pub struct Environment(HashMap<OsString, OsString>);

impl Environment {
    /// Takes them all.
    #[expect(clippy::disallowed_methods, reason = "this is the file that reads the environment")]
    pub fn read() -> Self {
        Self(std::env::vars_os().collect())
    }

    /// An environment of these variables alone.
    #[cfg(test)]
    pub fn of<const N: usize>(variables: [(&str, &str); N]) -> Self {
        Self(variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }

    /// A variable's value, unless it is empty; a value that is no text is an error.
    pub fn get(&self, name: &str) -> Result<Option<&str>, Failure> {
        let Some(value) = self.0.get(std::ffi::OsStr::new(name)).filter(|value| !value.is_empty()) else {
            return Ok(None);
        };
        value.to_str().map(Some).ok_or_else(|| Failure::usage(format!("{name} is not valid UTF-8")))
    }

    /// A variable that holds a path.
    pub fn path(&self, name: &str) -> Option<PathBuf> {
        self.0.get(std::ffi::OsStr::new(name)).filter(|value| !value.is_empty()).map(PathBuf::from)
    }
}
