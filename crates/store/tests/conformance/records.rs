//! Plain records of the kinds that only tests need.

use crate::issue::{HOME, OWNER, at, digest};
use counterfoil_core::gate::{Fact, Gate, OnLimit, Place, Policy, Rule};
use counterfoil_core::principal::{Kind, Principal, PrincipalId, Role, RoleId};
use counterfoil_core::replay::{Replay, ReplayKey};
use counterfoil_core::scope::ScopeSet;
use counterfoil_core::session::{Lock, Session};
use counterfoil_core::signing::{Algorithm, KeyState, SigningKey};
use counterfoil_core::token::{Limit, TokenNumber};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

pub(crate) fn principal(number: u64) -> Principal {
    Principal {
        id: PrincipalId(Uuid::from_u128(0xa000 + u128::from(number))),
        realm: HOME,
        number,
        username: format!("user{number}"),
        kind: Kind::Person,
        email: "user@example.org".into(),
        first_name: "Ursula".into(),
        last_name: "Ser".into(),
        description: String::new(),
        roles: vec![RoleId(Uuid::from_u128(1)), RoleId(Uuid::from_u128(2))],
        disabled: true,
        deleted: None,
        several_sessions: true,
        password: Some("$argon2id$".into()),
        totp: Some(vec![1, 2, 3]),
        totp_step: Some(56_666_666),
        licences: vec!["ATTENDEDRUNTIME".into(), "a\"b".into()],
        jwks: Some("{\"keys\":[]}".into()),
        version: 1,
        created: at(1),
        created_by: Some(PrincipalId(Uuid::from_u128(3))),
        updated: at(2),
        updated_by: Some(PrincipalId(Uuid::from_u128(4))),
        last_login: Some(at(3)),
    }
}

pub(crate) fn role(number: u64) -> Role {
    Role {
        id: RoleId(Uuid::from_u128(0xb000 + u128::from(number))),
        realm: HOME,
        number,
        name: format!("role{number}"),
        scopes: ScopeSet::of(&["metrics.read", "logs.read"]),
        version: 1,
        created: at(0),
        updated: at(1),
    }
}

pub(crate) fn replay(key: &str, until: Timestamp) -> Replay {
    Replay {
        key: ReplayKey {
            realm: HOME,
            actor: "cf_a".into(),
            route: "POST /v1/tokens".into(),
            key: key.into(),
        },
        request: [9; 32],
        sealed: vec![0, 255],
        until,
    }
}

/// A session of the tokens' owner, bought with the token of the same number.
pub(crate) fn session(number: u64) -> Session {
    Session {
        id: session_id(number),
        realm: HOME,
        digest: digest(number),
        principal: OWNER,
        bought_with: Some(TokenNumber(number)),
        dialect: "native".into(),
        scopes: ScopeSet::of(&["metrics.read"]),
        audience: "https://api.example.org".into(),
        client: "cli".into(),
        actors: vec!["user1".into(), "a\"b".into()],
        kid: "kid1".into(),
        networks: vec!["10.1.2.3/8".parse().unwrap(), "fe80::/10".parse().unwrap()],
        address: Some("2001:db8::1".parse().unwrap()),
        multiple: true,
        refreshed_from: Some(session_id(0)),
        issued: at(1),
        expires: at(1000),
        ended: None,
    }
}

/// Ids in the order of their numbers.
pub(crate) fn session_id(number: u64) -> Uuid {
    Uuid::from_u128(0x5e55 << 112 | u128::from(number))
}

pub(crate) fn signing_key(number: u64) -> SigningKey {
    SigningKey {
        kid: format!("kid{number}"),
        realm: HOME,
        dialect: "native".into(),
        algorithm: Algorithm::Es256,
        state: KeyState::Active,
        public: "{\"kty\":\"EC\"}".into(),
        sealed: vec![0, 255],
        created: at(1),
        changed: at(2),
        version: 1,
    }
}

/// A gate that differs from the default in everything.
pub(crate) fn gate(name: &str) -> Gate {
    let rule = Rule {
        methods: vec!["POST".into()],
        path: "/admin".into(),
        scopes: ScopeSet::of(&["logs.write", "deploy"]),
    };
    let policy = Policy {
        callers: vec!["10.0.0.0/8".parse().unwrap(), "2001:db8::/32".parse().unwrap()],
        scopes: ScopeSet::of(&["metrics.read"]),
        rules: vec![
            rule,
            Rule { methods: Vec::new(), path: "/é \"quoted\"".into(), scopes: ScopeSet::default() },
        ],
        dialects: vec!["native".into(), "ruvds".into()],
        places: vec![Place::Basic, Place::Header("x-key".into()), Place::Query("uuid".into())],
        limit: Some(Limit { count: 7, per: SignedDuration::from_secs(60) }),
        on_limit: OnLimit::TooMany,
        set: vec![("x-who".into(), Fact::Name)],
        strip: vec!["x-key".into()],
    };
    Gate { name: name.into(), realm: HOME, policy, version: 1, created: at(0), updated: at(1) }
}

pub(crate) fn lock(network: &str, password: bool) -> Lock {
    Lock { principal: OWNER, network: network.parse().unwrap(), password, since: at(1) }
}
