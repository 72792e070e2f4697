//! The numbered cases of the Dynatrace contract (section 13) that are too many or too large to be read as a
//! transcript. The others are in `transcripts/dynatrace/13-*.http`, under their numbers.

use crate::support::{SOMEWHERE, World};
use counterfoil_dialects::dynatrace::{FORMAT, words};
use http::Request;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Asks as whoever has the token; the body and what came as JSON.
async fn ask(world: &World, method: &str, target: &str, token: &str, body: Value) -> (u16, Value) {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let request = Request::builder().method(method).uri(target);
    let request = request.header("authorization", format!("Api-Token {token}")).body(body).unwrap();
    let reply = world.ask(request, SOMEWHERE).await;
    let came =
        if reply.body().is_empty() { Value::Null } else { serde_json::from_slice(reply.body()).unwrap() };
    (reply.status().as_u16(), came)
}

async fn get(world: &World, target: &str) -> Value {
    let (status, came) = ask(world, "GET", target, &world.admin, Value::Null).await;
    assert_eq!(status, 200, "{target}: {came}");
    came
}

async fn create(world: &World, body: Value) -> Value {
    let (status, came) = ask(world, "POST", "/api/v2/apiTokens", &world.admin, body).await;
    assert_eq!(status, 201, "{came}");
    came
}

async fn new_world() -> World {
    World::create(BTreeMap::new()).await
}

fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    value[member].as_str().unwrap_or_else(|| panic!("no {member} in {value}"))
}

/// The ids of a page.
fn ids(page: &Value) -> Vec<String> {
    page["apiTokens"].as_array().unwrap().iter().map(|token| text(token, "id").to_owned()).collect()
}

#[tokio::test]
async fn case_01_the_form_of_a_token() {
    let world = new_world().await;
    let made = create(&world, json!({"name": "n", "scopes": ["metrics.read"]})).await;
    let (id, token) = (text(&made, "id"), text(&made, "token"));
    assert_eq!((id.len(), token.len()), (31, 96));
    assert!(token.starts_with(&format!("{id}.")) && FORMAT.id_of(token) == Some(id));
    assert_eq!(made.as_object().unwrap().keys().collect::<Vec<_>>(), ["id", "token"]);
}

#[tokio::test]
async fn case_03_every_vector_of_the_time_grammar() {
    let world = new_world().await;
    for (expires, meant) in [
        ("now+14d", "2026-04-01T10:20:30.456Z"),
        ("now+6M", "2026-09-18T10:20:30.456Z"),
        ("now+1y", "2027-03-18T10:20:30.456Z"),
        ("now+90m", "2026-03-18T11:50:30.456Z"),
        ("1893456000000", "2030-01-01T00:00:00.000Z"),
        ("2030-01-25T05:57:01.123+01:00", "2030-01-25T04:57:01.123Z"),
        ("2030-01-25 05:57", "2030-01-25T05:57:00.000Z"),
        ("2030-01-25T05:57Z", "2030-01-25T05:57:00.000Z"),
        ("2030-01-25 05:57:01.1", "2030-01-25T05:57:01.100Z"),
        ("now+1d/d", "2026-03-19T00:00:00.000Z"),
        ("now+1w/w", "2026-03-23T00:00:00.000Z"),
        ("now+1M/M", "2026-04-01T00:00:00.000Z"),
        ("now+1y/y", "2027-01-01T00:00:00.000Z"),
        ("2030-01-25", "2030-01-25T00:00:00.000Z"),
    ] {
        let made =
            create(&world, json!({"name": "n", "scopes": ["metrics.read"], "expirationDate": expires})).await;
        assert_eq!(text(&made, "expirationDate"), meant, "{expires}");
        let shown = get(&world, &format!("/api/v2/apiTokens/{}", text(&made, "id"))).await;
        assert_eq!(text(&shown, "expirationDate"), meant, "{expires}");
    }
    for refused in
        "now-1y/w now+12h/d 1893456000 now now-14d now/d 2030-02-30T00:00 now+1D now+1H NOW+1d now+1s \
                    now+1.5d now+1d+1h now+ now/q +14d tomorrow now+999999999y"
            .split_whitespace()
            .chain(["", " "])
    {
        let body = json!({"name": "n", "scopes": ["metrics.read"], "expirationDate": refused});
        let (status, came) = ask(&world, "POST", "/api/v2/apiTokens", &world.admin, body).await;
        assert_eq!((status, &came["error"]["code"]), (400, &json!(400)), "{refused}");
        assert_eq!(came["error"]["message"], "Constraints violated.", "{refused}");
        let [violation] = came["error"]["constraintViolations"].as_array().unwrap().as_slice() else {
            panic!("{refused}: {came}");
        };
        let members: Vec<_> = violation.as_object().unwrap().keys().collect();
        assert_eq!(members, ["path", "message", "parameterLocation", "location"], "{refused}");
        assert_eq!(violation["path"], "expirationDate", "{refused}");
        assert_eq!(violation["parameterLocation"], "PAYLOAD_BODY", "{refused}");
        assert!(violation["location"].is_null(), "{refused}");
    }
}

