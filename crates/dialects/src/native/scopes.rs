//! The catalogue of known permission words.

use super::query::Query;
use super::route;
use super::wire::{Page, Scope};
use crate::dialect::{Answer, Call, Doc, Needs, Room, Route};
use crate::openapi::named;
use crate::reply;
use http::{Method, StatusCode};
use schemars::json_schema;

pub(super) fn routes() -> Vec<Route> {
    let doc = Doc::new("List known permission words; any other well-formed word is the customer's own", 200)
        .query(|_| json_schema!({ "properties": { "dialect": { "type": "string" } } }))
        .reply(named::<Page<Scope>>);
    vec![route(Method::GET, "/v1/scopes", Needs::Anybody, index, doc)]
}

fn index(room: &Room, call: Call) -> Answer<'_> {
    Box::pin(async move {
        let mut query = Query::of(&call)?;
        let dialect = query.take("dialect")?;
        query.finish()?;
        let vocabularies = room.house.catalogue().vocabularies().iter();
        let wanted = vocabularies
            .filter(|vocabulary| dialect.as_deref().is_none_or(|name| name == vocabulary.dialect));
        let items: Vec<Scope> = wanted
            .flat_map(|vocabulary| {
                vocabulary.words.iter().filter(|word| word.creatable).map(|word| Scope {
                    word: word.word.to_owned(),
                    dialect: vocabulary.dialect.to_owned(),
                    scopes: word.scopes.iter().map(ToString::to_string).collect(),
                    title: word.title.to_owned(),
                    personal: word.personal,
                })
            })
            .collect();
        Ok(reply::json(StatusCode::OK, &Page { total: Some(items.len() as u64), items, next: None }))
    })
}
