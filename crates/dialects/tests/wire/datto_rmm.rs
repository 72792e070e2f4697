//! The numbered cases of the Datto RMM contract (section 1.9) that do not suit a transcript. The others are in
//! `transcripts/datto-rmm/d*.http`, under their numbers.

use crate::support::{SOMEWHERE, World};
use counterfoil_dialects::dialect::Reply;
use data_encoding::BASE64URL_NOPAD;
use http::Request;
use jiff::SignedDuration;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const PUBLIC_CLIENT: &str = "Basic cHVibGljLWNsaWVudDpwdWJsaWM=";
const ACCOUNT: &str = "/api/v2/account";
const RESET: &str = "/api/v2/user/resetApiKeys";

async fn ask(world: &World, method: &str, target: &str, authorization: &str, body: &str) -> Reply {
    let request = Request::builder().method(method).uri(target).header("authorization", authorization);
    world.ask(request.body(body.to_owned()).unwrap(), SOMEWHERE).await
}

fn read(reply: &Reply) -> Value {
    serde_json::from_slice(reply.body()).unwrap()
}

fn text(value: &Value, member: &str) -> String {
    value[member].as_str().unwrap_or_else(|| panic!("no {member} in {value}")).to_owned()
}

/// Asks our own API as the administrator.
async fn native(world: &World, method: &str, target: &str, body: Value) -> Value {
    let reply = ask(world, method, target, &format!("Bearer {}", world.admin), &body.to_string()).await;
    assert!(reply.status().is_success(), "{method} {target}: {reply:?}");
    if reply.body().is_empty() { Value::Null } else { read(&reply) }
}

/// Somebody with the role `technician`, and their key and secret.
async fn somebody(world: &World, username: &str) -> (String, String) {
    native(world, "POST", "/v1/principals", json!({"username": username, "roles": ["technician"]})).await;
    let found = native(world, "GET", &format!("/v1/principals?username={username}"), Value::Null).await;
    let keys = format!("/v1/principals/{}/keys", text(&found["items"][0], "id"));
    let made = native(world, "POST", &keys, json!({"dialect": "datto-rmm"})).await;
    (text(&made, "key"), text(&made, "secret"))
}

async fn new_world() -> World {
    let world = World::create(BTreeMap::new()).await;
    let scopes = ["datto-rmm.read", "datto-rmm.write"];
    native(&world, "POST", "/v1/roles", json!({"name": "technician", "scopes": scopes})).await;
    world
}

async fn login(world: &World, key: &str, secret: &str) -> Reply {
    let form = format!("grant_type=password&username={key}&password={secret}");
    ask(world, "POST", "/auth/oauth/token", PUBLIC_CLIENT, &form).await
}

/// The `Authorization` header that a client makes of the answer.
async fn logged_in(world: &World, key: &str, secret: &str) -> String {
    let reply = login(world, key, secret).await;
    assert_eq!(reply.status(), 200, "{reply:?}");
    let answer = read(&reply);
    format!("{} {}", text(&answer, "token_type"), text(&answer, "access_token"))
}

