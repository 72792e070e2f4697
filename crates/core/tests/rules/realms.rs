//! Realms: made from `default`, and closed.

use crate::house::{House, NATIVE, all, ask, named, new_principal, new_realm, new_role, once, strings};
use counterfoil_core::authority::{
    Actor, Ask, Edit, EditPrincipal, EditRealm, EditRole, Issue, JournalQuery, List, NewRealm,
    PrincipalQuery, Verdict, Which,
};
use counterfoil_core::error::Error;
use counterfoil_core::realm::RealmId;
use jiff::SignedDuration;
use uuid::Uuid;

fn forbidden<T>(outcome: &Result<T, Error>) -> bool {
    matches!(outcome, Err(Error::Forbidden { .. }))
}

#[tokio::test]
async fn a_realm_begins_with_its_own_administrator_and_token() {
    let mut house = House::new().await;
    let (_, first) = house.realm("two").await;
    for _ in 0..2 {
        let Verdict::Live(grant) = house.verdict(first.text.reveal()) else { panic!("it does not count") };
        assert_eq!((&*grant.realm().slug, &*grant.standing().username), ("two", "admin"));
        house.reopen().await;
    }
}

#[tokio::test]
async fn realms_are_made_from_default_only_and_by_who_may_give_everything() {
    let house = House::new().await;
    let (elsewhere, theirs) = house.realm("two").await;
    let theirs = house.actor(&theirs);
    for actor in [&elsewhere, &theirs] {
        let outcome = house.authority.create_realm(actor, &new_realm("three"), None).await;
        assert!(forbidden(&outcome), "{actor:?}");
    }
    let actor = house.acting("ann", &["a", "counterfoil.realms.write"]).await;
    assert!(forbidden(&house.authority.create_realm(&actor, &new_realm("three"), None).await));
    let first = house.authority.authenticate(&house.first, "native", None).unwrap();
    assert!(house.authority.create_realm(&first, &new_realm("three"), None).await.is_ok());
}

#[tokio::test]
async fn slugs_are_one_realms_own_and_well_formed() {
    let house = House::new().await;
    house.realm("two").await;
    let make =
        async |slug: &str| house.authority.create_realm(&house.operator(), &new_realm(slug), None).await;
    for taken in ["two", "default"] {
        assert!(matches!(make(taken).await, Err(Error::Conflict(_))), "{taken}");
    }
    for bad in ["", "Two", "a b", "a/b", "ä", "..", &"x".repeat(37)] {
        assert!(matches!(make(bad).await, Err(Error::Invalid(_))), "{bad:?}");
    }
    assert!(make(&"x".repeat(36)).await.is_ok());
}

#[tokio::test]
async fn one_path_segment_never_names_two_realms() {
    let house = House::new().await;
    let uuid = Uuid::from_u128(7);
    let new = NewRealm { uuid: Some(uuid), ..new_realm("two") };
    house.authority.create_realm(&house.operator(), &new, None).await.unwrap();
    assert_eq!(
        house.authority.realm(&uuid.to_string()).unwrap().id,
        house.authority.realm("two").unwrap().id
    );
    for slug in [uuid.to_string(), uuid.simple().to_string()] {
        let outcome = house.authority.create_realm(&house.operator(), &new_realm(&slug), None).await;
        assert!(matches!(outcome, Err(Error::Invalid(_))), "{slug}");
    }
}

#[tokio::test]
async fn who_may_only_edit_their_realm_sees_no_other() {
    let house = House::new().await;
    let (elsewhere, _) = house.realm("two").await;
    house.realm("three").await;
    let slugs = async |actor: &Actor| {
        let realms = house.authority.realms(actor).await.unwrap();
        realms.into_iter().map(|realm| realm.slug).collect::<Vec<_>>()
    };
    assert_eq!(slugs(&elsewhere).await, ["two"]);
    assert_eq!(slugs(&house.operator()).await, ["default", "two", "three"]);
    let off = EditRealm { personal_tokens: Some(false), name: None };
    for foreign in ["default", "three", "nowhere"] {
        let found = house.authority.find_realm(&elsewhere, foreign).await;
        assert!(matches!(found, Err(Error::NotFound("realm"))), "{foreign}");
        let edited = house.authority.edit_realm(&elsewhere, foreign, &off, None).await;
        assert!(matches!(edited, Err(Error::NotFound("realm"))), "{foreign}");
    }
    assert!(house.authority.edit_realm(&elsewhere, "two", &off, None).await.is_ok());
}

