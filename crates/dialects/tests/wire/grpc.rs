//! Envoy's check over gRPC: the same decision as over HTTP, and every way in which a call can be malformed.

use crate::support::{SOMEWHERE, World};
use bytes::Bytes;
use counterfoil_dialects::dialect::Reply;
use counterfoil_dialects::gateway::messages::attribute_context::{HttpRequest, Peer, Request as Wants};
use counterfoil_dialects::gateway::messages::check_response::HttpResponse;
use counterfoil_dialects::gateway::messages::{
    Address, AttributeContext, CheckRequest, CheckResponse, DeniedHttpResponse, HeaderValueOption,
    OkHttpResponse, SocketAddress,
};
use counterfoil_dialects::reply::Trailers;
use http::{Request, Version};
use prost::Message as _;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

const CHECK: &str = "/envoy.service.auth.v3.Authorization/Check";
const ENVOY: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// A world with the gate `front`: whatever is asked for below /admin needs `deploy`.
async fn world() -> World {
    let world = World::create(BTreeMap::new()).await;
    let rules = json!([{ "path": "/admin", "scopes": ["deploy"] }]);
    let set = json!([{ "header": "X-User", "fact": "username" }, { "header": "X-Until", "fact": "expires" }]);
    let strip = json!(["Authorization", "X-User", "X-Key"]);
    let gate =
        json!({ "name": "front", "rules": rules, "set": set, "strip": strip, "places": ["bearer", "basic"] });
    native(&world, "POST", "/v1/gates", &gate).await;
    world
}

async fn native(world: &World, method: &str, path: &str, body: &Value) -> Value {
    let request = Request::builder().method(method).uri(path).header("content-type", "application/json");
    let request = request.header("authorization", format!("Bearer {}", world.admin));
    let reply = world.ask(request.body(body.to_string()).unwrap(), SOMEWHERE).await;
    assert!(reply.status().is_success(), "{reply:?}");
    serde_json::from_slice(reply.body()).unwrap_or_default()
}

async fn token(world: &World, scope: &str) -> Value {
    native(world, "POST", "/v1/tokens", &json!({ "name": scope, "scopes": [scope] })).await
}

/// What Envoy says of a request with these headers.
fn wants(method: &str, path: &str, headers: &[(&str, &str)]) -> CheckRequest {
    let headers = headers.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
    let http = HttpRequest { method: method.to_owned(), headers, path: path.to_owned() };
    let socket = SocketAddress { address: "198.51.100.7".to_owned() };
    let source = Peer { address: Some(Address { socket_address: Some(socket) }) };
    let attributes = AttributeContext {
        source: Some(source),
        request: Some(Wants { http: Some(http) }),
        context_extensions: [("gate".to_owned(), "front".to_owned())].into(),
    };
    CheckRequest { attributes: Some(attributes) }
}

fn framed(message: &[u8]) -> Vec<u8> {
    [&[0], &u32::try_from(message.len()).unwrap().to_be_bytes()[..], message].concat()
}

async fn call(world: &World, path: &str, media_type: &str, body: Vec<u8>, from: IpAddr) -> Reply {
    let request = Request::post(path).version(Version::HTTP_2).header("content-type", media_type);
    world.ask(request.header("te", "trailers").body(body).unwrap(), from).await
}

/// The answer of a call that went well.
async fn checked(world: &World, request: &CheckRequest, from: IpAddr) -> CheckResponse {
    let reply = call(world, CHECK, "application/grpc", framed(&request.encode_to_vec()), from).await;
    assert_eq!(
        (reply.status().as_u16(), &reply.headers()["content-type"]),
        (200, &"application/grpc".parse().unwrap())
    );
    assert_eq!(reply.extensions().get::<Trailers>().unwrap().0["grpc-status"], "0");
    let (head, message) = reply.body().split_at(5);
    assert_eq!(head, &framed(message)[..5]);
    CheckResponse::decode(message).unwrap()
}

async fn opened(world: &World, request: &CheckRequest) -> OkHttpResponse {
    let response = checked(world, request, ENVOY).await;
    assert_eq!(response.status.unwrap().code, 0);
    match response.http_response {
        Some(HttpResponse::OkResponse(ok)) => ok,
        other => panic!("{other:?}"),
    }
}

