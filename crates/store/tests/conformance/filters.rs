//! Every criterion of a token filter, alone and together; a count is the length of the list.

use crate::house::House;
use crate::issue::{HOME, at, token};
use crate::records::principal;
use counterfoil_core::realm::RealmId;
use counterfoil_core::scope::{Scope, ScopeSet};
use counterfoil_core::store::{Record, TokenFilter};
use counterfoil_core::token::{Purpose, State, Token, Use};

laws!(
    each_criterion_must_hold,
    scopes_are_matched_word_by_word_and_by_the_star,
    states_hide_one_another,
    times_have_their_ends,
);

/// Inserts the tokens and returns which of them, by place, the filter lets through.
struct Shelf<'h>(&'h House, usize);

impl<'h> Shelf<'h> {
    async fn of(house: &'h House, tokens: Vec<Token>) -> Self {
        let length = tokens.len();
        for token in tokens {
            house.insert(Record::Token(token)).await.unwrap();
        }
        Self(house, length)
    }

    async fn places(&self, bend: impl FnOnce(&mut TokenFilter)) -> Vec<usize> {
        let mut filter = TokenFilter::of(HOME);
        bend(&mut filter);
        let ids = self.0.ids(filter.clone()).await;
        assert_eq!(self.0.store.count(filter).await.unwrap(), ids.len() as u64);
        let place = |number: &usize| ids.contains(&token(*number as u64).id.to_string());
        (0..self.1).filter(place).collect()
    }
}

async fn each_criterion_must_hold(house: House) {
    let shelf = Shelf::of(
        &house,
        vec![
            token(0),
            Token { realm: RealmId(2), ..token(1) },
            Token { purpose: Purpose::Exchange, ..token(2) },
            Token { dialect: "ruvds".into(), ..token(3) },
            Token { principal: principal(2).id, ..token(4) },
            Token { name: "a 100% \u{0}'näme_".into(), ..token(5) },
            Token { personal: true, ..token(6) },
            Token { revoked: Some(at(1)), ..token(7) },
        ],
    )
    .await;
    assert_eq!(shelf.places(|_| {}).await, [0, 3, 4, 5, 6, 7]);
    assert_eq!(shelf.places(|filter| filter.realm = RealmId(3)).await, [0; 0]);
    assert_eq!(shelf.places(|filter| filter.purpose = Purpose::Exchange).await, [2]);
    assert_eq!(shelf.places(|filter| filter.dialect = Some("ruvds".into())).await, [3]);
    assert_eq!(shelf.places(|filter| filter.dialect = Some("RUVDS".into())).await, [0; 0]);
    assert_eq!(shelf.places(|filter| filter.principal = Some(principal(2).id)).await, [4]);
    for part in ["", "a"] {
        let expected: &[usize] = if part.is_empty() { &[0, 3, 4, 5, 6, 7] } else { &[5] };
        assert_eq!(shelf.places(|filter| filter.name = Some(part.into())).await, expected);
    }
    for part in ["100%", "\u{0}'nä", "e_"] {
        assert_eq!(shelf.places(|filter| filter.name = Some(part.into())).await, [5], "{part}");
    }
    for part in ["A 100", "t_ken", "a%n", "token 9"] {
        assert_eq!(shelf.places(|filter| filter.name = Some(part.into())).await, [0; 0], "{part}");
    }
    assert_eq!(shelf.places(|filter| filter.personal = Some(true)).await, [6]);
    assert_eq!(shelf.places(|filter| filter.personal = Some(false)).await, [0, 3, 4, 5, 7]);
    assert_eq!(shelf.places(|filter| filter.unrevoked = true).await, [0, 3, 4, 5, 6]);
    let together = |filter: &mut TokenFilter| {
        filter.unrevoked = true;
        filter.dialect = Some("native".into());
        filter.principal = Some(principal(1).id);
        filter.name = Some("token".into());
        filter.personal = Some(false);
        filter.any_scope = vec![Scope::parse("metrics.read").unwrap()];
    };
    assert_eq!(shelf.places(together).await, [0]);
}

