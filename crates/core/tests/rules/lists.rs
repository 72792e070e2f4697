//! Lists: what one sees, page by page, and cursors that are good in one hand only.

use crate::house::{ACME, House, MINUTE, NATIVE, SECOND, all, ask, ask_acme};
use counterfoil_core::authority::{Actor, Issue, List, View};
use counterfoil_core::error::Error;
use counterfoil_core::store::SortBy;
use std::collections::BTreeSet;

async fn names(house: &House, actor: &Actor, view: &View) -> Vec<String> {
    let listing = house.authority.list(actor, view, &all(100)).await.unwrap();
    assert_eq!(listing.total, listing.tokens.len() as u64);
    listing.tokens.iter().map(|shown| shown.token.name.to_string()).collect()
}

fn named(name: &str, issue: Issue) -> Issue {
    Issue { name: name.into(), ..issue }
}

/// Ann's tokens and the administrator's, in both dialects; and ann, without and with the scope to read.
async fn peopled() -> (House, Actor, Actor) {
    let house = House::new().await;
    house.someone("ann", &["a", "counterfoil.tokens.read", "acme.read"]).await;
    let of_ann = |issue| Issue { principal: Some("ann".into()), ..issue };
    house.issue(&of_ann(named("ann's", ask(&["a"])))).await;
    house.issue(&of_ann(named("ann's acme", ask_acme(&["a"])))).await;
    house.issue(&named("admin's acme", ask_acme(&["a"]))).await;
    let blind = house.actor(&house.issue(&of_ann(named("blind", ask(&["a"])))).await);
    let seeing = ask(&["counterfoil.tokens.read", "acme.read"]);
    let seeing = house.actor(&house.issue(&of_ann(named("seeing", seeing))).await);
    (house, blind, seeing)
}

#[tokio::test]
async fn without_the_scope_to_read_one_sees_ones_own() {
    let (house, blind, seeing) = peopled().await;
    assert_eq!(names(&house, &blind, &NATIVE).await.len(), 4);
    assert_eq!(names(&house, &seeing, &NATIVE).await.len(), 6);
    let admins = house.authority.find(&seeing, &NATIVE, &first_id(&house).await).await.unwrap();
    assert_eq!(&*admins.principal, "admin");
    for id in all_ids(&house).await {
        let own = house.stored(&id).await.principal == blind.principal().unwrap();
        assert_eq!(house.authority.find(&blind, &NATIVE, &id).await.is_ok(), own);
    }
}

/// The id of the administrator's first token.
async fn first_id(house: &House) -> String {
    house.authority.lookup(&house.operator(), &house.first).await.unwrap().token.id.to_string()
}

async fn all_ids(house: &House) -> Vec<String> {
    let listing = house.authority.list(&house.operator(), &NATIVE, &all(100)).await.unwrap();
    listing.tokens.iter().map(|shown| shown.token.id.to_string()).collect()
}

#[tokio::test]
async fn a_personal_credential_sees_its_own_whatever_its_scopes() {
    let (house, _, _) = peopled().await;
    let issue = Issue { personal: true, principal: Some("ann".into()), ..ask(&["counterfoil.tokens.read"]) };
    let actor = house.actor(&house.issue(&named("mine", issue)).await);
    let seen = names(&house, &actor, &NATIVE).await;
    assert_eq!(seen.len(), 5);
    assert!(!seen.contains(&"first token".to_owned()));
    let asking = List { owner: Some("admin".into()), ..all(10) };
    assert_eq!(house.authority.list(&actor, &NATIVE, &asking).await.unwrap().total, 0);
}

#[tokio::test]
async fn a_dialect_shows_its_own_tokens_whatever_is_asked() {
    let (house, _, seeing) = peopled().await;
    let seen: BTreeSet<_> = names(&house, &seeing, &ACME).await.into_iter().collect();
    assert_eq!(seen, ["admin's acme".to_owned(), "ann's acme".to_owned()].into());
    let mut asking = all(10);
    asking.filter.dialect = Some("native".into());
    assert_eq!(house.authority.list(&seeing, &ACME, &asking).await.unwrap().total, 2);
    let native = first_id(&house).await;
    assert!(matches!(house.authority.find(&seeing, &ACME, &native).await, Err(Error::NotFound("token"))));
}

#[tokio::test]
async fn an_owner_is_compared_exactly() {
    let (house, _, _) = peopled().await;
    let total = async |owner: &str| {
        let list = List { owner: Some(owner.into()), ..all(10) };
        house.authority.list(&house.operator(), &NATIVE, &list).await.unwrap().total
    };
    assert_eq!((total("ann").await, total("Ann").await, total("nobody").await), (4, 0, 0));
}

