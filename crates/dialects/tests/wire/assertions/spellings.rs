//! What is signed as it should be, and says or spells something else; and the same spellings of a session.

use super::{Signing, part, sign};
use crate::oauth::{SECRET, US, natively, new_world, post, service, text, token};
use crate::support::SOMEWHERE;
use counterfoil_core::signing::Signer;
use data_encoding::{BASE64, BASE64_NOPAD, BASE64URL, BASE64URL_NOPAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha512;

/// A signature over any text.
fn sealed(signer: &Signer, header: &str, claims: &str) -> String {
    let text = format!("{}.{}", part(header), part(claims));
    let signature = signer.sign(text.as_bytes()).unwrap();
    format!("{text}.{}", BASE64URL_NOPAD.encode(&signature))
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
        r"{'alg':'EdDSA'}",
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
            let reply = world.ask(request.body(String::new()).unwrap(), SOMEWHERE).await;
            // A header has no spaces at its ends.
            let same = bent.trim_matches([' ', '\t']) == jwt;
            assert_eq!(reply.status().as_u16(), if same { 200 } else { 401 }, "{why}: {bent}");
        }
    }
    let (_, came) = natively(&world, "POST", "/v1/verify", &world.admin, json!({ "token": jwt })).await;
    assert_eq!(came["active"], true);
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
