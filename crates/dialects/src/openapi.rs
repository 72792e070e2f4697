//! OpenAPI 3.1, generated from the route tables.

use crate::dialect::{Needs, Room, Route};
use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

/// The document for these mounts and their routes.
pub fn document<'a>(mounted: impl Iterator<Item = (&'a Room, &'a [Route])>, version: &str) -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    });
    let mut generator = settings.into_generator();
    let mut paths = Map::new();
    for (room, routes) in mounted {
        for route in routes {
            let path = format!("{}{}", room.prefix, route.path);
            let item = paths.entry(path).or_insert_with(|| json!({}));
            item[route.method.as_str().to_ascii_lowercase()] = operation(room, route, &mut generator);
        }
    }
    let schemas = generator.take_definitions(true);
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Counterfoil",
            "version": version,
            "description": "A self-hosted authority for API tokens.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": { "bearer": { "type": "http", "scheme": "bearer" } },
        },
    })
}

fn operation(room: &Room, route: &Route, generator: &mut SchemaGenerator) -> Value {
    let doc = &route.doc;
    let mut operation = json!({
        "operationId": operation_id(room, route),
        "tags": [room.dialect.name],
        "summary": doc.summary,
        "parameters": parameters(route, generator),
        "responses": {
            doc.status.to_string(): { "description": "Done." },
            "default": { "description": "Refused, in the envelope of this protocol." },
        },
    });
    if let Some(schema) = doc.reply {
        let content = json!({ "application/json": { "schema": schema(generator) } });
        operation["responses"][doc.status.to_string()]["content"] = content;
    }
    if let Some(schema) = doc.body {
        let content = json!({ "application/json": { "schema": schema(generator) } });
        operation["requestBody"] = json!({ "required": true, "content": content });
    }
    match route.needs {
        Needs::Nobody => {}
        Needs::Anybody | Needs::AnyDialect => operation["security"] = json!([{ "bearer": [] }]),
        Needs::Scope(any_of) => {
            operation["security"] = json!([{ "bearer": [] }]);
            operation["description"] = json!(format!("Needs the scope {}.", any_of.join(" or ")));
        }
    }
    operation
}

fn operation_id(room: &Room, route: &Route) -> String {
    let path: String = format!("{}{}", room.prefix, route.path)
        .chars()
        .map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '_' })
        .collect();
    format!("{}{}", route.method.as_str().to_ascii_lowercase(), path)
}

fn parameters(route: &Route, generator: &mut SchemaGenerator) -> Vec<Value> {
    let in_path = route.path.split('/').filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'));
    let mut parameters: Vec<Value> = in_path
        .map(|name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }))
        .collect();
    if let Some(query) = route.doc.query {
        let schema = query(generator);
        let members = schema.get("properties").and_then(Value::as_object).cloned().unwrap_or_default();
        for (name, schema) in members {
            parameters.push(json!({ "name": name, "in": "query", "required": false, "schema": schema }));
        }
    }
    parameters
}

/// The schema of `T` without a name of its own, for queries.
pub fn inline<T: schemars::JsonSchema>(generator: &mut SchemaGenerator) -> schemars::Schema {
    T::json_schema(generator)
}

/// The schema of `T`, by name where it has one.
pub fn named<T: schemars::JsonSchema>(generator: &mut SchemaGenerator) -> schemars::Schema {
    generator.subschema_for::<T>()
}
