//! What can be printed, and which of its fields stand in a table.

use crate::config::Line;
use bytes::Bytes;
use counterfoil_dialects::ask::{Ask, escape};
use counterfoil_dialects::native::wire::Scope;
use counterfoil_dialects::native::wire::gate::{Explained, Gate, Rule};
use counterfoil_dialects::native::wire::journal::Entry;
use counterfoil_dialects::native::wire::principal::{Principal, Role};
use counterfoil_dialects::native::wire::realm::{NewRealmIssued, Realm};
use counterfoil_dialects::native::wire::token::{Issued, Revoked, Token};
use counterfoil_dialects::native::wire::verify::Answer;
use counterfoil_dialects::native::wire::ways::{Ended, Session, SigningKey, TotpSeed};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Something that can be printed.
pub trait Row: Serialize + JsonSchema {
    /// The usual fields of a list; dots go deeper.
    const COLUMNS: &'static [&'static str];
    /// The field that `-o value` prints.
    const MAIN: &'static str;
    /// Whether the main field is a secret, which `-o env` may print.
    const SECRET: bool = false;
    /// The variable that `-o env` sets: one that the commands for the secret's server read.
    const VARIABLE: &'static str = "COUNTERFOIL_TOKEN";

    /// Every field, as the schema names them.
    fn fields() -> Vec<String> {
        let schema = schemars::schema_for!(Self);
        let properties = schema.get("properties").and_then(Value::as_object);
        properties.map(|fields| fields.keys().cloned().collect()).unwrap_or_default()
    }

    /// What is printed of one alone: every field, unless that would not be readable.
    fn detail() -> Vec<String> {
        Self::fields()
    }

    /// The parts of a field as people write them, where they are no plain text.
    fn words(&self, _field: &str) -> Option<Vec<String>> {
        None
    }
}

impl Row for Token {
    const COLUMNS: &'static [&'static str] =
        &["id", "name", "state", "principal", "scopes", "expires", "last_used"];
    const MAIN: &'static str = "id";
}

impl Row for Issued {
    const COLUMNS: &'static [&'static str] = &["id", "name", "expires", "token"];
    const MAIN: &'static str = "token";
    const SECRET: bool = true;
}

impl Row for Revoked {
    const COLUMNS: &'static [&'static str] = &["count", "dry_run", "ids"];
    const MAIN: &'static str = "ids";
}

impl Row for Answer<'_> {
    const COLUMNS: &'static [&'static str] = &["active", "id", "username", "scope"];
    const MAIN: &'static str = "active";
}

impl Row for Principal {
    const COLUMNS: &'static [&'static str] = &["username", "number", "kind", "roles", "disabled", "email"];
    const MAIN: &'static str = "username";
}

impl Row for TotpSeed {
    const COLUMNS: &'static [&'static str] = &["seed", "uri"];
    const MAIN: &'static str = "seed";
}

impl Row for Session {
    const COLUMNS: &'static [&'static str] =
        &["id", "principal", "dialect", "live", "issued", "expires", "address"];
    const MAIN: &'static str = "id";
}

impl Row for Ended {
    const COLUMNS: &'static [&'static str] = &["count"];
    const MAIN: &'static str = "count";
}

impl Row for SigningKey {
    const COLUMNS: &'static [&'static str] = &["kid", "dialect", "algorithm", "state", "changed"];
    const MAIN: &'static str = "kid";
}

impl Row for Role {
    const COLUMNS: &'static [&'static str] = &["name", "number", "scopes"];
    const MAIN: &'static str = "name";
}

impl Row for Gate {
    const COLUMNS: &'static [&'static str] = &["name", "scopes", "places", "callers", "limit"];
    const MAIN: &'static str = "name";

    fn words(&self, field: &str) -> Option<Vec<String>> {
        match field {
            "set" => Some(self.set.iter().map(|set| format!("{}={}", set.header, set.fact)).collect()),
            "rules" => {
                let rule = |rule: &Rule| {
                    let words = [rule.methods.join(","), rule.path.clone(), rule.scopes.join(" ")];
                    words.join(" ").trim().to_owned()
                };
                Some(self.rules.iter().map(rule).collect())
            }
            _ => None,
        }
    }
}

impl Row for Explained {
    const COLUMNS: &'static [&'static str] = &["passes", "decided", "needs", "lacks"];
    const MAIN: &'static str = "decided";
}

impl Row for Scope {
    const COLUMNS: &'static [&'static str] = &["word", "dialect", "personal", "title"];
    const MAIN: &'static str = "word";
}

impl Row for Realm {
    const COLUMNS: &'static [&'static str] = &["slug", "name", "uuid", "personal_tokens"];
    const MAIN: &'static str = "slug";
}

