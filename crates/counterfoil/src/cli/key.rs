//! `counterfoil key`: signing keys, with which sessions are signed.

use super::desk::{Desk, Outcome};
use super::exit::Failure;
use super::flags::{DestroyFlags, Dry};
use super::rows::Intended;
use clap::{Args, Subcommand};
use counterfoil_dialects::native::client::ways::SigningKeys;
use counterfoil_dialects::native::wire::ways::{RotateKey, SigningKey};

/// What can be done with signing keys.
#[derive(Debug, Default, Subcommand)]
pub enum Verb {
    /// List signing keys
    #[default]
    #[command(alias = "ls")]
    List,
    /// Let a new key sign at once; the old one stays published while what it signed counts
    Rotate(RotateArgs),
    /// Remove a key that signs no more; refused while a session that it signed counts
    #[command(alias = "rm")]
    Retire {
        /// Its thumbprint; write -- before one that begins with a hyphen
        #[arg(allow_hyphen_values = true)]
        kid: String,
        /// Whether to do it.
        #[command(flatten)]
        flags: DestroyFlags,
    },
}

/// Arguments of `key rotate`.
#[derive(Debug, Args)]
pub struct RotateArgs {
    /// For which dialect it signs: control-room, datto-rmm, oauth, …
    #[arg(long, value_name = "DIALECT")]
    dialect: String,
    /// With what [default: the dialect's usual]
    #[arg(long, value_name = "NAME")]
    algorithm: Option<String>,
    /// How many bits an RSA key has: 2048, 3072 or 4096 [default: as before]
    #[arg(long, value_name = "N")]
    bits: Option<usize>,
    #[command(flatten)]
    dry: Dry,
}

/// Carries the verb out.
pub async fn run(verb: Verb, desk: &Desk<'_>) -> Outcome {
    match verb {
        Verb::List => desk.show_list(SigningKeys::list()?, None).await,
        Verb::Rotate(args) => rotate(args, desk).await,
        Verb::Retire { kid, flags } => {
            let (question, done) = (format!("Remove the key {kid}?"), format!("Removed the key {kid}."));
            desk.destroy(SigningKeys::remove(&kid)?, &question, &done, flags).await
        }
    }
}

async fn rotate(args: RotateArgs, desk: &Desk<'_>) -> Outcome {
    let RotateArgs { dialect, algorithm, bits, dry } = args;
    desk.printer.check::<SigningKey>()?;
    let usual = || {
        let signs = counterfoil_dialects::dialect(&dialect).map(|dialect| dialect.signs).unwrap_or_default();
        let none = || Failure::usage(format!("`{dialect}` is no dialect that signs"));
        signs.first().map(|algorithm| algorithm.as_str().to_owned()).ok_or_else(none)
    };
    let algorithm = algorithm.map_or_else(usual, Ok)?;
    let ask = SigningKeys::rotate(&RotateKey { dialect, algorithm, bits })?;
    if dry.run {
        return desk.intend([Intended::from(&ask.request)]);
    }
    desk.show(ask).await
}
