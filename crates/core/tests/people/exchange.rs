//! Exchange: what a session is worth and which others it ends.

use crate::house::{DAY, House, MANY, MINUTE, ONE, PASSWORD, REALM, SOMEWHERE, beside, wanted};
use counterfoil_core::authority::{Exchange, Started, Verdict};
use counterfoil_core::error::Error;
use counterfoil_core::journal::Action;
use counterfoil_core::scope::ScopeSet;
use counterfoil_core::secret::Secret;
use counterfoil_core::session::Session;
use counterfoil_core::store::{JournalFilter, Key, Record, Store as _};
use counterfoil_core::token::Use;
use jiff::SignedDuration;

#[tokio::test]
async fn a_session_has_its_keys_scopes_or_else_its_principals() {
    let house = House::new().await;
    house.person_with_password("jane", &["acme.key", "acme.read", "acme.write"]).await;
    let whole = ScopeSet::of(&["acme.key", "acme.read", "acme.write"]);
    assert_eq!(house.log_in("jane").await.session.scopes, whole);
    let unscoped = house.key("jane", &MANY, &[]).await;
    assert_eq!(house.buy(&MANY, &unscoped).await.session.scopes, whole);
    let scoped = house.key("jane", &MANY, &["acme.read", "metrics.read"]).await;
    let session = house.buy(&MANY, &scoped).await;
    assert_eq!(session.session.scopes, ScopeSet::of(&["acme.read"]), "metrics.read is in none of her roles");
    assert!(house.counts_for(&session, "acme.read") && !house.counts_for(&session, "acme.write"));
}

#[tokio::test]
async fn a_session_is_cut_to_present_roles_at_every_verification() {
    let house = House::new().await;
    house.person_with_password("jane", &["acme.read", "acme.write"]).await;
    let session = house.log_in("jane").await;
    house.set_scopes("jane", &["acme.read"]).await;
    assert!(house.counts_for(&session, "acme.read") && !house.counts_for(&session, "acme.write"));
    let Verdict::Live(grant) = house.verdict(session.jwt.reveal()) else { panic!() };
    assert_eq!(grant.scopes(), ScopeSet::of(&["acme.read"]));
    house.set_scopes("jane", &["acme.read", "acme.write", "acme.key"]).await;
    assert!(house.counts_for(&session, "acme.write"));
    assert!(!house.counts_for(&session, "acme.key"), "it never had that");
}

#[tokio::test]
async fn asking_for_less_is_heard_and_for_more_is_forbidden() {
    let house = House::new().await;
    house.person_with_password("jane", &["acme.read", "acme.write"]).await;
    let key = house.key("jane", &MANY, &["acme.read"]).await;
    let by_key = house.try_key(&MANY, &key.id, &key.text).await.unwrap();
    let by_password = house.try_password("jane", PASSWORD).await.unwrap();
    let asking = |scopes: &[&str]| Exchange { scopes: Some(ScopeSet::of(scopes)), ..wanted() };
    let narrow = house.authority.exchange(&by_password, &asking(&["acme.read"])).await.unwrap();
    assert_eq!(narrow.session.scopes, ScopeSet::of(&["acme.read"]));
    for (proved, word) in
        [(&by_key, "acme.write"), (&by_password, "acme.key"), (&by_password, "*"), (&by_key, "*")]
    {
        let refused = house.authority.exchange(proved, &asking(&["acme.read", word])).await.unwrap_err();
        assert!(matches!(&refused, Error::Forbidden { needs, .. } if needs == &[word]), "{refused:?}");
    }
    assert!(house.counts(&narrow), "a refused exchange ends nothing");
}

#[tokio::test]
async fn a_session_never_outlives_its_key() {
    let house = House::new().await;
    house.person("jane", &["acme.read"]).await;
    let key = house.key("jane", &MANY, &[]).await;
    house.clock.pass(DAY * 30 - MINUTE);
    let started = house.buy(&MANY, &key).await;
    assert_eq!(Some(started.session.expires), key.expires);
    let again = house.authority.refresh(&house.actor(&started), &wanted()).await.unwrap();
    assert_eq!(Some(again.session.expires), key.expires);
    house.clock.pass(MINUTE);
    assert!(!house.counts(&again));
}

async fn started(house: &House, wanted: &Exchange<'_>) -> Started {
    house.clock.pass(SignedDuration::from_secs(1));
    let proved = house.try_password("jane", PASSWORD).await.unwrap();
    house.authority.exchange(&proved, wanted).await.unwrap()
}

#[tokio::test]
async fn an_ordinary_login_ends_ordinary_ones_and_only_those_of_its_dialect_and_principal() {
    let house = House::new().await;
    house.person_with_password("jane", &["acme.read"]).await;
    house.person_with_password("john", &["acme.read"]).await;
    let johns = house.log_in("john").await;
    let several = started(&house, &beside()).await;
    let other = started(&house, &Exchange { dialect: "globex", ..wanted() }).await;
    let first = started(&house, &wanted()).await;
    let second = started(&house, &wanted()).await;
    let counting = [&johns, &several, &other, &first, &second].map(|one| house.counts(one));
    assert_eq!(counting, [true, true, true, false, true]);
    let third = started(&house, &beside()).await;
    assert!(house.counts(&second) && house.counts(&third), "one that lives beside others ends none");
}

