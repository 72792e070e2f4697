//! Whoever repeats a request hears its outcome again, and nobody else does.

use crate::house::{House, MINUTE, NATIVE, SECOND, ask, named, new_principal, new_realm, new_role, once};
use crate::weather::Fault;
use counterfoil_core::authority::{Actor, Claim, Door, Idempotency, Issued};
use counterfoil_core::error::Error;
use counterfoil_core::realm::RealmId;
use counterfoil_core::replay::ReplayKey;
use counterfoil_core::secret::Secret;
use counterfoil_core::store::{Change, Key, Record, Store as _, Write};
use jiff::SignedDuration;

async fn issue(house: &House, actor: &Actor, key: &Idempotency) -> Result<Issued, Error> {
    house.authority.issue(actor, &NATIVE, &ask(&["a"]), Some(key)).await
}

/// Everything about an outcome that a dialect could word.
fn whole(issued: &Issued) -> String {
    format!("{issued:?} {}", issued.text.reveal())
}

#[tokio::test]
async fn an_issue_repeated_gives_the_same_token() {
    let house = House::new().await;
    let operator = house.operator();
    let first = issue(&house, &operator, &once("k")).await.unwrap();
    house.pass(SECOND);
    let commits = house.store.commits();
    let again = issue(&house, &operator, &once("k")).await.unwrap();
    assert_eq!(whole(&again), whole(&first));
    assert_eq!(house.store.commits(), commits);
    let other = issue(&house, &operator, &once("l")).await.unwrap();
    assert_ne!(other.id, first.id);
}

#[tokio::test]
async fn a_rotation_repeated_gives_the_same_text() {
    let house = House::new().await;
    let token = house.token("admin", &["a"]).await;
    let rotate = async |key: &str| {
        let key = once(key);
        house.authority.rotate(&house.operator(), &NATIVE, &token.id, MINUTE, Some(&key)).await.unwrap()
    };
    let first = rotate("k").await;
    house.pass(SECOND);
    assert_eq!(whole(&rotate("k").await), whole(&first));
    assert!(house.counts(first.text.reveal()));
    assert_ne!(whole(&rotate("l").await), whole(&first));
}

#[tokio::test]
async fn principals_roles_and_realms_are_made_once() {
    let house = House::new().await;
    let (authority, operator, key) = (&house.authority, house.operator(), once("k"));
    let routed = |route: &str| Idempotency { route: route.into(), ..key.clone() };
    for _ in 0..2 {
        let key = routed("role");
        let role = authority.create_role(&operator, &new_role("r", &["a"]), Some(&key)).await.unwrap();
        assert_eq!(role.number, 2);
        let key = routed("principal");
        let new = new_principal("ann", &["r"]);
        let made = authority.create_principal(&operator, &new, Some(&key)).await.unwrap();
        assert_eq!(made.principal.number, 2);
    }
    let key = routed("realm");
    let (one, first) = authority.create_realm(&operator, &new_realm("two"), Some(&key)).await.unwrap();
    let (other, again) = authority.create_realm(&operator, &new_realm("two"), Some(&key)).await.unwrap();
    assert_eq!((one, whole(&first)), (other, whole(&again)));
}

#[tokio::test]
async fn another_request_under_the_same_key_is_a_conflict() {
    let house = House::new().await;
    let operator = house.operator();
    issue(&house, &operator, &once("k")).await.unwrap();
    let other = Idempotency { request: [8; 32], ..once("k") };
    assert!(matches!(issue(&house, &operator, &other).await, Err(Error::Conflict(_))));
    let elsewhere = Idempotency { route: "POST /others".into(), ..other };
    assert!(issue(&house, &operator, &elsewhere).await.is_ok(), "another route is another request");
}

#[tokio::test]
async fn after_fifteen_minutes_a_key_is_new_again() {
    let house = House::new().await;
    let operator = house.operator();
    let first = issue(&house, &operator, &once("k")).await.unwrap();
    house.pass(SignedDuration::from_mins(15) - SignedDuration::from_millis(1));
    assert_eq!(issue(&house, &operator, &once("k")).await.unwrap().id, first.id);
    house.pass(SignedDuration::from_millis(1));
    let other = Idempotency { request: [8; 32], ..once("k") };
    assert_ne!(issue(&house, &operator, &other).await.unwrap().id, first.id);
}

#[tokio::test]
async fn each_actors_keys_are_its_own() {
    let house = House::new().await;
    let ann = house.acting("ann", &["a"]).await;
    let bob = house.acting("bob", &["a"]).await;
    let second = house.actor(&house.token("ann", &["a"]).await);
    let mut ids = Vec::new();
    for actor in [&ann, &bob, &second, &house.operator()] {
        ids.push(issue(&house, actor, &once("k")).await.unwrap().id);
    }
    let (elsewhere, _) = house.realm("two").await;
    ids.push(issue(&house, &elsewhere, &once("k")).await.unwrap().id);
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 5);
}

