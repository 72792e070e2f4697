//! A commit of unknown outcome: nothing it touched counts until the store has said what is, and then that counts.

use crate::house::{House, NATIVE, SECOND, ask, named, new_principal, new_role, strings};
use crate::weather::Fault::{After, Before};
use counterfoil_core::authority::{Edit, EditPrincipal, EditRealm, EditRole, Issue, Which};
use counterfoil_core::error::Error;
use jiff::SignedDuration;

fn unknown<T>(outcome: &Result<T, Error>) {
    assert!(matches!(outcome, Err(Error::Unavailable(_))));
}

/// Whether it counts now and after the doubt is settled.
async fn then(house: &House, text: &str) -> (bool, bool) {
    let now = house.counts(text);
    house.authority.settle().await.unwrap();
    (now, house.counts(text))
}

#[tokio::test]
async fn a_doubtful_revocation_silences_until_the_store_speaks() {
    for (fault, counts) in [(Before, true), (After, false)] {
        let house = House::new().await;
        let issued = house.token("admin", &["a"]).await;
        let other = house.token("admin", &["a"]).await;
        house.store.strike(&[fault]);
        unknown(&house.authority.revoke(&house.operator(), &NATIVE, &issued.id).await);
        assert!(house.counts(other.text.reveal()), "what was acknowledged is not touched");
        assert_eq!(then(&house, issued.text.reveal()).await, (false, counts), "{fault:?}");
        assert!(house.counts(other.text.reveal()));
    }
}

#[tokio::test]
async fn a_doubt_shows_and_leaves_the_index_behind_until_it_ends() {
    let house = House::new().await;
    let settled = house.authority.followed();
    house.pass(SECOND);
    house.store.strike(&[After]);
    unknown(&house.try_issue(&house.operator(), &ask(&["a"])).await);
    house.store.set_down(true);
    assert!(house.authority.tend().await.is_err());
    assert_eq!((house.authority.in_doubt(), house.authority.followed()), (true, settled));
    house.store.set_down(false);
    house.authority.tend().await.unwrap();
    assert_eq!((house.authority.in_doubt(), house.authority.followed()), (false, settled + SECOND));
    assert_eq!(house.authority.commits().counts()[2], ("unknown", 1));
}

#[tokio::test]
async fn a_doubtful_edit_silences_until_the_store_speaks() {
    for fault in [Before, After] {
        let house = House::new().await;
        let issued = house.token("admin", &["a", "b"]).await;
        house.store.strike(&[fault]);
        let narrow = Edit { scopes: Some(strings(&["a"])), ..Edit::default() };
        unknown(&house.authority.edit(&house.operator(), &NATIVE, &issued.id, &narrow, None).await);
        assert_eq!(then(&house, issued.text.reveal()).await, (false, true));
        assert_eq!(house.counts_for(issued.text.reveal(), "b"), fault == Before);
    }
}

#[tokio::test]
async fn a_doubtful_rotation_leaves_one_text() {
    for fault in [Before, After] {
        let house = House::new().await;
        let issued = house.token("admin", &["a"]).await;
        house.store.strike(&[fault]);
        unknown(&house.rotate(&issued.id, SignedDuration::ZERO).await);
        assert_eq!(then(&house, issued.text.reveal()).await, (false, fault == Before));
        assert_eq!(house.authority.index_len(), 2);
    }
}

#[tokio::test]
async fn a_doubtful_disabling_silences_all_that_speaks_for_the_principal() {
    for (fault, counts) in [(Before, true), (After, false)] {
        let house = House::new().await;
        house.someone("ann", &["a"]).await;
        let issued = house.token("ann", &["a"]).await;
        house.store.strike(&[fault]);
        let off = EditPrincipal { disabled: Some(true), ..EditPrincipal::default() };
        unknown(&house.authority.edit_principal(&house.operator(), &named("ann"), &off, None).await);
        assert!(house.counts(&house.first));
        assert_eq!(then(&house, issued.text.reveal()).await, (false, counts));
    }
}

#[tokio::test]
async fn a_doubtful_role_gives_nothing_until_the_store_speaks() {
    for fault in [Before, After] {
        let house = House::new().await;
        house.someone("ann", &["a", "b"]).await;
        let mine =
            house.issue(&Issue { personal: true, principal: Some("ann".into()), ..ask(&["a", "b"]) }).await;
        let actor = house.actor(&house.token("ann", &["a", "b"]).await);
        house.store.strike(&[fault]);
        let narrow = EditRole { scopes: Some(strings(&["a"])), name: None };
        unknown(&house.authority.edit_role(&house.operator(), &named("role of ann"), &narrow, None).await);
        assert!(!house.counts_for(mine.text.reveal(), "a") && !house.counts_for(mine.text.reveal(), "b"));
        assert!(house.try_issue(&actor, &ask(&["a"])).await.is_err());
        house.authority.settle().await.unwrap();
        assert!(house.counts_for(mine.text.reveal(), "a"));
        assert_eq!(house.counts_for(mine.text.reveal(), "b"), fault == Before);
    }
}

