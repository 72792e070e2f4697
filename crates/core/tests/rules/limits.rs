//! Limits and quotas: what is spent, by whom, what is left, and what outlives what.

use crate::house::{House, NATIVE, SECOND, ask};
use crate::weather::Fault;
use counterfoil_core::authority::{
    Ask, Check, Edit, EditGate, Issue, Issued, Left, Limited, Passage, Verdict,
};
use counterfoil_core::error::Error;
use counterfoil_core::index::roster::GateFacts;
use counterfoil_core::token::Limit;
use jiff::SignedDuration;
use std::sync::Arc;

/// Every check so far: gate, dialect, outcome, count.
pub(crate) fn tallied(house: &House) -> Vec<String> {
    let mut lines = Vec::new();
    for (gate, tally) in house.authority.tallies() {
        let name = gate.as_ref().map_or("-", |gate| gate.name.as_str());
        let counts = tally.counts();
        lines.extend(
            counts.map(|(dialect, outcome, count)| format!("{name} {dialect} {} {count}", outcome.as_str())),
        );
    }
    lines
}

fn limit(text: &str) -> Limit {
    Limit::parse(text).unwrap()
}

async fn limited(house: &House, text: &str) -> Issued {
    house.issue(&Issue { limit: Some(limit(text)), ..ask(&["a"]) }).await
}

async fn with_quota(house: &House, quota: u64) -> Issued {
    house.issue(&Issue { quota: Some(quota), ..ask(&["a"]) }).await
}

/// What is left of the only limit, or how long to wait.
fn left(verdict: &Verdict) -> Result<u64, SignedDuration> {
    match verdict {
        Verdict::Live(grant) => Ok(grant.left()[0].left),
        Verdict::Limited(limited) => Err(limited.wait),
        other => panic!("{other:?}"),
    }
}

async fn gate(house: &House, name: &str, per: &str) -> Arc<GateFacts> {
    let policy = EditGate { limit: Some(Limit::parse(per)), ..EditGate::default() };
    house.authority.create_gate(&house.operator(), name, &policy, None).await.unwrap();
    house.authority.gate(name).unwrap()
}

fn pass(house: &House, gate: &GateFacts, text: &str) -> Passage {
    house.authority.check(gate, text, &Check { method: "GET", path: "/", address: None })
}

async fn edit(house: &House, id: &str, edit: &Edit) {
    house.authority.edit(&house.operator(), &NATIVE, id, edit, None).await.unwrap();
}

#[tokio::test]
async fn a_limited_token_has_its_burst_then_waits() {
    let house = House::new().await;
    let token = limited(&house, "3/1m").await;
    let text = token.text.reveal();
    for remain in [2, 1, 0] {
        assert_eq!(left(&house.verdict(text)), Ok(remain));
    }
    assert_eq!(left(&house.verdict(text)), Err(SECOND * 20));
    house.pass(SignedDuration::from_millis(19_001));
    assert_eq!(left(&house.verdict(text)), Err(SECOND), "waits are rounded up");
    house.pass(SECOND);
    assert_eq!(left(&house.verdict(text)), Ok(0));
    house.pass(SECOND * 60);
    house.authority.tend().await.unwrap();
    assert_eq!(left(&house.verdict(text)), Ok(2));
    assert_eq!(tallied(&house), ["- native live 5", "- native limited 2"]);
}

#[tokio::test]
async fn only_what_counts_is_spent() {
    let house = House::new().await;
    let token = limited(&house, "1/1m").await;
    let text = token.text.reveal();
    assert!(!house.counts_for(text, "b"));
    assert!(matches!(house.authority.tell(text, &Ask::default()), Verdict::Live(_)));
    assert_eq!(left(&house.verdict(text)), Ok(0));
    // Who has to wait counts all the same.
    assert!(matches!(house.authority.tell(text, &Ask::default()), Verdict::Live(_)));
    let stored = house.authority.find(&house.operator(), &NATIVE, &token.id).await.unwrap();
    assert_eq!(stored.token.uses, 1);
    let exhausted = with_quota(&house, 1).await;
    for live in [true, false] {
        let told = house.authority.tell(exhausted.text.reveal(), &Ask::default());
        assert_eq!(matches!(told, Verdict::Live(_)), live);
        house.counts(exhausted.text.reveal());
    }
}

