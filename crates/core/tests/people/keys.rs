//! Exchange tokens: who may give them, what they replace, and where their texts count.

use crate::house::{House, MANY, ONE, PASSWORD, SOMEWHERE, beside, is_silent, named};
use counterfoil_core::authority::{Actor, Idempotency, Verdict};
use counterfoil_core::error::Error;
use counterfoil_core::scope::ScopeSet;
use counterfoil_core::secret::Secret;

const LONG: &str = "0123456789abcdefghij";

impl House {
    /// Somebody with these scopes, logged in.
    async fn acting(&self, username: &str, scopes: &[&str]) -> Actor {
        self.person_with_password(username, scopes).await;
        self.actor(&self.log_in(username).await)
    }
}

#[tokio::test]
async fn where_one_is_allowed_a_new_key_replaces_it_with_its_sessions() {
    let house = House::new().await;
    house.person("jane", &["acme.key"]).await;
    let old = house.key("jane", &ONE, &[]).await;
    let session = house.buy(&ONE, &old).await;
    let elsewhere = house.key("jane", &MANY, &[]).await;
    let new = house.key("jane", &ONE, &[]).await;
    assert!(!house.counts(&session));
    assert!(is_silent(&house.try_key(&ONE, "jane", &old.text).await));
    house.try_key(&ONE, "jane", &new.text).await.unwrap();
    house.try_key(&MANY, &elsewhere.id, &elsewhere.text).await.unwrap();
    let list = house.authority.list_keys(&house.operator(), &named("jane"), "acme").await.unwrap();
    assert_eq!(list.iter().map(|key| &key.id).collect::<Vec<_>>(), [&new.id]);
}

#[tokio::test]
async fn where_several_are_allowed_they_live_side_by_side() {
    let house = House::new().await;
    house.person("jane", &["acme.key"]).await;
    let keys = [house.key("jane", &MANY, &[]).await, house.key("jane", &MANY, &[]).await];
    for key in &keys {
        house.try_key(&MANY, &key.id, &key.text).await.unwrap();
    }
    let list = house.authority.list_keys(&house.operator(), &named("jane"), "globex").await.unwrap();
    assert_eq!(list.len(), 2);
    assert!(list.iter().all(|key| key.last_used.is_some() && key.expires == keys[0].expires));
}

#[tokio::test]
async fn whoever_has_none_of_the_needed_scope_holds_no_key() {
    let house = House::new().await;
    house.person("jane", &["acme.read"]).await;
    let refused = house
        .authority
        .create_key(&house.operator(), &named("jane"), &ONE, &ScopeSet::default(), None, None)
        .await
        .unwrap_err();
    assert!(matches!(refused, Error::Conflict(_)), "{refused:?}");
    house.key("jane", &MANY, &[]).await;
}

#[tokio::test]
async fn an_imported_text_is_at_least_twenty_characters_long_and_opens_as_before() {
    let house = House::new().await;
    house.person("jane", &["acme.key"]).await;
    for bad in ["", &LONG[1..], "0123456789abcdefghi\n", &"x".repeat(1_001)] {
        let refused = house.import("jane", &ONE, None, bad).await.unwrap_err();
        assert!(matches!(&refused, Error::Invalid(fields) if fields[0].field == "text"), "{refused:?}");
    }
    house.import("jane", &ONE, None, LONG).await.unwrap();
    house.try_key(&ONE, "jane", &Secret::new(LONG.into())).await.unwrap();
    house.import("jane", &MANY, Some("KEY1"), LONG).await.unwrap();
    house.try_key(&MANY, "KEY1", &Secret::new(LONG.into())).await.unwrap();
}

