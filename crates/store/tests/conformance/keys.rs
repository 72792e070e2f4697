//! Each record is found by each of its keys, whole, and each key is given once.

use crate::house::{House, taken};
use crate::issue::{HOME, at, digest, realm, text, token};
use crate::records::{gate, lock, principal, replay, role, session, session_id, signing_key};
use counterfoil_core::gate::Gate;
use counterfoil_core::principal::{Principal, PrincipalId, RoleId};
use counterfoil_core::realm::RealmId;
use counterfoil_core::scope::ScopeSet;
use counterfoil_core::store::{Key, Query, Record};
use counterfoil_core::token::{Limit, Purpose, TextState, Token, TokenNumber, Use};
use jiff::SignedDuration;
use std::net::{IpAddr, Ipv6Addr};
use uuid::Uuid;

laws!(
    records_are_found_whole_by_every_key,
    a_token_with_every_field_comes_back_whole,
    nothing_is_found_where_nothing_is,
    every_key_is_given_once,
    a_user_name_is_free_again_after_deletion,
    a_revoked_token_and_a_spent_text_are_found,
    a_claim_leads_to_the_key_or_else_to_whoever_is_named,
);

async fn records_are_found_whole_by_every_key(house: House) {
    let (realm, principal, role) = (realm(2), principal(7), role(3));
    let (token, text, replay) = (token(5), text(5), replay("k", at(9)));
    let (session, signing_key) = (session(4), signing_key(4));
    let expected = [
        (Key::RealmBySlug("realm-2".into()), Record::Realm(realm.clone())),
        (Key::RealmByUuid(realm.uuid), Record::Realm(realm.clone())),
        (Key::Principal(principal.id), Record::Principal(principal.clone())),
        (Key::PrincipalByNumber(HOME, 7), Record::Principal(principal.clone())),
        (Key::PrincipalByName(HOME, "user7".into()), Record::Principal(principal.clone())),
        (Key::Role(role.id), Record::Role(role.clone())),
        (Key::RoleByNumber(HOME, 3), Record::Role(role.clone())),
        (Key::RoleByName(HOME, "role3".into()), Record::Role(role.clone())),
        (Key::Token(TokenNumber(5)), Record::Token(token.clone())),
        (Key::TokenById(HOME, token.id.to_string()), Record::Token(token.clone())),
        (Key::Text(text.digest), Record::Text(text.clone())),
        (Key::Replay(replay.key.clone()), Record::Replay(replay.clone())),
        (Key::Session(session.id), Record::Session(session.clone())),
        (Key::SessionByDigest(session.digest), Record::Session(session.clone())),
        (Key::SigningKey("kid4".into()), Record::SigningKey(signing_key.clone())),
    ];
    for (key, record) in &expected {
        // Several keys of one record: only the first of them inserts it.
        if house.find(key.clone()).await.is_none() {
            house.insert(record.clone()).await.unwrap();
        }
    }
    for (key, record) in expected {
        assert_eq!(house.find(key.clone()).await, Some(record), "{key:?}");
    }
}

async fn a_token_with_every_field_comes_back_whole(house: House) {
    let full = Token {
        id: "ID \u{0}'\"%_\\ ü".into(),
        name: "näme\nwith 'quotes'".into(),
        purpose: Purpose::Exchange,
        scopes: ScopeSet::of(&["*", "a", "b.c"]),
        issuer: Some(principal(2).id),
        personal: true,
        enabled: false,
        revoked: Some(at(1)),
        modified: Some(at(2)),
        not_before: Some(at(-3)),
        expires: Some(at(4)),
        last_used: Some(Use { at: at(5), address: Some(IpAddr::V6(Ipv6Addr::LOCALHOST)) }),
        networks: vec!["10.1.2.3/8".parse().unwrap(), "fe80::/10".parse().unwrap()],
        metadata: [("team".to_owned(), "x\"y".to_owned())].into(),
        limit: Some(Limit { count: 3, per: SignedDuration::from_millis(1500) }),
        quota: Some(1_000_000),
        uses: 7,
        version: 12,
        ..token(1)
    };
    let bare =
        Token { scopes: ScopeSet::default(), last_used: Some(Use { at: at(5), address: None }), ..token(2) };
    for token in [full, bare] {
        house.insert(Record::Token(token.clone())).await.unwrap();
        assert_eq!(house.find(Key::Token(token.number)).await, Some(Record::Token(token.clone())));
        let by_id = Key::TokenById(HOME, token.id.to_string());
        assert_eq!(house.find(by_id).await, Some(Record::Token(token)));
    }
}

