//! A store's beginning and plain tokens to fill it with; tests, benchmarks and examples bend them where it matters.

use counterfoil_core::clock::from_millis;
use counterfoil_core::journal::{Action, Entry};
use counterfoil_core::principal::PrincipalId;
use counterfoil_core::realm::{Realm, RealmId};
use counterfoil_core::scope::ScopeSet;
use counterfoil_core::secret::Digest;
use counterfoil_core::store::{Change, Record, Write};
use counterfoil_core::token::{Purpose, Text, TextState, Token, TokenNumber};
use jiff::Timestamp;
use std::collections::BTreeMap;
use uuid::Uuid;

/// The check value of the root secret of every store here.
pub(crate) const CHECK: [u8; 16] = [7; 16];
/// Their epoch.
pub(crate) const EPOCH: Uuid = Uuid::from_u128(0xe90c);
/// The realm that [`first`] makes.
pub(crate) const HOME: RealmId = RealmId(1);

/// Whom every token here speaks for, unless it says otherwise.
pub(crate) const OWNER: PrincipalId = PrincipalId(Uuid::from_u128(0xa001));

/// So many milliseconds after the beginning of every test.
pub(crate) fn at(millis: i64) -> Timestamp {
    from_millis(1_700_000_000_000 + millis)
}

/// A change at the beginning, without lines.
pub(crate) fn change(writes: Vec<Write>) -> Change {
    Change { at: at(0), writes, journal: Vec::new() }
}

/// What every store here begins with: the realm [`HOME`].
pub(crate) fn first() -> Change {
    change(vec![Write::Insert(Record::Realm(realm(1)))])
}

pub(crate) fn realm(number: u32) -> Realm {
    Realm {
        id: RealmId(number),
        slug: format!("realm-{number}"),
        name: format!("Realm {number}"),
        uuid: Uuid::from_u128(u128::from(number)),
        next_principal: 1,
        next_role: 1,
        personal_tokens: true,
        version: 1,
        created: at(0),
    }
}

pub(crate) fn token(number: u64) -> Token {
    Token {
        number: TokenNumber(number),
        realm: HOME,
        id: format!("cf_{number:012}").into(),
        dialect: "native".into(),
        purpose: Purpose::Access,
        name: format!("token {number}").into(),
        scopes: ScopeSet::of(&["metrics.read"]),
        principal: OWNER,
        issuer: None,
        personal: false,
        enabled: true,
        revoked: None,
        created: at(0),
        modified: None,
        not_before: None,
        expires: None,
        last_used: None,
        uses: 0,
        networks: Vec::new(),
        metadata: BTreeMap::new(),
        limit: None,
        quota: None,
        version: 1,
    }
}

/// The digest with this number in it.
pub(crate) fn digest(number: u64) -> Digest {
    let mut bytes = [0; 32];
    bytes[24..].copy_from_slice(&number.to_be_bytes());
    Digest(bytes)
}

/// The live text of the token with the same number.
pub(crate) fn text(number: u64) -> Text {
    Text {
        digest: digest(number),
        token: TokenNumber(number),
        pepper: 1,
        until: None,
        state: TextState::Live,
        sealed: None,
    }
}

pub(crate) fn entry(action: Action, subject: &str) -> Entry {
    Entry {
        sequence: 0,
        at: at(0),
        realm: HOME,
        actor: None,
        credential: None,
        action,
        subject: subject.to_owned(),
        detail: serde_json::Map::new(),
    }
}

/// A token with its text and its line, as one change.
pub(crate) fn issue(number: u64) -> Change {
    let token = token(number);
    Change {
        at: at(number.cast_signed()),
        journal: vec![entry(Action::TokenIssue, &token.id)],
        writes: vec![Write::Insert(Record::Token(token)), Write::Insert(Record::Text(text(number)))],
    }
}
