//! Prints rows to standard output in the chosen format. Nothing else is written there.

use super::exit::Failure;
use super::format::{self, Format, cell};
use super::rows::Row;
use comfy_table::{Table, presets};
use serde_json::{Map, Value, json};
use std::io::{self, Write};

/// How this run prints.
#[derive(Debug, Clone)]
pub struct Printer {
    /// The format.
    pub format: Format,
    /// Which fields; none means the usual ones.
    pub fields: Vec<String>,
    /// Whether the names of the fields come first.
    pub header: bool,
}

impl Printer {
    /// Refuses what cannot be printed, before anything is done whose answer would then be lost.
    pub fn check<T: Row>(&self) -> Result<(), Failure> {
        if self.format == Format::Env && !T::SECRET {
            return Err(Failure::usage("`-o env` is for commands that answer with a secret"));
        }
        let known = T::fields();
        let first = |path: &str| path.split('.').next().unwrap_or_default().to_owned();
        match self.fields.iter().find(|field| !known.contains(&first(field))) {
            Some(field) => {
                Err(Failure::usage(format!("there is no field `{field}`; there are {}", known.join(", "))))
            }
            None => Ok(()),
        }
    }

    /// For rows that come one after the other: formats that need to see all of them give way to their line forms.
    #[must_use]
    pub fn streaming(mut self) -> Self {
        self.format = match self.format {
            Format::Table => Format::Tsv,
            Format::Json => Format::Ndjson,
            other => other,
        };
        self
    }

    /// Prints one thing alone.
    pub fn one<T: Row>(&self, item: &T) -> io::Result<()> {
        write(&self.alone(item))
    }

    /// Prints a list.
    pub fn many<T: Row>(&self, items: &[T]) -> io::Result<()> {
        write(&self.list(items))
    }

    fn alone<T: Row>(&self, item: &T) -> String {
        let value = to_value(item);
        match self.format {
            Format::Json => pretty(&self.select(&value)),
            Format::Table => self.upright(item, &value),
            _ => self.lines::<T>(&[value], T::detail()),
        }
    }

    fn list<T: Row>(&self, items: &[T]) -> String {
        let values: Vec<Value> = items.iter().map(to_value).collect();
        match self.format {
            Format::Json => {
                let items: Vec<Value> = values.iter().map(|value| self.select(value)).collect();
                pretty(&json!({ "items": items }))
            }
            _ => self.lines::<T>(&values, T::COLUMNS.iter().map(ToString::to_string).collect()),
        }
    }

    fn lines<T: Row>(&self, values: &[Value], usual: Vec<String>) -> String {
        let columns = if self.fields.is_empty() { usual } else { self.fields.clone() };
        let separated = |separator: &str, escape: fn(&str) -> String| {
            let head = self.header.then(|| columns.join(separator) + "\n");
            let line = |value| {
                let cells: Vec<_> = columns.iter().map(|path| escape(&cell(at(value, path), ","))).collect();
                cells.join(separator) + "\n"
            };
            head.into_iter().chain(values.iter().map(line)).collect()
        };
        match self.format {
            Format::Tsv => separated("\t", format::tsv),
            Format::Csv => separated(",", format::csv),
            Format::Table => self.table(&columns, values),
            Format::Json | Format::Ndjson => {
                values.iter().map(|value| format::json(&self.select(value).to_string()) + "\n").collect()
            }
            Format::Value => {
                let main = [T::MAIN.to_owned()];
                let wanted = if self.fields.is_empty() { main.as_slice() } else { &self.fields };
                let cells = |value| wanted.iter().map(move |path| cell(at(value, path), "\n") + "\n");
                values.iter().flat_map(cells).collect()
            }
            Format::Env => {
                let line =
                    |value| format!("{}={}\n", T::VARIABLE, format::shell(&cell(at(value, T::MAIN), ",")));
                values.iter().map(line).collect()
            }
        }
    }

    fn table(&self, columns: &[String], values: &[Value]) -> String {
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        if self.header {
            table.set_header(columns.iter().map(|path| path.to_uppercase()));
        }
        for value in values {
            table.add_row(columns.iter().map(|path| format::visible(&cell(at(value, path), ","))));
        }
        trimmed(&table)
    }

    /// One thing as lines of field and value, without the empty ones.
    fn upright<T: Row>(&self, item: &T, value: &Value) -> String {
        let fields = if self.fields.is_empty() { T::detail() } else { self.fields.clone() };
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        for path in fields {
            let words = item.words(&path).map(|words| words.join(", "));
            let text = words.unwrap_or_else(|| cell(at(value, &path), ", "));
            if !text.is_empty() {
                table.add_row([path, format::visible(&text)]);
            }
        }
        trimmed(&table)
    }

    fn select(&self, value: &Value) -> Value {
        if self.fields.is_empty() {
            return value.clone();
        }
        let field = |path: &String| (path.clone(), at(value, path).cloned().unwrap_or_default());
        Value::Object(self.fields.iter().map(field).collect::<Map<_, _>>())
    }
}

