//! What an operator may set for a mount of this dialect.

use super::SIGNS;
use crate::dialect::KEY_DURATION;
use crate::setting::{AnySetting, Setting, count, stretch};
use counterfoil_core::signing::Algorithm;
use http::Uri;
use jiff::SignedDuration;

/// The issuer; not set, it is whatever a caller reached us by.
pub(super) const PUBLIC_URL: Setting<Option<String>> = Setting { name: "public_url", usual: None, read: url };
/// How long tokens live.
pub(super) const LIFETIME: Setting<SignedDuration> =
    Setting { name: "lifetime", usual: SignedDuration::from_mins(5), read: stretch };
/// How many of a principal's sessions live beside each other.
pub(super) const SESSIONS: Setting<usize> = Setting { name: "sessions", usual: 100, read: count };
/// With what tokens are signed.
pub(super) const ALGORITHM: Setting<Algorithm> =
    Setting { name: "algorithm", usual: Algorithm::EdDsa, read: algorithm };
/// The same for those to the audience that stands behind the dot.
pub(super) const ALGORITHM_FOR: Setting<Algorithm> = Setting { name: "algorithm.", ..ALGORITHM };

pub(super) const ALL: &[&dyn AnySetting] =
    &[&PUBLIC_URL, &LIFETIME, &SESSIONS, &ALGORITHM, &ALGORITHM_FOR, &KEY_DURATION];

/// RFC 8414 section 2: no query and no fragment.
fn url(text: &str) -> Result<Option<String>, String> {
    let url = text.parse::<Uri>().ok().filter(|url| {
        ["http", "https"].contains(&url.scheme_str().unwrap_or_default())
            && url.query().is_none()
            && !text.contains('#')
    });
    url.map(|_| Some(text.to_owned()))
        .ok_or_else(|| "must be a URL such as https://tokens.example, without query and fragment".to_owned())
}

fn algorithm(word: &str) -> Result<Algorithm, String> {
    let known = Algorithm::parse(word).filter(|algorithm| SIGNS.contains(algorithm));
    known.ok_or_else(|| "must be EdDSA, RS256 or ES256".to_owned())
}
