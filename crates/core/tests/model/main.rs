//! The index under every order of steps that a scheduler can think of: its source is compiled here once more, over locks
//! that [`shuttle`] plays with.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics, in its helpers too")]

// What the index calls `crate::…` is the same as in its own crate, but for the locks.
use counterfoil_core::{
    bucket, clock, gate, load, principal, realm, scope, secret, session, signing, store, token,
};

#[expect(dead_code, reason = "these tests are not about all of it")]
#[expect(unreachable_pub, reason = "it is public where it is at home")]
#[expect(unused_imports, reason = "these tests are not about all of it")]
#[path = "../../src/index/mod.rs"]
mod index;
mod sync;

use clock::from_millis;
use index::Index;
use jiff::Timestamp;
use principal::{Principal, PrincipalId, Role, RoleId};
use realm::{Realm, RealmId};
use scope::ScopeSet;
use secret::Digest;
use std::sync::Arc;
use store::{Record, Touch, Write};
use token::{Text, TextState, Token, TokenNumber, Use};
use uuid::Uuid;

const REALM: RealmId = RealmId(1);
const ANN: PrincipalId = PrincipalId(Uuid::from_u128(1));
const ROLE: RoleId = RoleId(Uuid::from_u128(2));

fn now() -> Timestamp {
    from_millis(0)
}

fn realm_record() -> Record {
    Record::Realm(Realm {
        id: REALM,
        slug: "default".to_owned(),
        name: String::new(),
        uuid: Uuid::nil(),
        next_principal: 2,
        next_role: 2,
        personal_tokens: true,
        version: 1,
        created: now(),
    })
}

fn role(scope: &str) -> Record {
    Record::Role(Role {
        id: ROLE,
        realm: REALM,
        number: 1,
        name: "role".to_owned(),
        scopes: ScopeSet::of(&[scope]),
        version: 1,
        created: now(),
        updated: now(),
    })
}

fn ann(roles: &[RoleId]) -> Record {
    Record::Principal(Principal { roles: roles.to_vec(), ..Principal::new(ANN, REALM, 1, "ann", now()) })
}

/// A token whose name says which it is.
fn token(number: u64, scope: &str) -> Token {
    let id = format!("token-{number}");
    let token = Token::new(TokenNumber(number), REALM, id.as_str(), "native", ANN, now());
    Token { name: id.into(), scopes: ScopeSet::of(&[scope]), ..token }
}

/// Digests that share their shard and, within it, the beginning of their search.
fn digest(of: u8) -> Digest {
    let mut bytes = [0; 32];
    bytes[7] = of;
    Digest(bytes)
}

fn live(of: u8, number: u64) -> Record {
    Record::Text(Text::live(digest(of), TokenNumber(number)))
}

fn spent(of: u8, number: u64) -> Write {
    Write::Update(Record::Text(Text {
        state: TextState::Spent,
        ..Text::live(digest(of), TokenNumber(number))
    }))
}

fn index() -> Arc<Index> {
    let index = Index::default();
    for record in [realm_record(), ann(&[]), Record::Token(token(1, "old")), live(1, 1)] {
        index.put(record.into());
    }
    Arc::new(index)
}

/// The name and scopes of what a text opens.
fn opens(index: &Index, of: u8) -> Option<(String, String)> {
    let known = index.get(&digest(of), "")?;
    Some((known.name().unwrap().to_owned(), known.terms.scopes.to_text()))
}

type Step = Box<dyn FnOnce() + Send>;

/// Runs the steps at once, in every order that chance finds in so many tries.
fn in_any_order(tries: usize, steps: fn() -> Vec<Step>) {
    let play = move || {
        let running: Vec<_> = steps().into_iter().map(shuttle::thread::spawn).collect();
        for step in running {
            step.join().unwrap();
        }
    };
    shuttle::check_random(play, tries);
}

#[test]
fn a_rotation_and_its_readers() {
    in_any_order(300, || {
        let index = index();
        let rotated = Arc::clone(&index);
        let rotate = move || {
            rotated.apply(&[
                Write::Update(Record::Token(token(1, "old"))),
                spent(1, 1),
                Write::Insert(live(2, 1)),
            ]);
            assert_eq!(opens(&rotated, 1), None);
            assert!(opens(&rotated, 2).is_some());
        };
        let read = move || {
            let whole = Some(("token-1".to_owned(), "old".to_owned()));
            // Once the new text counts, the old one has ceased to.
            let new = opens(&index, 2);
            let old = opens(&index, 1);
            assert!(new.is_none() || new == whole);
            assert!(old.is_none() || old == whole);
            assert!(new.is_none() || old.is_none());
        };
        vec![Box::new(rotate), Box::new(read)]
    });
}

