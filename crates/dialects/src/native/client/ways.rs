//! The client side of a principal's ways in, of sessions and of signing keys.

use super::{Ask, Principals, Resource as _, bare, item, query, with_body};
use crate::native::wire::Page;
use crate::native::wire::token::Token;
use crate::native::wire::ways::{EndSessions, Ended, Jwks, NewKey, Password, RotateKey};
use crate::native::wire::ways::{Session, SigningKey, TotpSeed};
use http::Method;
use serde_json::{Map, Value};

impl Principals {
    /// Sets a password.
    pub fn set_password(id: &str, password: &Password) -> Result<Ask<()>, http::Error> {
        with_body(Method::PUT, &below(id, "password"), password)
    }

    /// Gives a second factor, or a new one.
    pub fn enrol_totp(id: &str) -> Result<Ask<TotpSeed>, http::Error> {
        bare(Method::POST, &below(id, "totp"))
    }

    /// Takes the second factor away.
    pub fn remove_totp(id: &str) -> Result<Ask<()>, http::Error> {
        bare(Method::DELETE, &below(id, "totp"))
    }

    /// Sets the public keys that assertions are signed with.
    pub fn set_jwks(id: &str, set: &Jwks) -> Result<Ask<Jwks>, http::Error> {
        with_body(Method::PUT, &below(id, "jwks"), set)
    }

    /// Creates or imports an exchange token; its dialect names the members of the answer.
    pub fn create_key(id: &str, new: &NewKey) -> Result<Ask<Map<String, Value>>, http::Error> {
        with_body(Method::POST, &below(id, "keys"), new)
    }

    /// Reads the exchange tokens of a dialect.
    pub fn keys(id: &str, dialect: &str) -> Result<Ask<Page<Token>>, http::Error> {
        bare(Method::GET, &format!("{}{}", below(id, "keys"), query(&[pair("dialect", dialect)])))
    }

    /// Revokes the exchange tokens of a dialect, or the one with that id.
    pub fn revoke_keys(id: &str, dialect: &str, key: Option<&str>) -> Result<Ask<()>, http::Error> {
        let parameters: Vec<_> =
            [pair("dialect", dialect)].into_iter().chain(key.map(|key| pair("id", key))).collect();
        bare(Method::DELETE, &format!("{}{}", below(id, "keys"), query(&parameters)))
    }
}

/// `/v1/sessions`.
#[derive(Debug)]
pub enum Sessions {}

impl Sessions {
    const PATH: &'static str = "/v1/sessions";

    /// Reads the first page of all, of a user name's, of those that count.
    pub fn list(principal: Option<&str>, live: bool) -> Result<Ask<Page<Session>>, http::Error> {
        let principal = principal.map(|name| pair("principal", name));
        let parameters: Vec<_> = principal.into_iter().chain(live.then(|| pair("live", "true"))).collect();
        bare(Method::GET, &format!("{}{}", Self::PATH, query(&parameters)))
    }

    /// Ends one.
    pub fn end(id: &str) -> Result<Ask<()>, http::Error> {
        bare(Method::DELETE, &item(Self::PATH, id))
    }

    /// Ends many.
    pub fn end_many(which: &EndSessions) -> Result<Ask<Ended>, http::Error> {
        with_body(Method::POST, "/v1/sessions/end", which)
    }
}

/// `/v1/signing-keys`.
#[derive(Debug)]
pub enum SigningKeys {}

impl SigningKeys {
    const PATH: &'static str = "/v1/signing-keys";

    /// Reads all that are not removed.
    pub fn list() -> Result<Ask<Page<SigningKey>>, http::Error> {
        bare(Method::GET, Self::PATH)
    }

    /// Lets a new key sign.
    pub fn rotate(rotate: &RotateKey) -> Result<Ask<SigningKey>, http::Error> {
        with_body(Method::POST, "/v1/signing-keys/rotate", rotate)
    }

    /// Removes one.
    pub fn remove(kid: &str) -> Result<Ask<()>, http::Error> {
        bare(Method::DELETE, &item(Self::PATH, kid))
    }
}

fn below(id: &str, what: &str) -> String {
    format!("{}/{what}", item(Principals::PATH, id))
}

fn pair(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_carry_what_was_asked_and_no_more() {
        let target = |ask: Ask<Page<Session>>| ask.request.uri().to_string();
        assert_eq!(target(Sessions::list(None, false).unwrap()), "/v1/sessions");
        let janes = Sessions::list(Some(r"CORP\jane"), true).unwrap();
        assert_eq!(target(janes), "/v1/sessions?principal=CORP%5Cjane&live=true");
        let all = Principals::revoke_keys("7", "datto-rmm", None).unwrap();
        assert_eq!(all.request.uri(), "/v1/principals/7/keys?dialect=datto-rmm");
        let one = Principals::revoke_keys("7", "oauth", Some("a&b")).unwrap();
        assert_eq!(one.request.uri(), "/v1/principals/7/keys?dialect=oauth&id=a%26b");
    }
}
