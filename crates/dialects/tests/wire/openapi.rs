//! The OpenAPI document and the routes are one: every route is in it, nothing else is, and nothing dangles.

use crate::support::World;
use counterfoil_dialects::dialect::{Needs, Route};
use counterfoil_dialects::openapi;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

async fn document() -> (Value, BTreeSet<(String, String)>) {
    let doorway = World::create(BTreeMap::new()).await.doorway;
    let routes = doorway.routes().flat_map(|(_, routes)| routes);
    let pairs =
        routes.map(|route| (route.path.to_string(), route.method.as_str().to_ascii_lowercase())).collect();
    (openapi::document(doorway.routes(), "0.0.0"), pairs)
}

#[tokio::test]
async fn the_document_has_exactly_the_routes() {
    let (document, routes) = document().await;
    let paths = document["paths"].as_object().unwrap();
    let told = paths.iter().flat_map(|(path, item)| {
        item.as_object().unwrap().keys().map(move |method| (path.clone(), method.clone()))
    });
    assert_eq!(told.collect::<BTreeSet<_>>(), routes);
}

#[tokio::test]
async fn every_reference_leads_somewhere_and_every_operation_has_a_name_of_its_own() {
    let (document, routes) = document().await;
    let mut references = Vec::new();
    gather(&document, "$ref", &mut references);
    assert!(!references.is_empty());
    for reference in references {
        let pointer = reference.strip_prefix('#').expect("references stay inside the document");
        assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
    let mut names = Vec::new();
    gather(&document["paths"], "operationId", &mut names);
    let distinct: BTreeSet<_> = names.iter().collect();
    assert_eq!((names.len(), distinct.len()), (routes.len(), routes.len()));
}

#[tokio::test]
async fn whoever_must_bring_a_credential_is_told_so() {
    let doorway = World::create(BTreeMap::new()).await.doorway;
    let document = openapi::document(doorway.routes(), "0.0.0");
    let operation =
        |route: &Route| &document["paths"][&*route.path][route.method.as_str().to_ascii_lowercase()];
    for route in doorway.routes().flat_map(|(_, routes)| routes) {
        let told = operation(route).get("security").is_some();
        assert_eq!(told, !matches!(route.needs, Needs::Nobody), "{} {}", route.method, route.path);
        if let Needs::Scope(any_of) = route.needs {
            let description = operation(route)["description"].as_str().unwrap();
            assert!(any_of.iter().all(|word| description.contains(word)), "{description}");
        }
    }
}

fn gather(value: &Value, key: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            found.extend(members.get(key).and_then(Value::as_str).map(str::to_owned));
            members.values().for_each(|member| gather(member, key, found));
        }
        Value::Array(items) => items.iter().for_each(|item| gather(item, key, found)),
        _ => {}
    }
}
