//! The schema and its history: numbered SQL, forward only, all that is missing in one transaction. What a record means
//! is not known here.

use rusqlite::{Connection, TransactionBehavior};

/// The mark in the file's header that makes it ours: `CFoi`.
pub(super) const APPLICATION: u32 = 0x4346_6F69;

/// Never edited once released; the number of a migration is its place here, from 1.
const MIGRATIONS: [&str; 6] = [
    include_str!("../migrations/sqlite/0001_records.sql"),
    include_str!("../migrations/sqlite/0002_sessions.sql"),
    include_str!("../migrations/sqlite/0003_live_sessions.sql"),
    include_str!("../migrations/sqlite/0004_gates.sql"),
    include_str!("../migrations/sqlite/0005_uses.sql"),
    include_str!("../migrations/sqlite/0006_texts_in_order.sql"),
];

/// The schema number that this build writes.
pub(super) fn newest() -> usize {
    MIGRATIONS.len()
}

/// The schema number of the file; 0 if it has none.
pub(super) fn schema(connection: &Connection) -> rusqlite::Result<usize> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// Applies what is missing, in one transaction with what `then` adds; a crash leaves all of it or nothing.
pub(super) fn migrate<E: From<rusqlite::Error>>(
    connection: &mut Connection,
    then: impl FnOnce(&Connection) -> Result<(), E>,
) -> Result<(), E> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let present = schema(&transaction)?;
    for migration in MIGRATIONS.iter().skip(present) {
        transaction.execute_batch(migration)?;
    }
    transaction.pragma_update(None, "user_version", newest())?;
    then(&transaction)?;
    transaction.commit()?;
    Ok(())
}
