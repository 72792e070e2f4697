//! The `sort` parameter of a token list (contract 5.3). Kept out: what comes first where a value is missing, which is
//! [`SortBy`]'s own and the same as the vendor's.

use counterfoil_core::store::SortBy;

/// `-creationDate`: the newest token first.
pub const DEFAULT: (SortBy, bool) = (SortBy::Created, true);

const PROPERTIES: [(&str, SortBy); 5] = [
    ("name", SortBy::Name),
    ("lastUsedDate", SortBy::LastUsed),
    ("creationDate", SortBy::Created),
    ("expirationDate", SortBy::Expires),
    ("modifiedDate", SortBy::Modified),
];

/// Reads one property and whether it descends; no sign is `+`, and so is the space that an unencoded `+` becomes.
pub fn parse(text: &str) -> Result<(SortBy, bool), String> {
    let text = text.trim();
    let (name, descending) = match text.strip_prefix('-') {
        Some(name) => (name, true),
        None => (text.strip_prefix('+').unwrap_or(text), false),
    };
    match PROPERTIES.iter().find(|(known, _)| *known == name) {
        Some((_, by)) => Ok((*by, descending)),
        None => Err(format!(
            "'{}' is not a valid property, must be any of [{}]",
            super::repeated(name),
            PROPERTIES.map(|(known, _)| known).join(", ")
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn properties_and_signs() {
        assert_eq!(parse("-creationDate"), Ok(DEFAULT));
        for (name, by) in PROPERTIES {
            for (sign, descending) in [("", false), ("+", false), (" ", false), ("-", true)] {
                assert_eq!(parse(&format!("{sign}{name}")), Ok((by, descending)), "{sign}{name}");
            }
        }
    }

    #[test]
    fn anything_else_is_named_in_the_refusal() {
        assert_eq!(
            parse("-owner").unwrap_err(),
            "'owner' is not a valid property, must be any of \
             [name, lastUsedDate, creationDate, expirationDate, modifiedDate]"
        );
        for bad in ["", "+", "Name", "--name", "+-name", "- name", "name,owner", "creationdate"] {
            assert!(parse(bad).is_err(), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(text in any::<String>()) {
            let _ = parse(&text);
        }
    }
}
