//! Signing keys: what signs JWTs, its states, and its public part as a JWK.

use crate::clock::Entropy;
use crate::error::Error;
use crate::realm::RealmId;
use crate::secret::Secret;
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ED25519, EcdsaKeyPair, Ed25519KeyPair,
    KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA512, RSA_PKCS1_SHA256, RSA_PKCS1_SHA512,
    RsaPublicKeyComponents, UnparsedPublicKey,
};
use data_encoding::BASE64URL_NOPAD;
use jiff::Timestamp;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

/// A signature algorithm, by its JOSE name (RFC 7518, RFC 8037).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the JOSE names")]
pub enum Algorithm {
    Rs256,
    Rs512,
    Es256,
    EdDsa,
}

impl Algorithm {
    /// Every algorithm.
    pub const EVERY: [Self; 4] = [Self::Rs256, Self::Rs512, Self::Es256, Self::EdDsa];

    /// The word on every wire and in every store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Rs512 => "RS512",
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
        }
    }

    /// Whether its keys are RSA's.
    pub fn is_rsa(self) -> bool {
        matches!(self, Self::Rs256 | Self::Rs512)
    }

    /// Reads that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::EVERY.into_iter().find(|algorithm| algorithm.as_str() == word)
    }
}

/// Where a signing key is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyState {
    /// Published, not signing yet: readers learn of it first.
    Pending,
    /// The one that signs.
    Active,
    /// Published, signing no more: what it signed still counts.
    Retiring,
    /// Neither published nor signing.
    Removed,
}

impl KeyState {
    /// The word on every wire and in every store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Active => "active",
            Self::Retiring => "retiring",
            Self::Removed => "removed",
        }
    }

    /// Reads that word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Pending, Self::Active, Self::Retiring, Self::Removed]
            .into_iter()
            .find(|state| state.as_str() == word)
    }
}

/// A signing key's record; its private part is sealed with the data key for its own `kid`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningKey {
    /// The thumbprint of its public part (RFC 7638), unique.
    pub kid: String,
    /// Its realm: a key signs for one realm only.
    pub realm: RealmId,
    /// For which dialect it signs; its sessions open no other.
    pub dialect: String,
    /// With which algorithm; a key has one.
    pub algorithm: Algorithm,
    /// Where it is in its life.
    pub state: KeyState,
    /// The public part (RFC 7517), as JSON.
    pub public: String,
    /// The private part (PKCS#8), sealed.
    pub sealed: Vec<u8>,
    /// When it was made.
    pub created: Timestamp,
    /// When its state last changed.
    pub changed: Timestamp,
    /// Grows by one with every change.
    pub version: u64,
}

/// The members of a JSON object in a fixed order.
pub type Members = serde_json::Map<String, Value>;

/// A signing key at work.
pub struct Signer {
    kid: String,
    algorithm: Algorithm,
    pair: Pair,
}

enum Pair {
    Rsa(RsaKeyPair),
    P256(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Signer({} {})", self.algorithm.as_str(), self.kid)
    }
}

impl Signer {
    /// A new key and its private part (PKCS#8). RSA has `bits` bits: 2048, 3072 or 4096. Takes up to seconds; call it
    /// on the pool. Only Ed25519 keys are made of the handed-in chance; the library takes its own for the others.
    pub fn generate(
        algorithm: Algorithm,
        bits: usize,
        entropy: &dyn Entropy,
    ) -> Result<(Self, Zeroizing<Vec<u8>>), Error> {
        let pkcs8 = match algorithm {
            Algorithm::Rs256 | Algorithm::Rs512 => {
                let size = match bits {
                    3072 => KeySize::Rsa3072,
                    4096 => KeySize::Rsa4096,
                    _ => KeySize::Rsa2048,
                };
                let pair = RsaKeyPair::generate(size).map_err(failed)?;
                let der: Pkcs8V1Der<'_> = pair.as_der().map_err(failed)?;
                der.as_ref().to_vec()
            }
            Algorithm::Es256 => {
                let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(failed)?;
                pair.to_pkcs8v1().map_err(failed)?.as_ref().to_vec()
            }
            Algorithm::EdDsa => {
                let mut seed = Zeroizing::new([0_u8; 32]);
                entropy.fill(seed.as_mut_slice())?;
                let pair = Ed25519KeyPair::from_seed_unchecked(seed.as_slice())
                    .map_err(|error| Error::unavailable(error.to_string()))?;
                pair.to_pkcs8v1().map_err(failed)?.as_ref().to_vec()
            }
        };
        let pkcs8 = Zeroizing::new(pkcs8);
        let signer = Self::from_pkcs8(algorithm, &pkcs8)?;
        // A key that cannot check its own signature must never sign for anybody.
        let proof = signer.sign(b"pairwise consistency")?;
        if !verifies(algorithm, &signer.public(), b"pairwise consistency", &proof) {
            return Err(Error::unavailable("a new signing key failed its self-test"));
        }
        Ok((signer, pkcs8))
    }

