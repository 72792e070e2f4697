//! What watches a server: readiness and the description of its routes, read by the programs that others use.

use crate::support::http::Client;
use crate::support::place::Place;
use crate::support::python;
use crate::support::server::Server;

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
