//! OAuth 2 as any client speaks it: client credentials and token exchange for JWT access tokens, introspection,
//! revocation, discovery. Kept out: rules, storage, and grants that need a browser.

mod client;
mod discovery;
mod exchange;
mod fault;
mod form;
mod inspect;
pub mod issuer;
mod settings;
mod token;
mod wire;

use crate::dialect::{Dialect, DialectKeys, Doc, Handler, Needs, OAUTH, Route};
use crate::openapi::named;
use crate::presented::bearer;
use counterfoil_core::authority::KeyRules;
use counterfoil_core::format::{BASE62, Format, Part};
use counterfoil_core::signing::Algorithm;
use http::Method;
use wire::{Introspection, JwkSet, Metadata, TokenReply};

/// The name under which OAuth clients and sessions are kept.
pub(crate) const NAME: &str = OAUTH;

/// Clients: `cfc_` + 16 base62 is the id, `cfs_` + 43 base62 (256 bits) + 6 base62 of CRC-32 the secret.
const CLIENT: Format = Format {
    public: &[Part::Fixed("cfc_"), Part::Drawn(BASE62, 16)],
    hidden: &[Part::Fixed("cfs_"), Part::Drawn(BASE62, 43), Part::Checksum],
    joined: false,
    shown_again: false,
};

const KEYS: DialectKeys = DialectKeys {
    rules: KeyRules {
        dialect: NAME,
        format: &CLIENT,
        claimed_by_name: false,
        several: true,
        needs: None,
        lifetime: None,
    },
    id_name: Some("client_id"),
    text_name: "client_secret",
};

const SIGNS: &[Algorithm] = &[Algorithm::EdDsa, Algorithm::Rs256, Algorithm::Es256];

/// The standard endpoints.
pub const DIALECT: Dialect = Dialect {
    name: NAME,
    formats: &[],
    keys: Some(&KEYS),
    signs: SIGNS,
    words: &[],
    prefixes: &[],
    mints: &[],
    settings: settings::ALL,
    limit: None,
    territory: &["/oauth/", "/.well-known/"],
    pass: &[],
    routes,
    presented: bearer,
    refuse: fault::refuse,
};

const TOKEN: &str = "/oauth/token";
const INTROSPECT: &str = "/oauth/introspect";
const REVOKE: &str = "/oauth/revoke";
const JWKS: &str = "/.well-known/jwks.json";

/// Clients prove themselves in ways that the doorway does not know, so every route is open there.
fn routes() -> Vec<Route> {
    let token_doc = Doc::new("Give a client an access token (RFC 6749, RFC 8693); takes a form", 200);
    let introspect_doc = Doc::new("Say what a token is worth (RFC 7662); takes a form", 200);
    let revoke_doc = Doc::new("Take a token back (RFC 7009); takes a form", 200);
    let metadata_doc = Doc::new("What is spoken here (RFC 8414)", 200);
    let jwks_doc = Doc::new("The realm's public keys (RFC 7517)", 200);
    vec![
        route(Method::POST, TOKEN, token::token, token_doc.reply(named::<TokenReply>)),
        route(Method::POST, INTROSPECT, inspect::introspect, introspect_doc.reply(named::<Introspection>)),
        route(Method::POST, REVOKE, inspect::revoke, revoke_doc),
        route(
            Method::GET,
            "/.well-known/oauth-authorization-server",
            discovery::metadata,
            metadata_doc.reply(named::<Metadata>),
        ),
        route(Method::GET, JWKS, discovery::jwks, jwks_doc.reply(named::<JwkSet>)),
    ]
}

fn route(method: Method, path: &str, handler: Handler, doc: Doc) -> Route {
    Route { method, path: path.into(), needs: Needs::Nobody, rotates: false, handler, doc }
}
