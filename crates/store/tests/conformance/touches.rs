//! Uses and logins, and what a load brings.

use crate::house::House;
use crate::issue::{at, realm, text, token};
use crate::records::{gate, lock, principal, replay, role, session, signing_key};
use counterfoil_core::load::Loaded;
use counterfoil_core::principal::Principal;
use counterfoil_core::session::Session;
use counterfoil_core::signing::{KeyState, SigningKey};
use counterfoil_core::store::{Key, Record, Touch};
use counterfoil_core::token::{Purpose, Text, TextState, Token, TokenNumber, Use};
use std::net::IpAddr;

laws!(
    only_a_later_use_is_written_down,
    every_use_is_counted,
    only_a_later_login_is_written_down,
    a_load_brings_what_may_count_and_no_more
);

async fn only_a_later_use_is_written_down(house: House) {
    house.insert(Record::Token(token(1))).await.unwrap();
    house.insert(Record::Token(token(2))).await.unwrap();
    let used_from = |millis, address: Option<&str>| Use {
        at: at(millis),
        address: address.map(|text| text.parse::<IpAddr>().unwrap()),
    };
    let touch = |number, millis, address| Touch::Use {
        token: TokenNumber(number),
        used: used_from(millis, address),
        count: 1,
    };
    let used = async |number| match house.find(Key::Token(TokenNumber(number))).await {
        Some(Record::Token(token)) => token.last_used,
        other => panic!("{other:?}"),
    };
    let unknown = touch(404, 1, None);
    house.store.touch(vec![touch(1, 10, Some("192.0.2.1")), unknown, touch(2, 5, None)]).await.unwrap();
    assert_eq!(used(1).await, Some(used_from(10, Some("192.0.2.1"))));
    assert_eq!(used(2).await, Some(used_from(5, None)));

    house.store.touch(vec![touch(1, 9, None), touch(1, 10, None)]).await.unwrap();
    assert_eq!(used(1).await, Some(used_from(10, Some("192.0.2.1"))));
    house.store.touch(vec![touch(1, 12, None), touch(1, 11, Some("::1"))]).await.unwrap();
    assert_eq!(used(1).await, Some(used_from(12, None)));
    assert_eq!(house.find(Key::Token(TokenNumber(1))).await.map(version), Some(1), "a touch is no change");
}

async fn every_use_is_counted(house: House) {
    house.insert(Record::Token(Token { uses: 2, ..token(1) })).await.unwrap();
    house.insert(Record::Token(token(2))).await.unwrap();
    let touch = |number, millis, count| Touch::Use {
        token: TokenNumber(number),
        used: Use { at: at(millis), address: None },
        count,
    };
    let uses = async |number| match house.find(Key::Token(TokenNumber(number))).await {
        Some(Record::Token(token)) => (token.uses, token.last_used.map(|used| used.at)),
        other => panic!("{other:?}"),
    };
    house.store.touch(vec![touch(1, 10, 3), touch(404, 10, 1)]).await.unwrap();
    house.store.touch(vec![touch(1, 9, 4), touch(1, 10, 1), touch(1, 11, 0)]).await.unwrap();
    assert_eq!(uses(1).await, (10, Some(at(11))));
    assert_eq!(uses(2).await, (0, None));
    // A change that was decided on before does not undo it.
    house.update(Record::Token(Token { name: "b".into(), version: 2, ..token(1) })).await.unwrap();
    assert_eq!(uses(1).await, (10, Some(at(11))));
}

async fn only_a_later_login_is_written_down(house: House) {
    let before = Principal { last_login: None, ..principal(1) };
    house.insert(Record::Principal(before.clone())).await.unwrap();
    let login = |principal, millis| Touch::Login { principal, at: at(millis) };
    for (millis, kept) in [(10, 10), (9, 10), (11, 11)] {
        let unknown = login(principal(404).id, millis);
        house.store.touch(vec![unknown, login(before.id, millis)]).await.unwrap();
        let after = Principal { last_login: Some(at(kept)), ..before.clone() };
        assert_eq!(house.find(Key::Principal(before.id)).await, Some(Record::Principal(after)));
    }
}

