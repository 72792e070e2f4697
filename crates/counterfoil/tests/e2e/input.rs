//! Bad input that HTTP can carry: each gets a problem document that names what is wrong, never a 5xx, and the server goes
//! on.

use crate::support::http::Client;
use crate::support::place::Place;
use crate::support::server::Server;
use serde_json::{Value, json};

const MEBIBYTE: usize = 1024 * 1024;

#[test]
fn an_oversized_body_is_refused_however_it_comes() {
    let place = Place::with_store();
    let server = Server::start(&place);
    let admin = server.admin(&place);
    let long = vec![b' '; MEBIBYTE + 1];
    // Declared, and sent only if asked for.
    let mut declared = server.connect();
    let request = admin.with("Expect", "100-continue").request("POST", "/v1/tokens", &long);
    declared.send(&request[..request.len() - long.len()]).unwrap();
    let reply = declared.reply().unwrap();
    assert_eq!(reply.header("connection"), Some("close"));
    reply.problem(413);
    // Sent whole.
    let mut whole = server.connect();
    whole.send(&request[..request.len() - long.len()]).unwrap();
    let sent = whole.send(&long);
    match whole.reply() {
        Ok(reply) => drop(reply.problem(413)),
        Err(why) => panic!("{sent:?} {why}"),
    }
    // In chunks, without saying how long.
    let mut chunked = server.connect();
    let head =
        String::from_utf8(admin.with("Transfer-Encoding", "chunked").request("POST", "/v1/tokens", b""));
    chunked.send(head.unwrap().replace("Content-Length: 0\r\n", "")).unwrap();
    for _ in 0..17 {
        chunked.send(format!("10000\r\n{}\r\n", " ".repeat(0x10000))).unwrap();
    }
    chunked.send("0\r\n\r\n").unwrap();
    chunked.reply().unwrap().problem(413);
    // As long as allowed, it is read, and what it lacks is said.
    let allowed = admin.ask("POST", "/v1/tokens", &vec![b' '; MEBIBYTE]);
    assert_eq!(allowed.problem(400)["errors"][0]["why"], "must not be empty");
    // Whoever may not ask is told so, not how long the body was.
    let stranger = Client::stranger(server.address).ask("POST", "/v1/tokens", &vec![b' '; MEBIBYTE]);
    stranger.problem(401);
}

#[test]
fn heads_have_bounds() {
    let place = Place::with_store();
    let server = Server::start(&place);
    let admin = server.admin(&place);
    let long = admin.with("X-Long", &"x".repeat(33 * 1024));
    long.get("/v1/tokens").problem(431);
    long.get("/healthz").problem(431);
    let fits = admin.with("X-Long", &"x".repeat(31 * 1024));
    assert_eq!(fits.get("/v1/tokens").status, 200);
    admin.get(&format!("/v1/tokens?name={}", "x".repeat(8 * 1024))).problem(414);
    assert_eq!(admin.get(&format!("/v1/tokens?name={}", "x".repeat(7 * 1024))).status, 200);
    admin.get(&format!("/{}", "x".repeat(8 * 1024))).problem(414);
}

#[test]
fn wrong_methods_and_paths() {
    let place = Place::with_store();
    let server = Server::start(&place);
    let admin = server.admin(&place);
    for (method, path, allowed) in [
        ("PUT", "/v1/tokens", "POST, GET"),
        ("GET", "/v1/verify", "POST"),
        ("TRACE", "/v1/verify", "POST"),
        ("BREW", "/v1/tokens/cf_1", "GET, PATCH, DELETE"),
        ("POST", "/healthz", "GET, HEAD"),
        ("DELETE", "/metrics", "GET, HEAD"),
    ] {
        let reply = admin.ask(method, path, b"");
        let mut given: Vec<_> = reply.header("allow").unwrap().split(", ").collect();
        let mut expected: Vec<_> = allowed.split(", ").collect();
        given.sort_unstable();
        expected.sort_unstable();
        assert_eq!(given, expected, "{method} {path}");
        reply.problem(405);
    }
    for path in ["/", "/v1", "/v1/nothing", "/v1/tokens/a/b/c", "/index.html", "/V1/tokens", "/v1/tokens%20"]
    {
        admin.get(path).problem(404);
    }
    for path in [
        "/v1/../v1/tokens",
        "/v1/./tokens",
        "/v1/%2e%2e/v1/tokens",
        "/v1/%2E/tokens",
        "/v1%2ftokens",
        "/v1/tokens;a=b",
        "/v1/tokens%00",
        "/v1/tokens/%5c",
        "/v1/tokens/%ff",
        "/v1/tokens/%0a",
        "/v1/tokens?name=%ff",
        "/healthz/..",
    ] {
        admin.get(path).problem(400);
    }
    for path in ["//v1//tokens", "/v1/tokens/", "//v1/tokens?"] {
        assert_eq!(admin.get(path).status, 200, "{path}");
    }
}

