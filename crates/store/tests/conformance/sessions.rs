//! Sessions end, are listed by every criterion and in pages, and are forgotten when they are over.

use crate::house::House;
use crate::issue::{HOME, OWNER, at, change, digest};
use crate::records::{principal, session, session_id};
use counterfoil_core::realm::RealmId;
use counterfoil_core::scope::ScopeSet;
use counterfoil_core::session::Session;
use counterfoil_core::store::{Key, Query, Record, SessionFilter, Write};
use counterfoil_core::token::TokenNumber;

laws!(
    a_session_comes_back_whole,
    nothing_of_a_session_changes_but_its_end,
    each_criterion_must_hold,
    live_is_neither_ended_nor_expired,
    pages_follow_the_ids,
    sessions_are_forgotten_once_expired,
);

pub(crate) fn every_session() -> SessionFilter {
    SessionFilter { realm: HOME, principal: None, dialect: None, bought_with: None, kid: None, live_at: None }
}

/// The numbers of the sessions that the filter lets through, as they are listed.
async fn listed(house: &House, filter: SessionFilter, after: Option<u64>, limit: usize) -> Vec<u64> {
    let number = |record: &Record| match record {
        Record::Session(session) => (1..99).find(|number| session_id(*number) == session.id).unwrap(),
        other => panic!("{other:?}"),
    };
    let query = Query::Sessions { filter: Box::new(filter), after: after.map(session_id), limit };
    house.list(query).await.iter().map(number).collect()
}

async fn insert_all(house: &House, sessions: impl IntoIterator<Item = Session>) {
    for session in sessions {
        house.insert(Record::Session(session)).await.unwrap();
    }
}

async fn a_session_comes_back_whole(house: House) {
    let full = Session {
        scopes: ScopeSet::of(&["*", "a", "b.c"]),
        audience: "näme\n'\"%_".into(),
        address: Some("192.0.2.1".parse().unwrap()),
        ended: Some(at(5)),
        ..session(1)
    };
    let bare = Session {
        bought_with: None,
        scopes: ScopeSet::default(),
        audience: String::new(),
        client: String::new(),
        actors: Vec::new(),
        networks: Vec::new(),
        address: None,
        multiple: false,
        refreshed_from: None,
        ..session(2)
    };
    insert_all(&house, [full.clone(), bare.clone()]).await;
    for session in [full, bare] {
        assert_eq!(house.find(Key::Session(session.id)).await, Some(Record::Session(session)));
    }
}

async fn nothing_of_a_session_changes_but_its_end(house: House) {
    insert_all(&house, [session(1), session(2)]).await;
    let ended = Session { ended: Some(at(5)), ..session(1) };
    let bent = Session {
        digest: digest(2),
        principal: principal(9).id,
        scopes: ScopeSet::of(&["*"]),
        kid: "other".into(),
        expires: at(9999),
        ..ended.clone()
    };
    // A session has no version: the same update may come twice.
    for update in [ended.clone(), ended.clone(), bent] {
        house.update(Record::Session(update)).await.unwrap();
        let kept = Some(Record::Session(ended.clone()));
        assert_eq!(house.find(Key::SessionByDigest(digest(1))).await, kept);
    }
    assert_eq!(house.find(Key::SessionByDigest(digest(2))).await, Some(Record::Session(session(2))));
}

async fn each_criterion_must_hold(house: House) {
    let other = principal(7).id;
    insert_all(
        &house,
        [
            session(1),
            Session { realm: RealmId(2), ..session(2) },
            Session { principal: other, ..session(3) },
            Session { dialect: "ruvds".into(), ..session(4) },
            Session { bought_with: None, ..session(5) },
            Session { kid: "kid2".into(), bought_with: Some(TokenNumber(1)), ..session(6) },
            Session { ended: Some(at(3)), ..session(7) },
        ],
    )
    .await;
    let all = every_session();
    let numbers = async |filter| listed(&house, filter, None, 99).await;
    assert_eq!(numbers(all.clone()).await, [1, 3, 4, 5, 6, 7]);
    assert_eq!(numbers(SessionFilter { realm: RealmId(2), ..all.clone() }).await, [2]);
    assert_eq!(numbers(SessionFilter { realm: RealmId(3), ..all.clone() }).await, [0; 0]);
    assert_eq!(numbers(SessionFilter { principal: Some(other), ..all.clone() }).await, [3]);
    assert_eq!(numbers(SessionFilter { dialect: Some("ruvds".into()), ..all.clone() }).await, [4]);
    assert_eq!(numbers(SessionFilter { dialect: Some("RUVDS".into()), ..all.clone() }).await, [0; 0]);
    assert_eq!(numbers(SessionFilter { bought_with: Some(TokenNumber(1)), ..all.clone() }).await, [1, 6]);
    let beyond = SessionFilter { bought_with: Some(TokenNumber(u64::MAX)), ..all.clone() };
    assert_eq!(numbers(beyond).await, [0; 0]);
    assert_eq!(numbers(SessionFilter { kid: Some("kid2".into()), ..all.clone() }).await, [6]);
    assert_eq!(numbers(SessionFilter { live_at: Some(at(2)), ..all.clone() }).await, [1, 3, 4, 5, 6]);
    let together = SessionFilter {
        principal: Some(OWNER),
        dialect: Some("native".into()),
        bought_with: Some(TokenNumber(1)),
        kid: Some("kid1".into()),
        live_at: Some(at(2)),
        ..all
    };
    assert_eq!(numbers(together).await, [1]);
}

async fn live_is_neither_ended_nor_expired(house: House) {
    let with = |number, expires, ended: Option<i64>| Session {
        expires: at(expires),
        ended: ended.map(at),
        ..session(number)
    };
    // An end counts even if it is still to come, as a revocation does.
    let sessions = [
        with(1, 99, None),
        with(2, 100, None),
        with(3, 101, None),
        with(4, 101, Some(50)),
        with(5, 101, Some(300)),
    ];
    insert_all(&house, sessions).await;
    let live = SessionFilter { live_at: Some(at(100)), ..every_session() };
    assert_eq!(listed(&house, live, None, 99).await, [3]);
}

async fn pages_follow_the_ids(house: House) {
    insert_all(&house, [5, 2, 9, 1, 7].map(session)).await;
    insert_all(&house, [Session { principal: principal(7).id, ..session(3) }]).await;
    let mine = SessionFilter { principal: Some(OWNER), ..every_session() };
    for limit in 1..7 {
        let mut paged = Vec::new();
        loop {
            let page = listed(&house, mine.clone(), paged.last().copied(), limit).await;
            assert!(page.len() <= limit);
            if page.is_empty() {
                break;
            }
            paged.extend(page);
        }
        assert_eq!(paged, [1, 2, 5, 7, 9], "{limit}");
    }
    // A page goes on from a place where nothing is any more.
    assert_eq!(listed(&house, mine, Some(6), 1).await, [7]);
    assert_eq!(listed(&house, every_session(), Some(2), 2).await, [3, 5]);
}

async fn sessions_are_forgotten_once_expired(house: House) {
    let with = |number, expires| Session { expires: at(expires), ..session(number) };
    insert_all(&house, [with(1, 1), with(2, 2), with(3, 3), Session { ended: Some(at(0)), ..with(4, 3) }])
        .await;
    house.commit(change(vec![Write::ForgetSessions(at(2))])).await.unwrap();
    assert_eq!(
        listed(&house, every_session(), None, 9).await,
        [3, 4],
        "the ended one is kept for the record"
    );
    assert_eq!(house.find(Key::SessionByDigest(digest(1))).await, None);
    insert_all(&house, [session(1)]).await;
}
