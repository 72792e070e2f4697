//! Assertions of clients, and JWTs that must not count, in the manner of Wycheproof's collections: every algorithm,
//! signature, header and spelling that a verifier was ever led astray by.

mod signatures;
mod spellings;

use crate::oauth::{JWT_BEARER, US, natively, new_world, post, service};
use crate::support::World;
use counterfoil_core::clock::Clock as _;
use counterfoil_core::fixture::CountedEntropy;
use counterfoil_core::signing::{Algorithm, Signer};
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};
use zeroize::Zeroizing;

/// A client that signs, with one key of each kind.
struct Signing {
    world: World,
    signers: Vec<Signer>,
    /// The private part of the first.
    rsa: Zeroizing<Vec<u8>>,
    count: std::cell::Cell<u32>,
}

impl Signing {
    async fn new() -> Self {
        let world = new_world().await;
        let id = service(&world, "signer").await;
        service(&world, "other").await;
        let made =
            Algorithm::EVERY.map(|which| Signer::generate(which, 2048, &CountedEntropy::default()).unwrap());
        let (signers, mut private): (Vec<_>, Vec<_>) = made.into_iter().unzip();
        let keys: Vec<_> = signers.iter().map(|signer| Value::Object(signer.public())).collect();
        let target = format!("/v1/principals/{id}/jwks");
        let (status, kept) = natively(&world, "PUT", &target, &world.admin, json!({ "keys": keys })).await;
        assert_eq!(status, 200, "{kept}");
        Self { world, signers, rsa: private.swap_remove(0), count: 0.into() }
    }

    /// Claims that count, with a `jti` of their own.
    fn claims(&self) -> Value {
        self.count.set(self.count.get() + 1);
        let now = self.world.clock.now().as_second();
        let jti = self.count.get().to_string();
        json!({ "iss": "signer", "sub": "signer", "aud": US, "exp": now + 60, "jti": jti })
    }

    async fn status(&self, assertion: &str) -> u16 {
        let form = [
            ("grant_type", "client_credentials"),
            ("client_assertion_type", JWT_BEARER),
            ("client_assertion", assertion),
        ];
        let (status, came) = post(&self.world, "/oauth/token", &form).await;
        assert!(status == 200 || came["error"] == "invalid_client", "{came}");
        status
    }

    /// What was signed as it should be, and would count.
    fn good(&self, signer: &Signer) -> String {
        sign(signer, json!({ "alg": signer.algorithm().as_str() }), &self.claims())
    }

    /// Tries every one; afterwards there is no session, and no good assertion is spent.
    async fn refuses(&self, bad: Vec<(String, String)>) {
        for (why, assertion) in bad {
            assert_eq!(self.status(&assertion).await, 401, "{why}: {assertion}");
        }
        let (_, sessions) =
            natively(&self.world, "GET", "/v1/sessions", &self.world.admin, Value::Null).await;
        assert_eq!(sessions["items"], json!([]));
        assert_eq!(self.status(&self.good(&self.signers[3])).await, 200);
    }
}

fn sign(signer: &Signer, header: Value, claims: &Value) -> String {
    let Value::Object(header) = header else { panic!("no header") };
    signer.jwt(&header, claims.as_object().unwrap()).unwrap().reveal().to_owned()
}

fn part(text: &str) -> String {
    BASE64URL_NOPAD.encode(text.as_bytes())
}

#[tokio::test]
async fn every_key_signs_with_its_own_algorithm_and_no_other() {
    let signing = Signing::new().await;
    let words =
        ["RS256", "RS512", "ES256", "EdDSA", "none", "nOnE", "HS256", "HS384", "HS512", "PS256", "ES384"];
    for signer in &signing.signers {
        for word in words {
            let assertion = sign(signer, json!({ "alg": word }), &signing.claims());
            let wanted = if word == signer.algorithm().as_str() { 200 } else { 401 };
            assert_eq!(signing.status(&assertion).await, wanted, "{word} by {signer:?}");
            let named = json!({ "alg": word, "kid": signer.kid() });
            let assertion = sign(signer, named, &signing.claims());
            assert_eq!(signing.status(&assertion).await, wanted, "{word} by {signer:?}, named");
        }
    }
}

#[tokio::test]
async fn an_assertion_is_remembered_as_long_as_it_could_count() {
    let signing = Signing::new().await;
    let (signer, clock) = (&signing.signers[3], &signing.world.clock);
    let mut claims = signing.claims();
    claims["exp"] = (clock.now().as_second() + 3_600).into();
    let assertion = sign(signer, json!({ "alg": "EdDSA" }), &claims);
    assert_eq!(signing.status(&assertion).await, 200);
    for minutes in [1, 14, 16, 28, 1] {
        clock.pass(jiff::SignedDuration::from_mins(minutes));
        // Whatever is remembered no longer is dropped now.
        assert_eq!(signing.status(&sign(signer, json!({ "alg": "EdDSA" }), &signing.claims())).await, 200);
        assert_eq!(signing.status(&assertion).await, 401);
    }
    // The same id in another client's assertion is another id.
    let other = json!({ "alg": "EdDSA" });
    claims["iss"] = "other".into();
    claims["sub"] = "other".into();
    assert_eq!(signing.status(&sign(signer, other, &claims)).await, 401, "it has no keys");
}
