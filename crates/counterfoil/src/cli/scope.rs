//! `counterfoil scope`: the catalogue of known permission words.

use super::desk::{Desk, Outcome};
use clap::{Args, Subcommand};
use counterfoil_dialects::native::client;

/// What can be done with scopes.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// List the words that have a known meaning; others may be used all the same
    #[command(alias = "ls")]
    List(ListArgs),
}

impl Default for Verb {
    fn default() -> Self {
        Self::List(ListArgs::default())
    }
}

/// Arguments of `scope list`.
#[derive(Debug, Default, Args)]
pub struct ListArgs {
    /// Of this dialect
    #[arg(long)]
    dialect: Option<String>,
}

/// Carries the verb out.
pub async fn run(verb: Verb, desk: &Desk<'_>) -> Outcome {
    let Verb::List(args) = verb;
    desk.show_list(client::scopes(args.dialect.as_deref())?, None).await
}
