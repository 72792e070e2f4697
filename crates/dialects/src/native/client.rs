//! The client side of the native dialect: the requests that it knows and how their answers read.
//!
//! Kept out: sockets, credentials and the server's address. Whoever sends the request adds those.

pub mod ways;

use super::wire::gate::{EditGate, Explain, Explained, Gate, NewGate};
use super::wire::journal::{Entry, JournalQuery};
use super::wire::principal::{EditPrincipal, EditRole, NewPrincipal, NewRole, Principal, Role};
use super::wire::realm::{EditRealm, NewRealm, NewRealmIssued, Realm};
use super::wire::token::{Edit, Filter, Issue, Issued, Paging, Revoke, Revoked, Rotate, Token};
use super::wire::verify::{Answer, Answers, Question, Verify};
use super::wire::{Page, Problem, Scope};
use crate::ask::{Ask, bare, escape, fields, item, query, with_body};
use bytes::Bytes;
use http::header::{HeaderName, HeaderValue, IF_MATCH};
use http::{Method, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Under this name a create or a rotation may be repeated without doing it twice.
pub const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// The realm that the operator means; only read from the operator's own socket or process.
pub const REALM: HeaderName = HeaderName::from_static("counterfoil-realm");

impl<T> Ask<T> {
    /// Only if the record still has this version (`If-Match`).
    pub fn if_version(mut self, version: Option<u64>) -> Result<Self, http::Error> {
        if let Some(version) = version {
            let tag = HeaderValue::try_from(format!("\"{version}\""))?;
            self.request.headers_mut().insert(IF_MATCH, tag);
        }
        Ok(self)
    }

    /// Under this idempotency key.
    pub fn under(mut self, key: &str) -> Result<Self, http::Error> {
        self.request.headers_mut().insert(IDEMPOTENCY_KEY, HeaderValue::try_from(key)?);
        Ok(self)
    }
}

impl<T: DeserializeOwned> Ask<T> {
    /// Reads the answer; whatever is not the expected success is a refusal, worded here if the server did not.
    pub fn read(response: &Response<Bytes>) -> Result<T, Box<Problem>> {
        let status = response.status();
        let made_up = |detail: String| {
            Box::new(Problem {
                kind: "about:blank".into(),
                title: status.canonical_reason().unwrap_or_default().into(),
                status: status.as_u16(),
                detail,
                errors: Vec::new(),
                needs: Vec::new(),
            })
        };
        if !status.is_success() {
            let problem = serde_json::from_slice(response.body()).map(Box::new);
            return Err(problem.unwrap_or_else(|_| made_up(format!("the answer was {status}"))));
        }
        let body: &[u8] = if response.body().is_empty() { b"null" } else { response.body() };
        serde_json::from_slice(body).map_err(|why| made_up(format!("the answer could not be read: {why}")))
    }
}

/// Things that are created, listed, read and edited under one path.
pub trait Resource {
    /// The path of them all.
    const PATH: &'static str;
    /// What creates one.
    type New: Serialize;
    /// What a creation answers.
    type Created;
    /// One of them.
    type Item;
    /// What changes one.
    type Edit: Serialize;

    /// Creates one.
    fn create(new: &Self::New) -> Result<Ask<Self::Created>, http::Error> {
        with_body(Method::POST, Self::PATH, new)
    }

    /// Reads one.
    fn get(key: &str) -> Result<Ask<Self::Item>, http::Error> {
        bare(Method::GET, &item(Self::PATH, key))
    }

    /// Changes one.
    fn edit(key: &str, edit: &Self::Edit) -> Result<Ask<Self::Item>, http::Error> {
        with_body(Method::PATCH, &item(Self::PATH, key), edit)
    }

    /// Deletes one; for a token this revokes it.
    fn delete(key: &str) -> Result<Ask<()>, http::Error> {
        bare(Method::DELETE, &item(Self::PATH, key))
    }

    /// Reads the first page of all.
    fn list() -> Result<Ask<Page<Self::Item>>, http::Error> {
        bare(Method::GET, Self::PATH)
    }
}

/// A resource whose items have a name that people use, while paths carry the id.
pub trait Named: Resource {
    /// What people call one.
    const KIND: &'static str;
    /// The query parameter that finds one by that name.
    const NAME: &'static str;

    /// The id of one.
    fn id(item: &Self::Item) -> &str;

    /// Finds the one of this name: a page with one item or none.
    fn named(name: &str) -> Result<Ask<Page<Self::Item>>, http::Error> {
        bare(Method::GET, &format!("{}?{}={}", Self::PATH, Self::NAME, escape(name)))
    }
}

/// `/v1/tokens`.
pub enum Tokens {}

impl Resource for Tokens {
    const PATH: &'static str = "/v1/tokens";
    type New = Issue;
    type Created = Issued;
    type Item = Token;
    type Edit = Edit;
}

impl Tokens {
    /// Reads the first page of those that match.
    pub fn matching(filter: &Filter, paging: &Paging) -> Result<Ask<Page<Token>>, http::Error> {
        bare(Method::GET, &format!("{}{}", Self::PATH, query(&[fields(filter), fields(paging)].concat())))
    }

    /// Strikes a new text for a token.
    pub fn rotate(id: &str, rotate: &Rotate) -> Result<Ask<Issued>, http::Error> {
        with_body(Method::POST, &format!("{}/rotate", item(Self::PATH, id)), rotate)
    }

    /// Revokes all that match.
    pub fn revoke(revoke: &Revoke) -> Result<Ask<Revoked>, http::Error> {
        with_body(Method::POST, "/v1/tokens/revoke", revoke)
    }
}

/// `/v1/principals`.
pub enum Principals {}

impl Resource for Principals {
    const PATH: &'static str = "/v1/principals";
    type New = NewPrincipal;
    type Created = Principal;
    type Item = Principal;
    type Edit = EditPrincipal;
}

impl Named for Principals {
    const KIND: &'static str = "principal";
    const NAME: &'static str = "username";

    fn id(item: &Principal) -> &str {
        &item.id
    }
}

/// `/v1/roles`.
pub enum Roles {}

impl Resource for Roles {
    const PATH: &'static str = "/v1/roles";
    type New = NewRole;
    type Created = Role;
    type Item = Role;
    type Edit = EditRole;
}

impl Named for Roles {
    const KIND: &'static str = "role";
    const NAME: &'static str = "name";

    fn id(item: &Role) -> &str {
        &item.id
    }
}

/// `/v1/gates`.
pub enum Gates {}

impl Resource for Gates {
    const PATH: &'static str = "/v1/gates";
    type New = NewGate;
    type Created = Gate;
    type Item = Gate;
    type Edit = EditGate;
}

impl Gates {
    /// Asks why a request would pass a gate or not.
    pub fn explain(gate: &str, explain: &Explain) -> Result<Ask<Explained>, http::Error> {
        with_body(Method::POST, &format!("{}/explain", item(Self::PATH, gate)), explain)
    }
}

/// `/v1/realms`.
pub enum Realms {}

impl Resource for Realms {
    const PATH: &'static str = "/v1/realms";
    type New = NewRealm;
    type Created = NewRealmIssued;
    type Item = Realm;
    type Edit = EditRealm;
}

/// Asks whether one token counts.
pub fn verify(question: &Question) -> Result<Ask<Answer<'static>>, http::Error> {
    with_body(Method::POST, "/v1/verify", question)
}

