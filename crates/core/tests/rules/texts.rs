//! Texts that a vendor shows again: sealed, opened for whoever may read all of that vendor's, gone when they are over.

use crate::house::{ACME, House, MINUTE, NATIVE, SECOND, all, ask, ask_acme};
use counterfoil_core::authority::{Actor, Issue, Issued, View};
use counterfoil_core::error::Error;
use counterfoil_core::scope::ScopeSet;
use counterfoil_core::store::{Change, Query, Record, Store as _, Write};
use counterfoil_core::token::{Text, TextState};
use jiff::SignedDuration;

/// Every text that the actor is shown in this view.
async fn shown(house: &House, actor: &Actor, view: &View) -> Result<Vec<String>, Error> {
    let listing = house.authority.list(actor, view, &all(100)).await?;
    let texts = house.authority.with_texts(actor, view, listing.tokens).await?;
    Ok(texts.into_iter().map(|(_, text)| text.reveal().to_owned()).collect())
}

/// What is kept of the texts of a token that are not spent.
async fn kept(house: &House, issued: &Issued) -> Vec<Text> {
    let number = house.stored(&issued.id).await.number;
    let texts = house.store.list(Query::Texts(number)).await.unwrap();
    let text = |record| if let Record::Text(text) = record { text } else { panic!("no text") };
    texts.into_iter().map(text).collect()
}

#[tokio::test]
async fn only_what_is_shown_again_is_sealed_and_never_in_the_clear() {
    let house = House::new().await;
    let native = house.token("admin", &["a"]).await;
    assert!(kept(&house, &native).await.iter().all(|text| text.sealed.is_none()));
    let acme = house.issue(&ask_acme(&["a"])).await;
    let texts = kept(&house, &acme).await;
    let sealed = texts[0].sealed.as_deref().unwrap();
    let text = acme.text.reveal().as_bytes();
    assert!(sealed.len() == 12 + text.len() + 16 && !sealed.windows(8).any(|part| text.starts_with(part)));
    assert_eq!(shown(&house, &house.operator(), &ACME).await.unwrap(), [acme.text.reveal()]);
}

#[tokio::test]
async fn whoever_may_not_read_all_is_shown_none() {
    let house = House::new().await;
    let acme = house.issue(&ask_acme(&["a"])).await;
    let reader = house.acting("reader", &["acme.read"]).await;
    assert_eq!(shown(&house, &reader, &ACME).await.unwrap(), [acme.text.reveal()]);
    let writer = house.acting("writer", &["acme.write"]).await;
    assert!(matches!(shown(&house, &writer, &ACME).await, Err(Error::Forbidden { .. })));
    let personal = Issue { personal: true, principal: Some("reader".into()), ..ask(&["acme.read"]) };
    let personal = house.actor(&house.issue(&personal).await);
    assert!(matches!(shown(&house, &personal, &ACME).await, Err(Error::Forbidden { .. })));
    // The window on everything shows no vendor's secrets, not even to the operator.
    assert!(matches!(shown(&house, &house.operator(), &NATIVE).await, Err(Error::Forbidden { .. })));
}

#[tokio::test]
async fn what_is_over_is_not_kept() {
    let house = House::new().await;
    let first = house.issue(&ask_acme(&["a"])).await;
    house.pass(SECOND);
    let second = house.rotate(&first.id, MINUTE).await.unwrap();
    assert_eq!(shown(&house, &house.operator(), &ACME).await.unwrap(), [second.text.reveal()]);
    let texts = kept(&house, &first).await;
    let sealed = texts.iter().map(|text| (text.state, text.sealed.is_some())).collect::<Vec<_>>();
    assert_eq!(sealed, [(TextState::Live, true), (TextState::Overlap, false)]);
    house.authority.revoke(&house.operator(), &NATIVE, &first.id).await.unwrap();
    for text in texts {
        let found = house.store.find(counterfoil_core::store::Key::Text(text.digest)).await.unwrap();
        assert!(matches!(found, Some(Record::Text(Text { state: TextState::Spent, sealed: None, .. }))));
    }
    assert!(shown(&house, &house.operator(), &ACME).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_sealed_text_opens_beside_no_other_digest() {
    let house = House::new().await;
    let (one, other) = (house.issue(&ask_acme(&["a"])).await, house.issue(&ask_acme(&["a"])).await);
    let (mut one, other) = (kept(&house, &one).await.remove(0), kept(&house, &other).await.remove(0));
    one.sealed = other.sealed;
    let writes = vec![Write::Update(Record::Text(one))];
    house.store.commit(Change { at: house.authority.now(), writes, journal: Vec::new() }).await.unwrap();
    assert!(matches!(shown(&house, &house.operator(), &ACME).await, Err(Error::Unavailable(_))));
}

#[tokio::test]
async fn a_token_without_scopes_is_for_views_that_have_such() {
    let house = House::new().await;
    let (operator, scopeless) = (house.operator(), View { scopeless: true, ..ACME });
    let issue = async |view: &View| house.authority.issue(&operator, view, &ask_acme(&[]), None).await;
    assert!(matches!(issue(&ACME).await, Err(Error::Invalid(_))));
    let issued = issue(&scopeless).await.unwrap();
    assert_eq!(issued.scopes, ScopeSet::default());
    assert!(house.counts(issued.text.reveal()) && !house.counts_for(issued.text.reveal(), "acme.read"));
    assert!(house.rotate(&issued.id, SignedDuration::ZERO).await.is_ok());
}
