//! The form that a token is asked for with (contract 1.1): in any order, with whatever else, but nothing twice.

use super::envelope::Fault;
use crate::target;
use http::header;
use http::request::Parts;

/// The fields, decoded.
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    /// Reads the body. Escapes that are none stand for themselves: some clients put the secret in as it is.
    pub(super) fn read(parts: &Parts, body: &[u8]) -> Result<Self, Fault> {
        if !is_form(parts) {
            return Err(Fault::request("The body must be application/x-www-form-urlencoded"));
        }
        let text = std::str::from_utf8(body).ok();
        let fields = text.and_then(|text| target::query(text.trim_ascii()).ok());
        let fields = fields.ok_or(Fault::request("The body must be UTF-8"))?;
        let twice = |(at, (name, _)): (usize, &(String, String))| {
            fields.iter().take(at).any(|(other, _)| other == name)
        };
        if fields.iter().enumerate().any(twice) {
            return Err(Fault::request("A parameter is included more than once"));
        }
        Ok(Self(fields))
    }

    /// The value of a field; nothing if it is not there.
    pub(super) fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(other, _)| other == name).map_or("", |(_, value)| value)
    }
}

/// Whether the body says that it is a form, or says nothing.
fn is_form(parts: &Parts) -> bool {
    let Some(kind) = parts.headers.get(header::CONTENT_TYPE) else { return true };
    let kind = kind.to_str().unwrap_or_default().split(';').next().unwrap_or_default();
    kind.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded")
}
