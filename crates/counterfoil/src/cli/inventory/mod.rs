//! `counterfoil inventory`: every token at every configured account and of our own, in one table. An account that does
//! not answer is one row that says so.

mod sources;

use super::desk::{Desk, Outcome};
use super::exit::{Exit, Failure};
use super::flags::instant;
use super::format::Format;
use super::rows::Row;
use crate::system::SystemClock;
use clap::Args;
use counterfoil_core::clock::Clock as _;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use sources::Source;
use std::io::{IsTerminal as _, Write as _};
use tokio::task::JoinSet;

/// Arguments of `inventory`; all filters that are given must hold.
#[derive(Debug, Default, Args)]
pub struct InventoryArgs {
    /// Only what ends before then: 14d, 2030-01-31, …
    #[arg(long, value_name = "TIME")]
    expiring: Option<String>,
    /// Only what was never used, as far as the vendor tells
    #[arg(long)]
    never_used: bool,
    /// Only what has everything, or more scopes than that
    #[arg(long, value_name = "N", num_args = 0..=1, default_missing_value = "10")]
    over_scoped: Option<usize>,
    /// Only what has no end
    #[arg(long)]
    no_expiry: bool,
}

/// A token, whoever issued it.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct Item {
    /// The profile that knows of it; ours has none.
    pub profile: Option<String>,
    /// Whose it is: a dialect's name.
    pub vendor: String,
    /// Its public id; of a secret that has none, its beginning.
    pub id: Option<String>,
    /// A name for people.
    pub name: Option<String>,
    /// Whom it speaks for, if the vendor tells.
    pub owner: Option<String>,
    /// What it may do, in its vendor's words.
    pub scopes: Vec<String>,
    /// When it was made, if the vendor tells.
    pub created: Option<String>,
    /// When it was last used, or `never`; null if the vendor does not tell.
    pub last_used: Option<String>,
    /// When it ends, or `never`; null if the vendor does not tell.
    pub expires: Option<String>,
    /// `active`, `disabled`, …; `no answer` for an account that gave none.
    pub state: String,
    /// What else is to be said.
    pub note: Option<String>,
}

impl Row for Item {
    const COLUMNS: &'static [&'static str] = &[
        "profile",
        "vendor",
        "id",
        "name",
        "owner",
        "scopes",
        "created",
        "last_used",
        "expires",
        "state",
        "note",
    ];
    const MAIN: &'static str = "id";
}

impl Item {
    /// Why there is no answer, taken out of the row.
    fn silence(&mut self) -> Option<String> {
        let who = self.profile.as_deref().unwrap_or(&self.vendor);
        self.note.take().map(|why| format!("{who}: {why}"))
    }
}

/// What a token never does, or never was.
pub const NEVER: &str = "never";
/// The state of an account that cannot be listed.
const NO_ANSWER: &str = "no answer";

/// Asks everybody at once and prints the table.
pub async fn run(args: InventoryArgs, desk: &Desk<'_>) -> Outcome {
    desk.printer.check::<Item>()?;
    let now = SystemClock.now();
    let filter = Filter::of(&args, now)?;
    let sources = sources::all(desk).await?;
    let mut waiting: Vec<_> = sources.iter().map(Source::title).collect();
    let (mut rows, mut silent) = (Vec::new(), 0);
    let mut asked = JoinSet::new();
    for (place, source) in sources.into_iter().enumerate() {
        asked.spawn(async move { (place, source.title(), source.items().await) });
    }
    let progress = Progress(!desk.client.quiet && std::io::stderr().is_terminal());
    progress.show(&waiting);
    while let Some(answered) = asked.join_next().await {
        let (place, title, items) = answered?;
        waiting.retain(|waited| *waited != title);
        progress.show(&waiting);
        silent += usize::from(items.iter().any(|item| item.state == NO_ANSWER));
        rows.push((place, items));
    }
    progress.clear();
    rows.sort_by_key(|(place, _)| *place);
    let mut items: Vec<_> =
        rows.into_iter().flat_map(|(_, items)| items).filter(|item| filter.lets_through(item)).collect();
    // A sentence would widen every row.
    let beside = desk.printer.format == Format::Table && !desk.client.quiet;
    let silences = items.iter_mut().filter(|item| beside && item.state == NO_ANSWER);
    let whys: Vec<_> = silences.filter_map(Item::silence).collect();
    desk.printer.many(&items)?;
    if beside {
        desk.remark(&whys.join("\n"));
    } else if silent > 0 {
        desk.remark(&format!("Accounts without an answer: {silent}; their rows say why."));
    }
    Ok(Exit::Done)
}

