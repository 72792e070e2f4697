//! A client's public keys: what is kept of a JWK set (RFC 7517) that somebody handed in. A key has one algorithm, fixed
//! here and never by a token (RFC 8725 section 3.1). Kept out: private members, whoever sends them.

use crate::signing::{Algorithm, Members, verifies};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey};
use data_encoding::BASE64URL_NOPAD;
use serde_json::Value;

/// The most keys of one client.
pub const MOST: usize = 16;
/// The longest `kid`, in bytes.
pub const LONGEST_KID: usize = 128;

/// One public key of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientKey {
    algorithm: Algorithm,
    jwk: Members,
}

impl ClientKey {
    /// Reads one key; the error is a clause about it.
    pub fn read(given: &Members) -> Result<Self, &'static str> {
        let text = |name: &str| given.get(name).and_then(Value::as_str);
        let bytes = |name: &str| text(name).and_then(|text| BASE64URL_NOPAD.decode(text.as_bytes()).ok());
        if given.get("use").is_some_and(|usage| usage != "sig") {
            return Err("must be for signatures (`use`: `sig`)");
        }
        let (algorithm, names): (_, &[&str]) = match (text("kty"), text("crv")) {
            (Some("RSA"), _) => {
                let (Some(n), Some(e)) = (bytes("n"), bytes("e")) else {
                    return Err("must have `n` and `e` in base64url without padding");
                };
                if !(2_048..=8_192).contains(&bits(&n)) {
                    return Err("must have a modulus of 2048 to 8192 bits");
                }
                if !(2..=64).contains(&bits(&e)) || e.last().is_none_or(|last| last % 2 == 0) {
                    return Err("must have an odd exponent from 3 on");
                }
                let algorithm = match text("alg") {
                    None | Some("RS256") => Algorithm::Rs256,
                    Some("RS512") => Algorithm::Rs512,
                    Some(_) => return Err("must be for RS256 or RS512"),
                };
                (algorithm, &["kty", "n", "e"])
            }
            (Some("EC"), Some("P-256")) => {
                let (Some(x), Some(y)) = (bytes("x"), bytes("y")) else {
                    return Err("must have `x` and `y` in base64url without padding");
                };
                let point = [&[4], x.as_slice(), y.as_slice()].concat();
                if ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).is_err() {
                    return Err("is not a point of P-256");
                }
                if text("alg").is_some_and(|word| word != "ES256") {
                    return Err("must be for ES256");
                }
                (Algorithm::Es256, &["kty", "crv", "x", "y"])
            }
            (Some("OKP"), Some("Ed25519")) => {
                let x = bytes("x").ok_or("must have `x` in base64url without padding")?;
                if ParsedPublicKey::new(&ED25519, x).is_err() {
                    return Err("is not an Ed25519 key");
                }
                if text("alg").is_some_and(|word| word != "EdDSA" && word != "Ed25519") {
                    return Err("must be for EdDSA");
                }
                (Algorithm::EdDsa, &["kty", "crv", "x"])
            }
            _ => return Err("must be an RSA key, an EC key on P-256 or an OKP key on Ed25519"),
        };
        let mut jwk: Members =
            names.iter().filter_map(|name| Some(((*name).to_owned(), given.get(*name)?.clone()))).collect();
        match given.get("kid") {
            None => {}
            Some(Value::String(kid))
                if (1..=LONGEST_KID).contains(&kid.len()) && !kid.chars().any(char::is_control) =>
            {
                jwk.insert("kid".into(), kid.as_str().into());
            }
            Some(_) => return Err("must have a `kid` of 1 to 128 characters, or none"),
        }
        jwk.insert("use".into(), "sig".into());
        jwk.insert("alg".into(), algorithm.as_str().into());
        Ok(Self { algorithm, jwk })
    }

    /// Whether a header with this `alg` and `kid` may mean this key. `Ed25519` is RFC 9864's word for what `EdDSA`
    /// means on that curve.
    pub fn is_meant(&self, algorithm: &str, kid: Option<&str>) -> bool {
        let named = algorithm == self.algorithm.as_str()
            || (self.algorithm == Algorithm::EdDsa && algorithm == "Ed25519");
        let own = self.jwk.get("kid").and_then(Value::as_str);
        named && kid.is_none_or(|kid| own == Some(kid))
    }

    /// Whether the signature of the message is this key's.
    pub fn signed(&self, message: &[u8], signature: &[u8]) -> bool {
        verifies(self.algorithm, &self.jwk, message, signature)
    }
}

/// The set as it is kept and shown.
pub fn write(keys: &[ClientKey]) -> String {
    let keys: Vec<Value> = keys.iter().map(|key| Value::Object(key.jwk.clone())).collect();
    serde_json::json!({ "keys": keys }).to_string()
}

/// Reads what [`write`] wrote.
pub fn kept(text: &str) -> Vec<ClientKey> {
    let set: Value = serde_json::from_str(text).unwrap_or_default();
    let keys = set.get("keys").and_then(Value::as_array).into_iter().flatten();
    keys.filter_map(|key| ClientKey::read(key.as_object()?).ok()).collect()
}

/// The length of a big-endian number without its leading zeros.
fn bits(number: &[u8]) -> usize {
    let digits = number.iter().skip_while(|byte| **byte == 0);
    let first = number.iter().find(|byte| **byte != 0).map_or(0, |byte| byte.leading_zeros() as usize);
    (digits.count() * 8).saturating_sub(first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::CountedEntropy;
    use crate::signing::Signer;

    #[test]
    fn only_public_members_are_kept_and_only_of_keys_that_can_verify() {
        for algorithm in Algorithm::EVERY {
            let (signer, _) = Signer::generate(algorithm, 2048, &CountedEntropy::default()).unwrap();
            let mut given = signer.public();
            given.insert("d".into(), "c2VjcmV0".into());
            given.insert("x5u".into(), "https://elsewhere.example".into());
            let key = ClientKey::read(&given).unwrap();
            let written = write(std::slice::from_ref(&key));
            assert!(!written.contains("c2VjcmV0") && !written.contains("elsewhere"), "{written}");
            assert_eq!(kept(&written), std::slice::from_ref(&key));
            assert!(key.signed(b"message", &signer.sign(b"message").unwrap()));
            assert!(key.is_meant(algorithm.as_str(), Some(signer.kid())) && !key.is_meant("none", None));
            assert!(!key.is_meant(algorithm.as_str(), Some("another")));
            for (name, value) in [
                ("kty", "oct"),
                ("use", "enc"),
                ("alg", "HS256"),
                ("kid", ""),
                ("x", "AAAA"),
                ("n", "AAAA"),
                ("e", "Ag"),
            ] {
                let mut bent = signer.public();
                if bent.insert(name.into(), value.into()).is_some() {
                    assert!(ClientKey::read(&bent).is_err(), "{name}={value} of {algorithm:?}");
                }
            }
        }
    }

    #[test]
    fn a_numbers_length_is_without_its_leading_zeros() {
        assert_eq!([bits(&[]), bits(&[0, 0]), bits(&[0, 1]), bits(&[0x80, 0])], [0, 0, 1, 16]);
    }
}
