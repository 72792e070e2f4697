//! Flags that several commands share.

use super::exit::Failure;
use clap::Args;
use counterfoil_core::when::{self, When};
use jiff::Timestamp;

/// Of every command that changes something.
#[derive(Debug, Default, Clone, Copy, Args)]
pub struct Dry {
    /// Print the request instead of making it
    #[arg(long = "dry-run")]
    pub run: bool,
}

/// Of creations and rotations.
#[derive(Debug, Default, Clone, Args)]
pub struct CreateFlags {
    /// Makes a repetition safe: the same key gives the same outcome for 15 minutes [default: a new one]
    #[arg(long, value_name = "KEY")]
    pub idempotency_key: Option<String>,
    /// Whether to make the request at all.
    #[command(flatten)]
    pub dry: Dry,
}

/// Of changes.
#[derive(Debug, Default, Clone, Copy, Args)]
pub struct EditFlags {
    /// Change it only if it still has this version
    #[arg(long, value_name = "VERSION")]
    pub if_version: Option<u64>,
    /// Whether to make the request at all.
    #[command(flatten)]
    pub dry: Dry,
}

/// Of what cannot be undone.
#[derive(Debug, Default, Clone, Copy, Args)]
pub struct DestroyFlags {
    /// Do not ask; needed where no terminal is
    #[arg(short, long)]
    pub yes: bool,
    /// Whether to make the request at all.
    #[command(flatten)]
    pub dry: Dry,
}

/// `KEY=VALUE`.
pub fn pair(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("write it as KEY=VALUE")?;
    Ok((key.to_owned(), value.to_owned()))
}

/// An instant as a flag says it; `never` is after all others.
pub fn instant(flag: &str, text: &str, now: Timestamp) -> Result<Timestamp, Failure> {
    match when::parse(text, now) {
        Ok(When::At(at)) => Ok(at),
        Ok(When::Never) => Ok(Timestamp::MAX),
        Err(why) => Err(Failure::usage(format!("{flag} {why}"))),
    }
}
