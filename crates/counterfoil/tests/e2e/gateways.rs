//! nginx, Caddy, Traefik and Envoy before a service that keeps what reaches it, each with exactly the configuration that
//! the program prints. Whatever a client tries, nothing that the gate shut reaches the service.

use crate::clock::at;
use crate::support::gateway::{Gateway, KINDS, addresses, installed};
use crate::support::http::{Client, Connection, Reply};
use crate::support::place::{Place, finish};
use crate::support::server::Server;
use crate::support::text;
use crate::support::upstream::{CASE, Seen, Upstream};
use crate::tls::certify;
use serde_json::json;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// What every gateway is walked with.
struct Walk<'a> {
    admin: &'a Client,
    upstream: &'a Upstream,
    /// May read metrics, which is what the gate asks for.
    reader: &'a str,
    reader_id: &'a str,
    /// May do something else.
    other: &'a str,
    expired: &'a str,
    cases: AtomicUsize,
}

fn issue(admin: &Client, scopes: &[&str], expires: &str) -> (String, String) {
    let new = json!({ "name": scopes.join(" "), "scopes": scopes, "expires": expires });
    let issued = admin.post("/v1/tokens", new).expect(201);
    (text(&issued, "id"), text(&issued, "token"))
}

#[test]
fn four_gateways_let_through_what_the_gate_opens_and_nothing_else() {
    let place = Place::with_store();
    let before = Server::start(&place);
    let (_, expired) = issue(&before.admin(&place), &["metrics.read"], "1h");
    before.stop();
    let server = at(&place, "+2h");
    let admin = server.admin(&place);
    let set = json!([
        { "header": "X-Auth-Token", "fact": "id" }, { "header": "X-Auth-Scopes", "fact": "scopes" },
        { "header": "X-Auth-Name", "fact": "name" }, { "header": "X-Until", "fact": "expires" }
    ]);
    let rules = json!([{ "path": "/admin", "scopes": ["deploy"] }, { "methods": ["PUT"], "path": "/", "scopes": ["deploy"] }]);
    let gate = json!({ "name": "front", "scopes": ["metrics.read"], "rules": rules, "set": set });
    admin.post("/v1/gates", gate).expect(201);
    admin.post("/v1/gates", json!({ "name": "other" })).expect(201);
    let (reader_id, reader) = issue(&admin, &["metrics.read"], "never");
    let (_, other) = issue(&admin, &["logs.read"], "never");

    let upstream = Upstream::start();
    let mut gateways: Vec<_> = KINDS
        .into_iter()
        .zip(addresses())
        .map(|(kind, address)| {
            Gateway::start(&place, kind, address, &printed(&place, &server, kind, address, &upstream))
        })
        .collect();
    let walk = Walk {
        admin: &admin,
        upstream: &upstream,
        reader: &reader,
        reader_id: &reader_id,
        other: &other,
        expired: &expired,
        cases: AtomicUsize::new(0),
    };
    thread::scope(|scope| {
        for gateway in &mut gateways {
            scope.spawn(|| {
                gateway.ready();
                walk.through(gateway);
            });
        }
    });
    for (on_limit, by_nginx) in [(403, 403), (429, 500)] {
        admin
            .ask("PATCH", "/v1/gates/front", json!({ "on_limit": on_limit }).to_string().as_bytes())
            .expect(200);
        for gateway in &gateways {
            walk.limit(gateway, if gateway.kind == "nginx" { by_nginx } else { on_limit });
        }
    }
    server.kill();
    for gateway in &gateways {
        let status = walk.shut(gateway, &walk.good(gateway), "GET", "/reports").status;
        assert!(matches!(status, 403 | 500..), "{}: {status} without an answer of the gate", gateway.kind);
    }
}

/// What the command prints for HTTPS on both sides is in files that are compared elsewhere.
#[test]
fn the_gateways_understand_what_is_printed_for_https() {
    let place = Place::new();
    let expected = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cli/gateway/expected");
    let read = |name: &str| fs::read_to_string(expected.join(name)).unwrap();
    place.write("nginx.conf", format!("events {{}} http {{ {} }}", read("nginx.conf")));
    place.write("Caddyfile", read("Caddyfile"));
    place.write("envoy.yaml", read("envoy.yaml"));
    let check = |mut command: Command, arguments: &[&str]| {
        let ran = finish(command.args(arguments).current_dir(place.path()).env("HOME", place.path()), "");
        assert_eq!(ran.code, Some(0), "{ran:?}");
    };
    check(installed("nginx"), &["-t", "-p", ".", "-e", "stderr", "-c", "nginx.conf", "-g", "pid nginx.pid;"]);
    check(installed("caddy"), &["validate", "--adapter", "caddyfile", "--config", "Caddyfile"]);
    check(installed("envoy"), &["--mode", "validate", "--config-path", "envoy.yaml"]);
}

