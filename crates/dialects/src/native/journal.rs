//! Reading the journal.

use super::query::{Query, instant};
use super::route;
use super::wire::Page;
use super::wire::journal::{Entry, JournalQuery};
use crate::dialect::{Answer, Call, Doc, Needs, Room, Route};
use crate::openapi::{inline, named};
use crate::refusal::Refused;
use crate::reply;
use counterfoil_core::authority::{self, Line};
use counterfoil_core::error::Error;
use counterfoil_core::journal::Action;
use counterfoil_core::when::iso;
use http::{Method, StatusCode};

pub(super) fn routes() -> Vec<Route> {
    let doc = Doc::new("Read the journal in order; the next page is `?after=` its last sequence", 200)
        .query(inline::<JournalQuery>)
        .reply(named::<Page<Entry>>);
    vec![route(Method::GET, "/v1/journal", Needs::Scope(&["counterfoil.journal.read"]), index, doc)]
}

fn index(room: &Room, call: Call) -> Answer<'_> {
    Box::pin(async move {
        let now = room.house.now();
        let mut query = Query::of(&call)?;
        let action = query.take("action")?.map(|word| {
            let unknown = || Refused::query(Error::invalid("action", "is not an action; one is token.issue"));
            Action::parse(&word).ok_or_else(unknown)
        });
        let (from, to) = (query.take("from")?, query.take("to")?);
        let asked = authority::JournalQuery {
            after: query.number("after")?.unwrap_or(0),
            action: action.transpose()?,
            subject: query.take("subject")?,
            actor: query.take("actor")?,
            from: instant("from", from.as_deref(), now).map_err(Refused::query)?,
            to: instant("to", to.as_deref(), now).map_err(Refused::query)?,
            limit: query.limit()?,
        };
        query.finish()?;
        let items: Vec<Entry> =
            room.house.journal(call.actor()?, &asked).await?.into_iter().map(Entry::from).collect();
        Ok(reply::json(StatusCode::OK, &Page { items, total: None, next: None }))
    })
}

impl From<Line> for Entry {
    fn from(line: Line) -> Self {
        let Line { entry, realm, actor } = line;
        Self {
            sequence: entry.sequence,
            at: iso(entry.at),
            realm: realm.to_string(),
            actor: actor.map(|name| name.to_string()),
            credential: entry.credential.map(|id| id.to_string()),
            action: entry.action.as_str().to_owned(),
            subject: entry.subject,
            detail: entry.detail,
        }
    }
}
