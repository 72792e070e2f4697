//! The Python client `dt`, as it is published, on the Dynatrace dialect of the real binary.

use crate::support::place::Place;
use crate::support::python;
use crate::support::server::Server;

#[test]
fn the_published_python_client_manages_tokens() {
    let place = Place::with_store();
    let server = Server::start(&place);
    let said = python::script("dynatrace.py", &[&server.url()], &place.first_token());
    let said = (said.code, said.out.as_str(), said.err.as_str());
    assert_eq!(said, (Some(0), "450 tokens and every operation\n", ""));
    assert!(!server.log().contains(" ERROR "), "{}", server.log());
    // What it left behind is the same to our own API: the first token, and the 450 without those it deleted.
    let rows = server.admin(&place).all("/v1/tokens");
    let count = |state: &str| rows.iter().filter(|row| row["state"] == state).count();
    assert_eq!((count("revoked"), count("disabled")), (3, 0), "{} rows", rows.len());
    assert!(rows.iter().filter(|row| row["dialect"] == "dynatrace").count() >= 450);
}
