//! The gateway: `/check/{gate}`, which gateways ask before they forward a request (nginx `auth_request`, Caddy
//! `forward_auth`, Traefik ForwardAuth, Envoy `ext_authz`), and the same question over gRPC. It answers 2xx, 401 or 403
//! (429 if the gate says so) and takes policy from the gate alone: never from a query, never from a header that a caller
//! could have written.

mod forwarded;
mod grpc;
#[rustfmt::skip]
#[expect(missing_docs, clippy::pedantic, reason = "made of Envoy's definition")]
pub mod messages;
mod places;

use crate::dialect::{Answering, Dialect, Pass, Reply, Room, Route};
use crate::origin::Origin;
use crate::refusal::Refusal;
use crate::{rates, reply};
use bytes::Bytes;
use counterfoil_core::authority::{Check, Grant, Limited, Passage};
use counterfoil_core::gate::{Fact, Gate, Place, Policy, canonical};
use counterfoil_core::index::roster::GateFacts;
use counterfoil_core::scope::ScopeSet;
use forwarded::Forwarded;
use http::StatusCode;
use http::header::{HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use http::request::Parts;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use places::Unclear;
use std::borrow::Cow;
use std::sync::Arc;

/// The gateway checks.
pub const DIALECT: Dialect = Dialect {
    name: "gateway",
    formats: &[],
    keys: None,
    signs: &[],
    words: &[],
    prefixes: &[],
    mints: &[],
    limit: None,
    settings: &[],
    territory: &[CHECK, grpc::SERVICE],
    pass: &[
        Pass { below: CHECK, route: "/check/{gate}", answer: Answering::Head(check) },
        Pass { below: grpc::SERVICE, route: grpc::ROUTE, answer: Answering::Whole(grpc::answer) },
    ],
    routes,
    presented: |_| None,
    refuse,
};

const CHECK: &str = "/check/";

fn routes() -> Vec<Route> {
    Vec::new()
}

/// A refusal from before the gate was asked: 403, since gateways turn most other statuses into errors of their own.
fn refuse(room: &Room, refusal: &Refusal) -> Reply {
    if grpc::speaks(room, &refusal.path) {
        return grpc::refuse(&refusal.refused);
    }
    shut(StatusCode::FORBIDDEN, &refusal.refused.sentence())
}

fn check(room: &Room, parts: &Parts, origin: &Origin) -> Reply {
    let below = parts.uri.path().strip_prefix(&*room.prefix).and_then(|path| path.strip_prefix(CHECK));
    let (gate, rest) = below.map_or(("", ""), |below| match below.find('/') {
        Some(slash) => below.split_at(slash),
        None => (below, ""),
    });
    let question = Question {
        gate,
        forwarded: &|policy| Forwarded::read(policy, parts, origin, rest),
        header: &|name| places::only(&parts.headers, name),
    };
    match decide(room, origin, &question) {
        Ruling::Open(gate, grant) => open(&gate, &grant),
        Ruling::Shut(reply) => reply,
    }
}

/// What a gateway asks, whichever wire it came by.
struct Question<'a> {
    gate: &'a str,
    /// What it forwards; none, if it does not say so clearly enough for this policy.
    forwarded: &'a dyn Fn(&Policy) -> Option<Forwarded<'a>>,
    /// The value of a header of that request, by its name in lower case.
    header: &'a dyn Fn(&str) -> Result<Option<&'a str>, Unclear>,
}

enum Ruling {
    Open(Arc<GateFacts>, Grant),
    /// What the caller is told.
    Shut(Reply),
}

/// The one decision; `origin` says who asks.
fn decide(room: &Room, origin: &Origin, question: &Question<'_>) -> Ruling {
    // Whether a gate is there is nobody's business who may not ask it.
    let unknown = || Ruling::Shut(shut(StatusCode::FORBIDDEN, "no gate of this name answers here"));
    let Some(gate) = room.house.gate(question.gate) else { return unknown() };
    if !origin.peer().is_none_or(|peer| gate.policy.admits(peer)) {
        return unknown();
    }
    let forbidden = |why| Ruling::Shut(shut(StatusCode::FORBIDDEN, why));
    let Some(forwarded) = (question.forwarded)(&gate.policy) else {
        return forbidden("the gateway does not say, or not clearly, what it forwards");
    };
    let Some(path) = canonical(forwarded.target) else {
        return forbidden("the forwarded path can be read in two ways");
    };
    let Some(text) = places::text(&gate.policy, question.header, forwarded.target) else {
        let missing = challenge(&gate, StatusCode::UNAUTHORIZED, "", "no credential was presented");
        return Ruling::Shut(missing);
    };
    let check = Check { method: forwarded.method, path: &path, address: forwarded.address };
    Ruling::Shut(match room.house.check(&gate, &text, &check) {
        Passage::Open(grant) => return Ruling::Open(gate, grant),
        Passage::Lacks(needs) => lacks(&gate, &needs),
        Passage::Limited(by) => limited(&gate, &by),
        Passage::Shut => {
            let error = ", error=\"invalid_token\"";
            challenge(&gate, StatusCode::UNAUTHORIZED, error, "the credential does not count")
        }
    })
}

