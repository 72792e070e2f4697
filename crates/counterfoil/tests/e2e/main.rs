//! The binary from outside: a real process in a directory of its own, real sockets, real clients of other people.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics, in its helpers too")]

mod accounts;
mod addresses;
mod bad_vendors;
mod bench;
mod clock;
mod cmdlets;
mod crash;
mod demo;
mod dynatrace;
mod first_light;
mod gateways;
mod idempotency;
mod input;
mod keys;
mod limits;
mod load;
mod metrics;
mod mounts;
mod observation;
mod page;
mod people;
mod profiles;
mod reaches;
mod recordings;
mod refusals;
mod rotations;
mod round_trips;
mod secrets;
mod settings;
mod smuggling;
mod support;
mod tls;
mod vendor_input;
mod vendors;
mod wire;
