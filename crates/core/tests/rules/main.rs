//! The rules of the authority, over `Memory`, a clock that stands still and chance that repeats. One sentence a test.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics, in its helpers too")]

mod bulk;
mod doubt;
mod echo;
mod edit;
mod gates;
mod giving;
mod giving_law;
mod house;
mod idempotency;
mod interleaved;
mod journal;
mod limits;
mod lists;
mod own;
mod principals;
mod realms;
mod revoke;
mod roles;
mod rotate;
mod texts;
mod uses;
mod verify;
mod weather;
