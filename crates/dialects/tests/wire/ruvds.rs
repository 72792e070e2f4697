//! The numbered cases of the RUVDS contract (section 2.8) that are too many or too large to be read as a transcript. The
//! others are in `transcripts/ruvds/R*.http`, under their numbers.

use crate::support::{SOMEWHERE, World};
use bytes::Bytes;
use counterfoil_core::when;
use counterfoil_dialects::dialect::Reply;
use counterfoil_dialects::ruvds::FORMAT;
use http::Request;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use uuid::Uuid;

const ENVELOPES: [&str; 8] = [
    "json_error",
    "forbidden",
    "not_found",
    "server_error",
    "rate_limit_exceeded",
    "auth_error",
    "conflict",
    "unexpected_error",
];

async fn new_world() -> World {
    World::create(BTreeMap::new()).await
}

/// Asks as whoever has the token; the reply, and its body as JSON, whatever came.
async fn ask(
    world: &World,
    method: &str,
    target: &str,
    token: &str,
    body: impl Into<Bytes>,
) -> (Reply, Value) {
    let request = Request::builder().method(method).uri(target);
    let request = request.header("authorization", format!("Bearer {token}")).body(body).unwrap();
    let reply = world.ask(request, SOMEWHERE).await;
    assert!(reply.headers()["content-type"].to_str().unwrap().starts_with("application/json"));
    let came: Value = serde_json::from_slice(reply.body()).unwrap();
    if reply.status() != 200 {
        assert!(ENVELOPES.contains(&came["id"].as_str().unwrap()), "{came}");
        assert!(!came["message"].as_str().unwrap().is_empty(), "{came}");
    }
    (reply, came)
}

async fn make(world: &World, body: Value) -> Value {
    let (reply, came) = ask(world, "POST", "/v2/tokens", &world.admin, body.to_string()).await;
    assert_eq!(reply.status(), 200, "{came}");
    came
}

fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    value[member].as_str().unwrap_or_else(|| panic!("no {member} in {value}"))
}

fn number(reply: &Reply, header: &str) -> u64 {
    reply.headers()[header].to_str().unwrap().parse().unwrap()
}

fn members(value: &Value) -> Vec<&String> {
    value.as_object().unwrap().keys().collect()
}

#[tokio::test]
async fn r01_and_r03_the_form_of_a_token_and_where_its_secret_is_not() {
    let world = new_world().await;
    let made = make(&world, json!({"token_name": "n", "token_role": "read"})).await;
    assert_eq!(members(&made), ["token_id", "token_secret"]);
    let (id, secret) = (text(&made, "token_id"), text(&made, "token_secret"));
    assert_eq!(Uuid::try_parse(id).unwrap().to_string(), id);
    assert!(secret.len() == 64 && FORMAT.fits(secret) && !secret.contains(id), "{secret}");
    let (_, shown) = ask(&world, "GET", &format!("/v2/tokens/{id}"), secret, "").await;
    assert_eq!(members(&shown), ["token_id", "name", "role", "expiry"]);
    let shouted = format!("/v2/tokens/{}", id.to_uppercase());
    assert_eq!(
        ask(&world, "GET", &shouted, secret, "").await.1,
        shown,
        "UUIDs may be written in either case"
    );
    let (_, all) = ask(&world, "GET", "/v2/tokens", secret, "").await;
    assert_eq!(all, json!({"tokens": [shown]}));
}

#[tokio::test]
async fn r04_every_way_to_write_an_instant() {
    let world = new_world().await;
    for (expiry, meant) in [
        ("2026-11-21T23:42:46.017563+00:00", "2026-11-21T23:42:46.017Z"),
        ("2027-03-17T12:34:56.1234567+03:00", "2027-03-17T09:34:56.123Z"),
        ("2027-03-17T12:34:56.123456789-11:30", "2027-03-18T00:04:56.123Z"),
        ("2030-01-25T05:57:01Z", "2030-01-25T05:57:01.000Z"),
        ("2030-01-25t05:57:01z", "2030-01-25T05:57:01.000Z"),
    ] {
        let made =
            make(&world, json!({"token_name": "n", "token_role": "read", "token_expiry": expiry})).await;
        let target = format!("/v2/tokens/{}", text(&made, "token_id"));
        let (_, shown) = ask(&world, "GET", &target, &world.admin, "").await;
        assert_eq!(text(&shown, "expiry"), meant, "{expiry}");
    }
    for refused in [
        "",
        " ",
        "soon",
        "never",
        "30d",
        "now+1d",
        "1893456000000",
        "2030-01-25",
        "2030-01-25T05:57:01",
        "2030-02-30T00:00:00Z",
        "2030-01-25T05:57:01+03:00[Europe/Moscow]",
        "2030-01-25T05:57:01+03:00:00",
        "2030-01-25T05:57:01+0300",
        "2030-01-25T05:57:01+03",
        "2030-01-25T05:57:01+99:99",
        "2030-01-25T05:57:01.Z",
        "2030-01-25T05:57:01.1234567890Z",
        "2030-01-25T05:57:01,5Z",
        "2030-01-25T05:57:01Z ",
        "2030-01-25T05:57Z",
        "2030-01-25 05:57:01Z",
        "20300125T055701Z",
        "2030-01-25T24:00:00Z",
        "2030-W04-5T05:57:01Z",
        "+002030-01-25T05:57:01Z",
        "٢٠٣٠-01-25T05:57:01Z",
        "0000-01-01T00:00:00+23:59",
        "2025-03-17T12:34:56Z",
        "9999-12-31T23:59:59.9999999Z",
    ] {
        let body = json!({"token_name": "n", "token_role": "read", "token_expiry": refused});
        let (reply, came) = ask(&world, "POST", "/v2/tokens", &world.admin, body.to_string()).await;
        assert_eq!((reply.status().as_u16(), text(&came, "id")), (400, "json_error"), "{refused}");
        assert!(text(&came, "message").starts_with("Field 'token_expiry' must "), "{refused}: {came}");
    }
}