#[tokio::test]
async fn pages_neither_skip_nor_repeat_while_tokens_are_issued() {
    let house = House::new().await;
    for number in 0..25 {
        house.issue(&named(&format!("{number:02}"), ask(&["a"]))).await;
        if number % 3 == 0 {
            house.pass(SECOND);
        }
    }
    let before: BTreeSet<_> = all_ids(&house).await.into_iter().collect();
    for (sort, descending) in [(SortBy::Created, false), (SortBy::Created, true), (SortBy::Name, false)] {
        let mut seen = Vec::new();
        let mut list = List { sort, descending, ..all(4) };
        loop {
            let page = house.authority.list(&house.operator(), &NATIVE, &list).await.unwrap();
            seen.extend(page.tokens.iter().map(|shown| shown.token.id.to_string()));
            house.issue(&named("10", ask(&["a"]))).await;
            match page.next {
                Some(next) => list.after = Some(next),
                None => break,
            }
        }
        let distinct: BTreeSet<_> = seen.iter().cloned().collect();
        assert_eq!(distinct.len(), seen.len(), "{sort:?} repeats");
        assert!(before.is_subset(&distinct), "{sort:?} skips");
    }
}

#[tokio::test]
async fn a_whole_last_page_has_no_next() {
    let house = House::new().await;
    house.token("admin", &["a"]).await;
    assert!(house.authority.list(&house.operator(), &NATIVE, &all(2)).await.unwrap().next.is_none());
    assert!(house.authority.list(&house.operator(), &NATIVE, &all(1)).await.unwrap().next.is_some());
}

#[tokio::test]
async fn a_list_by_last_use_knows_the_newest_uses() {
    let house = House::new().await;
    let one = house.token("admin", &["a"]).await;
    let other = house.token("admin", &["a"]).await;
    house.counts(other.text.reveal());
    house.pass(SECOND);
    house.counts(one.text.reveal());
    let list = List { sort: SortBy::LastUsed, descending: true, ..all(10) };
    let listing = house.authority.list(&house.operator(), &NATIVE, &list).await.unwrap();
    let ids: Vec<_> = listing.tokens.iter().map(|shown| shown.token.id.clone()).take(2).collect();
    assert_eq!(ids, [one.id, other.id]);
}

#[tokio::test]
async fn lookup_knows_every_unrevoked_token_of_the_realm_and_no_spent_text() {
    let house = House::new().await;
    let operator = house.operator();
    let knows = async |text: &str| house.authority.lookup(&operator, text).await.is_ok();
    let issued = house.issue(&Issue { expires: Some("now+1m".into()), ..ask_acme(&["a"]) }).await;
    house.pass(MINUTE);
    assert!(knows(issued.text.reveal()).await, "the expired are known");
    let new = house.authority.rotate(&operator, &NATIVE, &issued.id, SECOND, None).await.unwrap();
    assert!(knows(issued.text.reveal()).await && knows(new.text.reveal()).await);
    house.pass(SECOND);
    assert!(!knows(issued.text.reveal()).await && knows(new.text.reveal()).await);
    let (elsewhere, _) = house.realm("two").await;
    assert!(house.authority.lookup(&elsewhere, new.text.reveal()).await.is_err());
    assert!(!knows("nobody").await && !knows("").await);
}

#[tokio::test]
async fn a_cursor_opens_for_its_holder_and_its_list() {
    let (house, blind, seeing) = peopled().await;
    let bob = house.acting("bob", &["a"]).await;
    let (elsewhere, _) = house.realm("two").await;
    let cursor = house.authority.cursor(&blind, "tokens", b"here");
    let position = |actor, list| house.authority.position(actor, list, &cursor);
    assert_eq!(position(&blind, "tokens").as_deref(), Some(&b"here"[..]));
    assert!(position(&seeing, "tokens").is_some(), "another credential of the same principal");
    assert!(position(&blind, "roles").is_none());
    for other in [&bob, &elsewhere, &house.operator()] {
        assert!(position(other, "tokens").is_none());
    }
    let of_operator = house.authority.cursor(&house.operator(), "tokens", b"here");
    assert!(house.authority.position(&elsewhere, "tokens", &of_operator).is_none());
}

#[tokio::test]
async fn a_cursor_that_was_bent_or_made_up_opens_nothing() {
    let house = House::new().await;
    let operator = house.operator();
    let cursor = house.authority.cursor(&operator, "tokens", b"a position");
    for at in 0..cursor.len() {
        let mut bent = cursor.clone().into_bytes();
        bent[at] = if bent[at] == b'A' { b'B' } else { b'A' };
        let bent = String::from_utf8(bent).unwrap();
        assert!(house.authority.position(&operator, "tokens", &bent).is_none(), "bent at {at}");
    }
    for made_up in ["", "A", "AAAA", "!", "ä", &format!("{cursor}A"), &format!("{cursor}="), &cursor[4..]] {
        assert!(house.authority.position(&operator, "tokens", made_up).is_none(), "{made_up:?}");
    }
}
