//! Our command line against our own server, vendor by vendor, with the accounts that profiles describe.

use crate::support::http::Client;
use crate::support::place::{Place, Ran};
use crate::support::server::Server;
use serde_json::{Value, json};

const PASSWORD: &str = "correct horse battery";

/// A server, the place where it runs, and whoever may do everything on it.
pub(crate) struct House {
    pub(crate) place: Place,
    pub(crate) server: Server,
    pub(crate) admin: Client,
}

impl House {
    pub(crate) fn new() -> Self {
        let place = Place::with_store();
        let server = Server::start(&place);
        let admin = server.admin(&place);
        Self { place, server, admin }
    }

    /// Somebody with a role of these scopes: the path of what belongs to them.
    pub(crate) fn somebody(&self, username: &str, scopes: &[&str]) -> String {
        self.admin.post("/v1/roles", json!({ "name": username, "scopes": scopes })).expect(201);
        let new = json!({ "username": username, "roles": [username] });
        let made = self.admin.post("/v1/principals", new).expect(201);
        format!("/v1/principals/{}", made["id"].as_str().unwrap())
    }

    pub(crate) fn password(&self, path: &str) {
        let body = json!({ "password": PASSWORD }).to_string();
        self.admin.ask("PUT", &format!("{path}/password"), body.as_bytes()).expect(204);
        self.place.write("password", PASSWORD);
    }

    pub(crate) fn key(&self, path: &str, dialect: &str) -> Value {
        self.admin.post(&format!("{path}/keys"), json!({ "dialect": dialect })).expect(201)
    }

    /// One profile of this vendor at our server.
    pub(crate) fn profile(&self, vendor: &str, lines: &str) {
        let url = self.server.url();
        self.place.write_profiles(&format!("[profile.it]\nvendor = '{vendor}'\nserver = '{url}'\n{lines}\n"));
    }

    fn run(&self, line: &str) -> Ran {
        self.place.run(&line.split(' ').collect::<Vec<_>>())
    }

    fn fed(&self, line: &str, input: &str) -> Ran {
        self.place.run_with(&line.split(' ').collect::<Vec<_>>(), &[], input)
    }

    fn printed(&self, line: &str) -> String {
        self.run(line).printed()
    }

    fn json(&self, line: &str) -> Value {
        serde_json::from_str(&self.printed(&format!("{line} -o json"))).unwrap()
    }

    /// The one session that is kept; its file is private.
    fn kept(&self) -> Option<Value> {
        let names = std::fs::read_dir(self.place.file("cache/counterfoil/sessions")).ok()?;
        let names: Vec<_> = names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        let name = format!("cache/counterfoil/sessions/{}", names.first()?);
        assert_eq!((names.len(), self.place.mode(&name)), (1, 0o600));
        Some(serde_json::from_slice(&self.place.read(&name)).unwrap())
    }
}

fn text(value: &Value, name: &str) -> String {
    crate::support::text(value, name)
}

