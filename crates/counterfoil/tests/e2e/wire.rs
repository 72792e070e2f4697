//! HTTP itself: what a parser cannot read, what it can although it is unusual, and clients that come and go as they like.

use crate::support::http::Connection;
use crate::support::place::{Place, finish};
use crate::support::server::Server;
use serde_json::json;
use std::process::Command;

#[test]
fn a_connection_is_used_again_after_a_refusal() {
    let place = Place::with_store();
    let server = Server::start(&place);
    let admin = server.admin(&place);
    let mut connection = server.connect();
    let body = vec![b'x'; 512 * 1024];
    for (client, method, path, status) in [
        (&admin, "POST", "/v1/tokens", 400),
        (&admin, "POST", "/v1/nothing", 404),
        (&admin, "PUT", "/v1/tokens", 405),
        (&server.client("cf_nobody"), "POST", "/v1/tokens", 401),
    ] {
        connection.send(client.request(method, path, &body)).unwrap();
        connection.reply().unwrap().problem(status);
    }
    connection.send(admin.request("GET", "/v1/tokens", b"")).unwrap();
    connection.reply().unwrap().expect(200);
}

#[test]
fn what_cannot_be_read_is_refused_and_the_server_goes_on() {
    let place = Place::with_store();
    let server = Server::start(&place);
    let long = format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "x".repeat(70_000));
    let heads = format!("GET / HTTP/1.1\r\nHost: x\r\n{}\r\n", "X-More: y\r\n".repeat(300));
    for broken in [
        "GET /v1/tokens\r\n\r\n",
        "GET\r\n\r\n",
        "\0\0\0\0\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nno colon here\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nBad Name: y\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nName: a\0b\r\n\r\n",
        "GET / HTTP/9.9\r\nHost: x\r\n\r\n",
        "GET /a b HTTP/1.1\r\nHost: x\r\n\r\n",
        "POST /v1/tokens HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
        "POST /v1/tokens HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\nxx",
        "POST /v1/tokens HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999999\r\n\r\nxx",
        "POST /v1/tokens HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\nxx",
        "\u{16}\u{3}\u{1}\u{2}\0\u{1}\0\u{1}\u{fc}\u{3}\u{3}",
        &long,
        &heads,
    ] {
        let mut connection = server.connect();
        // It may hang up before it has heard everything.
        let _ = connection.send(broken);
        let shown: String = broken.chars().take(80).collect();
        let said = connection.rest();
        let status = std::str::from_utf8(&said).unwrap().split(' ').nth(1).unwrap_or("closed");
        assert!(["400", "414", "431", "closed"].contains(&status), "{shown}: {status}");
        assert!(!String::from_utf8(said).unwrap().contains("<html"), "{shown}");
    }
    assert_eq!(server.admin(&place).get("/v1/tokens").status, 200);
    assert!(!server.log().contains("panicked"), "{}", server.log());
}

#[test]
fn a_body_with_two_lengths_smuggles_no_second_request() {
    let place = Place::with_store();
    let server = Server::start(&place);
    let admin = server.admin(&place);
    let smuggled = admin.request("POST", "/v1/tokens", br#"{"name":"smuggled","scopes":["a"]}"#);
    let both = admin.with("Transfer-Encoding", "chunked").request("GET", "/v1/tokens", b"");
    let both = String::from_utf8(both).unwrap().replace("Content-Length: 0", "Content-Length: 9");
    let mut connection = server.connect();
    connection.send([both.as_bytes(), b"0\r\n\r\n", &smuggled].concat()).unwrap();
    let first = connection.reply().unwrap();
    assert!([200, 400].contains(&first.status), "{first:?}");
    assert_eq!(
        first.header("connection"),
        Some("close"),
        "whoever sent two lengths is not listened to further"
    );
    connection.rest();
    assert_eq!(admin.all("/v1/tokens").len(), 1);
}

#[test]
fn head_is_get_without_a_body() {
    let place = Place::with_store();
    let server = Server::start(&place);
    let admin = server.admin(&place);
    for path in ["/healthz", "/readyz", "/metrics", "/openapi.json", "/v1/scopes"] {
        let get = admin.get(path);
        let mut connection = server.connect();
        connection.send(admin.request("HEAD", path, b"")).unwrap();
        let (status, headers) = connection.head().unwrap();
        let header = |name| headers.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str());
        assert_eq!((status, header("content-type")), (get.status, get.header("content-type")), "{path}");
        if path != "/metrics" {
            assert_eq!(header("content-length"), get.header("content-length"), "{path}");
        }
        connection.send(admin.request("GET", "/healthz", b"")).unwrap();
        assert_eq!(connection.reply().unwrap().body, b"ok\n", "nothing came between");
    }
}

