//! Whatever changes come, every store gives the answers that `Memory` gives.

use crate::house::House;
use crate::issue::{HOME, at, change, digest, entry, realm, text, token};
use crate::records::{lock, principal, replay, role, session, session_id, signing_key};
use crate::sessions::every_session;
use counterfoil_core::journal::Action;
use counterfoil_core::load::Loaded;
use counterfoil_core::principal::Principal;
use counterfoil_core::realm::Realm;
use counterfoil_core::scope::{Scope, ScopeSet};
use counterfoil_core::session::{Lock, Session};
use counterfoil_core::signing::{KeyState, SigningKey};
use counterfoil_core::store::{
    Change, JournalFilter, Key, Position, Query, Record, SessionFilter, SortBy, StoreError, TokenFilter,
    Touch, Write,
};
use counterfoil_core::token::{State, Text, TextState, Token, TokenNumber, Use};
use proptest::prelude::*;

/// Few numbers and few values, so that changes meet.
fn time() -> impl Strategy<Value = Option<i64>> {
    proptest::option::of(0..4_i64)
}

fn tokens() -> impl Strategy<Value = Token> {
    (1..6_u64, "[ab]{0,2}", "[ab*]{0,2}", time(), time(), (any::<bool>(), time(), 1..4_u64)).prop_map(
        |(number, name, words, expires, modified, (enabled, revoked, version))| Token {
            name: name.into(),
            scopes: words.chars().map(|word| Scope::parse(&word.to_string()).unwrap()).collect::<ScopeSet>(),
            expires: expires.map(at),
            modified: modified.map(at),
            revoked: revoked.map(at),
            enabled,
            version,
            ..token(number)
        },
    )
}

fn sessions() -> impl Strategy<Value = Session> {
    (1..6_u64, 1..6_u64, 1..3_u64, proptest::option::of(1..3_u64), "kid[12]", 0..4_i64, time()).prop_map(
        |(number, secret, owner, key, kid, expires, ended)| Session {
            digest: digest(secret),
            principal: principal(owner).id,
            bought_with: key.map(TokenNumber),
            kid,
            expires: at(expires),
            ended: ended.map(at),
            ..session(number)
        },
    )
}

fn signing_keys() -> impl Strategy<Value = SigningKey> {
    let states = [KeyState::Pending, KeyState::Active, KeyState::Retiring, KeyState::Removed];
    (1..4_u64, proptest::sample::select(states.to_vec()), 0..3_i64, 1..4_u64).prop_map(
        |(number, state, created, version)| SigningKey {
            state,
            created: at(created),
            version,
            ..signing_key(number)
        },
    )
}

fn locks() -> impl Strategy<Value = Lock> {
    let networks = prop_oneof![Just("192.0.2.1/32"), Just("2001:db8::/64")];
    (1..3_u64, networks, any::<bool>(), 0..4_i64).prop_map(|(owner, network, password, since)| Lock {
        principal: principal(owner).id,
        since: at(since),
        ..lock(network, password)
    })
}

fn records() -> impl Strategy<Value = Record> {
    let states = prop_oneof![Just(TextState::Live), Just(TextState::Overlap), Just(TextState::Spent)];
    prop_oneof![
        4 => tokens().prop_map(Record::Token),
        2 => (1..9_u64, 1..6_u64, states).prop_map(|(number, of, state)| {
            let sealed = (number % 3 == 0).then(|| of.to_be_bytes().to_vec());
            Record::Text(Text { token: TokenNumber(of), state, sealed, ..text(number) })
        }),
        2 => (1..5_u64, "[uU][12]", time(), 1..4_u64).prop_map(|(number, username, deleted, version)| {
            Record::Principal(Principal { username, deleted: deleted.map(at), version, ..principal(number) })
        }),
        1 => (1..4_u64, 1..3_u64).prop_map(|(number, version)| {
            let mut role = role(number);
            role.version = version;
            Record::Role(role)
        }),
        1 => (1..4_u32, 1..3_u64).prop_map(|(number, version)| Record::Realm(Realm { version, ..realm(number) })),
        1 => ("[ab]", 0..4_i64).prop_map(|(key, until)| Record::Replay(replay(&key, at(until)))),
        3 => sessions().prop_map(Record::Session),
        2 => signing_keys().prop_map(Record::SigningKey),
        2 => locks().prop_map(Record::Lock),
    ]
}

fn writes() -> impl Strategy<Value = Write> {
    prop_oneof![
        6 => records().prop_map(Write::Insert),
        5 => records().prop_map(Write::Update),
        1 => (1..4_u64, 1..3_u64).prop_map(|(number, version)| Write::DeleteRole(role(number).id, version)),
        1 => (0..4_i64).prop_map(|now| Write::ForgetReplays(at(now))),
        1 => (0..4_i64).prop_map(|now| Write::ForgetSessions(at(now))),
        1 => (1..3_u64).prop_map(|owner| Write::Unlock(principal(owner).id)),
    ]
}

#[derive(Debug, Clone)]
enum Step {
    Commit(Change),
    Touch(Touch),
}

