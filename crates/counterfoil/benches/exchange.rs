//! What an exchange costs over HTTP, in ratios (goals P6 and P3 of the plan): RS512 sessions beside raw signing, EdDSA
//! sessions beside a bare group-commit writer of the same row, and checks alone and beside exchanges. Server, clients and
//! what they are compared with share this machine's cores; sides take turns, and medians are printed.
//!
//! `cargo bench -p counterfoil --bench exchange`

#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on has nothing to say")]

#[expect(dead_code, reason = "the tests use more of it")]
#[path = "../tests/e2e/support/mod.rs"]
mod support;

use counterfoil_core::fixture::CountedEntropy;
use counterfoil_core::signing::{Algorithm, Signer};
use rusqlite::Connection as Database;
use serde_json::json;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};
use support::http::{Client, Connection};
use support::place::Place;
use support::server::Server;
use support::text;

/// How often the sides take turns, and how long a turn is.
const ROUNDS: usize = 5;
const TURN: Duration = Duration::from_millis(1_200);
/// How many clients exchange at once.
const CLIENTS: usize = 32;

fn main() {
    let place = Place::with_store();
    let server = Server::start(&place);
    let admin = server.admin(&place);
    let rs512: Vec<_> = (0..CLIENTS).map(|number| control_room(&admin, number)).collect();
    let eddsa: Vec<_> = (0..CLIENTS).map(|number| oauth(&admin, number)).collect();
    against_signing(&server, &rs512);
    against_writing(&place, &server, &eddsa);
    beside_exchanges(&server, &admin, &rs512);
}

/// RS512 is signed by one worker; so is what it is compared with.
fn against_signing(server: &Server, requests: &[Vec<u8>]) {
    let (signer, _) = Signer::generate(Algorithm::Rs512, 2048, &CountedEntropy::default()).unwrap();
    let message = [7; 500];
    rate(server, requests);
    let pairs = (0..ROUNDS).map(|_| {
        let (mut count, end) = (0, Instant::now() + TURN);
        while Instant::now() < end {
            signer.sign(&message).unwrap();
            count += 1;
        }
        (rate(server, requests), per_second(count))
    });
    report("exchanges, RS512", "signatures", pairs.collect());
    let (before, start) = (worked(server), Instant::now());
    let each = rate(server, requests) * start.elapsed().as_secs_f64();
    println!(
        "  of the server's time an exchange takes {:.0} microseconds",
        (worked(server) - before) * 1e6 / each
    );
}

fn against_writing(place: &Place, server: &Server, requests: &[Vec<u8>]) {
    rate(server, requests);
    let row = place.file("counterfoil.db");
    let other = Place::with_store();
    let database = Database::open(other.file("counterfoil.db")).unwrap();
    database.execute("ATTACH ?1 AS lively", [row.to_str().unwrap()]).unwrap();
    database.execute_batch("PRAGMA synchronous = FULL").unwrap();
    database
        .execute_batch(
            "CREATE TEMP TABLE model AS SELECT * FROM lively.session WHERE dialect = 'oauth' LIMIT 1",
        )
        .unwrap();
    database.execute_batch("DETACH lively").unwrap();
    let pairs = (0..ROUNDS).map(|_| (rate(server, requests), written(&database)));
    report("exchanges, EdDSA", "bare rows", pairs.collect());
}

/// Rows a second of a writer that does nothing but commit, at once, whatever is waiting.
fn written(database: &Database) -> f64 {
    const INSERT: &str = "INSERT INTO session SELECT randomblob(16), realm, randomblob(32), principal, bought_with, \
         dialect, scope_set, audience, client, actors, kid, networks, address, multiple, refreshed_from, issued, \
         expires, ended FROM temp.model";
    let (ask, asked) = mpsc::channel::<mpsc::Sender<()>>();
    thread::scope(|scope| {
        let end = Instant::now() + TURN;
        let callers: Vec<_> = (0..CLIENTS).map(|_| ask.clone()).collect();
        for ask in callers {
            scope.spawn(move || {
                let (answer, answered) = mpsc::channel();
                while Instant::now() < end {
                    ask.send(answer.clone()).unwrap();
                    answered.recv().unwrap();
                }
            });
        }
        drop(ask);
        let mut count = 0;
        while let Ok(first) = asked.recv() {
            let waiting: Vec<_> = std::iter::once(first).chain(asked.try_iter().take(CLIENTS)).collect();
            database.execute_batch("BEGIN IMMEDIATE").unwrap();
            for _ in &waiting {
                database.prepare_cached(INSERT).unwrap().execute([]).unwrap();
            }
            database.execute_batch("COMMIT").unwrap();
            count += waiting.len();
            for caller in &waiting {
                caller.send(()).unwrap();
            }
        }
        per_second(count)
    })
}

