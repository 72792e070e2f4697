//! Principals: one name one principal, and nobody rises by their own hand.

use crate::house::{House, ask, named, new_principal, strings};
use counterfoil_core::authority::{EditPrincipal, Issue, NewPrincipal, PrincipalQuery, Which};
use counterfoil_core::error::Error;

const WRITE: &str = "counterfoil.principals.write";

fn roles(roles: &[&str]) -> EditPrincipal {
    EditPrincipal { roles: Some(strings(roles)), ..EditPrincipal::default() }
}

fn forbidden<T>(outcome: &Result<T, Error>) -> bool {
    matches!(outcome, Err(Error::Forbidden { .. }))
}

#[tokio::test]
async fn a_user_name_is_one_principal_however_it_is_written() {
    let house = House::new().await;
    let ann = house.principal(r"CORP\Ann", &[]).await;
    for same in [r"CORP\Ann", r"corp\ann", r"CORP\\ANN", "  corp\\ann "] {
        let outcome =
            house.authority.create_principal(&house.operator(), &new_principal(same, &[]), None).await;
        assert!(matches!(outcome, Err(Error::Conflict(_))), "{same:?}");
        let found = house.authority.find_principal(&house.operator(), &named(same)).await.unwrap();
        assert_eq!(found.principal.id, ann.principal.id);
    }
    assert_eq!(ann.principal.username, r"CORP\Ann");
    for bad in ["", " ", "a\nb", &"x".repeat(101)] {
        let outcome =
            house.authority.create_principal(&house.operator(), &new_principal(bad, &[]), None).await;
        assert!(matches!(outcome, Err(Error::Invalid(_))), "{bad:?}");
    }
}

#[tokio::test]
async fn a_name_given_again_is_another_principal_and_revives_nothing() {
    let mut house = House::new().await;
    let old = house.someone("ann", &["a"]).await;
    let api = house.token("ann", &["a"]).await;
    let mine = house.issue(&Issue { personal: true, principal: Some("ann".into()), ..ask(&["a"]) }).await;
    house.authority.delete_principal(&house.operator(), &named("ann")).await.unwrap();
    let new = house.principal("ann", &["role of ann"]).await;
    assert_ne!(old.principal.id, new.principal.id);
    assert_ne!(old.principal.number, new.principal.number);
    for _ in 0..2 {
        assert!(!house.counts(api.text.reveal()) && !house.counts(mine.text.reveal()));
        house.reopen().await;
    }
    for which in [Which::Id(old.principal.id.0), Which::Number(old.principal.number)] {
        let outcome = house.authority.find_principal(&house.operator(), &which).await;
        assert!(matches!(outcome, Err(Error::NotFound("principal"))));
        let enable = EditPrincipal { disabled: Some(false), ..EditPrincipal::default() };
        assert!(house.authority.edit_principal(&house.operator(), &which, &enable, None).await.is_err());
    }
}

#[tokio::test]
async fn numbers_are_given_once() {
    let house = House::new().await;
    let make = async |username: &str, number| {
        let new = NewPrincipal { number, ..new_principal(username, &[]) };
        house
            .authority
            .create_principal(&house.operator(), &new, None)
            .await
            .map(|made| made.principal.number)
    };
    assert_eq!(make("a", None).await.unwrap(), 2);
    assert_eq!(make("b", Some(10)).await.unwrap(), 10);
    assert_eq!(make("c", None).await.unwrap(), 11);
    assert_eq!(make("e", Some(5)).await.unwrap(), 5, "in any order");
    for given in [2, 5, 11] {
        assert!(matches!(make("d", Some(given)).await, Err(Error::Conflict(_))), "{given}");
    }
    for never in [0, 1_000_000_000_000_001, u64::MAX, i64::MAX as u64] {
        assert!(matches!(make("d", Some(never)).await, Err(Error::Invalid(_))), "{never}");
    }
    house.authority.delete_principal(&house.operator(), &named("c")).await.unwrap();
    assert!(matches!(make("d", Some(11)).await, Err(Error::Conflict(_))), "not even after deletion");
    assert_eq!(make("c", None).await.unwrap(), 12);
    assert_eq!(make("f", Some(1_000_000_000_000_000)).await.unwrap(), 1_000_000_000_000_000);
    assert_eq!(make("g", None).await.unwrap(), 1_000_000_000_000_001, "the largest does not end it all");
    let id = "019d0076-0f78-702e-b9b2-b2766d4e1562";
    assert!(matches!(make(id, None).await, Err(Error::Invalid(_))), "an id is nobody's name");
}