/// Every header that the gate owns is set, so that none of a caller's own gets through.
fn open(gate: &Gate, grant: &Grant) -> Reply {
    let mut reply = reply::empty(StatusCode::OK);
    reply.headers_mut().reserve(gate.policy.set.len());
    for (header, value) in facts(gate, grant) {
        if let (Some(name), Ok(value)) = (name(header), HeaderValue::from_str(&value)) {
            reply.headers_mut().insert(name, value);
        }
    }
    rates::told(reply, grant.left())
}

/// The names that a gate sets unless it is told otherwise, read once.
static USUAL: [HeaderName; 6] = [
    HeaderName::from_static("x-auth-subject"),
    HeaderName::from_static("x-auth-username"),
    HeaderName::from_static("x-auth-token"),
    HeaderName::from_static("x-auth-realm"),
    HeaderName::from_static("x-auth-dialect"),
    HeaderName::from_static("x-auth-scopes"),
];

fn name(header: &str) -> Option<HeaderName> {
    USUAL.iter().find(|usual| *usual == header).cloned().or_else(|| header.parse().ok())
}

/// The headers that the service behind is told.
fn facts<'a>(gate: &'a Gate, grant: &'a Grant) -> impl Iterator<Item = (&'a str, Cow<'a, str>)> {
    gate.policy.set.iter().map(|(header, fact)| (header.as_str(), told(grant, *fact)))
}

const UNSAFE: &AsciiSet = &CONTROLS.add(b'%');

/// A fact as a header's value: what is not ASCII is percent-encoded UTF-8, and so is the percent sign.
fn told(grant: &Grant, fact: Fact) -> Cow<'_, str> {
    match fact {
        Fact::Subject => grant.standing().id.0.to_string().into(),
        Fact::Username => utf8_percent_encode(&grant.standing().username, UNSAFE).into(),
        Fact::Id => utf8_percent_encode(grant.id(), UNSAFE).into(),
        Fact::Name => utf8_percent_encode(grant.name().unwrap_or_default(), UNSAFE).into(),
        Fact::Realm => (&*grant.realm().slug).into(),
        Fact::Dialect => grant.dialect().into(),
        Fact::Scopes => grant.scopes().to_text().into(),
        Fact::Expires => grant.expires().map(|at| at.as_second().to_string()).unwrap_or_default().into(),
    }
}

fn lacks(gate: &Gate, needs: &ScopeSet) -> Reply {
    let error = format!(", error=\"insufficient_scope\", scope=\"{}\"", needs.to_text());
    challenge(gate, StatusCode::FORBIDDEN, &error, "the credential lacks a scope that this needs")
}

fn limited(gate: &Gate, by: &Limited) -> Reply {
    let status = StatusCode::from_u16(gate.policy.on_limit.status()).unwrap_or(StatusCode::FORBIDDEN);
    let reply = rates::told(shut(status, "the credential has been used too often"), &by.left);
    let seconds = by.wait.as_secs();
    if seconds > 0 { reply::with(reply, RETRY_AFTER, &seconds.to_string()) } else { reply }
}

/// With what a caller should come (RFC 6750 section 3, RFC 7617 section 2).
fn challenge(gate: &Gate, status: StatusCode, error: &str, why: &str) -> Reply {
    let mut reply = shut(status, why);
    let places = &gate.policy.places;
    let basic = places.contains(&Place::Basic);
    if basic {
        let value = HeaderValue::from_static("Basic realm=\"counterfoil\", charset=\"UTF-8\"");
        reply.headers_mut().append(WWW_AUTHENTICATE, value);
    }
    if (!basic || places.contains(&Place::Bearer))
        && let Ok(value) = HeaderValue::try_from(format!("Bearer realm=\"counterfoil\"{error}"))
    {
        reply.headers_mut().append(WWW_AUTHENTICATE, value);
    }
    reply
}

fn shut(status: StatusCode, why: &str) -> Reply {
    let title = status.canonical_reason().unwrap_or_default();
    let body = format!(
        "{{\"type\":\"about:blank\",\"title\":\"{title}\",\"status\":{},\"detail\":\"{why}\"}}",
        status.as_u16()
    );
    reply::whole(status, "application/problem+json", Bytes::from(body))
}
