//! What the gateway says of the request that it forwards. Whoever may ask a gate is believed, but some gateways pass on
//! what a caller wrote: where two headers speak of the same thing, they must agree.

use crate::forwarded;
use crate::origin::Origin;
use counterfoil_core::gate::Policy;
use http::request::Parts;
use http::{HeaderMap, HeaderName};
use std::net::IpAddr;

/// The request that wants to pass.
pub(super) struct Forwarded<'a> {
    pub(super) method: &'a str,
    /// Path and query.
    pub(super) target: &'a str,
    pub(super) address: Option<IpAddr>,
}

static METHODS: [HeaderName; 2] =
    [HeaderName::from_static("x-forwarded-method"), HeaderName::from_static("x-original-method")];
static TARGETS: [HeaderName; 3] = [
    HeaderName::from_static("x-forwarded-uri"),
    HeaderName::from_static("x-original-uri"),
    HeaderName::from_static("x-original-url"),
];

impl<'a> Forwarded<'a> {
    /// None, if it contradicts itself or says too little for this policy. `rest` is what stands below the gate's own
    /// path: Envoy's HTTP check puts the forwarded path there.
    pub(super) fn read(policy: &Policy, parts: &'a Parts, origin: &Origin, rest: &'a str) -> Option<Self> {
        let below = if rest.is_empty() {
            None
        } else {
            let target = parts.uri.path_and_query()?.as_str();
            target.get(parts.uri.path().len() - rest.len()..)
        };
        let target = one(&parts.headers, &TARGETS, below).ok()?;
        let method = one(&parts.headers, &METHODS, below.map(|_| parts.method.as_str())).ok()?;
        let address = origin.peer().map(|peer| forwarded::caller(peer, &parts.headers, &policy.callers));
        Self::said(policy, target, method, address)
    }

    /// The same, of what a gateway said on any wire. One that does not say what it forwards must not get past what only
    /// some requests need.
    pub(super) fn said(
        policy: &Policy,
        target: Option<&'a str>,
        method: Option<&'a str>,
        address: Option<IpAddr>,
    ) -> Option<Self> {
        let rules = &policy.rules;
        let by_method = rules.iter().any(|rule| !rule.methods.is_empty());
        if target.is_none() && !rules.is_empty() || method.is_none() && by_method {
            return None;
        }
        Some(Self { method: method.unwrap_or_default(), target: target.unwrap_or("/"), address })
    }
}

struct Contradiction;

/// The one value that all of these headers have, if any is there.
fn one<'a>(
    headers: &'a HeaderMap,
    names: &[HeaderName],
    given: Option<&'a str>,
) -> Result<Option<&'a str>, Contradiction> {
    let mut found = given;
    for value in names.iter().flat_map(|name| headers.get_all(name)) {
        let value = value.to_str().map_err(|_| Contradiction)?;
        // An empty one says nothing.
        if value.is_empty() {
            continue;
        }
        if found.is_some_and(|found| found != value) {
            return Err(Contradiction);
        }
        found = Some(value);
    }
    Ok(found)
}
