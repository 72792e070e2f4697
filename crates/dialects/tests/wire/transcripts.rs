//! The transcripts of every dialect, request and reply to the byte. They are its documentation too: read them.
//! `UPDATE_TRANSCRIPTS=1 cargo test` writes the replies that came into them, to be read before they are committed.

use crate::transcript::{Played, play};
use counterfoil_dialects::DIALECTS;
use counterfoil_dialects::dialect::Needs;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

/// Every transcript of a dialect in order of name.
fn transcripts(dialect: &str) -> Vec<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("transcripts").join(dialect);
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

#[tokio::test]
async fn every_reply_is_the_one_that_is_written_down() {
    #[expect(clippy::disallowed_methods, reason = "a switch for whoever runs the tests")]
    let updates = std::env::var_os("UPDATE_TRANSCRIPTS").is_some();
    let mut differences = String::new();
    for path in DIALECTS.iter().flat_map(|dialect| transcripts(dialect.name)) {
        let written = fs::read_to_string(&path).unwrap();
        let played = play(&written).await;
        if updates {
            fs::write(&path, played.text).unwrap();
        } else if !played.differences.is_empty() {
            let _ = writeln!(differences, "{}: {}", path.display(), played.differences);
        } else {
            assert_eq!(played.text, written, "{}: blank lines are not where they belong", path.display());
        }
    }
    assert!(differences.is_empty(), "{differences}\nUPDATE_TRANSCRIPTS=1 writes what came");
}

/// What was seen of a route: whether it did what it is for, and whether it turned somebody away.
#[derive(Default)]
struct Shown {
    done: bool,
    refused: bool,
}

#[tokio::test]
async fn every_route_is_shown_doing_its_work_and_turning_a_stranger_away() {
    let mut shown: BTreeMap<(&str, String, String), Shown> = BTreeMap::new();
    for path in DIALECTS.iter().flat_map(|dialect| transcripts(dialect.name)) {
        let Played { seen, .. } = play(&fs::read_to_string(&path).unwrap()).await;
        for one in seen {
            let shown = shown.entry((one.dialect, one.method.to_string(), one.route)).or_default();
            shown.done |= (200..300).contains(&one.status);
            shown.refused |= [401, 403].contains(&one.status);
        }
    }
    let mut missing = String::new();
    for dialect in DIALECTS {
        for route in (dialect.routes)() {
            let key = (dialect.name, route.method.to_string(), route.path.to_string());
            let shown = shown.get(&key);
            let public = matches!(route.needs, Needs::Nobody);
            let (_, method, path) = key;
            if !shown.is_some_and(|shown| shown.done) {
                let _ = writeln!(missing, "{}: no transcript shows {method} {path} at work", dialect.name);
            }
            if !public && !shown.is_some_and(|shown| shown.refused) {
                let _ = writeln!(missing, "{}: no transcript shows {method} {path} refused", dialect.name);
            }
        }
    }
    assert!(missing.is_empty(), "{missing}");
}

#[test]
fn no_transcript_is_of_no_dialect() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("transcripts");
    for entry in fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name();
        assert!(DIALECTS.iter().any(|dialect| *dialect.name == *name), "{}", name.display());
    }
}
