//! What is left of limits, as headers (draft-ietf-httpapi-ratelimit-headers-10).

use crate::dialect::Reply;
use crate::reply;
use counterfoil_core::authority::Left;
use http::HeaderName;
use std::fmt::Write as _;

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const LIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// The reply with `RateLimit-Policy` and `RateLimit`, if any limit holds.
pub(crate) fn told(answer: Reply, left: &[Left]) -> Reply {
    if left.is_empty() {
        return answer;
    }
    let (mut policies, mut rates) = (String::new(), String::new());
    for one in left {
        let comma = if policies.is_empty() { "" } else { ", " };
        // Writing to a text cannot fail.
        let _ = write!(policies, "{comma}\"{}\";q={}", one.policy, one.most);
        if let Some(per) = one.per {
            let _ = write!(policies, ";w={}", per.as_secs());
        }
        let _ = write!(rates, "{comma}\"{}\";r={}", one.policy, one.left);
        if !one.eases.is_zero() {
            let _ = write!(rates, ";t={}", one.eases.as_secs());
        }
    }
    reply::with(reply::with(answer, POLICY, &policies), LIMIT, &rates)
}
