//! Metrics and the dashboard over them, judged by a real Prometheus and by its own tools.

use crate::support::http::Client;
use crate::support::place::{Place, finish};
use crate::support::prometheus::Prometheus;
use crate::support::python;
use crate::support::server::Server;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::process::Command;

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// A server where something of everything that is counted has happened.
fn busy(place: &Place) -> Server {
    let server = Server::start(place);
    let admin = server.admin(place);
    admin.post("/v1/gates", json!({"name": "front", "limit": "1/1h"})).expect(201);
    let (_, token) = admin.issue("reader");
    assert_eq!(server.client(&token).get("/check/front").status, 200);
    ask_around(&server, &admin, &token);
    admin.get("/v1/nothing/cf_hush").problem(404);
    admin.ask("BREW-cf_hush", "/v1/tokens", b"").problem(405);
    server
}

/// Whoever may pass the gate once an hour and has, asks again; so does somebody else, about others.
fn ask_around(server: &Server, admin: &Client, token: &str) {
    assert_eq!(server.client(token).get("/check/front").status, 403);
    assert!(admin.counts(token) && !admin.counts("cf_nothing"));
    admin.issue("another");
}

fn scrape(server: &Server) -> String {
    Client::stranger(server.address).get("/metrics").text()
}

#[test]
fn the_metrics_are_open_metrics_for_whoever_accepts_them() {
    let place = Place::with_store();
    let server = busy(&place);
    let accepts = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5";
    let reply = Client::stranger(server.address).with("Accept", accepts).get("/metrics");
    assert_eq!(reply.header("content-type"), Some(OPEN_METRICS));
    let text = reply.text();
    assert!(!text.contains("hush"), "no label is what a caller wrote: {text}");
    let families = python::script("metrics.py", &[], &text).printed();
    assert!(families.lines().any(|line| line == "counterfoil_checks"), "{families}");
}

#[test]
fn the_metrics_are_sound_and_each_is_explained() {
    let place = Place::with_store();
    let server = busy(&place);
    let reply = Client::stranger(server.address).get("/metrics");
    assert_eq!(reply.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    let text = reply.text();
    let judged = finish(Command::new("/usr/bin/promtool").args(["check", "metrics"]), &text);
    assert_eq!((judged.printed().as_str(), ""), ("", ""), "{text}");

    let told: BTreeSet<_> = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")).collect();
    let page = include_str!("../../../../docs/metrics.md");
    let (table, _) = page.split_once("\n## ").unwrap();
    let row = |line: &'static str| {
        let (name, rest) = line.strip_prefix("| `")?.split_once("` | ")?;
        Some(format!("{name} {}", rest.split(' ').next()?))
    };
    let explained: BTreeSet<_> = table.lines().filter_map(row).collect();
    assert_eq!(told, explained.iter().map(String::as_str).collect());
}

#[test]
fn checks_are_counted_by_gate_dialect_and_outcome() {
    let place = Place::with_store();
    let server = busy(&place);
    let checks = || -> Vec<String> {
        let text = scrape(&server);
        let checks = text.lines().filter(|line| line.starts_with("counterfoil_checks_total{gate=\"front\""));
        checks.map(ToOwned::to_owned).collect()
    };
    assert_eq!(
        checks(),
        [
            "counterfoil_checks_total{gate=\"front\",dialect=\"native\",outcome=\"live\"} 1",
            "counterfoil_checks_total{gate=\"front\",dialect=\"native\",outcome=\"limited\"} 1"
        ]
    );
    server.admin(&place).delete("/v1/gates/front").expect(204);
    assert_eq!(checks(), [] as [&str; 0], "a gate that is deleted disappears");
}

#[test]
fn every_query_of_the_dashboard_gives_series() {
    let place = Place::with_store();
    let server = busy(&place);
    let prometheus = Prometheus::scraping(&server);
    let dashboard: Value =
        serde_json::from_str(include_str!("../../../../dashboards/counterfoil.json")).unwrap();
    // There is a rate once something happens between two scrapes.
    prometheus.until_there("counterfoil_commits_total");
    let admin = server.admin(&place);
    let (_, token) = admin.issue("a reader");
    assert_eq!(server.client(&token).get("/check/front").status, 200);
    ask_around(&server, &admin, &token);
    let filled = |query: &str| {
        let variables = [("$__rate_interval", "1m"), ("$job", "counterfoil"), ("$gate", ".*")];
        variables.iter().fold(query.to_owned(), |query, (name, value)| query.replace(name, value))
    };
    let mut queries = 0;
    for panel in dashboard["panels"].as_array().unwrap() {
        for target in panel["targets"].as_array().into_iter().flatten() {
            prometheus.until_there(&filled(target["expr"].as_str().unwrap()));
            queries += 1;
        }
    }
    assert!(queries > 15, "{queries}");
    for variable in dashboard["templating"]["list"].as_array().unwrap() {
        let Some(query) = variable["query"].as_str().and_then(|query| query.strip_prefix("label_values("))
        else {
            continue;
        };
        let (selector, label) = query.strip_suffix(')').unwrap().rsplit_once(", ").unwrap();
        assert_ne!(prometheus.label_values(&filled(selector), label), [] as [Value; 0], "{query}");
    }
}
