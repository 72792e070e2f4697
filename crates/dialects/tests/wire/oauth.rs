//! OAuth's cases that do not suit text: what verifies its tokens, chains, and who else's tokens open what.

use crate::support::{SOMEWHERE, World};
use counterfoil_core::signing::{Algorithm, Members, verifies};
use data_encoding::BASE64URL_NOPAD;
use http::Request;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub(crate) const US: &str = "https://tokens.example";
pub(crate) const SECRET: &str = "correct-horse-battery-staple-1";
pub(crate) const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

pub(crate) async fn new_world() -> World {
    World::create(BTreeMap::from([("public_url".to_owned(), US.to_owned())])).await
}

pub(crate) async fn natively(
    world: &World,
    method: &str,
    target: &str,
    token: &str,
    body: Value,
) -> (u16, Value) {
    let request = Request::builder().method(method).uri(target);
    let request = request.header(AUTHORIZATION, format!("Bearer {token}"));
    let reply = world.ask(request.body(body.to_string()).unwrap(), SOMEWHERE).await;
    (reply.status().as_u16(), serde_json::from_slice(reply.body()).unwrap_or_default())
}

/// Posts a form.
pub(crate) async fn post(world: &World, target: &str, form: &[(&str, &str)]) -> (u16, Value) {
    let escape = |text| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let form: Vec<_> = form.iter().map(|(name, value)| format!("{name}={}", escape(value))).collect();
    let request = Request::post(target).header(CONTENT_TYPE, "application/x-www-form-urlencoded");
    let reply = world.ask(request.body(form.join("&")).unwrap(), SOMEWHERE).await;
    (reply.status().as_u16(), serde_json::from_slice(reply.body()).unwrap_or_default())
}

/// A service with the role `administrator`, and a secret under its own name; its id.
pub(crate) async fn service(world: &World, name: &str) -> String {
    let body = json!({ "username": name, "kind": "service", "roles": ["administrator"] });
    let (status, made) = natively(world, "POST", "/v1/principals", &world.admin, body).await;
    assert_eq!(status, 201, "{made}");
    let id = made["id"].as_str().unwrap().to_owned();
    let body = json!({ "dialect": "oauth", "id": name, "text": SECRET });
    let (status, made) =
        natively(world, "POST", &format!("/v1/principals/{id}/keys"), &world.admin, body).await;
    assert_eq!(status, 201, "{made}");
    id
}

/// A token by secret.
pub(crate) async fn token(world: &World, client: &str, more: &[(&str, &str)]) -> (u16, Value) {
    let form = [("grant_type", "client_credentials"), ("client_id", client), ("client_secret", SECRET)];
    post(world, "/oauth/token", &[&form, more].concat()).await
}

async fn exchange(world: &World, client: &str, subject: &str, more: &[(&str, &str)]) -> (u16, Value) {
    let form = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
        ("client_id", client),
        ("client_secret", SECRET),
        ("subject_token", subject),
        ("subject_token_type", ACCESS_TOKEN),
    ];
    post(world, "/oauth/token", &[&form, more].concat()).await
}

pub(crate) fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    value[member].as_str().unwrap_or_else(|| panic!("no {member} in {value}"))
}

fn claims_of(jwt: &str) -> Value {
    let part = jwt.split('.').nth(1).unwrap();
    serde_json::from_slice(&BASE64URL_NOPAD.decode(part.as_bytes()).unwrap()).unwrap()
}

