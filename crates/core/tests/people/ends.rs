//! How sessions end: by whoever may end them, and with whatever they stand on, in the same moment.

use crate::house::{DAY, House, MANY, MINUTE, ONE, PASSWORD, beside, is_silent, named, wanted};
use counterfoil_core::authority::{
    Check, EditGate, Exchange, NewKey, Passage, SessionQuery, Started, Verdict, Which,
};
use counterfoil_core::error::Error;
use counterfoil_core::journal::Action;
use counterfoil_core::store::{JournalFilter, Key, Record, Store as _};
use counterfoil_core::token::Limit;
use jiff::SignedDuration;

impl House {
    /// Whether the record itself says that it is over.
    async fn is_ended(&self, started: &Started) -> bool {
        match self.store.find(Key::Session(started.session.id)).await.unwrap() {
            Some(Record::Session(session)) => session.ended.is_some(),
            other => panic!("{other:?}"),
        }
    }

    async fn ending_lines(&self) -> Vec<String> {
        let endings = JournalFilter { action: Some(Action::SessionEnd), ..JournalFilter::default() };
        let lines = self.store.journal(endings, 10_000).await.unwrap();
        lines.into_iter().map(|line| line.subject).collect()
    }
}

#[tokio::test]
async fn it_ends_with_its_principals_password_second_factor_disabling_and_deletion() {
    for what in ["password", "totp", "disable", "delete"] {
        let house = House::new().await;
        house.person_with_password("jane", &["acme.key"]).await;
        house.person_with_password("john", &["acme.key"]).await;
        let key = house.key("jane", &MANY, &[]).await;
        let (by_password, johns) = (house.log_in("jane").await, house.log_in("john").await);
        let proved = house.try_key(&MANY, &key.id, &key.text).await.unwrap();
        let by_key = house.authority.exchange(&proved, &beside()).await.unwrap();
        assert!(house.counts(&by_password) && house.counts(&by_key));
        match what {
            "password" => house.set_password("jane", "another password").await,
            "totp" => drop(house.authority.enrol_totp(&house.operator(), &named("jane")).await.unwrap()),
            "disable" => house.set_disabled("jane", true).await,
            _ => house.authority.delete_principal(&house.operator(), &named("jane")).await.unwrap(),
        }
        for one in [&by_password, &by_key] {
            assert!(!house.counts(one) && house.is_ended(one).await, "{what}");
        }
        assert!(house.counts(&johns), "{what}");
        assert_eq!(house.ending_lines().await.len(), 2, "{what}");
    }
}

#[tokio::test]
async fn what_ended_with_a_disabling_stays_ended() {
    let house = House::new().await;
    house.person_with_password("jane", &["acme.key"]).await;
    let session = house.log_in("jane").await;
    house.set_disabled("jane", true).await;
    house.set_disabled("jane", false).await;
    assert!(!house.counts(&session));
    assert!(house.counts(&house.log_in("jane").await));
}

#[tokio::test]
async fn it_ends_with_the_key_that_bought_it() {
    let house = House::new().await;
    house.person_with_password("jane", &["acme.key"]).await;
    let (one, other) = (house.key("jane", &MANY, &[]).await, house.key("jane", &MANY, &[]).await);
    let buy = async |key: &NewKey| {
        let proved = house.try_key(&MANY, &key.id, &key.text).await;
        house.authority.exchange(&proved.unwrap(), &beside()).await.unwrap()
    };
    let (first, second) = (buy(&one).await, buy(&other).await);
    let refreshed = house.authority.refresh(&house.actor(&first), &beside()).await.unwrap();
    let by_password = house.log_in("jane").await;
    let revoke =
        async |id| house.authority.revoke_keys(&house.operator(), &named("jane"), "globex", id).await;
    assert_eq!(revoke(Some(&*one.id)).await.unwrap(), 1);
    assert!(!house.counts(&first) && !house.counts(&refreshed));
    assert!(house.counts(&second) && house.counts(&by_password));
    assert!(is_silent(&house.try_key(&MANY, &one.id, &one.text).await));
    assert!(matches!(revoke(Some(&*one.id)).await, Err(Error::NotFound(_))));
    assert_eq!(revoke(None).await.unwrap(), 1);
    assert!(!house.counts(&second) && house.counts(&by_password));
}

#[tokio::test]
async fn its_holder_and_administrators_end_it() {
    let house = House::new().await;
    house.person_with_password("jane", &["acme.read"]).await;
    let own = house.log_in("jane").await;
    let stranger = house.actor(&own);
    house.authority.log_out(&stranger).await.unwrap();
    assert!(!house.counts(&own));
    house.authority.log_out(&stranger).await.unwrap();
    assert_eq!(house.ending_lines().await.len(), 1, "what is over cannot end");

    let session = house.log_in("jane").await;
    let actor = house.actor(&session);
    let id = session.session.id;
    let forbidden = |outcome| matches!(outcome, Err(Error::Forbidden { .. }));
    assert!(forbidden(house.authority.end_session(&actor, id).await.map(drop)));
    assert!(forbidden(house.authority.end_sessions(&actor, None).await.map(drop)));
    assert!(forbidden(house.authority.sessions(&actor, &SessionQuery::default()).await.map(drop)));
    house.authority.end_session(&house.operator(), id).await.unwrap();
    assert!(!house.counts(&session));
    let unknown = house.authority.end_session(&house.operator(), uuid::Uuid::nil()).await;
    assert!(matches!(unknown, Err(Error::NotFound(_))));
    assert!(matches!(house.authority.log_out(&house.operator()).await, Err(Error::Unauthenticated(_))));
}