#[tokio::test]
async fn beyond_the_cap_the_oldest_ends() {
    let house = House::new().await;
    house.person_with_password("jane", &["acme.read"]).await;
    let ordinary = started(&house, &wanted()).await;
    let mut all = Vec::new();
    for _ in 0..7 {
        all.push(started(&house, &beside()).await);
    }
    let counting: Vec<_> = all.iter().map(|one| house.counts(one)).collect();
    assert_eq!(counting, [false, false, true, true, true, true, true]);
    assert!(house.counts(&ordinary));
    // One that ended by itself makes room.
    house.authority.log_out(&house.actor(&all[4])).await.unwrap();
    all.push(started(&house, &beside()).await);
    assert!(house.counts(&all[2]) && house.counts(&all[7]));
}

#[tokio::test]
async fn parallel_logins_leave_one_ordinary_session() {
    let house = House::new().await;
    house.person_with_password("jane", &["acme.read"]).await;
    let (one, two, three) = tokio::join!(house.log_in("jane"), house.log_in("jane"), house.log_in("jane"));
    assert_eq!([one, two, three].iter().filter(|one| house.counts(one)).count(), 1);
}

#[tokio::test]
async fn a_refreshed_session_replaces_the_old_one_and_is_worth_the_same() {
    let house = House::new().await;
    house.person("jane", &["acme.key", "acme.read", "acme.write"]).await;
    let key = house.key("jane", &ONE, &["acme.read"]).await;
    let old = house.buy(&ONE, &key).await;
    let actor = house.actor(&old);
    house.clock.pass(MINUTE);
    let new = house.authority.refresh(&actor, &beside()).await.unwrap();
    assert!(!house.counts(&old) && house.counts(&new));
    let Session { scopes, bought_with, refreshed_from, principal, .. } = new.session;
    assert_eq!((scopes, principal), (old.session.scopes.clone(), old.session.principal));
    assert_eq!((bought_with, refreshed_from), (old.session.bought_with, Some(old.session.id)));
    // Who comes second finds it gone.
    let refused = house.authority.refresh(&actor, &beside()).await.unwrap_err();
    assert!(matches!(refused, Error::Unauthenticated(_)), "{refused:?}");
    let operator = house.authority.refresh(&house.operator(), &beside()).await.unwrap_err();
    assert!(matches!(operator, Error::Unauthenticated(_)), "{operator:?}");
}

#[tokio::test]
async fn of_two_refreshes_at_once_one_succeeds() {
    let house = House::new().await;
    house.person_with_password("jane", &["acme.read"]).await;
    let old = house.log_in("jane").await;
    let actor = house.actor(&old);
    let wanted = beside();
    let refresh = || house.authority.refresh(&actor, &wanted);
    let (one, other) = tokio::join!(refresh(), refresh());
    assert_eq!(usize::from(one.is_ok()) + usize::from(other.is_ok()), 1);
}

#[tokio::test]
async fn a_start_writes_no_line_and_an_ending_does() {
    let house = House::new().await;
    let jane = house.person_with_password("jane", &["acme.read"]).await;
    let first = house.log_in("jane").await;
    let lines = async || house.store.journal(JournalFilter::default(), 1_000).await.unwrap();
    let before = lines().await.len();
    let second = house.log_in("jane").await;
    let [line] = &lines().await[before..] else { panic!() };
    assert_eq!((line.action, &line.subject), (Action::SessionEnd, &first.session.id.to_string()));
    assert_eq!((line.actor, &line.detail["by"]), (Some(jane.id), &second.session.id.to_string().into()));
}

#[tokio::test]
async fn logins_and_uses_of_keys_are_written_down() {
    let house = House::new().await;
    let jane = house.person("jane", &["acme.read"]).await;
    let key = house.key("jane", &MANY, &[]).await;
    assert_eq!(house.stored(&jane).await.last_login, None);
    let used = async || {
        house.authority.flush().await.unwrap();
        let key = house.store.find(Key::TokenById(REALM, key.id.to_string())).await.unwrap();
        if let Some(Record::Token(key)) = key { key.last_used } else { panic!() }
    };
    house.try_key(&MANY, &key.id, &Secret::new("x".repeat(30))).await.unwrap_err();
    assert_eq!(used().await, None, "a failure is no use");
    let started = house.buy(&MANY, &key).await;
    assert_eq!(house.stored(&jane).await.last_login, Some(started.session.issued));
    let address = Some(SOMEWHERE.parse().unwrap());
    assert_eq!(used().await, Some(Use { at: started.session.issued, address }));
    house.clock.pass(MINUTE);
    house.authority.refresh(&house.actor(&started), &wanted()).await.unwrap();
    assert_eq!(house.stored(&jane).await.last_login, Some(started.session.issued), "a refresh is no login");
}
