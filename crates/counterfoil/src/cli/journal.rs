//! `counterfoil journal`: the record of every change.

use super::desk::{Desk, Outcome};
use super::exit::Exit;
use super::printer::Printer;
use clap::{Args, Subcommand};
use counterfoil_dialects::native::client;
use counterfoil_dialects::native::wire::journal::{Entry, JournalQuery};
use std::time::Duration;

/// How often `--follow` asks for new lines.
const INTERVAL: Duration = Duration::from_secs(1);

/// How many lines one request asks for at most.
const PAGE: usize = 1000;

/// What can be done with the journal.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// List lines, the oldest first
    #[command(alias = "ls")]
    List(ListArgs),
    /// Print the latest lines as they are, one a row
    Tail(TailArgs),
}

impl Default for Verb {
    fn default() -> Self {
        Self::List(ListArgs::default())
    }
}

/// Which lines; all that is given must hold.
#[derive(Debug, Default, Args)]
pub struct WhichArgs {
    /// Of this action: token.issue, principal.disable, …
    #[arg(long)]
    action: Option<String>,
    /// About this id
    #[arg(long, value_name = "ID")]
    subject: Option<String>,
    /// By this user name
    #[arg(long, value_name = "USERNAME")]
    actor: Option<String>,
}

/// Arguments of `journal list`.
#[derive(Debug, Default, Args)]
pub struct ListArgs {
    #[command(flatten)]
    which: WhichArgs,
    /// After the line of this sequence
    #[arg(long, value_name = "SEQUENCE")]
    after: Option<u64>,
    /// At or after this time
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Before this time
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
    /// At most so many [default: all]
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
}

/// Arguments of `journal tail`.
#[derive(Debug, Args)]
pub struct TailArgs {
    #[command(flatten)]
    which: WhichArgs,
    /// Since this time
    #[arg(long, value_name = "TIME", default_value = "now-1h")]
    since: String,
    /// Go on printing new lines until interrupted
    #[arg(short, long)]
    follow: bool,
}

impl WhichArgs {
    fn query(self, after: Option<u64>, from: Option<String>, to: Option<String>) -> JournalQuery {
        let Self { action, subject, actor } = self;
        JournalQuery { after, action, subject, actor, from, to, limit: None }
    }
}

/// Carries the verb out.
pub async fn run(verb: Verb, desk: &Desk<'_>) -> Outcome {
    desk.printer.check::<Entry>()?;
    match verb {
        Verb::List(ListArgs { which, after, from, to, limit }) => {
            let mut query = which.query(after, from, to);
            let entries = read(&mut query, limit.unwrap_or(usize::MAX), desk).await?;
            desk.printer.many(&entries)?;
            Ok(Exit::Done)
        }
        Verb::Tail(TailArgs { which, since, follow }) => {
            tail(which.query(None, Some(since), None), follow, desk).await
        }
    }
}

async fn tail(mut query: JournalQuery, follow: bool, desk: &Desk<'_>) -> Outcome {
    let mut printer = desk.printer.clone().streaming();
    loop {
        printer.many(&read(&mut query, usize::MAX, desk).await?)?;
        if !follow {
            return Ok(Exit::Done);
        }
        printer = Printer { header: false, ..printer };
        tokio::time::sleep(INTERVAL).await;
    }
}

/// Reads up to `limit` lines, page after page, and leaves `query` at the last one.
async fn read(query: &mut JournalQuery, limit: usize, desk: &Desk<'_>) -> anyhow::Result<Vec<Entry>> {
    let mut entries = Vec::new();
    loop {
        let wanted = (limit - entries.len()).clamp(1, PAGE);
        query.limit = u32::try_from(wanted).ok();
        let page = desk.ask(client::journal(query)?).await?;
        query.after = page.items.last().map(|entry| entry.sequence).or(query.after);
        let last = page.items.len() < wanted;
        entries.extend(page.items);
        if last || entries.len() >= limit {
            entries.truncate(limit);
            return Ok(entries);
        }
    }
}
