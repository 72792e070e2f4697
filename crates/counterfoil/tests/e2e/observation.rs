//! What watches a server: metrics, readiness and the description of its routes, read by the programs that others use.

use crate::support::http::Client;
use crate::support::place::Place;
use crate::support::python;
use crate::support::server::Server;

#[test]
fn the_metrics_are_open_metrics() {
    let place = Place::with_store();
    let server = Server::start(&place);
    let admin = server.admin(&place);
    assert!(admin.counts(&place.first_token()) && !admin.counts("cf_nothing"));
    admin.get("/v1/nothing/cf_hush").problem(404);
    admin.ask("BREW-cf_hush", "/v1/tokens", b"").problem(405);
    let reply = Client::stranger(server.address).get("/metrics");
    let kind = reply.header("content-type").unwrap();
    assert_eq!(kind, "application/openmetrics-text; version=1.0.0; charset=utf-8");
    let text = reply.text();
    assert!(!text.contains("hush"), "no label is what a caller wrote: {text}");
    let families = python::script("metrics.py", &[], &text).printed();
    for family in [
        "counterfoil_requests",
        "counterfoil_request_seconds",
        "counterfoil_checks",
        "counterfoil_index_texts",
        "process_cpu_seconds",
        "process_resident_memory_bytes",
    ] {
        assert!(families.lines().any(|line| line == family), "{family} is not in {families}");
    }
}

#[test]
fn the_openapi_document_is_valid() {
    let place = Place::with_store();
    let server = Server::start(&place);
    let reply = Client::stranger(server.address).get("/openapi.json");
    assert_eq!(reply.header("content-type"), Some("application/json"));
    let document = reply.json();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"), "{}", document["openapi"]);
    assert!(document["paths"]["/v1/tokens"]["post"].is_object());
    assert_eq!(python::script("openapi.py", &[], &reply.text()).printed(), "sound\n");
}

#[test]
fn a_server_says_whether_it_is_alive_and_ready() {
    let place = Place::with_store();
    let server = Server::start(&place);
    let stranger = Client::stranger(server.address);
    for (path, words) in [("/healthz", "ok\n"), ("/readyz", "ready\n")] {
        let reply = stranger.get(path);
        assert_eq!((reply.status, reply.text().as_str()), (200, words));
        assert_eq!(reply.header("content-type"), Some("text/plain"));
        assert_eq!(reply.header("cache-control"), Some("no-store"));
    }
}