fn steps() -> impl Strategy<Value = Step> {
    prop_oneof![
        5 => (proptest::collection::vec(writes(), 1..4), 0..9_i64, "[ab]").prop_map(|(writes, clock, subject)| {
            let journal = vec![entry(Action::TokenEdit, &subject)];
            Step::Commit(Change { at: at(clock), journal, ..change(writes) })
        }),
        1 => (1..6_u64, 0..4_i64, 0..3_u64).prop_map(|(number, used, count)| {
            let used = Use { at: at(used), address: None };
            Step::Touch(Touch::Use { token: TokenNumber(number), used, count })
        }),
    ]
}

/// What became of a step. Which of several taken keys is named is up to the store.
async fn take(house: &House, step: Step) -> &'static str {
    let done = match step {
        Step::Commit(change) => house.commit(change).await,
        Step::Touch(touch) => house.store.touch(vec![touch]).await,
    };
    match done {
        Ok(()) => "done",
        Err(StoreError::Taken(_)) => "taken",
        Err(StoreError::Stale(kind)) => kind,
        Err(StoreError::Unavailable(why)) => panic!("{why}"),
    }
}

/// Everything that a store can be asked, as text.
async fn answers(house: &House) -> Vec<String> {
    let mut answers = vec![format!("{:?}", house.store.meta().await.unwrap())];
    answers.push(format!("{:?}", house.store.journal(JournalFilter::default(), 99).await.unwrap()));
    let mut counting: Vec<_> = house.load(at(2)).await.iter().map(loaded).collect();
    counting.sort();
    answers.extend(counting);
    let mut filters = vec![TokenFilter::of(HOME)];
    filters.extend(
        State::EVERY.map(|state| TokenFilter { state: Some((state, at(2))), ..TokenFilter::of(HOME) }),
    );
    filters.push(TokenFilter { any_scope: vec![Scope::parse("a").unwrap()], ..TokenFilter::of(HOME) });
    filters.push(TokenFilter { name: Some("a".into()), unused_since: Some(at(2)), ..TokenFilter::of(HOME) });
    for filter in filters {
        for sort in [SortBy::Name, SortBy::Created, SortBy::Expires, SortBy::Modified, SortBy::LastUsed] {
            for descending in [false, true] {
                let page = |after| Query::Tokens {
                    filter: Box::new(filter.clone()),
                    sort,
                    descending,
                    after,
                    limit: 2,
                };
                let first = house.list(page(None)).await;
                let after = first.last().map(|last| Position::of(crate::house::token_of(last), sort));
                answers.extend(house.list(page(after)).await.iter().chain(&first).map(visible));
            }
        }
        answers.push(house.store.count(filter).await.unwrap().to_string());
    }
    let mut queries: Vec<Query> = (1..6).map(|number| Query::Texts(TokenNumber(number))).collect();
    queries.push(Query::Principals { realm: HOME, holding: None, after: 0, limit: 9 });
    queries.push(Query::Roles { realm: HOME, after: 0, limit: 9 });
    queries.push(Query::Realms { after: 0, limit: 9 });
    queries.push(Query::SigningKeys(HOME));
    for live_at in [None, Some(at(2))] {
        let all = SessionFilter { live_at, ..every_session() };
        let filters = [
            SessionFilter { principal: Some(principal(1).id), ..all.clone() },
            SessionFilter { bought_with: Some(TokenNumber(1)), ..all.clone() },
            SessionFilter { kid: Some("kid1".into()), ..all.clone() },
            all,
        ];
        for (filter, after) in
            filters.into_iter().flat_map(|filter| [(filter.clone(), None), (filter, Some(2))])
        {
            let after = after.map(session_id);
            queries.push(Query::Sessions { filter: Box::new(filter), after, limit: 2 });
        }
    }
    for query in queries {
        answers.extend(house.list(query).await.iter().map(visible));
    }
    for owner in 1..3 {
        // In no promised order.
        let mut locks: Vec<_> =
            house.list(Query::Locks(principal(owner).id)).await.iter().map(visible).collect();
        locks.sort();
        answers.extend(locks);
    }
    for secret in 1..6 {
        let found = house.find(Key::SessionByDigest(digest(secret))).await;
        answers.push(found.as_ref().map_or_else(String::new, visible));
    }
    for name in ["u1", "u2"] {
        answers.push(format!("{:?}", house.find(Key::PrincipalByName(HOME, name.into())).await));
    }
    answers
}

/// What a load brings as text, digest and all.
fn loaded(loaded: &Loaded) -> String {
    match loaded {
        Loaded::Text { digest, .. } => format!("{loaded:?} {:?}", digest.0),
        Loaded::Record(record) => visible(record),
        Loaded::Token(token) => format!("{token:?}"),
    }
}

/// A record as text, digest and all.
fn visible(record: &Record) -> String {
    match record {
        Record::Text(text) => format!("{text:?} {:?}", text.digest.0),
        Record::Session(session) => format!("{session:?} {:?}", session.digest.0),
        other => format!("{other:?}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_store_answers_as_memory_does(steps in proptest::collection::vec(steps(), 1..40)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let (memory, sqlite) = (House::memory(), House::sqlite().await);
            for step in steps {
                let outcome = take(&memory, step.clone()).await;
                prop_assert_eq!(outcome, take(&sqlite, step.clone()).await, "{:?}", step);
            }
            prop_assert_eq!(answers(&memory).await, answers(&sqlite).await);
            Ok(())
        })?;
    }
}
