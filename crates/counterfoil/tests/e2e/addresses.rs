//! Where requests come from: forwarding headers count from trusted proxies only, and tokens may be bound to networks.

use crate::support::http::Client;
use crate::support::place::Place;
use crate::support::server::Server;
use crate::support::text;
use serde_json::json;

/// The address of a token's last use.
fn last_address(admin: &Client, id: &str) -> String {
    text(&admin.get(&format!("/v1/tokens/{id}")).expect(200), "last_used_address")
}

#[test]
fn only_a_trusted_proxy_tells_where_a_request_came_from() {
    for (trusted, forwarded, seen) in [
        (None, "192.0.2.7", "127.0.0.1"),
        (Some("10.0.0.0/8"), "192.0.2.7", "127.0.0.1"),
        (Some("127.0.0.0/8"), "192.0.2.7", "192.0.2.7"),
        (Some("127.0.0.1"), "6.6.6.6, 192.0.2.7", "192.0.2.7"),
        (Some("127.0.0.1,10.0.0.0/8"), "192.0.2.7, 10.1.2.3", "192.0.2.7"),
        (Some("127.0.0.1,10.0.0.0/8"), "192.0.2.7, rubbish, 10.1.2.3", "10.1.2.3"),
        (Some("127.0.0.0/8"), "[2001:db8::7]:4711", "2001:db8::7"),
    ] {
        let place = Place::with_store();
        let arguments: Vec<_> = trusted.iter().flat_map(|networks| ["--trusted-proxies", networks]).collect();
        let server = Server::start_with(&place, &arguments);
        let admin = server.admin(&place);
        let issue = json!({"name": "w", "scopes": ["counterfoil.tokens.write"]});
        let issued = admin.post("/v1/tokens", issue).expect(201);
        let (id, token) = (text(&issued, "id"), text(&issued, "token"));
        server.client(&token).with("X-Forwarded-For", forwarded).get("/v1/tokens").expect(200);
        assert_eq!(last_address(&admin, &id), seen, "{trusted:?} {forwarded}");
        assert!(server.log().contains(&format!("from={seen}")), "{}", server.log());
    }
}

#[test]
fn a_token_bound_to_networks_counts_from_there_only() {
    let place = Place::with_store();
    let server = Server::start_with(&place, &["--trusted-proxies", "127.0.0.1"]);
    let admin = server.admin(&place);
    let body = json!({
        "name": "bound",
        "scopes": ["counterfoil.tokens.read"],
        "networks": ["192.0.2.0/24", "2001:db8::/32"],
    });
    let issued = admin.post("/v1/tokens", body).expect(201);
    let (id, token) = (text(&issued, "id"), text(&issued, "token"));
    let holder = server.client(&token);
    holder.get("/v1/tokens").problem(401);
    for (address, inside) in [
        ("192.0.2.9", true),
        ("::ffff:192.0.2.9", true),
        ("2001:db8:1::1", true),
        ("192.0.3.1", false),
        ("2001:db9::1", false),
    ] {
        let reply = holder.with("X-Forwarded-For", address).get("/v1/tokens");
        assert_eq!(reply.status, if inside { 200 } else { 401 }, "{address}");
        let question = json!({"token": token, "address": address});
        assert_eq!(admin.post("/v1/verify", question).expect(200)["active"], inside, "{address}");
    }
    assert!(!admin.counts(&token), "who asks without an address is told no");
    admin.ask("PATCH", &format!("/v1/tokens/{id}"), br#"{"networks":[]}"#).expect(200);
    assert_eq!(holder.get("/v1/tokens").status, 200);
    // What was noted in memory is written down when the server ends.
    server.stop();
    let server = Server::start(&place);
    assert_eq!(last_address(&server.admin(&place), &id), "127.0.0.1");
}