#[tokio::test]
pub(crate) async fn tokens_verify_with_the_published_keys_by_every_algorithm() {
    for (word, algorithm) in
        [("EdDSA", Algorithm::EdDsa), ("RS256", Algorithm::Rs256), ("ES256", Algorithm::Es256)]
    {
        let settings = [("public_url", US), ("algorithm", "ES256"), ("algorithm.there", word)];
        let settings = settings.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
        let world = World::create(settings.collect()).await;
        service(&world, "reports").await;
        for (audience, wanted) in [("there", algorithm), (US, Algorithm::Es256)] {
            let (status, came) = token(&world, "reports", &[("audience", audience)]).await;
            assert_eq!(status, 200, "{came}");
            let jwt = text(&came, "access_token");
            let (signed, signature) = jwt.rsplit_once('.').unwrap();
            let header = signed.split('.').next().unwrap();
            let header: Value =
                serde_json::from_slice(&BASE64URL_NOPAD.decode(header.as_bytes()).unwrap()).unwrap();
            let request = Request::get("/.well-known/jwks.json").body(String::new()).unwrap();
            let set: Value = serde_json::from_slice(world.ask(request, SOMEWHERE).await.body()).unwrap();
            let keys: Vec<&Members> =
                set["keys"].as_array().unwrap().iter().map(|key| key.as_object().unwrap()).collect();
            assert_eq!(keys.len(), 5, "other dialects' keys too");
            for private in ["d", "p", "q", "dp", "dq", "qi", "k"] {
                assert!(keys.iter().all(|key| !key.contains_key(private)), "{private}");
            }
            let key = keys.into_iter().find(|key| key["kid"] == header["kid"]).unwrap();
            let signature = BASE64URL_NOPAD.decode(signature.as_bytes()).unwrap();
            assert_eq!(key["alg"], wanted.as_str());
            assert!(verifies(wanted, key, signed.as_bytes(), &signature));
            assert_eq!((&header["typ"], &header["alg"]), (&json!("at+jwt"), &json!(wanted.as_str())));
            assert_eq!(claims_of(jwt)["aud"], audience);
        }
    }
}

#[tokio::test]
async fn a_chain_has_eight_links_and_each_is_shorter_and_less() {
    let world = new_world().await;
    let mut ids = Vec::new();
    for at in 0..=9 {
        ids.push(service(&world, &format!("s{at}")).await);
    }
    let (_, first) = token(&world, "s0", &[("audience", "s1"), ("scope", "a b c")]).await;
    let mut subject = text(&first, "access_token").to_owned();
    let mut end = claims_of(&subject)["exp"].as_i64().unwrap();
    for at in 1..=8 {
        world.clock.pass(jiff::SignedDuration::from_secs(10));
        let next = format!("s{}", at + 1);
        let (status, came) = exchange(&world, &format!("s{at}"), &subject, &[("audience", &next)]).await;
        assert_eq!(status, 200, "{came}");
        subject = text(&came, "access_token").to_owned();
        let claims = claims_of(&subject);
        assert!(claims["exp"].as_i64().unwrap() <= end && claims["scope"] == "a b c");
        end = claims["exp"].as_i64().unwrap();
        assert_eq!((&claims["sub"], &claims["act"]["sub"]), (&json!(ids[0]), &json!(ids[at])));
        let mut link = &claims["act"];
        for earlier in (1..=at).rev() {
            assert_eq!(link["sub"], json!(ids[earlier]));
            link = &link["act"];
        }
        assert!(link.is_null());
    }
    let (status, came) = exchange(&world, "s9", &subject, &[]).await;
    assert_eq!((status, text(&came, "error")), (400, "invalid_request"));
}

#[tokio::test]
async fn whoever_acts_may_be_named_by_a_token_of_its_own() {
    let world = new_world().await;
    let (_, billing) = (service(&world, "reports").await, service(&world, "billing").await);
    let ledger = service(&world, "ledger").await;
    let (_, subject) = token(&world, "reports", &[("audience", "billing")]).await;
    let (_, acting) = token(&world, "ledger", &[("audience", "billing")]).await;
    let (_, strange) = token(&world, "ledger", &[]).await;
    let subject = text(&subject, "access_token");
    for (actor, wanted) in [(&acting, Some(&ledger)), (&strange, None)] {
        let actor = text(actor, "access_token");
        let more = [("actor_token", actor), ("actor_token_type", ACCESS_TOKEN), ("audience", "ledger")];
        let (status, came) = exchange(&world, "billing", subject, &more).await;
        match wanted {
            Some(id) => assert_eq!(claims_of(text(&came, "access_token"))["act"], json!({ "sub": id })),
            None => assert_eq!((status, text(&came, "error")), (400, "invalid_request")),
        }
    }
    let (_, came) = exchange(&world, "billing", subject, &[("audience", "ledger")]).await;
    assert_eq!(claims_of(text(&came, "access_token"))["act"], json!({ "sub": billing }));
    // A token for somebody else opens nothing here, nor does what is had for it.
    let (status, came) = exchange(&world, "billing", subject, &[("audience", US)]).await;
    assert_eq!((status, text(&came, "error")), (400, "invalid_request"), "{came}");
    let (_, came) = exchange(&world, "billing", subject, &[]).await;
    assert_eq!(claims_of(text(&came, "access_token"))["aud"], "billing");
}

