//! Where secrets do not stand: 200 tokens are issued, rotated, verified and mistaken for other things while the log tells
//! everything it can; then every place that lasts or is shown is searched for them, plain and in other spellings.

use crate::support::http::Connection;
use crate::support::place::{Place, finish};
use crate::support::server::Server;
use crate::support::text;
use data_encoding::{BASE64, BASE64URL, HEXLOWER, HEXUPPER};
use serde_json::json;
use std::collections::HashSet;
use std::process::Command;

/// Any run of so many bytes of a secret gives it away.
const WINDOW: usize = 16;

/// Every window of the hidden parts, plain, in hexadecimal and in base64 at each of its three offsets.
fn windows(secrets: &[String]) -> HashSet<Vec<u8>> {
    let mut windows = HashSet::new();
    for secret in secrets {
        let (_, hidden) = secret.rsplit_once('_').unwrap();
        assert!(hidden.len() > 40);
        let mut spellings = vec![hidden.to_owned(), hidden.to_lowercase(), hidden.to_uppercase()];
        spellings.extend([HEXLOWER.encode(hidden.as_bytes()), HEXUPPER.encode(hidden.as_bytes())]);
        for start in 0..3 {
            let whole = &hidden.as_bytes()[start..start + (hidden.len() - start) / 3 * 3];
            spellings.extend([BASE64.encode(whole), BASE64URL.encode(whole)]);
        }
        windows.extend(spellings.iter().flat_map(|text| text.as_bytes().windows(WINDOW).map(<[u8]>::to_vec)));
    }
    windows
}

/// Where in these bytes a secret stands, with what surrounds it.
fn found(bytes: &[u8], windows: &HashSet<Vec<u8>>) -> Option<String> {
    let at = bytes.windows(WINDOW).position(|window| windows.contains(window))?;
    let around = &bytes[at.saturating_sub(200)..bytes.len().min(at + 100)];
    Some(String::from_utf8_lossy(around).into_owned())
}

/// Uses a server in every way that could make a token slip out; gives the secrets.
fn busy(server: &Server, place: &Place) -> Vec<String> {
    let admin = server.admin(place);
    let mut secrets = vec![place.first_token()];
    for number in 0..200 {
        let keyed = admin.with("Idempotency-Key", &format!("key-{number}"));
        let body = json!({"name": format!("t{number}"), "scopes": ["counterfoil.tokens.write"]});
        let issued = keyed.post("/v1/tokens", body).expect(201);
        let (id, secret) = (text(&issued, "id"), text(&issued, "token"));
        let other = &secrets[number];
        match number % 8 {
            0 => {
                let rotated = keyed.post(&format!("/v1/tokens/{id}/rotate"), json!({"overlap": "1h"}));
                secrets.push(text(&rotated.expect(200), "token"));
            }
            1 => assert!(admin.counts(&secret)),
            // Where a token does not belong.
            2 => admin.get(&format!("/v1/tokens/{secret}")).problem(404).as_object().map_or((), drop),
            3 => {
                drop(
                    server.client(&secret).get(&format!("/v1/tokens?name={secret}&{secret}=x")).problem(400),
                );
            }
            4 => drop(server.client(&format!("{secret}x")).get(&format!("/{secret}")).problem(404)),
            5 => {
                let body = json!({"name": secret, "scopes": [secret, 7], secret.as_str(): {"token": secret}});
                admin.post("/v1/tokens", body).problem(400);
                admin.post("/v1/verify", json!({"token": secret, "scope": format!(" {other}")})).problem(400);
            }
            6 => {
                let broken = format!("{{\"token\": \"{secret}\", \"{secret}");
                admin.ask("POST", "/v1/verify", broken.as_bytes()).problem(400);
                let header = admin.with("Idempotency-Key", &format!("{secret}{secret}{secret}"));
                header.post("/v1/tokens", json!({"name": "n", "scopes": ["a"]})).problem(400);
                admin.with("If-Match", &secret).ask("PATCH", &format!("/v1/tokens/{id}"), b"{}").problem(400);
            }
            _ => {
                // What the parser cannot read, and half a body.
                let mut broken = server.connect();
                broken.send(format!("GET /{secret} HTTP/1.1\r\n{secret}\r\n\r\n")).unwrap();
                broken.rest();
                let mut left = Connection::open(server.address).unwrap();
                let request =
                    admin.request("POST", "/v1/verify", format!("{{\"token\":\"{secret}\"}}").as_bytes());
                left.send(&request[..request.len() - 5]).unwrap();
            }
        }
        secrets.push(secret);
    }
    // HTTP/2 has a log of its own.
    let curl = ["-sS", "--http2-prior-knowledge", "--config", "-"];
    let config = format!(
        "url = \"{}/v1/tokens/{}\"\nheader = \"Authorization: Bearer {}\"\n",
        server.url(),
        secrets[7],
        secrets[0]
    );
    finish(Command::new("curl").args(curl), &config).printed();
    secrets
}

#[test]
fn no_secret_stands_anywhere_but_in_its_one_answer() {
    let place = Place::with_store();
    let server = Server::start_with(&place, &["--log", "trace"]);
    let secrets = busy(&server, &place);
    let windows = windows(&secrets);
    assert!(found(secrets[9].as_bytes(), &windows).is_some(), "the search finds what is there");

    let admin = server.admin(&place);
    let shown = |what: &str, bytes: &[u8]| {
        let found = found(bytes, &windows);
        assert!(found.is_none(), "a secret stands in {what}: {}", found.unwrap_or_default());
    };
    for path in
        ["/v1/tokens?limit=1000", "/v1/journal?limit=1000", "/v1/principals", "/metrics", "/openapi.json"]
    {
        let reply = admin.get(path);
        assert_eq!(reply.status, 200, "{path}");
        shown(path, &reply.body);
    }
    let process = format!("/proc/{}", server.pid());
    for file in ["cmdline", "environ"] {
        shown(file, &std::fs::read(format!("{process}/{file}")).unwrap());
    }
    for command in [["token", "list"], ["journal", "list"], ["config", "show"]] {
        shown(command[0], place.run(&command).printed().as_bytes());
    }
    std::fs::remove_file(place.file("first")).unwrap();
    // The database, its log and index, what it wrote to standard error: now, after a stop, and after a kill.
    let everything = || {
        for name in place.names().iter().filter(|name| !name.contains("sock") && *name != "config") {
            shown(name, &place.read(name));
        }
    };
    everything();
    assert!(place.names().contains(&"counterfoil.db-wal".to_owned()));
    server.signal("TERM");
    let ran = server.ended();
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), ""));
    assert!(ran.err.contains("TRACE") && ran.err.len() > 100_000, "the log told everything it could");
    everything();
    Server::start_with(&place, &["--log", "trace"]).kill();
    everything();
}
