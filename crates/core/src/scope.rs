//! Permission words and sets of them (design 5). A word is flat, case-sensitive and compared exactly.

use std::sync::Arc;

/// The word that means everything, now and later.
pub const ALL: &str = "*";

/// One permission word: `[A-Za-z0-9][A-Za-z0-9._:/-]{0,99}`, or `*`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Scope(Arc<str>);

impl Scope {
    /// Reads one word; the error says what a well-formed one looks like.
    pub fn parse(word: &str) -> Result<Self, &'static str> {
        let mut bytes = word.bytes();
        let well_formed = word == ALL
            || (word.len() <= 100
                && bytes.next().is_some_and(|first| first.is_ascii_alphanumeric())
                && bytes.all(|byte| byte.is_ascii_alphanumeric() || b"._:/-".contains(&byte)));
        if well_formed {
            Ok(Self(word.into()))
        } else {
            Err("must be a letter or digit, then up to 99 letters, digits or any of . _ : / -")
        }
    }

    /// The word itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for Scope {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&self.0)
    }
}

impl std::fmt::Debug for Scope {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&self.0)
    }
}

/// A set of words, sorted and without repetition; cheap to clone.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ScopeSet(Arc<[Scope]>);

impl Default for ScopeSet {
    fn default() -> Self {
        Self(Arc::new([]))
    }
}

impl FromIterator<Scope> for ScopeSet {
    fn from_iter<I: IntoIterator<Item = Scope>>(words: I) -> Self {
        let mut words: Vec<Scope> = words.into_iter().collect();
        words.sort_unstable();
        words.dedup();
        Self(words.into())
    }
}

impl ScopeSet {
    /// The set that holds only `*`.
    pub fn all() -> Self {
        Self(Arc::new([Scope(ALL.into())]))
    }

    /// A set of words known to be well-formed: those of our own tables.
    ///
    /// # Panics
    /// On a malformed word; the catalogue's test reads every table.
    pub fn of(words: &[&str]) -> Self {
        words
            .iter()
            .map(|word| Scope::parse(word).unwrap_or_else(|why| unreachable!("{word} {why}")))
            .collect()
    }

    /// Reads the words as [`ScopeSet::to_text`] wrote them.
    pub fn from_text(text: &str) -> Result<Self, &'static str> {
        text.split_ascii_whitespace().map(Scope::parse).collect()
    }

    /// The words separated by single spaces (RFC 6749 section 3.3).
    pub fn to_text(&self) -> String {
        let mut text = String::with_capacity(self.0.iter().map(|word| word.as_str().len() + 1).sum());
        for word in self {
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(word.as_str());
        }
        text
    }

    /// Whether the set holds exactly this word.
    pub fn contains(&self, word: &str) -> bool {
        self.0.binary_search_by(|held| held.as_str().cmp(word)).is_ok()
    }

    /// Whether whoever holds the set may do what `word` says: it holds the word, or `*`.
    pub fn covers(&self, word: &str) -> bool {
        self.contains(word) || self.contains(ALL)
    }

    /// Whether `other` asks for nothing that this set does not cover.
    pub fn covers_all(&self, other: &Self) -> bool {
        self.contains(ALL) || other.iter().all(|word| self.contains(word.as_str()))
    }

    /// What both sets allow.
    #[must_use]
    pub fn cut_to(&self, other: &Self) -> Self {
        match (self.contains(ALL), other.contains(ALL)) {
            (_, true) => self.clone(),
            (true, false) => other.clone(),
            (false, false) => self.iter().filter(|word| other.contains(word.as_str())).cloned().collect(),
        }
    }

    /// What either set allows.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        self.iter().chain(other.iter()).cloned().collect()
    }

    /// The words in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Scope> {
        self.0.iter()
    }

    /// Whether no word is held.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many words are held.
    pub fn len(&self) -> usize {
        self.0.len()
    }
}

impl<'a> IntoIterator for &'a ScopeSet {
    type Item = &'a Scope;
    type IntoIter = std::slice::Iter<'a, Scope>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl std::fmt::Debug for ScopeSet {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_set().entries(self.0.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn words_are_strict() {
        for good in ["metrics.read", "a", "0", "ruvds.read", "x:y/z-1_2", "*"] {
            assert!(Scope::parse(good).is_ok(), "{good}");
        }
        let long = "a".repeat(101);
        for bad in ["", " a", "a b", ".a", "-a", "a*", "**", "ä", "a\n", long.as_str()] {
            assert!(Scope::parse(bad).is_err(), "{bad:?}");
        }
    }

    fn sets() -> impl Strategy<Value = ScopeSet> {
        proptest::collection::vec(prop_oneof!["[a-c]", Just("*".to_owned())], 0..4)
            .prop_map(|words| words.iter().map(|word| Scope::parse(word).unwrap()).collect())
    }

    proptest! {
        #[test]
        fn cutting_never_adds_and_keeps_what_both_cover(a in sets(), b in sets(), word in "[a-c]") {
            let cut = a.cut_to(&b);
            prop_assert!(a.covers_all(&cut) && b.covers_all(&cut));
            prop_assert_eq!(cut.covers(&word), a.covers(&word) && b.covers(&word));
        }

        #[test]
        fn the_text_form_round_trips(set in sets()) {
            prop_assert_eq!(ScopeSet::from_text(&set.to_text()).unwrap(), set);
        }
    }
}
