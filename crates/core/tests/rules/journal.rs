//! The journal: each change has its line in the same commit, no failure has one, and no line holds a secret.

use crate::house::{House, NATIVE, ask, named, new_principal, new_role, once, strings};
use crate::weather::Fault;
use counterfoil_core::authority::{Edit, EditPrincipal, EditRealm, EditRole, JournalQuery};
use counterfoil_core::error::Error;
use counterfoil_core::journal::Action;
use jiff::SignedDuration;

/// Does `step` and says which actions were journalled, and that one commit did it.
macro_rules! told {
    ($house:ident, $step:expr) => {{
        let (lines, commits) = ($house.lines(0).await.len() as u64, $house.store.commits());
        $step.await.unwrap();
        assert!($house.store.commits() <= commits + 1);
        $house.lines(lines).await.iter().map(|entry| entry.action).collect::<Vec<_>>()
    }};
}

#[tokio::test]
async fn every_change_has_exactly_its_lines_in_one_commit() {
    let house = House::new().await;
    let (authority, operator) = (&house.authority, house.operator());
    let lines = house.lines(0).await;
    assert_eq!(lines.iter().map(|line| line.action).collect::<Vec<_>>(), [Action::StoreCreate]);

    let one = |action| vec![action];
    let role = new_role("r", &["a"]);
    assert_eq!(
        told!(house, authority.create_role(&operator, &role, Some(&once("r")))),
        one(Action::RoleCreate)
    );
    let edit = EditRole { scopes: Some(strings(&["a", "b"])), name: None };
    assert_eq!(told!(house, authority.edit_role(&operator, &named("r"), &edit, None)), one(Action::RoleEdit));
    assert_eq!(told!(house, authority.edit_role(&operator, &named("r"), &edit, None)), []);

    let ann = new_principal("ann", &["r"]);
    assert_eq!(told!(house, authority.create_principal(&operator, &ann, None)), one(Action::PrincipalCreate));
    let both = EditPrincipal { disabled: Some(true), email: Some("x".into()), ..Default::default() };
    let told = told!(house, authority.edit_principal(&operator, &named("ann"), &both, None));
    assert_eq!(told, [Action::PrincipalDisable, Action::PrincipalEdit]);
    let enable = EditPrincipal { disabled: Some(false), ..Default::default() };
    let told = told!(house, authority.edit_principal(&operator, &named("ann"), &enable, None));
    assert_eq!(told, one(Action::PrincipalEnable));

    let realm = EditRealm { personal_tokens: Some(false), name: None };
    assert_eq!(
        told!(house, authority.edit_realm(&operator, "default", &realm, None)),
        one(Action::RealmEdit)
    );

    assert_eq!(
        told!(house, authority.issue(&operator, &NATIVE, &ask(&["a"]), None)),
        one(Action::TokenIssue)
    );
    let id = house.token("ann", &["a"]).await.id;
    let off = Edit { enabled: Some(false), ..Edit::default() };
    assert_eq!(told!(house, authority.edit(&operator, &NATIVE, &id, &off, None)), one(Action::TokenDisable));
    let on = Edit { enabled: Some(true), name: Some("new".into()), ..Edit::default() };
    let told = told!(house, authority.edit(&operator, &NATIVE, &id, &on, None));
    assert_eq!(told, [Action::TokenEnable, Action::TokenEdit]);
    let told = told!(house, authority.rotate(&operator, &NATIVE, &id, SignedDuration::ZERO, None));
    assert_eq!(told, one(Action::TokenRotate));
    assert_eq!(told!(house, authority.revoke(&operator, &NATIVE, &id)), one(Action::TokenRevoke));

    let told = told!(house, authority.delete_principal(&operator, &named("ann")));
    assert_eq!(told, one(Action::PrincipalDelete));
    assert_eq!(told!(house, authority.delete_role(&operator, &named("r"))), one(Action::RoleDelete));
    let new = crate::house::new_realm("two");
    assert_eq!(told!(house, authority.create_realm(&operator, &new, None)), one(Action::RealmCreate));
}

#[tokio::test]
async fn a_line_says_who_and_with_which_credential() {
    let house = House::new().await;
    let issued = house.token("admin", &["*"]).await;
    let actor = house.actor(&issued);
    let made = house.try_issue(&actor, &ask(&["a"])).await.unwrap();
    let line = house.lines(0).await.pop().unwrap();
    assert_eq!(line.credential.as_deref(), Some(&*issued.id));
    assert_eq!((line.actor, line.subject.as_str()), (actor.principal(), &*made.id));
    assert_eq!(line.at, house.authority.now());
    let query = JournalQuery { actor: Some("admin".into()), limit: 10, ..JournalQuery::default() };
    let by_admin = house.authority.journal(&house.operator(), &query).await.unwrap();
    assert_eq!(by_admin.len(), 1);
    assert_eq!(by_admin[0].actor.as_deref(), Some("admin"));
}

#[tokio::test]
async fn no_secret_text_ever_stands_in_a_line() {
    let house = House::new().await;
    let mut secrets = vec![house.first.clone()];
    let issued =
        house.authority.issue(&house.operator(), &NATIVE, &ask(&["a"]), Some(&once("k"))).await.unwrap();
    let rotated = house.rotate(&issued.id, SignedDuration::ZERO).await.unwrap();
    secrets.push(rotated.text.reveal().to_owned());
    secrets.push(issued.text.reveal().to_owned());
    let (elsewhere, first) = house.realm("two").await;
    secrets.push(first.text.reveal().to_owned());
    let query = JournalQuery { limit: 100, ..JournalQuery::default() };
    let theirs = house.authority.journal(&elsewhere, &query).await.unwrap();
    let written = format!("{theirs:?} {:?} {issued:?}", house.lines(0).await);
    for secret in secrets {
        assert!(!written.contains(secret.rsplit('_').next().unwrap()), "{secret} in {written}");
    }
}

#[tokio::test]
async fn what_failed_left_no_line() {
    let house = House::new().await;
    let actor = house.acting("ann", &["a"]).await;
    let lines = house.lines(0).await.len();
    assert!(house.try_issue(&actor, &ask(&["b"])).await.is_err());
    assert!(house.try_issue(&actor, &ask(&[])).await.is_err());
    let taken = house.authority.create_principal(&house.operator(), &new_principal("ann", &[]), None).await;
    assert!(matches!(taken, Err(Error::Conflict(_))));
    house.store.strike(&[Fault::Before]);
    assert!(house.try_issue(&actor, &ask(&["a"])).await.is_err());
    assert_eq!(house.lines(0).await.len(), lines);
}

#[tokio::test]
async fn the_journal_is_read_with_its_scope_only() {
    let house = House::new().await;
    let (without, with) =
        (house.acting("ann", &["a"]).await, house.acting("bob", &["counterfoil.journal.read"]).await);
    let query = JournalQuery { limit: 100, ..JournalQuery::default() };
    assert!(matches!(house.authority.journal(&without, &query).await, Err(Error::Forbidden { .. })));
    assert!(!house.authority.journal(&with, &query).await.unwrap().is_empty());
}
