//! The wire, from a request to the reply and without a socket: transcripts, the cases that are too many to be read, and
//! the document that describes it all.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its support too")]

mod agent_config;
mod assertions;
mod clients;
mod control_room;
mod datto_rmm;
mod doorway;
mod dynatrace;
mod grpc;
mod messages;
mod oauth;
mod openapi;
mod ruvds;
mod settings;
mod support;
mod transcript;
mod transcripts;