#[test]
fn datto_rmm() {
    let house = House::new();
    let path = house.somebody("celerium", &["datto-rmm.read", "datto-rmm.write"]);
    let made = house.key(&path, "datto-rmm");
    let (key, secret, url) = (text(&made, "key"), text(&made, "secret"), house.server.url());
    let opens = |token: &str| {
        let session = Client::bearer(house.server.address, token.trim());
        session.get("/api/v2/account").status == 200
    };
    // Example 2 of the page, in order and by name; example 3, the missing one through a pipe.
    for (line, input) in [
        (format!("--api-uri {url} --api-key {key} --api-secret-key {secret}"), ""),
        (format!("{url} {key} {secret}"), ""),
        (format!("{url} {key} -"), secret.as_str()),
        (format!("{url} {key}"), &secret),
        (format!("--api-key {key} --api-secret-key {secret}"), &url),
        (format!("{url} --api-secret-key {secret}"), &key),
    ] {
        let ran = house.fed(&format!("datto request-access-token {line} -o value -q"), input);
        assert!(opens(&ran.printed()), "{line}");
    }
    // Example 1: everything is defined already, by variables or a profile.
    let variables = [
        ("COUNTERFOIL_DATTO_API_URI", url.as_str()),
        ("COUNTERFOIL_DATTO_API_KEY", &key),
        ("COUNTERFOIL_DATTO_API_SECRET_KEY", &secret),
    ];
    let line = ["datto", "request-access-token", "-o", "value"];
    assert!(opens(&house.place.run_with(&line, &variables, "").printed()));
    house.place.write("secret", &secret);
    house.profile("datto-rmm", &format!("key = '{key}'\nsecret = {{ file = '../../secret' }}"));
    assert!(opens(&house.printed("datto request-access-token -o value")));
    // Where no key is said, the secret is both.
    house.place.write("secret", format!("{key}:{secret}\n"));
    house.profile("datto-rmm", "secret = { command = ['cat', '../../secret'] }");
    let answer = house.json("datto request-access-token");
    assert_eq!(
        (answer["token_type"].as_str(), answer["expires_in"].as_i64()),
        (Some("bearer"), Some(360_000))
    );
    let kept = house.kept().unwrap();
    assert_eq!((&kept["token"], kept["username"].as_str()), (&answer["access_token"], Some(key.as_str())));
    // A key that is said goes with its own half only.
    let by_key = |key: &str| house.run(&format!("datto request-access-token {url} {key} -o value"));
    assert!(opens(&by_key(&key).printed()));
    let said = by_key("OTHERKEY");
    assert_eq!(said.code, Some(4), "{said:?}");
    let said = said.refused();
    assert!(said.contains("what the profile `it` keeps is of another key"), "{said}");
    // Nothing that is wrong is repeated.
    let ran = house.fed(&format!("datto request-access-token {url} {key} - -q"), "hush-hush");
    assert_eq!(ran.code, Some(4));
    assert!(!ran.refused().contains("hush"));
    assert!(!house.server.log().contains(&secret));
}

#[test]
fn datto_rmm_without_a_value_does_not_wait() {
    let place = Place::new();
    for (line, code, part) in [
        ("datto request-access-token", 2, "Datto RMM: where is it? Give --api-uri"),
        ("datto request-access-token http://127.0.0.1:1", 2, "the API key is missing"),
        ("datto request-access-token http://127.0.0.1:1 KEY", 4, "give --api-secret-key -"),
        ("datto request-access-token http://127.0.0.1:1 -", 2, "only --api-secret-key takes it"),
        ("datto request-access-token Celerium@Celerium.org KEY SECRET -q", 2, "Celerium.org"),
    ] {
        let ran = place.run(&line.split(' ').collect::<Vec<_>>());
        assert_eq!(ran.code, Some(code), "{line}: {ran:?}");
        let said = ran.refused();
        assert!(said.contains(part) && !said.contains("SECRET -"), "{line}: {said}");
    }
}

