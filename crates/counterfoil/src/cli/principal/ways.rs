//! `counterfoil principal password`, `totp` and `keys`: how somebody logs in, and what a service signs with.

use crate::cli::desk::{Desk, Outcome};
use crate::cli::exit::{Exit, Failure};
use crate::cli::flags::{DestroyFlags, Dry};
use crate::cli::rows::Intended;
use clap::{ArgGroup, Args, ValueEnum};
use counterfoil_core::secret::Secret;
use counterfoil_dialects::native::client::Principals;
use counterfoil_dialects::native::wire::ways::{Jwks, Password, TotpSeed};

/// Arguments of `principal password`.
#[derive(Debug, Args)]
pub struct PasswordArgs {
    /// The user name
    username: String,
    /// The password: - (standard input), @FILE or env:NAME [default: asked for, and not shown]
    #[arg(long, value_name = "SECRET")]
    password: Option<String>,
    #[command(flatten)]
    dry: Dry,
}

/// Arguments of `principal totp`.
#[derive(Debug, Args)]
pub struct TotpArgs {
    /// The user name
    username: String,
    /// What to do
    deed: TotpDeed,
    #[command(flatten)]
    flags: DestroyFlags,
}

/// What can be done with a second factor.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum TotpDeed {
    /// Give one, or a new one; its seed is printed this once
    Enrol,
    /// Take it away
    Remove,
}

/// Arguments of `principal keys`.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("which").required(true).args(["jwks", "remove"]))]
pub struct KeysArgs {
    /// The user name
    username: String,
    /// The whole JWK set (RFC 7517): a file, or - (standard input); only public members are kept
    #[arg(long, value_name = "FILE")]
    jwks: Option<String>,
    /// Take all of them away
    #[arg(long)]
    remove: bool,
    #[command(flatten)]
    flags: DestroyFlags,
}

/// Sets a password.
pub async fn password(args: PasswordArgs, desk: &Desk<'_>) -> Outcome {
    let PasswordArgs { username, password, dry } = args;
    let text = match (&password, dry.run) {
        (_, true) => Secret::new(String::new()),
        (Some(spelt), false) => desk.secrets.read(spelt)?,
        (None, false) => asked_twice(desk)?,
    };
    let id = desk.find::<Principals>(&username).await?.id;
    let ask = Principals::set_password(&id, &Password { password: text.reveal().to_owned() })?;
    if dry.run {
        return desk.intend([Intended::from(&ask.request).hiding("password")]);
    }
    desk.ask(ask).await?;
    desk.remark(&format!("The password of {username} is set; sessions from before have ended."));
    Ok(Exit::Done)
}

/// What nobody sees is easily mistyped.
fn asked_twice(desk: &Desk<'_>) -> Result<Secret, Failure> {
    let instead = "--password -, --password @FILE or --password env:NAME";
    let first = desk.secrets.ask("a password", instead)?;
    let again = desk.secrets.ask("the password again", instead)?;
    if first.reveal() == again.reveal() { Ok(first) } else { Err(Failure::usage("the two are not the same")) }
}

/// Gives a second factor or takes it away.
pub async fn totp(args: TotpArgs, desk: &Desk<'_>) -> Outcome {
    let TotpArgs { username, deed, flags } = args;
    desk.printer.check::<TotpSeed>()?;
    let id = desk.find::<Principals>(&username).await?.id;
    match deed {
        TotpDeed::Remove => {
            let question = format!("Take the second factor of {username} away?");
            let done = format!("{username} has no second factor any more.");
            desk.destroy(Principals::remove_totp(&id)?, &question, &done, flags).await
        }
        TotpDeed::Enrol => {
            let ask = Principals::enrol_totp(&id)?;
            if flags.dry.run {
                return desk.intend([Intended::from(&ask.request)]);
            }
            desk.show(ask).await?;
            desk.remark("The seed is shown this once. From now on no login without its codes succeeds.");
            Ok(Exit::Done)
        }
    }
}

/// Sets the public keys that a service signs with, or takes them away.
pub async fn keys(args: KeysArgs, desk: &Desk<'_>) -> Outcome {
    let KeysArgs { username, jwks, remove: _, flags } = args;
    let wanted = jwks.as_deref().map(|path| read_jwks(path, desk)).transpose()?;
    let id = desk.find::<Principals>(&username).await?.id;
    let ask = Principals::set_jwks(&id, &wanted.unwrap_or(Jwks { keys: Vec::new() }))?;
    if flags.dry.run {
        return desk.intend([Intended::from(&ask.request)]);
    }
    if jwks.is_none() {
        desk.confirm(flags, &format!("Take away what {username} signs with, and end its sessions?"))?;
    }
    let kept = desk.ask(ask).await?.keys.len();
    let keys = if kept == 1 { "1 key" } else { &format!("{kept} keys") };
    desk.remark(&format!("{username} signs with {keys} now."));
    Ok(Exit::Done)
}

/// A public key is no secret, but standard input gives one thing only.
fn read_jwks(path: &str, desk: &Desk<'_>) -> Result<Jwks, Failure> {
    let spelt = if path == "-" { path.to_owned() } else { format!("@{path}") };
    let text = desk.secrets.read(&spelt)?;
    serde_json::from_str(text.reveal()).map_err(|why| Failure::usage(format!("{path} is no JWK set: {why}")))
}
