//! Every dialect beside all others on one port, at its vendor's own paths, and once more below a prefix for another realm:
//! each answers in its own words, and neither realm knows what is the other's.

use crate::support::http::Client;
use crate::support::place::Place;
use crate::support::server::Server;
use crate::support::text;
use serde_json::{Value, json};

const DIALECTS: [&str; 7] =
    ["native", "oauth", "dynatrace", "control-room", "datto-rmm", "ruvds", "agent-config"];
const PREFIX: &str = "/second";

/// A server with every dialect in both places, its administrator, and the other realm's.
fn both() -> (Place, Server, Client, Client) {
    let place = Place::with_store();
    let token = place.run(&["realm", "create", "second", "-o", "value"]).printed();
    let first = |dialect: &str| format!("[[mount]]\ndialect = '{dialect}'\n");
    let second = |dialect: &str| format!("{}prefix = '{PREFIX}'\nrealm = 'second'\n", first(dialect));
    let mounts = DIALECTS.iter().flat_map(|dialect| [first(dialect), second(dialect)]);
    place.write("counterfoil.toml", mounts.collect::<String>());
    let server = Server::start(&place);
    let (admin, other) = (server.admin(&place), server.client(token.trim()));
    (place, server, admin, other)
}

/// Gives the administrator of the client's realm a password: whoever comes with it.
fn cabinet(admin: &Client, password: &str) -> Client {
    let found = admin.get("/v1/principals?username=admin").expect(200);
    let path = format!("/v1/principals/{}/password", text(&found["items"][0], "id"));
    admin.ask("PUT", &path, json!({ "password": password }).to_string().as_bytes()).expect(204);
    Client::basic(admin.address, "admin", password)
}

#[test]
fn each_answers_strangers_in_its_own_words_in_both_places() {
    let (_place, server, ..) = both();
    let stranger = Client::stranger(server.address);
    for (path, member) in [
        ("/v1/tokens", "title"),
        ("/oauth/nothing", "error"),
        ("/api/v2/apiTokens", "error"),
        ("/v2/usermanagement/users", "code"),
        ("/api/v2/account", "error"),
        ("/v2/tokens", "id"),
        ("/rest/agent-config/1.0/tokens", "status-code"),
    ] {
        let (here, there) = (stranger.get(path), stranger.get(&format!("{PREFIX}{path}")));
        assert_eq!(here.status, there.status, "{path}");
        assert!((400..500).contains(&here.status), "{path}: {here:?}");
        let (mut here, mut there) = (here.json(), there.json());
        assert!(here[member].is_string() || here[member].is_object() || here[member].is_number(), "{here}");
        // Some say where, and when.
        for told in ["path", "timestamp", "instance"] {
            here[told].take();
            there[told].take();
        }
        assert_eq!(here, there, "{path}");
    }
}

/// What one dialect calls the tokens of one place.
struct Tokens {
    all: String,
    body: Value,
    id: &'static str,
}

impl Tokens {
    fn make(&self, who: &Client) -> (String, Value) {
        let made = who.post(&self.all, self.body.clone()).expect(200);
        (text(&made, self.id), made)
    }

    fn listed(&self, who: &Client) -> String {
        who.get(&self.all).expect(200).to_string()
    }
}

#[test]
fn the_tokens_of_one_realm_are_unknown_in_the_other() {
    let (_place, _server, admin, other) = both();
    let (here, there) = (cabinet(&admin, "correct horse battery"), cabinet(&other, "tr0ubador and three"));
    for (path, body, id) in [
        ("/v2/tokens", json!({"token_name": "n", "token_role": "write"}), "token_id"),
        ("/rest/agent-config/1.0/tokens", json!({"name": "n", "read": true, "change": true}), "uuid"),
    ] {
        let first = Tokens { all: path.to_owned(), body: body.clone(), id };
        let second = Tokens { all: format!("{PREFIX}{path}"), body, id };
        // With the password, and with the first token of each realm.
        for (ours, theirs) in [(&here, &there), (&admin, &other)] {
            let ((our, _), (their, _)) = (first.make(ours), second.make(theirs));
            for (place, who, known, foreign) in
                [(&first, ours, &our, &their), (&second, theirs, &their, &our)]
            {
                let update = json!({"name": "m", "read": true, "change": false}).to_string();
                let ask = |method, id| who.ask(method, &format!("{}/{id}", place.all), update.as_bytes());
                assert_eq!(ask("GET", known).status, 200);
                assert_eq!(ask("GET", foreign).status, 404);
                assert_eq!(ask("PUT", foreign).status, 404);
                assert_eq!(ask("PUT", known).status, 200);
                let listed = place.listed(who);
                assert!(listed.contains(known.as_str()) && !listed.contains(foreign.as_str()), "{listed}");
            }
            // Whoever is somebody in one realm is nobody in the other.
            for (place, stranger) in [(&first, theirs), (&second, ours)] {
                assert_eq!(stranger.get(&place.all).status, 401);
                assert_eq!(stranger.post(&place.all, place.body.clone()).status, 401);
            }
        }
    }
}

#[test]
fn a_secret_of_one_realm_counts_only_there() {
    let (_place, server, admin, other) = both();
    let ruvds = |path: &str| Tokens {
        all: path.to_owned(),
        body: json!({"token_name": "n", "token_role": "read"}),
        id: "token_id",
    };
    let agents = |path: &str| Tokens {
        all: path.to_owned(),
        body: json!({"name": "n", "read": true, "change": false}),
        id: "uuid",
    };
    let (_, made) = ruvds("/v2/tokens").make(&admin);
    let secret = text(&made, "token_secret");
    assert_eq!(server.client(&secret).get("/v2/tokens").status, 200);
    assert_eq!(server.client(&secret).get(&format!("{PREFIX}/v2/tokens")).status, 401);
    let (uuid, _) = agents(&format!("{PREFIX}/rest/agent/1.0/tokens")).make(&other);
    for (text, known, strange) in [(&secret, &admin, &other), (&uuid, &other, &admin)] {
        assert!(known.counts(text) && !strange.counts(text));
    }
}

#[test]
fn what_the_operator_makes_for_a_mount_follows_its_settings() {
    let place = Place::with_store();
    place.run(&["realm", "create", "second"]).printed();
    let mounts = "[[mount]]\ndialect = 'datto-rmm'\nsettings.key_duration = '1h'\n\
                  [[mount]]\ndialect = 'datto-rmm'\nprefix = '/second'\nrealm = 'second'\n";
    place.write("counterfoil.toml", mounts);
    let ends = |realm: &str| {
        let admin = ["principal", "key", "create", "admin", "--dialect", "datto-rmm", "-o", "json"];
        let made = place.run(&[admin.as_slice(), &["--realm", realm]].concat()).printed();
        !serde_json::from_str::<Value>(&made).unwrap()["expires"].is_null()
    };
    assert!(ends("default") && !ends("second"), "in process");
    let _server = Server::start(&place);
    assert!(ends("default") && !ends("second"), "through the socket");
}
