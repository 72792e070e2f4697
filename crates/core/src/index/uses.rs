//! Uses that are not written down yet, on their way to the store: noted with the entries of the table by each
//! verification, and here for those tokens whose text was taken out meanwhile.

use super::lock;
use super::shard::Uses;
use super::table::Place;
use crate::store::Touch;
use crate::sync::Mutex;
use crate::token::{TokenNumber, Use};
use hashbrown::HashMap;

/// A token of which there are uses that are not written down, and where they are noted.
#[derive(Debug, Clone, Copy)]
pub struct Used {
    pub(super) token: TokenNumber,
    /// None: adrift.
    pub(super) place: Option<Place>,
}

/// Uses of one text that are to be written down.
#[derive(Debug, Clone, Copy)]
pub struct Unwritten {
    pub(super) of: Used,
    pub(super) uses: Uses,
}

impl From<&Unwritten> for Touch {
    fn from(unwritten: &Unwritten) -> Self {
        let Unwritten { of: Used { token, .. }, uses: (used, count) } = *unwritten;
        Self::Use { token, used, count }
    }
}

/// Uses of texts that are not in the table any more.
#[derive(Debug, Default)]
pub(super) struct Adrift(Mutex<HashMap<TokenNumber, Uses>>);

impl Adrift {
    pub(super) fn add(&self, token: TokenNumber, (used, count): Uses) {
        let mut adrift = lock(&self.0);
        let (latest, counted) = adrift.entry(token).or_insert((used, 0));
        *latest = later(*latest, used);
        *counted += count;
    }

    pub(super) fn get(&self, token: TokenNumber) -> Option<Uses> {
        lock(&self.0).get(&token).copied()
    }

    pub(super) fn tokens(&self) -> Vec<TokenNumber> {
        lock(&self.0).keys().copied().collect()
    }

    pub(super) fn len(&self) -> usize {
        lock(&self.0).len()
    }

    /// These are written down; what came since is not.
    pub(super) fn written(&self, token: TokenNumber, (used, count): Uses) {
        let mut adrift = lock(&self.0);
        if let Some((latest, counted)) = adrift.get_mut(&token) {
            *counted = counted.saturating_sub(count);
            if *counted == 0 && *latest == used {
                adrift.remove(&token);
            }
        }
    }
}

/// The later of two uses; the first, if they are of one instant.
pub(super) fn later(one: Use, other: Use) -> Use {
    if one.at < other.at { other } else { one }
}
