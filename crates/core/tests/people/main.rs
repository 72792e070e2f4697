//! The rules of people: proofs, exchange tokens, sessions and signing keys, over a store in memory and a clock that
//! stands still.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its support too")]

mod doubt;
mod ends;
mod exchange;
mod house;
mod keys;
mod proofs;
mod second_factor;
mod signing;
mod store;
