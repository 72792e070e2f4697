//! Reading JSON bodies strictly, with errors that name the field and never quote a value: it may be a secret.

use counterfoil_core::error::{Error, Violation};
use serde::de::{DeserializeOwned, Error as _, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::error::Category;
use serde_json::{Map, Value};
use std::fmt::Formatter;

/// The bytes as JSON.
pub fn value(bytes: &[u8]) -> Result<Value, Error> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(Error::invalid("body", "must not be empty"));
    }
    serde_json::from_slice(bytes).map(|Plain(value)| value).map_err(|error| {
        let place = format!("line {}, column {}", error.line(), error.column());
        let why = match error.classify() {
            Category::Eof => format!("is cut short at {place}"),
            Category::Data => format!("names a member twice at {place}"),
            Category::Syntax | Category::Io => format!("is not JSON at {place}"),
        };
        Error::invalid("body", why)
    })
}

/// A value in which no object names a member twice: a filter before us might read the one and we the other.
struct Plain(Value);

impl<'de> Deserialize<'de> for Plain {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(AnyPlain).map(Self)
    }
}

struct AnyPlain;

impl<'de> Visitor<'de> for AnyPlain {
    type Value = Value;

    fn expecting(&self, out: &mut Formatter<'_>) -> std::fmt::Result {
        out.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Plain(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(list.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some((name, Plain(value))) = members.next_entry::<String, _>()? {
            if object.insert(name, value).is_some() {
                return Err(A::Error::custom("twice"));
            }
        }
        Ok(object.into())
    }
}

/// A sound JSON object of a shape that holds no maps, in which a member that is named twice would not be seen.
pub fn flat<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    // serde would read an array as a struct, member by member.
    let object = bytes.trim_ascii_start().starts_with(b"{");
    object.then(|| serde_json::from_slice(bytes).ok()).flatten()
}

/// The JSON object as this shape.
pub fn shape<T: DeserializeOwned>(value: Value) -> Result<T, Error> {
    // serde would read an array as a struct, member by member.
    if !value.is_object() {
        return Err(Error::invalid("body", "must be an object"));
    }
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = error.path().to_string();
        let path = if path == "." { String::new() } else { path };
        Error::Invalid(vec![violation(&path, &error.inner().to_string())])
    })
}

/// serde's sentence, cut to what it says of the shape.
fn violation(path: &str, sentence: &str) -> Violation {
    let named = |what: &str| sentence.strip_prefix(what)?.strip_prefix(" `")?.split('`').next();
    let below = |name: &str| {
        let parent = path.strip_suffix(name).unwrap_or(path).trim_end_matches('.');
        let name: String = name.chars().filter(|letter| !letter.is_control()).take(64).collect();
        if parent.is_empty() { name } else { format!("{parent}.{name}") }
    };
    if let Some(name) = named("missing field") {
        return Violation { field: below(name), why: "is required".into() };
    }
    if let Some(name) = named("unknown field") {
        return Violation { field: below(name), why: "is not known here".into() };
    }
    let field = if path.is_empty() { "body".to_owned() } else { path.to_owned() };
    let why = sentence.rsplit_once("expected ").map_or("is not valid".to_owned(), |(_, wanted)| {
        let plainly = match wanted {
            "u16" | "u32" | "u64" => "a whole number from 0",
            "i64" => "a whole number",
            "a sequence" => "an array",
            _ if wanted.starts_with("struct") => "an object",
            other => other,
        };
        format!("must be {plainly}")
    });
    Violation { field, why }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Sample {
        #[expect(dead_code, reason = "only its shape is read")]
        name: String,
        #[expect(dead_code, reason = "only its shape is read")]
        #[serde(default)]
        scopes: Vec<String>,
        #[expect(dead_code, reason = "only its shape is read")]
        #[serde(default)]
        parts: Vec<Sample>,
        #[expect(dead_code, reason = "only its shape is read")]
        #[serde(default)]
        count: u64,
    }

    fn why(text: &str) -> String {
        value(text.as_bytes()).and_then(shape::<Sample>).unwrap_err().to_string()
    }

    #[test]
    fn each_error_names_its_field_and_quotes_nothing() {
        assert_eq!(why("{}"), "`name` is required");
        assert_eq!(why(r#"{"name":"n","nme":"hush"}"#), "`nme` is not known here");
        assert_eq!(why(r#"{"name":"n","parts":[{"name":"n"},{}]}"#), "`parts[1].name` is required");
        assert_eq!(why(r#"{"name":"n","parts":[{"nme":"hush"}]}"#), "`parts[0].nme` is not known here");
        assert_eq!(why(r#"{"name":["hush"]}"#), "`name` must be a string");
        assert_eq!(why(r#"{"name":"n","scopes":["a",7]}"#), "`scopes[1]` must be a string");
        assert_eq!(why(r#"{"name":"n","scopes":"hush"}"#), "`scopes` must be an array");
        assert_eq!(why(r#"{"name":"n","count":-1}"#), "`count` must be a whole number from 0");
        assert_eq!(why(r#"["hush"]"#), "`body` must be an object");
        assert_eq!(why(r#""hush""#), "`body` must be an object");
        assert_eq!(why(r#"{"name":"#), "`body` is cut short at line 1, column 8");
        assert_eq!(
            why(r#"{"name":"n","parts":[{"name":"n","name":"hush"}]}"#),
            "`body` names a member twice at line 1, column 47"
        );
        assert_eq!(why("hush"), "`body` is not JSON at line 1, column 1");
        assert_eq!(why(" "), "`body` must not be empty");
    }
}
