//! Plain records of the kinds that only tests need.

use crate::issue::{HOME, at};
use counterfoil_core::principal::{Kind, Principal, PrincipalId, Role, RoleId};
use counterfoil_core::replay::{Replay, ReplayKey};
use counterfoil_core::scope::ScopeSet;
use jiff::Timestamp;
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
