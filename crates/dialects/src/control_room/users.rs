//! `/v1/usermanagement/users` and `/v2/…` (contract 10): as much of user management as clients need after a login.
//! Everybody sees themself; others are seen with the permission to view users.

use super::filter::{self, Filter};
use super::read::Fields;
use super::wire::{Int64, Integer, Page, User, Users};
use super::{route, words};
use crate::dialect::{Answer, Call, Doc, Needs, Room, Route};
use crate::openapi::named;
use crate::refusal::Refused;
use crate::reply;
use counterfoil_core::authority::Which;
use counterfoil_core::error::Error;
use http::{Method, StatusCode};
use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::Value;

/// Who sees all users: by the vendor's permission, or by ours.
const SEE_ALL: &[&str] = &[words::VIEW_USERS, "counterfoil.principals.read", "counterfoil.principals.write"];
/// How long a page is for which nobody named a length.
const USUAL: usize = 1_000;

pub(super) fn routes() -> Vec<Route> {
    const ANY: Needs = Needs::Anybody;
    let list = || Doc::new("List users", 200).body(search).reply(named::<Users>);
    let one = Doc::new("Show a user", 200);
    vec![
        route(Method::POST, "/v1/usermanagement/users/list", ANY, index::<u64>, list()),
        route(Method::POST, "/v2/usermanagement/users/list", ANY, index::<Int64>, list()),
        route(Method::GET, "/v1/usermanagement/users/{id}", ANY, get::<u64>, one.reply(named::<User<u64>>)),
        route(
            Method::GET,
            "/v2/usermanagement/users/{id}",
            ANY,
            get::<Int64>,
            one.reply(named::<User<Int64>>),
        ),
    ]
}

fn search(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "object", "properties": {
        "filter": { "type": ["object", "null"] },
        "sort": { "type": ["array", "null"] },
        "page": { "type": ["object", "null"], "properties": {
            "offset": { "type": "integer", "minimum": 0 },
            "length": { "type": "integer", "minimum": 1, "default": USUAL },
        } },
    } })
}

fn get<N: Integer>(room: &Room, call: Call) -> Answer<'_> {
    Box::pin(async move {
        // A number that nobody can have is asked for like any other, so that strangers hear the same.
        let number = call.param("id").parse().unwrap_or(u64::MAX);
        let found = room.house.person(call.actor()?, &Which::Number(number), SEE_ALL).await;
        let person = found.map_err(|error| match error {
            Error::NotFound(_) => Refused::path(Error::NotFound("user")),
            error => error.into(),
        })?;
        Ok(reply::json(StatusCode::OK, &User::<N>::managed(person)))
    })
}

fn index<N: Integer>(room: &Room, call: Call) -> Answer<'_> {
    Box::pin(async move {
        let mut fields = Fields::of_any(&call.body)?;
        let filter = Filter::read(&fields.take("filter").unwrap_or_default())?;
        let orders = fields.take("sort").unwrap_or_default();
        let page = fields.take("page").unwrap_or_default();
        let (offset, length) = (count(&page, "offset")?.unwrap_or(0), count(&page, "length")?);
        let length = length.filter(|length| *length > 0).unwrap_or(USUAL);

        let people = room.house.people(call.actor()?, SEE_ALL).await?;
        let total = people.len();
        let mut list = Vec::new();
        for person in people {
            let user = serde_json::to_value(User::<N>::managed(person)).map_err(Error::unavailable)?;
            if filter.as_ref().map_or(Ok(true), |filter| filter.admits(&user))? {
                list.push(user);
            }
        }
        filter::sort(&mut list, &orders)?;
        let total_filter = list.len();
        let list = list.into_iter().skip(offset).take(length).collect();
        Ok(reply::json(StatusCode::OK, &Users { page: Page { offset, total, total_filter }, list }))
    })
}

/// A count, as a number or in digits.
fn count(page: &Value, name: &str) -> Result<Option<usize>, Error> {
    let number = match page.get(name) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) => text.parse().ok(),
        Some(value) => value.as_u64().and_then(|number| usize::try_from(number).ok()),
    };
    number.map(Some).ok_or_else(|| Error::invalid(format!("page.{name}"), "must be a count"))
}
