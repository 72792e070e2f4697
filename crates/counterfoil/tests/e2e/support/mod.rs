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

/// A member of a JSON object that must be a text.
pub(crate) fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_else(|| panic!("`{name}` is no text in {value}")).to_owned()
}
