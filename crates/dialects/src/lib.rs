//! The wire protocols: our own and the vendors'. Each dialect is a plain value in the registry.
//!
//! Kept out: SQL, sockets, and any HTTP client. A dialect builds `http::Request`s and reads `http::Response`s; the
//! binary sends them.

pub mod dynatrace;
pub mod native;
