//! Roles: what they say holds at once, and nobody widens their own.

use crate::house::{House, ask, named, new_role, strings};
use counterfoil_core::authority::{EditRole, Issue, NewRole, Which};
use counterfoil_core::error::Error;

const WRITE: &str = "counterfoil.roles.write";

fn scopes(scopes: &[&str]) -> EditRole {
    EditRole { scopes: Some(strings(scopes)), name: None }
}

fn forbidden<T>(outcome: &Result<T, Error>) -> bool {
    matches!(outcome, Err(Error::Forbidden { .. }))
}

#[tokio::test]
async fn a_role_edit_holds_at_once_for_personal_tokens_and_for_giving() {
    let house = House::new().await;
    house.someone("ann", &["a"]).await;
    let mine = house.issue(&Issue { personal: true, principal: Some("ann".into()), ..ask(&["a"]) }).await;
    let actor = house.actor(&house.token("ann", &["a", "b"]).await);
    assert!(forbidden(&house.try_issue(&actor, &ask(&["b"])).await));
    house.set_role("role of ann", &["b"]).await;
    assert!(!house.counts_for(mine.text.reveal(), "a"));
    assert!(house.try_issue(&actor, &ask(&["b"])).await.is_ok());
    assert!(forbidden(&house.try_issue(&actor, &ask(&["a"])).await));
}

#[tokio::test]
async fn nobody_widens_a_role_they_hold() {
    let house = House::new().await;
    let actor = house.acting("ann", &["a", WRITE]).await;
    for wider in [&["a", WRITE, "z"][..], &["*"], &["counterfoil.tokens.write"]] {
        let outcome = house.authority.edit_role(&actor, &named("role of ann"), &scopes(wider), None).await;
        assert!(forbidden(&outcome), "{wider:?}");
    }
    assert!(house.authority.edit_role(&actor, &named("role of ann"), &scopes(&[WRITE]), None).await.is_ok());
    let back = house.authority.edit_role(&actor, &named("role of ann"), &scopes(&["a", WRITE]), None).await;
    assert!(forbidden(&back), "what one gave away one cannot take back");
}

#[tokio::test]
async fn nobody_makes_or_touches_a_role_above_them() {
    let house = House::new().await;
    let actor = house.acting("ann", &["a", WRITE]).await;
    house.role("high", &["a", "z"]).await;
    let authority = &house.authority;
    for above in ["high", "administrator"] {
        let renamed = EditRole { name: Some("renamed".into()), scopes: None };
        for edit in [&scopes(&["a"]), &renamed, &EditRole::default()] {
            assert!(forbidden(&authority.edit_role(&actor, &named(above), edit, None).await), "{above}");
        }
        assert!(forbidden(&authority.delete_role(&actor, &named(above)).await), "{above}");
    }
    assert!(forbidden(&authority.create_role(&actor, &new_role("mine", &["z"]), None).await));
    assert!(authority.create_role(&actor, &new_role("mine", &["a"]), None).await.is_ok());
}

#[tokio::test]
async fn everything_is_in_the_role_administrator_only() {
    let house = House::new().await;
    let operator = house.operator();
    let outcome = house.authority.create_role(&operator, &new_role("other", &["*"]), None).await;
    assert!(matches!(outcome, Err(Error::Invalid(_))));
    house.role("other", &["a"]).await;
    let outcome = house.authority.edit_role(&operator, &named("other"), &scopes(&["a", "*"]), None).await;
    assert!(matches!(outcome, Err(Error::Invalid(_))));
}

#[tokio::test]
async fn without_the_scope_nothing_is_changed_or_read() {
    let house = House::new().await;
    let actor = house.acting("ann", &["a"]).await;
    let (authority, own) = (&house.authority, named("role of ann"));
    assert!(forbidden(&authority.create_role(&actor, &new_role("x", &["a"]), None).await));
    assert!(forbidden(&authority.edit_role(&actor, &own, &scopes(&["a"]), None).await));
    assert!(forbidden(&authority.delete_role(&actor, &own).await));
    assert!(forbidden(&authority.find_role(&actor, &own).await));
    assert!(forbidden(&authority.roles(&actor, 0, 10).await));
}

#[tokio::test]
async fn a_role_that_is_held_is_not_deleted() {
    let house = House::new().await;
    house.someone("ann", &["a"]).await;
    let operator = house.operator();
    let delete = async || house.authority.delete_role(&operator, &named("role of ann")).await;
    assert!(matches!(delete().await, Err(Error::Conflict(_))));
    house.set_roles("ann", &[]).await;
    delete().await.unwrap();
    assert!(matches!(delete().await, Err(Error::NotFound("role"))));
}

#[tokio::test]
async fn deleting_a_role_and_giving_it_never_both_succeed() {
    let house = House::new().await;
    house.principal("ann", &[]).await;
    let operator = house.operator();
    for seed in 1..60 {
        house.store.delay(0);
        house.role("r", &["a"]).await;
        house.store.delay(seed);
        let give = crate::house::new_principal(&format!("p{seed}"), &["r"]);
        let role = named("r");
        let (deleted, given) = tokio::join!(
            house.authority.delete_role(&operator, &role),
            house.authority.create_principal(&operator, &give, None),
        );
        assert_ne!(deleted.is_ok(), given.is_ok(), "{deleted:?} {given:?}");
        house.store.delay(0);
        if let Ok(given) = given {
            house.authority.delete_principal(&operator, &Which::Id(given.principal.id.0)).await.unwrap();
            house.authority.delete_role(&operator, &named("r")).await.unwrap();
        }
    }
}

#[tokio::test]
async fn names_are_one_roles_own_and_numbers_are_given_once() {
    let house = House::new().await;
    let make = async |name: &str, number| {
        let new = NewRole { number, ..new_role(name, &["a"]) };
        house.authority.create_role(&house.operator(), &new, None).await.map(|role| role.number)
    };
    assert_eq!(make("one", None).await.unwrap(), 2);
    assert!(matches!(make("one", None).await, Err(Error::Conflict(_))));
    assert_eq!(make("One", Some(7)).await.unwrap(), 7);
    assert!(matches!(make("two", Some(7)).await, Err(Error::Conflict(_))));
    let rename = EditRole { name: Some("One".into()), scopes: None };
    let outcome = house.authority.edit_role(&house.operator(), &named("one"), &rename, None).await;
    assert!(matches!(outcome, Err(Error::Conflict(_))));
    house.authority.delete_role(&house.operator(), &named("One")).await.unwrap();
    assert_eq!(make("One", None).await.unwrap(), 8);
}

#[tokio::test]
async fn an_edit_of_another_version_is_refused() {
    let house = House::new().await;
    house.role("r", &["a"]).await;
    let edit = async |word: &str, version| {
        house.authority.edit_role(&house.operator(), &named("r"), &scopes(&[word]), version).await
    };
    assert!(edit("b", Some(1)).await.is_ok());
    assert!(matches!(edit("c", Some(1)).await, Err(Error::Stale("role"))));
}