#[tokio::test]
async fn two_at_once_under_one_key_strike_once() {
    let house = House::new().await;
    let (operator, key) = (house.operator(), once("k"));
    for seed in 1..50 {
        house.store.delay(seed);
        let key = Idempotency { key: seed.to_string(), ..key.clone() };
        let (before, lines) = (house.store.commits(), house.lines(0).await.len());
        let (one, other) = tokio::join!(issue(&house, &operator, &key), issue(&house, &operator, &key));
        let (one, other) = (one.unwrap(), other.unwrap());
        assert_eq!(whole(&one), whole(&other));
        assert!(house.counts(one.text.reveal()));
        assert_eq!(house.store.commits(), before + 1);
        assert_eq!(house.lines(0).await.len(), lines + 1);
    }
}

#[tokio::test]
async fn two_rotations_at_once_under_one_key_strike_once() {
    let house = House::new().await;
    let operator = house.operator();
    for seed in 1..50 {
        let token = house.token("admin", &["a"]).await;
        house.store.delay(seed);
        let key = once(&seed.to_string());
        let rotate =
            || house.authority.rotate(&operator, &NATIVE, &token.id, SignedDuration::ZERO, Some(&key));
        let (one, other) = tokio::join!(rotate(), rotate());
        let (one, other) = (one.unwrap(), other.unwrap());
        assert_eq!(whole(&one), whole(&other));
        assert!(house.counts(one.text.reveal()) && !house.counts(token.text.reveal()));
        house.store.delay(0);
    }
}

#[tokio::test]
async fn a_request_that_failed_may_be_repeated() {
    let house = House::new().await;
    let actor = house.acting("ann", &["a"]).await;
    let wide = ask(&["a", "b"]);
    assert!(house.authority.issue(&actor, &NATIVE, &wide, Some(&once("k"))).await.is_err());
    house.set_role("role of ann", &["a", "b"]).await;
    assert!(issue(&house, &actor, &once("k")).await.is_ok());
}

#[tokio::test]
async fn a_lost_answer_is_found_again_by_its_key() {
    let house = House::new().await;
    let operator = house.operator();
    house.store.strike(&[Fault::After]);
    assert!(matches!(issue(&house, &operator, &once("k")).await, Err(Error::Unavailable(_))));
    let again = issue(&house, &operator, &once("k")).await.unwrap();
    house.authority.settle().await.unwrap();
    assert!(house.counts(again.text.reveal()));
    house.store.strike(&[Fault::Before]);
    assert!(issue(&house, &operator, &once("l")).await.is_err());
    let anew = issue(&house, &operator, &once("l")).await.unwrap();
    assert!(house.counts(anew.text.reveal()));
}

#[tokio::test]
async fn a_record_moved_under_another_key_does_not_open() {
    let house = House::new().await;
    let operator = house.operator();
    issue(&house, &operator, &once("k")).await.unwrap();
    let place = |key: &str| ReplayKey {
        realm: RealmId(1),
        actor: "operator".into(),
        route: once(key).route,
        key: key.into(),
    };
    let Some(Record::Replay(mut replay)) = house.store.find(Key::Replay(place("k"))).await.unwrap() else {
        panic!("the outcome was not kept");
    };
    replay.key = place("l");
    let writes = vec![Write::Insert(Record::Replay(replay))];
    house.store.commit(Change { at: house.authority.now(), writes, journal: Vec::new() }).await.unwrap();
    assert!(matches!(issue(&house, &operator, &once("l")).await, Err(Error::Unavailable(_))));
}

#[tokio::test]
async fn whoever_brings_a_password_shares_no_key_with_another() {
    let house = House::new().await;
    let mut issued = Vec::new();
    let by_operator = issue(&house, &house.operator(), &once("k")).await.unwrap();
    for username in ["ann", "bob"] {
        house.someone(username, &["a"]).await;
        let password = || Secret::new("correct-horse".to_owned());
        house.authority.set_password(&house.operator(), &named(username), password()).await.unwrap();
        let claim = Claim::Password { username, text: password() };
        let door = Door { address: None, code: None, threshold: 3, keys_need: None };
        let proved = house.authority.prove(RealmId(1), claim, &door).await.unwrap();
        let actor = house.authority.proven(&proved).unwrap();
        let once = once("k");
        issued.push(issue(&house, &actor, &once).await.unwrap());
        assert_eq!(whole(&issue(&house, &actor, &once).await.unwrap()), whole(&issued[issued.len() - 1]));
    }
    assert!(issued[0].id != issued[1].id && issued.iter().all(|one| one.id != by_operator.id));
}
