//! Who may give what (design 5).

use crate::house::{House, NATIVE, ask, ask_acme, strings};
use counterfoil_core::authority::{Edit, Issue};
use counterfoil_core::error::Error;
use jiff::SignedDuration;

const MINT: &str = "counterfoil.tokens.mint";
const WRITE: &str = "counterfoil.tokens.write";
const PRINCIPALS: &str = "counterfoil.principals.write";

/// Whether the outcome is a refusal that names this scope.
fn refused<T>(outcome: Result<T, Error>, scope: &str) -> bool {
    matches!(outcome, Err(Error::Forbidden { needs, .. }) if needs == [scope])
}

#[tokio::test]
async fn one_gives_what_one_holds_and_nothing_else() {
    let house = House::new().await;
    let actor = house.acting("ann", &["a", "b"]).await;
    let issued = house.try_issue(&actor, &ask(&["b", "a", "b"])).await.unwrap();
    assert_eq!(issued.scopes.to_text(), "a b");
    assert!(refused(house.try_issue(&actor, &ask(&["a", "c"])).await, "c"));
    assert!(refused(house.try_issue(&actor, &ask(&["*"])).await, "*"));
}

#[tokio::test]
async fn a_refused_issue_leaves_nothing() {
    let house = House::new().await;
    let actor = house.acting("ann", &["a"]).await;
    let (commits, texts) = (house.store.commits(), house.authority.index_len());
    assert!(house.try_issue(&actor, &ask(&["a", "c"])).await.is_err());
    assert_eq!((house.store.commits(), house.authority.index_len()), (commits, texts));
}

#[tokio::test]
async fn minting_covers_every_word_of_ones_roles_but_our_own() {
    let house = House::new().await;
    house.someone("ann", &["a", "acme.hidden", MINT, "counterfoil.journal.read"]).await;
    let actor = house.actor(&house.token("ann", &[MINT]).await);
    assert!(house.try_issue(&actor, &ask(&["a"])).await.is_ok());
    assert!(house.try_issue(&actor, &ask_acme(&["acme.hidden"])).await.is_ok());
    assert!(house.try_issue(&actor, &ask(&[MINT])).await.is_ok());
    assert!(refused(house.try_issue(&actor, &ask(&["beyond"])).await, "beyond"));
    let ours = "counterfoil.journal.read";
    assert!(refused(house.try_issue(&actor, &ask(&[ours])).await, ours));
}

#[tokio::test]
async fn an_administrators_minting_token_gives_neither_everything_nor_our_own_words() {
    let house = House::new().await;
    let actor = house.actor(&house.token("admin", &[MINT]).await);
    assert!(house.try_issue(&actor, &ask(&["anything.at.all"])).await.is_ok());
    assert!(refused(house.try_issue(&actor, &ask(&["*"])).await, "*"));
    assert!(refused(house.try_issue(&actor, &ask(&[WRITE])).await, WRITE));
}

#[tokio::test]
async fn a_dialects_mint_covers_its_creatable_words_only() {
    let house = House::new().await;
    house.someone("ann", &["a", "acme.read", "acme.hidden", "acme.mint"]).await;
    let actor = house.actor(&house.token("ann", &["acme.mint"]).await);
    assert!(house.try_issue(&actor, &ask_acme(&["acme.read"])).await.is_ok());
    assert!(refused(house.try_issue(&actor, &ask_acme(&["acme.hidden"])).await, "acme.hidden"));
    assert!(refused(house.try_issue(&actor, &ask_acme(&["acme.write"])).await, "acme.write"));
    assert!(refused(house.try_issue(&actor, &ask(&["a"])).await, "a"));
}

#[tokio::test]
async fn everything_is_given_only_by_who_holds_it_in_token_and_role() {
    let house = House::new().await;
    let first = house.authority.authenticate(&house.first, "native", None).unwrap();
    assert!(house.try_issue(&first, &ask(&["*"])).await.is_ok());
    house.someone("ann", &["a"]).await;
    let wide = house.actor(&house.token("ann", &["*"]).await);
    assert!(refused(house.try_issue(&wide, &ask(&["*"])).await, "*"));
    assert!(house.try_issue(&wide, &ask(&["a"])).await.is_ok());
}

