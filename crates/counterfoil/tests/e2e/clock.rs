//! A wall clock that is set back: the store remembers the latest it has seen, so that nothing expired comes back.

use crate::support::place::Place;
use crate::support::server::Server;
use crate::support::text;
use serde_json::json;
use std::path::PathBuf;
use std::process::Command;

/// The library that shows a process another wall clock.
fn libfaketime() -> PathBuf {
    let mut found = std::fs::read_dir("/usr/lib").unwrap().filter_map(|entry| {
        let library = entry.unwrap().path().join("faketime/libfaketime.so.1");
        library.exists().then_some(library)
    });
    found.next().unwrap_or_else(|| panic!("libfaketime is missing: `scripts/test` installs it"))
}

/// A server whose wall clock is off by this much.
pub(crate) fn at(place: &Place, offset: &str) -> Server {
    Server::run(with_clock(place, offset).env("FAKETIME_DONT_FAKE_MONOTONIC", "1"))
}

/// A server for which every clock goes ten times as fast: its patience is over the sooner.
pub(crate) fn impatient(place: &Place) -> Server {
    Server::run(&mut with_clock(place, "+0 x10"))
}

fn with_clock(place: &Place, clock: &str) -> Command {
    let mut serve = place.program();
    serve.args(["serve", "--listen", "127.0.0.1:0"]);
    serve.env("LD_PRELOAD", libfaketime()).env("FAKETIME", clock);
    serve
}

#[test]
fn setting_the_clock_back_revives_nothing() {
    let place = Place::with_store();
    let server = Server::start(&place);
    let hour = json!({"name": "hour", "scopes": ["a"], "expires": "1h"});
    let issued = server.admin(&place).post("/v1/tokens", hour).expect(201);
    let (id, token) = (text(&issued, "id"), text(&issued, "token"));
    assert!(server.admin(&place).counts(&token));
    server.stop();

    let later = at(&place, "+2h");
    assert!(!later.admin(&place).counts(&token));
    // A change carries the clock mark into the store; the ordinary end of a server need not.
    later.admin(&place).issue("later");
    later.kill();

    for offset in ["+0", "-2h"] {
        let back = at(&place, offset);
        let admin = back.admin(&place);
        assert!(!admin.counts(&token), "{offset}");
        assert_eq!(admin.get(&format!("/v1/tokens/{id}")).expect(200)["state"], "expired", "{offset}");
        let (_, fresh) = admin.issue("fresh");
        assert!(admin.counts(&fresh), "{offset}: the service goes on");
        back.kill();
    }
}