#[tokio::test]
async fn all_of_a_principal_or_of_the_realm_end_however_many() {
    let house = House::new().await;
    house.person_with_password("jane", &["acme.read"]).await;
    house.person_with_password("john", &["acme.read"]).await;
    let (johns, janes) = (house.log_in("john").await, house.log_in("jane").await);
    let end =
        async |which: Option<&Which>| house.authority.end_sessions(&house.operator(), which).await.unwrap();
    let jane = named("jane");
    assert_eq!(end(Some(&jane)).await, 1);
    assert!(!house.counts(&janes) && house.counts(&johns));
    let proved = house.try_password("jane", PASSWORD).await.unwrap();
    let wanted = Exchange { most: usize::MAX, ..beside() };
    for _ in 0..1_001 {
        house.authority.exchange(&proved, &wanted).await.unwrap();
    }
    assert_eq!(end(None).await, 1_002);
    assert_eq!(end(None).await, 0);
    assert_eq!(house.ending_lines().await.len(), 1_003);
}

#[tokio::test]
async fn administrators_see_which_there_are() {
    let house = House::new().await;
    house.person_with_password("jane", &["acme.read"]).await;
    house.person_with_password("john", &["acme.read"]).await;
    let mut begun = Vec::new();
    for name in ["jane", "john", "jane"] {
        begun.push(house.log_in(name).await.session.id);
        house.clock.pass(SignedDuration::from_secs(1));
    }
    let list = async |query| {
        let found = house.authority.sessions(&house.operator(), &query).await.unwrap();
        found.into_iter().map(|shown| (shown.session.id, shown.principal.to_string())).collect::<Vec<_>>()
    };
    let all = SessionQuery { limit: 10, ..SessionQuery::default() };
    let names = [(begun[0], "jane".into()), (begun[1], "john".into()), (begun[2], "jane".into())];
    assert_eq!(list(all.clone()).await, names);
    assert_eq!(list(SessionQuery { limit: 2, ..all.clone() }).await, names[..2]);
    assert_eq!(list(SessionQuery { after: Some(begun[1]), ..all.clone() }).await, names[2..]);
    assert_eq!(list(SessionQuery { live: true, ..all.clone() }).await, names[1..]);
    assert_eq!(list(SessionQuery { principal: Some(named("john")), ..all }).await, names[1..2]);
}

#[tokio::test]
async fn a_proof_that_was_overtaken_buys_nothing() {
    for what in ["password", "totp", "disable", "delete", "key"] {
        let house = House::new().await;
        house.person_with_password("jane", &["acme.key"]).await;
        let key = house.key("jane", &ONE, &[]).await;
        let by_password = house.try_password("jane", PASSWORD).await.unwrap();
        let by_key = house.try_key(&ONE, "jane", &key.text).await.unwrap();
        match what {
            "password" => house.set_password("jane", "another password").await,
            "totp" => drop(house.authority.enrol_totp(&house.operator(), &named("jane")).await.unwrap()),
            "disable" => house.set_disabled("jane", true).await,
            "delete" => house.authority.delete_principal(&house.operator(), &named("jane")).await.unwrap(),
            _ => drop(house.key("jane", &ONE, &[]).await),
        }
        let overtaken =
            [(&by_password, what != "key"), (&by_key, matches!(what, "disable" | "delete" | "key"))];
        for (proved, refused) in overtaken {
            let outcome = house.authority.exchange(proved, &wanted()).await;
            assert_eq!(is_silent(&outcome), refused, "{what}: {outcome:?}");
        }
    }
}

#[tokio::test]
async fn sessions_of_one_principal_share_a_gates_limit() {
    let house = House::new().await;
    house.person_with_password("jane", &["acme.key"]).await;
    house.person_with_password("john", &["acme.key"]).await;
    let policy = EditGate { limit: Some(Limit::parse("1/1h")), ..EditGate::default() };
    house.authority.create_gate(&house.operator(), "front", &policy, None).await.unwrap();
    let gate = house.authority.gate("front").unwrap();
    let pass = |started: &Started| {
        house.authority.check(&gate, started.jwt.reveal(), &Check { method: "GET", path: "/", address: None })
    };
    assert!(matches!(pass(&house.log_in("jane").await), Passage::Open(_)));
    assert!(
        matches!(pass(&house.log_in("jane").await), Passage::Limited(_)),
        "logging in again gives no more"
    );
    assert!(matches!(pass(&house.log_in("john").await), Passage::Open(_)));
}

#[tokio::test]
async fn the_index_forgets_what_is_over_and_the_store_a_day_later() {
    let house = House::new().await;
    house.person_with_password("jane", &["acme.key"]).await;
    house.authority.tend().await.unwrap();
    let before = house.authority.index_len();
    let ended = house.log_in("jane").await;
    let expiring = house.log_in("jane").await;
    assert_eq!(house.authority.index_len(), before + 1, "an ended one leaves at once");
    assert_eq!(house.authority.sessions_len(), 1);
    house.clock.pass(MINUTE * 20);
    assert!(matches!(house.verdict(expiring.jwt.reveal()), Verdict::Refused(_)));
    house.authority.tend().await.unwrap();
    assert_eq!((house.authority.index_len(), house.authority.sessions_len()), (before, 0));
    assert!(matches!(house.verdict(expiring.jwt.reveal()), Verdict::Unknown));
    let kept = async |one: &Started| house.store.find(Key::Session(one.session.id)).await.unwrap().is_some();
    assert!(kept(&ended).await && kept(&expiring).await);
    house.clock.pass(DAY);
    house.authority.tend().await.unwrap();
    assert!(!kept(&ended).await && !kept(&expiring).await);
}
