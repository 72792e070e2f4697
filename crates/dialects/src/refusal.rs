//! Refusals: an error with where it happened, for each dialect to word in its own envelope.

use counterfoil_core::authority::{Actor, Allowance};
use counterfoil_core::error::{Error, Unauthenticated};
use http::{Method, StatusCode};

/// Where in a request something was wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the places of an HTTP request")]
pub enum Place {
    Query,
    Path,
    Header,
    Body,
}

impl Place {
    /// The word in problem documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::Path => "path",
            Self::Header => "header",
            Self::Body => "body",
        }
    }
}

/// What was refused: by the rules, or before they were asked.
#[derive(Debug)]
pub enum Refused {
    /// By the rules, or by a translation into them.
    Rule(Error, Place),
    /// No route has this path.
    Path,
    /// The path has routes, but none with this method.
    Method {
        /// The method.
        asked: Method,
        /// Those that there are.
        allowed: Vec<Method>,
    },
    /// No realm has this name.
    Realm(String),
    /// The body is longer than this many bytes.
    TooLong(usize),
    /// The request target or header block is longer than we read.
    Head(StatusCode, &'static str),
    /// The request cannot be understood for this reason.
    Malformed(&'static str),
    /// A handler broke; the log has the details.
    Broken,
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self::Rule(error, Place::Body)
    }
}

impl Refused {
    /// Wrong in the query.
    pub fn query(error: Error) -> Self {
        Self::Rule(error, Place::Query)
    }

    /// Wrong in the path.
    pub fn path(error: Error) -> Self {
        Self::Rule(error, Place::Path)
    }

    /// Wrong in a header.
    pub fn header(error: Error) -> Self {
        Self::Rule(error, Place::Header)
    }

    /// Wrong in the body.
    pub fn body(error: Error) -> Self {
        Self::Rule(error, Place::Body)
    }

    /// The status that fits where a contract names no other.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Rule(error, _) => match error {
                Error::Invalid(_) => StatusCode::BAD_REQUEST,
                Error::Unauthenticated(_) => StatusCode::UNAUTHORIZED,
                Error::Forbidden { .. } => StatusCode::FORBIDDEN,
                Error::NotFound(_) => StatusCode::NOT_FOUND,
                Error::Conflict(_) | Error::Itself(_) => StatusCode::CONFLICT,
                Error::Stale(_) => StatusCode::PRECONDITION_FAILED,
                Error::TooMany { .. } => StatusCode::TOO_MANY_REQUESTS,
                Error::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            },
            Self::Path | Self::Realm(_) => StatusCode::NOT_FOUND,
            Self::Method { .. } => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooLong(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Head(status, _) => *status,
            Self::Malformed(_) => StatusCode::BAD_REQUEST,
            Self::Broken => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// One sentence, safe for the wire.
    pub fn sentence(&self) -> String {
        match self {
            Self::Rule(error, _) => error.to_string(),
            Self::Path => "there is nothing at this path".to_owned(),
            Self::Method { allowed, .. } => {
                let allowed: Vec<_> = allowed.iter().map(Method::as_str).collect();
                format!("this path takes {} only", allowed.join(", "))
            }
            Self::Realm(_) => "there is no such realm".to_owned(),
            Self::TooLong(limit) => format!("the body is longer than {limit} bytes"),
            Self::Head(_, why) | Self::Malformed(why) => (*why).to_owned(),
            Self::Broken => "something broke here; the log of the service says what".to_owned(),
        }
    }

    /// Why nobody was recognised, if that is what this is.
    pub fn unauthenticated(&self) -> Option<Unauthenticated> {
        match self {
            Self::Rule(Error::Unauthenticated(why), _) => Some(*why),
            _ => None,
        }
    }
}

/// A refusal on its way out. Headers that every protocol shares are added after the dialect worded it.
#[derive(Debug)]
pub struct Refusal {
    /// What was refused.
    pub refused: Refused,
    /// The path as it was asked, for dialects that tell their versions apart by it.
    pub path: String,
    /// Who asked, once that was known.
    pub actor: Option<Actor>,
    /// What is left of the limit of whoever asked, where the dialect has one.
    pub allowance: Option<Allowance>,
}
