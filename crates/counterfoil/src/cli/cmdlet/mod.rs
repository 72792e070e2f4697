//! The cmdlets of the vendors' pages, so that what they print can be typed: `counterfoil Verb-Noun -Parameter value`.
//!
//! Lines of standard input are the pipeline: each is a run, and the value of every pipeline parameter that was not given.

pub mod binder;
mod datto;
mod ruvds;

use super::desk::{Desk, Outcome};
use super::exit::{Exit, Failure, code_of};
use super::format::{self, Format, shell};
use super::printer;
use super::rows::Row;
use crate::cli::secrets::Secrets;
use crate::config::Origin;
use crate::config::client::{Client, ClientFlags};
use crate::config::environment::Environment;
use crate::config::server::{ServeFlags, Server, StoreFlags};
use anyhow::Result;
use binder::{Bound, ErrorAction, Parameter};
use serde::Serialize;
use std::io::{IsTerminal as _, Read as _};

/// A cmdlet: its name on the vendor's page, and what it takes.
#[derive(Debug)]
pub struct Cmdlet {
    names: &'static [&'static str],
    parameters: &'static [Parameter],
    /// What `-?` says besides.
    note: &'static str,
    deed: Deed,
}

#[derive(Debug, Clone, Copy)]
enum Deed {
    RequestAccessToken,
    InitializeTokenCreate,
    TokensCreate,
    TokensGet,
    TokensList,
    TokensPut,
}

const TOKEN_ID: &[Parameter] = &[Parameter { name: "TokenId", pipeline: true }];

/// Every cmdlet there is.
const CMDLETS: &[Cmdlet] = &[
    Cmdlet {
        names: &["Request-DattoRMMAccessToken", "Set-DattoRMMAccessToken"],
        parameters: datto::PARAMETERS,
        note: datto::NOTE,
        deed: Deed::RequestAccessToken,
    },
    Cmdlet {
        names: &["Initialize-TokenCreate"],
        parameters: ruvds::DESCRIPTION,
        note: "",
        deed: Deed::InitializeTokenCreate,
    },
    Cmdlet {
        names: &["Invoke-TokensCreate"],
        parameters: &[Parameter { name: "TokenCreate", pipeline: true }],
        note: "",
        deed: Deed::TokensCreate,
    },
    Cmdlet { names: &["Invoke-TokensGet"], parameters: TOKEN_ID, note: "", deed: Deed::TokensGet },
    Cmdlet { names: &["Invoke-TokensList"], parameters: &[], note: "", deed: Deed::TokensList },
    Cmdlet { names: &["Invoke-TokensPut"], parameters: TOKEN_ID, note: "", deed: Deed::TokensPut },
];

/// The names of all of them.
pub fn names() -> impl Iterator<Item = &'static str> {
    CMDLETS.iter().map(|cmdlet| cmdlet.names[0])
}

/// The cmdlet of that name, in any case.
pub fn named(name: &str) -> Option<&'static Cmdlet> {
    CMDLETS.iter().find(|cmdlet| cmdlet.names.iter().any(|each| each.eq_ignore_ascii_case(name)))
}

/// Runs a cmdlet with what stands after its name.
pub async fn run(cmdlet: &Cmdlet, arguments: &[String], environment: &Environment) -> Outcome {
    if arguments.iter().any(|argument| ["-?", "--help"].contains(&argument.as_str())) {
        return explain(cmdlet);
    }
    let bound = binder::bind(cmdlet.parameters, arguments)?;
    let quiet = bound.quiet;
    let mut client = Client::resolve(environment, ClientFlags { quiet, ..ClientFlags::default() })?;
    if client.output.origin == Origin::BuiltIn && !std::io::stdout().is_terminal() {
        client.output.value = Format::Ndjson;
    }
    let server = Server::resolve(environment, StoreFlags::default(), ServeFlags::default())?;
    let mut desk = Desk::new(client, server, Secrets::new(environment, quiet));
    desk.verbose = bound.verbose;
    if !bound.ignored.is_empty() {
        desk.remark(&format!("-{} means nothing here.", bound.ignored.join(", -")));
    }
    let mut exit = Exit::Done;
    if let Some(name) = &bound.error_variable {
        // Of a run without an error it is empty.
        printer::write(&format!("{name}=''\n"))?;
    }
    for bound in pipeline(cmdlet, &bound)? {
        let Err(error) = one(cmdlet.deed, &bound, &desk).await else { continue };
        if let Some(name) = &bound.error_variable {
            printer::write(&format!("{name}={}\n", shell(&format!("{error:#}"))))?;
        }
        exit = code_of(&error);
        match bound.error_action {
            ErrorAction::Stop => return Err(error),
            ErrorAction::Continue => super::remark(&format!("counterfoil: {error:#}")),
            ErrorAction::SilentlyContinue => {}
        }
    }
    Ok(exit)
}