#[tokio::test]
async fn case_03_months_end_where_the_month_does() {
    let world = new_world().await;
    for (now, expires, meant) in [
        ("2027-01-31T10:00:00Z", "now+1M", "2027-02-28T10:00:00.000Z"),
        ("2028-02-29T10:00:00Z", "now+1y", "2029-02-28T10:00:00.000Z"),
    ] {
        world.clock.set(now.parse().unwrap());
        let body = json!({"name": "n", "scopes": ["metrics.read"], "expirationDate": expires});
        assert_eq!(text(&create(&world, body).await, "expirationDate"), meant, "{expires} at {now}");
    }
}

#[tokio::test]
async fn case_05_every_scope_that_a_token_may_have_in_one_token() {
    let world = new_world().await;
    let all: BTreeSet<&str> = words::creatable().collect();
    let made = create(&world, json!({"name": "all", "scopes": all})).await;
    let shown = get(&world, &format!("/api/v2/apiTokens/{}", text(&made, "id"))).await;
    let held: BTreeSet<&str> =
        shown["scopes"].as_array().unwrap().iter().map(|scope| scope.as_str().unwrap()).collect();
    assert_eq!(held, all);
    assert!(held.contains("AppMonIntegration") && held.len() == 97);
}

#[tokio::test]
async fn case_07_450_tokens_over_pages() {
    let world = new_world().await;
    let mut made = BTreeSet::new();
    for number in 0..450 {
        let body = json!({"name": format!("t{number}"), "scopes": ["metrics.read"]});
        made.insert(text(&create(&world, body).await, "id").to_owned());
    }
    let mut found = Vec::new();
    let mut sizes = Vec::new();
    let mut page = get(&world, "/api/v2/apiTokens").await;
    loop {
        assert_eq!((&page["totalCount"], &page["pageSize"]), (&json!(450), &json!(200)));
        sizes.push(ids(&page).len());
        found.extend(ids(&page));
        let Some(next) = page.get("nextPageKey") else { break };
        let next = next.as_str().unwrap();
        assert!(next.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)), "{next}");
        page = get(&world, &format!("/api/v2/apiTokens?nextPageKey={next}")).await;
    }
    assert_eq!(sizes, [200, 200, 50]);
    assert_eq!(found.len(), 450);
    assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), made);

    // The key keeps fields, sort and size; a token that comes between two pages neither repeats nor hides another.
    let first = get(&world, "/api/v2/apiTokens?pageSize=100&fields=+scopes&sort=name").await;
    create(&world, json!({"name": "a newcomer before all others", "scopes": ["metrics.read"]})).await;
    let next = text(&first, "nextPageKey");
    let second = get(&world, &format!("/api/v2/apiTokens?nextPageKey={next}")).await;
    assert_eq!((&second["totalCount"], &second["pageSize"]), (&json!(451), &json!(100)));
    let rows = || [&first, &second].into_iter().flat_map(|page| page["apiTokens"].as_array().unwrap());
    let names: Vec<_> = rows().map(|token| text(token, "name").to_owned()).collect();
    let mut sorted: Vec<_> = (0..450).map(|number| format!("t{number}")).collect();
    sorted.sort();
    assert_eq!(names, sorted[..200]);
    assert!(rows().all(|token| token["scopes"] == json!(["metrics.read"])));
}

#[tokio::test]
async fn case_08_a_key_is_good_only_for_whom_it_was_given_to() {
    let world = World::create(BTreeMap::from([("smallest_page".to_owned(), "1".to_owned())])).await;
    for name in ["one", "two"] {
        create(&world, json!({"name": name, "scopes": ["metrics.read"]})).await;
    }
    let page = get(&world, "/api/v2/apiTokens?pageSize=1").await;
    let next = text(&page, "nextPageKey");
    let bent = format!("{}A", &next[..next.len() - 1]);
    let (status, _) =
        ask(&world, "GET", &format!("/api/v2/apiTokens?nextPageKey={bent}"), &world.admin, Value::Null).await;
    assert_eq!(status, 400);
    let (status, other) = post_natively(&world, "/v1/realms", json!({"slug": "other"})).await;
    assert_eq!(status, 201);
    let target = format!("/e/other/api/v2/apiTokens?nextPageKey={next}");
    let (status, came) = ask(&world, "GET", &target, text(&other["admin"], "token"), Value::Null).await;
    assert_eq!((status, &came["error"]["constraintViolations"][0]["path"]), (400, &json!("nextPageKey")));
}

async fn post_natively(world: &World, target: &str, body: Value) -> (u16, Value) {
    let request = Request::post(target).header("authorization", format!("Bearer {}", world.admin));
    let reply = world.ask(request.body(body.to_string()).unwrap(), SOMEWHERE).await;
    (reply.status().as_u16(), serde_json::from_slice(reply.body()).unwrap())
}