async fn scopes_are_matched_word_by_word_and_by_the_star(house: House) {
    let sets: [&[&str]; 6] = [&[], &["a"], &["a", "b"], &["b", "c"], &["*"], &["ab"]];
    let with =
        |(number, words): (usize, &&[&str])| Token { scopes: ScopeSet::of(words), ..token(number as u64) };
    let shelf = Shelf::of(&house, sets.iter().enumerate().map(with).collect()).await;
    let words = |words: &[&str]| words.iter().map(|word| Scope::parse(word).unwrap()).collect::<Vec<_>>();
    let cases: [(&[&str], &[usize], &[usize]); 6] = [
        (&[], &[0, 1, 2, 3, 4, 5], &[0, 1, 2, 3, 4, 5]),
        (&["a"], &[1, 2, 4], &[1, 2, 4]),
        (&["a", "c"], &[1, 2, 3, 4], &[4]),
        (&["b", "a"], &[1, 2, 3, 4], &[2, 4]),
        (&["none"], &[4], &[4]),
        (&["*"], &[4], &[4]),
    ];
    for (asked, any, all) in cases {
        assert_eq!(shelf.places(|filter| filter.any_scope = words(asked)).await, any, "any of {asked:?}");
        assert_eq!(shelf.places(|filter| filter.all_scopes = words(asked)).await, all, "all of {asked:?}");
    }
    let both = |filter: &mut TokenFilter| {
        filter.any_scope = words(&["a", "c"]);
        filter.all_scopes = words(&["b"]);
    };
    assert_eq!(shelf.places(both).await, [2, 3, 4]);
}

async fn states_hide_one_another(house: House) {
    let now = at(100);
    let (before, after) = (Some(at(99)), Some(at(101)));
    let mut tokens = Vec::new();
    for revoked in [None, before, after] {
        for expires in [None, before, Some(now), after] {
            for enabled in [true, false] {
                for not_before in [None, before, Some(now), after] {
                    let number = tokens.len() as u64;
                    tokens.push(Token { revoked, expires, enabled, not_before, ..token(number) });
                }
            }
        }
    }
    let shelf = Shelf::of(&house, tokens.clone()).await;
    for state in State::EVERY {
        let expected: Vec<usize> = tokens
            .iter()
            .enumerate()
            .filter(|(_, token)| token.state(now) == state)
            .map(|(place, _)| place)
            .collect();
        assert!(!expected.is_empty());
        assert_eq!(shelf.places(|filter| filter.state = Some((state, now))).await, expected, "{state:?}");
    }
    let contradiction = |filter: &mut TokenFilter| {
        filter.state = Some((State::Revoked, now));
        filter.unrevoked = true;
    };
    assert_eq!(shelf.places(contradiction).await, [0; 0]);
}

async fn times_have_their_ends(house: House) {
    let timed = |number, millis| Token {
        created: at(millis),
        expires: Some(at(millis)),
        last_used: Some(Use { at: at(millis), address: None }),
        ..token(number)
    };
    let shelf = Shelf::of(&house, vec![timed(0, 10), timed(1, 20), timed(2, 30), token(3)]).await;
    assert_eq!(shelf.places(|filter| filter.expires_before = Some(at(20))).await, [0]);
    assert_eq!(shelf.places(|filter| filter.unused_since = Some(at(20))).await, [0, 3]);
    assert_eq!(shelf.places(|filter| filter.used_from = Some(at(20))).await, [1, 2]);
    assert_eq!(shelf.places(|filter| filter.used_to = Some(at(20))).await, [0, 1]);
    assert_eq!(shelf.places(|filter| filter.created_to = Some(at(20))).await, [0, 1, 3]);
    let between = |filter: &mut TokenFilter| {
        filter.used_from = Some(at(11));
        filter.used_to = Some(at(29));
    };
    assert_eq!(shelf.places(between).await, [1]);
}
