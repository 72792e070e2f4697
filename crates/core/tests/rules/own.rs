//! A window in which everybody sees and changes their own tokens only, and one that lends words.

use crate::house::{ACME, House, NATIVE, all, ask, ask_acme, once};
use counterfoil_core::authority::{Claim, Door, Issue, View};
use counterfoil_core::error::Error;
use counterfoil_core::realm::RealmId;
use counterfoil_core::secret::Secret;
use jiff::SignedDuration;

const OWN: View = View { own_only: true, scopeless: false, spares_itself: false, ..ACME };
const LENDING: View = View { lends: &["acme.read", "acme.write", "acme.mint"], ..OWN };

#[tokio::test]
async fn who_may_do_everything_still_sees_and_changes_their_own_only() {
    let house = House::new().await;
    house.principal("ann", &["administrator"]).await;
    let ann = house.actor(&house.token("ann", &["*"]).await);
    let others = house.issue(&Issue { principal: Some("admin".into()), ..ask_acme(&["acme.read"]) }).await;
    let rotate =
        async |view: &View| house.authority.rotate(&ann, view, &others.id, SignedDuration::ZERO, None).await;
    assert!(matches!(house.authority.find(&ann, &OWN, &others.id).await, Err(Error::NotFound(_))));
    assert!(matches!(rotate(&OWN).await, Err(Error::NotFound(_))));
    assert_eq!(house.authority.list(&ann, &OWN, &all(10)).await.unwrap().total, 0);
    assert_eq!(house.authority.list(&ann, &ACME, &all(10)).await.unwrap().total, 1);
    rotate(&ACME).await.unwrap();
    let own = house.authority.issue(&ann, &OWN, &ask_acme(&["acme.read"]), None).await.unwrap();
    house.authority.rotate(&ann, &OWN, &own.id, SignedDuration::ZERO, None).await.unwrap();
    assert_eq!(house.authority.list(&ann, &OWN, &all(10)).await.unwrap().total, 1);
}

#[tokio::test]
async fn what_is_lent_is_given_as_far_as_the_principal_has_it_and_nothing_else_is() {
    let house = House::new().await;
    house.someone("ann", &["acme.read", "acme.write", "a"]).await;
    let ann = house.actor(&house.token("ann", &["acme.write"]).await);
    let issue = async |view: &View, words: &[&str]| {
        house.authority.issue(&ann, view, &ask_acme(words), None).await.map(|issued| issued.id)
    };
    let forbidden = |outcome: Result<_, Error>| matches!(outcome, Err(Error::Forbidden { .. }));
    assert!(forbidden(issue(&OWN, &["acme.read"]).await));
    let id = issue(&LENDING, &["acme.read"]).await.unwrap();
    assert!(forbidden(issue(&LENDING, &["acme.read", "acme.mint"]).await), "her roles lack it");
    assert!(forbidden(issue(&LENDING, &["acme.read", "a"]).await), "it is not lent");
    let rotate =
        async |view: &View| house.authority.rotate(&ann, view, &id, SignedDuration::ZERO, None).await;
    assert!(matches!(rotate(&OWN).await, Err(Error::Forbidden { .. })));
    rotate(&LENDING).await.unwrap();
    house.set_roles("ann", &[]).await;
    assert!(matches!(rotate(&LENDING).await, Err(Error::Forbidden { .. })), "she has it no more");
}

#[tokio::test]
async fn two_who_come_with_passwords_do_not_hear_each_others_outcomes() {
    let house = House::new().await;
    let mut heard = Vec::new();
    for username in ["ann", "bob"] {
        house.role(username, &["a"]).await;
        house.principal(username, &[username]).await;
        let password = || Secret::new(format!("{username} staple staple"));
        house
            .authority
            .set_password(&house.operator(), &crate::house::named(username), password())
            .await
            .unwrap();
        for _ in 0..2 {
            let claim = Claim::Password { username, text: password() };
            let door = Door { address: None, code: None, threshold: 10, keys_need: None };
            let proved = house.authority.prove(RealmId(1), claim, &door).await.unwrap();
            let actor = house.authority.proven(&proved).unwrap();
            let issued =
                house.authority.issue(&actor, &NATIVE, &ask(&["a"]), Some(&once("k"))).await.unwrap();
            heard.push((issued.principal.to_string(), issued.id.to_string()));
        }
    }
    assert_eq!(heard[0], heard[1]);
    assert_eq!(heard[2], heard[3]);
    assert_eq!((heard[0].0.as_str(), heard[2].0.as_str()), ("ann", "bob"));
    let by_operator = house.authority.issue(&house.operator(), &NATIVE, &ask(&["a"]), Some(&once("k"))).await;
    assert!(heard.iter().all(|(_, id)| **id != *by_operator.as_ref().unwrap().id));
}