/// Two realms with the same people, the same names and numbers; the other realm's actor has `*` there.
async fn twins() -> (House, Actor) {
    let house = House::new().await;
    let (operator, first) = house.realm("two").await;
    let authority = &house.authority;
    for actor in [&house.operator(), &operator] {
        authority.create_role(actor, &new_role("r", &["a"]), None).await.unwrap();
        authority.create_principal(actor, &new_principal("ann", &["r"]), None).await.unwrap();
        let issue = Issue { principal: Some("ann".into()), ..ask(&["a"]) };
        authority.issue(actor, &NATIVE, &issue, None).await.unwrap();
    }
    let foreign = house.actor(&first);
    (house, foreign)
}

#[tokio::test]
async fn names_and_numbers_mean_ones_own_realms() {
    let (house, foreign) = twins().await;
    for which in [named("ann"), Which::Number(2), named("admin"), Which::Number(1)] {
        let found = house.authority.find_principal(&foreign, &which).await.unwrap();
        assert_eq!(found.principal.realm, RealmId(2));
    }
    for which in [named("r"), Which::Number(2), named("administrator")] {
        assert_eq!(house.authority.find_role(&foreign, &which).await.unwrap().realm, RealmId(2));
    }
    let query = PrincipalQuery { after: 0, limit: 100 };
    let principals = house.authority.principals(&foreign, query).await.unwrap();
    assert_eq!(principals.len(), 2);
    assert!(principals.iter().all(|shown| shown.principal.realm == RealmId(2)));
    let list = List { owner: Some("ann".into()), ..all(100) };
    let tokens = house.authority.list(&foreign, &NATIVE, &list).await.unwrap().tokens;
    assert!(tokens.len() == 1 && tokens[0].token.realm == RealmId(2));
    let mut reaching = all(100);
    reaching.filter.realm = RealmId(1);
    let tokens = house.authority.list(&foreign, &NATIVE, &reaching).await.unwrap().tokens;
    assert!(tokens.iter().all(|shown| shown.token.realm == RealmId(2)), "the filter's realm is filled in");
    let lines =
        house.authority.journal(&foreign, &JournalQuery { limit: 100, ..Default::default() }).await.unwrap();
    assert!(!lines.is_empty() && lines.iter().all(|line| line.entry.realm == RealmId(2)));
}

#[tokio::test]
async fn no_id_of_another_realm_reads_or_changes_anything() {
    let (house, foreign) = twins().await;
    let (authority, ours) = (&house.authority, house.operator());
    let ann = Which::Id(authority.find_principal(&ours, &named("ann")).await.unwrap().principal.id.0);
    let role = Which::Id(authority.find_role(&ours, &named("r")).await.unwrap().id.0);
    let listing = authority.list(&ours, &NATIVE, &all(100)).await.unwrap();
    let before = house.store.commits();

    assert!(authority.find_principal(&foreign, &ann).await.is_err());
    let off = EditPrincipal { disabled: Some(true), ..EditPrincipal::default() };
    assert!(authority.edit_principal(&foreign, &ann, &off, None).await.is_err());
    assert!(authority.delete_principal(&foreign, &ann).await.is_err());
    assert!(authority.find_role(&foreign, &role).await.is_err());
    let wider = EditRole { scopes: Some(strings(&["z"])), name: None };
    assert!(authority.edit_role(&foreign, &role, &wider, None).await.is_err());
    assert!(authority.delete_role(&foreign, &role).await.is_err());
    for shown in &listing.tokens {
        let id = &shown.token.id;
        assert!(authority.find(&foreign, &NATIVE, id).await.is_err());
        let off = Edit { enabled: Some(false), ..Edit::default() };
        assert!(authority.edit(&foreign, &NATIVE, id, &off, None).await.is_err());
        let overlap = SignedDuration::ZERO;
        assert!(authority.rotate(&foreign, &NATIVE, id, overlap, Some(&once("k"))).await.is_err());
        assert!(authority.revoke(&foreign, &NATIVE, id).await.is_err());
    }
    assert!(authority.lookup(&foreign, &house.first).await.is_err());
    let cursor = authority.cursor(&ours, "tokens", b"x");
    assert!(authority.position(&foreign, "tokens", &cursor).is_none());
    assert_eq!(house.store.commits(), before);
    let realm = Some(foreign.realm());
    let verdict = authority.verify(&house.first, &Ask { realm, ..Ask::default() });
    assert!(matches!(verdict, Verdict::Refused(_)));
}
