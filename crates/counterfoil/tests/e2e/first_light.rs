//! First light: an empty directory becomes a working service, and stays one.

use crate::support::place::Place;
use crate::support::server::Server;
use serde_json::json;
use std::net::TcpListener;
use std::os::unix::net::UnixStream;

#[test]
fn an_empty_directory_becomes_a_service() {
    let place = Place::new();
    let server = Server::start(&place);
    let token = server.first_token();
    let banner = server.banner.join("\n");
    assert!(banner.contains("sqlite:counterfoil.db") && banner.contains("counterfoil.key"), "{banner}");
    assert!(banner.contains(&format!("curl -s {}/v1/tokens", server.url())), "{banner}");
    assert!(banner.contains(&format!("curl -s {}/v1/verify", server.url())), "{banner}");
    assert_eq!(place.mode("counterfoil.key"), 0o400);
    for private in ["counterfoil.db", "counterfoil.db-wal", "counterfoil.db-shm", "counterfoil.db.sock"] {
        assert_eq!(place.mode(private), 0o600, "{private}");
    }

    let admin = server.client(&token);
    let (id, text) = admin.issue("ci");
    let reading = admin.post("/v1/verify", json!({"token": text, "scope": "deploy"})).expect(200);
    assert_eq!((reading["active"].as_bool(), reading["id"].as_str()), (Some(true), Some(id.as_str())));
    let revoked = admin.delete(&format!("/v1/tokens/{id}"));
    assert_eq!((revoked.status, revoked.body.len()), (204, 0));
    let reading = admin.post("/v1/verify", json!({"token": text})).expect(200);
    assert_eq!(reading, json!({"active": false}));
    server.stop();

    let server = Server::start(&place);
    assert_eq!(server.banner, Vec::<String>::new(), "the first token is shown once");
    let admin = server.client(&token);
    assert!(admin.counts(&token) && !admin.counts(&text));
}

#[test]
fn the_printed_commands_work_when_pasted() {
    let place = Place::new();
    let server = Server::start(&place);
    let script = server.banner.iter().skip_while(|line| !line.starts_with("  export")).cloned();
    let script = script.collect::<Vec<_>>().join("\n");
    let run = crate::support::place::finish(std::process::Command::new("sh").args(["-ec", &script]), "");
    let said = run.printed();
    assert!(said.contains("\"token\":\"cf_") && said.contains("{\"active\":false}"), "{said}");
}

#[test]
fn the_first_token_goes_to_a_file_if_one_is_named() {
    let place = Place::new();
    let server = Server::start_with(&place, &["--first-token-file", "first"]);
    let token = place.first_token();
    assert_eq!(place.mode("first"), 0o600);
    let (_, hidden) = token.rsplit_once('_').unwrap();
    assert!(!server.banner.join("\n").contains(hidden) && !server.log().contains(hidden));
    assert!(server.client(&token).counts(&token));
    server.stop();
    // It is looked at only when a store is made.
    Server::start_with(&place, &["--first-token-file", "first"]).stop();
}

#[test]
fn a_first_token_file_that_exists_is_never_overwritten() {
    let place = Place::new();
    place.write("first", "mine");
    for command in ["serve", "init"] {
        let free = [("COUNTERFOIL_LISTEN", "127.0.0.1:0")];
        let why = place.run_with(&[command, "--first-token-file", "first"], &free, "").refused();
        assert!(why.contains("first exists already"), "{why}");
        assert_eq!(place.names(), ["first"], "nothing is left half made");
    }
    assert_eq!(place.read("first"), b"mine");
}

#[test]
fn a_taken_port_stops_the_start_before_anything_is_made() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let place = Place::new();
    let why = place.run(&["serve", "--listen", &address]).refused();
    assert!(why.contains(&address) && why.contains("cannot be listened on"), "{why}");
    assert_eq!(place.names(), Vec::<String>::new());
}

#[test]
fn init_makes_what_serve_opens() {
    let place = Place::new();
    let said = place.run(&["init"]).printed();
    assert!(said.contains("token  cf_"), "{said}");
    let why = place.run(&["init"]).refused();
    assert!(why.contains("there is a store at sqlite:counterfoil.db already"), "{why}");
    assert_eq!(Server::start(&place).banner, Vec::<String>::new());
}

#[test]
fn init_takes_a_prepared_root_secret() {
    let place = Place::new();
    let secret = "6f1d2a9bc4e8705361fabc09de52874baf6e1093";
    place.write("counterfoil.key", format!("{secret}\n"));
    place.allow("counterfoil.key", 0o400);
    place.run(&["init", "--first-token-file", "first"]).printed();
    assert_eq!(place.read("counterfoil.key"), format!("{secret}\n").as_bytes());
    let server = Server::start(&place);
    assert!(server.admin(&place).counts(&place.first_token()));
}

#[test]
fn either_signal_lets_what_is_under_way_end() {
    for signal in ["TERM", "INT"] {
        let place = Place::with_store();
        let server = Server::start(&place);
        let admin = server.admin(&place);
        let body = json!({"name": "late", "scopes": ["a"]}).to_string();

        // The server has asked for the body, so that the request is under way.
        let mut under_way = server.connect();
        let request = admin.with("Expect", "100-continue").request("POST", "/v1/tokens", body.as_bytes());
        let (head, body) = request.split_at(request.len() - body.len());
        under_way.send(head).unwrap();
        assert_eq!(under_way.reply().unwrap().status, 100);
        let mut idle = server.connect();
        idle.send(admin.request("GET", "/healthz", b"")).unwrap();
        assert_eq!(idle.reply().unwrap().status, 200);

        server.signal(signal);
        assert_eq!(idle.rest(), b"", "an idle connection is closed at once");
        under_way.send(body).unwrap();
        let reply = under_way.reply().unwrap();
        assert_eq!(reply.header("connection"), Some("close"));
        let text = crate::support::text(&reply.expect(201), "token");
        let ran = server.ended();
        assert_eq!((ran.code, ran.out.as_str()), (Some(0), ""), "{signal}");
        assert!(UnixStream::connect(place.file("counterfoil.db.sock")).is_err());
        assert!(Server::start(&place).admin(&place).counts(&text));
    }
}
