//! Settings of mounts: every one is refused at the start if its dialect does not know it or cannot read it, and every one
//! that there is stands in the documentation.

use crate::support::World;
use counterfoil_dialects::DIALECTS;
use counterfoil_dialects::dialect::Mount;
use counterfoil_dialects::doorway::Doorway;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// What the doorway says to a mount of this dialect with one setting.
fn mounted(world: &World, dialect: &str, name: &str, text: &str) -> Result<(), String> {
    let mount = Mount {
        dialect: counterfoil_dialects::dialect(dialect).unwrap(),
        prefix: "/here".to_owned(),
        realm: "default".to_owned(),
        settings: BTreeMap::from([(name.to_owned(), text.to_owned())]),
    };
    Doorway::new(&world.house, vec![mount]).map(drop)
}

#[tokio::test]
async fn what_is_unknown_or_unreadable_is_one_sentence_that_says_what_there_is() {
    let world = World::create(BTreeMap::new()).await;
    let why = mounted(&world, "ruvds", "rate_limt", "3").unwrap_err();
    assert_eq!(
        why,
        "the setting `rate_limt` of the mount of ruvds (prefix \"/here\") is not known; \
         it has `lax_roles`, `rate_limit`, `rate_window`"
    );
    let why = mounted(&world, "ruvds", "rate_limit", "hush").unwrap_err();
    assert!(why.contains("must be a whole number from 1;") && !why.contains("hush"), "{why}");
    let why = mounted(&world, "agent-config", "rate_limit", "3").unwrap_err();
    assert!(why.ends_with("is not known; it has no settings"), "{why}");
    // The name of another dialect's setting, another spelling, and a beginning are no names.
    for (dialect, name) in [
        ("native", "public_url"),
        ("dynatrace", "lifetime"),
        ("datto-rmm", "sessions"),
        ("ruvds", "LAX_ROLES"),
        ("ruvds", "lax"),
        ("ruvds", ""),
        ("oauth", "algorithms"),
        ("oauth", "algorithm."),
    ] {
        assert!(mounted(&world, dialect, name, "true").is_err(), "{dialect}: {name}");
    }
}

#[tokio::test]
async fn texts_that_are_read_and_texts_that_are_not() {
    let world = World::create(BTreeMap::new()).await;
    let spans =
        (["1s", "90m", "7d", "2w"].as_slice(), ["", "0", "0s", "-1h", "soon", "1.5h", "60"].as_slice());
    let counts = (
        ["1", "5", "10000"].as_slice(),
        ["", "0", "-1", "1.5", "1e3", "many", "99999999999999999999999"].as_slice(),
    );
    let switches = (["true", "false"].as_slice(), ["", "1", "yes", "True"].as_slice());
    let algorithms =
        (["EdDSA", "RS256", "ES256"].as_slice(), ["", "HS256", "none", "RS512", "eddsa"].as_slice());
    let urls = (
        ["https://tokens.example", "http://10.0.0.1:8080/below", "https://tokens.example/"].as_slice(),
        ["", "tokens.example", "ftp://x", "https://", "https://x?y", "https://x#y", "https://x y"].as_slice(),
    );
    for (dialect, name, (read, refused)) in [
        ("oauth", "public_url", urls),
        ("oauth", "lifetime", spans),
        ("oauth", "sessions", counts),
        ("oauth", "algorithm", algorithms),
        ("oauth", "algorithm.https://api.example", algorithms),
        ("oauth", "key_duration", spans),
        ("dynatrace", "smallest_page", counts),
        ("control-room", "lifetime", spans),
        ("control-room", "sessions", counts),
        ("control-room", "lock_out", counts),
        ("control-room", "key_duration", spans),
        ("control-room", "historic_400", switches),
        ("datto-rmm", "lifetime", spans),
        ("datto-rmm", "key_duration", spans),
        ("ruvds", "lax_roles", switches),
        ("ruvds", "rate_limit", counts),
        ("ruvds", "rate_window", spans),
    ] {
        for text in read {
            assert_eq!(mounted(&world, dialect, name, text), Ok(()), "{dialect}: {name} {text}");
        }
        for text in refused {
            let why = mounted(&world, dialect, name, text).expect_err(text);
            assert!(why.contains(&format!("`{name}` of the mount of {dialect} ")), "{text}: {why}");
            assert!(why.contains(" must "), "{text}: {why}");
        }
    }
}

#[test]
fn the_documentation_lists_every_setting_and_no_other() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/configuration.md");
    let page = fs::read_to_string(page).unwrap();
    let table = page.split("## Settings of mounts").nth(1).unwrap().split("\n## ").next().unwrap();
    let cells = |row: &str| row.split('|').map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
    let listed: BTreeSet<_> = table
        .lines()
        .filter(|line| line.starts_with("| `"))
        .map(|row| (cells(row)[1].replace('`', ""), cells(row)[2].replace(['`', '"'], "")))
        .collect();
    let known: BTreeSet<_> = DIALECTS
        .iter()
        .flat_map(|dialect| dialect.settings.iter().map(|setting| (dialect.name, setting.name())))
        // A name for many is written with what may follow.
        .map(|(dialect, name)| (dialect.to_owned(), name.replace("algorithm.", "algorithm.AUDIENCE")))
        .collect();
    assert_eq!(listed, known);
}