#[tokio::test]
async fn many_at_once_get_numbers_of_their_own() {
    let house = House::new().await;
    house.store.delay(9);
    let new: Vec<_> = (0..20).map(|number| new_principal(&format!("p{number}"), &[])).collect();
    let operator = house.operator();
    let outcomes = crate::interleaved::together(
        new.iter().map(|new| house.authority.create_principal(&operator, new, None)),
    )
    .await;
    let mut numbers: Vec<_> = outcomes.into_iter().map(|made| made.unwrap().principal.number).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (2..22).collect::<Vec<_>>());
}

#[tokio::test]
async fn nobody_rises_by_their_own_hand() {
    let house = House::new().await;
    let actor = house.acting("ann", &["a", WRITE]).await;
    house.role("high", &["a", "z"]).await;
    house.role("low", &["a"]).await;
    let authority = &house.authority;
    for way in [&["administrator"][..], &["high"], &["role of ann", "high"], &["low", "administrator"]] {
        let own = authority.edit_principal(&actor, &named("ann"), &roles(way), None).await;
        assert!(forbidden(&own), "{way:?}");
        let new = authority.create_principal(&actor, &new_principal("puppet", way), None).await;
        assert!(forbidden(&new), "{way:?}");
    }
    let gift = authority.create_principal(&actor, &new_principal("puppet", &["low"]), None).await;
    assert!(gift.is_ok());
}

#[tokio::test]
async fn nobody_touches_a_principal_above_them() {
    let house = House::new().await;
    let actor = house.acting("ann", &["a", WRITE]).await;
    house.someone("high", &["a", "z"]).await;
    house.someone("low", &["a"]).await;
    let authority = &house.authority;
    let disable = EditPrincipal { disabled: Some(true), ..EditPrincipal::default() };
    let email = EditPrincipal { email: Some("x@example.org".into()), ..EditPrincipal::default() };
    for above in ["admin", "high"] {
        for edit in [&disable, &email, &roles(&[])] {
            let outcome = authority.edit_principal(&actor, &named(above), edit, None).await;
            assert!(forbidden(&outcome), "{above} {edit:?}");
        }
        assert!(forbidden(&authority.delete_principal(&actor, &named(above)).await), "{above}");
    }
    assert!(authority.edit_principal(&actor, &named("low"), &disable, None).await.is_ok());
    assert!(authority.delete_principal(&actor, &named("low")).await.is_ok());
}

#[tokio::test]
async fn without_the_scope_nothing_is_changed_and_nothing_but_oneself_is_read() {
    let house = House::new().await;
    let actor = house.acting("ann", &["a"]).await;
    let authority = &house.authority;
    assert!(forbidden(&authority.create_principal(&actor, &new_principal("x", &[]), None).await));
    assert!(forbidden(&authority.edit_principal(&actor, &named("ann"), &roles(&[]), None).await));
    assert!(forbidden(&authority.delete_principal(&actor, &named("ann")).await));
    assert_eq!(authority.find_principal(&actor, &named("ann")).await.unwrap().principal.username, "ann");
    for other in ["admin", "nobody"] {
        assert!(forbidden(&authority.find_principal(&actor, &named(other)).await), "{other}");
    }
    let query = PrincipalQuery { after: 0, limit: 10 };
    assert!(forbidden(&authority.principals(&actor, query).await));
}

#[tokio::test]
async fn a_principal_does_not_delete_itself() {
    let house = House::new().await;
    let actor = house.acting("ann", &["a", WRITE]).await;
    let outcome = house.authority.delete_principal(&actor, &named("ann")).await;
    assert!(matches!(outcome, Err(Error::Conflict(_))));
}

#[tokio::test]
async fn an_edit_of_another_version_is_refused() {
    let house = House::new().await;
    house.principal("ann", &[]).await;
    let email = |text: &str| EditPrincipal { email: Some(text.into()), ..EditPrincipal::default() };
    let edit = async |text: &str, version| {
        house.authority.edit_principal(&house.operator(), &named("ann"), &email(text), version).await
    };
    assert!(edit("one", Some(1)).await.is_ok());
    assert!(matches!(edit("two", Some(1)).await, Err(Error::Stale("principal"))));
    assert!(edit("two", Some(2)).await.is_ok());
}

#[tokio::test]
async fn an_unheard_of_role_is_named_by_its_place() {
    let house = House::new().await;
    house.role("one", &["a"]).await;
    let new = new_principal("ann", &["one", "two"]);
    let Err(Error::Invalid(wrong)) = house.authority.create_principal(&house.operator(), &new, None).await
    else {
        panic!("it was made");
    };
    assert_eq!(wrong[0].field, "roles[1]");
}