/// The least that Envoy can say; trailers come over both.
#[test]
fn the_check_over_grpc_ends_with_its_status_over_plain_http_2_and_over_tls() {
    let place = Place::with_store();
    certify(&place, "server", "ec");
    place.write("empty", [0; 5]);
    for arguments in [&[][..], &["--tls-cert", "server.pem", "--tls-key", "server.key"]] {
        let server = Server::start_with(&place, arguments);
        let mut curl = Command::new("curl");
        let version = if arguments.is_empty() { "--http2-prior-knowledge" } else { "--http2" };
        curl.args([
            "-sS",
            version,
            "--cacert",
            "server.pem",
            "-D",
            "-",
            "-o",
            "said",
            "--data-binary",
            "@empty",
        ]);
        curl.args(["-H", "Content-Type: application/grpc", "-H", "TE: trailers"]);
        curl.arg(format!("{}/envoy.service.auth.v3.Authorization/Check", server.url()));
        let heads = finish(curl.current_dir(place.path()), "").printed();
        let (head, trailers) = heads.trim_end().split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/2 200") && head.contains("content-type: application/grpc"), "{heads}");
        assert_eq!(trailers.trim(), "grpc-status: 0");
        assert!(String::from_utf8_lossy(&place.read("said")).contains("no gate of this name answers here"));
    }
}

fn printed(place: &Place, server: &Server, kind: &str, address: SocketAddr, upstream: &Upstream) -> String {
    let (address, upstream) = (address.to_string(), format!("http://{}", upstream.address));
    let arguments = ["gateway", kind, "front", "--listen", &address, "--upstream", &upstream];
    let variables = [("COUNTERFOIL_SERVER", &*server.url()), ("COUNTERFOIL_TOKEN", &*place.first_token())];
    place.run_with(&arguments, &variables, "").printed()
}

