//! Datto RMM's login, as the vendor's clients speak it: an API key and its secret for a JWT of 100 hours, and the calls
//! that clients make to get through their login. Kept out: rules, storage, and other dialects.

pub mod api;
pub mod client;
mod envelope;
mod form;
pub mod token;

use crate::dialect::{Dialect, DialectKeys, Doc, Handler, KEY_DURATION, Needs, Route};
use crate::presented::bearer;
use counterfoil_core::authority::KeyRules;
use counterfoil_core::catalogue::Word;
use counterfoil_core::format::{BASE36, Format, Part};
use counterfoil_core::signing::Algorithm;
use http::Method;

/// The name under which Datto's keys and sessions are kept.
pub const NAME: &str = "datto-rmm";
/// Sees the account.
const READ: &str = "datto-rmm.read";
/// Changes something; here, one's own keys.
const WRITE: &str = "datto-rmm.write";

/// What every JSON body of the vendor says it is.
const JSON: &str = "application/json;charset=UTF-8";

/// Keys and secrets hold nothing that a form would escape: half of the clients put them into the body as they are
/// (contract 1.1).
const FORMAT: Format = Format {
    public: &[Part::Drawn(BASE36, 26)],
    hidden: &[Part::Drawn(BASE36, 32)],
    joined: false,
    shown_again: false,
};

/// One pair a person, for ever; a new one replaces it (contract 1.5).
const KEYS: DialectKeys = DialectKeys {
    rules: KeyRules {
        dialect: NAME,
        format: &FORMAT,
        claimed_by_name: false,
        several: false,
        needs: None,
        lifetime: None,
    },
    id_name: Some("key"),
    text_name: "secret",
};

/// The vendor's token endpoint and the calls around it.
pub const DIALECT: Dialect = Dialect {
    name: NAME,
    formats: &[],
    keys: Some(&KEYS),
    signs: &[Algorithm::Rs256],
    words: &[
        Word { word: READ, scopes: &[READ], title: "Datto RMM: read", creatable: true, personal: true },
        Word { word: WRITE, scopes: &[WRITE], title: "Datto RMM: change", creatable: true, personal: true },
    ],
    prefixes: &["datto-rmm."],
    mints: &[],
    settings: &[&token::LIFETIME, &KEY_DURATION],
    limit: None,
    territory: &["/auth/", "/api/v2/system", "/api/v2/user", "/api/v2/account"],
    pass: &[],
    routes,
    presented: bearer,
    refuse: envelope::refuse,
};

fn routes() -> Vec<Route> {
    [token::routes(), api::routes()].into_iter().flatten().collect()
}

fn route(method: Method, path: &str, needs: Needs, handler: Handler, doc: Doc) -> Route {
    Route { method, path: path.into(), needs, rotates: false, handler, doc }
}
