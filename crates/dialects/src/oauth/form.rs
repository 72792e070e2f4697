//! Reading forms by the rules of RFC 6749 section 3.2: a parameter without a value is none, one that comes twice is an
//! error, one that nobody knows is ignored.

use super::fault::Fault;
use crate::dialect::Call;
use crate::target;
use http::header;

/// The parameters that came, each once.
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    /// Of this call's body; what stands in the query does not count.
    pub(super) fn read(call: &Call) -> Result<Self, Fault> {
        let media_type = call.parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let media_type = media_type.unwrap_or_default().split(';').next().unwrap_or_default().trim();
        if !media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            return Err(Fault::request("the body must be application/x-www-form-urlencoded"));
        }
        let unreadable = || Fault::request("the form is not UTF-8");
        let body = std::str::from_utf8(&call.body).map_err(|_| unreadable())?;
        let mut pairs = target::query(body).map_err(|_| unreadable())?;
        pairs.retain(|(_, value)| !value.is_empty());
        let mut names: Vec<&str> = pairs.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        match names.windows(2).find(|two| two[0] == two[1]).map(|two| two[0]) {
            None => Ok(Self(pairs)),
            // RFC 8693 lets one ask for several; RFC 8707 says how to refuse that.
            Some(name @ ("audience" | "resource")) => {
                Err(Fault::Said("invalid_target", format!("a token has one audience: {name} comes twice")))
            }
            Some(_) => Err(Fault::request("a parameter comes twice")),
        }
    }

    /// The value of a parameter.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
    }

    /// The value of a parameter that must be there.
    pub(super) fn need(&self, name: &str) -> Result<&str, Fault> {
        self.get(name).ok_or_else(|| Fault::request(format!("{name} is missing")))
    }
}
