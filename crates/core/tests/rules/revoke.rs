//! Revoke: final, and effective before anybody hears of it.

use crate::house::{ACME, House, NATIVE, SECOND, ask, ask_acme};
use counterfoil_core::authority::Edit;
use counterfoil_core::error::Error;
use counterfoil_core::journal::Action;
use counterfoil_core::token::State;

#[tokio::test]
async fn a_revoked_token_never_counts_again() {
    let mut house = House::new().await;
    let issued = house.token("admin", &["a"]).await;
    let newer = house.rotate(&issued.id, SECOND).await.unwrap();
    house.authority.revoke(&house.operator(), &NATIVE, &issued.id).await.unwrap();
    for _ in 0..2 {
        assert!(!house.counts(issued.text.reveal()) && !house.counts(newer.text.reveal()));
        house.reopen().await;
    }
    for edit in [
        Edit { enabled: Some(true), ..Edit::default() },
        Edit { expires: Some("never".into()), ..Edit::default() },
        Edit { name: Some("new".into()), ..Edit::default() },
    ] {
        let outcome = house.authority.edit(&house.operator(), &NATIVE, &issued.id, &edit, None).await;
        assert!(matches!(outcome, Err(Error::Conflict(_))), "{edit:?}");
    }
}

#[tokio::test]
async fn revoking_again_changes_nothing_and_is_no_error() {
    let house = House::new().await;
    let issued = house.token("admin", &["a"]).await;
    house.authority.revoke(&house.operator(), &NATIVE, &issued.id).await.unwrap();
    let (stored, lines) = (house.stored(&issued.id).await, house.lines(0).await.len());
    house.pass(SECOND);
    house.authority.revoke(&house.operator(), &NATIVE, &issued.id).await.unwrap();
    assert_eq!(house.stored(&issued.id).await, stored);
    assert_eq!(house.lines(0).await.len(), lines);
}

#[tokio::test]
async fn a_revoked_token_is_shown_natively_and_nowhere_else() {
    let house = House::new().await;
    let issued = house.issue(&ask_acme(&["acme.read"])).await;
    house.authority.revoke(&house.operator(), &ACME, &issued.id).await.unwrap();
    let operator = house.operator();
    let shown = house.authority.find(&operator, &NATIVE, &issued.id).await.unwrap();
    assert_eq!(shown.token.state(house.authority.now()), State::Revoked);
    let gone = |outcome: Result<_, Error>| matches!(outcome, Err(Error::NotFound("token")));
    assert!(gone(house.authority.find(&operator, &ACME, &issued.id).await.map(|_| ())));
    assert!(gone(house.authority.revoke(&operator, &ACME, &issued.id).await));
    assert!(gone(house.authority.lookup(&operator, issued.text.reveal()).await.map(|_| ())));
}

#[tokio::test]
async fn the_digest_of_a_revoked_text_is_never_free_again() {
    let mut house = House::new().await;
    let issued = house.token("admin", &["a"]).await;
    house.authority.revoke(&house.operator(), &NATIVE, &issued.id).await.unwrap();
    // Chance repeats itself, so the same id and text are struck once more.
    house.reopen_without_chance().await;
    let again = house.try_issue(&house.operator(), &ask(&["a"])).await;
    assert!(matches!(again, Err(Error::Conflict(_))), "{again:?}");
    assert!(!house.counts(issued.text.reveal()));
}

#[tokio::test]
async fn a_credential_spares_itself_where_the_dialect_says_so() {
    let house = House::new().await;
    let issued = house.issue(&ask_acme(&["acme.write"])).await;
    let actor = house.actor(&issued);
    let off = Edit { enabled: Some(false), ..Edit::default() };
    assert!(matches!(house.authority.revoke(&actor, &ACME, &issued.id).await, Err(Error::Itself(_))));
    let outcome = house.authority.edit(&actor, &ACME, &issued.id, &off, None).await;
    assert!(matches!(outcome, Err(Error::Itself(_))));
    assert!(house.counts(issued.text.reveal()));
    let other = house.issue(&ask_acme(&["acme.read"])).await;
    house.authority.revoke(&actor, &ACME, &other.id).await.unwrap();
}

#[tokio::test]
async fn revoking_needs_the_scope_to_write_and_nothing_to_give() {
    let house = House::new().await;
    let above = house.token("admin", &["*"]).await;
    let reader = house.acting("ann", &["counterfoil.tokens.read"]).await;
    let writer = house.acting("bob", &["counterfoil.tokens.write"]).await;
    let refused = house.authority.revoke(&reader, &NATIVE, &above.id).await;
    assert!(matches!(refused, Err(Error::Forbidden { .. })));
    house.authority.revoke(&writer, &NATIVE, &above.id).await.unwrap();
    assert!(!house.counts(above.text.reveal()));
    let last = house.lines(0).await.pop().unwrap();
    assert_eq!((last.action, last.actor), (Action::TokenRevoke, writer.principal()));
}