#[tokio::test]
async fn r06_bodies_that_are_no_text_or_too_long() {
    let world = new_world().await;
    let named = |name: &str| json!({"token_name": name, "token_role": "read"}).to_string().into_bytes();
    // What PowerShell before 7.4 makes of Cyrillic, and of German.
    let latin = b"{\"token_name\":\"Schl\xfcssel\",\"token_role\":\"read\"}".to_vec();
    let deep = format!("{{\"token_name\":{}", "[".repeat(200_000)).into_bytes();
    // A role is a word, not an object that has one.
    let role = |role: Value| json!({"token_name": "x", "token_role": role}).to_string().into_bytes();
    let roles =
        [json!({"read": null}), json!({"read": {}}), json!(["read"]), json!("remove"), json!(null)].map(role);
    for body in roles {
        let (reply, came) = ask(&world, "POST", "/v2/tokens", &world.admin, body).await;
        assert_eq!((reply.status().as_u16(), text(&came, "id")), (400, "json_error"), "{came}");
    }
    let bodies =
        [latin, deep, named(&"n".repeat(256)), named(&"n".repeat(1_000_000)), named(&"n".repeat(1 << 20))];
    for body in bodies {
        let start = String::from_utf8_lossy(&body[..20]).into_owned();
        let (reply, came) = ask(&world, "POST", "/v2/tokens", &world.admin, body).await;
        assert_eq!((reply.status().as_u16(), text(&came, "id")), (400, "json_error"), "{start}: {came}");
    }
    make(&world, json!({"token_name": "ключ ".repeat(51), "token_role": "read"})).await;
}

#[tokio::test]
async fn r16_the_121st_of_a_minute() {
    let world = new_world().await;
    for call in 0..120 {
        let (reply, _) = ask(&world, "GET", "/v2/tokens", &world.admin, "").await;
        assert_eq!(reply.status(), 200);
        assert_eq!(number(&reply, "ratelimit-limit"), 120);
        assert_eq!(number(&reply, "ratelimit-remaining"), 119 - call);
        assert_eq!(number(&reply, "ratelimit-reset"), 60);
        assert!(!reply.headers().contains_key("retry-after"));
    }
    world.clock.pass(when::span("23s").unwrap());
    let (reply, came) = ask(&world, "GET", "/v2/tokens", &world.admin, "").await;
    assert_eq!((reply.status().as_u16(), text(&came, "id")), (429, "rate_limit_exceeded"));
    let message = "Too Many Requests. Your rate limit will have recovered in 37 seconds.";
    assert_eq!(text(&came, "message"), message);
    assert_eq!((number(&reply, "retry-after"), number(&reply, "ratelimit-reset")), (37, 37));
    assert_eq!(number(&reply, "ratelimit-remaining"), 0);
    // Another principal, another dialect and whoever nobody knows are not held to it.
    let (reply, _) = ask(&world, "GET", "/v2/tokens", "garbage", "").await;
    assert_eq!(reply.status(), 401);
    assert!(!reply.headers().keys().any(|name| name.as_str().starts_with("ratelimit")));
    world.clock.pass(when::span("37s").unwrap());
    let (reply, _) = ask(&world, "GET", "/v2/tokens", &world.admin, "").await;
    assert_eq!((reply.status().as_u16(), number(&reply, "ratelimit-remaining")), (200, 119));
}

#[tokio::test]
async fn r17_fifty_renewals_at_once_leave_one_secret() {
    let world = Arc::new(new_world().await);
    let made = make(&world, json!({"token_name": "n", "token_role": "write"})).await;
    let target = format!("/v2/tokens/{}", text(&made, "token_id"));
    let renewals: Vec<_> = (0..50)
        .map(|_| {
            let (world, target) = (Arc::clone(&world), target.clone());
            tokio::spawn(async move { ask(&world, "PUT", &target, &world.admin, "").await })
        })
        .collect();
    let mut secrets = BTreeSet::from([text(&made, "token_secret").to_owned()]);
    for renewal in renewals {
        let (reply, came) = renewal.await.unwrap();
        assert_eq!(reply.status(), 200, "{came}");
        secrets.insert(text(&came, "token_secret").to_owned());
    }
    assert_eq!(secrets.len(), 51);
    let mut counting = 0;
    for secret in secrets {
        counting += usize::from(ask(&world, "GET", "/v2/tokens", &secret, "").await.0.status() == 200);
    }
    assert_eq!(counting, 1);
}

#[tokio::test]
async fn r21_all_of_a_long_list_at_once() {
    let world = World::create(BTreeMap::from([("rate_limit".to_owned(), "9999".to_owned())])).await;
    for number in 0..1_001 {
        make(&world, json!({"token_name": format!("t{number}"), "token_role": "read"})).await;
    }
    for target in ["/v2/tokens", "//v2/tokens", "/v2/tokens/"] {
        let (_, all) = ask(&world, "GET", target, &world.admin, "").await;
        let tokens = all["tokens"].as_array().unwrap();
        let ids: BTreeSet<_> = tokens.iter().map(|token| text(token, "token_id")).collect();
        assert_eq!((tokens.len(), ids.len()), (1_001, 1_001), "{target}");
        assert!(tokens.iter().all(|token| token["expiry"].is_null()), "{target}");
    }
}
