//! Twenty times the server is killed while sixteen clients write. Whatever it acknowledged is true afterwards; whatever it
//! did not is one of two things, and asking again under the same key settles it.

use crate::support::http::{Client, Connection};
use crate::support::place::Place;
use crate::support::server::Server;
use crate::support::text;
use serde_json::{Value, json};
use std::io;
use std::net::SocketAddr;
use std::sync::mpsc::{Sender, channel};

const ROUNDS: usize = 20;
const CLIENTS: usize = 16;
/// Kills come after so many acknowledgements, and some more each round.
const ACKNOWLEDGED: usize = 64;

/// A request: where to, its body, the idempotency key.
type Sent = (String, Value, String);

/// One client's log over all rounds.
#[derive(Default)]
struct Log {
    /// Tokens that must count: id and text.
    live: Vec<(String, String)>,
    /// Texts that must not.
    dead: Vec<String>,
    /// What was sent when the server died, and the token that it was about.
    unknown: Option<(Sent, Option<(String, String)>)>,
    /// Requests so far.
    count: usize,
    issued: usize,
}

/// A client's connection and token for one round.
struct Wire {
    connection: Connection,
    client: Client,
}

impl Wire {
    fn ask(&mut self, method: &str, (path, body, key): &Sent) -> io::Result<(u16, Value)> {
        let client = self.client.with("Idempotency-Key", key);
        self.connection.send(client.request(method, path, body.to_string().as_bytes()))?;
        let reply = self.connection.reply()?;
        assert!([200, 201, 204].contains(&reply.status), "{method} {path}: {}", reply.text());
        let status = reply.status;
        Ok((status, if status == 204 { Value::Null } else { reply.json() }))
    }
}

impl Log {
    /// Writes until the server dies.
    fn write(&mut self, name: usize, address: SocketAddr, token: &str, told: &Sender<()>) {
        let Ok(connection) = Connection::open(address) else { return };
        let mut wire = Wire { connection, client: Client::bearer(address, token) };
        while self.step(name, &mut wire).is_ok() {
            // Nobody listens any more once the server is about to be killed.
            let _ = told.send(());
        }
    }

    /// Issues mostly, and rotates or revokes one of its own in between.
    fn step(&mut self, name: usize, wire: &mut Wire) -> io::Result<()> {
        self.count += 1;
        let key = format!("{name}-{}", self.count);
        let about = if self.count % 4 < 2 || self.live.is_empty() {
            None
        } else {
            Some(self.live.swap_remove(self.count * 7 % self.live.len()))
        };
        let (method, sent) = match &about {
            None => ("POST", ("/v1/tokens".to_owned(), json!({"name": key, "scopes": ["a"]}), key)),
            Some((id, _)) if self.count % 4 == 2 => {
                ("POST", (format!("/v1/tokens/{id}/rotate"), json!({}), key))
            }
            Some((id, _)) => ("DELETE", (format!("/v1/tokens/{id}"), Value::Null, key)),
        };
        self.unknown = Some((sent.clone(), about.clone()));
        let answer = wire.ask(method, &sent)?;
        self.unknown = None;
        self.learn(answer, about);
        Ok(())
    }

    /// Notes what was acknowledged.
    fn learn(&mut self, (status, body): (u16, Value), about: Option<(String, String)>) {
        self.issued += usize::from(status == 201);
        self.dead.extend(about.map(|(_, old)| old));
        if status != 204 {
            self.live.push((text(&body, "id"), text(&body, "token")));
        }
    }

    /// Settles what was under way when the server died: it happened whole or not at all.
    fn settle(&mut self, admin: &Client) {
        let Some((sent, about)) = self.unknown.take() else { return };
        let (path, body, key) = &sent;
        let repeat = || admin.with("Idempotency-Key", key).post(path, body.clone());
        match &about {
            Some((id, old)) if !path.ends_with("/rotate") => {
                let state = text(&admin.get(path).expect(200), "state");
                assert_eq!(admin.counts(old), state == "active", "{id} is {state}");
                assert!(state == "active" || state == "revoked", "{state}");
                if state == "active" {
                    self.live.push((id.clone(), old.clone()));
                } else {
                    self.dead.push(old.clone());
                }
            }
            _ => {
                let first = repeat();
                let (status, first) = (first.status, first.json());
                assert_eq!(repeat().json(), first, "once settled, it stays so");
                assert!([200, 201].contains(&status), "{first}");
                self.learn((status, first), about);
            }
        }
    }
}

/// Which of these count, asked by the thousand.
fn count_of(admin: &Client, texts: &[&String]) -> usize {
    let readings = texts.chunks(1000).map(|chunk| {
        let questions: Vec<_> = chunk.iter().map(|text| json!({"token": text})).collect();
        let answers = admin.post("/v1/verify", json!({"tokens": questions})).expect(200);
        answers["results"].as_array().unwrap().iter().filter(|answer| answer["active"] == true).count()
    });
    readings.sum()
}

#[test]
fn what_was_acknowledged_survives_kill_9() {
    let place = Place::with_store();
    let token = place.first_token();
    let mut logs: Vec<Log> = (0..CLIENTS).map(|_| Log::default()).collect();
    let mut cut_short = 0;
    for round in 0..ROUNDS {
        let server = Server::start_with(&place, &["--log", "warn"]);
        let (address, (told, heard)) = (server.address, channel());
        std::thread::scope(|scope| {
            for (name, log) in logs.iter_mut().enumerate() {
                let (told, token) = (told.clone(), token.as_str());
                scope.spawn(move || log.write(name, address, token, &told));
            }
            drop(told);
            let enough = ACKNOWLEDGED + round * 5;
            assert_eq!(heard.iter().take(enough).count(), enough, "a client stopped before the server did");
            server.kill();
        });

        let server = Server::start_with(&place, &["--log", "warn"]);
        let admin = server.admin(&place);
        let live: Vec<_> = logs.iter().flat_map(|log| &log.live).map(|(_, text)| text).collect();
        let dead: Vec<_> = logs.iter().flat_map(|log| &log.dead).collect();
        assert_eq!(count_of(&admin, &live), live.len(), "round {round}: every acknowledged token counts");
        assert_eq!(count_of(&admin, &dead), 0, "round {round}: no revoked or rotated text does");
        for log in &mut logs {
            cut_short += usize::from(log.unknown.is_some());
            log.settle(&admin);
        }
        server.kill();
    }

    assert!(cut_short >= ROUNDS * CLIENTS / 2, "only {cut_short} requests were cut short");
    let server = Server::start(&place);
    let admin = server.admin(&place);
    let tokens = admin.all("/v1/tokens").len();
    assert_eq!(tokens, 1 + logs.iter().map(|log| log.issued).sum::<usize>(), "no token but the logged ones");
    assert_eq!(lines(&admin, "token.issue"), tokens - 1, "each issue has its line, but the first token's");
    server.stop();
}

/// How many journal lines tell of this action.
fn lines(admin: &Client, action: &str) -> usize {
    let (mut count, mut after) = (0, 0);
    loop {
        let page = admin.get(&format!("/v1/journal?action={action}&limit=1000&after={after}")).expect(200);
        let Some(last) = page["items"].as_array().unwrap().last() else { return count };
        count += page["items"].as_array().unwrap().len();
        after = last["sequence"].as_u64().unwrap();
    }
}
