//! A client's signed assertion (RFC 7523): read strictly, with everything refused that a verifier could be led astray
//! by. What cannot count is refused before any cryptography; nothing of it is believed before [`Assertion::is_signed_by`].

use crate::jwks::{ClientKey, LONGEST_KID};
use crate::signing::Members;
use data_encoding::BASE64URL_NOPAD;
use jiff::Timestamp;
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::Value;

/// The longest JWT that is read.
const LONGEST: usize = 8 * 1024;
/// The longest JOSE header, decoded.
const LONGEST_HEADER: usize = 512;
/// The longest `jti`, in characters.
const LONGEST_ID: usize = 128;
/// How far clocks may differ, in seconds.
const LEEWAY: f64 = 30.0;
/// How far ahead an assertion may end, in seconds: its `jti` is remembered until then.
const LONGEST_LIFE: f64 = 3_600.0;
/// Header members by which a token would choose its own key, or change how it is read.
const REFUSED: [&str; 8] = ["crit", "b64", "zip", "enc", "jku", "jwk", "x5u", "x5c"];

/// What an assertion says.
#[derive(Debug)]
pub struct Assertion<'a> {
    /// Who signed it: both `iss` and `sub`.
    pub client: String,
    /// Its `jti`: it counts once.
    pub id: String,
    /// Its `exp`, in seconds.
    expires: f64,
    /// The latest of `nbf` and `iat`.
    begins: Option<f64>,
    audiences: Vec<String>,
    algorithm: String,
    kid: Option<String>,
    signed: &'a str,
    signature: Vec<u8>,
}

impl<'a> Assertion<'a> {
    /// Reads a compact JWS whose claims are those that RFC 7523 section 3 wants, `jti` included.
    pub fn read(text: &'a str) -> Option<Self> {
        if text.len() > LONGEST {
            return None;
        }
        let (signed, signature) = text.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let header = members(header, LONGEST_HEADER)?;
        let claims = members(claims, LONGEST)?;
        if REFUSED.iter().any(|name| header.contains_key(*name)) {
            return None;
        }
        let typed = |word: &str| ["jwt", "client-authentication+jwt"].contains(&&*word.to_ascii_lowercase());
        if !header.get("typ").is_none_or(|word| word.as_str().is_some_and(typed)) {
            return None;
        }
        let kid = match header.get("kid") {
            None => None,
            Some(kid) => Some(kid.as_str().filter(|kid| kid.len() <= LONGEST_KID)?.to_owned()),
        };
        let client = claims.get("iss")?.as_str()?;
        if claims.get("sub")?.as_str()? != client || client.is_empty() {
            return None;
        }
        let sound =
            |id: &&str| (1..=LONGEST_ID).contains(&id.chars().count()) && !id.chars().any(char::is_control);
        // A wrong type is wrong, not absent.
        let optional = |name: &str| match claims.get(name) {
            None => Some(None),
            Some(instant) => instant.as_f64().map(Some),
        };
        let (not_before, issued) = (optional("nbf")?, optional("iat")?);
        let audiences = match claims.get("aud")? {
            Value::String(one) => vec![one.clone()],
            Value::Array(several) => {
                several.iter().map(|one| one.as_str().map(str::to_owned)).collect::<Option<_>>()?
            }
            _ => return None,
        };
        Some(Self {
            client: client.to_owned(),
            id: claims.get("jti")?.as_str().filter(sound)?.to_owned(),
            expires: claims.get("exp")?.as_f64()?,
            begins: not_before.into_iter().chain(issued).reduce(f64::max),
            audiences,
            algorithm: header.get("alg")?.as_str()?.to_owned(),
            kid,
            signed,
            signature: BASE64URL_NOPAD.decode(signature.as_bytes()).ok()?,
        })
    }

    /// Whether it counts at that instant, and not for longer than we care to remember it.
    pub fn is_timely(&self, now: Timestamp) -> bool {
        let now = now.as_duration().as_secs_f64();
        now < self.expires + LEEWAY
            && self.expires <= now + LONGEST_LIFE + LEEWAY
            && self.begins.is_none_or(|begin| begin <= now + LEEWAY)
    }

