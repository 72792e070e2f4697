//! Request smuggling: what is said in `tests/hostile/smuggling.http`, to the server itself and through nginx and HAProxy,
//! which keep their connections to it. Nothing that a proxy has not seen as a request becomes one, and everybody else
//! hears what they asked for.

use crate::support::gateway::{Gateway, addresses};
use crate::support::http::{Client, Connection};
use crate::support::place::Place;
use crate::support::server::Server;
use crate::support::until;
use std::net::SocketAddr;
use std::path::Path;
use std::{fs, thread};

/// What a request has to make that got past a proxy. The proxies refuse this path to everybody.
const SHUT: &str = "/v1/roles";

/// As they would stand there, except that whoever keeps them waiting is sent away sooner.
const NGINX: &str = "
    client_header_timeout 2s; client_body_timeout 2s; keepalive_timeout 2s; lingering_timeout 1s;
    upstream server { server SERVER; keepalive 1; }
    server {
        listen FRONT; underscores_in_headers on;
        location / {
            proxy_pass http://server; proxy_http_version 1.1; proxy_set_header Connection \"\";
            proxy_set_header Host $host; proxy_request_buffering off;
        }
        location SHUT { return 403; }
    }";
const HAPROXY: &str = "
global
    nbthread 1
defaults
    mode http
    http-reuse always
    timeout connect 10s
    timeout server 30s
    timeout client 2s
    timeout http-request 2s
    timeout http-keep-alive 2s
frontend front
    bind FRONT
    http-request deny if { path -m beg SHUT }
    default_backend server
backend server
    server server SERVER
";

/// One of the requests.
struct Case {
    name: String,
    /// What the server itself answers.
    statuses: String,
    template: String,
}

fn cases() -> Vec<Case> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hostile/smuggling.http");
    let text = fs::read_to_string(file).unwrap();
    let sections = text.split("\n### ").skip(1).map(|section| {
        let (title, template) = section.split_once('\n').unwrap();
        let (name, statuses) = title.rsplit_once(": ").unwrap();
        // An empty line stands between two of them.
        let template = template.strip_suffix('\n').unwrap().to_owned();
        Case { name: name.to_owned(), statuses: statuses.to_owned(), template }
    });
    sections.collect()
}

impl Case {
    fn bytes(&self, auth: &str, inner: &str) -> Vec<u8> {
        let lines = self.template.split('\n');
        let ended =
            lines.map(|line| line.strip_suffix('\\').map_or(format!("{line}\r\n"), ToOwned::to_owned));
        let size = format!("{:x}", inner.len());
        let said = ended
            .collect::<String>()
            .replace("{auth}", auth)
            .replace("{inner}", inner)
            .replace("{line}", &(size.len() + 2).to_string())
            .replace("{size}", &size)
            .replace("{long}", &"x".repeat(40_000))
            .replace("{many}", &["X-More: y"; 300].join("\r\n"))
            .replace('␊', "\n")
            .replace('␍', "\r")
            .replace('␋', "\u{b}")
            .replace('␀', "\0");
        let ends = ["\r\n\r\n", "\n\n"].into_iter().filter_map(|end| said.split_once(end));
        let whole = ends.map(|(_, below)| below.len()).max().unwrap_or_default();
        said.replace("{whole}", &whole.to_string()).into_bytes()
    }
}

/// Where the requests are sent, and by whom.
struct Walk<'a> {
    via: &'a str,
    front: SocketAddr,
    admin: Client,
    /// The token that whoever smuggles asks about.
    own: &'a str,
    /// Those that good clients ask about: id and text.
    good: &'a [(String, String)],
}

