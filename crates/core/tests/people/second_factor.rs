//! Second factors: a code counts once, and where no code can be carried there is no way in.

use crate::house::{House, MANY, MINUTE, PASSWORD, SOMEWHERE, door, is_silent, named};
use counterfoil_core::authority::{Door, Proved};
use counterfoil_core::clock::Clock as _;
use counterfoil_core::error::Error;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::{SignedDuration, Timestamp};
use sha1::Sha1;

/// The code of a step, as an authenticator app makes it.
fn code(seed: &[u8], step: i64) -> u32 {
    let mut mac = Hmac::<Sha1>::new_from_slice(seed).unwrap();
    mac.update(&step.to_be_bytes());
    let hash: [u8; 20] = mac.finalize().into_bytes().into();
    let at = usize::from(hash[19] & 15);
    (u32::from_be_bytes([hash[at], hash[at + 1], hash[at + 2], hash[at + 3]]) & 0x7fff_ffff) % 1_000_000
}

struct Enrolled {
    house: House,
    seed: Vec<u8>,
}

impl Enrolled {
    async fn new() -> Self {
        let house = House::new().await;
        house.person_with_password("jane", &["acme.read"]).await;
        let (username, seed) = house.authority.enrol_totp(&house.operator(), &named("jane")).await.unwrap();
        assert_eq!(username, "jane");
        Self { house, seed: seed.to_vec() }
    }

    fn step(&self) -> i64 {
        self.house.clock.now().as_second() / 30
    }

    fn code(&self, later: i64) -> u32 {
        code(&self.seed, self.step() + later)
    }

    async fn try_code(&self, code: Option<u32>) -> Result<Proved, Error> {
        let door = Door { code, ..door(SOMEWHERE) };
        self.house.try_password_at("jane", PASSWORD, &door).await
    }
}

#[tokio::test]
async fn without_its_code_the_password_opens_nothing() {
    let enrolled = Enrolled::new().await;
    assert!(is_silent(&enrolled.try_code(None).await));
    assert!(is_silent(&enrolled.try_code(Some((enrolled.code(0) + 1) % 1_000_000)).await));
    enrolled.try_code(Some(enrolled.code(0))).await.unwrap();
    let wrong = Door { code: Some(enrolled.code(1)), ..door(SOMEWHERE) };
    assert!(is_silent(&enrolled.house.try_password_at("jane", "wrong", &wrong).await));
}

#[tokio::test]
async fn a_code_counts_once_and_those_before_it_no_more() {
    let enrolled = Enrolled::new().await;
    let (before, present, next) = (enrolled.code(-1), enrolled.code(0), enrolled.code(1));
    enrolled.try_code(Some(present)).await.unwrap();
    assert!(is_silent(&enrolled.try_code(Some(present)).await));
    assert!(is_silent(&enrolled.try_code(Some(before)).await));
    enrolled.try_code(Some(next)).await.unwrap();
    enrolled.house.clock.pass(MINUTE);
    let mut again = enrolled;
    again.house.reopen().await;
    again.try_code(Some(again.code(-1))).await.unwrap_err();
    again.try_code(Some(again.code(0))).await.unwrap();
}

#[tokio::test]
async fn of_two_logins_with_one_code_one_succeeds() {
    let enrolled = Enrolled::new().await;
    let present = Some(enrolled.code(0));
    let (one, other) = tokio::join!(enrolled.try_code(present), enrolled.try_code(present));
    assert_eq!(usize::from(one.is_ok()) + usize::from(other.is_ok()), 1);
    assert!(is_silent(&one) || is_silent(&other), "{one:?} {other:?}");
}

#[tokio::test]
async fn a_code_with_leading_zeros_is_a_number_like_others() {
    let enrolled = Enrolled::new().await;
    let mut later = enrolled.step()..enrolled.step() + 10_000;
    let small = later.find(|step| code(&enrolled.seed, *step) < 100_000).unwrap();
    enrolled.house.clock.set(Timestamp::from_second(small * 30).unwrap());
    enrolled.try_code(Some(code(&enrolled.seed, small))).await.unwrap();
}

#[tokio::test]
async fn wrong_codes_are_failures_like_any_other() {
    let enrolled = Enrolled::new().await;
    for _ in 0..3 {
        assert!(is_silent(&enrolled.try_code(None).await));
    }
    assert!(is_silent(&enrolled.try_code(Some(enrolled.code(0))).await));
    enrolled.house.clock.pass(MINUTE * 15);
    enrolled.try_code(Some(enrolled.code(0))).await.unwrap();
}

#[tokio::test]
async fn a_key_needs_the_code_too() {
    let Enrolled { house, seed } = Enrolled::new().await;
    let key = house.key("jane", &MANY, &[]).await;
    assert!(is_silent(&house.try_key(&MANY, &key.id, &key.text).await));
    house.authority.remove_totp(&house.operator(), &named("jane")).await.unwrap();
    house.try_key(&MANY, &key.id, &key.text).await.unwrap();
    house.try_password("jane", PASSWORD).await.unwrap();
    // Enrolled anew, the old seed's codes are nothing.
    house.authority.enrol_totp(&house.operator(), &named("jane")).await.unwrap();
    let old = Enrolled { house, seed };
    assert!(is_silent(&old.try_code(Some(old.code(0))).await));
    old.house.clock.pass(SignedDuration::from_secs(1));
}
