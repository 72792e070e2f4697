//! Commits whose outcome nobody knows: nothing counts that may be over, and reading the index anew makes it right.

use crate::house::{House, MINUTE, ONE, PASSWORD, REALM, is_silent, wanted};
use crate::store::Fault;
use counterfoil_core::authority::SessionQuery;
use counterfoil_core::error::Error;
use counterfoil_core::journal::Action;
use counterfoil_core::signing::{Algorithm, KeyState};
use counterfoil_core::store::{JournalFilter, Store as _};

async fn with_jane() -> House {
    let house = House::new().await;
    house.person_with_password("jane", &["acme.key"]).await;
    house
}

fn is_unknown<T>(outcome: &Result<T, Error>) -> bool {
    matches!(outcome, Err(Error::Unavailable(_)))
}

#[tokio::test]
async fn a_session_that_may_have_ended_is_silent_until_it_is_known() {
    for (fault, counts) in [(Fault::Before, true), (Fault::After, false)] {
        let house = with_jane().await;
        let session = house.log_in("jane").await;
        let actor = house.actor(&session);
        house.store.strike(fault);
        assert!(is_unknown(&house.authority.log_out(&actor).await));
        assert!(!house.counts(&session), "{fault:?}");
        house.authority.settle().await.unwrap();
        assert_eq!(house.counts(&session), counts, "{fault:?}");
    }
}

#[tokio::test]
async fn a_login_that_may_have_begun_silences_what_it_would_have_ended() {
    for (fault, counts) in [(Fault::Before, true), (Fault::After, false)] {
        let house = with_jane().await;
        let session = house.log_in("jane").await;
        let proved = house.try_password("jane", PASSWORD).await.unwrap();
        house.store.strike(fault);
        assert!(is_unknown(&house.authority.exchange(&proved, &wanted()).await));
        assert!(!house.counts(&session), "{fault:?}");
        house.authority.settle().await.unwrap();
        assert_eq!(house.counts(&session), counts, "{fault:?}");
        let live = SessionQuery { live: true, limit: 10, ..SessionQuery::default() };
        assert_eq!(house.authority.sessions(&house.operator(), &live).await.unwrap().len(), 1);
        assert!(house.counts(&house.log_in("jane").await));
    }
}

#[tokio::test]
async fn a_key_in_doubt_is_what_the_store_says() {
    for fault in [Fault::Before, Fault::After] {
        let house = with_jane().await;
        let key = house.key("jane", &ONE, &[]).await;
        let session = house.buy(&ONE, &key).await;
        house.store.strike(fault);
        let revoked =
            house.authority.revoke_keys(&house.operator(), &crate::house::named("jane"), "acme", None).await;
        assert!(is_unknown(&revoked) && !house.counts(&session));
        house.authority.settle().await.unwrap();
        assert_eq!(house.counts(&session), fault == Fault::Before);
        assert_eq!(house.try_key(&ONE, "jane", &key.text).await.is_ok(), fault == Fault::Before);
    }
}

#[tokio::test]
async fn a_lock_in_doubt_holds_and_is_written_down_once() {
    for fault in [Fault::Before, Fault::After] {
        let mut house = with_jane().await;
        for _ in 0..3 {
            assert!(is_silent(&house.try_password("jane", "wrong").await));
        }
        house.store.strike(fault);
        house.authority.flush().await.unwrap_err();
        assert!(is_silent(&house.try_password("jane", PASSWORD).await), "{fault:?}");
        house.authority.settle().await.unwrap();
        house.authority.flush().await.unwrap();
        house.reopen().await;
        assert!(is_silent(&house.try_password("jane", PASSWORD).await), "{fault:?}");
        let locks = JournalFilter { action: Some(Action::PrincipalLock), ..JournalFilter::default() };
        assert_eq!(house.store.journal(locks, 10).await.unwrap().len(), 1);
        house.clock.pass(MINUTE * 15);
        house.try_password("jane", PASSWORD).await.unwrap();
    }
}

#[tokio::test]
async fn a_rotation_in_doubt_leaves_one_key_that_signs() {
    for fault in [Fault::Before, Fault::After] {
        let house = with_jane().await;
        let old = house.log_in("jane").await.session.kid;
        house.store.strike(fault);
        let rotated = house
            .authority
            .rotate_signing_key(&house.operator(), "acme", Algorithm::EdDsa, None)
            .await
            .map(drop);
        assert!(is_unknown(&rotated));
        house.authority.settle().await.unwrap();
        let keys = house.authority.public_keys(REALM);
        let active: Vec<_> = keys.iter().filter(|key| key.state == KeyState::Active).collect();
        assert_eq!(active.len(), 1);
        assert_eq!(active[0].kid == old, fault == Fault::Before);
        assert_eq!(house.log_in("jane").await.session.kid, active[0].kid);
    }
}

#[tokio::test]
async fn a_disabling_in_doubt_lets_nothing_speak_for_its_principal() {
    for fault in [Fault::Before, Fault::After] {
        let house = with_jane().await;
        let session = house.log_in("jane").await;
        let proved = house.try_password("jane", PASSWORD).await.unwrap();
        house.store.strike(fault);
        let edit = counterfoil_core::authority::EditPrincipal { disabled: Some(true), ..Default::default() };
        let which = crate::house::named("jane");
        assert!(is_unknown(
            &house.authority.edit_principal(&house.operator(), &which, &edit, None).await.map(drop)
        ));
        assert!(!house.counts(&session));
        assert!(is_silent(&house.authority.exchange(&proved, &wanted()).await));
        assert!(is_silent(&house.try_password("jane", PASSWORD).await));
        house.authority.settle().await.unwrap();
        assert_eq!(house.counts(&session), fault == Fault::Before);
        assert_eq!(house.try_password("jane", PASSWORD).await.is_ok(), fault == Fault::Before);
    }
}
