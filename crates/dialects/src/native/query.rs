//! Reading a query: each name at most once, no name that the operation does not know.

use crate::dialect::Call;
use crate::refusal::Refused;
use counterfoil_core::error::Error;
use counterfoil_core::when::{self, When};
use jiff::Timestamp;

/// The names and values still to be taken.
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    /// Of this call.
    pub(super) fn of(call: &Call) -> Result<Self, Refused> {
        call.query().map(Self)
    }

    /// The value of a name, if it came.
    pub(super) fn take(&mut self, name: &str) -> Result<Option<String>, Refused> {
        let mut value = None;
        let mut twice = false;
        self.0.retain(|(given, text)| {
            let taken = given == name;
            if taken {
                twice |= value.replace(text.clone()).is_some();
            }
            !taken
        });
        if twice { Err(invalid(name, "must be given once")) } else { Ok(value) }
    }

    /// The number of rows of a page.
    pub(super) fn limit(&mut self) -> Result<usize, Refused> {
        let Some(text) = self.take("limit")? else { return Ok(100) };
        let limit = text.parse().ok().filter(|limit| (1..=1_000).contains(limit));
        limit.ok_or_else(|| invalid("limit", "must be a number from 1 to 1000"))
    }

    /// A number.
    pub(super) fn number(&mut self, name: &str) -> Result<Option<u64>, Refused> {
        let number = |text: String| {
            text.parse()
                .ok()
                .filter(|number| i64::try_from(*number).is_ok())
                .ok_or_else(|| invalid(name, "must be a number"))
        };
        self.take(name)?.map(number).transpose()
    }

    /// Refuses what is left.
    pub(super) fn finish(self) -> Result<(), Refused> {
        match self.0.into_iter().next() {
            None => Ok(()),
            Some((name, _)) => {
                let name: String = name.chars().filter(|letter| !letter.is_control()).take(64).collect();
                Err(invalid(&name, "is not known here"))
            }
        }
    }

    /// Whether nothing is left.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// An instant in the time grammar.
pub(super) fn instant(name: &str, text: Option<&str>, now: Timestamp) -> Result<Option<Timestamp>, Error> {
    match text.map(|text| when::parse(text, now)).transpose() {
        Ok(None) => Ok(None),
        Ok(Some(When::At(at))) => Ok(Some(at)),
        Ok(Some(When::Never)) => Err(Error::invalid(name, "must be an instant")),
        Err(why) => Err(Error::invalid(name, why)),
    }
}

fn invalid(name: &str, why: &str) -> Refused {
    Refused::query(Error::invalid(name, why))
}
