//! Our own REST API, a dialect like the others: `/v1/…`, Bearer, problem documents (RFC 9457).

pub mod client;
mod gates;
mod journal;
mod jwks;
mod principals;
mod problem;
mod query;
mod realms;
mod roles;
mod scopes;
mod sessions;
mod tokens;
mod verify;
mod ways;
pub mod wire;
mod words;

use crate::dialect::{Dialect, Doc, Handler, NATIVE, Needs, Route};
use crate::presented::bearer;
use counterfoil_core::authority::View;
use counterfoil_core::format::{BASE62, Format, Part};
use http::Method;

/// Native token texts: `cf_` + 12 base62 (public) + `_` + 43 base62 (256 bits) + 6 base62 of CRC-32.
pub const FORMAT: Format = Format {
    public: &[Part::Fixed("cf_"), Part::Drawn(BASE62, 12)],
    hidden: &[Part::Fixed("_"), Part::Drawn(BASE62, 43), Part::Checksum],
    joined: true,
    shown_again: false,
};

/// Our own REST API.
pub const DIALECT: Dialect = Dialect {
    name: NATIVE,
    formats: &[FORMAT],
    keys: None,
    signs: &[],
    words: words::WORDS,
    prefixes: &["counterfoil."],
    mints: &[],
    settings: &[],
    limit: None,
    territory: &["/"],
    pass: &[],
    routes,
    presented: bearer,
    refuse: problem::refuse,
};

/// What the native API shows: every token of the realm, the revoked included.
const VIEW: View = View {
    dialect: None,
    read: &["counterfoil.tokens.read"],
    write: &["counterfoil.tokens.write"],
    own_only: false,
    lends: &[],
    shows_revoked: true,
    spares_itself: false,
    scopeless: false,
    name_limit: 200,
};

fn routes() -> Vec<Route> {
    [
        tokens::routes(),
        verify::routes(),
        principals::routes(),
        ways::routes(),
        jwks::routes(),
        sessions::routes(),
        roles::routes(),
        gates::routes(),
        scopes::routes(),
        realms::routes(),
        journal::routes(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn route(method: Method, path: &str, needs: Needs, handler: Handler, doc: Doc) -> Route {
    Route { method, path: path.into(), needs, rotates: false, handler, doc }
}
