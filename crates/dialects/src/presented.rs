//! Credentials as they come in: where HTTP carries them, before anybody looks at what they are worth.

use counterfoil_core::secret::Secret;
use data_encoding::BASE64;
use http::header;
use http::request::Parts;

/// A credential as it came in.
#[derive(Debug)]
pub enum Presented {
    /// A text that whoever bears it may use: an opaque token or a JWT.
    Bearer(String),
    /// A user name and its password.
    Basic {
        /// The user name.
        username: String,
        /// The password.
        password: Secret,
    },
}

/// `Authorization: Bearer …` (RFC 6750 section 2.1), the scheme in any case.
pub fn bearer(parts: &Parts) -> Option<Presented> {
    scheme(parts, "bearer").map(Presented::Bearer)
}

/// `Authorization: Basic …` (RFC 7617), the scheme in any case. One that cannot be read is a user without a name, so
/// that it is refused like any other that does not count.
pub fn basic(parts: &Parts) -> Option<Presented> {
    let encoded = scheme(parts, "basic")?;
    let decoded = BASE64.decode(encoded.as_bytes()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let (username, password) = decoded
        .as_deref()
        .and_then(|pair| pair.split_once(':'))
        .map(|(username, password)| (username.to_owned(), password.to_owned()))
        .unwrap_or_default();
    Some(Presented::Basic { username, password: Secret::new(password) })
}

/// What follows this scheme in the one `Authorization` header.
pub fn scheme(parts: &Parts, wanted: &str) -> Option<String> {
    let mut values = parts.headers.get_all(header::AUTHORIZATION).iter();
    let value = values.next().filter(|_| values.next().is_none())?.to_str().ok()?;
    let (scheme, text) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case(wanted).then(|| text.trim().to_owned()).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(authorization: &str) -> Parts {
        let request = http::Request::builder().header(header::AUTHORIZATION, authorization);
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn basic_is_split_at_its_first_colon_and_nonsense_is_nobody() {
        let read = |header: &str| match basic(&parts(header)) {
            Some(Presented::Basic { username, password }) => Some((username, password.reveal().to_owned())),
            _ => None,
        };
        let named = |username: &str, password: &str| Some((username.to_owned(), password.to_owned()));
        assert_eq!(read("basic YTpiOmM="), named("a", "b:c"));
        assert_eq!(read("Basic Og=="), named("", ""));
        assert_eq!(read("Basic !!!"), named("", ""));
        assert_eq!(read("Basic YQ=="), named("", ""));
        assert_eq!(read("Bearer YTpi"), None);
    }
}
