//! The calls below `/api/v2` that clients make to get through their login (contract 1.4), and the reset of one's keys.
//! All of a realm share its limit, as the users of an account do with the vendor.

use super::{KEYS, READ, WRITE, route};
use crate::dialect::{Answer, Call, Doc, Needs, Room, Route};
use crate::openapi::named;
use crate::reply;
use counterfoil_core::authority::Whose;
use counterfoil_core::error::Error;
use counterfoil_core::limit::Limit;
use counterfoil_core::when::iso;
use http::{Method, StatusCode};
use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

const WITHIN: SignedDuration = SignedDuration::from_mins(1);
/// All calls, and those that change something.
const CALLS: (&str, Limit) = ("datto-rmm", Limit { most: 600, within: WITHIN });
const WRITES: (&str, Limit) = ("datto-rmm writes", Limit { most: 600, within: WITHIN });
const RESETS: (&str, Limit) = ("datto-rmm user-reset-keys", Limit { most: 100, within: WITHIN });
/// From which part of the limit on clients slow down by themselves.
const CUT_OFF: f64 = 0.9;
/// The release of the vendor's API that we speak.
const RELEASE: &str = "2.0.0";
/// The longest page.
const PAGE: u32 = 250;

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "DattoStatus")]
struct SystemStatus {
    version: &'static str,
    status: &'static str,
    started: String,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "DattoPagination")]
struct Pagination {
    max: u32,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "DattoRequestRate")]
#[serde(rename_all = "camelCase")]
struct RequestRate {
    sliding_time_window_size_seconds: i64,
    account_uid: String,
    account_count: usize,
    account_rate_limit: usize,
    account_cut_off_ratio: f64,
    account_write_rate_limit: usize,
    account_write_count: usize,
    operation_write_status: Operations,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "DattoOperations")]
#[serde(rename_all = "kebab-case")]
struct Operations {
    user_reset_keys: Operation,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "DattoOperation")]
struct Operation {
    limit: usize,
    count: usize,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "DattoAccount")]
#[serde(rename_all = "camelCase")]
struct Account {
    id: u32,
    name: String,
    uid: String,
    currency: &'static str,
    descriptor: Descriptor,
    devices_status: DevicesStatus,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "DattoDescriptor")]
#[serde(rename_all = "camelCase")]
struct Descriptor {
    /// The vendor spells it so.
    biling_email: &'static str,
    device_limit: u32,
    time_zone: &'static str,
}

/// There are no devices here.
#[derive(Default, Serialize, JsonSchema)]
#[schemars(rename = "DattoDevicesStatus")]
#[expect(clippy::struct_field_names, reason = "the names of the vendor")]
#[serde(rename_all = "camelCase")]
struct DevicesStatus {
    number_of_devices: u32,
    number_of_online_devices: u32,
    number_of_offline_devices: u32,
    number_of_on_demand_devices: u32,
    number_of_managed_devices: u32,
}

/// A user's new key.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "DattoAuthUserKey")]
#[serde(rename_all = "camelCase")]
pub struct AuthUserKey {
    /// The key.
    pub api_access_key: String,
    /// Its secret; it appears in this answer only.
    pub api_secret_key: String,
    /// Whose it is.
    pub user_name: String,
}

/// What a client asks to get through its login needs no scope.
pub(super) fn routes() -> Vec<Route> {
    let status_doc = Doc::new("Say that the service is there", 200).reply(named::<SystemStatus>);
    let rate_doc = Doc::new("Show how many calls the account has made", 200).reply(named::<RequestRate>);
    let page_doc = Doc::new("Show how long pages may be", 200).reply(named::<Pagination>);
    let account_doc = Doc::new("Show the account", 200).reply(named::<Account>);
    let reset_doc = Doc::new("Replace one's own API key; the old one ends, with its access tokens", 200)
        .reply(named::<AuthUserKey>);
    vec![
        route(Method::GET, "/api/v2/system/status", Needs::Nobody, status, status_doc),
        route(Method::GET, "/api/v2/system/request_rate", Needs::Anybody, request_rate, rate_doc),
        route(Method::GET, "/api/v2/system/pagination", Needs::Anybody, pagination, page_doc),
        route(Method::GET, "/api/v2/account", Needs::Scope(&[READ]), account, account_doc),
        route(Method::POST, "/api/v2/user/resetApiKeys", Needs::Scope(&[WRITE]), reset, reset_doc),
    ]
}

/// Whoever asks, with or without a token, also one that does not count.
fn status(room: &Room, _: Call) -> Answer<'_> {
    Box::pin(async move {
        let started = iso(room.house.since());
        Ok(json(&SystemStatus { version: RELEASE, status: "OK", started }))
    })
}

fn request_rate(room: &Room, call: Call) -> Answer<'_> {
    Box::pin(async move {
        let count = counted(room, &call, CALLS)?;
        let shown = |(what, limit)| room.house.allowance(Whose::Realm(call.realm.id), what, limit).made();
        let reset = Operation { limit: RESETS.1.most, count: shown(RESETS) };
        Ok(json(&RequestRate {
            sliding_time_window_size_seconds: WITHIN.as_secs(),
            account_uid: call.realm.uuid.to_string(),
            account_count: count,
            account_rate_limit: CALLS.1.most,
            account_cut_off_ratio: CUT_OFF,
            account_write_rate_limit: WRITES.1.most,
            account_write_count: shown(WRITES),
            operation_write_status: Operations { user_reset_keys: reset },
        }))
    })
}

fn pagination(room: &Room, call: Call) -> Answer<'_> {
    Box::pin(async move {
        counted(room, &call, CALLS)?;
        Ok(json(&Pagination { max: PAGE }))
    })
}

fn account(room: &Room, call: Call) -> Answer<'_> {
    Box::pin(async move {
        counted(room, &call, CALLS)?;
        Ok(json(&Account {
            id: call.realm.id.0,
            name: call.realm.slug.to_string(),
            uid: call.realm.uuid.to_string(),
            currency: "USD",
            descriptor: Descriptor { biling_email: "", device_limit: 0, time_zone: "UTC" },
            devices_status: DevicesStatus::default(),
        }))
    })
}

fn reset(room: &Room, call: Call) -> Answer<'_> {
    Box::pin(async move {
        for what in [CALLS, WRITES, RESETS] {
            counted(room, &call, what)?;
        }
        let made = room.house.reset_key(call.actor()?, &KEYS.rules).await?;
        Ok(json(&AuthUserKey {
            api_access_key: made.id.to_string(),
            api_secret_key: made.text.reveal().to_owned(),
            user_name: made.principal,
        }))
    })
}

fn counted(room: &Room, call: &Call, (what, limit): (&'static str, Limit)) -> Result<usize, Error> {
    let (allowance, counted) = room.house.count_call(Whose::Realm(call.realm.id), what, limit);
    counted.map(|()| allowance.made())
}

fn json(body: &impl Serialize) -> crate::dialect::Reply {
    reply::typed(StatusCode::OK, super::JSON, body)
}