#[tokio::test]
async fn case_10_a_selector_beyond_what_a_key_could_carry_is_refused() {
    let world = new_world().await;
    let selector = format!("owner(%22{}%22)", "x".repeat(4_000));
    let target = format!("/api/v2/apiTokens?apiTokenSelector={selector}");
    let (status, came) = ask(&world, "GET", &target, &world.admin, Value::Null).await;
    assert_eq!(
        (status, &came["error"]["constraintViolations"][0]["path"]),
        (400, &json!("apiTokenSelector"))
    );
}

#[tokio::test]
async fn case_14_disabling_oneself_is_refused_on_every_base_path() {
    let world = new_world().await;
    let made =
        create(&world, json!({"name": "manager", "scopes": ["apiTokens.write", "TenantTokenManagement"]}))
            .await;
    let (id, token) = (text(&made, "id"), text(&made, "token"));
    for (base, off) in [
        ("/api/v2/apiTokens", json!({"enabled": false})),
        ("/e/default/api/v2/apiTokens", json!({"enabled": false})),
        ("/platform/classic/environment-api/v2/apiTokens", json!({"enabled": false})),
        ("/api/v1/tokens", json!({"revoked": true})),
        ("/e/default/api/v1/tokens", json!({"revoked": true})),
    ] {
        for (method, target, body) in [
            ("PUT", format!("{base}/{id}"), off),
            ("DELETE", format!("{base}/{id}"), Value::Null),
            ("DELETE", format!("{base}/{token}"), Value::Null),
        ] {
            let (status, came) = ask(&world, method, &target, token, body).await;
            assert_eq!((status, &came["error"]["code"]), (400, &json!(400)), "{method} {target}");
            assert!(text(&came["error"], "message").starts_with("You can't "), "{came}");
        }
    }
}

#[tokio::test]
async fn case_17_what_is_too_long_has_the_envelope_too() {
    let world = new_world().await;
    let body = json!({"name": "n".repeat(1024 * 1024), "scopes": ["metrics.read"]});
    let (status, came) = ask(&world, "POST", "/api/v2/apiTokens", &world.admin, body).await;
    assert_eq!((status, &came["error"]["code"]), (413, &json!(413)));
}

#[tokio::test]
async fn case_17_a_base_path_alone_has_the_envelope_too() {
    let world = new_world().await;
    for base in ["/api", "/api/", "/e", "/e/", "/platform/classic/", "//e//"] {
        let (status, body) = ask(&world, "GET", base, &world.admin, Value::Null).await;
        assert_eq!((status, &body["error"]["code"]), (404, &json!(404)), "{base}: {body}");
    }
}

#[tokio::test]
async fn case_23_no_answer_but_the_first_holds_the_secret() {
    let world = new_world().await;
    let made = create(&world, json!({"name": "n", "scopes": ["apiTokens.read", "apiTokens.write"]})).await;
    let secret = text(&made, "token");
    let all = format!("/api/v2/apiTokens?fields=id,name,scopes,additionalMetadata&api-token={secret}");
    for (method, target, body) in [
        ("GET", all, Value::Null),
        ("GET", format!("/api/v2/apiTokens/{}", text(&made, "id")), Value::Null),
        ("POST", "/api/v2/apiTokens/lookup".to_owned(), json!({"token": secret})),
        ("POST", "/api/v2/apiTokens/lookup".to_owned(), json!({"token": [secret]})),
        ("POST", "/api/v2/apiTokens/lookup".to_owned(), json!({"token": format!("{secret}x")})),
        ("POST", "/api/v2/apiTokens".to_owned(), json!({"name": "n", "scopes": [secret]})),
        (
            "POST",
            "/api/v2/apiTokens".to_owned(),
            json!({"name": "n", "scopes": [], "expirationDate": secret}),
        ),
        ("POST", "/api/v2/apiTokens".to_owned(), json!({"name": {secret: secret}})),
        ("POST", "/api/v1/tokens/lookup".to_owned(), json!(secret)),
        ("GET", format!("/api/v2/apiTokens/{secret}"), Value::Null),
        ("PUT", format!("/api/v2/apiTokens/{secret}"), json!({"name": "m"})),
        ("PATCH", format!("/api/v2/apiTokens/{secret}"), Value::Null),
        ("DELETE", format!("/api/v2/apiTokens/{secret}"), Value::Null),
        ("GET", format!("/api/v2/{secret}"), Value::Null),
        ("GET", format!("/e/{secret}/api/v2/apiTokens"), Value::Null),
        ("GET", format!("/api/v2/apiTokens?sort={secret}"), Value::Null),
        ("GET", format!("/api/v2/apiTokens?fields={secret}"), Value::Null),
        ("GET", format!("/api/v2/apiTokens?apiTokenSelector={secret}"), Value::Null),
        ("GET", format!("/api/v2/apiTokens?apiTokenSelector=owner({secret})"), Value::Null),
        ("GET", format!("/api/v2/apiTokens?nextPageKey={secret}"), Value::Null),
        ("GET", format!("/api/v2/apiTokens?from={secret}"), Value::Null),
    ] {
        let (status, came) = ask(&world, method, &target, secret, body).await;
        assert!(!came.to_string().contains(secret), "{method} {target}: {status} {came}");
    }
}