async fn shut(world: &World, request: &CheckRequest, from: IpAddr) -> (i32, DeniedHttpResponse) {
    let response = checked(world, request, from).await;
    assert_ne!(response.status.unwrap().code, 0);
    match response.http_response {
        Some(HttpResponse::DeniedResponse(denied)) => (denied.status.unwrap().code, denied),
        other => panic!("{other:?}"),
    }
}

/// Names and values, each with how it is written over what is there.
fn lines(headers: &[HeaderValueOption]) -> Vec<String> {
    let line = |option: &HeaderValueOption| {
        let header = option.header.as_ref().unwrap();
        format!("{}: {} ({})", header.key, header.value, option.append_action)
    };
    headers.iter().map(line).collect()
}

#[tokio::test]
async fn an_open_gate_overwrites_what_it_owns_and_removes_what_goes_no_further() {
    let world = world().await;
    let token = token(&world, "deploy").await;
    let bearer = format!("Bearer {}", token["token"].as_str().unwrap());
    let ok = opened(&world, &wants("GET", "/admin?a=b", &[("authorization", &bearer)])).await;
    assert_eq!(lines(&ok.headers), ["x-user: admin (2)", "x-until:  (2)"]);
    assert_eq!(ok.headers_to_remove, ["authorization", "x-key"]);
    let path = format!("/v1/tokens/{}", token["id"].as_str().unwrap());
    let found = native(&world, "GET", &path, &Value::Null).await;
    assert_eq!(found["last_used_address"], "198.51.100.7");
}

#[tokio::test]
async fn whoever_is_shut_out_hears_what_the_check_over_http_says() {
    let world = world().await;
    let token = token(&world, "metrics.read").await;
    let bearer = format!("Bearer {}", token["token"].as_str().unwrap());
    let headers: [&[(&str, &str)]; 3] =
        [&[], &[("authorization", "Bearer nobody-knows-this-text")], &[("authorization", &bearer)]];
    for (headers, status) in headers.into_iter().zip([401, 401, 403]) {
        let (code, denied) = shut(&world, &wants("GET", "/admin", headers), ENVOY).await;
        assert_eq!(code, status);
        let mut request = Request::get("/check/front").header("x-forwarded-uri", "/admin");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let reply = world.ask(request.body(Bytes::new()).unwrap(), ENVOY).await;
        assert_eq!(
            (i32::from(reply.status().as_u16()), &*denied.body),
            (code, str::from_utf8(reply.body()).unwrap())
        );
        let mut first = Vec::new();
        let expected = reply.headers().iter().map(|(name, value)| {
            let action = if first.contains(&name) { 0 } else { 2 };
            first.push(name);
            format!("{name}: {} ({action})", value.to_str().unwrap())
        });
        assert_eq!(lines(&denied.headers), expected.collect::<Vec<_>>());
        assert!(denied.body.contains("credential"), "{}", denied.body);
    }
}

#[tokio::test]
async fn only_the_proxys_configuration_names_the_gate_and_only_its_callers_ask() {
    let world = world().await;
    let token = token(&world, "deploy").await;
    let bearer = format!("Bearer {}", token["token"].as_str().unwrap());
    let good = [("authorization", &*bearer), ("gate", "front"), ("x-gate", "front")];
    let sound = wants("GET", "/a?gate=front", &good);
    opened(&world, &sound).await;
    assert_eq!(shut(&world, &sound, SOMEWHERE).await.0, 403, "no caller of the gate");
    let mut strayed = sound.clone();
    for gate in [None, Some("other"), Some(""), Some("Front"), Some("../front")] {
        let named = gate.map(|gate| ("gate".to_owned(), gate.to_owned()));
        strayed.attributes.as_mut().unwrap().context_extensions = named.into_iter().collect();
        let (code, denied) = shut(&world, &strayed, ENVOY).await;
        assert!(code == 403 && denied.body.contains("no gate of this name"), "{gate:?}: {denied:?}");
    }
}

