//! Limits and quotas from outside: over a restart, by the command line, and at a gate.

use crate::support::place::Place;
use crate::support::server::Server;
use crate::support::text;
use serde_json::json;

#[test]
fn a_quota_and_its_uses_outlive_a_restart() {
    let place = Place::with_store();
    let server = Server::start(&place);
    let admin = server.admin(&place);
    let quota = json!({"name": "ci", "scopes": ["deploy"], "limit": "100/1m", "quota": 3});
    let issued = admin.post("/v1/tokens", quota).expect(201);
    let (id, token) = (text(&issued, "id"), text(&issued, "token"));
    let reply = admin.post("/v1/verify", json!({"token": token}));
    assert_eq!(reply.header("ratelimit-policy"), Some("\"token\";q=100;w=60, \"quota\";q=3"));
    assert_eq!(reply.header("ratelimit"), Some("\"token\";r=99;t=1, \"quota\";r=2"));
    server.stop();

    let server = Server::start(&place);
    let admin = server.admin(&place);
    let shown = admin.get(&format!("/v1/tokens/{id}")).expect(200);
    assert_eq!((&shown["uses"], &shown["quota"], &shown["limit"]), (&json!(1), &json!(3), &json!("100/1m")));
    assert!(admin.counts(&token) && admin.counts(&token));
    let reply = admin.post("/v1/verify", json!({"token": token}));
    assert_eq!(reply.expect(200), json!({"active": false}));
    let reply = server.client(&token).get("/v1/scopes");
    assert_eq!(reply.header("retry-after"), None, "no waiting helps");
    reply.problem(429);
    assert_eq!(admin.get(&format!("/v1/tokens/{id}")).expect(200)["uses"], 3);
}

#[test]
fn the_command_line_sets_limits_and_takes_them_away() {
    let place = Place::with_store();
    let create =
        ["token", "create", "ci", "--scope", "deploy", "--limit", "1/1h", "--quota", "5", "-o", "json"];
    let issued: serde_json::Value = serde_json::from_str(&place.run(&create).printed()).unwrap();
    let id = text(&issued, "id");
    let shown = |arguments: &[&str]| -> serde_json::Value {
        serde_json::from_str(&place.run(&[arguments, &["-o", "json"]].concat()).printed()).unwrap()
    };
    let token = shown(&["token", "get", &id]);
    assert_eq!((&token["limit"], &token["quota"], &token["uses"]), (&json!("1/1h"), &json!(5), &json!(0)));
    let token = shown(&["token", "edit", &id, "--limit", "none", "--quota", "7"]);
    assert_eq!((token.get("limit"), &token["quota"]), (None, &json!(7)));
    let token = shown(&["token", "edit", &id, "--quota", "none"]);
    assert_eq!(token.get("quota"), None);
    let wrong = place.run(&["token", "edit", &id, "--quota", "many"]);
    assert_eq!(wrong.code, Some(2), "{wrong:?}");
}
