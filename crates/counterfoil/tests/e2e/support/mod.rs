//! What every test here stands on: a directory, the program run in it, a server, and a plain HTTP client.

pub(crate) mod gateway;
pub(crate) mod http;
pub(crate) mod node;
pub(crate) mod place;
pub(crate) mod prometheus;
pub(crate) mod python;
pub(crate) mod raw;
pub(crate) mod server;
pub(crate) mod upstream;

use serde_json::Value;
use std::time::{Duration, Instant};

/// How long it may take until a scrape brought what is waited for.
const PATIENCE: Duration = Duration::from_mins(1);

/// A member of a JSON object that must be a text.
pub(crate) fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_else(|| panic!("`{name}` is no text in {value}")).to_owned()
}

/// Asks again until something is there.
pub(crate) fn until<T>(what: &str, ask: impl Fn() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(there) = ask() {
            return there;
        }
        assert!(begun.elapsed() < PATIENCE, "in vain: {what}");
    }
}