fn to_value(item: &impl Row) -> Value {
    serde_json::to_value(item).unwrap_or_else(|_| unreachable!("rows are plain data"))
}

/// The value at a dotted path.
fn at<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
    path.split('.').try_fold(value, |value, name| value.get(name))
}

fn pretty(value: &Value) -> String {
    format::json(&format!("{value:#}\n"))
}

fn trimmed(table: &Table) -> String {
    table.lines().map(|line| line.trim().to_owned() + "\n").collect()
}

/// Writes all of it, or fails as the writer does (a reader who went away included).
pub fn write(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::exit::Exit;
    use counterfoil_dialects::native::wire::principal::Role;
    use counterfoil_dialects::native::wire::token::Issued;

    fn printer(format: Format, fields: &[&str]) -> Printer {
        Printer { format, fields: fields.iter().map(ToString::to_string).collect(), header: true }
    }

    fn roles() -> Vec<Role> {
        let role = |name: &str| {
            let scopes = vec!["a".to_owned(), "b".to_owned()];
            let (created, updated) = (String::new(), String::new());
            Role { id: "r".into(), number: 1, name: name.into(), scopes, created, updated, version: 1 }
        };
        vec![role("=x\ty\u{1b}"), role("plain")]
    }

    fn issued() -> Issued {
        let wire = r#"{"id":"cf_1","token":"cf_1_it's","name":"n","dialect":"native","scopes":["a"],
            "principal":"admin","personal":false,"created":"2026-01-01T00:00:00.000Z"}"#;
        serde_json::from_str(wire).unwrap()
    }

    #[test]
    fn each_format_prints_a_list() {
        let list = |format| printer(format, &[]).list(&roles());
        assert_eq!(list(Format::Tsv), "name\tnumber\tscopes\n=x\\ty\\u{1b}\t1\ta,b\nplain\t1\ta,b\n");
        assert_eq!(list(Format::Csv), "name,number,scopes\n\"'=x\ty\\u{1b}\",1,\"a,b\"\nplain,1,\"a,b\"\n");
        let table =
            "NAME            NUMBER  SCOPES\n=x\\u{9}y\\u{1b}  1       a,b\nplain           1       a,b\n";
        assert_eq!(list(Format::Table), table);
        assert_eq!(list(Format::Value), "=x\ty\u{1b}\nplain\n");
        assert_eq!(list(Format::Ndjson).lines().count(), 2);
        let json: Value = serde_json::from_str(&list(Format::Json)).unwrap();
        assert_eq!(json["items"][1]["name"], "plain");
    }

    #[test]
    fn chosen_fields_go_into_every_format() {
        let list = |format| printer(format, &["number", "name"]).list(&roles()[1..]);
        assert_eq!(list(Format::Tsv), "number\tname\n1\tplain\n");
        assert_eq!(list(Format::Ndjson), "{\"number\":1,\"name\":\"plain\"}\n");
        assert_eq!(list(Format::Value), "1\nplain\n");
        let bare = Printer { header: false, ..printer(Format::Table, &["name"]) };
        assert_eq!(bare.list(&roles()[1..]), "plain\n");
    }

    #[test]
    fn a_secret_comes_alone_or_for_the_shell() {
        assert_eq!(printer(Format::Value, &[]).alone(&issued()), "cf_1_it's\n");
        assert_eq!(printer(Format::Env, &[]).alone(&issued()), "COUNTERFOIL_TOKEN='cf_1_it'\\''s'\n");
        assert!(
            printer(Format::Table, &[])
                .alone(&issued())
                .starts_with("id         cf_1\ntoken      cf_1_it's\n")
        );
    }

    #[test]
    fn a_gate_is_shown_as_it_is_written() {
        let wire = r#"{"name":"front","callers":[],"scopes":["a"],"rules":[{"methods":["PUT"],"path":"/x","scopes":["b"]}],
            "dialects":[],"places":[],"on_limit":403,"set":[{"header":"x-user","fact":"username"}],"strip":[],
            "created":"","updated":"","version":1}"#;
        let gate: counterfoil_dialects::native::wire::gate::Gate = serde_json::from_str(wire).unwrap();
        let shown = printer(Format::Table, &["rules", "set"]).alone(&gate);
        assert_eq!(shown, "rules  PUT /x b\nset    x-user=username\n");
    }

    #[test]
    fn what_cannot_be_printed_is_refused_beforehand() {
        assert_eq!(printer(Format::Env, &[]).check::<Role>().unwrap_err().exit, Exit::Usage);
        assert!(printer(Format::Env, &[]).check::<Issued>().is_ok());
        assert!(printer(Format::Tsv, &["scopes.0"]).check::<Role>().is_ok());
        let unknown = printer(Format::Tsv, &["scope"]).check::<Role>().unwrap_err().message;
        assert_eq!(
            unknown,
            "there is no field `scope`; there are id, number, name, scopes, created, updated, version"
        );
    }
}
