//! Verify: every reason, every boundary, and time that never runs backwards.

use crate::house::{House, MINUTE, SECOND, START, ask};
use crate::limits::tallied;
use counterfoil_core::authority::{Ask, EditRealm, Issue, Reason, Verdict};
use counterfoil_core::clock::from_millis;
use counterfoil_core::error::{Error, Unauthenticated};
use counterfoil_core::realm::RealmId;
use jiff::SignedDuration;
use std::net::IpAddr;

fn reason(verdict: &Verdict) -> Option<Reason> {
    if let Verdict::Refused(reason) = verdict { Some(*reason) } else { None }
}

fn from(house: &House, text: &str, address: &str) -> Option<Reason> {
    let address: Option<IpAddr> = address.parse().ok();
    reason(&house.authority.verify(text, &Ask { address, ..Ask::default() }))
}

#[tokio::test]
async fn a_live_token_counts_and_says_for_whom() {
    let house = House::new().await;
    let Verdict::Live(grant) = house.verdict(&house.first) else { panic!("the first token does not count") };
    assert_eq!(&*grant.standing().username, "admin");
    assert_eq!(&*grant.realm().slug, "default");
    assert!(grant.covers("anything"));
}

#[tokio::test]
async fn a_stranger_a_bent_text_and_another_case_are_unknown() {
    let house = House::new().await;
    let mut bent = house.first.clone();
    bent.pop();
    for text in ["", "cf_", " ", &bent, &format!("{} ", house.first), &house.first.to_lowercase()] {
        assert!(matches!(house.verdict(text), Verdict::Unknown), "{text:?}");
    }
}

#[tokio::test]
async fn a_token_is_over_at_the_very_millisecond_of_its_end() {
    let house = House::new().await;
    let issued = house.issue(&Issue { expires: Some("now+1m".into()), ..ask(&["a"]) }).await;
    house.clock.set(from_millis(START + 59_999));
    assert!(house.counts(issued.text.reveal()));
    house.clock.set(from_millis(START + 60_000));
    assert_eq!(reason(&house.verdict(issued.text.reveal())), Some(Reason::Expired));
    let refused = house.authority.authenticate(issued.text.reveal(), "native", None).unwrap_err();
    assert!(matches!(refused, Error::Unauthenticated(Unauthenticated::Expired)), "{refused:?}");
}

#[tokio::test]
async fn a_token_begins_at_the_very_millisecond_of_its_beginning() {
    let house = House::new().await;
    let issued = house.issue(&Issue { not_before: Some("now+1m".into()), ..ask(&["a"]) }).await;
    house.clock.set(from_millis(START + 59_999));
    assert_eq!(reason(&house.verdict(issued.text.reveal())), Some(Reason::NotYet));
    house.clock.set(from_millis(START + 60_000));
    assert!(house.counts(issued.text.reveal()));
}

#[tokio::test]
async fn a_token_with_networks_counts_from_those_only() {
    let house = House::new().await;
    let networks = ["10.1.0.0/16", "2001:db8::/32"].map(|network| network.parse().unwrap()).to_vec();
    let issued = house.issue(&Issue { networks, ..ask(&["a"]) }).await;
    let text = issued.text.reveal();
    for inside in ["10.1.0.0", "10.1.255.255", "::ffff:10.1.2.3", "2001:db8::1"] {
        assert_eq!(from(&house, text, inside), None, "{inside}");
    }
    for outside in ["10.2.0.0", "::ffff:10.2.0.1", "::10.1.2.3", "2001:db9::1", "127.0.0.1", "nowhere"] {
        assert_eq!(from(&house, text, outside), Some(Reason::Network), "{outside}");
    }
}

#[tokio::test]
async fn a_token_counts_in_its_own_realm_only() {
    let house = House::new().await;
    let elsewhere = Ask { realm: Some(RealmId(2)), ..Ask::default() };
    assert_eq!(reason(&house.authority.verify(&house.first, &elsewhere)), Some(Reason::Realm));
    let here = Ask { realm: Some(RealmId(1)), ..Ask::default() };
    assert!(matches!(house.authority.verify(&house.first, &here), Verdict::Live(_)));
}

#[tokio::test]
async fn a_token_lacks_what_it_does_not_cover() {
    let house = House::new().await;
    let issued = house.token("admin", &["a"]).await;
    let lacks = |scope| {
        let ask = Ask { scope: Some(scope), ..Ask::default() };
        matches!(house.authority.verify(issued.text.reveal(), &ask), Verdict::Lacks(_))
    };
    assert!(!lacks("a"));
    assert!(lacks("A") && lacks("a.b") && lacks("*") && lacks(""));
}

#[tokio::test]
async fn a_silenced_principal_silences_all_that_speaks_for_it() {
    let house = House::new().await;
    house.someone("ann", &["a"]).await;
    let issued = house.token("ann", &["a"]).await;
    house.set_disabled("ann", true).await;
    assert_eq!(reason(&house.verdict(issued.text.reveal())), Some(Reason::Principal));
    house.set_disabled("ann", false).await;
    assert!(house.counts(issued.text.reveal()));
    house.authority.delete_principal(&house.operator(), &crate::house::named("ann")).await.unwrap();
    assert_eq!(reason(&house.verdict(issued.text.reveal())), Some(Reason::Principal));
    let refused = house.authority.authenticate(issued.text.reveal(), "native", None).unwrap_err();
    assert!(matches!(refused, Error::Unauthenticated(Unauthenticated::Invalid)), "{refused:?}");
}