async fn nothing_is_found_where_nothing_is(house: House) {
    let elsewhere = RealmId(99);
    for key in [
        Key::RealmBySlug("none".into()),
        Key::RealmByUuid(Uuid::nil()),
        Key::Principal(PrincipalId(Uuid::nil())),
        Key::PrincipalByNumber(HOME, u64::MAX),
        Key::PrincipalByName(elsewhere, "user1".into()),
        Key::Role(RoleId(Uuid::nil())),
        Key::RoleByNumber(elsewhere, 1),
        Key::RoleByName(HOME, String::new()),
        Key::Token(TokenNumber(u64::MAX)),
        Key::TokenById(HOME, "cf_".into()),
        Key::Text(digest(404)),
        Key::Replay(replay("none", at(0)).key),
        Key::Session(session_id(404)),
        Key::SessionByDigest(digest(404)),
        Key::SigningKey("KID1".into()),
        Key::Gate("front".into()),
    ] {
        assert_eq!(house.find(key).await, None);
    }
}

async fn every_key_is_given_once(house: House) {
    for record in [
        Record::Principal(principal(1)),
        Record::Role(role(1)),
        Record::Token(token(1)),
        Record::Text(text(1)),
        Record::Replay(replay("k", at(1))),
        Record::Session(session(1)),
        Record::SigningKey(signing_key(1)),
        Record::Lock(lock("192.0.2.1/32", true)),
        Record::Gate(gate("front")),
    ] {
        house.insert(record).await.unwrap();
    }
    let insert = |record| async { taken(house.insert(record).await) };

    assert_eq!(insert(Record::Realm(realm(1))).await, "realm id");
    let mut other = realm(2);
    other.slug = realm(1).slug;
    assert_eq!(insert(Record::Realm(other)).await, "realm slug");
    let mut other = realm(2);
    other.uuid = realm(1).uuid;
    assert_eq!(insert(Record::Realm(other)).await, "realm uuid");

    let mut other = principal(2);
    other.id = principal(1).id;
    assert_eq!(insert(Record::Principal(other)).await, "principal id");
    let mut other = principal(2);
    other.number = 1;
    assert_eq!(insert(Record::Principal(other)).await, "principal number");
    let mut other = principal(2);
    other.username = " USER1 ".into();
    assert_eq!(insert(Record::Principal(other)).await, "username");

    let mut other = role(2);
    other.id = role(1).id;
    assert_eq!(insert(Record::Role(other)).await, "role id");
    let mut other = role(2);
    other.number = 1;
    assert_eq!(insert(Record::Role(other)).await, "role number");
    let mut other = role(2);
    other.name = "role1".into();
    assert_eq!(insert(Record::Role(other.clone())).await, "role name");
    other.name = "Role1".into();
    house.insert(Record::Role(other)).await.unwrap();

    let mut other = token(2);
    other.number = TokenNumber(1);
    assert_eq!(insert(Record::Token(other)).await, "token number");
    let mut other = token(2);
    other.id = token(1).id;
    assert_eq!(insert(Record::Token(other.clone())).await, "token id");
    other.realm = RealmId(2);
    house.insert(Record::Token(other)).await.unwrap();

    let mut other = text(2);
    other.digest = text(1).digest;
    assert_eq!(insert(Record::Text(other)).await, "digest");
    assert_eq!(insert(Record::Replay(replay("k", at(2)))).await, "replay");

    let mut other = session(2);
    other.id = session(1).id;
    assert_eq!(insert(Record::Session(other)).await, "session id");
    let mut other = session(2);
    other.digest = session(1).digest;
    assert_eq!(insert(Record::Session(other)).await, "digest");
    let mut other = signing_key(2);
    other.kid = signing_key(1).kid;
    assert_eq!(insert(Record::SigningKey(other)).await, "signing key");
    let mut other = lock("192.0.2.1/32", true);
    other.since = at(9);
    assert_eq!(insert(Record::Lock(other)).await, "lock");
    let other = Gate { realm: realm(2).id, ..gate("front") };
    assert_eq!(insert(Record::Gate(other)).await, "gate name");

    // An update may not take another's key either.
    let mut renamed = Principal { version: 2, ..principal(3) };
    house.insert(Record::Principal(principal(3))).await.unwrap();
    renamed.username = "user1".into();
    assert_eq!(taken(house.update(Record::Principal(renamed)).await), "username");
}

