//! Whatever is not a signature of the client's own keys.

use super::{Signing, part, sign};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, RSA_PKCS1_SHA384, RSA_PSS_SHA256, RsaKeyPair,
};
use counterfoil_core::signing::{Algorithm, Signer};
use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::{Sha256, Sha512};

/// The order of P-256's group, big-endian.
const P256_ORDER: &str = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
/// The order of Ed25519's group, big-endian.
const ED25519_ORDER: &str = "1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed";

/// The difference of two big-endian numbers of one length, or their sum, each modulo 2^n.
fn carried(one: &[u8], other: &[u8], add: bool) -> Vec<u8> {
    let mut carry = 0_i16;
    let digits = one.iter().zip(other).rev().map(|(one, other)| {
        let other = i16::from(*other);
        let digit = i16::from(*one) + if add { other } else { -other } + carry;
        carry = digit >> 8;
        u8::try_from(digit & 0xff).unwrap()
    });
    let mut digits: Vec<_> = digits.collect();
    digits.reverse();
    digits
}

fn number(hex: &str) -> Vec<u8> {
    HEXLOWER.decode(hex.as_bytes()).unwrap()
}

/// An integer as DER writes it.
fn der(number: &[u8]) -> Vec<u8> {
    let sign = if number[0] & 0x80 == 0 { &[][..] } else { &[0] };
    [&[2, u8::try_from(number.len() + sign.len()).unwrap()], sign, number].concat()
}

#[tokio::test]
async fn a_public_key_is_no_secret_to_sign_with() {
    let signing = Signing::new().await;
    let mut bad = Vec::new();
    for signer in &signing.signers {
        let jwk = Value::Object(signer.public());
        let member =
            |name: &str| jwk[name].as_str().map(|text| BASE64URL_NOPAD.decode(text.as_bytes()).unwrap());
        // Every form in which somebody might have handed it to a verifier that takes it for a secret.
        let secrets = [
            member("n"),
            member("x"),
            Some(jwk.to_string().into_bytes()),
            Some(signer.kid().into()),
            Some(vec![]),
        ];
        for secret in secrets.into_iter().flatten() {
            for named in [json!({}), json!({ "kid": signer.kid() })] {
                let signed = |word: &str| {
                    let mut header = named.clone();
                    header["alg"] = word.into();
                    format!("{}.{}", part(&header.to_string()), part(&signing.claims().to_string()))
                };
                let (short, long) = (signed("HS256"), signed("HS512"));
                let tag = Hmac::<Sha256>::new_from_slice(&secret).unwrap().chain_update(&short).finalize();
                bad.push(("HS256".into(), format!("{short}.{}", BASE64URL_NOPAD.encode(&tag.into_bytes()))));
                let tag = Hmac::<Sha512>::new_from_slice(&secret).unwrap().chain_update(&long).finalize();
                bad.push(("HS512".into(), format!("{long}.{}", BASE64URL_NOPAD.encode(&tag.into_bytes()))));
            }
        }
    }
    for word in ["none", "None", "NONE", "nOnE", "", "HS256"] {
        let unsigned =
            format!("{}.{}", part(&json!({ "alg": word }).to_string()), part(&signing.claims().to_string()));
        for forged in [format!("{unsigned}."), unsigned.clone(), format!("{unsigned}.{}", "A".repeat(86))] {
            bad.push((format!("alg {word:?}"), forged));
        }
    }
    signing.refuses(bad).await;
}

