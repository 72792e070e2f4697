//! Cursors: a list's whole query and position, authenticated, good only in the hands of whom it was given to.

use super::{Actor, Authority};
use data_encoding::BASE64URL_NOPAD;

impl Authority {
    /// Seals a position for its holder; safe to paste into a query unescaped.
    pub fn cursor(&self, actor: &Actor, list: &str, position: &[u8]) -> String {
        let tag = self.keys.tag(&holder(actor, list), position);
        BASE64URL_NOPAD.encode(&[tag.as_slice(), position].concat())
    }

    /// The position that this cursor stands for, if this actor got it for this list.
    pub fn position(&self, actor: &Actor, list: &str, cursor: &str) -> Option<Vec<u8>> {
        let bytes = BASE64URL_NOPAD.decode(cursor.as_bytes()).ok()?;
        let (tag, position) = bytes.split_first_chunk::<16>()?;
        // An early exit tells at most how far a forged tag agrees; 2^128 tags and no gain but one's own list.
        (*tag == self.keys.tag(&holder(actor, list), position)).then(|| position.to_vec())
    }
}

fn holder(actor: &Actor, list: &str) -> String {
    let who = actor.principal().map_or_else(|| "operator".to_owned(), |id| id.0.to_string());
    format!("{list}/{}/{who}", actor.realm().0)
}
