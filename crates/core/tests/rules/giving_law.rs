//! The law of giving: whatever sequence of changes succeeds, no token gets a scope that its maker could not give then.

use crate::house::{House, NATIVE, ask, named, strings};
use counterfoil_core::authority::{Edit, EditPrincipal, EditRole, Issue};
use jiff::SignedDuration;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

const NAMES: [&str; 3] = ["ann", "bob", "cyd"];
/// The last one is there from the beginning, and the only one that may hold everything.
const ROLES: [&str; 3] = ["one", "two", "administrator"];
const WORDS: [&str; 7] = [
    "a",
    "b",
    "counterfoil.tokens.mint",
    "counterfoil.tokens.write",
    "counterfoil.principals.write",
    "counterfoil.roles.write",
    "*",
];
type Words = BTreeSet<&'static str>;

#[derive(Debug, Clone)]
enum Step {
    Issue { by: usize, owner: Option<usize>, scopes: Words, personal: bool },
    Edit { by: usize, token: usize, scopes: Words, enabled: bool },
    Rotate { by: usize, token: usize },
    Role { by: Option<usize>, role: usize, scopes: Words },
    Roles { by: Option<usize>, who: usize, roles: BTreeSet<usize> },
}

fn words() -> impl Strategy<Value = Words> {
    proptest::collection::btree_set(proptest::sample::select(&WORDS[..]), 1..4)
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let by = 0..12_usize;
    let step = prop_oneof![
        4 => (by.clone(), proptest::option::of(0..3_usize), words(), any::<bool>())
            .prop_map(|(by, owner, scopes, personal)| Step::Issue { by, owner, scopes, personal }),
        2 => (by.clone(), by.clone(), words(), any::<bool>())
            .prop_map(|(by, token, scopes, enabled)| Step::Edit { by, token, scopes, enabled }),
        2 => (by.clone(), by.clone()).prop_map(|(by, token)| Step::Rotate { by, token }),
        2 => (proptest::option::weighted(0.7, by.clone()), 0..3_usize, words())
            .prop_map(|(by, role, scopes)| Step::Role { by, role, scopes }),
        2 => (
            proptest::option::weighted(0.7, by),
            0..3_usize,
            proptest::collection::btree_set(0..3_usize, 0..3),
        )
            .prop_map(|(by, who, roles)| Step::Roles { by, who, roles }),
    ];
    proptest::collection::vec(step, 1..24)
}

/// A token as the model knows it.
#[derive(Debug, Clone)]
struct Held {
    id: String,
    text: String,
    owner: usize,
    scopes: Words,
    personal: bool,
    enabled: bool,
}

/// What ought to be, in the plainest words.
#[derive(Debug, Default)]
struct Model {
    roles: BTreeMap<usize, Words>,
    holds: BTreeMap<usize, BTreeSet<usize>>,
    tokens: Vec<Held>,
}

impl Model {
    fn allowed(&self, who: usize) -> Words {
        self.holds[&who].iter().flat_map(|role| &self.roles[role]).copied().collect()
    }

    fn has(words: &Words, word: &str) -> bool {
        words.contains(word) || words.contains("*")
    }

    /// Whether the holder of this token is above whom the other speaks for, if the other gives more than it holds.
    fn may_take_over(&self, token: &Held, other: &Held, scopes: &Words) -> bool {
        let mints = Self::has(scopes, "counterfoil.tokens.mint");
        token.owner == other.owner || !mints || self.may_give(token, &self.allowed(other.owner))
    }

    /// What may be given by the holder of this token: (scopes ∪ what minting covers) ∩ present roles.
    fn may_give(&self, token: &Held, scopes: &Words) -> bool {
        let roles = self.allowed(token.owner);
        let acts =
            |word: &str| Self::has(&token.scopes, word) && (!token.personal || Self::has(&roles, word));
        scopes.iter().all(|word| {
            let mints = acts("counterfoil.tokens.mint") && *word != "*" && !word.starts_with("counterfoil.");
            (acts(word) || mints) && Self::has(&roles, word)
        })
    }
}

fn list(words: &Words) -> Vec<&'static str> {
    words.iter().copied().collect()
}

async fn hold(steps: Vec<Step>) -> Result<(), TestCaseError> {
    let house = House::new().await;
    let mut model = Model::default();
    for (at, role) in ROLES.into_iter().enumerate().take(2) {
        house.role(role, &["a"]).await;
        model.roles.insert(at, ["a"].into());
    }
    model.roles.insert(2, ["*"].into());
    for (at, name) in NAMES.into_iter().enumerate() {
        house.principal(name, &[ROLES[at]]).await;
        model.holds.insert(at, [at].into());
        // Each begins with a token that may do more than its owner's roles: demotion is where rules break.
        let issued = house.token(name, &["*"]).await;
        model.tokens.push(Held {
            id: issued.id.to_string(),
            text: issued.text.reveal().to_owned(),
            owner: at,
            scopes: ["*"].into(),
            personal: false,
            enabled: true,
        });
    }
    for step in steps {
        take(&house, &mut model, step).await?;
    }
    for held in &model.tokens {
        let stored = house.stored(&held.id).await;
        prop_assert_eq!(stored.scopes.to_text(), list(&held.scopes).join(" "));
        let roles = model.allowed(held.owner);
        for word in ["a", "b", "*"] {
            let ought = held.enabled
                && Model::has(&held.scopes, word)
                && (!held.personal || Model::has(&roles, word));
            prop_assert_eq!(house.counts_for(&held.text, word), ought, "{} of {:?}", word, held);
        }
    }
    Ok(())
}