#[tokio::test]
async fn no_signature_counts_but_a_keys_own() {
    let signing = Signing::new().await;
    let mut bad = Vec::new();
    for signer in &signing.signers {
        let good = signing.good(signer);
        let (signed, signature) = good.rsplit_once('.').unwrap();
        let signature = BASE64URL_NOPAD.decode(signature.as_bytes()).unwrap();
        let (size, half) = (signature.len(), signature.len() / 2);
        let mut add = |why: &str, bytes: &[u8]| {
            let why = format!("{:?} {why}", signer.algorithm());
            bad.push((why, format!("{signed}.{}", BASE64URL_NOPAD.encode(bytes))));
        };
        for at in [0, 1, half - 1, half, size - 1] {
            for bit in [1, 0x80] {
                let mut bent = signature.clone();
                bent[at] ^= bit;
                add("one bit", &bent);
            }
        }
        for (why, bent) in [
            ("none", Vec::new()),
            ("zeros", vec![0; size]),
            ("ones", vec![0xff; size]),
            ("without its first byte", signature[1..].to_vec()),
            ("without its last byte", signature[..size - 1].to_vec()),
            ("half", signature[..half].to_vec()),
            ("twice", signature.repeat(2)),
            ("with a zero before it", [&[0], &signature[..]].concat()),
            ("with a zero behind it", [&signature[..], &[0]].concat()),
            ("backwards", signature.iter().rev().copied().collect()),
            ("of another text", signer.sign(b"another text").unwrap()),
            ("of no text", signer.sign(b"").unwrap()),
        ] {
            add(why, &bent);
        }
        if signer.algorithm() == Algorithm::Es256 {
            let (order, zero, (r, s)) = (number(P256_ORDER), vec![0; 32], signature.split_at(32));
            let one = [&zero[1..], &[1]].concat();
            let numbers = [der(r), der(s)].concat();
            let sequence = [&[0x30, u8::try_from(numbers.len()).unwrap()], &numbers[..]].concat();
            for (why, bent) in [
                ("as DER", sequence),
                ("r = 0", [&zero, s].concat()),
                ("s = 0", [r, &zero].concat()),
                ("r = n", [&order, s].concat()),
                ("s = n", [r, &order].concat()),
                ("r = n, s = n", order.repeat(2)),
                ("r = 1, s = 1", one.repeat(2)),
                ("r = 0, s = 1", [&zero[..], &one].concat()),
                ("r = 1, s = 0", [&one[..], &zero].concat()),
                ("s = -s, modulo 2^256", [r, &carried(&zero, s, false)].concat()),
                ("s and r exchanged", [s, r].concat()),
                ("numbers of 33 bytes", [&[0], r, &[0], s].concat()),
            ] {
                add(why, &bent);
            }
        }
        if signer.algorithm() == Algorithm::EdDsa {
            let (r, s) = signature.split_at(32);
            let turned: Vec<_> = s.iter().rev().copied().collect();
            let mut longer = carried(&turned, &number(ED25519_ORDER), true);
            longer.reverse();
            let identity = [&[1][..], &[0; 31]].concat();
            for (why, bent) in [
                ("s + L: RFC 8032 refuses what says the same in another way", [r, &longer].concat()),
                ("s = 0", [r, &[0; 32]].concat()),
                ("r is the identity", [&identity, s].concat()),
                ("r is the identity, s = 0", [&identity[..], &[0; 32]].concat()),
            ] {
                add(why, &bent);
            }
        }
    }
    signing.refuses(bad).await;
    for signer in &signing.signers {
        let good = signing.good(signer);
        assert_eq!(signing.status(&good).await, 200, "{signer:?}");
        assert_eq!(signing.status(&good).await, 401, "it counts once");
    }
}

/// `n - s` is as good as `s` (ECDSA has two signatures of everything), so that only the `jti` can tell a replay.
#[tokio::test]
async fn the_other_signature_of_a_spent_assertion_buys_nothing() {
    let signing = Signing::new().await;
    let good = signing.good(&signing.signers[2]);
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let signature = BASE64URL_NOPAD.decode(signature.as_bytes()).unwrap();
    let (r, s) = signature.split_at(32);
    let twin = [r, &carried(&number(P256_ORDER), s, false)].concat();
    let twin = format!("{signed}.{}", BASE64URL_NOPAD.encode(&twin));
    assert_ne!(good, twin);
    assert_eq!((signing.status(&twin).await, signing.status(&good).await), (200, 401));
}

#[tokio::test]
async fn the_keys_of_others_and_other_ways_to_sign_are_nobodys() {
    let signing = Signing::new().await;
    let random = SystemRandom::new();
    let mut bad = Vec::new();
    let rsa = RsaKeyPair::from_pkcs8(&signing.rsa).unwrap();
    for word in ["RS256", "PS256", "RS512"] {
        for (why, padding) in [("PSS", &RSA_PSS_SHA256), ("SHA-384", &RSA_PKCS1_SHA384)] {
            let signed = format!(
                "{}.{}",
                part(&json!({ "alg": word }).to_string()),
                part(&signing.claims().to_string())
            );
            let mut signature = vec![0; 256];
            rsa.sign(padding, &random, signed.as_bytes(), &mut signature).unwrap();
            bad.push((
                format!("{word} by {why}"),
                format!("{signed}.{}", BASE64URL_NOPAD.encode(&signature)),
            ));
        }
    }
    let p384 = EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING).unwrap();
    for word in ["ES256", "ES384"] {
        let signed =
            format!("{}.{}", part(&json!({ "alg": word }).to_string()), part(&signing.claims().to_string()));
        let signature = p384.sign(&random, signed.as_bytes()).unwrap();
        bad.push((
            format!("{word} by P-384"),
            format!("{signed}.{}", BASE64URL_NOPAD.encode(signature.as_ref())),
        ));
    }
    for signer in &signing.signers {
        let (stranger, _) = Signer::generate(signer.algorithm(), 2048, &Other).unwrap();
        let word = signer.algorithm().as_str();
        let jwk = Value::Object(stranger.public());
        for header in [
            json!({ "alg": word }),
            json!({ "alg": word, "kid": signer.kid() }),
            json!({ "alg": word, "kid": stranger.kid() }),
            json!({ "alg": word, "jwk": jwk }),
            json!({ "alg": word, "jku": "https://elsewhere.example/jwks.json" }),
            json!({ "alg": word, "x5u": "https://elsewhere.example/chain.pem" }),
        ] {
            bad.push((format!("a stranger's {header}"), sign(&stranger, header, &signing.claims())));
        }
    }
    signing.refuses(bad).await;
}

/// Chance that is not the fixture's.
struct Other;

impl counterfoil_core::clock::Entropy for Other {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), counterfoil_core::error::Error> {
        buffer.fill(0x5a);
        Ok(())
    }
}