/// Asks of each of them whether it counts.
pub fn verify_each(tokens: Vec<Question>) -> Result<Ask<Answers<'static>>, http::Error> {
    with_body(Method::POST, "/v1/verify", &Verify::Many { tokens })
}

/// Reads the first page of the known permission words, of one dialect or of all.
pub fn scopes(dialect: Option<&str>) -> Result<Ask<Page<Scope>>, http::Error> {
    let dialect = dialect.map(|name| ("dialect".to_owned(), name.to_owned()));
    bare(Method::GET, &format!("/v1/scopes{}", query(dialect.as_slice())))
}

/// Reads a page of the journal.
pub fn journal(question: &JournalQuery) -> Result<Ask<Page<Entry>>, http::Error> {
    bare(Method::GET, &format!("/v1/journal{}", query(&fields(question))))
}

/// Reads the page that follows, of the same list.
pub fn next<T>(path: &str, cursor: &str) -> Result<Ask<Page<T>>, http::Error> {
    bare(Method::GET, &format!("{path}?cursor={}", escape(cursor)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_queries_are_escaped() {
        assert_eq!(Tokens::get("a/b?c").unwrap().request.uri(), "/v1/tokens/a%2Fb%3Fc");
        assert_eq!(
            Principals::named(r"CORP\jörg&x").unwrap().request.uri(),
            "/v1/principals?username=CORP%5Cj%C3%B6rg%26x"
        );
    }

    #[test]
    fn a_list_query_carries_only_what_was_asked() {
        let filter = Filter { name: Some("ci".into()), ..Filter::default() };
        let paging = Paging { limit: Some(5), ..Paging::default() };
        assert_eq!(Tokens::matching(&filter, &paging).unwrap().request.uri(), "/v1/tokens?name=ci&limit=5");
        assert_eq!(
            Tokens::matching(&Filter::default(), &Paging::default()).unwrap().request.uri(),
            "/v1/tokens"
        );
    }

    #[test]
    fn versions_and_idempotency_keys_are_headers() {
        let ask = Roles::edit("r", &EditRole::default()).unwrap();
        let ask = ask.if_version(Some(3)).unwrap().under("once").unwrap();
        assert_eq!(ask.request.headers()[IF_MATCH], "\"3\"");
        assert_eq!(ask.request.headers()[IDEMPOTENCY_KEY], "once");
        assert_eq!(ask.request.body().as_ref(), b"{}");
    }

    #[test]
    fn an_answer_is_read_or_is_a_refusal() {
        let answer = |status: u16, body: &'static str| {
            Response::builder().status(status).body(Bytes::from_static(body.as_bytes())).unwrap()
        };
        assert!(Ask::<()>::read(&answer(204, "")).is_ok());
        assert!(Ask::<Answer>::read(&answer(200, r#"{"active":true}"#)).unwrap().active);
        let refusal = Ask::<()>::read(&answer(
            409,
            r#"{"type":"urn:counterfoil:conflict","title":"Conflict","status":409,"detail":"taken"}"#,
        ));
        assert_eq!(refusal.unwrap_err().detail, "taken");
        let foreign = Ask::<()>::read(&answer(502, "<html>")).unwrap_err();
        assert_eq!((foreign.status, foreign.detail.as_str()), (502, "the answer was 502 Bad Gateway"));
        assert!(Ask::<Answer>::read(&answer(200, "[]")).is_err());
    }
}