async fn a_user_name_is_free_again_after_deletion(house: House) {
    house.insert(Record::Principal(principal(1))).await.unwrap();
    let gone = Principal { deleted: Some(at(5)), version: 2, ..principal(1) };
    house.update(Record::Principal(gone.clone())).await.unwrap();
    let by_name = Key::PrincipalByName(HOME, "user1".into());
    assert_eq!(house.find(by_name.clone()).await, None);
    assert_eq!(house.find(Key::Principal(gone.id)).await, Some(Record::Principal(gone.clone())));
    assert_eq!(house.find(Key::PrincipalByNumber(HOME, 1)).await, Some(Record::Principal(gone.clone())));

    let heir = Principal { username: "User1".into(), ..principal(2) };
    house.insert(Record::Principal(heir.clone())).await.unwrap();
    assert_eq!(house.find(by_name).await, Some(Record::Principal(heir)));
    let back = Principal { deleted: None, version: 3, ..gone };
    assert_eq!(taken(house.update(Record::Principal(back)).await), "username");
}

async fn a_revoked_token_and_a_spent_text_are_found(house: House) {
    let mut token = token(1);
    token.revoked = Some(at(1));
    let mut text = text(1);
    text.state = TextState::Spent;
    text.until = Some(at(2));
    house.insert(Record::Token(token.clone())).await.unwrap();
    house.insert(Record::Text(text.clone())).await.unwrap();
    assert_eq!(house.find(Key::TokenById(HOME, token.id.to_string())).await, Some(Record::Token(token)));
    assert_eq!(house.find(Key::Text(text.digest)).await, Some(Record::Text(text)));
}

async fn a_claim_leads_to_the_key_or_else_to_whoever_is_named(house: House) {
    let (token, text) = (Token { principal: principal(7).id, ..token(5) }, text(5));
    for record in [Record::Principal(principal(7)), Record::Token(token.clone()), Record::Text(text.clone())]
    {
        house.insert(record).await.unwrap();
    }
    let ask = async |digest, id: &str, name: &str| {
        let claim = Query::Claim { digest, realm: HOME, id: id.to_owned(), name: name.to_owned() };
        house.store.list(claim).await.unwrap()
    };
    let (named, held) = (Record::Token(token.clone()), Record::Principal(principal(7)));
    let whole = [Record::Text(text.clone()), named.clone(), held.clone()];
    assert_eq!(ask(text.digest, "nothing", "nobody").await, whole, "the digest says it all");
    assert_eq!(ask(digest(99), &token.id, "user7").await, [named.clone(), held.clone()]);
    assert_eq!(ask(digest(99), &token.id, "nobody").await, [named]);
    assert_eq!(ask(digest(99), "nothing", "user7").await, [held]);
    assert_eq!(ask(digest(99), "nothing", "nobody").await, []);
}