#[tokio::test]
async fn d06_whatever_is_wrong_with_key_or_secret_is_answered_with_the_same_bytes() {
    let world = new_world().await;
    let (key, secret) = somebody(&world, "celerium").await;
    let (revoked, its_secret) = somebody(&world, "revoked").await;
    native(&world, "DELETE", "/v1/principals/3/keys?dialect=datto-rmm", Value::Null).await;
    let (disabled, disabled_secret) = somebody(&world, "disabled").await;
    native(&world, "PATCH", "/v1/principals/4", json!({"disabled": true})).await;
    let (coded, coded_secret) = somebody(&world, "coded").await;
    native(&world, "POST", "/v1/principals/5/totp", json!({})).await;
    let (far, far_secret) = somebody(&world, "far").await;
    for _ in 0..10 {
        login(&world, &far, &secret).await;
    }
    let wrong = login(&world, &key, &its_secret).await;
    assert_eq!(wrong.status(), 400);
    for (why, key, secret) in [
        ("an unknown key", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", &secret),
        ("a revoked key", &revoked, &its_secret),
        ("a disabled principal", &disabled, &disabled_secret),
        ("a second factor, which no form here can carry", &coded, &coded_secret),
        ("ten failures before", &far, &far_secret),
        ("nothing", "", &String::new()),
        ("a secret in small letters", &key, &secret.to_lowercase()),
        ("the user name for the key", "celerium", &secret),
    ] {
        let reply = login(&world, key, secret).await;
        assert_eq!(
            (reply.status(), reply.headers(), reply.body()),
            (wrong.status(), wrong.headers(), wrong.body()),
            "{why}"
        );
    }
    assert_eq!(login(&world, &key, &secret).await.status(), 200);
}

#[tokio::test]
async fn d15_of_two_resets_at_once_one_wins() {
    let world = new_world().await;
    let (key, secret) = somebody(&world, "celerium").await;
    let (one, other) = (logged_in(&world, &key, &secret).await, logged_in(&world, &key, &secret).await);
    let (one, other) =
        tokio::join!(ask(&world, "POST", RESET, &one, ""), ask(&world, "POST", RESET, &other, ""));
    let statuses = [one.status().as_u16(), other.status().as_u16()];
    // Whoever comes second finds the session over, or the key changed.
    assert!(statuses[0] == 200 && [401, 409].contains(&statuses[1]), "{statuses:?}");
    let made = read(&one);
    logged_in(&world, &text(&made, "apiAccessKey"), &text(&made, "apiSecretKey")).await;
}

#[tokio::test]
async fn d15_a_new_pair_is_worth_what_the_old_one_was() {
    let world = new_world().await;
    somebody(&world, "celerium").await;
    let narrow = json!({"dialect": "datto-rmm", "scopes": ["datto-rmm.write"]});
    let made = native(&world, "POST", "/v1/principals/2/keys", narrow).await;
    let token = logged_in(&world, &text(&made, "key"), &text(&made, "secret")).await;
    let made = read(&ask(&world, "POST", RESET, &token, "").await);
    let reply = login(&world, &text(&made, "apiAccessKey"), &text(&made, "apiSecretKey")).await;
    assert_eq!(text(&read(&reply), "scope"), "datto-rmm.write");
}

#[tokio::test]
async fn d17_the_601st_call_of_an_account_within_a_minute_waits() {
    let world = new_world().await;
    let (key, secret) = somebody(&world, "celerium").await;
    let one = logged_in(&world, &key, &secret).await;
    let (key, secret) = somebody(&world, "aaron").await;
    let other = logged_in(&world, &key, &secret).await;
    for token in [&one, &other] {
        for _ in 0..300 {
            assert_eq!(ask(&world, "GET", "/api/v2/system/pagination", token, "").await.status(), 200);
        }
        world.clock.pass(SignedDuration::from_millis(10_500));
    }
    for token in [&one, &other] {
        let refused = ask(&world, "GET", "/api/v2/system/request_rate", token, "").await;
        assert_eq!(refused.status(), 429);
        assert_eq!(refused.headers()["retry-after"], "39");
        assert_eq!(read(&refused)["error"], "too_many_requests");
    }
    // Neither of these is a call of the account.
    assert_eq!(ask(&world, "GET", "/api/v2/system/status", &one, "").await.status(), 200);
    assert_eq!(login(&world, &key, &secret).await.status(), 200);
    world.clock.pass(SignedDuration::from_secs(39));
    let rate = read(&ask(&world, "GET", "/api/v2/system/request_rate", &one, "").await);
    assert_eq!(rate["accountCount"], 301);
}

#[tokio::test]
async fn d18_every_field_of_the_answer_comes_back_as_a_header() {
    let world = new_world().await;
    let (key, secret) = somebody(&world, "celerium").await;
    let answer = read(&login(&world, &key, &secret).await);
    let mut request = Request::builder().uri(ACCOUNT);
    for (name, value) in answer.as_object().unwrap() {
        request = request.header(name, value.as_str().map_or_else(|| value.to_string(), str::to_owned));
    }
    let bearer = format!("{} {}", text(&answer, "token_type"), text(&answer, "access_token"));
    let request = request.header("refresh_token", "x".repeat(2_048)).header("authorization", bearer);
    assert_eq!(world.ask(request.body(String::new()).unwrap(), SOMEWHERE).await.status(), 200);
}

#[tokio::test]
async fn d19_keys_and_secrets_stand_in_a_form_as_they_are() {
    let world = new_world().await;
    somebody(&world, "celerium").await;
    for _ in 0..50 {
        let made = native(&world, "POST", "/v1/principals/2/keys", json!({"dialect": "datto-rmm"})).await;
        for (part, length) in [("key", 26), ("secret", 32)] {
            let part = text(&made, part);
            assert_eq!(part.len(), length);
            assert!(part.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit()), "{part}");
        }
    }
}

