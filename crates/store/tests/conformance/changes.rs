//! A change is done whole or not at all, in order, and only to what it was made for.

use crate::house::{House, stale, taken};
use crate::issue::{CHECK, EPOCH, HOME, at, change, entry, issue, realm, text, token};
use crate::records::{gate, lock, principal, replay, role, session, signing_key};
use counterfoil_core::gate::{Gate, Policy};
use counterfoil_core::journal::{Action, Entry};
use counterfoil_core::principal::{Principal, Role};
use counterfoil_core::realm::Realm;
use counterfoil_core::store::{Change, JournalFilter, Key, Meta, Query, Record, StoreError, Write};
use counterfoil_core::token::{Text, TextState, Token, Use};
use std::sync::Arc;

laws!(
    a_gate_is_edited_and_deleted_at_its_version,
    gates_are_listed_by_name,
    an_update_is_of_the_next_version,
    a_sealed_text_is_kept_until_it_is_taken_away,
    an_update_of_what_is_not_there_is_stale,
    a_role_is_deleted_at_its_version,
    a_change_is_done_whole_or_not_at_all,
    steps_are_taken_in_order,
    a_failing_change_does_not_touch_its_neighbours,
    updates_leave_touches_alone,
    replays_are_forgotten_in_time,
    meta_knows_the_highest_clock,
    numbers_are_reserved_once,
);

async fn an_update_is_of_the_next_version(house: House) {
    let mut records = [
        Record::Realm(Realm { version: 1, ..realm(2) }),
        Record::Principal(principal(1)),
        Record::Role(role(1)),
        Record::Token(token(1)),
        Record::SigningKey(signing_key(1)),
    ];
    let words = ["realm", "principal", "role", "token", "signing key"];
    let set = |record: &mut Record, to| match record {
        Record::Realm(realm) => realm.version = to,
        Record::Principal(principal) => principal.version = to,
        Record::Role(role) => role.version = to,
        Record::Token(token) => token.version = to,
        Record::SigningKey(key) => key.version = to,
        other => unreachable!("no version: {other:?}"),
    };
    for (record, word) in records.iter_mut().zip(words) {
        house.insert(record.clone()).await.unwrap();
        for wrong in [0, 1, 3] {
            set(record, wrong);
            assert_eq!(stale(house.update(record.clone()).await), word, "{wrong}");
        }
        set(record, 2);
        house.update(record.clone()).await.unwrap();
        assert_eq!(stale(house.update(record.clone()).await), word);
    }
    // Texts have no version.
    house.insert(Record::Text(text(1))).await.unwrap();
    let mut spent = text(1);
    spent.state = TextState::Spent;
    house.update(Record::Text(spent.clone())).await.unwrap();
    house.update(Record::Text(spent.clone())).await.unwrap();
    assert_eq!(house.find(Key::Text(spent.digest)).await, Some(Record::Text(spent)));
}

async fn a_sealed_text_is_kept_until_it_is_taken_away(house: House) {
    let sealed = Record::Text(Text { sealed: Some(vec![0, 255, 1]), ..text(1) });
    house.insert(Record::Token(token(1))).await.unwrap();
    house.insert(sealed.clone()).await.unwrap();
    assert_eq!(house.find(Key::Text(text(1).digest)).await, Some(sealed.clone()));
    assert_eq!(house.list(Query::Texts(token(1).number)).await, std::slice::from_ref(&sealed));
    house.update(Record::Text(text(1))).await.unwrap();
    assert_eq!(house.find(Key::Text(text(1).digest)).await, Some(Record::Text(text(1))));
}

async fn an_update_of_what_is_not_there_is_stale(house: House) {
    for (record, word) in [
        (Record::Realm(realm(9)), "realm"),
        (Record::Principal(principal(9)), "principal"),
        (Record::Role(role(9)), "role"),
        (Record::Token(token(9)), "token"),
        (Record::Text(text(9)), "text"),
        (Record::Replay(replay("none", at(0))), "replay"),
        (Record::Session(session(9)), "session"),
        (Record::SigningKey(signing_key(9)), "signing key"),
        (Record::Lock(lock("192.0.2.9/32", true)), "lock"),
        (Record::Gate(gate("none")), "gate"),
    ] {
        assert_eq!(stale(house.update(record).await), word);
    }
}

async fn a_role_is_deleted_at_its_version(house: House) {
    house.insert(Record::Role(role(1))).await.unwrap();
    let delete = |version| change(vec![Write::DeleteRole(role(1).id, version)]);
    assert_eq!(stale(house.commit(delete(2)).await), "role");
    house.commit(delete(1)).await.unwrap();
    assert_eq!(house.find(Key::Role(role(1).id)).await, None);
    assert_eq!(stale(house.commit(delete(1)).await), "role");
    house.insert(Record::Role(Role { number: 2, ..role(1) })).await.unwrap();
}

async fn a_gate_is_edited_and_deleted_at_its_version(house: House) {
    let first = gate("front");
    house.insert(Record::Gate(first.clone())).await.unwrap();
    assert_eq!(house.find(Key::Gate("front".into())).await, Some(Record::Gate(first.clone())));
    let second = Gate { policy: Policy::default(), version: 2, updated: at(9), ..first.clone() };
    house.update(Record::Gate(second.clone())).await.unwrap();
    assert_eq!(stale(house.update(Record::Gate(second.clone())).await), "gate");
    assert_eq!(house.find(Key::Gate("front".into())).await, Some(Record::Gate(second)));
    let delete = |version| change(vec![Write::DeleteGate("front".into(), version)]);
    assert_eq!(stale(house.commit(delete(1)).await), "gate");
    house.commit(delete(2)).await.unwrap();
    assert_eq!(house.find(Key::Gate("front".into())).await, None);
    house.insert(Record::Gate(first)).await.unwrap();
}