#[tokio::test]
async fn headers_of_the_client_say_nothing_of_the_request() {
    let world = world().await;
    let token = token(&world, "metrics.read").await;
    let bearer = format!("Bearer {}", token["token"].as_str().unwrap());
    for name in ["x-forwarded-uri", "x-original-uri", "x-original-url", ":path"] {
        let headers = [("authorization", &*bearer), (name, "/public"), ("x-forwarded-method", "HEAD")];
        assert_eq!(shut(&world, &wants("GET", "/admin", &headers), ENVOY).await.0, 403, "{name}");
    }
    for path in
        ["", "*", "admin", "//admin", "/a/../admin", "/%2e%2e/admin", "/a;b", "/a%2fb", "http://a/admin"]
    {
        let request = wants("GET", path, &[("authorization", &bearer)]);
        assert_eq!(shut(&world, &request, ENVOY).await.0, 403, "{path}");
    }
    let twice = format!("{bearer},{bearer}");
    assert_eq!(shut(&world, &wants("GET", "/", &[("authorization", &twice)]), ENVOY).await.0, 401);
}

#[tokio::test]
async fn a_message_without_a_request_opens_nothing() {
    let world = world().await;
    let bare = CheckRequest { attributes: None };
    assert_eq!(shut(&world, &bare, ENVOY).await.0, 403);
    let mut hollow = wants("GET", "/", &[]);
    hollow.attributes.as_mut().unwrap().request = None;
    assert_eq!(shut(&world, &hollow, ENVOY).await.0, 403);
}

#[tokio::test]
async fn a_malformed_call_gets_the_status_that_grpc_has_for_it() {
    let world = world().await;
    let sound = framed(&wants("GET", "/", &[]).encode_to_vec());
    let (internal, unimplemented, exhausted) = ("13", "12", "8");
    let flagged = |flag: u8| [&[flag], &sound[1..]].concat();
    let long = [&[0][..], &(2u32 << 20).to_be_bytes(), &[0; 16]].concat();
    let cases: [(&str, Vec<u8>, &str); 11] = [
        ("nothing", vec![], internal),
        ("half a prefix", sound[..3].to_vec(), internal),
        ("a prefix alone", sound[..5].to_vec(), internal),
        ("all but a byte", sound[..sound.len() - 1].to_vec(), internal),
        ("a byte more", [&*sound, &[0]].concat(), internal),
        ("two messages", sound.repeat(2), internal),
        ("compressed", flagged(1), unimplemented),
        ("an unknown flag", flagged(7), internal),
        ("a length beyond bounds", long, exhausted),
        ("a length beyond everything", vec![0, 255, 255, 255, 255], exhausted),
        ("no protobuf", framed(b"\xff\xff\xff\xff"), internal),
    ];
    for (what, body, status) in cases {
        failed(&call(&world, CHECK, "application/grpc", body, ENVOY).await, status, what);
    }
    let huge = vec![0; 3 << 20];
    failed(&call(&world, CHECK, "application/grpc", huge, ENVOY).await, exhausted, "a body beyond bounds");
    for method in ["", "check", "Checks", "Check/Check", "Watch", "../Check"] {
        let path = CHECK.replace("Check", method);
        failed(&call(&world, &path, "application/grpc", sound.clone(), ENVOY).await, unimplemented, method);
    }
}

/// Such a reply is all headers.
#[track_caller]
fn failed(reply: &Reply, status: &str, what: &str) {
    assert_eq!((reply.status().as_u16(), reply.body().len()), (200, 0), "{what}");
    assert_eq!(reply.headers()["content-type"], "application/grpc", "{what}");
    assert_eq!(reply.headers()["grpc-status"], status, "{what}: {reply:?}");
    assert!(reply.headers().contains_key("grpc-message") && reply.extensions().get::<Trailers>().is_none());
}

#[tokio::test]
async fn what_is_no_grpc_is_refused_in_words_of_http() {
    let world = world().await;
    let sound = framed(&wants("GET", "/", &[]).encode_to_vec());
    for (media_type, status) in [
        ("application/grpc+proto", 200),
        ("application/grpc; charset=utf-8", 200),
        ("application/grpc+json", 415),
        ("application/grpc-web", 415),
        ("application/json", 415),
        ("", 415),
    ] {
        let reply = call(&world, CHECK, media_type, sound.clone(), ENVOY).await;
        assert_eq!(reply.status().as_u16(), status, "{media_type}");
    }
    let ask = |method: &str, version| {
        let request = Request::builder().method(method).uri(CHECK).version(version);
        request.header("content-type", "application/grpc").body(sound.clone()).unwrap()
    };
    assert_eq!(world.ask(ask("GET", Version::HTTP_2), ENVOY).await.status().as_u16(), 405);
    assert_eq!(world.ask(ask("POST", Version::HTTP_11), ENVOY).await.status().as_u16(), 505);
}