    /// The key whose private part this is.
    pub fn from_pkcs8(algorithm: Algorithm, pkcs8: &[u8]) -> Result<Self, Error> {
        let rejected = |error: aws_lc_rs::error::KeyRejected| {
            Error::unavailable(format!("a signing key is unusable: {error}"))
        };
        let pair = match algorithm {
            Algorithm::Rs256 | Algorithm::Rs512 => {
                Pair::Rsa(RsaKeyPair::from_pkcs8(pkcs8).map_err(rejected)?)
            }
            Algorithm::Es256 => Pair::P256(
                EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8).map_err(rejected)?,
            ),
            Algorithm::EdDsa => Pair::Ed25519(Ed25519KeyPair::from_pkcs8(pkcs8).map_err(rejected)?),
        };
        let mut signer = Self { kid: String::new(), algorithm, pair };
        signer.kid = thumbprint(&signer.required());
        Ok(signer)
    }

    /// The thumbprint of its public part (RFC 7638).
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// With what it signs.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The public part (RFC 7517): public members only.
    pub fn public(&self) -> Members {
        let mut jwk = self.required();
        jwk.insert("kid".into(), self.kid.clone().into());
        jwk.insert("use".into(), "sig".into());
        jwk.insert("alg".into(), self.algorithm.as_str().into());
        jwk
    }

    /// The members that RFC 7638 takes the thumbprint of, in its order.
    fn required(&self) -> Members {
        let text = |bytes: &[u8]| Value::from(BASE64URL_NOPAD.encode(bytes));
        match &self.pair {
            Pair::Rsa(pair) => {
                let public = pair.public_key();
                let exponent = text(public.exponent().big_endian_without_leading_zero());
                let modulus = text(public.modulus().big_endian_without_leading_zero());
                Members::from_iter([
                    ("e".into(), exponent),
                    ("kty".into(), "RSA".into()),
                    ("n".into(), modulus),
                ])
            }
            Pair::P256(pair) => {
                // Uncompressed: 4, then x and y of 32 bytes each.
                let point = pair.public_key().as_ref();
                let (x, y) = point.get(1..).unwrap_or_default().split_at_checked(32).unwrap_or_default();
                Members::from_iter([
                    ("crv".into(), "P-256".into()),
                    ("kty".into(), "EC".into()),
                    ("x".into(), text(x)),
                    ("y".into(), text(y)),
                ])
            }
            Pair::Ed25519(pair) => Members::from_iter([
                ("crv".into(), "Ed25519".into()),
                ("kty".into(), "OKP".into()),
                ("x".into(), text(pair.public_key().as_ref())),
            ]),
        }
    }

    /// The signature of a message.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Rsa(pair) => {
                let padding =
                    if self.algorithm == Algorithm::Rs512 { &RSA_PKCS1_SHA512 } else { &RSA_PKCS1_SHA256 };
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(padding, &random, message, &mut signature).map_err(failed)?;
                Ok(signature)
            }
            Pair::P256(pair) => Ok(pair.sign(&random, message).map_err(failed)?.as_ref().to_vec()),
            Pair::Ed25519(pair) => Ok(pair.sign(message).as_ref().to_vec()),
        }
    }

    /// A compact JWS (RFC 7515 section 7.1) of these claims.
    pub fn jwt(&self, header: &Members, claims: &Members) -> Result<Secret, Error> {
        let part =
            |members: &Members| serde_json::to_vec(members).map(|bytes| BASE64URL_NOPAD.encode(&bytes));
        let mut jwt = part(header).map_err(Error::unavailable)?;
        jwt.push('.');
        jwt.push_str(&part(claims).map_err(Error::unavailable)?);
        let signature = self.sign(jwt.as_bytes())?;
        jwt.push('.');
        jwt.push_str(&BASE64URL_NOPAD.encode(&signature));
        Ok(Secret::new(jwt))
    }

    /// The claims of a JWT that this key signed. Only for wording a refusal, never for letting anybody in: that asks
    /// the record.
    pub fn claims(&self, jwt: &str) -> Option<Members> {
        let (signed, signature) = jwt.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let header: Members =
            serde_json::from_slice(&BASE64URL_NOPAD.decode(header.as_bytes()).ok()?).ok()?;
        if header.get("alg").and_then(Value::as_str) != Some(self.algorithm.as_str())
            || header.contains_key("crit")
        {
            return None;
        }
        let signature = BASE64URL_NOPAD.decode(signature.as_bytes()).ok()?;
        let good = verifies(self.algorithm, &self.public(), signed.as_bytes(), &signature);
        good.then(|| serde_json::from_slice(&BASE64URL_NOPAD.decode(claims.as_bytes()).ok()?).ok()).flatten()
    }
}

