//! The doorway itself, whatever the dialect.

use crate::support::{SOMEWHERE, World};
use bytes::Bytes;
use counterfoil_dialects::origin::Origin;
use http::Request;
use http_body_util::{BodyExt as _, Full};
use std::collections::BTreeMap;

/// It is allocated and moved for each of them: what few requests need has a place of its own.
#[tokio::test]
async fn what_answers_a_request_is_small() {
    let world = World::create(BTreeMap::new()).await;
    let body = Full::new(Bytes::new()).map_err(|never| match never {}).boxed_unsync();
    let answer = world.doorway.answer(Request::new(body), Origin::direct(SOMEWHERE));
    assert!(size_of_val(&answer) <= 2_560, "{} bytes", size_of_val(&answer));
}