struct Filter {
    now: Timestamp,
    before: Option<Timestamp>,
    never_used: bool,
    over_scoped: Option<usize>,
    no_expiry: bool,
}

impl Filter {
    fn of(args: &InventoryArgs, now: Timestamp) -> Result<Self, Failure> {
        let before = args.expiring.as_ref().map(|text| instant("--expiring", text, now));
        let InventoryArgs { never_used, over_scoped, no_expiry, .. } = *args;
        Ok(Self { now, before: before.transpose()?, never_used, over_scoped, no_expiry })
    }

    /// An account that gave no answer may hold anything.
    fn lets_through(&self, item: &Item) -> bool {
        let ends = item.expires.as_ref().and_then(|text| text.parse::<Timestamp>().ok());
        let soon = |before| ends.is_some_and(|ends| ends > self.now && ends <= before);
        item.state == NO_ANSWER
            || (self.before.is_none_or(soon)
                && (!self.never_used || item.last_used.as_deref() == Some(NEVER))
                && (!self.no_expiry || item.expires.as_deref() == Some(NEVER))
                && self.over_scoped.is_none_or(|most| {
                    item.scopes.len() > most || item.scopes.iter().any(|scope| scope == "*")
                }))
    }
}

/// One line on a terminal that says whom we wait for.
struct Progress(bool);

impl Progress {
    fn show(&self, waiting: &[String]) {
        if self.0 && !waiting.is_empty() {
            let line = super::format::visible(&waiting.join(", "));
            let _ = write!(std::io::stderr(), "\r\u{1b}[Kwaiting for {line}");
        }
    }

    fn clear(&self) {
        if self.0 {
            let _ = write!(std::io::stderr(), "\r\u{1b}[K");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(expires: Option<&str>, last_used: Option<&str>, scopes: &[&str]) -> Item {
        Item {
            expires: expires.map(str::to_owned),
            last_used: last_used.map(str::to_owned),
            scopes: scopes.iter().map(ToString::to_string).collect(),
            ..Item::default()
        }
    }

    fn through(args: &InventoryArgs, item: &Item) -> bool {
        Filter::of(args, "2026-03-18T10:20:30Z".parse().unwrap()).unwrap().lets_through(item)
    }

    #[test]
    fn what_is_not_known_is_neither_never_nor_soon() {
        let soon = InventoryArgs { expiring: Some("14d".into()), ..InventoryArgs::default() };
        assert!(through(&soon, &item(Some("2026-03-20T00:00:00.000Z"), None, &[])));
        for other in [Some("2026-04-20T00:00:00.000Z"), Some("2026-03-17T00:00:00.000Z"), Some(NEVER), None] {
            assert!(!through(&soon, &item(other, None, &[])), "{other:?}");
        }
        let unused = InventoryArgs { never_used: true, ..InventoryArgs::default() };
        assert!(through(&unused, &item(None, Some(NEVER), &[])) && !through(&unused, &item(None, None, &[])));
        let endless = InventoryArgs { no_expiry: true, ..InventoryArgs::default() };
        assert!(
            through(&endless, &item(Some(NEVER), None, &[])) && !through(&endless, &item(None, None, &[]))
        );
        let broad = InventoryArgs { over_scoped: Some(1), ..InventoryArgs::default() };
        assert!(
            through(&broad, &item(None, None, &["a", "b"])) && through(&broad, &item(None, None, &["*"]))
        );
        assert!(!through(&broad, &item(None, None, &["a"])));
    }

    #[test]
    fn silence_passes_every_filter() {
        let all = InventoryArgs {
            expiring: Some("1d".into()),
            never_used: true,
            over_scoped: Some(0),
            no_expiry: true,
        };
        assert!(through(&all, &Item { state: NO_ANSWER.into(), ..Item::default() }));
    }
}
