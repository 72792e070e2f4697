//! Changes at once, over a store that gives way at every step: whatever the order, the index agrees with the store,
//! and a revoked token never counts again.

use crate::house::{House, NATIVE, ask, named, strings};
use counterfoil_core::authority::{Edit, EditPrincipal, EditRole, Filter, Issue};
use counterfoil_core::realm::RealmId;
use counterfoil_core::store::TokenFilter;
use jiff::SignedDuration;
use std::future::Future;
use std::pin::Pin;
use std::task::Poll;

/// How many orders of events are tried.
const SEEDS: std::ops::Range<u64> = 1..400;

/// The outcomes of all, run at once.
pub(crate) async fn together<F: Future>(all: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    let mut running: Vec<_> = all.into_iter().map(|one| (Box::pin(one), None)).collect();
    std::future::poll_fn(|context| {
        let mut pending = false;
        for (one, outcome) in &mut running {
            if outcome.is_none() {
                match Pin::as_mut(one).poll(context) {
                    Poll::Ready(done) => *outcome = Some(done),
                    Poll::Pending => pending = true,
                }
            }
        }
        if pending { Poll::Pending } else { Poll::Ready(()) }
    })
    .await;
    running.into_iter().filter_map(|(_, outcome)| outcome).collect()
}

#[tokio::test]
async fn a_revocation_beats_a_rotation_in_every_order() {
    let house = House::new().await;
    let operator = house.operator();
    for seed in SEEDS {
        let issued = house.token("admin", &["a"]).await;
        house.store.delay(seed);
        let rotate = async |turns| {
            give_way(turns).await;
            house.authority.rotate(&operator, &NATIVE, &issued.id, SignedDuration::from_mins(1), None).await
        };
        let (new, revoked, newer) =
            tokio::join!(rotate(seed % 3), house.authority.revoke(&operator, &NATIVE, &issued.id), rotate(0));
        revoked.unwrap();
        house.store.delay(0);
        assert!(!house.counts(issued.text.reveal()), "seed {seed}");
        for struck in [new, newer].into_iter().flatten() {
            assert!(!house.counts(struck.text.reveal()), "seed {seed}");
        }
    }
}

