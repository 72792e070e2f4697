//! Signing keys: made once where they are needed, replaced on schedule and by command, removed when nothing needs them;
//! and how a refused JWT is worded.

use crate::house::{DAY, House, MINUTE, ONE, REALM, beside, named, wanted};
use counterfoil_core::authority::{Exchange, Started};
use counterfoil_core::error::{Error, Unauthenticated};
use counterfoil_core::signing::{Algorithm, KeyState};

impl House {
    fn states(&self) -> Vec<(String, KeyState)> {
        self.authority.public_keys(REALM).into_iter().map(|key| (key.kid, key.state)).collect()
    }

    async fn janes(&self) -> Started {
        let proved = self.try_password("jane", crate::house::PASSWORD).await.unwrap();
        self.authority.exchange(&proved, &beside()).await.unwrap()
    }

    async fn remove(&self, kid: &str) -> Result<(), Error> {
        self.authority.remove_signing_key(&self.operator(), kid).await
    }

    fn why(&self, jwt: &str, dialect: &str) -> Unauthenticated {
        match self.authority.authenticate(jwt, dialect, None) {
            Err(Error::Unauthenticated(why)) => why,
            other => panic!("{other:?}"),
        }
    }
}

async fn with_jane() -> House {
    let house = House::new().await;
    house.person_with_password("jane", &["acme.read"]).await;
    house
}

#[tokio::test]
async fn the_first_exchanges_make_one_key() {
    let house = with_jane().await;
    assert!(house.states().is_empty());
    let (one, two, three) = tokio::join!(house.janes(), house.janes(), house.janes());
    let [(kid, KeyState::Active)] = &house.states()[..] else { panic!("{:?}", house.states()) };
    for started in [one, two, three] {
        assert_eq!(started.session.kid, *kid);
    }
    // Another dialect, another algorithm: another key each.
    let proved = house.try_password("jane", crate::house::PASSWORD).await.unwrap();
    for wanted in [
        Exchange { dialect: "globex", ..wanted() },
        Exchange { algorithm: Algorithm::Es256, ..wanted() },
        Exchange { algorithm: Algorithm::Rs512, ..wanted() },
    ] {
        let started = house.authority.exchange(&proved, &wanted).await.unwrap();
        let keys = house.authority.public_keys(REALM);
        let key = keys.iter().find(|key| key.kid == started.session.kid).unwrap();
        assert_eq!((key.dialect.as_str(), key.algorithm), (wanted.dialect, wanted.algorithm));
        assert!(!key.public.contains("\"d\""), "{}", key.public);
    }
    assert_eq!(house.states().len(), 4);
}

#[tokio::test]
async fn a_key_survives_a_restart() {
    let mut house = with_jane().await;
    let before = house.janes().await;
    house.reopen().await;
    assert!(house.counts(&before));
    assert_eq!(house.janes().await.session.kid, before.session.kid);
}

#[tokio::test]
async fn a_rotated_key_stays_published_while_what_it_signed_counts() {
    let house = with_jane().await;
    let before = house.janes().await;
    let old = before.session.kid.clone();
    assert!(matches!(house.remove(&old).await, Err(Error::Conflict(_))), "it signs");
    house.clock.pass(MINUTE);
    let new = house
        .authority
        .rotate_signing_key(&house.operator(), "acme", Algorithm::EdDsa, None)
        .await
        .unwrap()
        .kid;
    assert_eq!(house.states(), [(old.clone(), KeyState::Retiring), (new.clone(), KeyState::Active)]);
    let after = house.janes().await;
    assert_eq!(after.session.kid, new);
    assert!(house.counts(&before) && house.counts(&after));
    let refused = house.remove(&old).await.unwrap_err();
    assert!(matches!(refused, Error::Conflict(_)), "{refused:?}");
    house.authority.end_session(&house.operator(), before.session.id).await.unwrap();
    house.remove(&old).await.unwrap();
    assert_eq!(house.states(), [(new, KeyState::Active)]);
    assert!(matches!(house.remove(&old).await, Err(Error::NotFound(_))));
    let stranger = house.actor(&after);
    let rotated = house.authority.rotate_signing_key(&stranger, "acme", Algorithm::EdDsa, None).await;
    assert!(matches!(rotated, Err(Error::Forbidden { .. })));
    assert!(matches!(house.authority.signing_keys(&stranger), Err(Error::Forbidden { .. })));
}

#[tokio::test]
async fn on_schedule_a_successor_is_published_first_then_signs_and_the_old_one_goes() {
    let house = with_jane().await;
    let old = house.janes().await.session.kid;
    house.clock.pass(DAY * 90 - MINUTE);
    house.authority.tend().await.unwrap();
    assert_eq!(house.states(), [(old.clone(), KeyState::Active)]);
    house.clock.pass(MINUTE);
    house.authority.tend().await.unwrap();
    let [_, (new, KeyState::Pending)] = &house.states()[..] else { panic!("{:?}", house.states()) };
    let last = house.janes().await;
    assert_eq!(last.session.kid, old);
    house.clock.pass(MINUTE * 15);
    house.authority.tend().await.unwrap();
    assert_eq!(house.states(), [(old.clone(), KeyState::Retiring), (new.clone(), KeyState::Active)]);
    assert_eq!(house.janes().await.session.kid, *new);
    house.clock.pass(MINUTE * 4);
    house.authority.tend().await.unwrap();
    assert!(house.counts(&last), "20 minutes are not over");
    assert_eq!(house.states().len(), 2);
    house.clock.pass(MINUTE * 11);
    house.authority.tend().await.unwrap();
    assert_eq!(house.states(), [(new.clone(), KeyState::Active)]);
}

