//! Signing keys through their life, and locks until they are taken off.

use crate::house::{House, taken};
use crate::issue::{HOME, OWNER, at, change, realm};
use crate::records::{lock, principal, signing_key};
use counterfoil_core::realm::RealmId;
use counterfoil_core::session::Lock;
use counterfoil_core::signing::{Algorithm, KeyState, SigningKey};
use counterfoil_core::store::{Key, Query, Record, Write};

laws!(
    a_signing_key_comes_back_whole_in_every_state,
    signing_keys_are_listed_by_creation_unless_removed,
    a_lock_is_of_one_principal_network_and_credential,
    unlocking_takes_every_lock_of_a_principal_off,
    a_failing_change_brings_locks_back,
);

async fn a_signing_key_comes_back_whole_in_every_state(house: House) {
    let states = [KeyState::Pending, KeyState::Active, KeyState::Retiring, KeyState::Removed];
    for (number, algorithm) in (1..).zip(Algorithm::EVERY) {
        let mut key = SigningKey { algorithm, ..signing_key(number) };
        house.insert(Record::SigningKey(key.clone())).await.unwrap();
        for (version, state) in (2..).zip(states) {
            key = SigningKey { state, changed: at(10), version, ..key };
            house.update(Record::SigningKey(key.clone())).await.unwrap();
            let found = house.find(Key::SigningKey(key.kid.clone())).await;
            assert_eq!(found, Some(Record::SigningKey(key.clone())));
        }
    }
}

async fn signing_keys_are_listed_by_creation_unless_removed(house: House) {
    let with = |number, created, state| SigningKey { created: at(created), state, ..signing_key(number) };
    for key in [
        with(1, 30, KeyState::Active),
        with(3, 20, KeyState::Retiring),
        with(2, 20, KeyState::Pending),
        with(4, 10, KeyState::Removed),
        SigningKey { realm: realm(2).id, ..signing_key(5) },
    ] {
        house.insert(Record::SigningKey(key)).await.unwrap();
    }
    let listed = async |realm| -> Vec<String> {
        let kid = |record| match record {
            Record::SigningKey(key) => key.kid,
            other => panic!("{other:?}"),
        };
        house.list(Query::SigningKeys(realm)).await.into_iter().map(kid).collect()
    };
    assert_eq!(listed(HOME).await, ["kid2", "kid3", "kid1"]);
    assert_eq!(listed(realm(2).id).await, ["kid5"]);
    assert_eq!(listed(RealmId(3)).await, [""; 0]);
}

/// The locks of each of the two principals, in an order of the test's own.
async fn locks(house: &House) -> Vec<Lock> {
    let mut locks = Vec::new();
    for principal in [OWNER, principal(7).id] {
        for record in house.list(Query::Locks(principal)).await {
            match record {
                Record::Lock(lock) => locks.push(lock),
                other => panic!("{other:?}"),
            }
        }
    }
    locks.sort_by_key(|lock| (lock.principal, lock.network, lock.password));
    locks
}

/// Locks that differ in one thing from the first, in the order of [`locks`].
async fn locked(house: &House) -> Vec<Lock> {
    let mut every = vec![
        lock("192.0.2.1/32", true),
        lock("192.0.2.1/32", false),
        lock("192.0.2.2/32", true),
        lock("2001:db8::/64", true),
        Lock { principal: principal(7).id, ..lock("192.0.2.1/32", true) },
    ];
    for lock in &every {
        house.insert(Record::Lock(lock.clone())).await.unwrap();
    }
    every.sort_by_key(|lock| (lock.principal, lock.network, lock.password));
    every
}

async fn a_lock_is_of_one_principal_network_and_credential(house: House) {
    let every = locked(&house).await;
    assert_eq!(locks(&house).await, every);
    for lock in every {
        assert_eq!(taken(house.insert(Record::Lock(lock.clone())).await), "lock");
        house.update(Record::Lock(Lock { since: at(9), ..lock })).await.unwrap();
    }
    assert!(locks(&house).await.iter().all(|lock| lock.since == at(9)));
}

async fn unlocking_takes_every_lock_of_a_principal_off(house: House) {
    locked(&house).await;
    house.commit(change(vec![Write::Unlock(OWNER)])).await.unwrap();
    assert_eq!(locks(&house).await, [Lock { principal: principal(7).id, ..lock("192.0.2.1/32", true) }]);
    house.commit(change(vec![Write::Unlock(OWNER)])).await.unwrap();
    house.insert(Record::Lock(lock("192.0.2.1/32", true))).await.unwrap();
}

async fn a_failing_change_brings_locks_back(house: House) {
    let every = locked(&house).await;
    house.insert(Record::SigningKey(signing_key(1))).await.unwrap();
    let torn = vec![Write::Unlock(OWNER), Write::Insert(Record::SigningKey(signing_key(1)))];
    assert_eq!(taken(house.commit(change(torn)).await), "signing key");
    assert_eq!(locks(&house).await, every);
}