#[tokio::test]
async fn a_doubtful_role_is_no_ladder() {
    let house = House::new().await;
    let actor = house.acting("ann", &["a", "counterfoil.principals.write"]).await;
    for fault in [Before, After] {
        house.store.strike(&[fault]);
        let edit = EditRole { scopes: Some(strings(&["*", "a"])), name: None };
        unknown(&house.authority.edit_role(&house.operator(), &named("administrator"), &edit, None).await);
        let rise = EditPrincipal { roles: Some(strings(&["administrator"])), ..EditPrincipal::default() };
        assert!(house.authority.edit_principal(&actor, &named("ann"), &rise, None).await.is_err());
        let puppet = new_principal("puppet", &["administrator"]);
        assert!(house.authority.create_principal(&actor, &puppet, None).await.is_err());
        let off = EditPrincipal { disabled: Some(true), ..EditPrincipal::default() };
        assert!(house.authority.edit_principal(&actor, &named("admin"), &off, None).await.is_err());
        assert!(house.authority.delete_principal(&actor, &named("admin")).await.is_err());
        let posing = Issue { principal: Some("admin".into()), ..ask(&["a"]) };
        assert!(house.try_issue(&actor, &posing).await.is_err());
        house.authority.settle().await.unwrap();
        assert!(house.counts(&house.first));
    }
}

#[tokio::test]
async fn a_role_made_in_doubt_is_no_ladder() {
    let house = House::new().await;
    let actor = house.acting("ann", &["a", "counterfoil.principals.write"]).await;
    house.store.strike(&[After]);
    unknown(&house.authority.create_role(&house.operator(), &new_role("high", &["z"]), None).await);
    let rise = EditPrincipal { roles: Some(strings(&["high"])), ..EditPrincipal::default() };
    assert!(house.authority.edit_principal(&actor, &named("ann"), &rise, None).await.is_err());
    house.authority.settle().await.unwrap();
    let outcome = house.authority.edit_principal(&actor, &named("ann"), &rise, None).await;
    assert!(matches!(outcome, Err(Error::Forbidden { .. })));
}

#[tokio::test]
async fn a_doubtful_switch_of_personal_tokens_is_off_until_the_store_speaks() {
    for (fault, counts) in [(Before, true), (After, false)] {
        let house = House::new().await;
        let mine = house.issue(&Issue { personal: true, ..ask(&["a"]) }).await;
        house.store.strike(&[fault]);
        let off = EditRealm { personal_tokens: Some(false), name: None };
        unknown(&house.authority.edit_realm(&house.operator(), "default", &off, None).await);
        assert_eq!(then(&house, mine.text.reveal()).await, (false, counts));
    }
}

#[tokio::test]
async fn a_doubtful_new_principal_touches_nobody_else() {
    for fault in [Before, After] {
        let house = House::new().await;
        let mine = house.issue(&Issue { personal: true, ..ask(&["a"]) }).await;
        house.store.strike(&[fault]);
        unknown(&house.authority.create_principal(&house.operator(), &new_principal("ann", &[]), None).await);
        assert_eq!(then(&house, mine.text.reveal()).await, (true, true));
        let found = house.authority.find_principal(&house.operator(), &named("ann")).await;
        assert_eq!(found.is_ok(), fault == After);
    }
}

#[tokio::test]
async fn a_doubtful_token_counts_only_once_the_store_has_said_so() {
    let house = House::new().await;
    house.store.strike(&[After]);
    unknown(&house.try_issue(&house.operator(), &ask(&["a"])).await);
    assert_eq!(house.authority.index_len(), 1);
    house.authority.tend().await.unwrap();
    assert_eq!(house.authority.index_len(), 2);
}

#[tokio::test]
async fn a_doubt_is_kept_until_the_store_can_be_read() {
    let house = House::new().await;
    let issued = house.token("admin", &["a"]).await;
    house.store.strike(&[Before]);
    unknown(&house.authority.revoke(&house.operator(), &NATIVE, &issued.id).await);
    house.store.set_down(true);
    unknown(&house.authority.tend().await);
    assert!(!house.counts(issued.text.reveal()) && house.counts(&house.first));
    house.store.set_down(false);
    house.authority.tend().await.unwrap();
    assert!(house.counts(issued.text.reveal()));
}

#[tokio::test]
async fn a_reading_that_was_broken_off_leaves_the_doubt() {
    let house = House::new().await;
    let issued = house.token("admin", &["a"]).await;
    house.store.strike(&[Before]);
    unknown(&house.authority.revoke(&house.operator(), &NATIVE, &issued.id).await);
    house.store.delay(1);
    {
        let mut settling = std::pin::pin!(house.authority.settle());
        let mut waker = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(settling.as_mut().poll(&mut waker).is_pending(), "it was not delayed");
    }
    house.store.delay(0);
    assert_eq!(then(&house, issued.text.reveal()).await, (false, true));
}

#[tokio::test]
async fn a_repeated_revocation_settles_what_the_first_left_open() {
    for fault in [Before, After] {
        let house = House::new().await;
        let issued = house.token("admin", &["a"]).await;
        house.store.strike(&[fault]);
        unknown(&house.authority.revoke(&house.operator(), &NATIVE, &issued.id).await);
        house.pass(SECOND);
        house.authority.revoke(&house.operator(), &NATIVE, &issued.id).await.unwrap();
        assert_eq!(then(&house, issued.text.reveal()).await, (false, false));
    }
}

#[tokio::test]
async fn a_store_that_is_down_refuses_changes_and_answers_verifications() {
    let house = House::new().await;
    house.store.set_down(true);
    assert!(house.counts(&house.first));
    unknown(&house.try_issue(&house.operator(), &ask(&["a"])).await);
    unknown(&house.authority.find_principal(&house.operator(), &Which::Number(1)).await);
    unknown(&house.authority.lookup(&house.operator(), &house.first).await);
    house.store.set_down(false);
    house.authority.settle().await.unwrap();
    assert!(house.counts(&house.first));
}
