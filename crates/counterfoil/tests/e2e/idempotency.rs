//! Asking again under the same key, over HTTP, also after the server died.

use crate::support::http::Client;
use crate::support::place::Place;
use crate::support::server::Server;
use crate::support::text;
use serde_json::{Value, json};

const CI: &str = "{\"name\":\"ci\",\"scopes\":[\"deploy\"]}";

fn body() -> Value {
    serde_json::from_str(CI).unwrap()
}

#[test]
fn the_same_key_gives_the_same_secret_and_one_token() {
    let place = Place::with_store();
    let server = Server::start(&place);
    let admin = server.admin(&place);
    let keyed = admin.with("Idempotency-Key", "k1");
    let first = keyed.post("/v1/tokens", body());
    let again = keyed.post("/v1/tokens", body());
    assert_eq!((first.status, again.status), (201, 201));
    assert_eq!(first.header("location"), again.header("location"));
    assert_eq!(first.body, again.body, "to the byte");
    assert_eq!(admin.all("/v1/tokens").len(), 2);

    let other = keyed.post("/v1/tokens", json!({"name": "other", "scopes": ["deploy"]})).problem(409);
    assert!(text(&other, "detail").contains("idempotency key"), "{other}");
    // Another caller's key is another key; so is another route's.
    let minter = json!({"name": "minter", "scopes": ["counterfoil.tokens.mint", "deploy"]});
    let minter = text(&admin.post("/v1/tokens", minter).expect(201), "token");
    let theirs = server.client(&minter).with("Idempotency-Key", "k1").post("/v1/tokens", body());
    assert_ne!(theirs.expect(201)["token"], first.json()["token"]);
    for wrong in ["", &"k".repeat(129)] {
        let problem = admin.with("Idempotency-Key", wrong).post("/v1/tokens", body()).problem(400);
        assert_eq!(problem["errors"][0]["field"], "Idempotency-Key");
    }
}

#[test]
fn the_key_outlives_the_server_whichever_way_it_ends() {
    let place = Place::with_store();
    let server = Server::start(&place);
    let keyed = |server: &Server| server.admin(&place).with("Idempotency-Key", "k1");
    let first = keyed(&server).post("/v1/tokens", body()).body;
    server.kill();
    let server = Server::start(&place);
    assert_eq!(keyed(&server).post("/v1/tokens", body()).body, first);
    server.stop();
    let server = Server::start(&place);
    assert_eq!(keyed(&server).post("/v1/tokens", body()).body, first);
}

#[test]
fn two_at_once_under_one_key_are_one() {
    let place = Place::with_store();
    let server = Server::start(&place);
    let admin = server.admin(&place);
    let keyed = admin.with("Idempotency-Key", "race");
    let bodies: Vec<_> = std::thread::scope(|scope| {
        let asked: Vec<_> = (0..16).map(|_| scope.spawn(|| keyed.post("/v1/tokens", body()))).collect();
        asked.into_iter().map(|asked| asked.join().unwrap().expect(201)).collect()
    });
    assert!(bodies.iter().all(|body| *body == bodies[0]), "{bodies:?}");
    assert_eq!(admin.all("/v1/tokens").len(), 2);
}

#[test]
fn a_lost_reply_to_a_rotation_of_oneself_is_had_again_with_the_old_text() {
    let place = Place::with_store();
    let server = Server::start(&place);
    let scopes = json!({"name": "self", "scopes": ["counterfoil.tokens.write"]});
    let issued = server.admin(&place).post("/v1/tokens", scopes).expect(201);
    let (id, old) = (text(&issued, "id"), text(&issued, "token"));
    let path = format!("/v1/tokens/{id}/rotate");
    let rotate = |server: &Server, token: &str, key: &str| {
        server.client(token).with("Idempotency-Key", key).post(&path, json!({}))
    };
    let new = text(&rotate(&server, &old, "lost").expect(200), "token");
    let only = |server: &Server| {
        assert_eq!(rotate(server, &old, "lost").expect(200)["token"], new.as_str());
        let spent: Client = server.client(&old).with("Idempotency-Key", "lost");
        rotate(server, &old, "another").problem(401);
        spent.post(&path, json!({"overlap": "1h"})).problem(409);
        spent.get("/v1/tokens").problem(401);
        spent.post("/v1/tokens", scopes_of()).problem(401);
        spent.post("/v1/verify", json!({"token": old})).problem(401);
        server.client(&old).post(&path, json!({})).problem(401);
        let admin = server.admin(&place);
        assert!(!admin.counts(&old) && admin.counts(&new));
    };
    only(&server);
    server.kill();
    let server = Server::start(&place);
    only(&server);

    // Once the token is revoked, its old text opens nothing at all.
    server.admin(&place).delete(&format!("/v1/tokens/{id}")).expect(204);
    rotate(&server, &old, "lost").problem(401);
}

fn scopes_of() -> Value {
    json!({"name": "x", "scopes": ["counterfoil.tokens.write"]})
}