/// Checks at half of what the server can do: their times alone and while somebody exchanges without pause.
fn beside_exchanges(server: &Server, admin: &Client, requests: &[Vec<u8>]) {
    let (_, token) = admin.issue("checked");
    let check = admin.request("POST", "/v1/verify", json!({ "token": token }).to_string().as_bytes());
    let checks = vec![check; 8];
    let half = rate(server, &checks) / 2.0;
    let busy = |clients: usize| {
        let over = AtomicBool::new(false);
        thread::scope(|scope| {
            for request in &requests[..clients] {
                let over = &over;
                scope.spawn(move || repeat(server, request, |_| !over.load(Ordering::Relaxed)));
            }
            let times = paced(server, &checks, half);
            over.store(true, Ordering::Relaxed);
            times
        })
    };
    println!("checks at {half:.0}/s, half of the most, p50 and p99 in microseconds:");
    for clients in [0, 1, 4] {
        let mut rounds: Vec<_> = (0..ROUNDS).map(|_| busy(clients)).collect();
        rounds.sort_by_key(|times| times[1]);
        let [half, most] = rounds[ROUNDS / 2];
        println!("  beside {clients} who exchange: {:>6} {:>6}", half.as_micros(), most.as_micros());
    }
}

/// Sends the requests at that rate; the median of the times that answers take, and the 99th of a hundred. A late answer
/// delays the request after it, which is then late itself.
fn paced(server: &Server, requests: &[Vec<u8>], per_second: f64) -> [Duration; 2] {
    let apart = Duration::from_secs(1).mul_f64(per_second.recip()) * u32::try_from(requests.len()).unwrap();
    let one = |request: &[u8]| {
        let (mut connection, start) = (server.connect(), Instant::now());
        let (mut due, mut times) = (start, Vec::new());
        while due < start + TURN {
            let idle = due.saturating_duration_since(Instant::now());
            thread::sleep(idle);
            // Whoever slept too long is late by its own fault.
            let begin = if idle.is_zero() { due } else { Instant::now() };
            ask(&mut connection, request);
            times.push(begin.elapsed());
            due += apart;
        }
        times
    };
    let mut times = together(requests, one).concat();
    times.sort();
    [times[times.len() / 2], times[times.len() * 99 / 100]]
}

/// Answers a second to clients who ask again as soon as they are answered.
fn rate(server: &Server, requests: &[Vec<u8>]) -> f64 {
    let end = Instant::now() + TURN;
    let counts = together(requests, |request| repeat(server, request, |now| now < end));
    per_second(counts.into_iter().sum())
}

/// What comes of each request on a thread of its own.
fn together<T: Send>(requests: &[Vec<u8>], each: impl Fn(&[u8]) -> T + Sync) -> Vec<T> {
    thread::scope(|scope| {
        let callers: Vec<_> = requests.iter().map(|request| scope.spawn(|| each(request))).collect();
        callers.into_iter().map(|caller| caller.join().unwrap()).collect()
    })
}

/// How many seconds the server has worked so far, on all cores (proc(5), in hundredths).
fn worked(server: &Server) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", server.pid())).unwrap();
    let fields = stat.rsplit_once(") ").unwrap().1.split(' ').skip(11).take(2);
    fields.map(|ticks| ticks.parse::<f64>().unwrap()).sum::<f64>() / 100.0
}

fn repeat(server: &Server, request: &[u8], go_on: impl Fn(Instant) -> bool) -> usize {
    let mut connection = server.connect();
    let mut count = 0;
    while go_on(Instant::now()) {
        ask(&mut connection, request);
        count += 1;
    }
    count
}

fn ask(connection: &mut Connection, request: &[u8]) {
    connection.send(request).unwrap();
    let reply = connection.reply().unwrap();
    assert_eq!(reply.status, 200, "{reply:?}");
}

#[expect(clippy::cast_precision_loss, reason = "nothing here comes near 2^52")]
fn per_second(count: usize) -> f64 {
    count as f64 / TURN.as_secs_f64()
}

fn report(ours: &str, theirs: &str, mut pairs: Vec<(f64, f64)>) {
    pairs.sort_by(|one, other| (one.0 / one.1).total_cmp(&(other.0 / other.1)));
    let (our, their) = pairs[pairs.len() / 2];
    println!("{ours}: {our:.0}/s, {theirs}: {their:.0}/s, ratio {:.2}", our / their);
}

/// The login of somebody new with a Control Room key, which ends that person's session before.
fn control_room(admin: &Client, number: usize) -> Vec<u8> {
    let username = format!("robot-{number}");
    let made = with_key(admin, &username, "person", &["control-room.api-key"], "control-room");
    let body = json!({ "username": username, "apiKey": text(&made, "key") }).to_string();
    Client::stranger(admin.address).request("POST", "/v2/authentication", body.as_bytes())
}

/// The grant of a new OAuth client.
fn oauth(admin: &Client, number: usize) -> Vec<u8> {
    let made = with_key(admin, &format!("service-{number}"), "service", &["metrics.read"], "oauth");
    let (id, secret) = (text(&made, "client_id"), text(&made, "client_secret"));
    let form = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
    let head =
        "POST /oauth/token HTTP/1.1\r\nHost: bench\r\nContent-Type: application/x-www-form-urlencoded\r\n";
    format!("{head}Content-Length: {}\r\n\r\n{form}", form.len()).into_bytes()
}

fn with_key(admin: &Client, username: &str, kind: &str, scopes: &[&str], dialect: &str) -> serde_json::Value {
    admin.post("/v1/roles", json!({ "name": username, "scopes": scopes })).expect(201);
    let new = json!({ "username": username, "kind": kind, "roles": [username] });
    let made = admin.post("/v1/principals", new).expect(201);
    admin
        .post(&format!("/v1/principals/{}/keys", text(&made, "id")), json!({ "dialect": dialect }))
        .expect(201)
}
