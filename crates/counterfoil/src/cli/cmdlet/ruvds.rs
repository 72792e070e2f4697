//! The cmdlets of RUVDS's page: describe a token, create, show, list and renew tokens.

use super::binder::{Bound, Parameter};
use super::put_out;
use crate::cli::desk::Desk;
use crate::cli::exit::Failure;
use crate::cli::rows::Row;
use crate::cli::ruvds::{VARIABLES, instant};
use crate::cli::vendor::{Visit, from_json};
use crate::config::account::Given;
use crate::system::SystemClock;
use anyhow::Result;
use counterfoil_core::clock::Clock as _;
use counterfoil_core::when::iso;
use counterfoil_dialects::ruvds::client::{self, VENDOR};
use counterfoil_dialects::ruvds::{CreatableRole, TokenCreate};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

pub(super) const DESCRIPTION: &[Parameter] = &[
    Parameter { name: "TokenName", pipeline: false },
    Parameter { name: "TokenRole", pipeline: false },
    Parameter { name: "TokenExpiry", pipeline: false },
];

/// A description as the cmdlet puts it out: with all of its members.
#[derive(Serialize, JsonSchema)]
struct Description {
    #[serde(rename = "token_name")]
    name: String,
    #[serde(rename = "token_role")]
    role: CreatableRole,
    #[serde(rename = "token_expiry")]
    expiry: Option<String>,
}

impl Row for Description {
    const COLUMNS: &'static [&'static str] = &["token_name", "token_role", "token_expiry"];
    const MAIN: &'static str = "token_name";
}

/// Describes a token; asks nobody.
pub(super) fn initialize(bound: &Bound, desk: &Desk<'_>) -> Result<()> {
    let needed = |name: &str| {
        let missing = || Failure::usage(format!("-{name} is missing"));
        bound.value(name).ok_or_else(missing)
    };
    let role = match needed("TokenRole")?.to_ascii_lowercase().as_str() {
        "read" => CreatableRole::Read,
        "write" => CreatableRole::Write,
        _ => return Err(Failure::usage("-TokenRole is read or write").into()),
    };
    let description = Description {
        name: needed("TokenName")?.to_owned(),
        role,
        expiry: bound.value("TokenExpiry").map(expiry).transpose()?.flatten(),
    };
    put_out(&description, std::slice::from_ref(&description), bound, desk)
}

/// A time; `Get-Date`, which stands in the page's example, is now.
fn expiry(text: &str) -> Result<Option<String>, Failure> {
    match text.trim_matches(['(', ')']).to_ascii_lowercase().as_str() {
        "get-date" => Ok(Some(iso(SystemClock.now()))),
        _ => instant(text),
    }
}

fn visit<'d>(desk: &'d Desk<'d>) -> Result<Visit<'d>, Failure> {
    Visit::open(desk, &VENDOR, &VARIABLES, Given::default())
}

pub(super) async fn create(bound: &Bound, desk: &Desk<'_>) -> Result<()> {
    let new: Option<TokenCreate> =
        bound.value("TokenCreate").map(|json| from_json(desk, json)).transpose()?;
    let made = visit(desk)?.ask(client::create(new.as_ref())?).await?;
    put_out(&made, std::slice::from_ref(&made), bound, desk)
}

pub(super) async fn get(bound: &Bound, desk: &Desk<'_>) -> Result<()> {
    let token = visit(desk)?.ask(client::get(&id(bound)?)?).await?;
    put_out(&token, std::slice::from_ref(&token), bound, desk)
}

pub(super) async fn list(bound: &Bound, desk: &Desk<'_>) -> Result<()> {
    let all = visit(desk)?.ask(client::list()?).await?;
    put_out(&all, &all.tokens, bound, desk)
}

pub(super) async fn put(bound: &Bound, desk: &Desk<'_>) -> Result<()> {
    let made = visit(desk)?.ask(client::put(&id(bound)?)?).await?;
    put_out(&made, std::slice::from_ref(&made), bound, desk)
}

/// The id, or that of an object that another cmdlet put out.
fn id(bound: &Bound) -> Result<String, Failure> {
    let text = bound.value("TokenId").ok_or_else(|| Failure::usage("-TokenId is missing"))?;
    match serde_json::from_str(text) {
        Ok(Value::Object(object)) => {
            let id = object.get("token_id").and_then(Value::as_str).map(str::to_owned);
            id.ok_or_else(|| {
                let why = "-TokenId is an object without a token_id; of a list, pipe the ids: jq -r '.tokens[].token_id'";
                Failure::usage(why)
            })
        }
        _ => Ok(text.to_owned()),
    }
}