#[tokio::test]
async fn an_imported_key_has_an_id_where_its_dialect_has_ids() {
    let house = House::new().await;
    house.person("jane", &["acme.key"]).await;
    for (rules, id) in [(&ONE, Some("KEY1")), (&MANY, None), (&MANY, Some("")), (&MANY, Some("a b"))] {
        let refused = house.import("jane", rules, id, LONG).await.unwrap_err();
        assert!(matches!(&refused, Error::Invalid(fields) if fields[0].field == "id"), "{refused:?}");
    }
    house.import("jane", &MANY, Some("KEY1"), LONG).await.unwrap();
    let again = house.import("jane", &MANY, Some("KEY1"), &LONG.repeat(2)).await.unwrap_err();
    assert!(matches!(again, Error::Conflict(_)), "{again:?}");
}

#[tokio::test]
async fn one_text_of_two_principals_is_two_keys() {
    let house = House::new().await;
    let text = Secret::new(LONG.into());
    for name in ["jane", "john", "jack"] {
        house.person(name, &["acme.key"]).await;
    }
    let jane = house.import("jane", &ONE, None, LONG).await.unwrap();
    house.import("john", &ONE, None, LONG).await.unwrap();
    for name in ["jane", "john"] {
        assert_eq!(house.try_key(&ONE, name, &text).await.unwrap().principal.username, name);
    }
    assert!(is_silent(&house.try_key(&ONE, "jack", &text).await));
    house.authority.revoke_keys(&house.operator(), &named("jane"), "acme", None).await.unwrap();
    assert!(is_silent(&house.try_key(&ONE, "jane", &text).await));
    house.try_key(&ONE, "john", &text).await.unwrap();
    // What was revoked cannot come back.
    let again = house.import("jane", &ONE, None, LONG).await.unwrap_err();
    assert!(matches!(again, Error::Conflict(_)), "{} {again:?}", jane.id);
}

#[tokio::test]
async fn an_exchange_token_sent_as_a_bearer_matches_nothing() {
    let house = House::new().await;
    house.person("jane", &["acme.key"]).await;
    let key = house.key("jane", &ONE, &[]).await;
    let session = house.buy(&ONE, &key).await;
    assert!(matches!(house.verdict(key.text.reveal()), Verdict::Unknown));
    assert!(matches!(house.verdict(&key.id), Verdict::Unknown));
    // Nor does a session buy another.
    assert!(is_silent(&house.try_key(&ONE, "jane", &session.jwt).await));
}

#[tokio::test]
async fn a_key_is_given_only_within_what_the_giver_may_give() {
    let house = House::new().await;
    let admin = house.acting("admin2", &["counterfoil.principals.write", "acme.key", "acme.read"]).await;
    house.person("jane", &["acme.key", "acme.read"]).await;
    house.person("boss", &["acme.key", "acme.write"]).await;
    let give = async |actor: &Actor, name: &str, scopes: &[&str]| {
        house.authority.create_key(actor, &named(name), &ONE, &ScopeSet::of(scopes), None, None).await
    };
    give(&admin, "jane", &[]).await.unwrap();
    give(&admin, "jane", &["acme.read"]).await.unwrap();
    for (name, scopes) in [("jane", ["acme.write"].as_slice()), ("boss", &[]), ("boss", &["acme.key"])] {
        let refused = give(&admin, name, scopes).await.unwrap_err();
        assert!(matches!(refused, Error::Forbidden { .. }), "{name}: {refused:?}");
    }
    let invented = give(&house.operator(), "jane", &["acme.invented"]).await.unwrap_err();
    assert!(matches!(invented, Error::Invalid(_)), "{invented:?}");
    // Who may not change principals is not told which there are.
    let stranger = house.acting("stranger", &["acme.key"]).await;
    for name in ["jane", "nobody"] {
        let refused = give(&stranger, name, &[]).await.unwrap_err();
        assert!(matches!(refused, Error::Forbidden { .. }), "{name}: {refused:?}");
        let refused = house.authority.list_keys(&stranger, &named(name), "acme").await.unwrap_err();
        assert!(matches!(refused, Error::Forbidden { .. }), "{name}: {refused:?}");
    }
    give(&stranger, "stranger", &[]).await.unwrap();
    house.authority.list_keys(&stranger, &named("stranger"), "acme").await.unwrap();
    house.authority.revoke_keys(&stranger, &named("stranger"), "acme", None).await.unwrap();
}

