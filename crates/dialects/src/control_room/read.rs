//! Reading what clients send: JSON whatever its content type says, key names in any case, and several ways to say that
//! something is absent (contract 3.2).

use crate::body;
use counterfoil_core::error::Error;
use serde_json::{Map, Value};

/// The members of a body by their names in lower case.
#[derive(Debug, Default)]
pub(super) struct Fields(Map<String, Value>);

impl Fields {
    /// Those of a JSON object.
    pub(super) fn of(bytes: &[u8]) -> Result<Self, Error> {
        let Value::Object(members) = body::value(bytes)? else {
            return Err(Error::invalid("body", "must be an object"));
        };
        let mut fields = Map::new();
        for (name, value) in members {
            // Two spellings of one name are two readings of one request.
            let name = name.to_lowercase();
            if fields.contains_key(&name) {
                return Err(Error::invalid("body", "has a member twice, in different spellings"));
            }
            fields.insert(name, value);
        }
        Ok(Self(fields))
    }

    /// Those of a JSON object, or none if there is no body.
    pub(super) fn of_any(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.iter().all(u8::is_ascii_whitespace) { Ok(Self::default()) } else { Self::of(bytes) }
    }

    /// The member with this name as it is called in errors; null is absent.
    pub(super) fn take(&mut self, name: &str) -> Option<Value> {
        self.0.remove(&name.to_lowercase()).filter(|value| !value.is_null())
    }

    /// A text; null and the empty one are absent.
    pub(super) fn text(&mut self, name: &str) -> Result<Option<String>, Error> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text).filter(|text| !text.is_empty())),
            Some(_) => Err(Error::invalid(name, "must be a string")),
        }
    }

    /// Whether it is true, or says so.
    pub(super) fn is_true(&mut self, name: &str) -> bool {
        match self.take(name) {
            Some(Value::Bool(yes)) => yes,
            Some(Value::String(text)) => text.eq_ignore_ascii_case("true"),
            _ => false,
        }
    }

    /// The code of a second factor, which as a number lost its leading zeros; 0 and the empty text are absent.
    pub(super) fn code(&mut self, name: &str) -> Result<Option<u32>, Error> {
        let code = match self.take(name) {
            None => None,
            Some(Value::String(text)) if text.is_empty() => None,
            Some(Value::String(text)) => Some(text.parse::<u64>().ok()),
            Some(value) => Some(value.as_u64()),
        };
        match code {
            None | Some(Some(0)) => Ok(None),
            // One that is too large is wrong like any other.
            Some(Some(code)) => Ok(Some(u32::try_from(code).unwrap_or(u32::MAX))),
            Some(None) => Err(Error::invalid(name, "must be an integer")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(text: &str) -> Fields {
        Fields::of(text.as_bytes()).unwrap()
    }

    #[test]
    fn absent_has_many_forms() {
        let mut all =
            fields(r#"{"A":"","B":null,"c":0,"D":"","e":"x","F":12345,"g":"012345","h":4294967296}"#);
        assert_eq!((all.text("a").unwrap(), all.text("b").unwrap()), (None, None));
        assert_eq!(
            (all.code("C").unwrap(), all.code("d").unwrap(), all.code("z").unwrap()),
            (None, None, None)
        );
        assert_eq!(all.text("E").unwrap().as_deref(), Some("x"));
        assert_eq!((all.code("f").unwrap(), all.code("g").unwrap()), (Some(12_345), Some(12_345)));
        assert_eq!(all.code("h").unwrap(), Some(u32::MAX));
    }

    #[test]
    fn what_is_wrong_is_named_and_never_quoted() {
        for (text, why) in [
            ("", "`body` must not be empty"),
            ("null", "`body` must be an object"),
            (r#"["hush"]"#, "`body` must be an object"),
            (r#"{"a":1,"A":"hush"}"#, "`body` has a member twice, in different spellings"),
        ] {
            assert_eq!(Fields::of(text.as_bytes()).unwrap_err().to_string(), why);
        }
        assert_eq!(fields(r#"{"a":7}"#).text("a").unwrap_err().to_string(), "`a` must be a string");
        for code in ["-1", "1.5", "true", r#""hush""#] {
            let mut all = fields(&format!(r#"{{"mfacode":{code}}}"#));
            assert_eq!(all.code("mfaCode").unwrap_err().to_string(), "`mfaCode` must be an integer");
        }
    }
}
