//! The one error of the house, by what the caller can do about it. No status codes: those are the dialects'.

use jiff::SignedDuration;

/// What went wrong, worded so that `Display` may go on the wire; the cause of an outage is for the log only.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Mend the named fields and ask again.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Invalid(Vec<Violation>),
    /// Bring a credential that counts.
    #[error("{0}")]
    Unauthenticated(Unauthenticated),
    /// Ask somebody who may: one of these scopes would do (none named: no scope would).
    #[error("{why}")]
    Forbidden {
        /// Any one of these would have sufficed.
        needs: Vec<String>,
        /// One sentence, safe for the wire.
        why: String,
    },
    /// There is no such thing, or none that this actor may see.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// Another change or an earlier request stands in the way.
    #[error("{0}")]
    Conflict(String),
    /// Use another credential: where this was asked, one may not do that (`disable`, `revoke`) to itself.
    #[error("a credential cannot {0} itself")]
    Itself(&'static str),
    /// The thing changed since it was read (`If-Match`).
    #[error("the {0} has changed since it was read; read it again")]
    Stale(&'static str),
    /// Wait, then ask again.
    #[error("{}", too_many(.after))]
    TooMany {
        /// How long until the next request can succeed; zero if no waiting helps.
        after: SignedDuration,
    },
    /// Nothing was decided; ask again later. The cause is for the log.
    #[error("the service cannot answer right now; nothing was changed that was not acknowledged")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

fn too_many(after: &SignedDuration) -> String {
    if after.is_zero() {
        "the credential was used as often as it may be".to_owned()
    } else {
        format!("too many requests; ask again in {} s", after.as_secs())
    }
}

/// One field and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The field as the native API spells it, with an index for list elements: `scopes[0]`.
    pub field: String,
    /// A clause that continues "the field …", for example `must not be blank`.
    pub why: String,
}

impl std::fmt::Display for Violation {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "`{}` {}", self.field, self.why)
    }
}

/// Why nobody was recognised. Only vendor dialects that document the difference may show `Expired`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unauthenticated {
    /// No credential came.
    #[error("no credential was presented")]
    Missing,
    /// It counted once; its time is over.
    #[error("the credential does not count")]
    Expired,
    /// It does not count: unknown, malformed, disabled, revoked, or not from here.
    #[error("the credential does not count")]
    Invalid,
}

impl Error {
    /// One violated field.
    pub fn invalid(field: impl Into<String>, why: impl Into<String>) -> Self {
        Self::Invalid(vec![Violation { field: field.into(), why: why.into() }])
    }

    /// A refusal for want of any one of `needs`.
    pub fn forbidden<'a>(needs: impl IntoIterator<Item = &'a str>, why: impl Into<String>) -> Self {
        Self::Forbidden { needs: needs.into_iter().map(str::to_owned).collect(), why: why.into() }
    }

    /// An outage with its cause.
    pub fn unavailable(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Unavailable(cause.into())
    }
}

impl From<Unauthenticated> for Error {
    fn from(why: Unauthenticated) -> Self {
        Self::Unauthenticated(why)
    }
}
