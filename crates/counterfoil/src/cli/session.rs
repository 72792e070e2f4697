//! `counterfoil session`: who is logged in, and ending that.

use super::desk::{Desk, Outcome};
use super::exit::Exit;
use super::flags::DestroyFlags;
use super::rows::Intended;
use clap::{ArgGroup, Args, Subcommand};
use counterfoil_dialects::native::client::ways::Sessions;
use counterfoil_dialects::native::wire::ways::{EndSessions, Ended};

/// What can be done with sessions.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// List sessions in the order in which they began
    #[command(alias = "ls")]
    List(ListArgs),
    /// End one session, all of a principal, or all of the realm
    #[command(alias = "rm")]
    End(EndArgs),
}

impl Default for Verb {
    fn default() -> Self {
        Self::List(ListArgs::default())
    }
}

/// Arguments of `session list`.
#[derive(Debug, Default, Args)]
pub struct ListArgs {
    /// Only those of this user name
    #[arg(long, value_name = "USERNAME")]
    principal: Option<String>,
    /// Only those that count now
    #[arg(long)]
    live: bool,
    /// At most so many [default: all]
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
}

/// Arguments of `session end`.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("which").required(true).args(["id", "principal", "all"]))]
pub struct EndArgs {
    /// Its id
    id: Option<String>,
    /// All of this user name
    #[arg(long, value_name = "USERNAME")]
    principal: Option<String>,
    /// All of the realm
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    flags: DestroyFlags,
}

/// Carries the verb out.
pub async fn run(verb: Verb, desk: &Desk<'_>) -> Outcome {
    match verb {
        Verb::List(ListArgs { principal, live, limit }) => {
            desk.show_list(Sessions::list(principal.as_deref(), live)?, limit).await
        }
        Verb::End(EndArgs { id: Some(id), flags, .. }) => {
            let (question, done) = (format!("End the session {id}?"), format!("Ended the session {id}."));
            desk.destroy(Sessions::end(&id)?, &question, &done, flags).await
        }
        Verb::End(EndArgs { id: None, principal, flags, .. }) => {
            desk.printer.check::<Ended>()?;
            let whose = principal.as_ref().map_or_else(|| "the realm".to_owned(), |name| format!("`{name}`"));
            let ask = Sessions::end_many(&EndSessions { all: principal.is_none(), principal })?;
            if flags.dry.run {
                return desk.intend([Intended::from(&ask.request)]);
            }
            desk.confirm(flags, &format!("End every session of {whose}?"))?;
            desk.show(ask).await?;
            Ok(Exit::Done)
        }
    }
}
