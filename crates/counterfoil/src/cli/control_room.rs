//! `counterfoil control-room`: logging in to a Control Room, and what can be done with the token that this gives.

use super::desk::{Desk, Outcome};
use super::exit::{Exit, Failure};
use super::rows::Row;
use super::vendor::{Visit, account, flag_token};
use crate::config::account::{Given, Proof, Variables};
use anyhow::Result;
use clap::{Args, Subcommand};
use counterfoil_core::secret::Secret;
use counterfoil_dialects::control_room::client::{VENDOR, Version, logout, validate};
use counterfoil_dialects::control_room::wire::{LoggedIn, Login, Valid};
use counterfoil_dialects::vendor::jwt_end;

/// What Control Room's commands look at besides flags and profile.
pub const VARIABLES: Variables = Variables {
    server: "COUNTERFOIL_CONTROL_ROOM_SERVER",
    username: "COUNTERFOIL_CONTROL_ROOM_USERNAME",
    secret: "COUNTERFOIL_CONTROL_ROOM_API_KEY",
    password: "COUNTERFOIL_CONTROL_ROOM_PASSWORD",
};

/// The variable of a session's token.
pub const SESSION: &str = "COUNTERFOIL_CONTROL_ROOM_TOKEN";

/// What can be done at a Control Room.
#[derive(Debug, Args)]
pub struct Noun {
    #[command(subcommand)]
    verb: Verb,
    /// User name; with a domain as DOMAIN\user [variable: COUNTERFOIL_CONTROL_ROOM_USERNAME]
    #[arg(long, value_name = "NAME", global = true)]
    username: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Log in with an API key or a password; the token is kept for other commands until it ends
    Authenticate(AuthenticateArgs),
    /// Ask whether a token counts; leaves with 0 if it does and with 8 if not
    Validate,
    /// Replace a token by a new one, which lasts from now on
    Refresh {
        /// As releases before 31 do it
        #[arg(long)]
        v1: bool,
    },
    /// End a token
    Logout,
}

#[derive(Debug, Args)]
struct AuthenticateArgs {
    /// API key: `-` (standard input), `@FILE`, `env:NAME` or the text [variable: COUNTERFOIL_CONTROL_ROOM_API_KEY; default: asked for]
    #[arg(long, value_name = "SECRET", conflicts_with = "password")]
    api_key: Option<String>,
    /// Password instead of a key, spelt the same ways [variable: COUNTERFOIL_CONTROL_ROOM_PASSWORD]
    #[arg(long, value_name = "SECRET")]
    password: Option<String>,
    /// With a password: leave other sessions alone
    #[arg(long)]
    multiple: bool,
    /// Code of the second factor
    #[arg(long, value_name = "CODE")]
    mfa_code: Option<u32>,
    /// As releases before 31 do it
    #[arg(long)]
    v1: bool,
}

impl Row for LoggedIn {
    const COLUMNS: &'static [&'static str] = &["token", "user"];
    const MAIN: &'static str = "token";
    const SECRET: bool = true;
    const VARIABLE: &'static str = SESSION;

    fn detail() -> Vec<String> {
        ["token", "user.id", "user.username", "user.email"].map(str::to_owned).to_vec()
    }
}

impl Row for Valid {
    const COLUMNS: &'static [&'static str] = &["valid"];
    const MAIN: &'static str = "valid";
}

/// Carries the verb out.
pub async fn run(Noun { verb, username }: Noun, desk: &Desk<'_>) -> Outcome {
    let given = Given { username, ..Given::default() };
    match verb {
        Verb::Authenticate(args) => {
            desk.printer.check::<LoggedIn>()?;
            let given = Given { secret: args.api_key.clone(), password: args.password.clone(), ..given };
            let visit = Visit::to(desk, account(desk, &VENDOR, &VARIABLES, given)?)?;
            visit.print(&authenticate(&args, &visit).await?)
        }
        Verb::Validate => {
            desk.printer.check::<Valid>()?;
            let visit = Visit::to(desk, account(desk, &VENDOR, &VARIABLES, given)?)?;
            let answer = visit.ask_as_is(validate(&token(&visit)?)?).await?;
            desk.printer.one(&answer)?;
            Ok(if answer.valid { Exit::Done } else { Exit::NotValid })
        }
        Verb::Refresh { v1 } => {
            desk.printer.check::<LoggedIn>()?;
            let visit = Visit::to(desk, account(desk, &VENDOR, &VARIABLES, given)?)?;
            let fresh = visit.ask_as_is(version(v1).refresh(&token(&visit)?)?).await?;
            keep(&visit, &fresh)?;
            visit.print(&fresh)
        }
        Verb::Logout => {
            let visit = Visit::to(desk, account(desk, &VENDOR, &VARIABLES, given)?)?;
            visit.ask_as_is(logout(&token(&visit)?)?).await?;
            if let Some(username) = &visit.account.username {
                visit.sessions.remove(&visit.holder(&username.value))?;
            }
            desk.remark("Logged out.");
            Ok(Exit::Done)
        }
    }
}

fn version(v1: bool) -> Version {
    if v1 { Version::First } else { Version::Second }
}

async fn authenticate(args: &AuthenticateArgs, visit: &Visit<'_>) -> Result<LoggedIn> {
    let username = username(visit)?;
    let instead = "--api-key -, --api-key @FILE, or the variable COUNTERFOIL_CONTROL_ROOM_API_KEY";
    let secrets = &visit.desk.secrets;
    let (secret, is_key) = match visit.account.proof.as_ref().map(|proof| &proof.value) {
        Some(Proof::Secret(source)) => (secrets.of(source)?, true),
        Some(Proof::Password(source)) => (secrets.of(source)?, false),
        None => (visit.missed(&format!("the API key of {username}"), instead)?, true),
    };
    let text = || secret.reveal().to_owned();
    let login = Login {
        username,
        api_key: is_key.then(text),
        password: (!is_key).then(text),
        multiple_login: args.multiple,
        mfa_code: args.mfa_code,
    };
    let opened = visit.ask_as_is(version(args.v1).authenticate(&login, &secret)?).await?;
    keep(visit, &opened)?;
    Ok(opened)
}

/// Who asks.
pub fn username(visit: &Visit<'_>) -> Result<String, Failure> {
    let missing = || Failure::usage("the user name is missing: give --username, or a profile");
    visit.account.username.as_ref().map(|name| name.value.clone()).ok_or_else(missing)
}

/// Keeps the token for later, if it can be told whose it is and until when.
fn keep(visit: &Visit<'_>, opened: &LoggedIn) -> Result<()> {
    if let (Some(username), Some(end)) = (&visit.account.username, jwt_end(&opened.token)) {
        visit.sessions.put(&visit.holder(&username.value), &Secret::new(opened.token.clone()), end)?;
    }
    Ok(())
}

/// The token that `--token` or its variable gives, or the one that was kept.
fn token(visit: &Visit<'_>) -> Result<Secret, Failure> {
    if let Some(spelt) = flag_token(visit.desk) {
        return visit.desk.secrets.read(&spelt);
    }
    if let Some(text) = visit.desk.secrets.environment().get(SESSION)? {
        return Ok(Secret::new(text.trim().to_owned()));
    }
    let kept = visit.kept_session(&username(visit)?);
    kept.ok_or_else(|| {
        let why = "no token is kept: log in with `counterfoil control-room authenticate`, or give --token";
        Failure::new(Exit::Credential, why)
    })
}
