//! The numbered cases of the Control Room contract (section 13) that a transcript does not show well: what stands inside
//! a JWT, forgeries, second factors, and answers that must not differ. The others are in `transcripts/control-room`.

use crate::support::{SOMEWHERE, World};
use counterfoil_core::signing::{Algorithm, Signer, verifies};
use counterfoil_core::totp;
use counterfoil_dialects::dialect::Reply;
use data_encoding::{BASE32_NOPAD, BASE64URL_NOPAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::Request;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use sha2::Sha512;
use std::collections::{BTreeMap, BTreeSet};

const KEY: &str = r"Vie;Z:IvtAhY0\1RAD[SWl{NU7baRLYEeIYUJSKO";
const PASSWORD: &str = "mypassword@123";
const LOGIN: &str = "/v1/authentication";

/// The 29 members of a user at a login, in the order of the vendor's example.
const MEMBERS: [&str; 29] = [
    "id",
    "email",
    "username",
    "domain",
    "firstName",
    "lastName",
    "version",
    "principalId",
    "deleted",
    "roles",
    "sysAssignedRoles",
    "groupNames",
    "permissions",
    "licenseFeatures",
    "emailVerified",
    "passwordSet",
    "questionsSet",
    "enableAutoLogin",
    "disabled",
    "clientRegistered",
    "description",
    "createdBy",
    "createdOn",
    "updatedBy",
    "updatedOn",
    "publicKey",
    "appType",
    "routingName",
    "appUrl",
];

/// The fixtures of the contract: `jdoe` with password and key, who may have several sessions, and `solo`, who may not.
async fn new_world() -> World {
    let world = World::create(BTreeMap::new()).await;
    let role = json!({"name": "API_Key_Generation", "scopes": ["control-room.api-key"], "number": 23});
    natively(&world, "POST", "/v1/roles", role).await;
    let jdoe =
        json!({"username": "jdoe", "number": 9, "roles": ["API_Key_Generation"], "several_sessions": true});
    natively(&world, "POST", "/v1/principals", jdoe).await;
    natively(&world, "POST", "/v1/principals", json!({"username": "solo", "number": 10})).await;
    for number in [9, 10] {
        let target = format!("/v1/principals/{number}/password");
        natively(&world, "PUT", &target, json!({"password": PASSWORD})).await;
    }
    natively(&world, "POST", "/v1/principals/9/keys", json!({"dialect": "control-room", "text": KEY})).await;
    world
}

async fn natively(world: &World, method: &str, target: &str, body: Value) -> Value {
    let request = Request::builder().method(method).uri(target);
    let request = request.header("authorization", format!("Bearer {}", world.admin));
    let reply = world.ask(request.body(body.to_string()).unwrap(), SOMEWHERE).await;
    assert!(reply.status().is_success(), "{method} {target}: {:?}", reply.body());
    if reply.body().is_empty() { Value::Null } else { serde_json::from_slice(reply.body()).unwrap() }
}

async fn post(world: &World, target: &str, token: Option<&str>, body: &Value) -> Reply {
    let request = Request::post(target);
    let request = token.into_iter().fold(request, |request, token| request.header("X-Authorization", token));
    world.ask(request.body(body.to_string()).unwrap(), SOMEWHERE).await
}

async fn log_in(world: &World, body: Value) -> Value {
    let reply = post(world, LOGIN, None, &body).await;
    assert_eq!(reply.status(), 200, "{:?}", reply.body());
    serde_json::from_slice(reply.body()).unwrap()
}

async fn token(world: &World, body: Value) -> String {
    log_in(world, body).await["token"].as_str().unwrap().to_owned()
}

fn by_key() -> Value {
    json!({"username": "jdoe", "apiKey": KEY})
}

fn by_password() -> Value {
    json!({"username": "jdoe", "password": PASSWORD})
}

/// The status of a call that needs a token.
async fn status(world: &World, token: &str) -> u16 {
    post(world, "/v1/usermanagement/users/list", Some(token), &json!({})).await.status().as_u16()
}

async fn is_valid(world: &World, token: &str) -> bool {
    let request =
        Request::get(format!("/v1/authentication/token?token={token}")).body(String::new()).unwrap();
    let reply = world.ask(request, SOMEWHERE).await;
    assert_eq!(reply.status(), 200);
    let body: Value = serde_json::from_slice(reply.body()).unwrap();
    body["valid"].as_bool().unwrap()
}

fn claims(jwt: &str) -> Value {
    let claims = jwt.split('.').nth(1).unwrap();
    serde_json::from_slice(&BASE64URL_NOPAD.decode(claims.as_bytes()).unwrap()).unwrap()
}

fn members(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

fn signer() -> Signer {
    Signer::from_pkcs8(Algorithm::Rs512, include_bytes!("keys/control-room.rsa.pk8")).unwrap()
}

#[tokio::test]
async fn case_01_the_jwt_and_the_user_are_the_vendors() {
    let world = new_world().await;
    let ordinary = log_in(&world, by_password()).await;
    let jwt = ordinary["token"].as_str().unwrap();
    assert_eq!(members(&ordinary), ["token", "user"]);
    assert_eq!(jwt.split('.').next().unwrap(), "eyJhbGciOiJSUzUxMiJ9");
    assert_eq!(BASE64URL_NOPAD.encode(br#"{"alg":"RS512"}"#), "eyJhbGciOiJSUzUxMiJ9");
    let said = claims(jwt);
    let names = [
        "sub",
        "clientType",
        "licenses",
        "analyticsLicensesPurchased",
        "iat",
        "exp",
        "iss",
        "nanoTime",
        "csrfToken",
    ];
    assert_eq!(members(&said), names);
    assert_eq!(said["exp"].as_i64().unwrap() - said["iat"].as_i64().unwrap(), 1_200);
    assert_eq!((&said["sub"], &said["clientType"]), (&json!("9"), &json!("WEB")));
    assert_eq!((&said["iss"], &said["licenses"]), (&json!("AutomationAnywhere"), &json!([])));
    assert!(said["nanoTime"].as_i64().unwrap() > 0);
    let csrf = said["csrfToken"].as_str().unwrap();
    assert!(csrf.len() == 32 && csrf.bytes().all(|byte| b"0123456789abcdef".contains(&byte)), "{csrf}");
    assert_eq!(members(&ordinary["user"]), MEMBERS);
    assert_eq!((&ordinary["user"]["id"], &ordinary["user"]["principalId"]), (&json!(9), &json!(9)));
    // A token of another login differs, even at the same instant.
    let other = claims(&token(&world, by_password()).await);
    assert_ne!((&other["csrfToken"], &other["nanoTime"]), (&said["csrfToken"], &said["nanoTime"]));

    let reply = post(&world, "/v2/authentication", None, &by_key()).await;
    let second: Value = serde_json::from_slice(reply.body()).unwrap();
    assert_eq!((members(&second["user"]), &second["ttlSeconds"]), (MEMBERS.to_vec(), &json!("0")));
    for pointer in
        ["/id", "/version", "/principalId", "/createdBy", "/updatedBy", "/roles/0/id", "/permissions/0/id"]
    {
        let number = second["user"].pointer(pointer).unwrap();
        assert!(number.as_str().is_some_and(|text| text.parse::<u64>().is_ok()), "{pointer}: {number}");
    }
}

#[tokio::test]
async fn case_03_only_our_own_signature_counts() {
    let world = new_world().await;
    let jwt = token(&world, by_key()).await;
    let (signed, signature) = jwt.rsplit_once('.').unwrap();
    let raw = BASE64URL_NOPAD.decode(signature.as_bytes()).unwrap();
    assert_eq!((raw.len(), signature.len()), (256, 342));
    let public = signer().public();
    assert!(verifies(Algorithm::Rs512, &public, signed.as_bytes(), &raw));
    let (_, body) = signed.split_once('.').unwrap();

    let mut forged = vec![
        format!("{}.{body}.", BASE64URL_NOPAD.encode(br#"{"alg":"none"}"#)),
        format!("{}.{body}.{signature}", BASE64URL_NOPAD.encode(br#"{"alg":"none"}"#)),
        format!(
            "{}.{body}.{signature}",
            BASE64URL_NOPAD.encode(br#"{"alg":"RS512","kid":"../../dev/null"}"#)
        ),
        format!("{signed}."),
        signed.to_owned(),
        format!("{jwt}="),
    ];
    // The public key as the secret of a MAC.
    let modulus = BASE64URL_NOPAD.decode(public["n"].as_str().unwrap().as_bytes()).unwrap();
    for secret in [modulus, serde_json::to_vec(&public).unwrap()] {
        let signed = format!("{}.{body}", BASE64URL_NOPAD.encode(br#"{"alg":"HS512"}"#));
        let mut mac = Hmac::<Sha512>::new_from_slice(&secret).unwrap();
        mac.update(signed.as_bytes());
        forged.push(format!("{signed}.{}", BASE64URL_NOPAD.encode(&mac.finalize().into_bytes())));
    }
    for at in [3, signed.len() - 5, jwt.len() - 5] {
        let mut bent = jwt.clone().into_bytes();
        bent[at] = if bent[at] == b'A' { b'B' } else { b'A' };
        forged.push(String::from_utf8(bent).unwrap());
    }
    // Signed by the right key, and yet no session of ours.
    let mut said = claims(&jwt).as_object().unwrap().clone();
    said.insert("sub".into(), "1".into());
    let header = serde_json::Map::from_iter([("alg".to_owned(), json!("RS512"))]);
    forged.push(signer().jwt(&header, &said).unwrap().reveal().to_owned());
    for jwt in forged {
        assert_eq!((status(&world, &jwt).await, is_valid(&world, &jwt).await), (401, false), "{jwt}");
    }
    assert_eq!((status(&world, &jwt).await, is_valid(&world, &jwt).await), (200, true));
}

#[tokio::test]
async fn case_10_whatever_is_wrong_the_answer_is_the_same() {
    let world = new_world().await;
    let user = |name: &str, number: u64| json!({"username": name, "number": number, "roles": ["API_Key_Generation"]});
    for (name, number) in
        [("disabled", 11), ("deleted", 12), ("demoted", 13), ("locked", 14), ("guarded", 15)]
    {
        natively(&world, "POST", "/v1/principals", user(name, number)).await;
        let target = format!("/v1/principals/{number}");
        natively(&world, "PUT", &format!("{target}/password"), json!({"password": PASSWORD})).await;
        natively(&world, "POST", &format!("{target}/keys"), json!({"dialect": "control-room", "text": KEY}))
            .await;
    }
    natively(&world, "PATCH", "/v1/principals/11", json!({"disabled": true})).await;
    natively(&world, "DELETE", "/v1/principals/12", Value::Null).await;
    natively(&world, "PATCH", "/v1/principals/13", json!({"roles": []})).await;
    natively(&world, "POST", "/v1/principals/15/totp", Value::Null).await;
    for _ in 0..3 {
        post(&world, LOGIN, None, &json!({"username": "locked", "password": "wrong"})).await;
    }
    let mut answers = BTreeSet::new();
    for (name, secret, value) in [
        ("jdoe", "password", "wrong"),
        ("jdoe", "apiKey", "wrong"),
        ("jdoe", "password", KEY),
        ("jdoe", "apiKey", PASSWORD),
        ("solo", "apiKey", KEY),
        ("nobody", "password", PASSWORD),
        ("nobody", "apiKey", KEY),
        ("disabled", "password", PASSWORD),
        ("disabled", "apiKey", KEY),
        ("deleted", "password", PASSWORD),
        ("deleted", "apiKey", KEY),
        ("demoted", "apiKey", KEY),
        ("locked", "password", PASSWORD),
        ("guarded", "password", PASSWORD),
        ("guarded", "apiKey", KEY),
    ] {
        for path in [LOGIN, "/v2/authentication"] {
            let reply = post(&world, path, None, &json!({"username": name, secret: value})).await;
            assert_eq!(reply.status(), 401, "{name} {secret}");
            answers.insert(format!("{:?} {:?}", reply.headers(), reply.body()));
        }
    }
    world.clock.pass(SignedDuration::from_hours(45 * 24));
    let reply = post(&world, LOGIN, None, &by_key()).await;
    answers.insert(format!("{:?} {:?}", reply.headers(), reply.body()));
    assert_eq!(answers.len(), 1, "{answers:?}");
}

#[tokio::test]
async fn case_18_and_20_the_claim_says_which_sessions_stand_beside_others() {
    let world = new_world().await;
    let several = json!({"username": "jdoe", "password": PASSWORD, "multipleLogin": true});
    let solo = json!({"username": "solo", "password": PASSWORD, "multipleLogin": true});
    for (body, claim) in
        [(by_key(), json!(true)), (several, json!(true)), (by_password(), Value::Null), (solo, Value::Null)]
    {
        assert_eq!(claims(&token(&world, body).await)["multipleLogin"], claim);
    }
    // Taken away, it is not carried on by refreshing.
    let jwt = token(&world, by_key()).await;
    natively(&world, "PATCH", "/v1/principals/9", json!({"several_sessions": false})).await;
    let reply = post(&world, "/v2/authentication/token", Some(&jwt), &json!({})).await;
    let fresh: Value = serde_json::from_slice(reply.body()).unwrap();
    assert_eq!(claims(fresh["token"].as_str().unwrap())["multipleLogin"], Value::Null);
}

#[tokio::test]
async fn case_23_new_keys_need_no_escaping_anywhere() {
    let world = new_world().await;
    for _ in 0..50 {
        let made =
            natively(&world, "POST", "/v1/principals/9/keys", json!({"dialect": "control-room"})).await;
        let key = made["key"].as_str().unwrap();
        assert_eq!((key.len(), key.chars().filter(char::is_ascii_graphic).count()), (40, 40), "{key}");
        assert!(!key.contains(['\\', '"', '\'', '$', '`', ' ']), "{key}");
        assert_eq!(made["expires"], "2026-05-02T10:20:30.456Z");
        log_in(&world, json!({"username": "jdoe", "apiKey": key})).await;
    }
}

#[tokio::test]
async fn case_27_a_second_factor() {
    let world = new_world().await;
    let enrolled = natively(&world, "POST", "/v1/principals/9/totp", Value::Null).await;
    let seed = BASE32_NOPAD.decode(enrolled["seed"].as_str().unwrap().as_bytes()).unwrap();
    let step = |at: Timestamp| u64::try_from(at.as_second() / 30).unwrap();
    let start: Timestamp = "2026-03-18T11:00:00Z".parse().unwrap();
    // A moment whose code begins with a zero, which as a number is lost; and a later one.
    let short = (0..).map(|n| start + SignedDuration::from_secs(30 * n));
    let short = short.into_iter().find(|at| (1..100_000).contains(&totp::code(&seed, step(*at)))).unwrap();
    let later = short + SignedDuration::from_mins(5);

    for (at, secret) in [(short, ("password", PASSWORD)), (later, ("apiKey", KEY))] {
        world.clock.set(at);
        let code = totp::code(&seed, step(at));
        let with = |code: Value| json!({"username": "jdoe", secret.0: secret.1, "mfaCode": code});
        for absent in [json!(0), Value::Null, json!("")] {
            assert_eq!(post(&world, LOGIN, None, &with(absent)).await.status(), 401);
            // Three failures in a row would lock.
            natively(&world, "PATCH", "/v1/principals/9", json!({"disabled": false})).await;
        }
        assert_eq!(post(&world, LOGIN, None, &with(json!(code ^ 1))).await.status(), 401, "wrong");
        assert_eq!(post(&world, LOGIN, None, &with(json!(code))).await.status(), 200, "right");
        assert_eq!(post(&world, LOGIN, None, &with(json!(code))).await.status(), 401, "used");
        natively(&world, "PATCH", "/v1/principals/9", json!({"disabled": false})).await;
    }
}

#[tokio::test]
async fn licences_are_shown_as_they_were_said() {
    let world = new_world().await;
    natively(&world, "PATCH", "/v1/principals/9", json!({ "licences": ["RUNTIME", "DEVELOPMENT"] })).await;
    let reply = post(&world, LOGIN, None, &by_key()).await;
    let came: Value = serde_json::from_slice(reply.body()).unwrap();
    assert_eq!(came["user"]["licenseFeatures"], json!(["RUNTIME", "DEVELOPMENT"]));
    assert_eq!(claims(came["token"].as_str().unwrap())["licenses"], json!(["RUNTIME", "DEVELOPMENT"]));
}

#[tokio::test]
async fn sessions_end_with_what_they_stand_on() {
    let world = new_world().await;
    for (method, target, body) in [
        ("PUT", "/v1/principals/9/password", json!({"password": PASSWORD})),
        ("DELETE", "/v1/principals/9/keys?dialect=control-room", Value::Null),
        ("POST", "/v1/sessions/end", json!({"principal": "jdoe"})),
        ("PATCH", "/v1/principals/9", json!({"disabled": true})),
    ] {
        natively(&world, "PATCH", "/v1/principals/9", json!({"disabled": false})).await;
        natively(
            &world,
            "POST",
            "/v1/principals/9/keys",
            json!({"dialect": "control-room", "text": fresh_key(method)}),
        )
        .await;
        let jwt = token(&world, json!({"username": "jdoe", "apiKey": fresh_key(method)})).await;
        assert_eq!(status(&world, &jwt).await, 200);
        natively(&world, method, target, body).await;
        assert_eq!(
            (status(&world, &jwt).await, is_valid(&world, &jwt).await),
            (401, false),
            "{method} {target}"
        );
    }
}

fn fresh_key(name: &str) -> String {
    format!("{name}{}", "x".repeat(40 - name.len()))
}

#[tokio::test]
async fn a_token_opens_no_other_dialect_and_none_of_another_opens_this() {
    let world = new_world().await;
    let jwt = token(&world, by_key()).await;
    for target in ["/v1/tokens", "/v1/principals/9", "/api/v2/apiTokens"] {
        let request = Request::get(target).header("authorization", format!("Bearer {jwt}"));
        let reply = world.ask(request.body(String::new()).unwrap(), SOMEWHERE).await;
        assert_eq!(reply.status(), 401, "{target}");
    }
    // Native tokens open every dialect; but they are no sessions.
    assert_eq!((status(&world, &world.admin).await, is_valid(&world, &world.admin).await), (200, false));
    let reply = post(&world, "/v1/authentication/logout", Some(&world.admin), &json!({})).await;
    assert_eq!((reply.status().as_u16(), status(&world, &world.admin).await), (204, 200));
}

#[tokio::test]
async fn no_answer_but_a_login_or_refresh_holds_a_secret() {
    let world = new_world().await;
    let jwt = token(&world, by_key()).await;
    for (path, body) in [
        (LOGIN, json!({"username": KEY, "password": jwt})),
        (LOGIN, json!({"username": [KEY], "password": jwt})),
        (LOGIN, json!({"username": "jdoe", "apiKey": [KEY]})),
        (LOGIN, json!({KEY: jwt, "username": "jdoe"})),
        (LOGIN, json!({"username": "jdoe", "password": PASSWORD, "mfaCode": jwt})),
        ("/v1/authentication/token", json!({"token": [jwt]})),
        ("/v1/authentication/token", json!({"token": format!("{jwt}x")})),
        ("/v2/usermanagement/users/list", json!({"filter": {"operator": jwt, "field": KEY, "value": jwt}})),
        ("/v2/usermanagement/users/list", json!({"filter": {"operator": "eq", "field": jwt, "value": KEY}})),
        ("/v2/usermanagement/users/list", json!({"sort": [{"field": KEY, "direction": jwt}]})),
    ] {
        let reply = post(&world, path, Some(&jwt), &body).await;
        let came = std::str::from_utf8(reply.body()).unwrap();
        assert!(reply.status().is_client_error(), "{path} {body}: {came}");
        assert!(!came.contains(KEY) && !came.contains(&jwt) && !came.contains(PASSWORD), "{path}: {came}");
    }
}
