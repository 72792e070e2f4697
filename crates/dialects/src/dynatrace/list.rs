//! `GET /apiTokens` (contract 4.2 and 5): the query, and the cursor that carries all of it.

use super::fields::{self, Fields};
use super::wire::{ApiToken, ApiTokenList};
use super::{selector, sort, v2};
use crate::dialect::{Answer, Call, Room};
use crate::refusal::Refused;
use crate::setting::{self, Setting};
use counterfoil_core::authority::{List, Listing};
use counterfoil_core::clock::{from_millis, to_millis};
use counterfoil_core::error::{Error, Violation};
use counterfoil_core::realm::RealmId;
use counterfoil_core::scope::Scope;
use counterfoil_core::store::{Position, TokenFilter};
use counterfoil_core::when::{self, When};
use http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What the query may hold besides `nextPageKey`. Any other name is ignored, as the vendor does: gateways add theirs,
/// and the credential may be among them.
const NAMES: [&str; 6] = ["pageSize", "apiTokenSelector", "fields", "from", "to", "sort"];
const CURSOR: &str = "nextPageKey";
/// The vendor's own minimum: pages that a person can read need smaller ones.
pub(super) const SMALLEST_PAGE: Setting<usize> =
    Setting { name: "smallest_page", usual: 100, read: setting::count };
const LARGEST: usize = 10_000;
const USUAL: usize = 200;
/// A longer selector would make a cursor that no request line can carry.
const LONGEST_SELECTOR: usize = 4_000;

/// The whole query of a list: what the cursor carries. Relative times are fixed on the first page.
#[derive(Serialize, Deserialize)]
struct Asked {
    size: usize,
    selector: Option<String>,
    fields: Fields,
    from: Option<i64>,
    to: Option<i64>,
    sort: Option<String>,
    after: Option<Position>,
}

/// Answers one page.
pub(super) fn index(room: &Room, call: Call) -> Answer<'_> {
    Box::pin(async move {
        let actor = call.actor()?;
        let query = Query::of(&call)?;
        let asked = match query.value(CURSOR) {
            None => Asked::read(&query, SMALLEST_PAGE.of(room), room.house.now())?,
            Some(cursor) => {
                query.alone()?;
                let position = room.house.position(actor, v2::LIST, cursor);
                let asked = position.and_then(|position| serde_json::from_slice(&position).ok());
                asked.ok_or_else(|| wrong(CURSOR, "must be a key that an earlier page gave"))?
            }
        };
        let listing = match asked.list(actor.realm())? {
            Some(list) => room.house.list(actor, &v2::VIEW, &list).await?,
            None => Listing { tokens: Vec::new(), total: 0, next: None },
        };
        let (size, fields) = (asked.size, asked.fields);
        let next_page_key = listing.next.map(|position| {
            let next = Asked { after: Some(position), ..asked };
            room.house.cursor(actor, v2::LIST, &serde_json::to_vec(&next).unwrap_or_default())
        });
        let api_tokens = listing.tokens.iter().map(|shown| ApiToken::of(shown, fields)).collect();
        let page = ApiTokenList { total_count: listing.total, page_size: size, next_page_key, api_tokens };
        Ok(super::json(StatusCode::OK, &page))
    })
}

impl Asked {
    fn read(query: &Query, smallest: usize, now: Timestamp) -> Result<Self, Refused> {
        let selector = query.value("apiTokenSelector");
        if selector.is_some_and(|text| text.len() > LONGEST_SELECTOR) {
            let why = format!("must be at most {LONGEST_SELECTOR} characters long");
            return Err(wrong("apiTokenSelector", why));
        }
        let named = query.value("fields").map(fields::parse).transpose();
        Ok(Self {
            size: query.value("pageSize").map_or(Ok(USUAL), |text| page_size(text, smallest))?,
            selector: selector.map(str::to_owned),
            fields: named.map_err(|why| wrong("fields", why))?.unwrap_or(Fields::listed()),
            from: query.instant("from", now)?,
            to: query.instant("to", now)?,
            sort: query.value("sort").map(str::to_owned),
            after: None,
        })
    }

    /// What to ask of the rules; nothing, if no token can be meant.
    fn list(&self, realm: RealmId) -> Result<Option<List>, Refused> {
        let selector = self.selector.as_deref().map(selector::parse).transpose();
        let selector = selector.map_err(|why| wrong("apiTokenSelector", why))?.unwrap_or_default();
        let sort = self.sort.as_deref().map_or(Ok(sort::DEFAULT), sort::parse);
        let (sort, descending) = sort.map_err(|why| wrong("sort", why))?;
        // No token has a word that is none: the others decide, and without others nothing matches.
        let any_scope: Vec<_> = selector.scopes.iter().filter_map(|word| Scope::parse(word).ok()).collect();
        if any_scope.is_empty() && !selector.scopes.is_empty() {
            return Ok(None);
        }
        let filter = TokenFilter {
            personal: selector.personal,
            any_scope,
            used_from: self.from.map(from_millis),
            used_to: self.to.map(from_millis),
            ..TokenFilter::of(realm)
        };
        let (owner, after) = (selector.owner, self.after.clone());
        Ok(Some(List { filter, owner, sort, descending, after, limit: self.size }))
    }
}

fn page_size(text: &str, smallest: usize) -> Result<usize, Refused> {
    let why = match text.parse::<usize>() {
        Ok(size) if size < smallest => format!("must be greater than or equal to {smallest}"),
        Ok(size) if size > LARGEST => format!("must be less than or equal to {LARGEST}"),
        Ok(size) => return Ok(size),
        Err(_) => "must be a number".to_owned(),
    };
    Err(wrong("pageSize", why))
}

/// The names and values of the query.
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    /// Of this call; a name that is known here at most once.
    fn of(call: &Call) -> Result<Self, Refused> {
        let query = Self::repeating(call)?;
        let twice = NAMES.iter().chain([&CURSOR]).find(|name| query.values(name).count() > 1);
        twice.map_or(Ok(query), |name| Err(wrong(name, "must be given once")))
    }

    /// Of this call.
    pub(super) fn repeating(call: &Call) -> Result<Self, Refused> {
        call.query().map(Self)
    }

    /// The values of a name.
    pub(super) fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(given, _)| given == name).map(|(_, value)| value.as_str())
    }

    /// The first value of a name.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
    }

    /// An instant in the time grammar, in milliseconds.
    pub(super) fn instant(&self, name: &str, now: Timestamp) -> Result<Option<i64>, Refused> {
        match self.value(name).map(|text| when::parse(text, now)).transpose() {
            Ok(None) => Ok(None),
            Ok(Some(When::At(at))) => Ok(Some(to_millis(at).as_millisecond())),
            Ok(Some(When::Never)) => Err(wrong(name, "must be an instant")),
            Err(why) => Err(wrong(name, why)),
        }
    }

    /// Refuses whatever stands beside a cursor.
    fn alone(&self) -> Result<(), Refused> {
        let why = "must not be used in combination with nextPageKey query parameter.";
        let beside: Vec<_> = NAMES
            .iter()
            .filter(|name| self.value(name).is_some())
            .map(|name| Violation { field: (*name).to_owned(), why: why.to_owned() })
            .collect();
        if beside.is_empty() { Ok(()) } else { Err(Refused::query(Error::Invalid(beside))) }
    }
}

/// One wrong parameter.
pub(super) fn wrong(name: &str, why: impl Into<String>) -> Refused {
    Refused::query(Error::invalid(name, why))
}
