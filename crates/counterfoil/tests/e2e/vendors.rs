//! Clients of other people against the real binary, each set up as its page says: Control Room's and Datto RMM's
//! published Python clients, OAuth's in Python and Node.js, the one that is generated of RUVDS's specification, and the
//! shell clients of agent-config.

use crate::support::http::Client;
use crate::support::node;
use crate::support::place::{Place, Ran, finish};
use crate::support::python;
use crate::support::server::Server;
use crate::support::text;
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;

const PASSWORD: &str = "correct horse battery";

/// Somebody with a role of these scopes, and the path of what belongs to them.
fn somebody(admin: &Client, username: &str, scopes: &[&str]) -> String {
    admin.post("/v1/roles", json!({ "name": username, "scopes": scopes })).expect(201);
    let made = admin.post("/v1/principals", json!({ "username": username, "roles": [username] })).expect(201);
    format!("/v1/principals/{}", made["id"].as_str().unwrap())
}

fn set_password(admin: &Client, path: &str) {
    let body = json!({ "password": PASSWORD }).to_string();
    admin.ask("PUT", &format!("{path}/password"), body.as_bytes()).expect(204);
}

fn key(admin: &Client, path: &str, dialect: &str) -> Value {
    admin.post(&format!("{path}/keys"), json!({ "dialect": dialect })).expect(201)
}

fn shell(name: &str, arguments: &[&str]) -> Ran {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients").join(name);
    finish(Command::new("bash").arg(script).args(arguments), "")
}

fn content(ran: &Ran, line: &str) {
    assert_eq!((ran.code, ran.out.trim_end(), ran.err.as_str()), (Some(0), line, ""));
}

#[test]
fn control_rooms_published_client_logs_in_refreshes_and_logs_out() {
    let place = Place::with_store();
    let server = Server::start(&place);
    let admin = server.admin(&place);
    set_password(&admin, &somebody(&admin, "jdoe", &["control-room.api-key"]));
    let ran = python::script("control_room.py", &[&server.url(), "jdoe"], PASSWORD);
    content(&ran, "in, refreshed and out");
    assert!(!server.log().contains(PASSWORD));
}

#[test]
fn datto_rmms_clients_log_in_and_reset_their_keys() {
    let place = Place::with_store();
    let server = Server::start(&place);
    let admin = server.admin(&place);
    let made = key(&admin, &somebody(&admin, "rmm", &["datto-rmm.read", "datto-rmm.write"]), "datto-rmm");
    let (id, secret) = (made["key"].as_str().unwrap(), made["secret"].as_str().unwrap());
    content(&shell("datto_curl.sh", &[&server.url(), id, secret]), "ok");
    content(&shell("datto_node.sh", &[&server.url(), id, secret, &place.first_token()]), "ok");
    content(&python::script("datto.py", &[&server.url(), id, secret], ""), "ok");
    assert!(!server.log().contains(secret));
}

/// Both are let in before either resets; whoever comes second hears of it (D15).
#[test]
fn of_two_resets_of_one_datto_key_the_second_is_a_conflict() {
    let place = Place::with_store();
    let server = Server::start(&place);
    let admin = server.admin(&place);
    let made = key(&admin, &somebody(&admin, "rmm", &["datto-rmm.read", "datto-rmm.write"]), "datto-rmm");
    let form =
        format!("grant_type=password&username={}&password={}", text(&made, "key"), text(&made, "secret"));
    let head = "POST /auth/oauth/token HTTP/1.1\r\nHost: test\r\nAuthorization: Basic cHVibGljLWNsaWVudDpwdWJsaWM=\r\n\
                Content-Type: application/x-www-form-urlencoded\r\n";
    let mut late = server.connect();
    late.send(format!("{head}Content-Length: {}\r\n\r\n{form}", form.len())).unwrap();
    let token = text(&late.reply().unwrap().expect(200), "access_token");
    // The body is asked for only of somebody who was let in.
    let reset = "/api/v2/user/resetApiKeys";
    late.send(format!(
        "POST {reset} HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer {token}\r\nContent-Length: 2\r\n\
         Expect: 100-continue\r\n\r\n"
    ))
    .unwrap();
    assert_eq!(late.reply().unwrap().status, 100);
    server.client(&token).ask("POST", reset, b"").expect(200);
    late.send("{}").unwrap();
    let refused = late.reply().unwrap().expect(409);
    assert_eq!(
        refused["error_description"],
        "Request aborted due to concurrent write access to this record."
    );
    server.client(&token).ask("POST", reset, b"").expect(401);
}

#[test]
fn oauths_published_clients_find_authenticate_introspect_and_revoke() {
    let place = Place::with_store();
    let server = Server::start(&place);
    content(&python::script("oauth.py", &[&server.url()], &place.first_token()), "ok");
    content(&node::script("oauth.mjs", &[&server.url()], &place.first_token()), "ok");
}

#[test]
fn ruvdss_generated_client_makes_shows_lists_and_renews() {
    let place = Place::with_store();
    let mounts = "[[mount]]\ndialect = 'native'\n[[mount]]\ndialect = 'ruvds'\n\
                  [[mount]]\ndialect = 'ruvds'\nprefix = '/narrow'\n\
                  settings = { rate_limit = 3, rate_window = '1s' }\n";
    place.write("counterfoil.toml", mounts);
    let server = Server::start(&place);
    let admin = server.admin(&place);
    set_password(&admin, &somebody(&admin, "ivan", &["ruvds.read", "ruvds.write"]));
    let narrow = format!("{}/narrow", server.url());
    let ran = python::script("ruvds.py", &[&server.url(), &narrow, "ivan"], PASSWORD);
    content(&ran, "every operation of RUVDS");
}

#[test]
fn agent_configs_shell_clients_read_what_they_are_told() {
    let place = Place::with_store();
    let server = Server::start(&place);
    let admin = server.admin(&place);
    let found = admin.get("/v1/principals?username=admin").expect(200);
    set_password(&admin, &format!("/v1/principals/{}", found["items"][0]["id"].as_str().unwrap()));
    let log = server.log_file().to_str().unwrap();
    let ran = shell("agent_config.sh", &[&server.url(), &format!("admin:{PASSWORD}"), log]);
    content(&ran, "agent-config: all well");
}

#[test]
fn the_public_url_is_the_issuer() {
    let place = Place::with_store();
    let server = Server::start_with(&place, &["--public-url", "https://tokens.example"]);
    let metadata = server.admin(&place).get("/.well-known/oauth-authorization-server").expect(200);
    assert_eq!(metadata["issuer"], "https://tokens.example");
}