#[tokio::test]
async fn a_limited_token_is_limited_at_our_own_api() {
    let house = House::new().await;
    let token = limited(&house, "1/1m").await;
    house.actor(&token);
    let refused = house.authority.authenticate(token.text.reveal(), "native", None).unwrap_err();
    let wait = SECOND * 60;
    assert!(matches!(refused, Error::TooMany { after } if after == wait), "{refused:?}");
    let exhausted = with_quota(&house, 1).await;
    house.actor(&exhausted);
    let refused = house.authority.authenticate(exhausted.text.reveal(), "native", None).unwrap_err();
    assert!(matches!(refused, Error::TooMany { after } if after.is_zero()), "{refused:?}");
    assert_eq!(refused.to_string(), "the credential was used as often as it may be");
}

#[tokio::test]
async fn both_texts_of_a_token_spend_the_same() {
    let house = House::new().await;
    let old = limited(&house, "2/1m").await;
    let new = house.rotate(&old.id, SECOND * 60).await.unwrap();
    assert_eq!(left(&house.verdict(old.text.reveal())), Ok(1));
    assert_eq!(left(&house.verdict(new.text.reveal())), Ok(0));
    assert!(left(&house.verdict(old.text.reveal())).is_err());
}

#[tokio::test]
async fn a_gates_limit_is_each_tokens_own_and_beside_its_limit() {
    let house = House::new().await;
    let front = gate(&house, "front", "2/1m").await;
    let back = gate(&house, "back", "2/1m").await;
    let (one, other) = (limited(&house, "3/10m").await, house.token("admin", &["a"]).await);
    for text in [one.text.reveal(), other.text.reveal()] {
        for _ in 0..2 {
            assert!(matches!(pass(&house, &front, text), Passage::Open(_)));
        }
    }
    let Passage::Limited(Limited { wait, left }) = pass(&house, &front, one.text.reveal()) else { panic!() };
    assert_eq!(wait, SECOND * 30);
    let of = |policy, most, per, left, eases| Left {
        policy,
        most,
        per: Some(SECOND * per),
        left,
        eases: SECOND * eases,
    };
    assert_eq!(left, [of("token", 3, 600, 1, 200), of("gate", 2, 60, 0, 30)]);
    // What the gate refused is not taken off the token, and the other way round.
    assert!(matches!(pass(&house, &back, one.text.reveal()), Passage::Open(_)));
    let Passage::Limited(Limited { wait, left }) = pass(&house, &back, one.text.reveal()) else { panic!() };
    assert_eq!((wait, left[1].left), (SECOND * 200, 1));
    assert_eq!(
        {
            let mut lines = tallied(&house);
            lines.sort();
            lines
        },
        ["back native limited 1", "back native live 1", "front native limited 1", "front native live 4"]
    );
}

#[tokio::test]
async fn a_gate_that_is_edited_keeps_its_counts_and_one_that_is_deleted_takes_them_along() {
    let house = House::new().await;
    let front = gate(&house, "front", "1/1m").await;
    let token = house.token("admin", &["a"]).await;
    pass(&house, &front, token.text.reveal());
    let wider = EditGate { limit: Some(Some(limit("2/1m"))), ..EditGate::default() };
    house.authority.edit_gate(&house.operator(), "front", &wider, None).await.unwrap();
    let front = house.authority.gate("front").unwrap();
    assert!(matches!(pass(&house, &front, token.text.reveal()), Passage::Open(_)));
    assert!(matches!(pass(&house, &front, token.text.reveal()), Passage::Limited(_)));
    house.store.strike(&[Fault::Before]);
    assert!(house.try_issue(&house.operator(), &ask(&["a"])).await.is_err());
    house.authority.tend().await.unwrap();
    assert_eq!(tallied(&house), ["front native live 2", "front native limited 1"], "read anew");
    house.authority.delete_gate(&house.operator(), "front").await.unwrap();
    assert_eq!(tallied(&house), [] as [&str; 0]);
}

#[tokio::test]
async fn a_limit_is_changed_and_taken_away_at_once() {
    let house = House::new().await;
    let token = limited(&house, "1/1h").await;
    let text = token.text.reveal();
    assert_eq!(left(&house.verdict(text)), Ok(0));
    let wider = Edit { limit: Some(Some(limit("3/1h"))), ..Edit::default() };
    edit(&house, &token.id, &wider).await;
    assert_eq!(left(&house.verdict(text)), Ok(1));
    edit(&house, &token.id, &Edit { limit: Some(None), ..Edit::default() }).await;
    let Verdict::Live(grant) = house.verdict(text) else { panic!() };
    assert_eq!(grant.left(), []);
}