impl Walk<'_> {
    fn through(&self, gateway: &Gateway) {
        self.tokens(gateway);
        self.identity(gateway);
        self.rules(gateway);
        self.sizes(gateway);
    }

    fn good(&self, gateway: &Gateway) -> Client {
        Client::bearer(gateway.address, self.reader)
    }

    /// Asks, and gives the answer with what reached the service.
    fn ask(
        &self,
        gateway: &Gateway,
        client: &Client,
        method: &str,
        target: &str,
        body: &[u8],
    ) -> (Reply, Vec<Seen>) {
        let case = self.cases.fetch_add(1, Ordering::Relaxed).to_string();
        let mut connection = Connection::open(gateway.address).unwrap();
        connection.send(client.with(CASE, &case).request(method, target, body)).unwrap();
        let reply =
            connection.reply().unwrap_or_else(|why| panic!("{}: {method} {target}: {why}", gateway.kind));
        (reply, self.upstream.saw(&case))
    }

    /// What reaches the service of a request that passes.
    #[track_caller]
    fn open(&self, gateway: &Gateway, client: &Client, method: &str, target: &str, body: &[u8]) -> Seen {
        let (reply, seen) = self.ask(gateway, client, method, target, body);
        let said = || format!("{}: {method} {target}: {reply:?} {}", gateway.kind, gateway.log());
        assert!(reply.status == 200 && seen.len() == 1, "{}", said());
        let seen = seen.into_iter().next().unwrap();
        assert!(seen.all("authorization").is_empty(), "{}: {seen:?}", gateway.kind);
        assert!(!format!("{seen:?}").contains(self.reader), "{}: {seen:?}", gateway.kind);
        seen
    }

    /// The answer to a request of which nothing reaches the service.
    #[track_caller]
    fn shut(&self, gateway: &Gateway, client: &Client, method: &str, target: &str) -> Reply {
        let (reply, seen) = self.ask(gateway, client, method, target, b"");
        assert!(
            reply.status >= 400 && seen.is_empty(),
            "{}: {method} {target}: {reply:?} {seen:?}",
            gateway.kind
        );
        reply
    }

    fn tokens(&self, gateway: &Gateway) {
        let seen = self.open(gateway, &self.good(gateway), "GET", "/reports?since=1", b"");
        assert!(seen.line.starts_with("GET /reports?since=1 "), "{seen:?}");
        let seen = self.open(gateway, &self.good(gateway), "POST", "/reports", b"{\"whole\":true}");
        assert_eq!(seen.body, b"{\"whole\":true}");
        let nobody = Client::bearer(gateway.address, "nobody-knows-this-text");
        for client in [gateway.client(), nobody, Client::bearer(gateway.address, self.expired)] {
            let reply = self.shut(gateway, &client, "GET", "/reports");
            assert_eq!(reply.status, 401, "{}", gateway.kind);
            let challenge = reply.header("www-authenticate").unwrap();
            assert!(challenge.starts_with("Bearer realm=\"counterfoil\""), "{}: {challenge}", gateway.kind);
        }
        let other = Client::bearer(gateway.address, self.other);
        assert_eq!(self.shut(gateway, &other, "GET", "/reports").status, 403);
        assert_eq!(self.shut(gateway, &other, "GET", "/reports?gate=other&/check/other").status, 403);
        assert_eq!(self.shut(gateway, &other, "GET", "/check/other").status, 403);
        let (id, fleeting) = issue(self.admin, &["metrics.read"], "never");
        let client = Client::bearer(gateway.address, &fleeting).with("X-Forwarded-For", "203.0.113.9");
        self.open(gateway, &client, "GET", "/reports", b"");
        let path = format!("/v1/tokens/{id}");
        assert_eq!(self.admin.get(&path).expect(200)["last_used_address"], "127.0.0.1", "{}", gateway.kind);
        self.admin.delete(&path).expect(204);
        assert_eq!(self.shut(gateway, &client, "GET", "/reports").status, 401, "{}", gateway.kind);
    }

    /// Who calls is said by the gate alone, however a client spells it.
    fn identity(&self, gateway: &Gateway) {
        let mut client = self.good(gateway);
        for name in ["X-Auth-Token", "X_Auth_Token", "X-Auth_Token", "x-auth-name", "X-Until", "X_Until"] {
            client = client.with(name, "forged");
        }
        let client = client.with("Connection", "keep-alive, X-Auth-Token, X-Auth-Scopes, X-Until");
        let seen = self.open(gateway, &client, "GET", "/reports", b"");
        let plain = |name: &str| name.replace('_', "-");
        let told = |name: &str| -> Vec<&str> {
            let told = seen.headers.iter().filter(|(given, _)| plain(given) == name);
            told.map(|(_, value)| value.as_str()).collect()
        };
        assert_eq!(told("x-auth-token"), [self.reader_id], "{}: {seen:?}", gateway.kind);
        assert_eq!(told("x-auth-scopes"), ["metrics.read"], "{}: {seen:?}", gateway.kind);
        assert_eq!(told("x-auth-name"), ["metrics.read"], "{}: {seen:?}", gateway.kind);
        assert_eq!(told("x-until").concat(), "", "{}: {seen:?}", gateway.kind);
        let twice = self.good(gateway).with("Authorization", &format!("Bearer {}", self.reader));
        self.shut(gateway, &twice, "GET", "/reports");
    }

    /// What only some requests need is asked of them, whatever a client says that it asks for.
    fn rules(&self, gateway: &Gateway) {
        let good = self.good(gateway);
        assert_eq!(self.shut(gateway, &good, "GET", "/admin").status, 403);
        assert_eq!(self.shut(gateway, &good, "PUT", "/reports").status, 403);
        for name in
            ["X-Forwarded-Uri", "X-Original-URI", "X-Original-URL", "X-Rewrite-URL", "X_Forwarded_Uri"]
        {
            let client = good.with(name, "/reports").with("Connection", &format!("keep-alive, {name}"));
            self.shut(gateway, &client, "GET", "/admin");
            self.shut(gateway, &good.with(name, "/reports"), "GET", "/admin");
        }
        for name in ["X-Forwarded-Method", "X-Original-Method", "X-HTTP-Method-Override"] {
            self.shut(gateway, &good.with(name, "GET"), "PUT", "/reports");
        }
        for target in [
            "/%2e%2e/admin",
            "//admin",
            "/./admin",
            "/a/../admin",
            "/a/%2e%2e/admin",
            "/a/..%2fadmin",
            "/a%2f..%2fadmin",
            "/%2fadmin",
            "/admin;a=b",
            "/a/..;/admin",
            "/a;b",
            "/%61dmin",
            "/admin%00",
            "/a\\..\\admin",
            "/a%5c..%5cadmin",
            "/admin/%2e",
            "/%252e%252e/admin",
            "/%ff",
            "http://front/admin",
        ] {
            self.shut(gateway, &good, "GET", target);
        }
    }

    /// A token that may pass once passes once. nginx alone does not say when to come again.
    fn limit(&self, gateway: &Gateway, status: u16) {
        let new = json!({ "name": "once", "scopes": ["metrics.read"], "limit": "1/1h" });
        let issued = self.admin.post("/v1/tokens", new).expect(201);
        let client = Client::bearer(gateway.address, &text(&issued, "token"));
        self.open(gateway, &client, "GET", "/reports", b"");
        let reply = self.shut(gateway, &client, "GET", "/reports");
        assert_eq!(reply.status, status, "{}", gateway.kind);
        assert_eq!(
            reply.header("retry-after").is_none(),
            gateway.kind == "nginx",
            "{}: {reply:?}",
            gateway.kind
        );
    }

    /// nginx takes no header beyond its buffers, the others pass it on; none of them forgets the gate over it.
    fn sizes(&self, gateway: &Gateway) {
        let long = self.good(gateway).with("X-Long", &"x".repeat(12 * 1024));
        if gateway.kind == "nginx" {
            assert_eq!(self.shut(gateway, &long, "GET", "/reports").status, 400);
        } else {
            self.open(gateway, &long, "GET", "/reports", b"");
        }
        self.shut(gateway, &long, "GET", "/admin");
        let endless = Client::bearer(gateway.address, &"x".repeat(12 * 1024));
        self.shut(gateway, &endless, "GET", "/reports");
    }
}
