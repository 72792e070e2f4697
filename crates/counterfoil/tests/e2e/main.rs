//! The binary from outside: a real process in a directory of its own, real sockets, real clients of other people.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics, in its helpers too")]

mod addresses;
mod bench;
mod clock;
mod crash;
mod dynatrace;
mod first_light;
mod idempotency;
mod input;
mod observation;
mod people;
mod reaches;
mod refusals;
mod secrets;
mod settings;
mod support;
mod tls;
mod vendors;
mod wire;
