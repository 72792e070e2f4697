//! JWTs that must not count, in the manner of Wycheproof's collections: assertions of clients with every algorithm,
//! signature, header and spelling that a verifier was ever led astray by, and the same spellings of a session.

use crate::oauth::{JWT_BEARER, SECRET, US, natively, new_world, post, service, text, token};
use crate::support::World;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, RSA_PKCS1_SHA384, RSA_PSS_SHA256, RsaKeyPair,
};
use counterfoil_core::clock::Clock as _;
use counterfoil_core::fixture::CountedEntropy;
use counterfoil_core::signing::{Algorithm, Signer};
use data_encoding::{BASE64, BASE64_NOPAD, BASE64URL, BASE64URL_NOPAD, HEXLOWER};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::{Sha256, Sha512};
use zeroize::Zeroizing;

/// The order of P-256's group, big-endian.
const P256_ORDER: &str = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
/// The order of Ed25519's group, big-endian.
const ED25519_ORDER: &str = "1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed";

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

/// A signature over any text.
fn sealed(signer: &Signer, header: &str, claims: &str) -> String {
    let signed = format!("{}.{}", part(header), part(claims));
    let signature = signer.sign(signed.as_bytes()).unwrap();
    format!("{signed}.{}", BASE64URL_NOPAD.encode(&signature))
}

fn part(text: &str) -> String {
    BASE64URL_NOPAD.encode(text.as_bytes())
}

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

