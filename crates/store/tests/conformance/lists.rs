//! Lists come in their order, in pages that neither skip nor repeat.

use crate::house::{House, token_of};
use crate::issue::{HOME, at, realm, text, token};
use crate::records::{principal, role};
use counterfoil_core::realm::RealmId;
use counterfoil_core::store::{Position, Query, Record, SortBy, TokenFilter};
use counterfoil_core::token::{Text, TextState, Token, TokenNumber, Use};
use jiff::Timestamp;

laws!(
    tokens_are_sorted_either_way_with_never_in_its_place,
    pages_neither_skip_nor_repeat,
    pages_hold_while_tokens_come_and_go,
    texts_are_listed_live_first,
    principals_roles_and_realms_are_listed_by_number,
);

const SORTS: [SortBy; 5] =
    [SortBy::Name, SortBy::Created, SortBy::Expires, SortBy::Modified, SortBy::LastUsed];

fn query(sort: SortBy, descending: bool, after: Option<Position>, limit: usize) -> Query {
    Query::Tokens { filter: Box::new(TokenFilter::of(HOME)), sort, descending, after, limit }
}

async fn listed(house: &House, query: Query) -> Vec<Token> {
    house.list(query).await.iter().map(token_of).cloned().collect()
}

/// A token all of whose times are the one given, or never.
fn timed(number: u64, name: &str, time: Option<i64>) -> Token {
    let time: Option<Timestamp> = time.map(at);
    let last_used = time.map(|at| Use { at, address: None });
    let created = time.unwrap_or(at(0));
    Token { name: name.into(), created, expires: time, modified: time, last_used, ..token(number) }
}

async fn tokens_are_sorted_either_way_with_never_in_its_place(house: House) {
    // Bytewise, Z stands before a, and both before ä; 3 and 4 differ in nothing but their id.
    for token in [
        timed(1, "ä", Some(-5)),
        timed(2, "Z", None),
        timed(3, "a", Some(7)),
        timed(4, "a", Some(7)),
        timed(5, "", None),
    ] {
        house.insert(Record::Token(token)).await.unwrap();
    }
    for (sort, expected) in [
        (SortBy::Name, [5, 2, 3, 4, 1]),
        (SortBy::Created, [1, 2, 5, 3, 4]),
        (SortBy::Expires, [1, 3, 4, 2, 5]),
        (SortBy::Modified, [2, 5, 1, 3, 4]),
        (SortBy::LastUsed, [2, 5, 1, 3, 4]),
    ] {
        let numbers = async |descending| -> Vec<u64> {
            listed(&house, query(sort, descending, None, 9))
                .await
                .iter()
                .map(|token| token.number.0)
                .collect()
        };
        assert_eq!(numbers(false).await, expected, "{sort:?}");
        assert_eq!(numbers(true).await, expected.into_iter().rev().collect::<Vec<_>>(), "{sort:?}");
    }
}

async fn pages_neither_skip_nor_repeat(house: House) {
    for number in 1..=23 {
        let time = (number % 4 > 0).then_some(i64::try_from(number % 5).unwrap());
        let token = timed(number, ["", "b", "a", "ab"][usize::try_from(number % 4).unwrap()], time);
        house.insert(Record::Token(token)).await.unwrap();
    }
    for (sort, descending) in SORTS.into_iter().flat_map(|sort| [(sort, false), (sort, true)]) {
        let whole = listed(&house, query(sort, descending, None, 100)).await;
        assert_eq!(whole.len(), 23);
        for limit in [1, 2, 5, 23] {
            let mut paged: Vec<Token> = Vec::new();
            loop {
                let after = paged.last().map(|token| Position::of(token, sort));
                let page = listed(&house, query(sort, descending, after, limit)).await;
                assert!(page.len() <= limit);
                if page.is_empty() {
                    break;
                }
                paged.extend(page);
            }
            assert_eq!(paged, whole, "{sort:?} {descending} {limit}");
        }
    }
}

async fn pages_hold_while_tokens_come_and_go(house: House) {
    for number in [20, 30, 40, 50] {
        house.insert(Record::Token(token(number))).await.unwrap();
    }
    let first = listed(&house, query(SortBy::Name, false, None, 2)).await;
    // Before the position, at its very place, and after it; and the row of the position itself moves away.
    for number in [10, 25, 35, 60] {
        house.insert(Record::Token(token(number))).await.unwrap();
    }
    house.update(Record::Token(Token { name: "zz".into(), version: 2, ..token(30) })).await.unwrap();
    let after = first.last().map(|token| Position::of(token, SortBy::Name));
    let rest = listed(&house, query(SortBy::Name, false, after, 9)).await;
    let numbers: Vec<u64> = rest.iter().map(|token| token.number.0).collect();
    assert_eq!(numbers, [35, 40, 50, 60, 30]);
}

async fn texts_are_listed_live_first(house: House) {
    let with = |number, state| Text { token: TokenNumber(1), state, ..text(number) };
    for text in [
        with(1, TextState::Overlap),
        with(2, TextState::Spent),
        with(3, TextState::Live),
        Text { token: TokenNumber(2), ..text(4) },
    ] {
        house.insert(Record::Text(text)).await.unwrap();
    }
    let listed = house.list(Query::Texts(TokenNumber(1))).await;
    let expected = [with(3, TextState::Live), with(1, TextState::Overlap)];
    // Two digests look alike in a message, so they are compared by themselves.
    assert!(listed == expected.map(Record::Text), "{listed:?}");
    assert_eq!(house.list(Query::Texts(TokenNumber(9))).await, []);
}

async fn principals_roles_and_realms_are_listed_by_number(house: House) {
    for number in [3, 1, 2, 5, 4] {
        let mut principal = principal(number);
        principal.roles = if number % 2 == 1 { vec![role(1).id, role(number).id] } else { Vec::new() };
        principal.deleted = (number == 5).then_some(at(1));
        house.insert(Record::Principal(principal)).await.unwrap();
        house.insert(Record::Role(role(number))).await.unwrap();
    }
    for number in [7, 4] {
        house.insert(Record::Realm(realm(number))).await.unwrap();
    }
    let numbers = async |query| -> Vec<u64> {
        let number = |record: &Record| match record {
            Record::Realm(realm) => u64::from(realm.id.0),
            Record::Principal(principal) => principal.number,
            Record::Role(role) => role.number,
            other => panic!("{other:?}"),
        };
        house.list(query).await.iter().map(number).collect()
    };
    let principals = |holding, after, limit| Query::Principals { realm: HOME, holding, after, limit };
    assert_eq!(numbers(principals(None, 0, 9)).await, [1, 2, 3, 4]);
    assert_eq!(numbers(principals(None, 2, 1)).await, [3]);
    assert_eq!(numbers(principals(Some(role(1).id), 0, 9)).await, [1, 3]);
    assert_eq!(numbers(principals(Some(role(3).id), 1, 9)).await, [3]);
    assert_eq!(numbers(principals(Some(role(9).id), 0, 9)).await, [0; 0]);
    assert_eq!(
        numbers(Query::Principals { realm: RealmId(7), holding: None, after: 0, limit: 9 }).await,
        [0; 0]
    );
    assert_eq!(numbers(Query::Roles { realm: HOME, after: 0, limit: 9 }).await, [1, 2, 3, 4, 5]);
    assert_eq!(numbers(Query::Roles { realm: HOME, after: 2, limit: 2 }).await, [3, 4]);
    assert_eq!(numbers(Query::Realms { after: 0, limit: 9 }).await, [1, 4, 7]);
    assert_eq!(numbers(Query::Realms { after: 1, limit: 1 }).await, [4]);
}
