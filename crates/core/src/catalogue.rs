//! The catalogue of known permission words: ours and those of the dialects, handed in as data by the registry.

use crate::scope::{ALL, Scope, ScopeSet};

/// One known word.
#[derive(Debug, Clone, Copy)]
pub struct Word {
    /// As the dialect spells it.
    pub word: &'static str,
    /// What it means in the realm's own words.
    pub scopes: &'static [&'static str],
    /// One line for people.
    pub title: &'static str,
    /// Whether a token may be made with it.
    pub creatable: bool,
    /// Whether a personal token may be made with it.
    pub personal: bool,
}

/// The words of one dialect and what follows from them.
#[derive(Debug, Clone, Copy)]
pub struct Vocabulary {
    /// Whose words.
    pub dialect: &'static str,
    /// The words.
    pub words: &'static [Word],
    /// Beginnings that are reserved: only listed words may have them.
    pub prefixes: &'static [&'static str],
    /// Scopes whose holder may give every creatable word of this dialect.
    pub mints: &'static [&'static str],
}

/// The scope whose holder may give any word that is neither `*` nor ours.
pub const MINT: &str = "counterfoil.tokens.mint";
/// The beginning of our own words.
pub const OURS: &str = "counterfoil.";

/// Every known word.
#[derive(Debug)]
pub struct Catalogue {
    vocabularies: Vec<Vocabulary>,
    covered: Vec<(&'static str, ScopeSet)>,
}

impl Catalogue {
    /// The name of each dialect.
    pub fn dialects(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.vocabularies.iter().map(|vocabulary| vocabulary.dialect)
    }

    /// Of these dialects.
    pub fn new(vocabularies: Vec<Vocabulary>) -> Self {
        let covered = vocabularies
            .iter()
            .flat_map(|vocabulary| {
                let creatable = vocabulary.words.iter().filter(|word| word.creatable);
                let scopes: ScopeSet = creatable
                    .flat_map(|word| ScopeSet::of(word.scopes).iter().cloned().collect::<Vec<_>>())
                    .collect();
                vocabulary.mints.iter().map(move |mint| (*mint, scopes.clone()))
            })
            .collect();
        Self { vocabularies, covered }
    }

    /// The dialects' words, dialect by dialect.
    pub fn vocabularies(&self) -> &[Vocabulary] {
        &self.vocabularies
    }

    /// Refuses a word with a reserved beginning that is not listed; any other well-formed word is the customer's own.
    pub fn check(&self, scope: &Scope) -> Result<(), String> {
        let word = scope.as_str();
        let known =
            || self.vocabularies.iter().flat_map(|v| v.words).any(|known| known.scopes.contains(&word));
        let reserved =
            self.vocabularies.iter().flat_map(|v| v.prefixes).find(|prefix| word.starts_with(**prefix));
        match reserved {
            Some(prefix) if !known() => {
                Err(format!("`{word}` is not a scope; words that begin with `{prefix}` are reserved"))
            }
            _ => Ok(()),
        }
    }

    /// Whether a personal token of this dialect may have the word; one that it does not list is not its to refuse.
    pub fn allows_personal(&self, dialect: &str, word: &str) -> bool {
        let listed = self.vocabularies.iter().filter(|vocabulary| vocabulary.dialect == dialect);
        listed.flat_map(|v| v.words).filter(|known| known.scopes.contains(&word)).all(|known| known.personal)
    }

    /// Whether the mint scopes among `held` let their holder give `word`.
    pub fn mints(&self, held: &ScopeSet, word: &str) -> bool {
        let general = held.covers(MINT) && word != ALL && !word.starts_with(OURS);
        general || self.covered.iter().any(|(mint, covered)| held.covers(mint) && covered.contains(word))
    }

    /// Whether among `held` is a scope whose holder may give words beyond those it holds.
    pub fn mints_any(&self, held: &ScopeSet) -> bool {
        held.covers(MINT) || self.covered.iter().any(|(mint, _)| held.covers(mint))
    }
}
