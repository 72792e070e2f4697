//! Bootstrap: the first realm, role, administrator and token, in the one change that creates a store.

use super::Issued;
use super::realms::founding;
use crate::clock::{Clock, Entropy, to_millis, uuid_v7};
use crate::error::Error;
use crate::format::Format;
use crate::journal::{Action, Entry};
use crate::realm::{DEFAULT, RealmId};
use crate::secret::Keys;
use crate::store::Change;
use crate::token::TokenNumber;

/// The change that a store is created with, and the first token: scope `*`, of the principal `admin`.
pub fn bootstrap(
    keys: &Keys,
    clock: &dyn Clock,
    entropy: &dyn Entropy,
    native: &Format,
) -> Result<(Change, Issued), Error> {
    let now = to_millis(clock.now());
    let uuid = uuid_v7(now, entropy)?;
    let (writes, issued) =
        founding(keys, entropy, native, now, (RealmId(1), DEFAULT, DEFAULT, uuid), TokenNumber(1), None)?;
    let line = Entry {
        sequence: 0,
        at: now,
        realm: RealmId(1),
        actor: None,
        credential: None,
        action: Action::StoreCreate,
        subject: DEFAULT.to_owned(),
        detail: serde_json::Map::from_iter([("first_token".to_owned(), issued.id.to_string().into())]),
    };
    Ok((Change { at: now, writes, journal: vec![line] }, issued))
}
