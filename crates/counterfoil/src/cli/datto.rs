//! `counterfoil datto`: Datto RMM's access tokens, for an API key and its secret.

use super::desk::{Desk, Outcome};
use super::exit::Failure;
use super::rows::Row;
use super::vendor::{Visit, account, flag_token};
use crate::config::account::{Account, Given, Proof, Variables};
use crate::config::client::SecretSource;
use crate::config::{Origin, Setting};
use crate::system::SystemClock;
use clap::{Args, Subcommand};
use counterfoil_core::clock::Clock as _;
use counterfoil_core::secret::Secret;
use counterfoil_dialects::datto_rmm::client::{VENDOR, request_access_token};
use counterfoil_dialects::datto_rmm::token::Granted;
use jiff::SignedDuration;
use std::io::{IsTerminal as _, Read as _};

/// What Datto's commands look at besides flags and profile.
pub const VARIABLES: Variables = Variables {
    server: "COUNTERFOIL_DATTO_API_URI",
    username: "COUNTERFOIL_DATTO_API_KEY",
    secret: "COUNTERFOIL_DATTO_API_SECRET_KEY",
    password: "COUNTERFOIL_DATTO_PASSWORD",
};

const NO_KEY: &str = "the API key is missing: give --api-key, or the variable COUNTERFOIL_DATTO_API_KEY";

/// What can be done at Datto RMM.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Request a JWT access token with an API key; it is printed, and kept below ~/.cache/counterfoil until it ends
    RequestAccessToken(RequestArgs),
}

/// Arguments of `datto request-access-token`: in order, or by name. What comes through a pipe is the one that is
/// missing.
#[derive(Debug, Default, Args)]
pub struct RequestArgs {
    /// Base URI of the platform [variable: COUNTERFOIL_DATTO_API_URI]
    #[arg(value_name = "API_URI", conflicts_with = "named_uri")]
    uri: Option<String>,
    /// API key [variable: COUNTERFOIL_DATTO_API_KEY]
    #[arg(value_name = "API_KEY", conflicts_with = "named_key")]
    key: Option<String>,
    /// API secret key: `-` (standard input), `@FILE`, `env:NAME` or the text [variable: COUNTERFOIL_DATTO_API_SECRET_KEY; default: asked for]
    #[arg(value_name = "API_SECRET_KEY", conflicts_with = "named_secret_key")]
    secret_key: Option<String>,
    /// The same by name
    #[arg(long = "api-uri", value_name = "API_URI")]
    named_uri: Option<String>,
    /// The same by name
    #[arg(long = "api-key", value_name = "API_KEY")]
    named_key: Option<String>,
    /// The same by name
    #[arg(long = "api-secret-key", value_name = "API_SECRET_KEY")]
    named_secret_key: Option<String>,
}

impl Row for Granted {
    const COLUMNS: &'static [&'static str] = &["access_token", "token_type", "expires_in", "scope", "jti"];
    const MAIN: &'static str = "access_token";
    const SECRET: bool = true;
    const VARIABLE: &'static str = "COUNTERFOIL_DATTO_ACCESS_TOKEN";
}

/// Carries the verb out.
pub async fn run(verb: Verb, desk: &Desk<'_>) -> Outcome {
    let Verb::RequestAccessToken(args) = verb;
    desk.printer.check::<Granted>()?;
    let given = Given {
        server: args.named_uri.or(args.uri),
        username: args.named_key.or(args.key),
        secret: args.named_secret_key.or(args.secret_key).or_else(|| flag_token(desk)),
        password: None,
    };
    if [&given.server, &given.username].into_iter().any(|text| text.as_deref() == Some("-")) {
        return Err(Failure::usage("`-` stands for a secret: only --api-secret-key takes it").into());
    }
    let mut account = account(desk, &VENDOR, &VARIABLES, given)?;
    if !std::io::stdin().is_terminal() {
        fill(&mut account)?;
    }
    let visit = Visit::to(desk, account)?;
    let (key, secret) = pair(&visit)?;
    visit.print(&request(&visit, &key, &secret).await?)
}

/// What comes through a pipe is the one value that nothing else says.
fn fill(account: &mut Account) -> Result<(), Failure> {
    // What a profile keeps may be both parts.
    let both = account.proof.as_ref().is_some_and(|proof| matches!(proof.origin, Origin::File(_)));
    let (server, key) = (account.server.is_none(), account.username.is_none() && !both);
    if usize::from(server) + usize::from(key) + usize::from(account.proof.is_none()) != 1 {
        return Ok(());
    }
    let mut text = String::new();
    let read = std::io::stdin().read_to_string(&mut text);
    read.map_err(|why| Failure::usage(format!("standard input cannot be read: {why}")))?;
    let text = Secret::new(text);
    let line = text.reveal().trim();
    let origin = Origin::Flag("standard input");
    match line {
        "" => {}
        line if server => account.server = Some(Setting { value: line.to_owned(), origin }),
        line if key => account.username = Some(Setting { value: line.to_owned(), origin }),
        line => {
            let piped = SecretSource::Text(Secret::new(line.to_owned()));
            account.proof = Some(Setting { value: Proof::Secret(piped), origin });
        }
    }
    Ok(())
}

/// Requests an access token and keeps it.
pub async fn request(visit: &Visit<'_>, key: &str, secret: &Secret) -> anyhow::Result<Granted> {
    let granted = visit.ask_as_is(request_access_token(key, secret)?).await?;
    let lasts = SignedDuration::from_secs(granted.expires_in.max(0));
    if let Ok(end) = SystemClock.now().checked_add(lasts) {
        let token = Secret::new(granted.access_token.clone());
        visit.sessions.put(&visit.holder(key), &token, end)?;
    }
    Ok(granted)
}

/// Key and secret. A secret may be both, with a colon between them.
pub fn pair(visit: &Visit<'_>) -> Result<(String, Secret), Failure> {
    let instead =
        "--api-secret-key -, --api-secret-key @FILE, or the variable COUNTERFOIL_DATTO_API_SECRET_KEY";
    let key = visit.account.username.as_ref().map(|key| key.value.clone());
    let proof = visit.account.proof.as_ref().map(|proof| &proof.value);
    let secret = match proof {
        Some(Proof::Secret(source)) => visit.desk.secrets.of(source)?,
        Some(Proof::Password(_)) => {
            return Err(Failure::usage("Datto RMM takes a key and its secret, no password"));
        }
        None if key.is_none() => return Err(Failure::usage(NO_KEY)),
        None => visit.missed("the API secret key", instead)?,
    };
    match (key, secret.reveal().split_once(':'), proof) {
        (Some(key), Some((own, text)), _) if own == key => Ok((key, Secret::new(text.to_owned()))),
        (Some(key), Some(_), Some(Proof::Secret(SecretSource::Kept(kept)))) => {
            let what =
                format!("the API secret key (what the profile `{}` keeps is of another key)", kept.profile);
            Ok((key, visit.desk.secrets.ask(&what, instead)?))
        }
        (Some(key), _, _) => Ok((key, secret)),
        (None, Some((key, text)), _) => Ok((key.to_owned(), Secret::new(text.to_owned()))),
        (None, None, _) => {
            Err(Failure::usage("the API key is missing: give --api-key, or keep the secret as KEY:SECRET"))
        }
    }
}