async fn gates_are_listed_by_name(house: House) {
    let elsewhere = Gate { realm: realm(2).id, ..gate("c") };
    for gate in [gate("b"), elsewhere, gate("a-1"), gate("a")] {
        house.insert(Record::Gate(gate)).await.unwrap();
    }
    let every = ["a", "a-1", "b"].map(|name| Record::Gate(gate(name)));
    assert_eq!(house.list(Query::Gates(HOME)).await, every);
}

async fn a_change_is_done_whole_or_not_at_all(house: House) {
    house.commit(issue(1)).await.unwrap();
    let before = (house.store.meta().await.unwrap(), house.load(at(0)).await);
    let torn = Change {
        at: at(1000),
        writes: vec![
            Write::Insert(Record::Principal(principal(1))),
            Write::Update(Record::Token(Token { version: 2, name: "new".into(), ..token(1) })),
            Write::Insert(Record::Role(role(1))),
            Write::DeleteRole(role(1).id, 1),
            Write::Insert(Record::Text(text(1))),
        ],
        journal: vec![entry(Action::TokenIssue, "never")],
    };
    assert_eq!(taken(house.commit(torn).await), "digest");
    assert_eq!((house.store.meta().await.unwrap(), house.load(at(0)).await), before);
    assert_eq!(house.subjects(JournalFilter::default()).await, [&*token(1).id]);
    house.insert(Record::Principal(principal(1))).await.unwrap();
}

async fn steps_are_taken_in_order(house: House) {
    let renamed = Principal { username: "other".into(), version: 2, ..principal(1) };
    house
        .commit(change(vec![
            Write::Insert(Record::Principal(principal(1))),
            Write::Update(Record::Principal(renamed)),
            Write::Insert(Record::Principal(Principal { username: "user1".into(), ..principal(2) })),
        ]))
        .await
        .unwrap();
    let heir = house.find(Key::PrincipalByName(HOME, "user1".into())).await;
    assert!(matches!(heir, Some(Record::Principal(heir)) if heir.number == 2));
}

async fn a_failing_change_does_not_touch_its_neighbours(house: House) {
    house.commit(issue(1000)).await.unwrap();
    let mut waiting = Vec::new();
    for number in 1..=200 {
        let mut change = issue(number);
        if number % 3 == 0 {
            change.writes.push(Write::Insert(Record::Text(text(1000))));
        }
        let store = Arc::clone(&house.store);
        waiting.push((number, tokio::spawn(async move { store.commit(change).await })));
    }
    for (number, done) in waiting {
        match done.await.unwrap() {
            Err(StoreError::Taken("digest")) if number % 3 == 0 => {}
            Ok(()) if number % 3 != 0 => {}
            other => panic!("{number}: {other:?}"),
        }
        let found = house.find(Key::Token(token(number).number)).await;
        assert_eq!(found.is_some(), number % 3 != 0);
    }
    let lines = house.store.journal(JournalFilter::default(), 1000).await.unwrap();
    assert_eq!(lines.len(), 1 + 200 - 66);
    let sequences: Vec<u64> = lines.iter().map(|line: &Entry| line.sequence).collect();
    assert!(sequences.is_sorted_by(|one, next| one < next));
}

async fn updates_leave_touches_alone(house: House) {
    let used = Some(Use { at: at(50), address: None });
    house.insert(Record::Token(Token { last_used: used, ..token(1) })).await.unwrap();
    house.insert(Record::Principal(principal(1))).await.unwrap();
    house.update(Record::Token(Token { version: 2, ..token(1) })).await.unwrap();
    house
        .update(Record::Principal(Principal { last_login: None, version: 2, ..principal(1) }))
        .await
        .unwrap();
    let kept = house.find(Key::Token(token(1).number)).await;
    assert_eq!(kept, Some(Record::Token(Token { last_used: used, version: 2, ..token(1) })));
    let kept = house.find(Key::Principal(principal(1).id)).await;
    assert_eq!(kept, Some(Record::Principal(Principal { version: 2, ..principal(1) })));
}

async fn replays_are_forgotten_in_time(house: House) {
    for (key, until) in [("early", 1), ("now", 2), ("late", 3)] {
        house.insert(Record::Replay(replay(key, at(until)))).await.unwrap();
    }
    house.commit(change(vec![Write::ForgetReplays(at(2))])).await.unwrap();
    for (key, kept) in [("early", false), ("now", false), ("late", true)] {
        assert_eq!(house.find(Key::Replay(replay(key, at(0)).key)).await.is_some(), kept, "{key}");
    }
}

async fn meta_knows_the_highest_clock(house: House) {
    let mark = |mark| Meta { epoch: EPOCH, check: CHECK, mark };
    assert_eq!(house.store.meta().await.unwrap(), mark(at(0)));
    for (clock, highest) in [(5, 5), (3, 5), (6, 6)] {
        house.commit(Change { at: at(clock), ..change(Vec::new()) }).await.unwrap();
        assert_eq!(house.store.meta().await.unwrap(), mark(at(highest)));
    }
}

async fn numbers_are_reserved_once(house: House) {
    let mut next = 1;
    for count in [1, 64, 0, 3] {
        assert_eq!(house.store.reserve(count).await.unwrap(), next);
        next += count;
    }
    assert_eq!(house.store.generation(), 0);
}
