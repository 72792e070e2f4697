//! The output formats and how each writes a cell, so that no stored text can act on a terminal, a sheet or a shell.

use clap::ValueEnum;
use serde::Deserialize;
use serde_json::Value;
use std::fmt::{self, Write};
use std::str::FromStr;

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Aligned columns for people.
    Table,
    /// Tab-separated lines; tabs, newlines and backslashes are escaped.
    Tsv,
    /// One JSON document; a list is `{"items":[…]}`.
    Json,
    /// One JSON object a line.
    Ndjson,
    /// Comma-separated values for spreadsheets.
    Csv,
    /// The secret alone, or else the main value.
    Value,
    /// `COUNTERFOIL_TOKEN='…'` for a shell, or the variable that the vendor's commands read.
    Env,
}

impl FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        <Self as ValueEnum>::from_str(text, false)
            .map_err(|_| format!("`{text}` is not one of table, tsv, json, ndjson, csv, value, env"))
    }
}

impl fmt::Display for Format {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.to_possible_value();
        out.write_str(name.as_ref().map_or("", clap::builder::PossibleValue::get_name))
    }
}

/// What stands in a cell: text bare, lists joined with `separator`, anything deeper as JSON.
pub fn cell(value: Option<&Value>, separator: &str) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(items)) => {
            items.iter().map(|item| cell(Some(item), separator)).collect::<Vec<_>>().join(separator)
        }
        Some(other) => other.to_string(),
    }
}

/// For a terminal: characters that steer it, or turn the direction of reading, are spelt out.
pub fn visible(text: &str) -> String {
    escape(text, |_| None)
}

/// For TSV: as on a terminal, and reversible.
pub fn tsv(text: &str) -> String {
    escape(text, |character| match character {
        '\\' => Some(r"\\"),
        '\t' => Some(r"\t"),
        '\n' => Some(r"\n"),
        '\r' => Some(r"\r"),
        _ => None,
    })
}

/// For JSON, whose writer escapes only what it must: what steers a terminal is spelt as JSON spells it.
pub fn json(written: &str) -> String {
    let mut out = String::with_capacity(written.len());
    for character in written.chars() {
        if steers(character) && character != '\n' {
            let _ = write!(out, "\\u{:04x}", u32::from(character));
        } else {
            out.push(character);
        }
    }
    out
}

/// For CSV (RFC 4180): quoted where needed, and never the start of a formula; what steers a terminal as on one.
pub fn csv(text: &str) -> String {
    let text = escape(text, |character| match character {
        '\t' => Some("\t"),
        '\n' => Some("\n"),
        '\r' => Some("\r"),
        _ => None,
    });
    let lead = if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) { "'" } else { "" };
    if lead.is_empty() && !text.contains(['"', ',', '\n', '\r']) {
        return text;
    }
    format!("\"{lead}{}\"", text.replace('"', "\"\""))
}

/// For a POSIX shell: one word, whatever stands in it.
pub fn shell(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

fn escape(text: &str, named: fn(char) -> Option<&'static str>) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match named(character) {
            Some(name) => out.push_str(name),
            None if steers(character) => {
                let _ = write!(out, "\\u{{{:x}}}", u32::from(character));
            }
            None => out.push(character),
        }
    }
    out
}

/// Control characters, line and paragraph separators, and the marks of bidirectional text (UAX #9).
fn steers(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn cells_are_plain_text() {
        assert_eq!(cell(Some(&json!("a")), ","), "a");
        assert_eq!(cell(Some(&json!(["a", "b"])), ","), "a,b");
        assert_eq!(cell(Some(&json!({"team": "x"})), ","), r#"{"team":"x"}"#);
        assert_eq!(cell(Some(&json!(true)), ","), "true");
        assert_eq!(cell(Some(&Value::Null), ",") + &cell(None, ","), "");
    }

    #[test]
    fn nothing_steers_the_terminal() {
        assert_eq!(visible("a\x1b[2J\u{202e}b\nCORP\\x é"), "a\\u{1b}[2J\\u{202e}b\\u{a}CORP\\x é");
    }

    #[test]
    fn tsv_keeps_rows_and_columns() {
        assert_eq!(tsv("a\tb\nc\\d\x07"), r"a\tb\nc\\d\u{7}");
    }

    #[test]
    fn csv_starts_no_formula() {
        for lead in ["=1+1", "+1", "-1", "@x", "\tx"] {
            assert_eq!(csv(lead), format!("\"'{lead}\""));
        }
        assert_eq!(csv("a,\"b\""), r#""a,""b""""#);
        assert_eq!(csv("plain"), "plain");
        assert_eq!(csv("a\u{9b}31m\nb"), "\"a\\u{9b}31m\nb\"");
    }

    #[test]
    fn json_stays_what_it_was_and_steers_nothing() {
        let text = "a\u{9b}31m\u{7f}\u{202e}b\n\"é\u{85}";
        for written in [json!([text]).to_string(), format!("{:#}", json!([text]))] {
            let plain = json(&written);
            assert!(!plain.contains(|each| steers(each) && each != '\n'), "{plain:?}");
            assert_eq!(serde_json::from_str::<Value>(&plain).unwrap(), json!([text]));
        }
    }

    #[test]
    fn the_shell_sees_one_word() {
        assert_eq!(shell("a'b $(c)"), r"'a'\''b $(c)'");
    }
}