#[tokio::test]
async fn d21_no_refusal_of_a_call_reads_like_a_blocked_address() {
    let world = new_world().await;
    let scopes = json!({"name": "other", "scopes": ["deploy:rate-blocked"]});
    native(&world, "POST", "/v1/roles", scopes).await;
    let (key, secret) = somebody(&world, "celerium").await;
    let token = logged_in(&world, &key, &secret).await;
    native(&world, "PATCH", "/v1/principals/2", json!({"roles": ["other"]})).await;
    for (method, target) in [("GET", ACCOUNT), ("POST", RESET)] {
        let reply = ask(&world, method, target, &token, "").await;
        assert_eq!(reply.status(), 403, "{target}");
        let body = String::from_utf8(reply.body().to_vec()).unwrap().to_lowercase();
        assert!(!body.contains("rate") && !body.contains("blocked"), "{body}");
    }
    assert_eq!(ask(&world, "GET", "/api/v2/system/pagination", &token, "").await.status(), 200);
    // Write is there again, but the key is worth more than its session was cut to.
    native(&world, "PATCH", "/v1/principals/2", json!({"roles": ["other", "technician"]})).await;
    let reply = ask(&world, "POST", RESET, &token, "").await;
    let body = String::from_utf8(reply.body().to_vec()).unwrap().to_lowercase();
    assert!(reply.status() == 403 && !body.contains("rate") && !body.contains("blocked"), "{body}");
}

#[tokio::test]
async fn d22_the_journal_holds_neither_secret_nor_token() {
    let world = new_world().await;
    let (key, secret) = somebody(&world, "celerium").await;
    let token = logged_in(&world, &key, &secret).await;
    let made = read(&ask(&world, "POST", RESET, &token, "").await);
    let journal = native(&world, "GET", "/v1/journal", Value::Null).await.to_string();
    assert!(journal.contains(&key), "the key is its id");
    let jwt = token.split_once(' ').unwrap().1;
    for secret in [secret.as_str(), jwt, &text(&made, "apiSecretKey"), "cHVibGljLWNsaWVudDpwdWJsaWM"] {
        assert!(!journal.contains(secret), "{journal}");
    }
}

#[tokio::test]
async fn no_bent_token_counts_nor_is_called_expired() {
    let world = new_world().await;
    let (key, secret) = somebody(&world, "celerium").await;
    let token = logged_in(&world, &key, &secret).await;
    let jwt = token.split_once(' ').unwrap().1;
    let [header, claims, signature] = jwt.split('.').collect::<Vec<_>>().try_into().unwrap();
    let part = |part: &str| BASE64URL_NOPAD.encode(part.as_bytes());
    let bygone = part(r#"{"user_name":"admin","exp":1}"#);
    for bent in [
        format!("{}.{claims}.", part(r#"{"alg":"none"}"#)),
        format!("{}.{bygone}.", part(r#"{"alg":"none"}"#)),
        format!("{}.{claims}.{signature}", part(r#"{"alg":"HS256"}"#)),
        format!("{}.{bygone}.{signature}", part(r#"{"alg":"RS256","jku":"https://example.org/jwks"}"#)),
        format!("{}.{bygone}.{signature}", part(r#"{"alg":"RS256","kid":"../../dev/null"}"#)),
        format!("{header}.{bygone}.{signature}"),
        format!("{header}.{claims}."),
        format!("{header}.{claims}.{signature}="),
        format!("{header}.{claims}"),
    ] {
        let reply = ask(&world, "GET", ACCOUNT, &format!("Bearer {bent}"), "").await;
        assert_eq!(reply.status(), 401, "{bent}");
        assert_eq!(read(&reply)["error_description"], "Invalid access token", "{bent}");
    }
    assert_eq!(ask(&world, "GET", ACCOUNT, &token, "").await.status(), 200);
}

#[tokio::test]
async fn a_hundred_tokens_live_beside_each_other_and_the_oldest_ends() {
    let world = new_world().await;
    let (key, secret) = somebody(&world, "celerium").await;
    let first = logged_in(&world, &key, &secret).await;
    for _ in 0..99 {
        world.clock.pass(SignedDuration::from_millis(1));
        logged_in(&world, &key, &secret).await;
    }
    assert_eq!(ask(&world, "GET", ACCOUNT, &first, "").await.status(), 200);
    logged_in(&world, &key, &secret).await;
    assert_eq!(ask(&world, "GET", ACCOUNT, &first, "").await.status(), 401);
}
