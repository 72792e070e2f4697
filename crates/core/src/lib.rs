//! What a token is: the records, the rules and the ports they need.
//!
//! Kept out: sockets, files, SQL, HTTP, threads, the wall clock, the random number generator, and every vendor's
//! word. What the rules need of the world is handed in through [`clock`] and [`store`].

pub mod assertion;
pub mod authority;
pub mod bucket;
pub mod catalogue;
pub mod clock;
pub mod error;
pub mod fixture;
pub mod format;
pub mod gate;
pub mod index;
pub mod journal;
pub mod jwks;
pub mod limit;
pub mod load;
pub mod memory;
pub mod password;
pub mod principal;
pub mod realm;
pub mod replay;
pub mod scope;
pub mod secret;
pub mod session;
pub mod signing;
pub mod store;
mod sync;
pub mod token;
pub mod totp;
pub mod when;
