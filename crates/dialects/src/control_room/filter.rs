//! The vendor's filters and sorting (contract 10), over users as they are written on the wire.

use counterfoil_core::error::Error;
use jiff::Timestamp;
use serde_json::Value;
use std::cmp::Ordering;

/// A filter that was read; `None` of it lets everything through.
#[derive(Debug)]
pub(super) enum Filter {
    Every(Vec<Filter>),
    Any(Vec<Filter>),
    Not(Box<Filter>),
    Holds { field: String, value: Value, by: By },
}

/// How a field is compared with a value.
#[derive(Debug, Clone, Copy)]
pub(super) enum By {
    Order(fn(Ordering) -> bool),
    Substring,
}

impl Filter {
    /// Reads one; null and `{}` are none.
    pub(super) fn read(value: &Value) -> Result<Option<Self>, Error> {
        match value {
            Value::Null => Ok(None),
            Value::Object(members) if members.is_empty() => Ok(None),
            value => Self::read_one(value).map(Some),
        }
    }

    fn read_one(value: &Value) -> Result<Self, Error> {
        let operator = value.get("operator").and_then(Value::as_str).unwrap_or_default();
        let operands = || -> Result<Vec<Self>, Error> {
            let operands = value.get("operands").and_then(Value::as_array);
            let operands =
                operands.ok_or_else(|| wrong("must have `operands` beside `and`, `or` and `not`"))?;
            operands.iter().map(Self::read_one).collect()
        };
        let order: fn(Ordering) -> bool = match operator.to_ascii_lowercase().as_str() {
            "and" => return operands().map(Self::Every),
            "or" => return operands().map(Self::Any),
            "not" => return operands().map(|operands| Self::Not(Box::new(Self::Every(operands)))),
            "substring" => return Self::holds(value, By::Substring),
            "eq" => Ordering::is_eq,
            "ne" => Ordering::is_ne,
            "lt" => Ordering::is_lt,
            "le" => Ordering::is_le,
            "gt" => Ordering::is_gt,
            "ge" => Ordering::is_ge,
            _ => {
                return Err(wrong(
                    "must have an `operator`: eq, ne, lt, le, gt, ge, substring, and, or, not",
                ));
            }
        };
        Self::holds(value, By::Order(order))
    }

    fn holds(value: &Value, by: By) -> Result<Self, Error> {
        let field = value.get("field").and_then(Value::as_str);
        let field = field.ok_or_else(|| wrong("must name a `field`"))?.to_owned();
        let value = value.get("value").filter(|value| is_scalar(value));
        let value = value.ok_or_else(|| wrong("must have a `value` that is no object or array"))?;
        Ok(Self::Holds { field, value: value.clone(), by })
    }

    /// Whether the user comes through; a field that users do not have is an error.
    pub(super) fn admits(&self, user: &Value) -> Result<bool, Error> {
        match self {
            Self::Every(parts) => each(parts, user).map(|admitted| admitted.into_iter().all(|yes| yes)),
            Self::Any(parts) => each(parts, user).map(|admitted| admitted.into_iter().any(|yes| yes)),
            Self::Not(part) => part.admits(user).map(|admitted| !admitted),
            Self::Holds { field, value, by } => {
                let held =
                    scalar(user, field).ok_or_else(|| wrong("names a field that users do not have"))?;
                Ok(match by {
                    By::Order(wanted) => wanted(compare(held, value)),
                    By::Substring => text(held).to_lowercase().contains(&text(value).to_lowercase()),
                })
            }
        }
    }
}

/// All parts, so that a wrong field is an error whatever the others say.
fn each(parts: &[Filter], user: &Value) -> Result<Vec<bool>, Error> {
    parts.iter().map(|part| part.admits(user)).collect()
}

/// Sorts by the first of the orders, then the second …; without any, the latest user comes first.
pub(super) fn sort(users: &mut [Value], orders: &Value) -> Result<(), Error> {
    let unsound = || Error::invalid("sort", "must be a list of `field` and `direction`: asc or desc");
    let none = Vec::new();
    let given = if orders.is_null() { &none } else { orders.as_array().ok_or_else(unsound)? };
    let mut orders = Vec::new();
    for order in given {
        let field = order.get("field").and_then(Value::as_str).ok_or_else(unsound)?;
        let direction = order.get("direction").and_then(Value::as_str).unwrap_or("asc");
        if users.first().is_some_and(|user| scalar(user, field).is_none()) {
            return Err(Error::invalid("sort", "names a field that users do not have"));
        }
        match direction.to_ascii_lowercase().as_str() {
            "asc" => orders.push((field, false)),
            "desc" => orders.push((field, true)),
            _ => return Err(unsound()),
        }
    }
    orders.push(("id", given.is_empty()));
    users.sort_by(|a, b| {
        orders.iter().fold(Ordering::Equal, |so_far, (field, descending)| {
            let null = Value::Null;
            let order = compare(scalar(a, field).unwrap_or(&null), scalar(b, field).unwrap_or(&null));
            so_far.then(if *descending { order.reverse() } else { order })
        })
    });
    Ok(())
}

