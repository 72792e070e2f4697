//! `counterfoil principal key`: exchange tokens, the keys that buy sessions of a vendor's API. What is printed has the
//! vendor's names.

use crate::cli::desk::{Desk, Outcome};
use crate::cli::exit::{Exit, Failure};
use crate::cli::flags::{CreateFlags, DestroyFlags};
use crate::cli::format::Format;
use crate::cli::printer::Printer;
use crate::cli::rows::{Intended, Row};
use anyhow::Result;
use clap::{Args, Subcommand};
use counterfoil_dialects::dialect::DialectKeys;
use counterfoil_dialects::native::client::Principals;
use counterfoil_dialects::native::wire::token::Token;
use counterfoil_dialects::native::wire::ways::NewKey;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

/// What can be done with keys.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Create a key; where a principal may hold one, it replaces the one before
    #[command(alias = "new")]
    Create(CreateArgs),
    /// List keys
    #[command(alias = "ls")]
    List(Whose),
    /// Create a key like another, which ends with its sessions
    Rotate(RotateArgs),
    /// Revoke keys, for good; the sessions that they bought end
    #[command(alias = "rm")]
    Revoke(RevokeArgs),
    /// Take over a key that exists elsewhere
    Import(ImportArgs),
}

/// Whose keys.
#[derive(Debug, Args)]
pub struct Whose {
    /// The user name
    username: String,
    /// Whose API they are for: control-room, datto-rmm, …
    #[arg(long, value_name = "DIALECT")]
    dialect: String,
}

/// Arguments of `principal key create`.
#[derive(Debug, Args)]
pub struct CreateArgs {
    #[command(flatten)]
    whose: Whose,
    /// What it may do; say it once for each scope [default: all that its principal may]
    #[arg(long = "scope", value_name = "SCOPE")]
    scopes: Vec<String>,
    #[command(flatten)]
    flags: CreateFlags,
}

/// Arguments of `principal key rotate`.
#[derive(Debug, Args)]
pub struct RotateArgs {
    #[command(flatten)]
    whose: Whose,
    /// Its id, where a principal may hold several
    id: Option<String>,
    /// What the new one may do; say it once for each scope [default: the same]
    #[arg(long = "scope", value_name = "SCOPE")]
    scopes: Option<Vec<String>>,
    #[command(flatten)]
    flags: CreateFlags,
}

/// Arguments of `principal key revoke`.
#[derive(Debug, Args)]
pub struct RevokeArgs {
    #[command(flatten)]
    whose: Whose,
    /// Its id [default: all of them]
    id: Option<String>,
    #[command(flatten)]
    flags: DestroyFlags,
}

/// Arguments of `principal key import`.
#[derive(Debug, Args)]
pub struct ImportArgs {
    #[command(flatten)]
    whose: Whose,
    /// What it may do; say it once for each scope [default: all that its principal may]
    #[arg(long = "scope", value_name = "SCOPE")]
    scopes: Vec<String>,
    /// The key, or KEY:SECRET where it has two parts: - (standard input), @FILE or env:NAME [default: asked for]
    #[arg(long, value_name = "SECRET")]
    text: Option<String>,
    #[command(flatten)]
    flags: CreateFlags,
}

/// A key in its dialect's words.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(transparent)]
struct Made(Map<String, Value>);

impl Row for Made {
    const COLUMNS: &'static [&'static str] = &["id", "principal", "expires"];
    const MAIN: &'static str = "id";

    fn fields() -> Vec<String> {
        let keys = || counterfoil_dialects::DIALECTS.iter().filter_map(|dialect| dialect.keys);
        let theirs = keys().flat_map(|keys| keys.id_name.into_iter().chain([keys.text_name]));
        let mut fields: Vec<_> = theirs.chain(Self::COLUMNS.iter().copied()).map(str::to_owned).collect();
        fields.sort();
        fields.dedup();
        fields
    }
}

/// Carries the verb out.
pub async fn run(verb: Verb, desk: &Desk<'_>) -> Outcome {
    match verb {
        Verb::Create(CreateArgs { whose, scopes, flags }) => {
            let keys = keys_of(&whose.dialect)?;
            let new = NewKey { dialect: whose.dialect, scopes, ..NewKey::default() };
            let id = desk.find::<Principals>(&whose.username).await?.id;
            create(&id, &new, keys, flags, desk).await
        }
        Verb::List(whose) => {
            keys_of(&whose.dialect)?;
            let id = desk.find::<Principals>(&whose.username).await?.id;
            desk.show_list(Principals::keys(&id, &whose.dialect)?, None).await
        }
        Verb::Rotate(args) => rotate(args, desk).await,
        Verb::Revoke(args) => revoke(args, desk).await,
        Verb::Import(args) => import(args, desk).await,
    }
}

