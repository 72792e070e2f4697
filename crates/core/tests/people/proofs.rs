//! Proofs: whatever is wrong, the refusal is the same for the same work; failures lock a principal for one network.

use crate::house::{DAY, House, MANY, MINUTE, ONE, PASSWORD, SOMEWHERE, door, is_silent, named};
use counterfoil_core::journal::Action;
use counterfoil_core::secret::Secret;
use counterfoil_core::store::{JournalFilter, Store as _};
use jiff::SignedDuration;

const ELSEWHERE: &str = "198.51.100.7";

impl House {
    /// Fails that often from there.
    async fn fail(&self, username: &str, times: usize, from: &str) {
        for _ in 0..times {
            assert!(is_silent(&self.try_password_at(username, "wrong", &door(from)).await));
        }
    }

    async fn opens(&self, username: &str, from: &str) -> bool {
        let outcome = self.try_password_at(username, PASSWORD, &door(from)).await;
        assert!(outcome.is_ok() || is_silent(&outcome), "{outcome:?}");
        outcome.is_ok()
    }
}

#[tokio::test]
async fn a_password_proves_its_principal_whatever_the_names_case() {
    let house = House::new().await;
    let jane = house.person_with_password(r"CORP\Jane", &["acme.read"]).await;
    for name in [r"CORP\Jane", r"corp\jane", r"CORP\\Jane", r" CORP\Jane "] {
        let proved = house.try_password(name, PASSWORD).await.unwrap();
        assert_eq!((proved.principal.id, &proved.key), (jane.id, &None));
        assert!(house.authority.proven(&proved).unwrap().covers("acme.read"));
    }
}

#[tokio::test]
async fn every_failed_password_reads_the_same_after_one_argon2_and_one_question_to_the_store() {
    let house = House::new().await;
    for name in ["jane", "disabled", "deleted", "locked"] {
        house.person_with_password(name, &["acme.read"]).await;
    }
    house.person("without", &["acme.read"]).await;
    house.set_disabled("disabled", true).await;
    house.authority.delete_principal(&house.operator(), &named("deleted")).await.unwrap();
    house.fail("locked", 3, SOMEWHERE).await;
    for (name, text) in [
        ("nobody", PASSWORD),
        ("jane", "wrong"),
        ("jane", ""),
        ("disabled", PASSWORD),
        ("deleted", PASSWORD),
        ("without", PASSWORD),
        ("without", ""),
        ("locked", PASSWORD),
    ] {
        let (outcome, cost) = house.cost(house.try_password(name, text)).await;
        assert!(is_silent(&outcome), "{name}");
        assert_eq!(cost, [1, 1, 0], "{name}");
    }
    let (outcome, cost) = house.cost(house.try_password("jane", PASSWORD)).await;
    assert!(outcome.is_ok() && cost == [1, 1, 0]);
}