#[test]
fn a_narrowing_holds_when_it_was_followed() {
    in_any_order(300, || {
        let index = index();
        let (narrowed, other) = (Arc::clone(&index), Arc::clone(&index));
        let narrow = move || {
            narrowed.apply(&[Write::Update(Record::Token(token(1, "new")))]);
            assert_eq!(opens(&narrowed, 1), Some(("token-1".to_owned(), "new".to_owned())));
        };
        let beside = move || {
            other.apply(&[Write::Insert(Record::Token(token(2, "two"))), Write::Insert(live(2, 2))]);
            assert_eq!(opens(&other, 2), Some(("token-2".to_owned(), "two".to_owned())));
        };
        let read = move || {
            let seen = [opens(&index, 1).unwrap().1, opens(&index, 1).unwrap().1];
            assert_ne!(seen, ["new".to_owned(), "old".to_owned()], "what was narrow is wide again");
        };
        vec![Box::new(narrow), Box::new(beside), Box::new(read)]
    });
}

#[test]
fn a_number_never_leads_to_another_token() {
    in_any_order(300, || {
        let index = index();
        let changed = Arc::clone(&index);
        let change = move || {
            let revoked = Token { revoked: Some(now()), ..token(1, "old") };
            changed.apply(&[Write::Update(Record::Token(revoked))]);
            // The place of the one is free for the other.
            changed.apply(&[Write::Insert(Record::Token(token(2, "two"))), Write::Insert(live(2, 2))]);
            assert_eq!(opens(&changed, 1), None);
            assert!(changed.by_number(TokenNumber(1), "").is_none());
        };
        let read = move || {
            for number in [1, 2] {
                let named = format!("token-{number}");
                let known = index.by_number(TokenNumber(number), "");
                assert!(known.is_none_or(|known| known.name() == Some(&named)));
            }
        };
        vec![Box::new(change), Box::new(read)]
    });
}

#[test]
fn a_reading_anew_loses_nothing_that_both_have() {
    in_any_order(200, || {
        let index_now = index();
        let replaced = Arc::clone(&index_now);
        let replace = move || {
            let fresh = index();
            fresh.put(Record::Token(token(2, "two")).into());
            fresh.put(live(2, 2).into());
            replaced.replace(&fresh);
            assert!(opens(&replaced, 1).is_some() && opens(&replaced, 2).is_some());
        };
        let read = move || {
            assert_eq!(opens(&index_now, 1), Some(("token-1".to_owned(), "old".to_owned())));
            let by_number = index_now.by_number(TokenNumber(1), "");
            assert!(by_number.is_none_or(|known| known.name() == Some("token-1")));
        };
        vec![Box::new(replace), Box::new(read)]
    });
}

#[test]
fn whoever_gets_a_role_while_it_is_narrowed_has_it_narrow() {
    shuttle::check_random(
        || {
            let index = index();
            index.apply(&[Write::Update(role("wide"))]);
            let (one, other) = (Arc::clone(&index), Arc::clone(&index));
            let narrows = shuttle::thread::spawn(move || one.apply(&[Write::Update(role("narrow"))]));
            let gets = shuttle::thread::spawn(move || other.apply(&[Write::Update(ann(&[ROLE]))]));
            narrows.join().unwrap();
            gets.join().unwrap();
            assert_eq!(index.roster.standing(ANN).unwrap().scopes().to_text(), "narrow");
        },
        300,
    );
}

/// Notes a use of what a text opens, if it does; how many.
fn uses(index: &Index, of: u8, address: &str) -> u64 {
    let Some(known) = index.get(&digest(of), "") else { return 0 };
    index.note_use(&known, Use { at: from_millis(i64::from(of)), address: address.parse().ok() }, 1);
    1
}

/// Writes down what is not; how many uses.
fn writes_down(index: &Index) -> u64 {
    let uses = index.unwritten(&index.used());
    let count = |touch| match touch {
        Touch::Use { token: TokenNumber(1), count, .. } => count,
        other => panic!("{other:?}"),
    };
    let written = uses.iter().map(Touch::from).map(count).sum();
    index.written(&uses);
    written
}

#[test]
fn every_use_is_written_down_once_whatever_becomes_of_its_text() {
    let rotate = |index: &Index| index.apply(&[spent(1, 1), Write::Insert(live(2, 1))]);
    let reload = |index: &Index| index.replace(&self::index());
    let revoke = |index: &Index| {
        let revoked = Token { revoked: Some(now()), ..token(1, "old") };
        index.apply(&[Write::Update(Record::Token(revoked))]);
    };
    for change in [rotate, reload, revoke] {
        let play = move || {
            let index = index();
            let (one, other, writer, changed) =
                (Arc::clone(&index), Arc::clone(&index), Arc::clone(&index), Arc::clone(&index));
            let one = shuttle::thread::spawn(move || uses(&one, 1, "192.0.2.1") + uses(&one, 2, "::1"));
            let other = shuttle::thread::spawn(move || uses(&other, 1, "2001:db8::1"));
            let writer = shuttle::thread::spawn(move || writes_down(&writer));
            let changing = shuttle::thread::spawn(move || change(&changed));
            let noted = one.join().unwrap() + other.join().unwrap();
            changing.join().unwrap();
            assert_eq!(writer.join().unwrap() + writes_down(&index), noted);
            assert_eq!(writes_down(&index), 0);
            assert_eq!(index.uses(), 0);
        };
        shuttle::check_random(play, 150);
    }
}