async fn create(id: &str, new: &NewKey, keys: &DialectKeys, flags: CreateFlags, desk: &Desk<'_>) -> Outcome {
    let printer = printer(desk, keys, new.text.is_none());
    printer.check::<Made>()?;
    let ask = Principals::create_key(id, new)?;
    if flags.dry.run {
        return desk.intend([Intended::from(&ask.request).hiding("text")]);
    }
    let mut made = desk.ask_once(ask, flags.idempotency_key).await?;
    if new.text.is_some() {
        // Whoever imports it has it.
        made.remove(keys.text_name);
    }
    printer.one(&Made(made))?;
    if new.text.is_none() && printer.format == Format::Table {
        desk.remark("The secret is shown this once.");
    }
    Ok(Exit::Done)
}

/// Prints the parts of a key that there are; `-o value` the secret, if it is a new one.
fn printer(desk: &Desk<'_>, keys: &DialectKeys, secret: bool) -> Printer {
    let mut printer = desk.printer.clone();
    let id = keys.id_name.unwrap_or("id");
    printer.fields = match printer.format {
        _ if !printer.fields.is_empty() => printer.fields,
        Format::Json | Format::Ndjson => Vec::new(),
        Format::Value => vec![if secret { keys.text_name } else { id }.to_owned()],
        _ => {
            let text = secret.then_some(keys.text_name);
            [id].into_iter().chain(text).chain(["principal", "expires"]).map(str::to_owned).collect()
        }
    };
    printer
}

async fn rotate(args: RotateArgs, desk: &Desk<'_>) -> Outcome {
    let RotateArgs { whose: Whose { username, dialect }, id: named, scopes, flags } = args;
    let keys = keys_of(&dialect)?;
    if keys.rules.several && named.is_none() {
        return Err(Failure::usage("there may be several: say the id of the one to replace").into());
    }
    let id = desk.find::<Principals>(&username).await?.id;
    let old = the_one(desk.ask(Principals::keys(&id, &dialect)?).await?.items, named.as_deref(), &username)?;
    let new = NewKey {
        dialect: dialect.clone(),
        scopes: scopes.unwrap_or_else(|| old.scopes.clone()),
        ..NewKey::default()
    };
    let revocation = Principals::revoke_keys(&id, &dialect, Some(&old.id))?;
    let dry = flags.dry.run;
    if dry && keys.rules.several {
        let creation = Principals::create_key(&id, &new)?;
        return desk.intend([Intended::from(&creation.request), Intended::from(&revocation.request)]);
    }
    let outcome = create(&id, &new, keys, flags, desk).await?;
    if keys.rules.several {
        desk.ask(revocation).await.inspect_err(|_| {
            desk.remark(&format!("The new key is made, but {} still counts; revoke it.", old.id));
        })?;
    }
    Ok(outcome)
}

/// The key that is meant: the named one, or the only one.
fn the_one(keys: Vec<Token>, named: Option<&str>, username: &str) -> Result<Token, Failure> {
    let found = keys.into_iter().find(|key| named.is_none_or(|named| named == key.id));
    found.ok_or_else(|| Failure::new(Exit::NotFound, format!("{username} has no such key")))
}

async fn revoke(args: RevokeArgs, desk: &Desk<'_>) -> Outcome {
    let RevokeArgs { whose: Whose { username, dialect }, id: named, flags } = args;
    keys_of(&dialect)?;
    let id = desk.find::<Principals>(&username).await?.id;
    let what = match &named {
        Some(named) => format!("the key {named} of {username}"),
        None => format!("every {dialect} key of {username}"),
    };
    let ask = Principals::revoke_keys(&id, &dialect, named.as_deref())?;
    desk.destroy(ask, &format!("Revoke {what} for good?"), &format!("Revoked {what}."), flags).await
}

async fn import(args: ImportArgs, desk: &Desk<'_>) -> Outcome {
    let ImportArgs { whose: Whose { username, dialect }, scopes, text, flags } = args;
    let keys = keys_of(&dialect)?;
    let instead = "--text -, --text @FILE or --text env:NAME";
    let spelt = match (&text, flags.dry.run) {
        (_, true) => None,
        (Some(spelt), false) => Some(desk.secrets.read(spelt)?),
        (None, false) => Some(desk.secrets.ask("the key", instead)?),
    };
    let (key, text) = match (&spelt, keys.id_name) {
        (None, _) => (None, ""),
        (Some(spelt), None) => (None, spelt.reveal()),
        (Some(spelt), Some(_)) => {
            let parts = spelt.reveal().split_once(':');
            let (key, secret) = parts.ok_or_else(|| Failure::usage("write the key as KEY:SECRET"))?;
            (Some(key.to_owned()), secret)
        }
    };
    let id = desk.find::<Principals>(&username).await?.id;
    let new = NewKey { dialect, scopes, id: key, text: Some(text.to_owned()) };
    create(&id, &new, keys, flags, desk).await
}

/// How a dialect's keys are, if it has any.
fn keys_of(dialect: &str) -> Result<&'static DialectKeys, Failure> {
    let found = counterfoil_dialects::dialect(dialect).and_then(|dialect| dialect.keys);
    found.ok_or_else(|| {
        let with = counterfoil_dialects::DIALECTS.iter().filter(|dialect| dialect.keys.is_some());
        let names: Vec<_> = with.map(|dialect| dialect.name).collect();
        Failure::usage(format!("`{dialect}` is no dialect with keys; there are {}", names.join(", ")))
    })
}