impl Walk<'_> {
    /// What would make a role of this name.
    fn inner(&self, name: &str) -> String {
        let role = format!("{{\"name\":\"{name}\",\"scopes\":[\"smuggled\"]}}");
        String::from_utf8(self.admin.request("POST", SHUT, role.as_bytes())).unwrap()
    }

    /// Sends a case and a plain request after it: everything that came back until the connection was closed.
    fn said_to(&self, case: &Case) -> String {
        let auth = format!("Authorization: {}", self.admin.header("Authorization"));
        let bytes = case.bytes(&auth, &self.inner(&format!("{} by {}", case.name, self.via)));
        let last =
            self.admin.with("Connection", "close").request("GET", &format!("/v1/tokens/{}", self.own), b"");
        let mut connection = Connection::open(self.front).unwrap();
        // It may hang up before it has heard everything.
        let _ = connection.send([bytes, last].concat());
        String::from_utf8_lossy(&connection.rest()).into_owned()
    }

    /// Each good client asks two things at once, and hears them of its own tokens.
    fn good_clients_hear_what_they_asked(&self, after: &str) {
        for pair in self.good.chunks(2) {
            let [(first, text), (second, _)] = pair else { panic!("{} good tokens", self.good.len()) };
            let verify = format!("{{\"token\":\"{text}\"}}");
            let verify = self.admin.request("POST", "/v1/verify", verify.as_bytes());
            let get = self.admin.request("GET", &format!("/v1/tokens/{second}"), b"");
            let mut connection = Connection::open(self.front).unwrap();
            connection.send([verify, get].concat()).unwrap();
            for id in [first, second] {
                let reply =
                    connection.reply().unwrap_or_else(|why| panic!("{}, after {after}: {why}", self.via));
                assert_eq!(reply.status, 200, "{}, after {after}: {reply:?}", self.via);
                assert_eq!(reply.json()["id"], **id, "{}, after {after}: somebody else's answer", self.via);
            }
        }
    }

    fn through(&self, cases: &[Case]) {
        for case in cases {
            let said = self.said_to(case);
            let lines = said.match_indices("HTTP/1.").filter_map(|(at, _)| said.get(at + 9..at + 12));
            // Bodies name the version too.
            let statuses: Vec<_> = lines.filter(|word| word.parse::<u16>().is_ok()).collect();
            let shown = format!("{} by {}: {said}", case.name, self.via);
            if self.via == "itself" {
                let statuses = if statuses.is_empty() { "closed".to_owned() } else { statuses.join(" ") };
                assert_eq!(statuses, case.statuses, "{shown}");
            }
            for status in statuses {
                // 501 and 505 are a proxy's own words for codings and versions that it does not know.
                let fits = ["100", "200", "501", "505"].contains(&status) || status.starts_with('4');
                assert!(fits, "{status} for {shown}");
            }
            assert!(!self.good.iter().any(|(id, _)| said.contains(id)), "somebody else's answer: {shown}");
            self.good_clients_hear_what_they_asked(&case.name);
        }
    }
}

/// How many connections to the server are held open.
fn held(server: &Server) -> usize {
    let SocketAddr::V4(address) = server.address else { panic!("{}", server.address) };
    let remote = format!("{:08X}:{:04X}", u32::from_le_bytes(address.ip().octets()), address.port());
    let established = |line: &&str| line.split_ascii_whitespace().skip(2).take(2).eq([remote.as_str(), "01"]);
    fs::read_to_string("/proc/net/tcp").unwrap().lines().filter(established).count()
}

#[test]
fn nothing_is_smuggled_past_nginx_and_haproxy() {
    let place = Place::with_store();
    let server = Server::start(&place);
    let admin = server.admin(&place);
    let roles = |admin: &Client| -> Vec<String> {
        admin.all(SHUT).iter().map(|role| role["name"].as_str().unwrap().to_owned()).collect()
    };
    let before = roles(&admin);
    let own = admin.issue("own").0;
    let good: Vec<_> = ["a", "b", "c", "d"].map(|name| admin.issue(name)).into();
    let walk = |via, front| Walk {
        via,
        front,
        admin: Client::bearer(front, &place.first_token()),
        own: &own,
        good: &good,
    };

    let mut proxies = Vec::new();
    for ((kind, template), front) in [("nginx", NGINX), ("haproxy", HAPROXY)].into_iter().zip(addresses()) {
        let server_at = server.address.to_string();
        let configuration =
            template.replace("FRONT", &front.to_string()).replace("SERVER", &server_at).replace("SHUT", SHUT);
        let mut proxy = Gateway::start(&place, kind, front, &configuration);
        proxy.answers("/healthz", 200);
        walk(kind, front).good_clients_hear_what_they_asked("its start");
        assert_eq!(walk(kind, front).admin.get(SHUT).status, 403, "{kind}");
        proxies.push(proxy);
        // A second one, which was needed for a moment, may still be closing.
        until(&format!("{kind} keeps one connection, which whoever smuggles needs"), || {
            (held(&server) == proxies.len()).then_some(())
        });
    }

    let cases = cases();
    thread::scope(|scope| {
        scope.spawn(|| walk("itself", server.address).through(&cases));
        for proxy in &proxies {
            scope.spawn(|| walk(proxy.kind, proxy.address).through(&cases));
        }
    });
    // What would have been smuggled works where nobody stands before the server.
    let mut connection = server.connect();
    connection.send(walk("itself", server.address).inner("not smuggled")).unwrap();
    connection.reply().unwrap().expect(201);
    let added: Vec<_> = roles(&admin).into_iter().filter(|name| !before.contains(name)).collect();
    assert_eq!(added, ["not smuggled"]);
    assert!(!server.log().contains(" ERROR ") && !server.log().contains("panicked"), "{}", server.log());
    drop(proxies);
    server.stop();
}
