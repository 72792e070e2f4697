//! Our own REST API, a dialect like the others: `/v1/…`, Bearer, problem documents.

pub mod client;
pub mod wire;