    /// From when on it can be forgotten.
    pub fn over(&self, now: Timestamp) -> Timestamp {
        let left = self.expires + 2.0 * LEEWAY - now.as_duration().as_secs_f64();
        now.saturating_add(jiff::SignedDuration::from_secs_f64(left.clamp(0.0, 2.0 * LONGEST_LIFE)))
            .unwrap_or(Timestamp::MAX)
    }

    /// Whether it is meant for us and for nobody else: whoever else it names could replay it here.
    pub fn is_for(&self, ours: &[String]) -> bool {
        !self.audiences.is_empty() && self.audiences.iter().all(|audience| ours.contains(audience))
    }

    /// Whether one of these keys signed it.
    pub fn is_signed_by(&self, keys: &[ClientKey]) -> bool {
        let mut meant = keys.iter().filter(|key| key.is_meant(&self.algorithm, self.kid.as_deref()));
        meant.any(|key| key.signed(self.signed.as_bytes(), &self.signature))
    }
}

fn members(part: &str, longest: usize) -> Option<Members> {
    let bytes = BASE64URL_NOPAD.decode(part.as_bytes()).ok().filter(|bytes| bytes.len() <= longest)?;
    serde_json::from_slice::<Once>(&bytes).ok().map(|once| once.0)
}

/// A JSON object that names each member once (RFC 7519 section 4 lets a verifier insist on that).
struct Once(Members);

impl<'de> Deserialize<'de> for Once {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Once;

            fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                out.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Once, A::Error> {
                let mut members = Members::new();
                while let Some((name, value)) = map.next_entry::<String, Value>()? {
                    if members.insert(name, value).is_some() {
                        return Err(A::Error::custom("a member comes twice"));
                    }
                }
                Ok(Once(members))
            }
        }
        deserializer.deserialize_map(Reader)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::CountedEntropy;
    use crate::signing::{Algorithm, Signer};
    use serde_json::json;

    const HEADER: &str = r#"{"alg":"EdDSA"}"#;
    const NOW: i64 = 1_773_829_230;

    fn claims() -> Value {
        json!({ "iss": "c", "sub": "c", "aud": "https://us", "exp": NOW + 60, "iat": NOW, "jti": "1" })
    }

    fn jwt(header: &str, claims: &str) -> String {
        let part = |text: &str| BASE64URL_NOPAD.encode(text.as_bytes());
        format!("{}.{}.{}", part(header), part(claims), part("signature"))
    }

    /// Whether it is read, timely and for us.
    fn sound(header: &str, claims: &str) -> bool {
        let now = Timestamp::from_second(NOW).unwrap();
        let text = jwt(header, claims);
        Assertion::read(&text)
            .is_some_and(|read| read.is_timely(now) && read.is_for(&["https://us".to_owned()]))
    }

    #[test]
    fn headers_that_lead_astray_are_refused() {
        assert!(sound(HEADER, &claims().to_string()));
        for good in
            [r#"{"alg":"EdDSA","typ":"JWT","kid":"k"}"#, r#"{"typ":"client-authentication+jwt","alg":"x"}"#]
        {
            assert!(sound(good, &claims().to_string()), "{good}");
        }
        for bad in [
            "{}",
            r#"{"alg":7}"#,
            r#"{"alg":"EdDSA","alg":"none"}"#,
            r#"{"alg":"EdDSA","typ":"at+jwt"}"#,
            r#"{"alg":"EdDSA","typ":7}"#,
            r#"{"alg":"EdDSA","kid":["k"]}"#,
            r#"{"alg":"EdDSA","crit":["exp"]}"#,
            r#"{"alg":"EdDSA","b64":false}"#,
            r#"{"alg":"EdDSA","jku":"https://elsewhere"}"#,
            r#"{"alg":"EdDSA","jwk":{}}"#,
            r#"{"alg":"EdDSA","x5u":"https://elsewhere"}"#,
            r#"{"alg":"EdDSA","x5c":[]}"#,
            r#"{"alg":"EdDSA","zip":"DEF"}"#,
            r#"{"alg":"dir","enc":"A256GCM"}"#,
            r#"["alg"]"#,
            "hush",
            &format!(r#"{{"alg":"EdDSA","kid":"{}"}}"#, "k".repeat(LONGEST_KID + 1)),
            &format!(r#"{{"alg":"EdDSA","more":"{}"}}"#, "k".repeat(LONGEST_HEADER)),
        ] {
            assert!(!sound(bad, &claims().to_string()), "{bad}");
        }
    }

    #[test]
    fn claims_of_the_wrong_type_are_wrong_and_not_absent() {
        let numbers = [json!(null), json!("1773829290"), json!([NOW]), json!(true), json!({})];
        let absent = Value::Null;
        for (name, values) in [
            (
                "exp",
                [&numbers[..], &[json!(-1), json!(NOW - 31), json!(u64::MAX), json!(NOW + 3_700)]].concat(),
            ),
            ("nbf", [&numbers[..], &[json!(NOW + 31), json!(u64::MAX)]].concat()),
            ("iat", [&numbers[..], &[json!(NOW + 31)]].concat()),
            ("iss", vec![json!("d"), json!(7), json!(null), json!("")]),
            ("sub", vec![json!("d"), json!(["c"]), json!(null)]),
            ("jti", vec![json!(""), json!(7), json!("a\nb"), json!("x".repeat(LONGEST_ID + 1)), json!(null)]),
            (
                "aud",
                vec![
                    json!("https://us/"),
                    json!([]),
                    json!(["https://us", "https://them"]),
                    json!([7]),
                    json!({}),
                ],
            ),
        ] {
            for value in values {
                let mut claims = claims();
                claims[name] = value;
                assert!(!sound(HEADER, &claims.to_string()), "{claims}");
            }
        }
        for name in ["exp", "iss", "sub", "jti", "aud"] {
            let mut claims = claims();
            claims.as_object_mut().unwrap().shift_remove(name);
            assert!(!sound(HEADER, &claims.to_string()), "without {name}");
        }
        for (name, value) in [
            ("exp", json!(NOW + 3_600)),
            ("exp", json!(NOW - 29)),
            ("exp", json!(1_773_829_290.5)),
            ("nbf", json!(NOW)),
            ("aud", json!(["https://us", "https://us"])),
            ("extra", absent),
        ] {
            let mut claims = claims();
            claims[name] = value;
            assert!(sound(HEADER, &claims.to_string()), "{claims}");
        }
        let twice = claims().to_string().replace(r#""iss""#, r#""jti":"2","iss""#);
        let endless = claims().to_string().replace(&(NOW + 60).to_string(), "1e400");
        assert!(!sound(HEADER, &twice) && !sound(HEADER, &endless));
    }

    #[test]
    fn anything_but_three_parts_is_refused_before_it_costs_anything() {
        let good = jwt(HEADER, &claims().to_string());
        let padded = good.replacen('.', "=.", 1);
        let (spaced, long) = (format!(" {good}"), ".a".repeat(512 * 1024));
        let (four, two) = (format!("{good}.a"), good.rsplit_once('.').unwrap().0.to_owned());
        for bad in ["", ".", "..", "a.b.c", "ä.ä.ä", &padded, &spaced, &long, &four, &two] {
            assert!(Assertion::read(bad).is_none());
        }
    }

    #[test]
    fn the_algorithm_is_the_keys() {
        let signers: Vec<_> = Algorithm::EVERY
            .into_iter()
            .map(|which| Signer::generate(which, 2048, &CountedEntropy::default()).unwrap().0)
            .collect();
        let keys: Vec<_> = signers.iter().map(|signer| ClientKey::read(&signer.public()).unwrap()).collect();
        let words = [
            "RS256", "RS512", "ES256", "EdDSA", "Ed25519", "none", "None", "HS256", "HS512", "PS256",
            "rs256", "",
        ];
        for (signer, key) in signers.iter().zip(&keys) {
            for word in words {
                let header = Members::from_iter([("alg".into(), word.into())]);
                let jwt = signer.jwt(&header, claims().as_object().unwrap()).unwrap();
                let read = Assertion::read(jwt.reveal()).unwrap();
                let own = word == signer.algorithm().as_str()
                    || (word == "Ed25519" && signer.algorithm() == Algorithm::EdDsa);
                assert_eq!(read.is_signed_by(std::slice::from_ref(key)), own, "{word} by {signer:?}");
                assert_eq!(read.is_signed_by(&keys), own, "{word} by {signer:?} among all");
                let bent = jwt.reveal().replacen(".ey", ".eY", 1);
                assert!(!Assertion::read(&bent).is_some_and(|read| read.is_signed_by(&keys)), "{word}");
            }
        }
    }
}
