//! Revoke by filter: what is in view, in chunks, a journal line each.

use crate::house::{ACME, House, NATIVE, ask, ask_acme};
use counterfoil_core::authority::{Actor, Bulk, Filter, Issue, View};
use counterfoil_core::journal::Action;
use counterfoil_core::realm::RealmId;
use counterfoil_core::store::TokenFilter;
use std::collections::BTreeSet;

async fn revoke(house: &House, actor: &Actor, view: &View, name: Option<&str>, dry_run: bool) -> Bulk {
    let tokens = TokenFilter { name: name.map(str::to_owned), ..TokenFilter::of(RealmId(1)) };
    let filter = Filter { tokens, owner: None };
    house.authority.revoke_matching(actor, view, filter, dry_run).await.unwrap()
}

#[tokio::test]
async fn hundreds_go_in_chunks_and_each_leaves_its_line() {
    let house = House::new().await;
    let mut issued = Vec::new();
    for number in 0..450 {
        issued.push(house.issue(&Issue { name: format!("bulk {number}"), ..ask(&["a"]) }).await);
    }
    let other = house.token("admin", &["a"]).await;
    let (commits, lines) = (house.store.commits(), house.lines(0).await.len() as u64);

    let dry = revoke(&house, &house.operator(), &NATIVE, Some("bulk"), true).await;
    assert_eq!(house.store.commits(), commits);
    assert!(issued.iter().all(|token| house.counts(token.text.reveal())));

    let wet = revoke(&house, &house.operator(), &NATIVE, Some("bulk"), false).await;
    assert_eq!((dry.ids.len(), &dry.ids), (450, &wet.ids));
    assert_eq!(house.store.commits(), commits + 3);
    assert!(issued.iter().all(|token| !house.counts(token.text.reveal())));
    assert!(house.counts(other.text.reveal()));
    let entries = house.lines(lines).await;
    assert!(entries.iter().all(|entry| entry.action == Action::TokenRevoke));
    let told: BTreeSet<_> = entries.iter().map(|entry| entry.subject.clone()).collect();
    assert_eq!(told, issued.iter().map(|token| token.id.to_string()).collect());
    assert_eq!(entries.len(), 450);

    assert!(revoke(&house, &house.operator(), &NATIVE, Some("bulk"), false).await.ids.is_empty());
}

#[tokio::test]
async fn a_dialect_revokes_its_own_tokens_only() {
    let house = House::new().await;
    let native = house.token("admin", &["a"]).await;
    let vendor = house.issue(&ask_acme(&["acme.read"])).await;
    let bulk = revoke(&house, &house.operator(), &ACME, None, false).await;
    assert_eq!(bulk.ids, [vendor.id.to_string()]);
    assert!(house.counts(native.text.reveal()) && house.counts(&house.first));
}

#[tokio::test]
async fn a_personal_credential_revokes_its_principals_tokens_only() {
    let house = House::new().await;
    let all = ["a", "counterfoil.tokens.read", "counterfoil.tokens.write"];
    house.someone("ann", &all).await;
    let mine = house.issue(&Issue { personal: true, principal: Some("ann".into()), ..ask(&all) }).await;
    let own = house.token("ann", &["a"]).await;
    let others = house.token("admin", &["a"]).await;
    let actor = house.actor(&mine);
    let bulk = revoke(&house, &actor, &NATIVE, None, false).await;
    let ids: BTreeSet<_> = bulk.ids.into_iter().collect();
    assert_eq!(ids, [mine.id.to_string(), own.id.to_string()].into());
    assert!(house.counts(others.text.reveal()) && !house.counts(own.text.reveal()));
}

#[tokio::test]
async fn a_credential_that_spares_itself_survives_its_own_sweep() {
    let house = House::new().await;
    let issued = house.issue(&ask_acme(&["acme.read", "acme.write"])).await;
    let other = house.issue(&ask_acme(&["acme.read"])).await;
    let actor = house.actor(&issued);
    for dry_run in [true, false] {
        assert_eq!(revoke(&house, &actor, &ACME, None, dry_run).await.ids, [other.id.to_string()]);
    }
    assert!(house.counts(issued.text.reveal()) && !house.counts(other.text.reveal()));
}

#[tokio::test]
async fn no_sweep_leaves_its_realm() {
    let house = House::new().await;
    let (elsewhere, theirs) = house.realm("two").await;
    let ours = house.token("admin", &["a"]).await;
    revoke(&house, &elsewhere, &NATIVE, None, false).await;
    assert!(!house.counts(theirs.text.reveal()) && house.counts(ours.text.reveal()));
}