#[tokio::test]
async fn a_demotion_ends_giving_at_once_but_leaves_api_tokens_their_scopes() {
    let house = House::new().await;
    let actor = house.acting("ann", &["a", "b"]).await;
    let made = house.try_issue(&actor, &ask(&["b"])).await.unwrap();
    house.set_role("role of ann", &["a"]).await;
    assert!(house.counts_for(made.text.reveal(), "b"));
    assert!(refused(house.try_issue(&actor, &ask(&["b"])).await, "b"));
    assert!(house.try_issue(&actor, &ask(&["a"])).await.is_ok());
    house.set_roles("ann", &[]).await;
    assert!(refused(house.try_issue(&actor, &ask(&["a"])).await, "a"));
    assert!(house.counts_for(made.text.reveal(), "b"));
}

#[tokio::test]
async fn a_personal_token_is_cut_to_present_roles_at_every_verification() {
    let house = House::new().await;
    house.someone("ann", &["a", "b"]).await;
    let mine =
        house.issue(&Issue { personal: true, principal: Some("ann".into()), ..ask(&["a", "b"]) }).await;
    let text = mine.text.reveal();
    assert!(house.counts_for(text, "a") && house.counts_for(text, "b"));
    house.set_role("role of ann", &["a"]).await;
    assert!(house.counts_for(text, "a") && !house.counts_for(text, "b"));
    house.set_roles("ann", &[]).await;
    assert!(house.counts(text) && !house.counts_for(text, "a"));
    house.set_roles("ann", &["role of ann"]).await;
    house.set_role("role of ann", &["a", "b", "c"]).await;
    assert!(house.counts_for(text, "b"), "what it was issued with comes back with the role");
    assert!(!house.counts_for(text, "c"), "and nothing beyond");
}

#[tokio::test]
async fn a_personal_token_with_everything_has_what_the_roles_have() {
    let house = House::new().await;
    let mine = house.issue(&Issue { personal: true, ..ask(&["*"]) }).await;
    house.set_roles("admin", &[]).await;
    assert!(!house.counts_for(mine.text.reveal(), "a"));
}

#[tokio::test]
async fn a_personal_token_lies_within_its_owners_roles_whoever_issues_it() {
    let house = House::new().await;
    house.someone("ann", &["a"]).await;
    let personal = |scopes: &[&str]| Issue { personal: true, principal: Some("ann".into()), ..ask(scopes) };
    let operator = house.operator();
    assert!(house.try_issue(&operator, &personal(&["a"])).await.is_ok());
    assert!(refused(house.try_issue(&operator, &personal(&["b"])).await, "b"));
    assert!(refused(house.try_issue(&operator, &personal(&["*"])).await, "*"));
}

#[tokio::test]
async fn no_personal_token_is_issued_where_they_are_switched_off() {
    let house = House::new().await;
    house.someone("ann", &["a"]).await;
    let edit = counterfoil_core::authority::EditRealm { personal_tokens: Some(false), name: None };
    house.authority.edit_realm(&house.operator(), "default", &edit, None).await.unwrap();
    let issue = Issue { personal: true, principal: Some("ann".into()), ..ask(&["a"]) };
    let outcome = house.try_issue(&house.operator(), &issue).await;
    assert!(matches!(outcome, Err(Error::Invalid(_))), "{outcome:?}");
}

#[tokio::test]
async fn issuing_for_another_needs_the_scope_and_to_stand_above_them() {
    let house = House::new().await;
    house.someone("low", &["a"]).await;
    house.someone("high", &["a", "z"]).await;
    let both = ["a", "b", PRINCIPALS];
    house.someone("ann", &both).await;
    let without = house.actor(&house.token("ann", &["a", "b"]).await);
    let with = house.actor(&house.token("ann", &both).await);
    let issue = |to: &str, scope: &str| Issue { principal: Some(to.into()), ..ask(&[scope]) };
    assert!(house.try_issue(&without, &issue("ann", "a")).await.is_ok(), "oneself is nobody else");
    assert!(refused(house.try_issue(&without, &issue("low", "a")).await, PRINCIPALS));
    assert!(house.try_issue(&with, &issue("low", "b")).await.is_ok());
    assert!(refused(house.try_issue(&with, &issue("high", "a")).await, "z"));
}