#[test]
fn ruvds() {
    let house = House::new();
    house.password(&house.somebody("cabinet", &["ruvds.read", "ruvds.write"]));
    house.profile("ruvds", "username = 'cabinet'\npassword = { file = '../../password' }");
    let made = house.json("ruvds tokens create my-api-token --role read --expiry 2127-01-01");
    let (id, secret) = (text(&made, "token_id"), text(&made, "token_secret"));
    let shown = house.json(&format!("ruvds tokens get {id}"));
    assert_eq!(
        shown,
        json!({"token_id": id, "name": "my-api-token", "role": "read", "expiry": "2127-01-01T00:00:00.000Z"})
    );
    assert_eq!(house.json("ruvds tokens list")["items"], json!([shown]));
    assert_eq!(house.json("ruvds tokens")["items"], json!([shown]), "alone it lists");
    // The token itself asks; the flag is stronger than the profile.
    let by = |secret: &str| house.fed("ruvds tokens list --token - -o value", secret);
    assert_eq!(by(&secret).printed().trim(), id);
    let new = house.printed(&format!("ruvds tokens put {id} -o value"));
    assert_eq!(by(&secret).code, Some(4), "the old secret is dead at once");
    assert_eq!(by(new.trim()).printed().trim(), id);
    // A shell's variable is the one that the next command reads.
    let env = house.printed(&format!("ruvds tokens put {id} -o env"));
    let (name, quoted) = env.trim().split_once('=').unwrap();
    assert_eq!(name, "COUNTERFOIL_RUVDS_TOKEN");
    let new = quoted.trim_matches('\'').to_owned();
    house.place.run_with(&["ruvds", "tokens", "list"], &[(name, &new)], "").printed();
    // What it may not give, and what there is not.
    assert_eq!(house.fed("ruvds tokens create x --role write --token -", &new).code, Some(6));
    assert_eq!(house.run("ruvds tokens get 38400000-8cf0-11bd-b23e-10b96e4ef00d").code, Some(3));
    // A dry run asks nobody.
    let intended = house.json(&format!("ruvds tokens put {id} --dry-run --server http://127.0.0.1:1"));
    assert_eq!(
        intended,
        json!({"method": "PUT", "url": format!("http://127.0.0.1:1/v2/tokens/{id}"), "body": null})
    );
}

#[test]
fn agent_config() {
    let house = House::new();
    let found = house.admin.get("/v1/principals?username=admin").expect(200);
    house.password(&format!("/v1/principals/{}", found["items"][0]["id"].as_str().unwrap()));
    house.profile("agent-config", "username = 'admin'\npassword = { file = '../../password' }");
    let made: Value = serde_json::from_str(
        &house
            .place
            .run(&["agent-config", "tokens", "create", "informational name", "--read", "-o", "json"])
            .printed(),
    )
    .unwrap();
    let uuid = text(&made, "uuid");
    assert_eq!(made, json!({"uuid": uuid, "name": "informational name", "read": true, "change": false}));
    let updated = house.fed("agent-config tokens update - --change --legacy-path -o ndjson", &uuid);
    let power = json!({"uuid": uuid, "name": "informational name", "read": true, "change": true});
    assert_eq!(updated.printed().trim(), power.to_string());
    for line in ["agent-config tokens list", "agent-config tokens list --legacy-path"] {
        assert_eq!(house.json(line)["items"], json!([power]));
    }
    assert!(house.run("agent-config tokens list -o env").refused().contains("a list may hold many secrets"));
    // A token administers no tokens.
    let ran = house.fed("agent-config tokens list --token -", &uuid);
    assert_eq!(ran.code, Some(4), "{ran:?}");
    // A dry run shows no secret.
    let intended =
        house.fed("agent-config tokens update - --name x --read --change --dry-run", &uuid).printed();
    assert!(
        intended.contains("/rest/agent-config/1.0/tokens/••••") && !intended.contains(&uuid),
        "{intended}"
    );
    assert_eq!(
        house.fed("agent-config tokens update - --name x", "7ba167aa-631c-4771-b197-fcb459cc7fd7").code,
        Some(3)
    );
}

