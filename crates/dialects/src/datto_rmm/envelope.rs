//! Refusals as Spring Security OAuth words them, which is what the vendor runs (contract 1.3, 1.4). What no public source
//! settles is worded here, and only here.

use crate::dialect::{Reply, Room};
use crate::refusal::{Refusal, Refused};
use crate::reply;
use counterfoil_core::error::{Error, Unauthenticated};
use http::{StatusCode, header};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// A code and a sentence, as they stand in the body.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fault {
    status: StatusCode,
    error: &'static str,
    description: &'static str,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Envelope<'a> {
    #[serde(borrow)]
    pub(super) error: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) error_description: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
}

const MISSING: &str = "Full authentication is required to access this resource";

impl Fault {
    /// Whatever is wrong with key and secret, it is this. 401 here would make .NET send the secret once more.
    pub(super) const BAD_CREDENTIALS: Self = Self::new("invalid_grant", "Bad credentials");
    /// The form does not say what it wants.
    pub(super) const NO_GRANT_TYPE: Self = Self::request("Missing grant type");
    /// It wants what there is not.
    pub(super) const OTHER_GRANT_TYPE: Self = Self::new("unsupported_grant_type", "Unsupported grant type");
    /// No client credentials came.
    pub(super) const NO_CLIENT: Self = Self::client("unauthorized", MISSING);
    /// Others than the public client's came.
    pub(super) const BAD_CLIENT: Self = Self::client("unauthorized", "Bad credentials");
    /// The form names another client than the header.
    pub(super) const OTHER_CLIENT: Self = Self::client("invalid_client", "Bad client credentials");

    const fn new(error: &'static str, description: &'static str) -> Self {
        Self { status: StatusCode::BAD_REQUEST, error, description }
    }

    /// A request that is not as it must be.
    pub(super) const fn request(description: &'static str) -> Self {
        Self::new("invalid_request", description)
    }

    const fn client(error: &'static str, description: &'static str) -> Self {
        Self { status: StatusCode::UNAUTHORIZED, error, description }
    }
}

/// The token endpoint's refusals. Without the challenge no PowerShell client ever sends its credentials.
impl From<Fault> for Reply {
    fn from(fault: Fault) -> Self {
        let reply = worded(fault.status, fault.error, fault.description, None);
        let reply = reply::with(reply, header::PRAGMA, "no-cache");
        if fault.status == StatusCode::UNAUTHORIZED {
            return reply::with(reply, header::WWW_AUTHENTICATE, "Basic realm=\"oauth2/client\"");
        }
        reply
    }
}

/// Words a refusal.
pub(super) fn refuse(_: &Room, refusal: &Refusal) -> Reply {
    let refused = &refusal.refused;
    match refused {
        Refused::Rule(Error::Unauthenticated(why), _) => stranger(*why),
        Refused::Rule(Error::Forbidden { needs, .. }, _) => lacking(needs),
        Refused::Rule(Error::Conflict(_) | Error::Stale(_), _) => worded(
            StatusCode::CONFLICT,
            "conflict",
            "Request aborted due to concurrent write access to this record.",
            None,
        ),
        Refused::Method { asked, .. } => {
            let why = format!("Request method '{asked}' not supported");
            worded(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", &why, None)
        }
        _ => worded(refused.status(), code(refused.status()), &refused.sentence(), None),
    }
}

/// The token itself is never repeated, though the vendor's server does.
fn stranger(why: Unauthenticated) -> Reply {
    let (error, description) = match why {
        Unauthenticated::Missing => ("unauthorized", MISSING),
        Unauthenticated::Expired => ("invalid_token", "Access token expired"),
        Unauthenticated::Invalid => ("invalid_token", "Invalid access token"),
    };
    let challenge = format!("Bearer realm=\"oauth\", error=\"{error}\", error_description=\"{description}\"");
    let reply = worded(StatusCode::UNAUTHORIZED, error, description, None);
    reply::with(reply, header::WWW_AUTHENTICATE, &challenge)
}

/// Clients take a 403 for a block of their address, and sleep, if its body says "rate" or "blocked" (contract 1.4): only
/// our own words are named.
fn lacking(needs: &[String]) -> Reply {
    let (error, description) = ("insufficient_scope", "Insufficient scope for this resource");
    let ours: Vec<_> = needs.iter().filter(|word| word.starts_with("datto-rmm.")).cloned().collect();
    let scope = Some(ours.join(" ")).filter(|words| !words.is_empty());
    let mut challenge =
        format!("Bearer realm=\"oauth\", error=\"{error}\", error_description=\"{description}\"");
    if let Some(scope) = &scope {
        challenge = format!("{challenge}, scope=\"{scope}\"");
    }
    let reply = worded(StatusCode::FORBIDDEN, error, description, scope);
    reply::with(reply, header::WWW_AUTHENTICATE, &challenge)
}

fn code(status: StatusCode) -> &'static str {
    match status {
        StatusCode::NOT_FOUND => "not_found",
        StatusCode::TOO_MANY_REQUESTS => "too_many_requests",
        StatusCode::SERVICE_UNAVAILABLE => "temporarily_unavailable",
        status if status.is_server_error() => "server_error",
        _ => "invalid_request",
    }
}

fn worded(status: StatusCode, error: &str, error_description: &str, scope: Option<String>) -> Reply {
    reply::typed(
        status,
        super::JSON,
        &Envelope { error: error.into(), error_description: error_description.into(), scope },
    )
}