async fn give_way(turns: u64) {
    for _ in 0..turns {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_sweep_beats_rotations_edits_and_issues_in_every_order() {
    let house = House::new().await;
    let operator = house.operator();
    for seed in SEEDS {
        let name = format!("swept {seed}.");
        let issue = Issue { name: name.clone(), ..ask(&["a"]) };
        let old = house.issue(&issue).await;
        house.store.delay(seed);
        let filter =
            Filter { tokens: TokenFilter { name: Some(name), ..TokenFilter::of(RealmId(1)) }, owner: None };
        let edit = Edit { metadata: Some([("k".to_owned(), seed.to_string())].into()), ..Edit::default() };
        let (rotated, swept, edited, issued) = tokio::join!(
            house.authority.rotate(&operator, &NATIVE, &old.id, SignedDuration::from_mins(1), None),
            async {
                give_way(seed % 7).await;
                house.authority.revoke_matching(&operator, &NATIVE, filter, false).await
            },
            house.authority.edit(&operator, &NATIVE, &old.id, &edit, None),
            house.authority.issue(&operator, &NATIVE, &issue, None),
        );
        drop(edited);
        let swept = swept.unwrap();
        house.store.delay(0);
        assert!(swept.ids.contains(&old.id.to_string()));
        assert!(!house.counts(old.text.reveal()), "seed {seed}: the old text");
        if let Ok(rotated) = rotated {
            assert!(!house.counts(rotated.text.reveal()), "seed {seed}: the rotated text");
        }
        let issued = issued.unwrap();
        let revoked = house.stored(&issued.id).await.revoked.is_some();
        assert_eq!(house.counts(issued.text.reveal()), !revoked, "seed {seed}: the new token");
    }
}

#[tokio::test]
async fn two_sweeps_and_single_revocations_get_along() {
    let house = House::new().await;
    let operator = house.operator();
    for seed in 1..40 {
        let mut ids = Vec::new();
        for _ in 0..12 {
            ids.push(house.issue(&Issue { name: format!("s{seed}."), ..ask(&["a"]) }).await.id);
        }
        house.store.delay(seed);
        let sweep = || {
            let tokens = TokenFilter { name: Some(format!("s{seed}.")), ..TokenFilter::of(RealmId(1)) };
            house.authority.revoke_matching(&operator, &NATIVE, Filter { tokens, owner: None }, false)
        };
        let (one, other, single, another) = tokio::join!(
            sweep(),
            sweep(),
            house.authority.revoke(&operator, &NATIVE, &ids[3]),
            house.authority.revoke(&operator, &NATIVE, &ids[11]),
        );
        one.unwrap();
        other.unwrap();
        single.unwrap();
        another.unwrap();
        house.store.delay(0);
        assert_eq!(house.authority.index_len(), 1, "seed {seed}");
    }
}

#[tokio::test]
async fn a_disabling_beats_an_issue_in_every_order() {
    let house = House::new().await;
    house.someone("ann", &["a"]).await;
    let operator = house.operator();
    let disabled = |disabled| EditPrincipal { disabled: Some(disabled), ..EditPrincipal::default() };
    for seed in SEEDS {
        house.store.delay(seed);
        let issue = Issue { principal: Some("ann".into()), ..ask(&["a"]) };
        let off = disabled(true);
        let name = named("ann");
        let (issued, done) = tokio::join!(
            house.authority.issue(&operator, &NATIVE, &issue, None),
            house.authority.edit_principal(&operator, &name, &off, None),
        );
        done.unwrap();
        house.store.delay(0);
        if let Ok(issued) = issued {
            assert!(!house.counts(issued.text.reveal()), "seed {seed}");
        }
        house.set_disabled("ann", false).await;
    }
}

#[tokio::test]
async fn an_edit_never_undoes_a_revocation() {
    let house = House::new().await;
    let operator = house.operator();
    for seed in SEEDS {
        let issued = house.token("admin", &["a"]).await;
        house.store.delay(seed);
        let edit = Edit { expires: Some("30d".into()), name: Some("new".into()), ..Edit::default() };
        let (edited, revoked) = tokio::join!(
            house.authority.edit(&operator, &NATIVE, &issued.id, &edit, None),
            house.authority.revoke(&operator, &NATIVE, &issued.id),
        );
        drop(edited);
        revoked.unwrap();
        house.store.delay(0);
        assert!(!house.counts(issued.text.reveal()), "seed {seed}");
        assert!(house.stored(&issued.id).await.revoked.is_some());
    }
}

#[tokio::test]
async fn roles_and_their_holders_agree_after_every_order() {
    let mut house = House::new().await;
    house.role("one", &["a"]).await;
    house.role("two", &["b"]).await;
    house.principal("ann", &["one", "two"]).await;
    let issue = Issue { personal: true, principal: Some("ann".into()), ..ask(&["a", "b"]) };
    let mine = house.issue(&issue).await;
    for seed in 1..60 {
        let operator = house.operator();
        house.store.delay(seed);
        let role = EditRole { scopes: Some(strings(&[["a", "b", "c"][(seed % 3) as usize]])), name: None };
        let roles = [&["one"][..], &["two"], &["one", "two"], &[]][(seed % 4) as usize];
        let principal = EditPrincipal { roles: Some(strings(roles)), ..EditPrincipal::default() };
        let (one, ann) = (named("one"), named("ann"));
        let (edited, given) = tokio::join!(
            house.authority.edit_role(&operator, &one, &role, None),
            house.authority.edit_principal(&operator, &ann, &principal, None),
        );
        edited.unwrap();
        given.unwrap();
        house.store.delay(0);
        let counts = ["a", "b"].map(|word| house.counts_for(mine.text.reveal(), word));
        house.reopen().await;
        assert_eq!(counts, ["a", "b"].map(|word| house.counts_for(mine.text.reveal(), word)), "seed {seed}");
    }
}

#[tokio::test]
async fn reading_anew_amid_changes_loses_none() {
    let mut house = House::new().await;
    for seed in 1..100 {
        let operator = house.operator();
        let doomed = house.token("admin", &["a"]).await;
        house.store.strike(&[crate::weather::Fault::Before]);
        assert!(house.authority.revoke(&operator, &NATIVE, &doomed.id).await.is_err());
        house.store.delay(seed);
        let wanted = ask(&["a"]);
        let (settled, issued, revoked) = tokio::join!(
            house.authority.settle(),
            house.authority.issue(&operator, &NATIVE, &wanted, None),
            house.authority.revoke(&operator, &NATIVE, &doomed.id),
        );
        settled.unwrap();
        revoked.unwrap();
        house.store.delay(0);
        let issued = issued.unwrap();
        assert!(house.counts(issued.text.reveal()) && !house.counts(doomed.text.reveal()), "seed {seed}");
        let texts = house.authority.index_len();
        house.reopen().await;
        assert_eq!(house.authority.index_len(), texts, "seed {seed}");
    }
}