#[tokio::test]
async fn personal_tokens_can_be_switched_off_and_others_do_not_notice() {
    let house = House::new().await;
    let mine = house.issue(&Issue { personal: true, ..ask(&["a"]) }).await;
    let api = house.token("admin", &["a"]).await;
    let switch = async |on| {
        let edit = EditRealm { personal_tokens: Some(on), name: None };
        house.authority.edit_realm(&house.operator(), "default", &edit, None).await.unwrap();
    };
    switch(false).await;
    assert_eq!(reason(&house.verdict(mine.text.reveal())), Some(Reason::PersonalOff));
    assert!(house.counts(api.text.reveal()));
    switch(true).await;
    assert!(house.counts(mine.text.reveal()));
}

#[tokio::test]
async fn the_first_reason_in_order_is_the_reason() {
    let house = House::new().await;
    house.someone("ann", &["a"]).await;
    let issue = Issue {
        principal: Some("ann".into()),
        expires: Some("now+3m".into()),
        not_before: Some("now+1m".into()),
        networks: vec!["10.0.0.0/8".parse().unwrap()],
        ..ask(&["a"])
    };
    let issued = house.issue(&issue).await;
    let text = issued.text.reveal();
    house.set_disabled("ann", true).await;
    assert_eq!(from(&house, text, "127.0.0.1"), Some(Reason::NotYet));
    house.pass(MINUTE);
    assert_eq!(from(&house, text, "127.0.0.1"), Some(Reason::Principal));
    house.set_disabled("ann", false).await;
    assert_eq!(from(&house, text, "127.0.0.1"), Some(Reason::Network));
    assert_eq!(from(&house, text, "10.0.0.1"), None);
    house.pass(MINUTE * 2);
    assert_eq!(from(&house, text, "127.0.0.1"), Some(Reason::Expired));
}

#[tokio::test]
async fn setting_the_clock_back_revives_nothing() {
    let mut house = House::new().await;
    let issued = house.issue(&Issue { expires: Some("now+1m".into()), ..ask(&["a"]) }).await;
    house.pass(MINUTE);
    assert!(!house.counts(issued.text.reveal()));
    house.clock.set(from_millis(START));
    assert!(!house.counts(issued.text.reveal()));
    house.authority.tend().await.unwrap();
    house.reopen().await;
    assert!(!house.counts(issued.text.reveal()));
    assert_eq!(house.authority.now(), from_millis(START + 60_000));
}

#[tokio::test]
async fn a_new_process_gives_the_same_verdicts() {
    let mut house = House::new().await;
    house.someone("ann", &["a"]).await;
    let live = house.token("ann", &["a"]).await;
    let mine = house.issue(&Issue { personal: true, principal: Some("ann".into()), ..ask(&["a"]) }).await;
    let revoked = house.token("ann", &["a"]).await;
    house.authority.revoke(&house.operator(), &crate::house::NATIVE, &revoked.id).await.unwrap();
    let rotated = house.token("ann", &["a"]).await;
    let newer = house.rotate(&rotated.id, MINUTE).await.unwrap();
    house.set_role("role of ann", &["b"]).await;
    house.reopen().await;
    assert!(house.counts_for(live.text.reveal(), "a"));
    assert!(house.counts(mine.text.reveal()) && !house.counts_for(mine.text.reveal(), "a"));
    assert!(!house.counts(revoked.text.reveal()));
    assert!(house.counts(rotated.text.reveal()) && house.counts(newer.text.reveal()));
    house.pass(MINUTE);
    assert!(!house.counts(rotated.text.reveal()) && house.counts(newer.text.reveal()));
}

#[tokio::test]
async fn a_token_that_was_over_at_the_start_counts_again_when_its_end_is_moved() {
    let mut house = House::new().await;
    let issued = house.issue(&Issue { expires: Some("now+1m".into()), ..ask(&["a"]) }).await;
    house.pass(MINUTE);
    house.reopen().await;
    let edit = counterfoil_core::authority::Edit { expires: Some("30d".into()), ..Default::default() };
    house.authority.edit(&house.operator(), &crate::house::NATIVE, &issued.id, &edit, None).await.unwrap();
    assert!(house.counts(issued.text.reveal()));
}

#[tokio::test]
async fn the_tally_counts_each_outcome() {
    let house = House::new().await;
    let issued = house.issue(&Issue { expires: Some("now+1m".into()), ..ask(&["a"]) }).await;
    house.counts(issued.text.reveal());
    house.counts_for(issued.text.reveal(), "b");
    house.counts("nobody");
    house.pass(SignedDuration::from_mins(1) + SECOND);
    house.counts(issued.text.reveal());
    assert_eq!(
        tallied(&house),
        ["- native live 1", "- native lacks 1", "- native expired 1", "- - unknown 1"],
        "at no gate, by the dialect of what was brought"
    );
}