fn version(record: Record) -> u64 {
    match record {
        Record::Token(token) => token.version,
        other => panic!("{other:?}"),
    }
}

async fn a_load_brings_what_may_count_and_no_more(house: House) {
    let now = at(100);
    let counts = [
        token(1),
        Token { enabled: false, ..token(2) },
        Token { not_before: Some(at(200)), ..token(3) },
        Token { expires: Some(at(101)), ..token(4) },
    ];
    let does_not = [
        Token { expires: Some(now), ..token(5) },
        Token { revoked: Some(at(300)), ..token(6) },
        Token { purpose: Purpose::Exchange, ..token(7) },
    ];
    let mut kept = vec![Record::Realm(realm(1)), Record::Role(role(1)), Record::Principal(principal(1))];
    kept.extend(counts.clone().map(Record::Token));
    let overlap =
        Text { digest: crate::issue::digest(11), state: TextState::Overlap, until: Some(at(500)), ..text(1) };
    let spent = Text { digest: crate::issue::digest(12), state: TextState::Spent, ..text(1) };
    kept.extend([1, 2, 3, 4].map(|number| Record::Text(text(number))));
    kept.push(Record::Text(overlap));
    kept.push(Record::Session(Session { expires: at(101), ..session(1) }));
    for (number, state) in [(1, KeyState::Pending), (2, KeyState::Active), (3, KeyState::Retiring)] {
        kept.push(Record::SigningKey(SigningKey { state, ..signing_key(number) }));
    }
    kept.push(Record::Lock(lock("192.0.2.1/32", true)));
    kept.push(Record::Gate(gate("front")));
    let others = does_not.map(Record::Token).into_iter().chain([
        Record::Text(text(5)),
        Record::Text(text(6)),
        Record::Text(text(7)),
        Record::Text(spent),
        Record::Replay(replay("k", at(900))),
        Record::Session(Session { expires: now, ..session(2) }),
        Record::Session(Session { ended: Some(at(300)), ..session(3) }),
        Record::SigningKey(SigningKey { state: KeyState::Removed, ..signing_key(4) }),
    ]);
    for record in kept.iter().skip(1).cloned().chain(others) {
        house.insert(record).await.unwrap();
    }
    let mut loaded = house.load(now).await;
    // Realms, roles and principals in that order, the rest behind them, and each text behind its token.
    let ranks: Vec<_> = loaded.iter().map(|record| kind(record).min(3)).collect();
    assert!(ranks.is_sorted(), "{ranks:?}");
    let place = |number| {
        loaded.iter().position(|found| matches!(found, Loaded::Token(token) if token.number == number))
    };
    for (at, found) in loaded.iter().enumerate() {
        let Loaded::Text { token, .. } = found else { continue };
        assert!(place(*token).is_some_and(|before| before < at), "{found:?}");
    }
    let mut kept: Vec<_> = kept.into_iter().map(Loaded::from).collect();
    loaded.sort_by_key(|found| (kind(found), format!("{found:?}"), digest(found)));
    kept.sort_by_key(|found| (kind(found), format!("{found:?}"), digest(found)));
    assert_eq!(loaded, kept);
}

fn kind(loaded: &Loaded) -> u8 {
    let Loaded::Record(record) = loaded else { return 3 };
    match **record {
        Record::Realm(_) => 0,
        Record::Role(_) => 1,
        Record::Principal(_) => 2,
        Record::Session(_) => 5,
        Record::SigningKey(_) => 6,
        Record::Lock(_) => 7,
        Record::Gate(_) => 8,
        Record::Token(_) | Record::Text(_) | Record::Replay(_) => unreachable!("never loaded so"),
    }
}

fn digest(loaded: &Loaded) -> [u8; 32] {
    match loaded {
        Loaded::Text { digest, .. } => digest.0,
        Loaded::Record(record) => match &**record {
            Record::Session(session) => session.digest.0,
            _ => [0; 32],
        },
        Loaded::Token(_) => [0; 32],
    }
}
