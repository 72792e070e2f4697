//! Which tokens, and in what order.

use super::{Statement, blob, most};
use counterfoil_core::scope::{ALL, Scope};
use counterfoil_core::store::{Position, SortBy, SortValue, TokenFilter};
use counterfoil_core::token::State;
use jiff::Timestamp;
use rusqlite::types::Value;

pub(super) fn filtered(select: &'static str, filter: &TokenFilter) -> Statement {
    let mut statement = Statement::new(select, " WHERE realm = ?", filter.realm.0);
    statement.add(" AND purpose = ?", [filter.purpose.as_str().to_owned().into()]);
    statement.add_if(" AND dialect = ?", filter.dialect.clone());
    statement.add_if(" AND principal = ?", filter.principal.map(|id| blob(id.0.as_bytes())));
    statement.add_if(" AND instr(name, ?) > 0", filter.name.clone());
    if !filter.any_scope.is_empty() {
        statement.add(
            " AND scope_set IN (SELECT scope_set FROM scope_word WHERE word IN (SELECT value FROM json_each(?)))",
            [words(filter.any_scope.iter().map(Scope::as_str).chain([ALL]))],
        );
    }
    if !filter.all_scopes.is_empty() {
        statement.add(
            " AND scope_set IN (SELECT id FROM scope_set WHERE NOT EXISTS (SELECT 1 FROM json_each(?) AS wanted \
             WHERE NOT EXISTS (SELECT 1 FROM scope_word WHERE word IN (wanted.value, '*') \
             AND scope_word.scope_set = scope_set.id)))",
            [words(filter.all_scopes.iter().map(Scope::as_str))],
        );
    }
    statement.add_if(" AND personal = ?", filter.personal);
    if let Some((state, now)) = filter.state {
        in_state(&mut statement, state, now);
    }
    if filter.unrevoked {
        statement.add(" AND revoked IS NULL", []);
    }
    let millis = |time: Option<Timestamp>| time.map(Timestamp::as_millisecond);
    statement.add_if(" AND ifnull(expires, 9223372036854775807) < ?", millis(filter.expires_before));
    statement.add_if(" AND ifnull(used_at < ?, 1)", millis(filter.unused_since));
    statement.add_if(" AND used_at >= ?", millis(filter.used_from));
    statement.add_if(" AND used_at <= ?", millis(filter.used_to));
    statement.add_if(" AND created <= ?", millis(filter.created_to));
    statement
}

fn words<'a>(words: impl Iterator<Item = &'a str>) -> Value {
    Value::Text(words.collect::<serde_json::Value>().to_string())
}

/// The same ladder as `Token::state`: each state hides the ones after it.
fn in_state(statement: &mut Statement, state: State, now: Timestamp) {
    let now = Value::from(now.as_millisecond());
    if state == State::Revoked {
        return statement.add(" AND revoked IS NOT NULL", []);
    }
    statement.add(" AND revoked IS NULL", []);
    if state == State::Expired {
        return statement.add(" AND expires <= ?", [now]);
    }
    statement.add(" AND ifnull(expires > ?, 1)", [now.clone()]);
    match state {
        State::Disabled => statement.add(" AND NOT enabled", []),
        State::Pending => statement.add(" AND enabled AND not_before > ?", [now]),
        _ => statement.add(" AND enabled AND ifnull(not_before <= ?, 1)", [now]),
    }
}

pub(super) fn sorted(
    statement: &mut Statement,
    sort: SortBy,
    descending: bool,
    after: Option<Position>,
    limit: usize,
) {
    // An expiry of never is after, a change or use of never before every instant.
    let (column, never) = match sort {
        SortBy::Name => ("name", i64::MIN),
        SortBy::Created => ("created", i64::MIN),
        SortBy::Expires => ("ifnull(expires, 9223372036854775807)", i64::MAX),
        SortBy::Modified => ("ifnull(modified, -9223372036854775808)", i64::MIN),
        SortBy::LastUsed => ("ifnull(used_at, -9223372036854775808)", i64::MIN),
    };
    let direction = if descending { " DESC" } else { "" };
    if let Some(Position { value, id }) = after {
        let value = match value {
            SortValue::Name(name) => Value::Text(name),
            SortValue::Time(time) => Value::Integer(time.unwrap_or(never)),
        };
        for piece in [" AND (", column, ", id) ", if descending { "<" } else { ">" }, " (?, ?)"] {
            statement.add(piece, []);
        }
        statement.values.extend([value, Value::Text(id)]);
    }
    for piece in [" ORDER BY ", column, direction, ", id", direction, " LIMIT ?"] {
        statement.add(piece, []);
    }
    statement.values.push(most(limit));
}