#[test]
fn dynatrace() {
    let house = House::new();
    house.profile("dynatrace", "secret = { file = '../../first' }");
    let create =
        "dynatrace api-tokens create tokenName --scope metrics.read --scope logs.ingest --expiration now+14d";
    let made = house.json(create);
    let (id, token) = (text(&made, "id"), text(&made, "token"));
    let looked_up: Value =
        serde_json::from_str(&house.fed("dynatrace api-tokens lookup - -o json", &token).printed()).unwrap();
    assert_eq!((&looked_up["id"], &looked_up["expirationDate"]), (&made["id"], &made["expirationDate"]));
    house.printed(&format!("dynatrace api-tokens update {id} --name renamed --disable"));
    let shown = house.json(&format!("dynatrace api-tokens get {id}"));
    assert_eq!((shown["name"].as_str(), shown["enabled"].as_bool()), (Some("renamed"), Some(false)));
    for each in 0..3 {
        house.printed(&format!("dynatrace api-tokens create more{each} --scope logs.read"));
    }
    let list = house.json(r#"dynatrace api-tokens list --selector scope("metrics.read")"#);
    assert_eq!(
        (list["items"].as_array().unwrap().len(), &list["items"][0]["scopes"]),
        (1, &json!(["logs.ingest", "metrics.read"]))
    );
    assert_eq!(house.printed("dynatrace api-tokens list --limit 2 -o value").lines().count(), 2);
    // The seed's own body.
    let body = r#"{"personalAccessToken": false, "expirationDate": "now+14d", "scopes": ["metrics.read"], "name": "tokenName"}"#;
    let ran = house.fed("dynatrace api-tokens create --from-json - -o value", body);
    assert!(ran.printed().starts_with("dt0c01."));
    // By id and by secret; nobody is there to be asked.
    assert_eq!(house.run(&format!("dynatrace api-tokens delete {id}")).code, Some(2));
    house.fed("dynatrace api-tokens delete - --yes", &token).printed();
    let gone = house.run(&format!("dynatrace api-tokens get {id}"));
    assert_eq!(gone.code, Some(3), "{gone:?}");
    let wrong = house.run("dynatrace api-tokens create x --scope nope");
    assert_eq!(wrong.code, Some(2));
    assert!(
        wrong.refused().contains("`scopes[0]` 'nope' must be any of [InstallerDownload"),
        "the vendor's words"
    );
    // An environment of its own has a path of its own.
    let ran = house
        .run(&format!("dynatrace api-tokens list --server {}/e/no-such-environment", house.server.url()));
    assert!(ran.refused().contains("failed to resolve tenant"), "and an address");
}

#[test]
fn control_room() {
    let house = House::new();
    let path = house.somebody("jdoe", &["control-room.api-key"]);
    house.password(&path);
    house.place.write("key", text(&house.key(&path, "control-room"), "key"));
    house.profile("control-room", "username = 'jdoe'\nsecret = { file = '../../key' }");
    let valid = |token: &str| house.fed("control-room validate --token -", token).code == Some(0);
    for more in ["", " --v1"] {
        let token = house.printed(&format!("control-room authenticate -o value{more}"));
        assert_eq!(house.kept().unwrap()["token"], token.trim());
        // What was kept is what the next command works with.
        assert_eq!(house.run("control-room validate").code, Some(0));
        let fresh = house.printed(&format!("control-room refresh -o value{more}"));
        assert!(fresh != token && valid(&fresh) && !valid(&token));
        assert_eq!(house.kept().unwrap()["token"], fresh.trim());
        house.printed("control-room logout");
        assert!(!valid(&fresh) && house.kept().is_none());
        assert_eq!(house.run("control-room validate").code, Some(4), "nothing is kept");
    }
    let env = house.printed("control-room authenticate -o env");
    let (name, token) = env.trim().split_once('=').unwrap();
    house.printed("control-room refresh");
    let by_variable =
        house.place.run_with(&["control-room", "validate"], &[(name, token.trim_matches('\''))], "");
    assert_eq!(
        (name, by_variable.code),
        ("COUNTERFOIL_CONTROL_ROOM_TOKEN", Some(8)),
        "the refreshed one is over"
    );
    let user = house.json("control-room authenticate --password @password --multiple")["user"].clone();
    assert_eq!((user["username"].as_str(), user["id"].as_str()), (Some("jdoe"), Some("2")));
    let wrong = house.fed("control-room authenticate --api-key -", "an API key that is none");
    assert_eq!(wrong.code, Some(4));
    assert!(wrong.refused().contains("Invalid credentials; check the credential"), "the vendor's words");
    assert_eq!(house.fed("control-room validate --token -", "garbage").code, Some(8));
}
