//! The laws of a store: one suite, every store. A law is a function of a [`House`]; `laws!` makes a test of it for each
//! kind of store. What only one kind promises is tested in a module of its own.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics, in its helpers too")]

/// A test of each law for each kind of store.
macro_rules! laws {
    ($($law:ident),+ $(,)?) => {$(
        mod $law {
            #[tokio::test]
            async fn memory() {
                super::$law(crate::house::House::memory()).await;
            }

            #[tokio::test]
            async fn sqlite() {
                super::$law(crate::house::House::sqlite().await).await;
            }
        }
    )+};
}

mod changes;
mod faults;
mod filters;
mod house;
mod issue;
mod journal;
mod keys;
mod lists;
mod migrations;
mod model;
mod records;
mod sessions;
mod signing;
mod sqlite;
mod touches;