#[tokio::test]
async fn a_long_session_holds_its_retired_key() {
    let house = with_jane().await;
    let proved = house.try_password("jane", crate::house::PASSWORD).await.unwrap();
    let long = Exchange { lifetime: DAY, ..wanted() };
    let session = house.authority.exchange(&proved, &long).await.unwrap();
    house.authority.rotate_signing_key(&house.operator(), "acme", Algorithm::EdDsa, None).await.unwrap();
    house.clock.pass(MINUTE * 30);
    house.authority.tend().await.unwrap();
    assert_eq!(house.states().len(), 2);
    assert!(house.counts(&session));
    house.clock.pass(DAY);
    house.authority.tend().await.unwrap();
    assert_eq!(house.states().len(), 1);
}

#[tokio::test]
async fn an_expired_jwt_is_called_so_only_by_its_own_dialect() {
    let mut house = with_jane().await;
    let (expired, ended) = (house.janes().await, house.janes().await);
    let jwt = expired.jwt.reveal();
    house.authority.log_out(&house.actor(&ended)).await.unwrap();
    assert_eq!(house.why(ended.jwt.reveal(), "acme"), Unauthenticated::Invalid, "its time is not over");
    house.clock.pass(MINUTE * 20);
    // While the index still has it, when it was swept out, and after a restart.
    for _ in 0..2 {
        assert_eq!(house.why(jwt, "acme"), Unauthenticated::Expired);
        assert_eq!(house.why(jwt, "globex"), Unauthenticated::Invalid);
        assert_eq!(house.why(jwt, "native"), Unauthenticated::Invalid);
        house.authority.tend().await.unwrap();
    }
    house.reopen().await;
    assert_eq!(house.why(jwt, "acme"), Unauthenticated::Expired);
    assert_eq!(house.why(jwt, "globex"), Unauthenticated::Invalid);
    let (signed, signature) = jwt.rsplit_once('.').unwrap();
    let bent = format!("{signed}.{}{}", if signature.starts_with('A') { 'B' } else { 'A' }, &signature[1..]);
    for strange in [bent.as_str(), signed, "a.b.c", "..", &format!("{jwt}.{signature}")] {
        assert_eq!(house.why(strange, "acme"), Unauthenticated::Invalid, "{strange}");
    }
    house.authority.delete_principal(&house.operator(), &named("jane")).await.unwrap();
    assert_eq!(house.why(jwt, "acme"), Unauthenticated::Expired, "its signature is as good as before");
}

#[tokio::test]
async fn rsa_signs_where_no_password_is_compared() {
    let house = House::new().await;
    house.person("jane", &["acme.key", "acme.read"]).await;
    let key = house.key("jane", &ONE, &[]).await;
    let buy = async || {
        let proved = house.try_key(&ONE, "jane", &key.text).await.unwrap();
        let wanted = Exchange { algorithm: Algorithm::Rs512, ..wanted() };
        house.authority.exchange(&proved, &wanted).await.unwrap();
    };
    let ((), [heavy, ..]) = house.cost(buy()).await;
    assert_eq!((heavy, house.signed()), (1, 1), "its key is new");
    let ((), [heavy, ..]) = house.cost(buy()).await;
    assert_eq!((heavy, house.signed()), (0, 2));
}

#[tokio::test]
async fn an_rsa_key_keeps_its_size_until_another_is_asked_for() {
    let house = House::new().await;
    let size = async |algorithm, bits| {
        let key = house.authority.rotate_signing_key(&house.operator(), "acme", algorithm, bits).await?;
        let n = key.public.split(r#""n":""#).nth(1).and_then(|rest| rest.split('"').next());
        Ok::<_, Error>(n.map(|n| n.len() * 6 / 8 * 8))
    };
    for (bits, wanted) in [(None, 2048), (Some(3072), 3072), (None, 3072)] {
        assert_eq!(size(Algorithm::Rs256, bits).await.unwrap(), Some(wanted));
    }
    assert_eq!(size(Algorithm::Rs512, None).await.unwrap(), Some(2048), "another algorithm's");
    house.clock.pass(DAY * 90);
    house.authority.tend().await.unwrap();
    let keys = house.authority.public_keys(REALM);
    for algorithm in [Algorithm::Rs256, Algorithm::Rs512] {
        let size = |state| {
            keys.iter().find(|key| (key.algorithm, key.state) == (algorithm, state)).unwrap().public.len()
        };
        assert_eq!(size(KeyState::Pending), size(KeyState::Active), "the schedule keeps it too");
    }
    for (algorithm, bits) in [(Algorithm::Rs256, 1024), (Algorithm::Rs256, 0), (Algorithm::EdDsa, 2048)] {
        assert!(matches!(size(algorithm, Some(bits)).await, Err(Error::Invalid(_))));
    }
}