/// Signed as it should be; only the header is wrong.
#[tokio::test]
async fn no_header_changes_how_an_assertion_is_read() {
    let signing = Signing::new().await;
    let signer = &signing.signers[3];
    let jwk = Value::Object(signer.public());
    let own = signer.kid();
    let rsas = signing.signers[0].kid();
    let mut bad: Vec<_> = [
        json!({ "alg": "EdDSA", "jwk": jwk }),
        json!({ "alg": "EdDSA", "jku": format!("{US}/.well-known/jwks.json") }),
        json!({ "alg": "EdDSA", "x5u": "file:///etc/passwd" }),
        json!({ "alg": "EdDSA", "x5c": ["MIIB"] }),
        json!({ "alg": "EdDSA", "crit": [] }),
        json!({ "alg": "EdDSA", "crit": ["exp"], "exp": 1 }),
        json!({ "alg": "EdDSA", "crit": null }),
        json!({ "alg": "EdDSA", "b64": true }),
        json!({ "alg": "EdDSA", "b64": false, "crit": ["b64"] }),
        json!({ "alg": "EdDSA", "zip": "DEF" }),
        json!({ "alg": "EdDSA", "enc": "A256GCM" }),
        json!({ "alg": "EdDSA", "typ": "at+jwt" }),
        json!({ "alg": "EdDSA", "typ": "JOSE" }),
        json!({ "alg": "EdDSA", "kid": rsas }),
        json!({ "alg": "EdDSA", "kid": "../../../dev/null" }),
        json!({ "alg": "EdDSA", "kid": format!("{own}' OR '1'='1") }),
        json!({ "alg": "EdDSA", "kid": format!("{own}\0") }),
        json!({ "alg": "EdDSA", "kid": "" }),
        json!({ "alg": "EdDSA", "kid": null }),
        json!({ "alg": "EdDSA", "kid": [own] }),
        json!({ "alg": "EdDSA", "kid": { "kid": own } }),
        json!({ "alg": "EdDSA", "kid": "k".repeat(1_000) }),
        json!({ "alg": "eddsa" }),
        json!({ "alg": "EdDSA " }),
        json!({ "alg": "EdDSA\u{0}" }),
        json!({ "alg": ["EdDSA"] }),
        json!({ "alg": { "EdDSA": true } }),
        json!({ "alg": null }),
        json!({ "ALG": "EdDSA" }),
        json!({}),
    ]
    .into_iter()
    .map(|header| (header.to_string(), sealed(signer, &header.to_string(), &signing.claims().to_string())))
    .collect();
    for header in [
        r#"{"alg":"EdDSA","alg":"EdDSA"}"#,
        r#"{"alg":"none","alg":"EdDSA"}"#,
        r#"{"alg":"EdDSA","\u0061lg":"none"}"#,
        r#"{"alg":"EdDSA","kid":"a","kid":"b"}"#,
        r#"["EdDSA"]"#,
        r#""EdDSA""#,
        "null",
        "",
        r#"{"alg":"EdDSA""#,
        r#"{"alg":"EdDSA"}}"#,
        r#"{"alg":"EdDSA"}{"alg":"none"}"#,
        r#"{"alg":"EdDSA",}"#,
        r#"{'alg':'EdDSA'}"#,
        r#"{alg:"EdDSA"}"#,
        "\u{feff}{\"alg\":\"EdDSA\"}",
        r#"{"alg":"EdDSA","x":"\ud800"}"#,
        r#"{"alg":"EdDSA","x":NaN}"#,
        r#"{"alg":"EdDSA","x":1e999}"#,
        "{\"alg\":\"EdDSA\",\"x\":\"\t\"}",
        &format!(r#"{{"alg":"EdDSA","x":{}{}}}"#, "[".repeat(200), "]".repeat(200)),
        &format!(r#"{{"alg":"EdDSA","x":"{}"}}"#, "x".repeat(600)),
    ] {
        bad.push((header.to_owned(), sealed(signer, header, &signing.claims().to_string())));
    }
    signing.refuses(bad).await;
}

/// Signed as it should be; only the claims are wrong. Their types are `core`'s affair.
#[tokio::test]
async fn no_claims_say_two_things_at_once() {
    let signing = Signing::new().await;
    let signer = &signing.signers[3];
    let claims = || signing.claims().to_string();
    let more = |member: &str| claims().replacen('{', &format!("{{{member},"), 1);
    let inner = sealed(signer, r#"{"alg":"EdDSA"}"#, &claims());
    let mut bad: Vec<_> = [
        more(r#""sub":"signer""#),
        more(r#""iss":"other""#),
        more(r#""\u0069ss":"other""#),
        more(r#""jti":"again""#),
        more(r#""exp":9999999999"#),
        format!("[{}]", claims()),
        format!("{}{}", claims(), claims()),
        json!({ "claims": signing.claims() }).to_string(),
        json!(inner).to_string(),
        inner.clone(),
        String::new(),
    ]
    .into_iter()
    .map(|claims| (claims.clone(), sealed(signer, r#"{"alg":"EdDSA"}"#, &claims)))
    .collect();
    let header = r#"{"alg":"EdDSA","cty":"JWT"}"#;
    bad.push(("nested".into(), sealed(signer, header, &inner)));
    signing.refuses(bad).await;
}

/// Other ways to write down a compact JWS, which a lenient reader takes for the same.
fn misspelt(good: &str) -> Vec<(String, String)> {
    let [header, claims, signature] = good.split('.').collect::<Vec<_>>().try_into().unwrap();
    let padded = |part: &str| BASE64URL.encode(&BASE64URL_NOPAD.decode(part.as_bytes()).unwrap());
    let plain = |part: &str| BASE64_NOPAD.encode(&BASE64URL_NOPAD.decode(part.as_bytes()).unwrap());
    let mut bent = vec![
        ("a space before it", format!(" {good}")),
        ("a space behind it", format!("{good} ")),
        ("a line break behind it", format!("{good}\n")),
        ("a line break within", format!("{header}.\r\n {claims}.{signature}")),
        ("NUL behind it", format!("{good}\0")),
        ("padding behind it", format!("{good}=")),
        ("a dot before it", format!(".{good}")),
        ("a dot behind it", format!("{good}.")),
        ("a fourth part", format!("{good}.{signature}")),
        ("five parts, as of a JWE", format!("{header}.{header}.{claims}.{claims}.{signature}")),
        ("two dots", format!("{header}..{signature}")),
        ("no header", format!(".{claims}.{signature}")),
        ("no dots", format!("{header}{claims}{signature}")),
        ("header and claims exchanged", format!("{claims}.{header}.{signature}")),
        ("twice", format!("{good}{good}")),
        ("a scheme before it", format!("Bearer {good}")),
        ("in quotes", format!("\"{good}\"")),
        ("percent-encoded", good.replace('.', "%2E")),
        (
            "flattened JSON",
            json!({ "protected": header, "payload": claims, "signature": signature }).to_string(),
        ),
        (
            "general JSON",
            json!({ "payload": claims, "signatures": [{ "protected": header, "signature": signature }] })
                .to_string(),
        ),
    ];
    // The last letter of a part may carry bits that belong to nothing.
    for (at, part) in [header, claims, signature].into_iter().enumerate() {
        let replaced = |new: &str| {
            let mut parts = [header, claims, signature];
            parts[at] = new;
            parts.join(".")
        };
        if padded(part) != part {
            bent.push(("padding within", replaced(&padded(part))));
            let (most, last) = part.split_at(part.len() - 1);
            let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
            let at = alphabet.find(last).unwrap();
            bent.push(("bits left over", replaced(&format!("{most}{}", &alphabet[at + 1..at + 2]))));
        }
        if plain(part) != part {
            bent.push(("another alphabet", replaced(&plain(part))));
        }
        bent.push(("a letter too many", replaced(&format!("{part}A"))));
        bent.push(("a break within", replaced(&format!("{}\n{}", &part[..4], &part[4..]))));
    }
    bent.into_iter().map(|(why, text)| (why.to_owned(), text)).collect()
}

#[tokio::test]
async fn an_assertion_is_spelt_in_one_way() {
    let signing = Signing::new().await;
    let good: Vec<_> = signing.signers.iter().map(|signer| signing.good(signer)).collect();
    signing.refuses(good.iter().flat_map(|good| misspelt(good)).collect()).await;
    for good in good {
        assert_eq!(signing.status(&good).await, 200, "and the refused ones spent nothing");
    }
}

#[tokio::test]
async fn a_session_is_spelt_in_one_way() {
    let world = new_world().await;
    let id = service(&world, "reports").await;
    let (_, came) = token(&world, "reports", &[]).await;
    let jwt = text(&came, "access_token");
    let [header, claims, signature] = jwt.split('.').collect::<Vec<_>>().try_into().unwrap();
    let jwks = world.house.public_keys(counterfoil_core::realm::RealmId(1));
    let mut bad = misspelt(jwt);
    for word in ["none", "None", "HS256", "HS512", "RS256", "ES256"] {
        let header = part(&json!({ "alg": word, "typ": "at+jwt" }).to_string());
        for signature in ["", signature] {
            bad.push((format!("alg {word}"), format!("{header}.{claims}.{signature}")));
        }
        for key in &jwks {
            let signed = format!("{header}.{claims}");
            let tag = Hmac::<Sha512>::new_from_slice(key.public.as_bytes())
                .unwrap()
                .chain_update(&signed)
                .finalize();
            bad.push((
                format!("{word} by HMAC"),
                format!("{signed}.{}", BASE64URL_NOPAD.encode(&tag.into_bytes())),
            ));
        }
    }
    let forged = part(&json!({ "sub": id, "exp": 9_999_999_999_u64 }).to_string());
    bad.push(("other claims".into(), format!("{header}.{forged}.{signature}")));
    bad.push(("as base64".into(), BASE64.encode(jwt.as_bytes())));
    for (why, bent) in bad {
        let (status, came) =
            natively(&world, "POST", "/v1/verify", &world.admin, json!({ "token": bent })).await;
        assert!(status == 400 || came == json!({ "active": false }), "{why}: {came}");
        let form = [("token", bent.as_str()), ("client_id", "reports"), ("client_secret", SECRET)];
        let (_, came) = post(&world, "/oauth/introspect", &form).await;
        assert_eq!(came, json!({ "active": false }), "{why}");
        if let Ok(value) = http::HeaderValue::try_from(format!("Bearer {bent}")) {
            let request = http::Request::get("/v1/principals").header("authorization", value);
            let reply = world.ask(request.body(String::new()).unwrap(), crate::support::SOMEWHERE).await;
            // A header has no spaces at its ends.
            let same = bent.trim_matches([' ', '\t']) == jwt;
            assert_eq!(reply.status().as_u16(), if same { 200 } else { 401 }, "{why}: {bent}");
        }
    }
    let (_, came) = natively(&world, "POST", "/v1/verify", &world.admin, json!({ "token": jwt })).await;
    assert_eq!(came["active"], true);
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

#[tokio::test]
async fn what_is_malformed_is_refused_whatever_its_size() {
    let signing = Signing::new().await;
    let good = sign(&signing.signers[3], json!({ "alg": "EdDSA" }), &signing.claims());
    let mut claims = signing.claims();
    claims["padding"] = "x".repeat(8 * 1024).into();
    let long = sign(&signing.signers[3], json!({ "alg": "EdDSA" }), &claims);
    let deep = BASE64URL_NOPAD.encode("[".repeat(4_000).as_bytes());
    for bad in [
        "a.b.c".to_owned(),
        "...".to_owned(),
        "a.".repeat(200_000),
        format!("{deep}.{deep}.{deep}"),
        format!("{good}.{good}"),
        good.replace('.', " ."),
        long,
    ] {
        assert_eq!(signing.status(&bad).await, 401);
    }
    assert_eq!(signing.status(&good).await, 200);
}
