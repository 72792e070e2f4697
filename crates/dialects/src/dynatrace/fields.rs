//! The `fields` parameter of a token list (contract 5.2): which members of a token are asked for. Kept out: their
//! values, and that a member without a value stays absent even when it is asked for.

use serde::{Deserialize, Serialize};

/// A member of the vendor's token object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each variant is the member of that name")]
pub enum Field {
    Id,
    Name,
    Enabled,
    Owner,
    CreationDate,
    PersonalAccessToken,
    ExpirationDate,
    LastUsedDate,
    LastUsedIpAddress,
    ModifiedDate,
    Scopes,
    AdditionalMetadata,
}

const NAMES: [(&str, Field); 12] = [
    ("id", Field::Id),
    ("name", Field::Name),
    ("enabled", Field::Enabled),
    ("owner", Field::Owner),
    ("creationDate", Field::CreationDate),
    ("personalAccessToken", Field::PersonalAccessToken),
    ("expirationDate", Field::ExpirationDate),
    ("lastUsedDate", Field::LastUsedDate),
    ("lastUsedIpAddress", Field::LastUsedIpAddress),
    ("modifiedDate", Field::ModifiedDate),
    ("scopes", Field::Scopes),
    ("additionalMetadata", Field::AdditionalMetadata),
];

/// A set of members, in which `id` always is. Its serialised form is for cursors only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fields(u16);

impl Fields {
    const ID: Self = Self(bit(Field::Id));

    /// What a list shows unless it is asked for something else.
    pub const fn listed() -> Self {
        Self(
            Self::ID.0
                | bit(Field::Name)
                | bit(Field::Enabled)
                | bit(Field::Owner)
                | bit(Field::CreationDate),
        )
    }

    /// What a single token and a lookup show.
    pub const fn every() -> Self {
        Self((1 << NAMES.len()) - 1)
    }

    /// Whether the member is asked for.
    pub const fn contains(self, field: Field) -> bool {
        self.0 & bit(field) != 0
    }

    const fn with(self, field: Field) -> Self {
        Self(self.0 | bit(field))
    }

    const fn without(self, field: Field) -> Self {
        Self(self.0 & !bit(field) | Self::ID.0)
    }
}

const fn bit(field: Field) -> u16 {
    1 << field as u16
}

/// Reads either signed names, which change what is listed by default (`+scopes,-creationDate`), or bare ones, which
/// replace it (`name,owner`).
///
/// A `+` that was not encoded arrives as a space. Only the first name can tell which of the two a list is: after a bare
/// one a space is just a space, after a signed one it is a `+`.
pub fn parse(text: &str) -> Result<Fields, String> {
    let signed = text.starts_with(['+', '-', ' ']);
    let mut fields = if signed { Fields::listed() } else { Fields::ID };
    for item in text.split(',') {
        let (sign, name) = match item.trim() {
            name if name.starts_with(['+', '-']) => (Some(&name[..1]), &name[1..]),
            name if signed && item.starts_with(' ') => (Some("+"), name),
            name => (None, name),
        };
        let field = find(name)?;
        if sign.is_some() != signed {
            return Err(format!(
                "'{name}' must {} like the first property: a list has a sign before all properties or before none",
                if signed { "have a sign, + or -," } else { "have no sign" }
            ));
        }
        fields = if sign == Some("-") { fields.without(field) } else { fields.with(field) };
    }
    Ok(fields)
}

fn find(name: &str) -> Result<Field, String> {
    NAMES.iter().find(|(known, _)| *known == name).map(|(_, field)| *field).ok_or_else(|| {
        let known = NAMES.map(|(known, _)| known).join(", ");
        format!("'{}' is not a valid property, must be any of [{known}]", super::repeated(name))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The members asked for, in the vendor's order.
    fn names(fields: Fields) -> String {
        let names = NAMES.iter().filter(|(_, field)| fields.contains(*field));
        names.map(|(name, _)| *name).collect::<Vec<_>>().join(",")
    }

    #[test]
    fn bare_names_replace_and_signed_ones_change() {
        for (text, asked) in [
            ("name,owner,lastUsedDate", "id,name,owner,lastUsedDate"),
            ("name, owner ", "id,name,owner"),
            ("scopes", "id,scopes"),
            ("+scopes,-creationDate", "id,name,enabled,owner,scopes"),
            ("+scopes, -creationDate", "id,name,enabled,owner,scopes"),
            (" scopes, expirationDate", "id,name,enabled,owner,creationDate,expirationDate,scopes"),
            ("-id", "id,name,enabled,owner,creationDate"),
            ("-name,-enabled,-owner,-creationDate,-id", "id"),
            ("+scopes,-scopes", "id,name,enabled,owner,creationDate"),
            (
                "+scopes,+expirationDate,+personalAccessToken",
                "id,name,enabled,owner,creationDate,personalAccessToken,expirationDate,scopes",
            ),
        ] {
            assert_eq!(parse(text).map(names).as_deref(), Ok(asked), "{text:?}");
        }
        assert_eq!(names(Fields::listed()), "id,name,enabled,owner,creationDate");
        assert_eq!(names(Fields::every()), NAMES.map(|(name, _)| name).join(","));
    }

    #[test]
    fn the_refusal_names_the_property() {
        assert!(
            parse("name,foo").unwrap_err().starts_with("'foo' is not a valid property, must be any of [id,")
        );
        assert!(parse("+scopes,owner").unwrap_err().starts_with("'owner' must have a sign"));
        assert!(parse("owner,+scopes").unwrap_err().starts_with("'scopes' must have no sign"));
        for bad in
            ["", " ", "+", ",", "name,", "+scopes,", "Name", "++scopes", "+ scopes", "token", "name owner"]
        {
            assert!(parse(bad).is_err(), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn the_id_is_always_there(text in prop_oneof!["[-+ ]?(id|name|scopes|owner)(,[-+ ]?(id|scopes))*", any::<String>()]) {
            if let Ok(fields) = parse(&text) {
                prop_assert!(fields.contains(Field::Id));
            }
        }
    }
}
