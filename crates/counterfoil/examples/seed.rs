//! Fills a store with so many random tokens, through its port, and prints their texts. A million of them, each issued by
//! the rules, would take longer than what is then measured; no command of the program can do this.
//!
//! `seed DIRECTORY COUNT`: the directory is one that `counterfoil init` was run in and nobody serves.

use counterfoil_core::clock::{Entropy, to_millis};
use counterfoil_core::error::Error;
use counterfoil_core::realm::RealmId;
use counterfoil_core::scope::ScopeSet;
use counterfoil_core::secret::{Keys, RootSecret};
use counterfoil_core::store::{Change, Query, Record, Write};
use counterfoil_core::token::{Text, Token, TokenNumber};
use counterfoil_dialects::native::FORMAT;
use jiff::Timestamp;
use std::io::{BufWriter, Write as _};
use std::path::Path;

/// Tokens in one change.
const AT_ONCE: u64 = 50_000;
/// How many names they share, as those of a fleet do.
const NAMES: u64 = 1_000;

struct Chance;

impl Entropy for Chance {
    #[expect(clippy::disallowed_methods, reason = "nobody hands it in here")]
    fn fill(&self, buffer: &mut [u8]) -> Result<(), Error> {
        getrandom::fill(buffer).map_err(Error::unavailable)
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let directory = arguments.next().ok_or("which directory?")?;
    let count: u64 = arguments.next().ok_or("how many?")?.parse()?;
    let keys =
        Keys::derive(&RootSecret::parse(&std::fs::read(Path::new(&directory).join("counterfoil.key"))?)?);
    let opened = counterfoil_store::open(&format!("sqlite:{directory}/counterfoil.db"), keys.check()).await?;
    let realm = RealmId(1);
    let everybody = Query::Principals { realm, holding: None, after: 0, limit: 1 };
    let principal = match opened.store.list(everybody).await?.pop() {
        Some(Record::Principal(principal)) => principal.id,
        _ => return Err("there is nobody to speak for".into()),
    };
    #[expect(clippy::disallowed_methods, reason = "nobody hands it in here")]
    let now = to_millis(Timestamp::now());
    let scopes = [ScopeSet::of(&["deploy"]), ScopeSet::of(&["metrics.read", "logs.read"])];
    let mut texts = BufWriter::new(std::io::stdout().lock());
    let mut left = count;
    while left > 0 {
        let these = left.min(AT_ONCE);
        let first = opened.store.reserve(these).await?;
        let mut change = Change { at: now, writes: Vec::new(), journal: Vec::new() };
        for number in first..first + these {
            let struck = FORMAT.strike(&Chance)?;
            let text = struck.text.reveal();
            writeln!(texts, "{text}")?;
            let scopes = scopes[usize::try_from(number)? % scopes.len()].clone();
            let name = format!("service {}", number % NAMES).into();
            let number = TokenNumber(number);
            let token = Token::new(number, realm, struck.id.as_str(), "native", principal, now);
            change.writes.push(Write::Insert(Record::Token(Token { name, scopes, ..token })));
            change.writes.push(Write::Insert(Record::Text(Text::live(keys.bearer(text), number))));
        }
        opened.store.commit(change).await?;
        left -= these;
    }
    Ok(texts.flush()?)
}
