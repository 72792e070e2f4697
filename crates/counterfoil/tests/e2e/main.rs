//! The binary from outside: a real process in a directory of its own, real sockets, real clients of other people.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics, in its helpers too")]

mod addresses;
mod clock;
mod crash;
mod dynatrace;
mod first_light;
mod gateways;
mod idempotency;
mod input;
mod keys;
mod mounts;
mod observation;
mod people;
mod reaches;
mod refusals;
mod secrets;
mod settings;
mod support;
mod tls;
mod vendor_input;
mod vendors;
mod wire;
