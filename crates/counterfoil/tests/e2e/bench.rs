//! `counterfoil bench` against a real server: that it asks, counts, and keeps to this machine. How fast anything is, no
//! test says.

use crate::support::place::{Place, Ran};
use crate::support::server::Server;
use serde_json::Value;

fn bench(place: &Place, server: &str, token: &str, line: &str) -> Ran {
    let asking = format!("bench --seconds 1 --connections 4 -o json --server {server} {line}");
    place.run_with(&asking.split_whitespace().collect::<Vec<_>>(), &[("COUNTERFOIL_TOKEN", token)], "")
}

fn measured(ran: Ran) -> Value {
    serde_json::from_str(&ran.printed()).unwrap()
}

#[test]
fn a_running_server_is_asked_and_what_came_of_it_is_printed() {
    let place = Place::with_store();
    let server = Server::start(&place);
    let token = place.first_token();
    let (_, other) = server.admin(&place).issue("other");
    place.write("texts", format!("{other}\n{token}\ncf_nothing\n"));

    let own = measured(bench(&place, &server.url(), &token, ""));
    let count = |name: &str| own[name].as_f64().unwrap_or_else(|| panic!("no `{name}` in {own}"));
    assert!(count("requests") > 0.0 && count("per_second") > 0.0);
    assert!((count("requests") - count("live")).abs() < f64::EPSILON && count("errors") == 0.0, "{own}");
    assert!(count("p50") > 0.0 && count("p50") <= count("p99") && count("p999") <= count("max"), "{own}");
    assert!(count("cpu") > 0.0, "the server tells what it spent: {own}");

    let given = measured(bench(&place, &server.url(), &token, "@texts --scope deploy"));
    let (live, requests) = (given["live"].as_u64().unwrap(), given["requests"].as_u64().unwrap());
    assert!(0 < live && live < requests, "one of three is nobody's: {given}");

    let batch = measured(bench(&place, &server.url(), &token, "@texts --batch 3"));
    assert_eq!(batch["errors"], 0);
    let rate = |name: &str| batch[name].as_f64().unwrap();
    assert!((rate("tokens_per_second") / rate("per_second") - 3.0).abs() < 0.1, "{batch}");
}

#[test]
fn a_rate_is_not_exceeded() {
    let place = Place::with_store();
    let server = Server::start(&place);
    let line = format!("--rate 50 --pid {}", server.pid());
    let paced = measured(bench(&place, &server.url(), &place.first_token(), &line));
    assert!((1..=50).contains(&paced["requests"].as_u64().unwrap()), "{paced}");
    assert!(paced["cpu"].is_number(), "{paced}");
}

#[test]
fn what_is_no_answer_is_an_error() {
    let place = Place::with_store();
    let server = Server::start(&place);
    let ran = bench(&place, &server.url(), "cf_nobody-knows-this-one", "");
    assert_eq!((ran.code, ran.err.as_str()), (Some(1), "the first error: the answer was 401\n"), "{ran:?}");
    let failed: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(failed["requests"], 0);
    assert!(failed["errors"].as_u64().unwrap() > 0);

    let url = server.url();
    server.stop();
    let ran = bench(&place, &url, "cf_nothing", "");
    assert!(ran.err.contains("Connection refused") && ran.code == Some(1), "{ran:?}");
}

#[test]
fn other_machines_are_left_in_peace_unless_they_are_ours() {
    let place = Place::new();
    for (server, token, line, code, why) in [
        ("http://192.0.2.1:9", "cf_x", "", 2, "not on this machine"),
        ("http://[2001:db8::1]", "cf_x", "--rate 1", 2, "add --anywhere"),
        ("https://127.0.0.1:9", "cf_x", "", 2, "only http://"),
        ("http://127.0.0.1:9", "", "", 4, "a token is needed"),
        ("http://127.0.0.1:9", "cf_x", "--gate g --batch 2", 2, "cannot be used with"),
    ] {
        let ran = bench(&place, server, token, line);
        assert_eq!((ran.code, ran.out.as_str()), (Some(code), ""), "{server}: {ran:?}");
        assert!(ran.err.contains(why), "{server}: {ran:?}");
    }
    let ran = place.run(&["bench"]);
    assert!(ran.err.contains("name it with --server") && ran.code == Some(2), "{ran:?}");
}