#[tokio::test]
async fn who_may_not_issue_for_others_does_not_learn_who_there_is() {
    let house = House::new().await;
    house.someone("low", &["a"]).await;
    house.someone("gone", &["a"]).await;
    house.set_disabled("gone", true).await;
    let actor = house.acting("ann", &["a"]).await;
    for name in ["low", "gone", "nobody"] {
        let issue = Issue { principal: Some(name.into()), ..ask(&["a"]) };
        assert!(refused(house.try_issue(&actor, &issue).await, PRINCIPALS), "{name}");
    }
}

#[tokio::test]
async fn a_personal_credential_gives_no_more_than_present_roles() {
    let house = House::new().await;
    house.someone("ann", &["a", "b"]).await;
    let mine =
        house.issue(&Issue { personal: true, principal: Some("ann".into()), ..ask(&["a", "b"]) }).await;
    let actor = house.actor(&mine);
    house.set_role("role of ann", &["a"]).await;
    assert!(refused(house.try_issue(&actor, &ask(&["b"])).await, "b"));
}

#[tokio::test]
async fn rotating_and_enabling_need_to_give_the_result() {
    let house = House::new().await;
    house.someone("ann", &["a", WRITE]).await;
    let actor = house.actor(&house.token("ann", &["a", WRITE]).await);
    let above = house.token("admin", &["z"]).await;
    let rotate = house.authority.rotate(&actor, &NATIVE, &above.id, SignedDuration::ZERO, None).await;
    assert!(refused(rotate, "z"));
    let set = |enabled| Edit { enabled: Some(enabled), ..Edit::default() };
    assert!(house.authority.edit(&actor, &NATIVE, &above.id, &set(false), None).await.is_ok());
    assert!(refused(house.authority.edit(&actor, &NATIVE, &above.id, &set(true), None).await, "z"));
    let narrow = Edit { scopes: Some(strings(&["a"])), enabled: Some(true), ..Edit::default() };
    assert!(
        house.authority.edit(&actor, &NATIVE, &above.id, &narrow, None).await.is_ok(),
        "the result counts"
    );
}

#[tokio::test]
async fn a_minting_token_of_one_above_is_not_taken_over() {
    let house = House::new().await;
    let low = ["a", MINT, WRITE];
    house.someone("ann", &low).await;
    let actor = house.actor(&house.token("ann", &low).await);
    // It gives whatever the administrator's roles hold, which is more than ann may give.
    let above = house.token("admin", &[MINT]).await;
    let rotate = house.authority.rotate(&actor, &NATIVE, &above.id, SignedDuration::ZERO, None).await;
    assert!(refused(rotate, "*"));
    // One that she perhaps has in hand already is not made to mint.
    let plain = house.token("admin", &["a"]).await;
    let widen = Edit { scopes: Some(strings(&["a", MINT])), ..Edit::default() };
    assert!(refused(house.authority.edit(&actor, &NATIVE, &plain.id, &widen, None).await, "*"));
    let off = Edit { enabled: Some(false), ..Edit::default() };
    assert!(house.authority.edit(&actor, &NATIVE, &above.id, &off, None).await.is_ok());
    let on = Edit { enabled: Some(true), ..Edit::default() };
    assert!(refused(house.authority.edit(&actor, &NATIVE, &above.id, &on, None).await, "*"));
    // Her own, and that of one beneath her, she may.
    house.someone("bob", &["a", MINT]).await;
    for mine in [house.token("ann", &[MINT]).await, house.token("bob", &[MINT]).await] {
        let rotate = house.authority.rotate(&actor, &NATIVE, &mine.id, SignedDuration::ZERO, None).await;
        assert!(rotate.is_ok());
    }
}

#[tokio::test]
async fn reserved_and_malformed_words_are_named_by_their_place() {
    let house = House::new().await;
    let Err(Error::Invalid(wrong)) =
        house.try_issue(&house.operator(), &ask(&["a", "acme.unheard", "b c", "counterfoil.x"])).await
    else {
        panic!("it was issued");
    };
    let fields: Vec<_> = wrong.iter().map(|violation| violation.field.as_str()).collect();
    assert_eq!(fields, ["scopes[1]", "scopes[2]", "scopes[3]"]);
}
