//! What the gateway says of the request that it forwards. Whoever may ask a gate is believed, but some gateways pass on
//! what a caller wrote: where two headers speak of the same thing, they must agree.

use crate::forwarded;
use crate::origin::Origin;
use counterfoil_core::gate::Policy;
use http::HeaderMap;
use http::request::Parts;
use std::net::IpAddr;

/// The request that wants to pass.
pub(super) struct Forwarded<'a> {
    pub(super) method: &'a str,
    /// Path and query.
    pub(super) target: &'a str,
    pub(super) address: Option<IpAddr>,
}

const METHODS: [&str; 2] = ["x-forwarded-method", "x-original-method"];
const TARGETS: [&str; 3] = ["x-forwarded-uri", "x-original-uri", "x-original-url"];

impl<'a> Forwarded<'a> {
    /// None, if it contradicts itself or says too little for this policy. `rest` is what stands below the gate's own
    /// path: Envoy's HTTP check puts the forwarded path there.
    pub(super) fn read(policy: &Policy, parts: &'a Parts, origin: &Origin, rest: &'a str) -> Option<Self> {
        let below = if rest.len() > 1 {
            let target = parts.uri.path_and_query()?.as_str();
            target.get(parts.uri.path().len() - rest.len()..)
        } else {
            None
        };
        let target = one(&parts.headers, &TARGETS, below).ok()?;
        let method = one(&parts.headers, &METHODS, below.map(|_| parts.method.as_str())).ok()?;
        // A gateway that does not say what it forwards must not get past what only some requests need.
        let rules = &policy.rules;
        let by_method = rules.iter().any(|rule| !rule.methods.is_empty());
        if target.is_none() && !rules.is_empty() || method.is_none() && by_method {
            return None;
        }
        let (target, method) = (target.unwrap_or("/"), method.unwrap_or(parts.method.as_str()));
        let address = origin.peer().map(|peer| forwarded::caller(peer, &parts.headers, &policy.callers));
        Some(Self { method, target, address })
    }
}

struct Contradiction;

/// The one value that all of these headers have, if any is there.
fn one<'a>(
    headers: &'a HeaderMap,
    names: &[&str],
    given: Option<&'a str>,
) -> Result<Option<&'a str>, Contradiction> {
    let mut found = given;
    for value in names.iter().flat_map(|name| headers.get_all(*name)) {
        let value = value.to_str().map_err(|_| Contradiction)?;
        if found.is_some_and(|found| found != value) {
            return Err(Contradiction);
        }
        found = Some(value);
    }
    Ok(found)
}
