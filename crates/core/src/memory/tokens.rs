//! Which tokens a filter lets through and in what order they come: the meaning that every store's query language has
//! to reproduce. Pure comparisons; nothing is kept here.
//!
//! An expiry of never lies after every instant, a change or use of never before every instant. Names and ids compare
//! bytewise. Ties are broken by id, in the same direction as the sort.

use crate::scope::{ALL, Scope};
use crate::store::{Position, SortBy, SortValue, TokenFilter};
use crate::token::Token;
use jiff::Timestamp;
use std::cmp::Ordering;

/// Whether every criterion of the filter holds.
pub(super) fn lets_through(filter: &TokenFilter, token: &Token) -> bool {
    let used = token.last_used.map(|used| used.at);
    let holds = |scope: &Scope| token.scopes.covers(scope.as_str());
    token.realm == filter.realm
        && token.purpose == filter.purpose
        && filter.dialect.as_ref().is_none_or(|dialect| *token.dialect == **dialect)
        && filter.principal.is_none_or(|principal| token.principal == principal)
        && filter.name.as_ref().is_none_or(|part| token.name.contains(part.as_str()))
        && (filter.any_scope.is_empty() || token.scopes.contains(ALL) || filter.any_scope.iter().any(holds))
        && filter.all_scopes.iter().all(holds)
        && filter.personal.is_none_or(|personal| token.personal == personal)
        && filter.state.is_none_or(|(state, now)| token.state(now) == state)
        && !(filter.unrevoked && token.revoked.is_some())
        && filter.expires_before.is_none_or(|end| token.expires.is_some_and(|expires| expires < end))
        && filter.unused_since.is_none_or(|since| used.is_none_or(|used| used < since))
        && filter.used_from.is_none_or(|from| used.is_some_and(|used| from <= used))
        && filter.used_to.is_none_or(|to| used.is_some_and(|used| used <= to))
        && filter.created_to.is_none_or(|to| token.created <= to)
}

/// The order in which two tokens stand in an ascending list.
pub(super) fn order(sort: SortBy, one: &Token, other: &Token) -> Ordering {
    let by_value = match sort {
        SortBy::Name => one.name.cmp(&other.name),
        _ => time_of(sort, one).cmp(&time_of(sort, other)),
    };
    by_value.then_with(|| one.id.cmp(&other.id))
}

/// Where a token stands to the last row of the page before, in an ascending list.
pub(super) fn order_to(sort: SortBy, token: &Token, position: &Position) -> Ordering {
    let by_value = match &position.value {
        SortValue::Name(name) => token.name.as_ref().cmp(name),
        SortValue::Time(time) => time_of(sort, token).cmp(&time.unwrap_or(never(sort))),
    };
    by_value.then_with(|| token.id.as_ref().cmp(&position.id))
}

fn time_of(sort: SortBy, token: &Token) -> i64 {
    let time = match sort {
        SortBy::Name | SortBy::Created => Some(token.created),
        SortBy::Expires => token.expires,
        SortBy::Modified => token.modified,
        SortBy::LastUsed => token.last_used.map(|used| used.at),
    };
    time.map_or(never(sort), Timestamp::as_millisecond)
}

fn never(sort: SortBy) -> i64 {
    if sort == SortBy::Expires { i64::MAX } else { i64::MIN }
}
