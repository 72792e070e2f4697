//! `counterfoil principal password` and `totp`: how somebody logs in.

use crate::cli::desk::{Desk, Outcome};
use crate::cli::exit::{Exit, Failure};
use crate::cli::flags::{DestroyFlags, Dry};
use crate::cli::rows::Intended;
use clap::{Args, ValueEnum};
use counterfoil_core::secret::Secret;
use counterfoil_dialects::native::client::Principals;
use counterfoil_dialects::native::wire::ways::{Password, TotpSeed};

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
        return desk.intend(&[Intended::from(&ask.request).hiding("password")]);
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
                return desk.intend(&[Intended::from(&ask.request)]);
            }
            desk.show(ask).await?;
            desk.remark("The seed is shown this once. From now on no login without its codes succeeds.");
            Ok(Exit::Done)
        }
    }
}