async fn take(house: &House, model: &mut Model, step: Step) -> Result<(), TestCaseError> {
    let authority = &house.authority;
    let acting = |model: &Model, by: usize| {
        let held = model.tokens[by % model.tokens.len()].clone();
        authority.authenticate(&held.text, "native", None).ok().map(|actor| (held, actor))
    };
    match step {
        Step::Issue { by, owner, scopes, personal } => {
            let Some((held, actor)) = acting(model, by) else { return Ok(()) };
            let to = owner.unwrap_or(held.owner);
            let principal = owner.map(|owner| NAMES[owner].to_owned());
            let issue = Issue { principal, personal, ..ask(&list(&scopes)) };
            let Ok(issued) = house.try_issue(&actor, &issue).await else { return Ok(()) };
            prop_assert!(model.may_give(&held, &scopes), "{held:?} gave {scopes:?}");
            if to != held.owner {
                prop_assert!(model.may_give(&held, &model.allowed(to)), "{held:?} issued for one above");
            }
            if personal {
                let roles = model.allowed(to);
                prop_assert!(scopes.iter().all(|word| Model::has(&roles, word)), "beyond the owner's roles");
            }
            let (id, text) = (issued.id.to_string(), issued.text.reveal().to_owned());
            model.tokens.push(Held { id, text, owner: to, scopes, personal, enabled: true });
        }
        Step::Edit { by, token, scopes, enabled } => {
            let Some((held, actor)) = acting(model, by) else { return Ok(()) };
            let at = token % model.tokens.len();
            let edit =
                Edit { scopes: Some(strings(&list(&scopes))), enabled: Some(enabled), ..Edit::default() };
            if authority.edit(&actor, &NATIVE, &model.tokens[at].id, &edit, None).await.is_err() {
                return Ok(());
            }
            let before = &model.tokens[at];
            let only_disabled = !enabled && before.scopes == scopes;
            let unchanged = before.enabled == enabled && before.scopes == scopes;
            prop_assert!(
                only_disabled
                    || unchanged
                    || (model.may_give(&held, &scopes) && model.may_take_over(&held, before, &scopes)),
                "{held:?} edited {before:?} to {scopes:?}"
            );
            (model.tokens[at].scopes, model.tokens[at].enabled) = (scopes, enabled);
        }
        Step::Rotate { by, token } => {
            let Some((held, actor)) = acting(model, by) else { return Ok(()) };
            let at = token % model.tokens.len();
            let id = model.tokens[at].id.clone();
            let Ok(issued) = authority.rotate(&actor, &NATIVE, &id, SignedDuration::ZERO, None).await else {
                return Ok(());
            };
            let rotated = &model.tokens[at];
            prop_assert!(model.may_give(&held, &rotated.scopes), "{held:?} rotated {id}");
            prop_assert!(model.may_take_over(&held, rotated, &rotated.scopes), "{held:?} took {id} over");
            prop_assert!(!house.counts(&model.tokens[at].text));
            issued.text.reveal().clone_into(&mut model.tokens[at].text);
        }
        Step::Role { by, role, scopes } => {
            let edit = EditRole { scopes: Some(strings(&list(&scopes))), name: None };
            let (held, actor) = match by.map(|by| acting(model, by)) {
                Some(None) => return Ok(()),
                Some(Some((held, actor))) => (Some(held), actor),
                None => (None, house.operator()),
            };
            if authority.edit_role(&actor, &named(ROLES[role]), &edit, None).await.is_err() {
                return Ok(());
            }
            if let Some(held) = held {
                let both = &scopes | &model.roles[&role];
                prop_assert!(model.may_give(&held, &both), "{held:?} set role {role} to {scopes:?}");
            }
            model.roles.insert(role, scopes);
        }
        Step::Roles { by, who, roles } => {
            let names: Vec<_> = roles.iter().map(|role| ROLES[*role]).collect();
            let edit = EditPrincipal { roles: Some(strings(&names)), ..EditPrincipal::default() };
            let (held, actor) = match by.map(|by| acting(model, by)) {
                Some(None) => return Ok(()),
                Some(Some((held, actor))) => (Some(held), actor),
                None => (None, house.operator()),
            };
            if authority.edit_principal(&actor, &named(NAMES[who]), &edit, None).await.is_err() {
                return Ok(());
            }
            if let Some(held) = held {
                let given: Words = roles.iter().flat_map(|role| &model.roles[role]).copied().collect();
                let both = &given | &model.allowed(who);
                prop_assert!(model.may_give(&held, &both), "{held:?} gave {who} the roles {roles:?}");
            }
            model.holds.insert(who, roles);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn nobody_ever_makes_a_token_or_role_beyond_what_they_may_give(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(hold(steps))?;
    }
}