/// Prints the cmdlet as its page shows it.
pub fn explain(cmdlet: &Cmdlet) -> Outcome {
    printer::write(&syntax(cmdlet))?;
    Ok(Exit::Done)
}

/// The cmdlet as its page shows it.
fn syntax(cmdlet: &Cmdlet) -> String {
    let parameters = cmdlet.parameters.iter().map(|parameter| format!(" [[-{}] <String>]", parameter.name));
    let parameters = parameters.collect::<Vec<_>>().concat();
    format!("{}{parameters} [<CommonParameters>]\n{}", cmdlet.names[0], cmdlet.note)
}

async fn one(deed: Deed, bound: &Bound, desk: &Desk<'_>) -> Result<()> {
    match deed {
        Deed::RequestAccessToken => datto::request(bound, desk).await,
        Deed::InitializeTokenCreate => ruvds::initialize(bound, desk),
        Deed::TokensCreate => ruvds::create(bound, desk).await,
        Deed::TokensGet => ruvds::get(bound, desk).await,
        Deed::TokensList => ruvds::list(bound, desk).await,
        Deed::TokensPut => ruvds::put(bound, desk).await,
    }
}

/// One run for each object of the pipeline; one if there is no pipeline, or nothing in it.
fn pipeline(cmdlet: &Cmdlet, bound: &Bound) -> Result<Vec<Bound>, Failure> {
    if !bound.is_open(cmdlet.parameters) || std::io::stdin().is_terminal() {
        return Ok(vec![bound.clone()]);
    }
    let mut text = String::new();
    let read = std::io::stdin().read_to_string(&mut text);
    read.map_err(|why| Failure::usage(format!("standard input cannot be read: {why}")))?;
    let objects = objects(&text);
    if objects.is_empty() {
        return Ok(vec![bound.clone()]);
    }
    Ok(objects.iter().map(|object| bound.fed(cmdlet.parameters, object)).collect())
}

/// JSON values, over however many lines, or else lines.
fn objects(text: &str) -> Vec<String> {
    let values: Result<Vec<serde_json::Value>, _> =
        serde_json::Deserializer::from_str(text).into_iter().collect();
    match values {
        Ok(values) if values.iter().all(serde_json::Value::is_object) => {
            values.iter().map(ToString::to_string).collect()
        }
        _ => text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect(),
    }
}

/// Puts an object out: as rows for people, as the vendor's JSON in a pipe, or into a variable of the shell.
fn put_out<T: Row>(object: &impl Serialize, rows: &[T], bound: &Bound, desk: &Desk<'_>) -> Result<()> {
    let json = serde_json::to_value(object)?;
    if let Some(name) = &bound.out_variable {
        let text = if json.is_null() { String::new() } else { json.to_string() };
        return Ok(printer::write(&format!("{name}={}\n", shell(&text)))?);
    }
    match (desk.printer.format, rows) {
        (Format::Json, _) => printer::write(&format::json(&format!("{json:#}\n")))?,
        (Format::Ndjson, _) => printer::write(&format::json(&format!("{json}\n")))?,
        (_, [row]) => {
            desk.printer.check::<T>()?;
            desk.printer.one(row)?;
        }
        (_, rows) => {
            desk.printer.check::<T>()?;
            desk.printer.many(rows)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cmdlets_are_found_in_any_case_and_nothing_else_is_one() {
        assert!(named("request-dattormmaccesstoken").is_some() && named("INVOKE-TOKENSLIST").is_some());
        for other in ["token", "Invoke-Tokens", "-h", "--help", "Request-"] {
            assert!(named(other).is_none(), "{other}");
        }
    }

    #[test]
    fn the_pipeline_holds_lines_or_objects() {
        assert_eq!(objects("one\n two \r\n\n"), ["one", "two"]);
        assert_eq!(objects("{\n \"a\": 1\n}\n{\"a\":2}"), [r#"{"a":1}"#, r#"{"a":2}"#]);
        assert_eq!(
            objects("38400000-8cf0-11bd-b23e-10b96e4ef00d\n"),
            ["38400000-8cf0-11bd-b23e-10b96e4ef00d"]
        );
        assert_eq!(objects("12345\n"), ["12345"], "a number is a line");
        assert!(objects(" \n").is_empty());
    }
}
