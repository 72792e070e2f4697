//! The cases of the agent-config contract (3.8) that are more than one request after the other: another mount, two
//! writers at once, what a log would see. The others are in `transcripts/agent-config`, under their numbers.

use crate::support::{SOMEWHERE, World};
use counterfoil_dialects::agent_config::DIALECT;
use counterfoil_dialects::dialect::Mount;
use counterfoil_dialects::doorway::{Answered, Doorway};
use http::Request;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const TOKENS: &str = "/rest/agent-config/1.0/tokens";

async fn asked(world: &World, method: &str, target: &str, token: &str, body: Value) -> Answered {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let request = Request::builder().method(method).uri(target);
    let request = request.header("authorization", format!("Bearer {token}")).body(body).unwrap();
    world.answer(request, SOMEWHERE).await
}

/// Asks as whoever has the token; the status and what came as JSON.
async fn ask(world: &World, method: &str, target: &str, token: &str, body: Value) -> (u16, Value) {
    let reply = asked(world, method, target, token, body).await.reply;
    let came =
        if reply.body().is_empty() { Value::Null } else { serde_json::from_slice(reply.body()).unwrap() };
    (reply.status().as_u16(), came)
}

async fn create(world: &World, target: &str, token: &str, name: &str) -> String {
    let body = json!({"name": name, "read": true, "change": false});
    let (status, came) = ask(world, "POST", target, token, body).await;
    assert_eq!(status, 200, "{came}");
    came["uuid"].as_str().unwrap().to_owned()
}

async fn names(world: &World, target: &str, token: &str) -> Vec<String> {
    let (status, came) = ask(world, "GET", target, token, Value::Null).await;
    assert_eq!(status, 200, "{came}");
    came.as_array().unwrap().iter().map(|token| token["name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn case_b1_a_uuid_is_of_version_4_and_in_lower_case_and_found_in_capitals() {
    let world = World::create(BTreeMap::new()).await;
    let uuid = create(&world, TOKENS, &world.admin, "n").await;
    assert_eq!(uuid::Uuid::parse_str(&uuid).unwrap().get_version_num(), 4);
    assert_eq!(uuid, uuid.to_lowercase());
    let capitals = uuid.to_uppercase();
    let body = json!({"uuid": capitals, "name": "m", "read": true, "change": true});
    let (status, came) = ask(&world, "PUT", &format!("{TOKENS}/{capitals}"), &world.admin, body).await;
    assert_eq!((status, came["uuid"].as_str()), (200, Some(uuid.as_str())));
}

#[tokio::test]
async fn case_b2_a_context_prefix_is_a_mount_of_another_realm_beside_the_first() {
    let mut world = World::create(BTreeMap::new()).await;
    let (_, realm) = ask(&world, "POST", "/v1/realms", &world.admin, json!({"slug": "bamboo"})).await;
    let other = realm["admin"]["token"].as_str().unwrap().to_owned();
    let mounts = counterfoil_dialects::DIALECTS.iter().map(|dialect| (*dialect, "", "default"));
    let mounts = mounts.chain([(&DIALECT, "/bamboo", "bamboo")]).map(|(dialect, prefix, realm)| Mount {
        dialect,
        prefix: prefix.to_owned(),
        realm: realm.to_owned(),
        settings: BTreeMap::new(),
    });
    world.doorway = Doorway::new(&world.house, mounts.collect()).unwrap();

    let here = create(&world, TOKENS, &world.admin, "here").await;
    for base in ["/bamboo/rest/agent-config/1.0", "//bamboo//rest/agent/latest"] {
        let uuid = create(&world, &format!("{base}/tokens/"), &other, "there").await;
        let one = format!("{base}/tokens/{uuid}");
        assert_eq!(ask(&world, "GET", &one, &other, Value::Null).await.0, 200);
        assert_eq!(ask(&world, "GET", &format!("{TOKENS}/{uuid}"), &world.admin, Value::Null).await.0, 404);
        assert_eq!(ask(&world, "GET", &format!("{base}/tokens/{here}"), &other, Value::Null).await.0, 404);
        assert_eq!(ask(&world, "GET", &one, &world.admin, Value::Null).await.0, 401);
    }
    assert_eq!(names(&world, TOKENS, &world.admin).await, ["here"]);
    assert_eq!(names(&world, "/bamboo/rest/agent/1.0/tokens", &other).await, ["there", "there"]);
}

#[tokio::test]
async fn case_b14_a_name_has_up_to_255_characters() {
    let world = World::create(BTreeMap::new()).await;
    create(&world, TOKENS, &world.admin, &"ü".repeat(255)).await;
    for name in ["n".repeat(256), "n".repeat(100_000), " ".to_owned()] {
        let body = json!({"name": name, "read": true, "change": false});
        let (status, came) = ask(&world, "POST", TOKENS, &world.admin, body).await;
        assert_eq!((status, &came["status-code"]), (400, &json!(400)));
    }
}

#[tokio::test]
async fn case_b16_what_is_logged_and_journalled_holds_no_uuid() {
    let world = World::create(BTreeMap::new()).await;
    let uuid = create(&world, TOKENS, &world.admin, "n").await;
    let update = json!({"uuid": uuid, "name": "m", "read": true, "change": true});
    for (method, body) in
        [("GET", Value::Null), ("PUT", update), ("DELETE", Value::Null), ("PATCH", Value::Null)]
    {
        let target = format!("{TOKENS}/{uuid}?uuid={uuid}");
        let answered = asked(&world, method, &target, &world.admin, body).await;
        let template = if method == "PATCH" { "-" } else { "/rest/agent-config/1.0/tokens/{uuid}" };
        assert_eq!(&*answered.route, template);
    }
    for target in ["/v1/journal", "/v1/tokens"] {
        let (status, came) = ask(&world, "GET", target, &world.admin, Value::Null).await;
        assert!(status == 200 && !came.to_string().contains(&uuid), "{target}");
    }
}

#[tokio::test]
async fn case_b19_of_two_updates_at_once_one_is_kept_whole() {
    let world = World::create(BTreeMap::new()).await;
    let uuid = create(&world, TOKENS, &world.admin, "n").await;
    let one = format!("{TOKENS}/{uuid}");
    for _ in 0..20 {
        let put = |name: &'static str, right: bool| {
            let body = json!({"uuid": uuid, "name": name, "read": right, "change": right});
            ask(&world, "PUT", &one, &world.admin, body)
        };
        let (both, none) = tokio::join!(put("both", true), put("none", false));
        for (came, name, right) in [(both, "both", true), (none, "none", false)] {
            let mirrored = json!({"uuid": uuid, "name": name, "read": right, "change": right});
            assert_eq!(came, (200, mirrored));
        }
        let (_, kept) = ask(&world, "GET", &one, &world.admin, Value::Null).await;
        assert_eq!(kept["read"], json!(kept["name"] == "both"));
        assert_eq!(kept["change"], kept["read"]);
    }
}
