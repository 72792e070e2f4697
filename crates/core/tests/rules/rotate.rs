//! Rotate: a new text, the same token.

use crate::house::{ACME, House, MINUTE, NATIVE, SECOND, ask, ask_acme};
use counterfoil_core::authority::{Edit, Issue};
use counterfoil_core::error::Error;
use counterfoil_core::store::{Query, Record, Store as _};
use counterfoil_core::token::TextState;
use jiff::SignedDuration;

/// The states of the texts that are not spent.
async fn texts(house: &House, id: &str) -> Vec<TextState> {
    let number = house.stored(id).await.number;
    let records = house.store.list(Query::Texts(number)).await.unwrap();
    let state = |record| if let Record::Text(text) = record { text.state } else { panic!("no text") };
    records.into_iter().map(state).collect()
}

#[tokio::test]
async fn a_rotation_keeps_the_record_and_spends_the_text() {
    let house = House::new().await;
    let old = house.token("admin", &["a"]).await;
    let before = house.stored(&old.id).await;
    house.pass(SECOND);
    let new = house.rotate(&old.id, SignedDuration::ZERO).await.unwrap();
    let mut after = house.stored(&old.id).await;
    assert_eq!(after.version, before.version + 1);
    after.version = before.version;
    assert_eq!(after, before);
    assert!(!house.counts(old.text.reveal()) && house.counts(new.text.reveal()));
    assert!(new.text.reveal().starts_with(&*old.id));
    assert_eq!(texts(&house, &old.id).await, [TextState::Live]);
}

#[tokio::test]
async fn an_overlap_ends_at_its_very_millisecond() {
    let house = House::new().await;
    let old = house.token("admin", &["a"]).await;
    let new = house.rotate(&old.id, MINUTE).await.unwrap();
    assert_eq!(new.overlap_until, Some(house.authority.now() + MINUTE));
    house.pass(MINUTE - SignedDuration::from_millis(1));
    assert!(house.counts(old.text.reveal()) && house.counts(new.text.reveal()));
    house.pass(SignedDuration::from_millis(1));
    assert!(!house.counts(old.text.reveal()) && house.counts(new.text.reveal()));
}

#[tokio::test]
async fn rotating_again_ends_the_overlap() {
    let house = House::new().await;
    let first = house.token("admin", &["a"]).await;
    let second = house.rotate(&first.id, MINUTE).await.unwrap();
    let third = house.rotate(&first.id, MINUTE).await.unwrap();
    assert!(!house.counts(first.text.reveal()));
    assert!(house.counts(second.text.reveal()) && house.counts(third.text.reveal()));
    let fourth = house.rotate(&first.id, SignedDuration::ZERO).await.unwrap();
    assert!(!house.counts(second.text.reveal()) && !house.counts(third.text.reveal()));
    assert!(house.counts(fourth.text.reveal()));
    assert_eq!(house.authority.index_len(), 2, "the first token and the fourth text");
}

#[tokio::test]
async fn an_endless_overlap_ends_with_the_next_rotation() {
    let house = House::new().await;
    let old = house.token("admin", &["a"]).await;
    house.rotate(&old.id, SignedDuration::MAX).await.unwrap();
    assert!(house.counts(old.text.reveal()));
    house.rotate(&old.id, SignedDuration::ZERO).await.unwrap();
    assert!(!house.counts(old.text.reveal()));
}

#[tokio::test]
async fn of_fifty_rotations_at_once_exactly_one_text_lives() {
    let house = House::new().await;
    let old = house.token("admin", &["a"]).await;
    house.store.delay(50);
    let (house, id) = (&house, &old.id);
    let mut all = Vec::new();
    for outcome in crate::interleaved::together((0..50).map(|_| house.rotate(id, SignedDuration::ZERO))).await
    {
        all.push(outcome.unwrap());
    }
    all.push(old);
    let live = all.iter().filter(|issued| house.counts(issued.text.reveal())).count();
    assert_eq!(live, 1);
    assert_eq!(texts(house, &all[0].id).await, [TextState::Live]);
}

#[tokio::test]
async fn a_revoked_token_has_no_more_texts() {
    let house = House::new().await;
    let old = house.token("admin", &["a"]).await;
    house.authority.revoke(&house.operator(), &NATIVE, &old.id).await.unwrap();
    assert!(matches!(house.rotate(&old.id, SECOND).await, Err(Error::Conflict(_))));
    assert!(texts(&house, &old.id).await.is_empty());
}

#[tokio::test]
async fn disabled_and_expired_tokens_may_be_rotated_and_stay_what_they_are() {
    let mut house = House::new().await;
    let issued = house.issue(&Issue { expires: Some("now+1m".into()), ..ask(&["a"]) }).await;
    let set = |enabled| Edit { enabled: Some(enabled), ..Edit::default() };
    house.authority.edit(&house.operator(), &NATIVE, &issued.id, &set(false), None).await.unwrap();
    let second = house.rotate(&issued.id, SignedDuration::ZERO).await.unwrap();
    assert!(!house.counts(second.text.reveal()));
    house.authority.edit(&house.operator(), &NATIVE, &issued.id, &set(true), None).await.unwrap();
    assert!(house.counts(second.text.reveal()));
    house.pass(MINUTE);
    house.reopen().await;
    let third = house.rotate(&issued.id, MINUTE).await.unwrap();
    assert!(!house.counts(third.text.reveal()));
    let longer = Edit { expires: Some("30d".into()), ..Edit::default() };
    house.authority.edit(&house.operator(), &NATIVE, &issued.id, &longer, None).await.unwrap();
    assert!(house.counts(third.text.reveal()) && house.counts(second.text.reveal()));
    assert!(!house.counts(issued.text.reveal()));
}

#[tokio::test]
async fn a_rotation_through_a_dialects_window_reaches_its_own_tokens_only() {
    let house = House::new().await;
    let native = house.token("admin", &["a"]).await;
    let vendor = house.issue(&ask_acme(&["acme.read"])).await;
    let operator = house.operator();
    let through = async |id: &str| house.authority.rotate(&operator, &ACME, id, SECOND, None).await;
    assert!(matches!(through(&native.id).await, Err(Error::NotFound("token"))));
    assert!(through(&vendor.id).await.unwrap().text.reveal().starts_with("acme."));
}