#[tokio::test]
async fn every_failed_key_reads_the_same_after_one_question_to_the_store() {
    let house = House::new().await;
    for name in ["jane", "john", "disabled", "locked", "demoted", "replaced"] {
        house.person(name, &["acme.key", "acme.read"]).await;
    }
    let good = house.key("jane", &ONE, &[]).await;
    let expiring = house.key("jane", &MANY, &[]).await;
    let disabled = house.key("disabled", &ONE, &[]).await;
    let locked = house.key("locked", &ONE, &[]).await;
    let demoted = house.key("demoted", &ONE, &[]).await;
    let replaced = house.key("replaced", &ONE, &[]).await;
    house.set_disabled("disabled", true).await;
    house.set_scopes("demoted", &["acme.read"]).await;
    house.key("replaced", &ONE, &[]).await;
    let wrong = Secret::new("x".repeat(40));
    for _ in 0..3 {
        assert!(is_silent(&house.try_key(&ONE, "locked", &wrong).await));
    }
    house.try_key(&MANY, &expiring.id, &expiring.text).await.unwrap();
    house.clock.pass(DAY * 30);
    for _ in 0..3 {
        assert!(is_silent(&house.try_key(&ONE, "locked", &wrong).await), "the first lock lapsed");
    }
    let attempts = [
        (&ONE, "nobody", &good.text),
        (&ONE, "jane", &wrong),
        (&ONE, "john", &good.text),
        (&ONE, &*good.id, &good.text),
        (&MANY, "jane", &good.text),
        (&MANY, &*expiring.id, &expiring.text),
        (&ONE, "disabled", &disabled.text),
        (&ONE, "locked", &locked.text),
        (&ONE, "demoted", &demoted.text),
        (&ONE, "replaced", &replaced.text),
    ];
    for (number, (rules, claim, text)) in attempts.into_iter().enumerate() {
        // From everywhere else, so that none is refused for the failures before it.
        let from = if claim == "locked" { SOMEWHERE } else { &format!("198.51.100.{number}") };
        let (outcome, cost) = house.cost(house.try_key_at(rules, claim, text, from)).await;
        assert!(is_silent(&outcome), "{claim}");
        assert_eq!(cost, [0, 1, 0], "{claim}");
    }
    let (outcome, cost) = house.cost(house.try_key(&ONE, "JANE", &good.text)).await;
    assert!(outcome.is_ok() && cost == [0, 1, 0]);
    let (outcome, cost) = house.cost(house.try_key(&ONE, "jane", &good.text)).await;
    assert!(outcome.is_ok() && cost == [0, 0, 0], "what proved good is remembered");
    for _ in 0..3 {
        assert!(is_silent(&house.try_key(&ONE, "jane", &wrong).await));
    }
    let (outcome, cost) = house.cost(house.try_key(&ONE, "jane", &good.text)).await;
    assert!(is_silent(&outcome) && cost == [0, 1, 0], "a lock does not tell a right key from a wrong one");
}

#[tokio::test]
async fn a_key_that_is_remembered_ends_with_the_change_that_ends_it() {
    let house = House::new().await;
    for name in ["disabled", "demoted", "replaced", "expired"] {
        house.person(name, &["acme.key"]).await;
        let rules = if name == "expired" { &MANY } else { &ONE };
        let key = house.key(name, rules, &[]).await;
        let claim = if name == "expired" { &*key.id } else { name };
        for _ in 0..2 {
            assert!(house.try_key(rules, claim, &key.text).await.is_ok());
        }
        match name {
            "disabled" => house.set_disabled(name, true).await,
            "demoted" => house.set_scopes(name, &["acme.read"]).await,
            "replaced" => drop(house.key(name, &ONE, &[]).await),
            _ => house.clock.pass(DAY * 400),
        }
        assert!(is_silent(&house.try_key(rules, claim, &key.text).await), "{name}");
    }
}

#[tokio::test]
async fn the_failure_that_locks_costs_what_the_others_cost() {
    let house = House::new().await;
    house.person_with_password("jane", &["acme.key"]).await;
    let wrong = Secret::new("x".repeat(40));
    for _ in 0..4 {
        let (outcome, cost) = house.cost(house.try_password("jane", "wrong")).await;
        assert!(is_silent(&outcome) && cost == [1, 1, 0]);
        let (outcome, cost) = house.cost(house.try_key(&ONE, "jane", &wrong)).await;
        assert!(is_silent(&outcome) && cost == [0, 1, 0]);
    }
    assert!(!house.opens("jane", SOMEWHERE).await, "it holds before it is written down");
}

#[tokio::test]
async fn a_lock_is_of_one_principal_one_network_and_one_kind_of_credential() {
    let house = House::new().await;
    for name in ["jane", "john"] {
        house.person_with_password(name, &["acme.key"]).await;
    }
    let key = house.key("jane", &ONE, &[]).await;
    house.fail("jane", 2, SOMEWHERE).await;
    assert!(
        !house.authority.is_locked_out(house.try_key(&ONE, "jane", &key.text).await.unwrap().principal.id)
    );
    house.fail("jane", 1, SOMEWHERE).await;
    assert!(!house.opens("jane", SOMEWHERE).await);
    assert!(!house.opens("jane", "::ffff:192.0.2.1").await, "a mapped address is the address");
    assert!(house.opens("jane", ELSEWHERE).await && house.opens("john", SOMEWHERE).await);
    let proved = house.try_key(&ONE, "jane", &key.text).await.unwrap();
    assert!(house.authority.is_locked_out(proved.principal.id));
    // In IPv6 a subscriber has a whole /64.
    house.fail("john", 3, "2001:db8::1").await;
    assert!(!house.opens("john", "2001:db8::2").await && house.opens("john", "2001:db8:0:1::1").await);
}