#[tokio::test]
async fn whoever_may_do_less_than_their_principal_changes_no_way_in() {
    let house = House::new().await;
    house.person_with_password("jane", &["acme.key", "acme.read", "acme.write"]).await;
    let narrow = house.key("jane", &MANY, &["acme.read"]).await;
    let proved = house.try_key(&MANY, &narrow.id, &narrow.text).await.unwrap();
    let narrow = house.actor(&house.authority.exchange(&proved, &beside()).await.unwrap());
    let whole = house.actor(&house.log_in("jane").await);
    let set = async |actor: &Actor| {
        let text = Secret::new("another password".into());
        house.authority.set_password(actor, &named("jane"), text).await
    };
    let (outcome, [heavy, ..]) = house.cost(set(&narrow)).await;
    assert!(matches!(outcome, Err(Error::Forbidden { .. })));
    assert_eq!(heavy, 0, "who may not has nothing computed");
    let enrolled = house.authority.enrol_totp(&narrow, &named("jane")).await;
    assert!(matches!(enrolled, Err(Error::Forbidden { .. })));
    let removed = house.authority.remove_totp(&narrow, &named("jane")).await;
    assert!(matches!(removed, Err(Error::Forbidden { .. })));
    let wider = ScopeSet::of(&["acme.write"]);
    for scopes in [&wider, &ScopeSet::default()] {
        let given = house.authority.create_key(&narrow, &named("jane"), &MANY, scopes, None, None).await;
        assert!(matches!(given, Err(Error::Forbidden { .. })));
    }
    let within = ScopeSet::of(&["acme.read"]);
    house.authority.create_key(&narrow, &named("jane"), &MANY, &within, None, None).await.unwrap();
    set(&whole).await.unwrap();
    house.try_password("jane", "another password").await.unwrap();
}

#[tokio::test]
async fn a_password_is_eight_characters_or_more() {
    let house = House::new().await;
    house.person("jane", &["acme.key"]).await;
    for bad in ["", "1234567", "ääääääb", &"x".repeat(1_001)] {
        let text = Secret::new(bad.into());
        let refused =
            house.authority.set_password(&house.operator(), &named("jane"), text).await.unwrap_err();
        assert!(matches!(&refused, Error::Invalid(fields) if fields[0].field == "password"), "{refused:?}");
    }
    house.set_password("jane", "ääääääbb").await;
    house.try_password("jane", "ääääääbb").await.unwrap();
    assert!(is_silent(&house.try_password("jane", PASSWORD).await), "from {SOMEWHERE}");
}

#[tokio::test]
async fn a_creation_repeated_under_its_idempotency_key_gives_the_same_key() {
    let house = House::new().await;
    house.person("jane", &["acme.key"]).await;
    let create = async |key: &str, request| {
        let once = Idempotency { key: key.into(), route: "POST /keys".into(), request: [request; 32] };
        let (operator, scopes) = (house.operator(), ScopeSet::default());
        house.authority.create_key(&operator, &named("jane"), &MANY, &scopes, None, Some(&once)).await
    };
    let (first, second) = (create("k", 1).await.unwrap(), create("k", 1).await.unwrap());
    assert_eq!((&first.id, first.text.reveal()), (&second.id, second.text.reveal()));
    assert_eq!((&first.principal, first.expires), (&second.principal, second.expires));
    assert_ne!(create("l", 1).await.unwrap().id, first.id);
    assert!(matches!(create("k", 2).await, Err(Error::Conflict(_))));
    let list = house.authority.list_keys(&house.operator(), &named("jane"), "globex").await.unwrap();
    assert_eq!(list.len(), 2);
}
