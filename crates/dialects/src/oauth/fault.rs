//! What goes wrong, in OAuth's words: `{"error":…,"error_description":…}` (RFC 6749 section 5.2, RFC 6750 section 3.1).

use super::wire::Trouble;
use crate::dialect::{Reply, Room};
use crate::refusal::{Refusal, Refused};
use crate::reply;
use counterfoil_core::error::{Error, Unauthenticated};
use http::{StatusCode, header};

/// Why an endpoint did not do as asked.
#[derive(Debug)]
pub(super) enum Fault {
    /// One of OAuth's words, and a sentence.
    Said(&'static str, String),
    /// Nobody was recognised as a client; the same whatever the reason.
    Client,
    /// Anything that the doorway words.
    Refused(Refused),
}

impl Fault {
    /// `invalid_request`.
    pub(super) fn request(why: impl Into<String>) -> Self {
        Self::Said("invalid_request", why.into())
    }

    /// The answer.
    pub(super) fn answer(self) -> Result<Reply, Refused> {
        match self {
            Self::Said(error, why) => Ok(trouble(StatusCode::BAD_REQUEST, error, &why)),
            Self::Client => {
                let why = "the client was not recognised";
                let reply = trouble(StatusCode::UNAUTHORIZED, "invalid_client", why);
                Ok(reply::with(reply, header::WWW_AUTHENTICATE, "Basic realm=\"counterfoil\""))
            }
            Self::Refused(refused) => Err(refused),
        }
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Refused(error.into())
    }
}

impl From<Refused> for Fault {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

/// Words a refusal.
pub(super) fn refuse(_: &Room, refusal: &Refusal) -> Reply {
    let refused = &refusal.refused;
    let (status, why) = (refused.status(), refused.sentence());
    let error = match refused {
        Refused::Rule(Error::Unauthenticated(_), _) => "invalid_token",
        Refused::Rule(Error::Forbidden { .. }, _) => "insufficient_scope",
        Refused::Rule(Error::Unavailable(_) | Error::TooMany { .. }, _) => "temporarily_unavailable",
        Refused::Broken => "server_error",
        _ => "invalid_request",
    };
    let reply = trouble(status, error, &why);
    match refused {
        Refused::Rule(Error::Unauthenticated(Unauthenticated::Invalid | Unauthenticated::Expired), _) => {
            let challenge = "Bearer realm=\"counterfoil\", error=\"invalid_token\"";
            reply::with(reply, header::WWW_AUTHENTICATE, challenge)
        }
        Refused::Rule(Error::Forbidden { needs, .. }, _) => {
            let scope = needs.join(" ");
            let challenge =
                format!("Bearer realm=\"counterfoil\", error=\"insufficient_scope\", scope=\"{scope}\"");
            reply::with(reply, header::WWW_AUTHENTICATE, &challenge)
        }
        _ => reply,
    }
}

/// A description may hold printable ASCII without `"` and `\` only.
fn trouble(status: StatusCode, error: &'static str, why: &str) -> Reply {
    let plain = |letter: char| match letter {
        '"' | '\\' => '\'',
        ' '..='~' => letter,
        _ => '?',
    };
    reply::json(status, &Trouble { error, error_description: why.chars().map(plain).collect() })
}