#[test]
fn a_wrong_body_is_told_which_field_is_wrong() {
    let place = Place::with_store();
    let server = Server::start(&place);
    let admin = server.admin(&place);
    let deep = |open: &str, close: &str| format!("{}{}", open.repeat(100_000), close.repeat(100_000));
    let with = |name: &str, value: Value| {
        let mut body = json!({"name": "n", "scopes": ["a"]});
        body[name] = value;
        body.to_string()
    };
    let many = |of: usize| Value::from((0..of).map(|at| format!("s{at}")).collect::<Vec<_>>());
    for (body, field) in [
        ("", "body"),
        ("{", "body"),
        ("{\"name\":\"n\",}", "body"),
        ("[]", "body"),
        ("null", "body"),
        ("{\"name\":\"n\"}{}", "body"),
        ("{\"name\":\"\\ud800\",\"scopes\":[\"a\"]}", "body"),
        (&deep("[", "]"), "body"),
        (&deep("{\"a\":", "}"), "body"),
        ("{}", "name"),
        ("{\"name\":\"n\"}", "scopes"),
        (&with("name", json!(7)), "name"),
        (&with("name", json!("")), "name"),
        (&with("name", json!("x".repeat(201))), "name"),
        (&with("name", json!("x".repeat(900_000))), "name"),
        (&with("name", json!("a\nb")), "name"),
        (&with("scopes", json!("a")), "scopes"),
        (&with("scopes", json!([])), "scopes"),
        (&with("scopes", json!(["a", {}])), "scopes[1]"),
        (&with("scopes", json!(["a b"])), "scopes[0]"),
        (&with("scopes", json!(["x".repeat(101)])), "scopes[0]"),
        (&with("expires", json!("")), "expires"),
        (&with("expires", json!("yesterday")), "expires"),
        (&with("expires", json!("2001-01-01")), "expires"),
        (&with("expires", json!("9999999999d")), "expires"),
        (&with("networks", json!(["10.0.0.0/33"])), "networks[0]"),
        (&with("networks", many(1)), "networks[0]"),
        (&with("principal", json!("nobody")), "principal"),
        (&with("dialect", json!("klingon")), "dialect"),
        (&with("metadata", json!({"k": 1})), "metadata.k"),
        (&with("metadata", json!({"k": "v".repeat(513)})), "metadata"),
        (&with("nmae", json!("n")), "nmae"),
    ] {
        let reply = admin.ask("POST", "/v1/tokens", body.as_bytes());
        let shown: String = body.chars().take(80).collect();
        let problem = reply.problem(400);
        let named = problem["errors"].as_array().unwrap_or_else(|| panic!("{shown}: {problem}"));
        assert_eq!(
            (&named[0]["field"], &named[0]["place"]),
            (&json!(field), &json!("body")),
            "{shown}: {problem}"
        );
    }
    for bytes in [&b"{\"name\":\"\xff\",\"scopes\":[\"a\"]}"[..], b"\xff\xfe{}", b"{\"name\":\"\0\"}", b"\0"]
    {
        admin.ask("POST", "/v1/tokens", bytes).problem(400);
    }
    admin.post("/v1/verify", json!({"tokens": vec![json!({"token": "x"}); 1001]})).problem(400);
    for query in
        ["limit=0", "limit=1001", "limit=x", "sort=x", "state=x", "x=y", "limit=1&limit=2", "cursor=x"]
    {
        let problem = admin.get(&format!("/v1/tokens?{query}")).problem(400);
        let field = query.split('=').next().unwrap();
        assert_eq!(
            problem["errors"][0],
            json!({"field": field, "place": "query", "why": problem["errors"][0]["why"]})
        );
    }
    assert_eq!(admin.all("/v1/tokens").len(), 1, "nothing was made of any of it");
    assert!(!server.log().contains(" ERROR ") && !server.log().contains("panicked"), "{}", server.log());
}

#[test]
fn credentials_that_are_none() {
    let place = Place::with_store();
    let server = Server::start(&place);
    let stranger = Client::stranger(server.address);
    let token = place.first_token();
    let reply = stranger.get("/v1/tokens");
    assert_eq!(reply.header("www-authenticate"), Some("Bearer realm=\"counterfoil\""));
    reply.problem(401);
    let mut wrong = token.clone();
    wrong.replace_range(20..21, if token[20..].starts_with('a') { "b" } else { "a" });
    for value in [
        format!("Bearer {wrong}"),
        format!("Bearer {token}x"),
        format!("Bearer {}", token.to_lowercase()),
        format!("Basic {token}"),
        "Bearer".to_owned(),
        "Bearer  ".to_owned(),
        token.clone(),
        "x".repeat(20_000),
    ] {
        let reply = stranger.with("Authorization", &value).get("/v1/tokens");
        assert!(reply.header("www-authenticate").is_some(), "{value}");
        reply.problem(401);
    }
    stranger
        .with("Authorization", &format!("Bearer {token}"))
        .with("Authorization", "Bearer x")
        .get("/v1/tokens")
        .problem(401);
    assert_eq!(stranger.with("authorization", &format!("bEARER {token}")).get("/v1/tokens").status, 200);
}
