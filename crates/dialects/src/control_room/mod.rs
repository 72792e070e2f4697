//! Automation Anywhere's Control Room as its clients know it: logins on both versions, their JWTs, API keys, and as much
//! of user management as is asked for after a login. Kept out: rules, storage, and bots.

pub mod client;
mod envelope;
mod filter;
mod jwt;
mod login;
mod read;
mod settings;
mod tokens;
mod users;
pub mod wire;
pub mod words;

use crate::dialect::{Dialect, DialectKeys, Doc, Handler, Needs, Route};
use crate::presented::{Presented, bearer};
use counterfoil_core::authority::KeyRules;
use counterfoil_core::format::{Format, Part};
use counterfoil_core::signing::Algorithm;
use http::Method;
use http::request::Parts;
use jiff::SignedDuration;

/// The name under which Control Room's keys and sessions are kept.
pub const NAME: &str = "control-room";

/// Printable ASCII without what a shell, JSON or a template would read as something else (contract 7).
const ALPHABET: &[u8] =
    b"!#%&()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]^_abcdefghijklmnopqrstuvwxyz{|}~";

/// Key texts: 40 characters, all of them secret; the id stands beside them.
pub const KEY: Format =
    Format { public: &[Part::Uuid], hidden: &[Part::Drawn(ALPHABET, 40)], joined: false, shown_again: false };

/// API keys: one a user, who needs a role that allows it, for 45 days unless the mount says otherwise (contract 7).
const KEYS: DialectKeys = DialectKeys {
    rules: KeyRules {
        dialect: NAME,
        format: &KEY,
        claimed_by_name: true,
        several: false,
        needs: Some(words::API_KEY),
        lifetime: Some(SignedDuration::from_hours(45 * 24)),
    },
    id_name: None,
    text_name: "key",
};

/// The vendor's authentication and user management APIs.
pub const DIALECT: Dialect = Dialect {
    name: NAME,
    formats: &[],
    keys: Some(&KEYS),
    signs: &[Algorithm::Rs512],
    words: words::WORDS,
    prefixes: &["control-room."],
    mints: &[],
    settings: settings::ALL,
    limit: None,
    territory: &["/v1/authentication", "/v2/authentication", "/v1/usermanagement", "/v2/usermanagement"],
    pass: &[],
    routes,
    presented,
    refuse: envelope::refuse,
};

/// The header that carries the JWT, bare.
const HEADER: &str = "x-authorization";

fn routes() -> Vec<Route> {
    [login::routes(), tokens::routes(), users::routes()].into_iter().flatten().collect()
}

fn route(method: Method, path: &str, needs: Needs, handler: Handler, doc: Doc) -> Route {
    Route { method, path: path.into(), needs, rotates: false, handler, doc }
}

/// Contract 9: `X-Authorization` with nothing before the JWT, else `Authorization: Bearer`. A header that is there but
/// cannot be read is a credential that does not count, not a missing one.
fn presented(parts: &Parts) -> Option<Presented> {
    let mut values = parts.headers.get_all(HEADER).iter();
    let Some(value) = values.next().filter(|value| !value.is_empty()) else { return bearer(parts) };
    let one = values.next().is_none();
    let text = value.to_str().ok().filter(|_| one).unwrap_or_default().trim();
    Some(Presented::Bearer(text.to_owned()))
}

/// The same for those routes that take the JWT from elsewhere, too.
fn jwt_in_header(parts: &Parts) -> Option<String> {
    match presented(parts) {
        Some(Presented::Bearer(text)) => Some(text),
        Some(Presented::Basic { .. }) | None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_hold_nothing_that_has_to_be_escaped() {
        assert_eq!(ALPHABET.len(), 94 - 5);
        assert!(ALPHABET.iter().all(u8::is_ascii_graphic));
        assert!(!ALPHABET.iter().any(|letter| b"\\\"'$` ".contains(letter)));
        assert!(ALPHABET.windows(2).all(|pair| pair[0] < pair[1]));
    }
}