/// Whether the signature of the message is this public key's. The algorithm comes from whoever trusts the key, never
/// from the message (RFC 8725 section 3.1).
pub fn verifies(algorithm: Algorithm, jwk: &Members, message: &[u8], signature: &[u8]) -> bool {
    let member = |name: &str| {
        jwk.get(name).and_then(Value::as_str).and_then(|text| BASE64URL_NOPAD.decode(text.as_bytes()).ok())
    };
    let is = |name: &str, wanted: &str| jwk.get(name).and_then(Value::as_str) == Some(wanted);
    match algorithm {
        Algorithm::Rs256 | Algorithm::Rs512 if is("kty", "RSA") => {
            let (Some(n), Some(e)) = (member("n"), member("e")) else { return false };
            let parameters = if algorithm == Algorithm::Rs512 {
                &RSA_PKCS1_2048_8192_SHA512
            } else {
                &RSA_PKCS1_2048_8192_SHA256
            };
            RsaPublicKeyComponents { n, e }.verify(parameters, message, signature).is_ok()
        }
        Algorithm::Es256 if is("kty", "EC") && is("crv", "P-256") => {
            let (Some(x), Some(y)) = (member("x"), member("y")) else { return false };
            let point = [&[4], x.as_slice(), y.as_slice()].concat();
            UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature).is_ok()
        }
        Algorithm::EdDsa if is("kty", "OKP") && is("crv", "Ed25519") => {
            let Some(x) = member("x") else { return false };
            UnparsedPublicKey::new(&ED25519, x).verify(message, signature).is_ok()
        }
        _ => false,
    }
}

fn thumbprint(required: &Members) -> String {
    let canonical = serde_json::to_vec(required).unwrap_or_default();
    BASE64URL_NOPAD.encode(&Sha256::digest(&canonical))
}

fn failed(error: aws_lc_rs::error::Unspecified) -> Error {
    Error::unavailable(error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::CountedEntropy;

    #[test]
    fn each_algorithm_signs_what_only_its_own_key_verifies() {
        let entropy = CountedEntropy::default();
        let signers: Vec<_> = Algorithm::EVERY
            .into_iter()
            .map(|algorithm| Signer::generate(algorithm, 2048, &entropy).unwrap().0)
            .collect();
        for signer in &signers {
            let signature = signer.sign(b"message").unwrap();
            for other in &signers {
                for algorithm in Algorithm::EVERY {
                    let own = other.kid() == signer.kid() && algorithm == signer.algorithm();
                    assert_eq!(
                        verifies(algorithm, &other.public(), b"message", &signature),
                        own,
                        "{signer:?} {other:?}"
                    );
                }
            }
            assert!(!verifies(signer.algorithm(), &signer.public(), b"massage", &signature));
        }
    }

    #[test]
    fn the_thumbprint_is_the_one_of_rfc_7638() {
        let n = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMs\
                 tn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajr\
                 n1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
        let required = Members::from_iter([
            ("e".into(), "AQAB".into()),
            ("kty".into(), "RSA".into()),
            ("n".into(), n.into()),
        ]);
        assert_eq!(thumbprint(&required), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    }

    #[test]
    fn claims_are_read_from_ones_own_jwt_only() {
        let entropy = CountedEntropy::default();
        let (signer, pkcs8) = Signer::generate(Algorithm::EdDsa, 0, &entropy).unwrap();
        let header = Members::from_iter([("alg".into(), "EdDSA".into())]);
        let claims = Members::from_iter([("sub".into(), "1".into())]);
        let jwt = signer.jwt(&header, &claims).unwrap();
        assert_eq!(signer.claims(jwt.reveal()), Some(claims.clone()));
        assert_eq!(Signer::from_pkcs8(Algorithm::EdDsa, &pkcs8).unwrap().kid(), signer.kid());
        let (other, _) = Signer::generate(Algorithm::EdDsa, 0, &entropy).unwrap();
        assert_eq!(other.claims(jwt.reveal()), None);
        let none = Members::from_iter([("alg".into(), "none".into())]);
        assert_eq!(signer.claims(signer.jwt(&none, &claims).unwrap().reveal()), None);
        assert_eq!(signer.claims("a.b.c"), None);
    }
}
