//! The load: everything that may count, as it stood at one moment, read on one thread while another takes it in.

use super::super::rows::{self, Shared};
use counterfoil_core::load::{Loaded, Sink};
use counterfoil_core::store::Record;
use jiff::Timestamp;
use rusqlite::{Connection, Params, Result, Row};
use std::sync::mpsc::{SyncSender, sync_channel};

/// Records that go from one thread to the other at once, and how many such lots may lie between them.
const LOT: usize = 512;
const LOTS: usize = 8;

/// Streams everything that may count to the sink.
pub(in crate::sqlite) fn load(connection: &Connection, now: Timestamp, mut sink: Sink) -> Result<()> {
    let (give, take) = sync_channel::<Vec<Loaded>>(LOTS);
    std::thread::scope(|threads| {
        // It ends with the reading, whichever way that ends.
        threads.spawn(move || take.iter().flatten().for_each(&mut sink));
        read(connection, now, &mut Lots { give, lot: Vec::with_capacity(LOT) })
    })
}

/// Records on their way.
struct Lots {
    give: SyncSender<Vec<Loaded>>,
    lot: Vec<Loaded>,
}

impl Lots {
    fn add(&mut self, loaded: Loaded) {
        self.lot.push(loaded);
        if self.lot.len() == LOT {
            self.send(LOT);
        }
    }

    fn send(&mut self, next: usize) {
        // Nobody takes them only if the sink panicked, which the end of the threads will tell.
        let _ = self.give.send(std::mem::replace(&mut self.lot, Vec::with_capacity(next)));
    }
}

fn read(connection: &Connection, now: Timestamp, lots: &mut Lots) -> Result<()> {
    let moment = connection.unchecked_transaction()?;
    let mut shared = Shared::on(&moment);
    each(&moment, rows::REALM, "", [], |row| {
        rows::realm(row).map(|realm| lots.add(Record::Realm(realm).into()))
    })?;
    each(&moment, rows::ROLE, "", [], |row| {
        shared.role(row).map(|role| lots.add(Record::Role(role).into()))
    })?;
    each(&moment, rows::PRINCIPAL, "", [], |row| {
        rows::principal(row).map(|principal| lots.add(Record::Principal(principal).into()))
    })?;
    // Texts and tokens side by side, each in the order of the tokens' numbers: asked of the database for each token, its
    // texts would take as long as all the rest.
    let texts = [rows::COUNTING_TEXT, " WHERE state IN ('live', 'overlap') ORDER BY token"].concat();
    let mut texts = moment.prepare(&texts)?;
    let mut texts = texts.query_map([], rows::counting_text)?;
    let mut next = texts.next().transpose()?;
    let may_count =
        " WHERE purpose = 'access' AND revoked IS NULL AND ifnull(expires > ?, 1) ORDER BY number";
    each(&moment, rows::COUNTING, may_count, [now.as_millisecond()], |row| {
        let counting = shared.counting(row)?;
        let number = counting.number;
        lots.add(Loaded::Token(counting));
        while let Some((token, digest, until)) = next.take_if(|(token, ..)| *token <= number) {
            next = texts.next().transpose()?;
            if token == number {
                lots.add(Loaded::Text { digest, token, until });
            }
        }
        Ok(())
    })?;
    let live = " WHERE ended IS NULL AND expires > ?";
    each(&moment, rows::SESSION, live, [now.as_millisecond()], |row| {
        shared.session(row).map(|session| lots.add(Record::Session(session).into()))
    })?;
    each(&moment, rows::SIGNING_KEY, " WHERE state <> 'removed'", [], |row| {
        rows::signing_key(row).map(|key| lots.add(Record::SigningKey(key).into()))
    })?;
    each(&moment, rows::LOCK, "", [], |row| rows::lock(row).map(|lock| lots.add(Record::Lock(lock).into())))?;
    each(&moment, rows::GATE, "", [], |row| {
        shared.gate(row).map(|gate| lots.add(Record::Gate(gate).into()))
    })?;
    lots.send(0);
    Ok(())
}

fn each(
    connection: &Connection,
    select: &'static str,
    whence: &'static str,
    values: impl Params,
    mut read: impl FnMut(&Row<'_>) -> Result<()>,
) -> Result<()> {
    let mut statement = connection.prepare(&[select, whence].concat())?;
    let mut rows = statement.query(values)?;
    while let Some(row) = rows.next()? {
        read(row)?;
    }
    Ok(())
}
