//! The `apiTokenSelector` parameter of a token list (contract 5.1). Kept out: whether an owner or a scope exists.

use super::repeated;

/// Which tokens are asked for: every criterion that is given must hold.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Selector {
    /// Of exactly this owner.
    pub owner: Option<String>,
    /// Personal access tokens, or API tokens.
    pub personal: Option<bool>,
    /// With any of these scopes; empty only if there is no such criterion. A word that no token can have matches
    /// nothing: should none be left, then no token matches, rather than all.
    pub scopes: Vec<String>,
}

/// Reads criteria separated by commas, each at most once: `owner("john"),personalAccessToken(true),scope("a","b")`.
/// Inside quotes `~` makes a `"` or `~` that follows it an ordinary character, as in the vendor's other selectors.
pub fn parse(text: &str) -> Result<Selector, String> {
    let mut selector = Selector::default();
    let mut rest = Rest(text);
    loop {
        let name = rest.word();
        let again = match name {
            "owner" => selector.owner.is_some(),
            "personalAccessToken" => selector.personal.is_some(),
            "scope" => !selector.scopes.is_empty(),
            _ => {
                return Err(format!(
                    "'{}' must be any of [owner, personalAccessToken, scope]",
                    repeated(name)
                ));
            }
        };
        if again {
            return Err(format!("must not contain the criterion '{name}' more than once"));
        }
        rest.expect('(')?;
        match name {
            "owner" => selector.owner = Some(rest.quoted()?),
            "personalAccessToken" => selector.personal = Some(rest.boolean()?),
            _ => selector.scopes = rest.list()?,
        }
        rest.expect(')')?;
        if rest.is_over() {
            return Ok(selector);
        }
        rest.expect(',')?;
    }
}

/// What is left to read; white space before a piece is no part of it.
struct Rest<'a>(&'a str);

impl<'a> Rest<'a> {
    fn is_over(&self) -> bool {
        self.0.trim_start().is_empty()
    }

    fn eat(&mut self, wanted: char) -> bool {
        let after = self.0.trim_start().strip_prefix(wanted);
        self.0 = after.unwrap_or(self.0);
        after.is_some()
    }

    fn expect(&mut self, wanted: char) -> Result<(), String> {
        if self.eat(wanted) {
            return Ok(());
        }
        Err(match self.0.trim_start() {
            "" => format!("'{wanted}' expected at the end"),
            found => format!("'{wanted}' expected before '{}'", repeated(found)),
        })
    }

    /// The letters up to anything else; perhaps none.
    fn word(&mut self) -> &'a str {
        let text = self.0.trim_start();
        let (word, rest) = text.split_at(text.find(|c: char| !c.is_alphanumeric()).unwrap_or(text.len()));
        self.0 = rest;
        word
    }

    fn boolean(&mut self) -> Result<bool, String> {
        match self.word() {
            "true" => Ok(true),
            "false" => Ok(false),
            other => Err(format!("'{}' must be any of [true, false]", repeated(other))),
        }
    }

    fn quoted(&mut self) -> Result<String, String> {
        self.expect('"')?;
        let mut value = String::new();
        let mut letters = self.0.chars();
        loop {
            let letter = letters.next().ok_or("'\"' expected at the end")?;
            match letter {
                '"' => break,
                '~' if letters.as_str().starts_with(['"', '~']) => value.extend(letters.next()),
                _ => value.push(letter),
            }
        }
        self.0 = letters.as_str();
        Ok(value)
    }

    fn list(&mut self) -> Result<Vec<String>, String> {
        let mut values = vec![self.quoted()?];
        while self.eat(',') {
            values.push(self.quoted()?);
        }
        Ok(values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn selector(owner: Option<&str>, personal: Option<bool>, scopes: &[&str]) -> Selector {
        let scopes = scopes.iter().map(|&scope| scope.to_owned()).collect();
        Selector { owner: owner.map(str::to_owned), personal, scopes }
    }

    #[test]
    fn what_real_clients_send() {
        assert_eq!(
            parse(r#"owner("john"),personalAccessToken(false),scope("metrics.read","logs.read")"#),
            Ok(selector(Some("john"), Some(false), &["metrics.read", "logs.read"]))
        );
        assert_eq!(
            parse(r#"owner("john"),scope("metrics.read")"#),
            Ok(selector(Some("john"), None, &["metrics.read"]))
        );
        assert_eq!(parse("personalAccessToken(true)"), Ok(selector(None, Some(true), &[])));
    }

    #[test]
    fn space_and_escapes() {
        assert_eq!(
            parse(" scope ( \"a\" ,\t\"b\" ) , owner( \" J,o)hn \" ) "),
            Ok(selector(Some(" J,o)hn "), None, &["a", "b"]))
        );
        for (text, owner) in
            [(r#"~"q~" ~~ ~x ä"#, "\"q\" ~ ~x ä"), (r"DOMAIN\user", r"DOMAIN\user"), ("", ""), ("~~", "~")]
        {
            assert_eq!(parse(&format!("owner(\"{text}\")")), Ok(selector(Some(owner), None, &[])), "{text}");
        }
    }

    #[test]
    fn the_refusal_says_where() {
        for (text, why) in [
            ("", "'' must be any of [owner, personalAccessToken, scope]"),
            ("name(\"x\")", "'name' must be any of [owner, personalAccessToken, scope]"),
            ("Owner(\"x\")", "'Owner' must be any of [owner, personalAccessToken, scope]"),
            ("owner(\"x\"),", "'' must be any of [owner, personalAccessToken, scope]"),
            ("owner", "'(' expected at the end"),
            ("owner(x)", "'\"' expected before 'x)'"),
            ("owner(\"x\"", "')' expected at the end"),
            ("owner(\"x", "'\"' expected at the end"),
            ("owner(\"x~\")", "'\"' expected at the end"),
            ("owner(\"x\",\"y\")", "')' expected before ',\"y\")'"),
            ("owner(\"x\") scope(\"y\")", "',' expected before 'scope(\"y\")'"),
            ("scope()", "'\"' expected before ')'"),
            ("scope(\"a\",)", "'\"' expected before ')'"),
            ("personalAccessToken(\"true\")", "'' must be any of [true, false]"),
            ("personalAccessToken(TRUE)", "'TRUE' must be any of [true, false]"),
            ("owner(\"x\"),owner(\"y\")", "must not contain the criterion 'owner' more than once"),
            ("scope(\"x\"),scope(\"y\")", "must not contain the criterion 'scope' more than once"),
        ] {
            assert_eq!(parse(text), Err(why.to_owned()), "{text}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(text in prop_oneof![r#"((owner|scope|personalAccessToken|[(),"~ ä]|true){1,3}){0,8}"#, any::<String>()]) {
            let _ = parse(&text);
        }

        #[test]
        fn an_escaped_owner_is_read_back(owner in any::<String>()) {
            let escaped = owner.replace('~', "~~").replace('"', "~\"");
            prop_assert_eq!(parse(&format!("owner(\"{escaped}\")")).unwrap().owner, Some(owner));
        }
    }
}
