//! What stands in a Control Room JWT (contract 4), in the vendor's order.

use counterfoil_core::authority::{Minted, Worded};
use counterfoil_core::signing::Members;
use data_encoding::HEXLOWER;
use jiff::Timestamp;
use serde_json::{Value, json};

/// The start of 2020, from which `nanoTime` counts: any instant would do that keeps it small.
const NANO_EPOCH_SECONDS: i64 = 1_577_836_800;

/// Header and claims. There is no `kid`: the vendor has none, and we look a token up by its record.
pub(super) fn word(minted: &Minted<'_>) -> Worded {
    let Minted { principal, session, nonce } = minted;
    let header = Members::from_iter([("alg".to_owned(), "RS512".into())]);
    let mut claims = Members::new();
    let mut say = |name: &str, value: Value| drop(claims.insert(name.to_owned(), value));
    say("sub", principal.number.to_string().into());
    say("clientType", "WEB".into());
    say("licenses", principal.licences.clone().into());
    say("analyticsLicensesPurchased", json!({ "AnalyticsClient": true, "AnalyticsAPI": true }));
    if session.multiple {
        say("multipleLogin", true.into());
    }
    say("iat", session.issued.as_second().into());
    say("exp", session.expires.as_second().into());
    say("iss", "AutomationAnywhere".into());
    say("nanoTime", nano_time(session.issued, nonce).into());
    say("csrfToken", HEXLOWER.encode(&nonce[..16]).into());
    Worded { header, claims }
}

/// Grows with time and hardly ever repeats: milliseconds from the clock, the rest by chance. It is no wall time.
fn nano_time(at: Timestamp, nonce: &[u8; 32]) -> i64 {
    let chance = u32::from_be_bytes([nonce[16], nonce[17], nonce[18], nonce[19]]) % 1_000_000;
    (at.as_millisecond() - NANO_EPOCH_SECONDS * 1_000) * 1_000_000 + i64::from(chance)
}
