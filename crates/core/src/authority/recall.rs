//! Recall: what the store said of keys that proved good, so that a client that comes a thousand times a second makes it
//! search once. It is all forgotten with any change that could touch it, before anybody hears of that change, and no
//! failure is spared its question: how long a refusal takes says nothing.

use crate::principal::Principal;
use crate::secret::Digest;
use crate::store::{Record, Write};
use crate::token::{Text, Token};
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockWriteGuard};

/// More are not remembered: whoever has so many clients may wait for the store.
const MOST: usize = 10_000;

/// A key, its text and its holder.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) text: Text,
    pub(super) token: Token,
    pub(super) principal: Principal,
}

/// What is remembered.
#[derive(Debug, Default)]
pub(super) struct Recall(RwLock<Remembered>);

#[derive(Debug, Default)]
struct Remembered {
    age: Age,
    keys: HashMap<Digest, Arc<Held>>,
}

/// How often everything was forgotten: what was asked for in one age is not remembered in the next.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Age(u64);

impl Recall {
    /// The present age.
    pub(super) fn age(&self) -> Age {
        self.0.read().unwrap_or_else(PoisonError::into_inner).age
    }

    /// The present age, and what is remembered of a key.
    pub(super) fn get(&self, digest: &Digest) -> (Age, Option<Arc<Held>>) {
        let remembered = self.0.read().unwrap_or_else(PoisonError::into_inner);
        (remembered.age, remembered.keys.get(digest).cloned())
    }

    /// Remembers what the store was asked for in this age.
    pub(super) fn keep(&self, age: Age, digest: Digest, held: Held) {
        let mut remembered = self.write();
        if remembered.age == age && remembered.keys.len() < MOST {
            remembered.keys.insert(digest, Arc::new(held));
        }
    }

    /// Forgets everything.
    pub(super) fn forget(&self) {
        let mut remembered = self.write();
        remembered.age.0 += 1;
        remembered.keys.clear();
    }

    fn write(&self) -> RwLockWriteGuard<'_, Remembered> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a step can touch what is remembered: new records and sessions cannot.
pub(super) fn touches_keys(step: &Write) -> bool {
    !matches!(
        step,
        Write::Insert(_)
            | Write::Update(Record::Session(_))
            | Write::ForgetReplays(_)
            | Write::ForgetSessions(_)
            | Write::Unlock(_)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::principal::PrincipalId;
    use crate::realm::RealmId;
    use crate::token::TokenNumber;
    use jiff::Timestamp;
    use uuid::Uuid;

    fn held() -> Held {
        let (id, at) = (PrincipalId(Uuid::nil()), Timestamp::UNIX_EPOCH);
        let token = Token::new(TokenNumber(1), RealmId(1), "id", "native", id, at);
        let principal = Principal::new(id, RealmId(1), 1, "jane", at);
        Held { text: Text::live(Digest([1; 32]), TokenNumber(1)), token, principal }
    }

    #[test]
    fn what_was_asked_for_before_all_was_forgotten_is_not_remembered() {
        let (recall, digest) = (Recall::default(), Digest([1; 32]));
        let (before, nothing) = recall.get(&digest);
        assert!(nothing.is_none());
        recall.forget();
        recall.keep(before, digest, held());
        let (now, nothing) = recall.get(&digest);
        assert!(nothing.is_none());
        recall.keep(now, digest, held());
        assert!(recall.get(&digest).1.is_some());
        recall.forget();
        assert!(recall.get(&digest).1.is_none());
    }
}
