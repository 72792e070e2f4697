//! Gates: from where gateways may ask, and from where a token passes.

use crate::house::{House, MINUTE, ask};
use counterfoil_core::authority::{Check, EditGate, Issue, Passage};
use std::net::IpAddr;

#[tokio::test]
async fn gateways_ask_from_named_networks_only() {
    let house = House::new().await;
    let callers = ["10.0.0.0/8", "2001:db8::/32", "192.0.2.7/32"].map(|net| net.parse().unwrap()).to_vec();
    let policy = EditGate { callers: Some(callers), ..EditGate::default() };
    let gate = house.authority.create_gate(&house.operator(), "front", &policy, None).await.unwrap();
    for (address, may) in [
        ("10.255.0.1", true),
        ("::ffff:10.255.0.1", true),
        ("11.0.0.1", false),
        ("::ffff:11.0.0.1", false),
        ("192.0.2.7", true),
        ("192.0.2.8", false),
        ("2001:db8::1", true),
        ("2001:db9::1", false),
        ("::1", false),
        // The deprecated compatible form is an IPv6 address and no IPv4 one.
        ("::10.255.0.1", false),
    ] {
        assert_eq!(gate.policy.admits(address.parse::<IpAddr>().unwrap()), may, "{address}");
    }
}

#[tokio::test]
async fn a_token_passes_a_gate_from_its_networks_only() {
    let house = House::new().await;
    house.authority.create_gate(&house.operator(), "front", &EditGate::default(), None).await.unwrap();
    let gate = house.authority.gate("front").unwrap();
    let networks = ["10.1.0.0/16", "2001:db8::/32"].map(|network| network.parse().unwrap()).to_vec();
    let issued = house.issue(&Issue { networks, ..ask(&["a"]) }).await;
    for (address, may) in [
        (Some("10.1.2.3"), true),
        (Some("::ffff:10.1.2.3"), true),
        (Some("10.2.0.1"), false),
        (Some("2001:db8::5"), true),
        (Some("2001:db9::5"), false),
        (None, false),
    ] {
        let address = address.map(|address| address.parse::<IpAddr>().unwrap());
        let check = Check { method: "GET", path: "/", address };
        let passage = house.authority.check(&gate, issued.text.reveal(), &check);
        assert_eq!(matches!(passage, Passage::Open(_)), may, "{address:?}");
    }
}

#[tokio::test]
async fn of_another_realms_token_an_explanation_says_nothing_but_that() {
    let house = House::new().await;
    let policy = EditGate { scopes: Some(vec!["a".into()]), ..EditGate::default() };
    house.authority.create_gate(&house.operator(), "front", &policy, None).await.unwrap();
    let (_, first) = house.realm("other").await;
    let new = Issue { expires: Some("1m".into()), ..ask(&["a"]) };
    let issued = house.try_issue(&house.actor(&first), &new).await.unwrap();
    house.clock.pass(MINUTE * 2);
    let check = Check { method: "GET", path: "/", address: None };
    let explain = |text: &str| house.authority.explain(&house.operator(), "front", text, &check).unwrap();
    let told = explain(issued.text.reveal());
    assert_eq!((told.passes, &*told.decided, told.lacks.len()), (false, "it is of another realm", 0));
}