#[test]
fn who_waits_to_be_asked_for_the_body_is_asked() {
    let place = Place::with_store();
    let server = Server::start(&place);
    let admin = server.admin(&place);
    let body = json!({"name": "n", "scopes": ["a"]}).to_string();
    let request = admin.with("Expect", "100-continue").request("POST", "/v1/tokens", body.as_bytes());
    let (head, body) = request.split_at(request.len() - body.len());
    let mut connection = server.connect();
    connection.send(head).unwrap();
    assert_eq!(connection.reply().unwrap().status, 100);
    connection.send(body).unwrap();
    connection.reply().unwrap().expect(201);
}

#[test]
fn http_2_without_asking_first() {
    let place = Place::with_store();
    let server = Server::start(&place);
    let curl = |arguments: &[&str]| {
        let config = format!("header = \"Authorization: Bearer {}\"\n", place.first_token());
        let shared =
            ["-sS", "--http2-prior-knowledge", "-w", " %{http_version} %{http_code}", "--config", "-"];
        finish(Command::new("curl").args(shared).args(arguments), &config).printed()
    };
    let at = |path: &str| format!("{}{path}", server.url());
    assert_eq!(curl(&[&at("/healthz")]), "ok\n 2 200");
    let made = curl(&["-d", "{\"name\":\"h2\",\"scopes\":[\"a\"]}", &at("/v1/tokens")]);
    assert!(made.ends_with(" 2 201"), "{made}");
    assert!(curl(&["-X", "PUT", &at("/v1/tokens")]).ends_with(" 2 405"));
    assert!(curl(&["--path-as-is", &at("/v1/../v1/tokens")]).ends_with(" 2 400"));
    let long = place.file("long");
    std::fs::write(&long, vec![b' '; 1024 * 1024 + 1]).unwrap();
    let refused = curl(&["--data-binary", &format!("@{}", long.display()), &at("/v1/tokens")]);
    assert!(refused.ends_with(" 2 413"), "{refused}");
    let refused = curl(&["-H", &format!("X-Long: {}", "x".repeat(33 * 1024)), &at("/v1/tokens")]);
    assert!(refused.ends_with(" 2 431"), "{refused}");
    assert!(curl(&[&at("/v1/tokens")]).ends_with(" 2 200"));
}

#[test]
fn a_client_that_leaves_in_the_middle_changes_nothing() {
    let place = Place::with_store();
    let server = Server::start(&place);
    let admin = server.admin(&place);
    for _ in 0..50 {
        let request = admin.request("POST", "/v1/tokens", br#"{"name":"half","scopes":["a"]}"#);
        let mut connection = Connection::open(server.address).unwrap();
        connection.send(&request[..request.len() - 3]).unwrap();
    }
    assert_eq!(admin.all("/v1/tokens").len(), 1);
}

#[test]
fn requests_sent_before_the_answers_are_answered_in_order() {
    let place = Place::with_store();
    let server = Server::start(&place);
    let admin = server.admin(&place);
    let mut connection = server.connect();
    let all: Vec<u8> = (0..200)
        .flat_map(|number| match number % 4 {
            0 => admin.request(
                "POST",
                "/v1/tokens",
                format!("{{\"name\":\"n{number}\",\"scopes\":[\"a\"]}}").as_bytes(),
            ),
            1 => admin.request("GET", "/healthz", b""),
            2 => admin.request("POST", "/v1/verify", format!("{{\"token\":\"cf_{number}\"}}").as_bytes()),
            _ => admin.request("GET", &format!("/v1/nothing/{number}"), b""),
        })
        .collect();
    connection.send(all).unwrap();
    for number in 0..200 {
        let reply = connection.reply().unwrap();
        match number % 4 {
            0 => assert_eq!(reply.expect(201)["name"], format!("n{number}")),
            1 => assert_eq!(reply.body, b"ok\n"),
            2 => assert_eq!(reply.expect(200), json!({"active": false})),
            _ => drop(reply.problem(404)),
        }
    }
}