fn scalar<'a>(user: &'a Value, field: &str) -> Option<&'a Value> {
    user.get(field).filter(|value| is_scalar(value))
}

fn is_scalar(value: &Value) -> bool {
    !value.is_object() && !value.is_array()
}

/// Numbers as numbers, whichever version wrote them; instants as instants; the rest as text in any case.
fn compare(a: &Value, b: &Value) -> Ordering {
    let (a, b) = (text(a), text(b));
    let numbers = (a.parse::<i64>(), b.parse::<i64>());
    if let (Ok(a), Ok(b)) = numbers {
        return a.cmp(&b);
    }
    let instants = (a.parse::<Timestamp>(), b.parse::<Timestamp>());
    if let (Ok(a), Ok(b)) = instants {
        return a.cmp(&b);
    }
    a.to_lowercase().cmp(&b.to_lowercase())
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        value => value.to_string(),
    }
}

fn wrong(why: &str) -> Error {
    Error::invalid("filter", why)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn admits(filter: &Value) -> Result<bool, Error> {
        let user = json!({"id": "9", "username": "jdoe", "disabled": false, "domain": "",
            "createdOn": "2026-03-18T10:20:30.456Z", "roles": []});
        Filter::read(filter)?.map_or(Ok(true), |filter| filter.admits(&user))
    }

    #[test]
    fn each_operator_says_what_it_says() {
        let one = |operator: &str, field: &str, value: Value| json!({"operator": operator, "field": field, "value": value});
        for (filter, expected) in [
            (json!(null), true),
            (json!({}), true),
            (one("eq", "username", json!("JDOE")), true),
            (one("ne", "username", json!("jdoe")), false),
            (one("substring", "username", json!("DO")), true),
            (one("eq", "id", json!(9)), true),
            (one("lt", "id", json!("10")), true),
            (one("ge", "id", json!(10)), false),
            (one("eq", "disabled", json!(false)), true),
            (one("eq", "disabled", json!("true")), false),
            (one("gt", "createdOn", json!("2026-03-18T11:20:29+01:00")), true),
            (one("le", "createdOn", json!("2026-03-18T10:20:30.455Z")), false),
            (
                json!({"operator": "and", "operands": [one("eq", "id", json!(9)), one("eq", "id", json!(8))]}),
                false,
            ),
            (
                json!({"operator": "or", "operands": [one("eq", "id", json!(9)), one("eq", "id", json!(8))]}),
                true,
            ),
            (json!({"operator": "not", "operands": [one("eq", "id", json!(8))]}), true),
        ] {
            assert_eq!(admits(&filter).unwrap(), expected, "{filter}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        for filter in [
            json!([]),
            json!("username"),
            json!({"operator": "like", "field": "username", "value": "x"}),
            json!({"operator": "eq", "field": "username"}),
            json!({"operator": "eq", "value": "x"}),
            json!({"operator": "eq", "field": "username", "value": ["x"]}),
            json!({"operator": "eq", "field": "roles", "value": "x"}),
            json!({"operator": "eq", "field": "password", "value": "x"}),
            json!({"operator": "and", "operands": ["substring"], "field": "name", "value": "device"}),
            json!({"operator": "and"}),
        ] {
            assert!(matches!(admits(&filter), Err(Error::Invalid(_))), "{filter}");
        }
    }

    #[test]
    fn users_are_sorted_by_each_field_in_turn() {
        let user = |id: u64, name: &str| json!({"id": id.to_string(), "username": name});
        let mut users = vec![user(9, "b"), user(10, "A"), user(11, "b")];
        let ids = |users: &[Value]| users.iter().map(|user| text(&user["id"])).collect::<Vec<_>>().join(" ");
        sort(&mut users, &json!(null)).unwrap();
        assert_eq!(ids(&users), "11 10 9");
        sort(&mut users, &json!([{"field": "username", "direction": "asc"}])).unwrap();
        assert_eq!(ids(&users), "10 9 11");
        sort(
            &mut users,
            &json!([{"field": "username", "direction": "DESC"}, {"field": "id", "direction": "desc"}]),
        )
        .unwrap();
        assert_eq!(ids(&users), "11 9 10");
        for orders in
            [json!({}), json!([{}]), json!([{"field": "nope"}]), json!([{"field": "id", "direction": "up"}])]
        {
            assert!(sort(&mut users, &orders).is_err(), "{orders}");
        }
    }
}
