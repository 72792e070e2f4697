//! The index by itself, followed from several threads at once.

use counterfoil_core::clock::from_millis;
use counterfoil_core::index::Index;
use counterfoil_core::principal::{Kind, Principal, PrincipalId, Role, RoleId};
use counterfoil_core::realm::{Realm, RealmId};
use counterfoil_core::scope::ScopeSet;
use counterfoil_core::store::{Record, Write};
use std::sync::Barrier;
use uuid::Uuid;

const REALM: RealmId = RealmId(1);
const ANN: PrincipalId = PrincipalId(Uuid::from_u128(1));
const ROLE: RoleId = RoleId(Uuid::from_u128(2));

fn update(record: Record) -> [Write; 1] {
    [Write::Update(record)]
}

fn role(scope: &str) -> Record {
    let at = from_millis(0);
    let scopes = ScopeSet::of(&[scope]);
    let name = "role".to_owned();
    Record::Role(Role {
        id: ROLE,
        realm: REALM,
        number: 1,
        name,
        scopes,
        version: 1,
        created: at,
        updated: at,
    })
}

fn ann(roles: &[RoleId]) -> Record {
    let at = from_millis(0);
    Record::Principal(Principal {
        id: ANN,
        realm: REALM,
        number: 1,
        username: "ann".to_owned(),
        kind: Kind::Person,
        email: String::new(),
        first_name: String::new(),
        last_name: String::new(),
        description: String::new(),
        roles: roles.to_vec(),
        disabled: false,
        deleted: None,
        several_sessions: false,
        password: None,
        totp: None,
        totp_step: None,
        licences: Vec::new(),
        jwks: None,
        version: 1,
        created: at,
        created_by: None,
        updated: at,
        updated_by: None,
        last_login: None,
    })
}

#[test]
fn whoever_gets_a_role_while_it_is_narrowed_has_it_narrow() {
    let index = Index::default();
    let (slug, name) = ("default".to_owned(), String::new());
    index.put(&Record::Realm(Realm {
        id: REALM,
        slug,
        name,
        uuid: Uuid::nil(),
        next_principal: 2,
        next_role: 2,
        personal_tokens: true,
        version: 1,
        created: from_millis(0),
    }));
    let start = Barrier::new(2);
    for round in 0..2_000 {
        index.apply(&update(role("wide")));
        index.apply(&update(ann(&[])));
        std::thread::scope(|threads| {
            threads.spawn(|| {
                start.wait();
                index.apply(&update(role("narrow")));
            });
            threads.spawn(|| {
                start.wait();
                index.apply(&update(ann(&[ROLE])));
            });
        });
        let scopes = index.roster.standing(ANN).unwrap().scopes();
        assert_eq!(scopes.to_text(), "narrow", "round {round}");
    }
}
