//! Commits so many changes to a store, from several callers at once, and says of each whether it was acknowledged. The
//! fault tests run it while the system calls under it fail; it is also the smallest whole use of a store.
//!
//! `acknowledged PATH COUNT`: a line `yes N`, `no N` or `unopened WHY` each, then `generation N`, and `broken` if the
//! store gave up.

#![expect(clippy::print_stdout, reason = "its output is its purpose")]

#[path = "../tests/conformance/issue.rs"]
mod issue;

use counterfoil_core::store::{Key, Store};
use counterfoil_core::token::TokenNumber;
use counterfoil_store::Sqlite;
use issue::{CHECK, EPOCH, first, issue as issued};
use std::path::PathBuf;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = PathBuf::from(arguments.next().ok_or("which path?")?);
    let count: u64 = arguments.next().ok_or("how many?")?.parse()?;
    let opened = if path.exists() {
        Sqlite::open(&path, CHECK)
    } else {
        Sqlite::create(&path, CHECK, &first(), EPOCH)
    };
    let store = match opened {
        Ok(store) => store,
        Err(why) => {
            println!("unopened {why}");
            return Ok(());
        }
    };
    for number in 1..=count {
        // A reader beside the writer, so that recovery has connections to close.
        let _ = store.find(Key::Token(TokenNumber(number))).await;
        match store.commit(issued(number)).await {
            Ok(()) => println!("yes {number}"),
            Err(_) => println!("no {number}"),
        }
    }
    // Answered only when the writer is done with all before, recovery included.
    let _ = store.reserve(0).await;
    println!("generation {}", store.generation());
    let broken = store.broken();
    tokio::select! {
        biased;
        () = broken => println!("broken"),
        () = std::future::ready(()) => {}
    }
    Ok(())
}