#[tokio::test]
async fn a_lock_from_one_network_takes_none_from_another_off() {
    let house = House::new().await;
    house.person_with_password("jane", &["acme.key"]).await;
    house.fail("jane", 3, SOMEWHERE).await;
    let wrong = Secret::new("x".repeat(40));
    for _ in 0..3 {
        assert!(is_silent(&house.try_key(&ONE, "jane", &wrong).await));
    }
    house.fail("jane", 3, ELSEWHERE).await;
    assert!(!house.opens("jane", SOMEWHERE).await && !house.opens("jane", ELSEWHERE).await);
}

#[tokio::test]
async fn a_lock_lapses_after_a_quarter_of_an_hour_and_counting_begins_anew() {
    let mut house = House::new().await;
    let jane = house.person_with_password("jane", &["acme.key"]).await;
    house.fail("jane", 3, SOMEWHERE).await;
    house.clock.pass(MINUTE * 15 - SignedDuration::from_millis(1));
    assert!(!house.opens("jane", SOMEWHERE).await);
    house.authority.tend().await.unwrap();
    house.reopen().await;
    assert!(!house.opens("jane", SOMEWHERE).await, "it is durable");
    house.clock.pass(SignedDuration::from_millis(1));
    assert!(!house.authority.is_locked_out(jane.id));
    house.fail("jane", 2, SOMEWHERE).await;
    assert!(house.opens("jane", SOMEWHERE).await);
    house.fail("jane", 3, SOMEWHERE).await;
    assert!(!house.opens("jane", SOMEWHERE).await);
    house.clock.pass(MINUTE * 15);
    house.fail("jane", 1, SOMEWHERE).await;
    assert!(house.opens("jane", SOMEWHERE).await, "one failure after a lock is one failure");
    house.authority.flush().await.unwrap();
    let locks = JournalFilter { action: Some(Action::PrincipalLock), ..JournalFilter::default() };
    let lines = house.store.journal(locks, 10).await.unwrap();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0].subject, jane.id.0.to_string());
    assert_eq!(lines[0].detail["network"], "192.0.2.1/32");
}

#[tokio::test]
async fn a_success_clears_the_count() {
    let house = House::new().await;
    house.person_with_password("jane", &["acme.key"]).await;
    for _ in 0..3 {
        house.fail("jane", 2, SOMEWHERE).await;
        assert!(house.opens("jane", SOMEWHERE).await);
    }
}

#[tokio::test]
async fn enabling_and_a_new_password_take_locks_off() {
    let house = House::new().await;
    let jane = house.person_with_password("jane", &["acme.key"]).await;
    for disabled_too in [true, false] {
        house.fail("jane", 3, SOMEWHERE).await;
        if disabled_too {
            house.set_disabled("jane", true).await;
        }
        house.set_disabled("jane", false).await;
        assert!(!house.authority.is_locked_out(jane.id));
        house.fail("jane", 2, SOMEWHERE).await;
        assert!(house.opens("jane", SOMEWHERE).await);
    }
    // One that is written down later takes nothing back.
    house.authority.flush().await.unwrap();
    assert!(!house.authority.is_locked_out(jane.id));
    let enabled = JournalFilter { action: Some(Action::PrincipalEnable), ..JournalFilter::default() };
    assert_eq!(house.store.journal(enabled, 10).await.unwrap().len(), 2);
    // Also what is only counted so far.
    house.fail("jane", 2, SOMEWHERE).await;
    house.set_disabled("jane", false).await;
    house.fail("jane", 2, SOMEWHERE).await;
    assert!(house.opens("jane", SOMEWHERE).await);
    house.fail("jane", 3, SOMEWHERE).await;
    house.set_password("jane", PASSWORD).await;
    assert!(house.opens("jane", SOMEWHERE).await);
}

#[tokio::test]
async fn parallel_guesses_are_counted_one_by_one() {
    let house = House::new().await;
    house.person_with_password("jane", &["acme.key"]).await;
    let wrong = || house.fail("jane", 1, SOMEWHERE);
    tokio::join!(wrong(), wrong(), wrong());
    assert!(!house.opens("jane", SOMEWHERE).await);
}