impl Row for NewRealmIssued {
    const COLUMNS: &'static [&'static str] =
        &["realm.slug", "realm.name", "realm.uuid", "admin.id", "admin.token"];
    const MAIN: &'static str = "admin.token";
    const SECRET: bool = true;

    fn detail() -> Vec<String> {
        Self::COLUMNS.iter().map(ToString::to_string).collect()
    }
}

impl Row for Entry {
    const COLUMNS: &'static [&'static str] = &["sequence", "at", "actor", "action", "subject", "detail"];
    const MAIN: &'static str = "sequence";
}

impl Row for Line {
    const COLUMNS: &'static [&'static str] = &["setting", "value", "origin"];
    const MAIN: &'static str = "value";
}

/// A request that `--dry-run` kept back.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Intended {
    /// The method.
    pub method: String,
    /// The whole address; the path alone where no server is asked.
    pub url: String,
    /// The body, or null.
    pub body: Value,
}

impl Row for Intended {
    const COLUMNS: &'static [&'static str] = &["method", "url", "body"];
    const MAIN: &'static str = "url";
}

impl Intended {
    /// The request as this server would get it.
    #[must_use]
    pub fn at(self, base: &str) -> Self {
        Self { url: format!("{base}{}", self.url), ..self }
    }

    /// With dots for what the body holds under that name: a dry run shows no secret.
    #[must_use]
    pub fn hiding(mut self, name: &str) -> Self {
        if let Some(secret) = self.body.get_mut(name) {
            *secret = "••••".into();
        }
        self
    }

    /// With dots for every secret that the request holds.
    pub fn without_secrets<T>(ask: &Ask<T>) -> Self {
        let mut intended = Self::from(&ask.request);
        for secret in &ask.secrets {
            let (text, escaped) = (secret.reveal(), escape(secret.reveal()).to_string());
            intended.url = intended.url.replace(text, "••••").replace(&escaped, "••••");
            hide(&mut intended.body, text);
        }
        intended
    }
}

/// Puts dots wherever the value holds that text.
fn hide(value: &mut Value, secret: &str) {
    match value {
        Value::String(text) if text == secret => "••••".clone_into(text),
        Value::Array(items) => items.iter_mut().for_each(|item| hide(item, secret)),
        Value::Object(members) => members.values_mut().for_each(|member| hide(member, secret)),
        _ => {}
    }
}

impl From<&http::Request<Bytes>> for Intended {
    fn from(request: &http::Request<Bytes>) -> Self {
        Self {
            method: request.method().to_string(),
            url: request.uri().to_string(),
            body: serde_json::from_slice(request.body()).unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn every_column_is_a_field<T: Row>() {
        let fields = T::fields();
        for column in T::COLUMNS.iter().chain([&T::MAIN]) {
            let first = column.split('.').next().unwrap();
            assert!(fields.iter().any(|field| field == first), "{column} of {fields:?}");
        }
    }

    #[test]
    fn columns_name_fields_that_exist() {
        every_column_is_a_field::<Token>();
        every_column_is_a_field::<Issued>();
        every_column_is_a_field::<Revoked>();
        every_column_is_a_field::<Answer>();
        every_column_is_a_field::<Principal>();
        every_column_is_a_field::<TotpSeed>();
        every_column_is_a_field::<Session>();
        every_column_is_a_field::<Ended>();
        every_column_is_a_field::<SigningKey>();
        every_column_is_a_field::<Role>();
        every_column_is_a_field::<Gate>();
        every_column_is_a_field::<Explained>();
        every_column_is_a_field::<Scope>();
        every_column_is_a_field::<Realm>();
        every_column_is_a_field::<NewRealmIssued>();
        every_column_is_a_field::<Entry>();
        every_column_is_a_field::<Line>();
        every_column_is_a_field::<Intended>();
        every_column_is_a_field::<crate::cli::inventory::Item>();
        every_column_is_a_field::<crate::cli::rotate::Step>();
        every_column_is_a_field::<counterfoil_dialects::agent_config::Token>();
        every_column_is_a_field::<counterfoil_dialects::control_room::wire::LoggedIn>();
        every_column_is_a_field::<counterfoil_dialects::control_room::wire::Valid>();
        every_column_is_a_field::<counterfoil_dialects::datto_rmm::token::Granted>();
        every_column_is_a_field::<counterfoil_dialects::dynatrace::wire::ApiToken>();
        every_column_is_a_field::<counterfoil_dialects::dynatrace::wire::ApiTokenCreated>();
        every_column_is_a_field::<counterfoil_dialects::ruvds::Token>();
        every_column_is_a_field::<counterfoil_dialects::ruvds::TokenData>();
    }
}