#[tokio::test]
async fn what_cannot_be_counted_is_no_limit() {
    let house = House::new().await;
    for (limit, quota, field) in [
        (Some(limit("0/1m")), None, "limit"),
        (Some(limit("1/367d")), None, "limit"),
        (None, Some(0), "quota"),
    ] {
        let refused = house.try_issue(&house.operator(), &Issue { limit, quota, ..ask(&["a"]) }).await;
        let Err(Error::Invalid(wrong)) = refused else { panic!("{refused:?}") };
        assert_eq!(wrong[0].field, field);
    }
}

#[tokio::test]
async fn a_quota_outlives_a_restart_and_a_reading_anew() {
    let mut house = House::new().await;
    let token = with_quota(&house, 5).await;
    let text = token.text.reveal().to_owned();
    assert_eq!(left(&house.verdict(&text)), Ok(4));
    house.authority.flush().await.unwrap();
    assert_eq!(left(&house.verdict(&text)), Ok(3));
    // One is written down, one is not.
    house.store.strike(&[Fault::After]);
    assert!(house.try_issue(&house.operator(), &ask(&["a"])).await.is_err());
    house.authority.tend().await.unwrap();
    assert_eq!(left(&house.verdict(&text)), Ok(2));
    house.authority.flush().await.unwrap();
    assert_eq!(house.stored(&token.id).await.uses, 3);
    house.reopen().await;
    assert_eq!(left(&house.verdict(&text)), Ok(1));
    assert_eq!(left(&house.verdict(&text)), Ok(0));
    assert_eq!(left(&house.verdict(&text)), Err(SignedDuration::ZERO));
    house.reopen().await;
    assert_eq!(left(&house.verdict(&text)), Ok(1), "a crash forgives what was not written down");
}

#[tokio::test]
async fn a_quota_counts_the_uses_before_it_was_set() {
    let house = House::new().await;
    let token = house.token("admin", &["a"]).await;
    let text = token.text.reveal();
    assert!(house.counts(text));
    house.authority.flush().await.unwrap();
    assert!(house.counts(text));
    edit(&house, &token.id, &Edit { quota: Some(Some(3)), ..Edit::default() }).await;
    assert_eq!(left(&house.verdict(text)), Ok(0));
    assert!(!house.counts(text));
    edit(&house, &token.id, &Edit { quota: Some(Some(4)), ..Edit::default() }).await;
    assert_eq!(left(&house.verdict(text)), Ok(0));
    edit(&house, &token.id, &Edit { quota: Some(None), ..Edit::default() }).await;
    assert!(house.counts(text));
    let shown = house.authority.find(&house.operator(), &NATIVE, &token.id).await.unwrap();
    assert_eq!(shown.token.uses, 5);
}

#[tokio::test]
async fn a_quota_and_a_limit_are_spent_together_or_not_at_all() {
    let house = House::new().await;
    let both = Issue { limit: Some(limit("1/1m")), quota: Some(2), ..ask(&["a"]) };
    let token = house.issue(&both).await;
    let text = token.text.reveal();
    assert!(house.counts(text));
    for _ in 0..5 {
        assert_eq!(left(&house.verdict(text)), Err(SECOND * 60));
    }
    house.pass(SECOND * 60);
    assert!(house.counts(text));
    house.pass(SECOND * 60);
    assert_eq!(left(&house.verdict(text)), Err(SignedDuration::ZERO), "no waiting helps");
}

#[tokio::test]
async fn what_many_spend_at_once_is_never_more_than_there_is() {
    let house = Arc::new(House::new().await);
    let token = house.issue(&Issue { limit: Some(limit("100/1h")), quota: Some(70), ..ask(&["a"]) }).await;
    let text: Arc<str> = token.text.reveal().into();
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let (house, text) = (Arc::clone(&house), Arc::clone(&text));
            std::thread::spawn(move || (0..50).filter(|_| house.counts(&text)).count())
        })
        .collect();
    let live: usize = threads.into_iter().map(|thread| thread.join().unwrap()).sum();
    assert_eq!(live, 70);
    house.authority.flush().await.unwrap();
    assert_eq!(house.stored(&token.id).await.uses, 70);
}