#[tokio::test]
async fn an_assertion_counts_only_where_we_say_who_we_are() {
    let world = World::create(BTreeMap::new()).await;
    for (host, refusal) in [
        ("evil.example", "invalid_request"),
        ("10.0.0.1", "invalid_request"),
        ("127.0.0.1:8080", "invalid_client"),
        ("[::1]", "invalid_client"),
    ] {
        let form = "grant_type=client_credentials&client_assertion=a.b.c\
            &client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer";
        let request = Request::post("/oauth/token").header("host", host);
        let request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(form).unwrap();
        let reply = world.ask(request, "192.0.2.9".parse().unwrap()).await;
        let came: Value = serde_json::from_slice(reply.body()).unwrap();
        assert_eq!(text(&came, "error"), refusal, "{host}: {came}");
    }
}

#[tokio::test]
async fn ten_wrong_secrets_lock_the_client_there_and_nowhere_else() {
    let world = new_world().await;
    service(&world, "reports").await;
    let ask = |secret: &'static str, from: &'static str| {
        let form = format!("grant_type=client_credentials&client_id=reports&client_secret={secret}");
        let request = Request::post("/oauth/token").header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        world.ask(request.body(form).unwrap(), from.parse().unwrap())
    };
    let first = ask("wrong-horse-battery-staple-1", "192.0.2.9").await;
    for _ in 0..9 {
        let reply = ask("wrong-horse-battery-staple-1", "192.0.2.9").await;
        assert_eq!((reply.status(), reply.body()), (first.status(), first.body()));
    }
    let locked = ask(SECRET, "192.0.2.9").await;
    assert_eq!((locked.status().as_u16(), locked.body()), (401, first.body()));
    assert_eq!(ask(SECRET, "198.51.100.7").await.status(), 200);
}

#[tokio::test]
async fn a_token_for_less_sets_no_password_and_no_keys() {
    let world = new_world().await;
    let id = service(&world, "reports").await;
    let (_, less) = token(&world, "reports", &[("scope", "metrics.read")]).await;
    let (_, all) = token(&world, "reports", &[]).await;
    for (token, wanted) in [(&less, [403, 403, 403]), (&all, [200, 201, 204])] {
        let token = text(token, "access_token");
        let to = |what: &str| format!("/v1/principals/{id}/{what}");
        let (keys, _) = natively(&world, "PUT", &to("jwks"), token, json!({ "keys": [] })).await;
        let (key, _) = natively(&world, "POST", &to("keys"), token, json!({ "dialect": "oauth" })).await;
        let body = json!({ "password": "long enough" });
        let (password, _) = natively(&world, "PUT", &to("password"), token, body).await;
        assert_eq!([keys, key, password], wanted);
    }
}

#[tokio::test]
async fn nobody_takes_another_clients_name_by_importing_a_key() {
    let world = new_world().await;
    let id = service(&world, "reports").await;
    service(&world, "billing").await;
    let body = json!({ "username": "ledger", "kind": "service" });
    natively(&world, "POST", "/v1/principals", &world.admin, body).await;
    for name in ["ledger", "LEDGER", "billing"] {
        let body = json!({ "dialect": "oauth", "id": name, "text": "another-long-enough-secret" });
        let (status, came) =
            natively(&world, "POST", &format!("/v1/principals/{id}/keys"), &world.admin, body).await;
        assert_eq!(status, 409, "{name}: {came}");
    }
}
