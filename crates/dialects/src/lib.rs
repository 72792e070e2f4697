//! The wire protocols: our own and the vendors'. Each dialect is a plain value in the registry.
//!
//! Kept out: SQL, sockets, and any HTTP client. A dialect builds `http::Request`s and reads `http::Response`s; the
//! binary sends them.

pub mod agent_config;
pub mod ask;
pub mod body;
pub mod control_room;
pub mod datto_rmm;
pub mod dialect;
pub mod doorway;
pub mod dynatrace;
pub mod forwarded;
pub mod gateway;
pub mod incoming;
pub mod native;
pub mod oauth;
pub mod openapi;
pub mod origin;
pub mod presented;
mod rates;
pub mod refusal;
pub mod reply;
pub mod ruvds;
pub mod setting;
pub mod target;
pub mod vendor;

use counterfoil_core::authority::Formats;
use counterfoil_core::catalogue::{Catalogue, Vocabulary};
use dialect::Dialect;

/// The registry: every dialect there is.
pub const DIALECTS: &[&Dialect] = &[
    &native::DIALECT,
    &oauth::DIALECT,
    &gateway::DIALECT,
    &dynatrace::DIALECT,
    &control_room::DIALECT,
    &datto_rmm::DIALECT,
    &ruvds::DIALECT,
    &agent_config::DIALECT,
];

/// The dialect of that name.
pub fn dialect(name: &str) -> Option<&'static Dialect> {
    DIALECTS.iter().find(|dialect| dialect.name == name).copied()
}

/// Every dialect's permission words.
pub fn catalogue() -> Catalogue {
    let vocabulary = |dialect: &&Dialect| Vocabulary {
        dialect: dialect.name,
        words: dialect.words,
        prefixes: dialect.prefixes,
        mints: dialect.mints,
    };
    Catalogue::new(DIALECTS.iter().map(vocabulary).collect())
}

/// What each dialect's new tokens look like.
pub fn formats() -> Formats {
    DIALECTS
        .iter()
        .filter_map(|dialect| dialect.formats.first().map(|format| (dialect.name, format)))
        .collect()
}
