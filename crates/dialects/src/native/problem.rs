//! Refusals as problem documents (RFC 9457).

use super::wire::{FieldError, Problem};
use crate::dialect::{Reply, Room};
use crate::refusal::{Refusal, Refused};
use crate::reply;
use counterfoil_core::error::{Error, Unauthenticated};
use http::header;

/// Words a refusal.
pub(super) fn refuse(_: &Room, refusal: &Refusal) -> Reply {
    let refused = &refusal.refused;
    let status = refused.status();
    let mut problem = Problem {
        kind: format!("urn:counterfoil:{}", kind(refused)),
        title: status.canonical_reason().unwrap_or_default().to_owned(),
        status: status.as_u16(),
        detail: refused.sentence(),
        errors: Vec::new(),
        needs: Vec::new(),
    };
    if let Refused::Rule(Error::Invalid(violations), place) = refused {
        let error = |violation: &counterfoil_core::error::Violation| FieldError {
            field: violation.field.clone(),
            place: place.as_str().to_owned(),
            why: violation.why.clone(),
        };
        problem.errors = violations.iter().map(error).collect();
    }
    if let Refused::Rule(Error::Forbidden { needs, .. }, _) = refused {
        problem.needs.clone_from(needs);
    }
    let reply = reply::typed(status, "application/problem+json", &problem);
    match refused {
        Refused::Rule(Error::Unauthenticated(why), _) => {
            reply::with(reply, header::WWW_AUTHENTICATE, challenge(*why))
        }
        Refused::Rule(Error::Forbidden { needs, .. }, _) if !needs.is_empty() => {
            let scope = needs.join(" ");
            let challenge =
                format!("Bearer realm=\"counterfoil\", error=\"insufficient_scope\", scope=\"{scope}\"");
            reply::with(reply, header::WWW_AUTHENTICATE, &challenge)
        }
        _ => reply,
    }
}

/// RFC 6750 section 3.1: without credentials no error code. Why one does not count is not told.
fn challenge(why: Unauthenticated) -> &'static str {
    match why {
        Unauthenticated::Missing => "Bearer realm=\"counterfoil\"",
        Unauthenticated::Expired | Unauthenticated::Invalid => {
            "Bearer realm=\"counterfoil\", error=\"invalid_token\""
        }
    }
}

fn kind(refused: &Refused) -> &'static str {
    match refused {
        Refused::Rule(error, _) => match error {
            Error::Invalid(_) => "invalid",
            Error::Unauthenticated(_) => "unauthenticated",
            Error::Forbidden { .. } => "forbidden",
            Error::NotFound(_) => "not-found",
            Error::Conflict(_) | Error::Itself(_) => "conflict",
            Error::Stale(_) => "stale",
            Error::TooMany { .. } => "too-many",
            Error::Unavailable(_) => "unavailable",
        },
        Refused::Path => "no-such-path",
        Refused::Method { .. } => "no-such-method",
        Refused::Realm(_) => "not-found",
        Refused::TooLong(_) | Refused::Head(..) => "too-long",
        Refused::Malformed(_) => "malformed",
        Refused::Broken => "broken",
    }
}
