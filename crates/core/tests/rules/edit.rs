//! Edit, disable, enable.

use crate::house::{ACME, House, MINUTE, NATIVE, SECOND, ask, ask_acme, strings};
use counterfoil_core::authority::{Edit, Issue, Shown};
use counterfoil_core::error::Error;

async fn edit(house: &House, id: &str, edit: &Edit, expected: Option<u64>) -> Result<Shown, Error> {
    house.authority.edit(&house.operator(), &NATIVE, id, edit, expected).await
}

fn name(name: &str) -> Edit {
    Edit { name: Some(name.into()), ..Edit::default() }
}

fn enabled(enabled: bool) -> Edit {
    Edit { enabled: Some(enabled), ..Edit::default() }
}

fn violated(outcome: Result<Shown, Error>) -> Vec<String> {
    let Err(Error::Invalid(wrong)) = outcome else { panic!("{outcome:?}") };
    wrong.into_iter().map(|violation| violation.field).collect()
}

#[tokio::test]
async fn only_name_and_scopes_are_a_modification() {
    let house = House::new().await;
    let issued = house.token("admin", &["a"]).await;
    let others = Edit {
        enabled: Some(false),
        expires: Some("30d".into()),
        networks: Some(vec!["10.0.0.0/8".parse().unwrap()]),
        metadata: Some([("k".to_owned(), "v".to_owned())].into()),
        ..Edit::default()
    };
    assert_eq!(edit(&house, &issued.id, &others, None).await.unwrap().token.modified, None);
    house.pass(SECOND);
    let renamed = edit(&house, &issued.id, &name("new"), None).await.unwrap();
    assert_eq!(renamed.token.modified, Some(house.authority.now()));
    let first = house.authority.now();
    house.pass(SECOND);
    let same = Edit { scopes: Some(strings(&["a", "a"])), ..name("new") };
    assert_eq!(edit(&house, &issued.id, &same, None).await.unwrap().token.modified, Some(first));
    let wider = Edit { scopes: Some(strings(&["a", "b"])), ..Edit::default() };
    let wider = edit(&house, &issued.id, &wider, None).await.unwrap();
    assert_eq!(wider.token.modified, Some(house.authority.now()));
}

#[tokio::test]
async fn an_edit_that_changes_nothing_writes_nothing() {
    let house = House::new().await;
    let issued = house.token("admin", &["a"]).await;
    let commits = house.store.commits();
    let shown =
        edit(&house, &issued.id, &Edit { enabled: Some(true), ..name("a token") }, None).await.unwrap();
    assert_eq!((shown.token.version, house.store.commits()), (1, commits));
}

#[tokio::test]
async fn an_edit_takes_effect_at_once() {
    let house = House::new().await;
    let issued = house.token("admin", &["a", "b"]).await;
    let text = issued.text.reveal();
    edit(&house, &issued.id, &Edit { scopes: Some(strings(&["a"])), ..Edit::default() }, None).await.unwrap();
    assert!(house.counts_for(text, "a") && !house.counts_for(text, "b"));
    edit(&house, &issued.id, &enabled(false), None).await.unwrap();
    assert!(!house.counts(text));
    edit(&house, &issued.id, &enabled(true), None).await.unwrap();
    assert!(house.counts(text));
    edit(&house, &issued.id, &Edit { expires: Some("now+1m".into()), ..Edit::default() }, None)
        .await
        .unwrap();
    house.pass(MINUTE);
    assert!(!house.counts(text));
    edit(&house, &issued.id, &Edit { expires: Some("never".into()), ..Edit::default() }, None).await.unwrap();
    assert!(house.counts(text));
}

#[tokio::test]
async fn if_match_refuses_what_changed_meanwhile() {
    let house = House::new().await;
    let issued = house.token("admin", &["a"]).await;
    let shown = edit(&house, &issued.id, &name("one"), Some(1)).await.unwrap();
    assert_eq!(shown.token.version, 2);
    let stale = edit(&house, &issued.id, &name("two"), Some(1)).await;
    assert!(matches!(stale, Err(Error::Stale("token"))));
    assert_eq!(&*house.stored(&issued.id).await.name, "one");
}

#[tokio::test]
async fn of_many_edits_of_one_version_one_succeeds() {
    let house = House::new().await;
    let issued = house.token("admin", &["a"]).await;
    house.store.delay(3);
    let edits: Vec<_> = (0..20).map(|number| name(&format!("name {number}"))).collect();
    let outcomes =
        crate::interleaved::together(edits.iter().map(|new| edit(&house, &issued.id, new, Some(1)))).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    let all = crate::interleaved::together(edits.iter().map(|new| edit(&house, &issued.id, new, None))).await;
    assert!(all.iter().all(Result::is_ok));
}

#[tokio::test]
async fn names_have_a_length_a_face_and_no_control() {
    let house = House::new().await;
    let issued = house.issue(&ask_acme(&["acme.read"])).await;
    let long = "ä".repeat(20);
    let operator = house.operator();
    let narrow = async |new: &str| house.authority.edit(&operator, &ACME, &issued.id, &name(new), None).await;
    assert!(narrow(&long).await.is_ok());
    for bad in ["", " ", "\t", "a\nb", "\u{7f}", &format!("{long}ä")] {
        assert_eq!(violated(narrow(bad).await), ["name"], "{bad:?}");
    }
}

#[tokio::test]
async fn every_wrong_field_is_named_at_once() {
    let house = House::new().await;
    let issued = house.token("admin", &["a"]).await;
    let wrong = Edit {
        name: Some(" ".into()),
        scopes: Some(strings(&["b c", "a"])),
        expires: Some("now-1m".into()),
        metadata: Some([(String::new(), String::new())].into()),
        ..Edit::default()
    };
    assert_eq!(
        violated(edit(&house, &issued.id, &wrong, None).await),
        ["name", "scopes[0]", "expires", "metadata"]
    );
    let none = Edit { scopes: Some(Vec::new()), ..Edit::default() };
    assert_eq!(violated(edit(&house, &issued.id, &none, None).await), ["scopes"]);
}

#[tokio::test]
async fn no_token_ends_before_it_begins() {
    let house = House::new().await;
    let begins = Issue { not_before: Some("now+2m".into()), ..ask(&["a"]) };
    let never = Issue { expires: Some("now+1m".into()), ..begins.clone() };
    assert!(matches!(house.try_issue(&house.operator(), &never).await, Err(Error::Invalid(_))));
    let issued = house.issue(&begins).await;
    let sooner = Edit { expires: Some("now+1m".into()), ..Edit::default() };
    assert_eq!(violated(edit(&house, &issued.id, &sooner, None).await), ["expires"]);
}

#[tokio::test]
async fn an_edited_personal_token_stays_within_its_owners_roles() {
    let house = House::new().await;
    house.someone("ann", &["a"]).await;
    let mine = house.issue(&Issue { personal: true, principal: Some("ann".into()), ..ask(&["a"]) }).await;
    let wider = Edit { scopes: Some(strings(&["a", "b"])), ..Edit::default() };
    assert!(matches!(edit(&house, &mine.id, &wider, None).await, Err(Error::Forbidden { .. })));
}
