//! The echo: a spent text and the key of the rotation that spent it hear the new text once more, and nothing else.

use crate::house::{House, NATIVE, ask, ask_acme, new_principal, new_realm, new_role, once};
use counterfoil_core::authority::{Actor, Edit, EditPrincipal, EditRole, Idempotency, Issue, Issued};
use counterfoil_core::error::{Error, Unauthenticated};
use jiff::SignedDuration;
use std::net::IpAddr;

const ALL: [&str; 2] = ["a", "counterfoil.tokens.write"];
const NOBODY: Option<IpAddr> = None;

async fn rotate(house: &House, by: &Actor, id: &str, key: Option<&str>) -> Result<Issued, Error> {
    let key = key.map(once);
    house.authority.rotate(by, &NATIVE, id, SignedDuration::ZERO, key.as_ref()).await
}

fn invalid<T>(outcome: &Result<T, Error>) -> bool {
    matches!(outcome, Err(Error::Unauthenticated(Unauthenticated::Invalid)))
}

/// A token that rotated itself under the key `k`: the lost answer, and the echo of the spent text.
async fn rotated(house: &House) -> (Issued, Actor) {
    house.someone("ann", &ALL).await;
    let old = house.token("ann", &ALL).await;
    let new = rotate(house, &house.actor(&old), &old.id, Some("k")).await.unwrap();
    assert!(house.authority.authenticate(old.text.reveal(), "native", None).is_err());
    let echo = house.authority.echo(old.text.reveal(), NOBODY).await.unwrap();
    (new, echo)
}

#[tokio::test]
async fn the_spent_text_with_the_same_key_hears_the_same_new_text() {
    let house = House::new().await;
    let (new, echo) = rotated(&house).await;
    let commits = house.store.commits();
    let again = rotate(&house, &echo, &new.id, Some("k")).await.unwrap();
    assert_eq!(again.text.reveal(), new.text.reveal());
    assert_eq!(house.store.commits(), commits);
    assert!(house.counts(again.text.reveal()));
}

#[tokio::test]
async fn an_older_text_hears_nothing_of_a_later_rotation() {
    let house = House::new().await;
    house.someone("ann", &ALL).await;
    let first = house.token("ann", &ALL).await;
    let second = rotate(&house, &house.actor(&first), &first.id, Some("k1")).await.unwrap();
    let third = rotate(&house, &house.actor(&second), &first.id, Some("k2")).await.unwrap();
    let oldest = house.authority.echo(first.text.reveal(), NOBODY).await.unwrap();
    assert!(invalid(&rotate(&house, &oldest, &first.id, Some("k2")).await));
    let again = rotate(&house, &oldest, &first.id, Some("k1")).await.unwrap();
    assert_eq!(again.text.reveal(), second.text.reveal(), "what it was replaced by, which is over too");
    assert!(!house.counts(again.text.reveal()));
    let older = house.authority.echo(second.text.reveal(), NOBODY).await.unwrap();
    let again = rotate(&house, &older, &first.id, Some("k2")).await.unwrap();
    assert_eq!(again.text.reveal(), third.text.reveal());
}

#[tokio::test]
async fn without_that_key_it_hears_nothing() {
    let house = House::new().await;
    let (new, echo) = rotated(&house).await;
    assert!(invalid(&rotate(&house, &echo, &new.id, None).await));
    assert!(invalid(&rotate(&house, &echo, &new.id, Some("l")).await));
    house.pass(SignedDuration::from_mins(15));
    assert!(invalid(&rotate(&house, &echo, &new.id, Some("k")).await));
}

#[tokio::test]
async fn it_hears_nothing_but_the_rotation_that_spent_it() {
    let house = House::new().await;
    house.someone("ann", &ALL).await;
    let mine = house.token("ann", &ALL).await;
    let other = house.token("ann", &ALL).await;
    let actor = house.actor(&mine);
    rotate(&house, &actor, &other.id, Some("other")).await.unwrap();
    let key = Idempotency { route: "issue".into(), ..once("issue") };
    house.authority.issue(&actor, &NATIVE, &ask(&["a"]), Some(&key)).await.unwrap();
    rotate(&house, &actor, &mine.id, Some("k")).await.unwrap();
    let echo = house.authority.echo(mine.text.reveal(), NOBODY).await.unwrap();
    assert!(invalid(&rotate(&house, &echo, &other.id, Some("other")).await));
    assert!(invalid(&house.authority.issue(&echo, &NATIVE, &ask(&["a"]), Some(&key)).await));
}

#[tokio::test]
async fn it_may_do_nothing_else() {
    let house = House::new().await;
    let (new, echo) = rotated(&house).await;
    let house = &house.authority;
    let listed = house.list(&echo, &NATIVE, &crate::house::all(10)).await.unwrap();
    assert!(listed.tokens.is_empty() && listed.total == 0);
    assert!(house.find(&echo, &NATIVE, &new.id).await.is_err());
    assert!(house.issue(&echo, &NATIVE, &ask(&["a"]), None).await.is_err());
    assert!(house.issue(&echo, &NATIVE, &ask_acme(&["acme.read"]), Some(&once("x"))).await.is_err());
    assert!(house.edit(&echo, &NATIVE, &new.id, &Edit::default(), None).await.is_err());
    assert!(house.revoke(&echo, &NATIVE, &new.id).await.is_err());
    let admin = crate::house::named("admin");
    assert!(house.find_principal(&echo, &admin).await.is_err());
    assert!(house.edit_principal(&echo, &admin, &EditPrincipal::default(), None).await.is_err());
    assert!(house.create_principal(&echo, &new_principal("x", &[]), Some(&once("x"))).await.is_err());
    assert!(house.create_role(&echo, &new_role("x", &["a"]), Some(&once("x"))).await.is_err());
    let role = crate::house::named("administrator");
    assert!(house.edit_role(&echo, &role, &EditRole::default(), None).await.is_err());
    assert!(house.create_realm(&echo, &new_realm("x"), Some(&once("x"))).await.is_err());
    assert!(house.realms(&echo).await.is_err());
    assert!(house.journal(&echo, &counterfoil_core::authority::JournalQuery::default()).await.is_err());
}

#[tokio::test]
async fn only_a_spent_text_of_a_token_that_counts_has_an_echo() {
    let house = House::new().await;
    let echo = async |text: &str| house.authority.echo(text, NOBODY).await.is_some();
    assert!(!echo("nobody").await && !echo(&house.first).await);
    house.someone("ann", &ALL).await;
    let old = house.token("ann", &ALL).await;
    rotate(&house, &house.operator(), &old.id, Some("k")).await.unwrap();
    assert!(echo(old.text.reveal()).await);
    house.set_disabled("ann", true).await;
    assert!(!echo(old.text.reveal()).await, "its principal is disabled");
    house.set_disabled("ann", false).await;
    house.authority.revoke(&house.operator(), &NATIVE, &old.id).await.unwrap();
    assert!(!echo(old.text.reveal()).await, "it is revoked");
}

#[tokio::test]
async fn an_echo_comes_only_from_where_the_token_counts() {
    let house = House::new().await;
    let networks = vec!["10.0.0.0/8".parse().unwrap()];
    let old = house.issue(&Issue { networks, ..ask(&["a"]) }).await;
    rotate(&house, &house.operator(), &old.id, Some("k")).await.unwrap();
    let from = async |address: &str| house.authority.echo(old.text.reveal(), address.parse().ok()).await;
    assert!(from("10.0.0.1").await.is_some());
    assert!(from("192.0.2.1").await.is_none() && from("nowhere").await.is_none());
}
