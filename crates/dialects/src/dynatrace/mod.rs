//! Dynatrace's API tokens, as the vendor's own clients and its rebrand's speak them: version 2 and the legacy version 1.
//! Kept out: rules, storage, and other dialects.

pub mod client;
mod envelope;
pub mod fields;
mod list;
pub mod selector;
pub mod sort;
mod v1;
mod v2;
pub mod wire;
pub mod words;

use crate::dialect::{Dialect, Doc, Handler, Needs, Reply, Route};
use crate::presented::{Presented, bearer, scheme};
use crate::reply;
use crate::target;
use counterfoil_core::format::{BASE32, Format, Part};
use http::request::Parts;
use http::{Method, StatusCode, header};
use serde::Serialize;

/// The name under which Dynatrace tokens are kept.
pub const NAME: &str = "dynatrace";

/// Token texts: `dt0c01.` + 24 base32 (public) + `.` + 64 base32 (contract 3).
pub const FORMAT: Format = Format {
    public: &[Part::Fixed("dt0c01."), Part::Drawn(BASE32, 24)],
    hidden: &[Part::Fixed("."), Part::Drawn(BASE32, 64)],
    joined: true,
    shown_again: false,
};

/// The vendor's token APIs.
pub const DIALECT: Dialect = Dialect {
    name: NAME,
    formats: &[FORMAT],
    keys: None,
    signs: &[],
    words: words::WORDS,
    prefixes: &[],
    mints: &[words::WRITE, words::MANAGE],
    settings: &[&list::SMALLEST_PAGE],
    limit: None,
    territory: &["/api/", "/e/", "/platform/classic/"],
    pass: &[],
    routes,
    presented,
    refuse: envelope::refuse,
};

/// What every JSON body of the vendor says it is; its JavaScript client reads nothing else.
const JSON: &str = "application/json; charset=utf-8";

fn routes() -> Vec<Route> {
    let second = ["/api/v2", "/e/{realm}/api/v2", "/platform/classic/environment-api/v2"];
    let first = ["/api/v1", "/e/{realm}/api/v1"];
    second.into_iter().flat_map(v2::routes).chain(first.into_iter().flat_map(v1::routes)).collect()
}

fn route(method: Method, path: String, needs: Needs, handler: Handler, doc: Doc) -> Route {
    Route { method, path: path.into(), needs, rotates: false, handler, doc }
}

/// What a refusal repeats of what was sent: the vendor quotes it, but what is long enough to be a token that was pasted
/// into the wrong place is not said again.
fn repeated(text: &str) -> &str {
    if text.len() <= 40 { text } else { "…" }
}

fn json(status: StatusCode, body: &impl Serialize) -> Reply {
    reply::typed(status, JSON, body)
}

/// Contract 2: `Authorization: Api-Token …` or `Bearer …`, else the query parameter `api-token`, its name in any case.
/// A header that holds anything else is a credential that does not count, not a missing one.
fn presented(parts: &Parts) -> Option<Presented> {
    if parts.headers.contains_key(header::AUTHORIZATION) {
        let token = scheme(parts, "api-token").map(Presented::Bearer).or_else(|| bearer(parts));
        return Some(token.unwrap_or_else(|| Presented::Bearer(String::new())));
    }
    let pairs = target::query(parts.uri.query().unwrap_or_default()).ok()?;
    let mut given = pairs.into_iter().filter(|(name, _)| name.eq_ignore_ascii_case("api-token"));
    given.next().map(|(_, text)| Presented::Bearer(text.trim().to_owned()))
}
