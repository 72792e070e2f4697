//! The rules of the house that no compiler knows, read from the files as text. Each test names every place that breaks
//! its rule. A list in here is a list of exceptions: whoever adds to it says why.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics, in its helpers too")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A file of the repository: its path from the root, and what stands in it.
struct File {
    path: String,
    text: String,
}

impl File {
    /// What is built into the crate: everything above a `#[cfg(test)]` module, which by custom comes last.
    fn product(&self) -> &str {
        self.text.split("\n#[cfg(test)]\nmod ").next().unwrap_or_default()
    }

    /// Whether all of it is test, bench or example.
    fn is_test(&self) -> bool {
        ["/tests/", "/benches/", "/examples/"].iter().any(|folder| self.path.contains(folder))
    }

    /// Its lines of code: neither blank nor only a comment, and above the tests.
    fn lines_of_code(&self) -> usize {
        let code = |line: &&str| !line.trim().is_empty() && !line.trim_start().starts_with("//");
        self.product().lines().filter(code).count()
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The names in a folder, in order.
fn names(folder: &str) -> Vec<String> {
    let entries = fs::read_dir(root().join(folder)).unwrap_or_else(|error| panic!("{folder}: {error}"));
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Every path below a folder, folders included.
fn below(folder: &str) -> Vec<String> {
    let mut paths = Vec::new();
    for name in names(folder) {
        let path = format!("{folder}/{name}");
        if root().join(&path).is_dir() {
            paths.extend(below(&path));
        }
        paths.push(path);
    }
    paths
}

fn ends(path: &str, extension: &str) -> bool {
    Path::new(path).extension().is_some_and(|found| found == extension)
}

/// Every Rust file but this one, which has to name what it forbids.
fn sources() -> Vec<File> {
    let rust = |path: &String| ends(path, "rs") && path != "crates/core/tests/tidy.rs";
    below("crates").into_iter().filter(rust).map(|path| File { text: read(&path), path }).collect()
}

/// Fails with everything that breaks the rule.
fn hold(rule: &str, broken: impl IntoIterator<Item = String>) {
    let broken: Vec<_> = broken.into_iter().collect();
    assert!(broken.is_empty(), "{rule}:\n  {}", broken.join("\n  "));
}

/// What a crate needs to be built (tests and benches may need more), each with the rest of its line.
fn dependencies(of: &str) -> Vec<(String, String)> {
    let manifest = read(&format!("crates/{of}/Cargo.toml"));
    let section = manifest.split("\n[dependencies]\n").nth(1).unwrap_or_default();
    let lines = section.lines().take_while(|line| !line.starts_with('['));
    let named = |line: &str| {
        let end = line.find(['.', ' ', '='])?;
        Some((line[..end].to_owned(), line[end..].to_owned()))
    };
    lines.filter_map(named).collect()
}

const CRATES: [&str; 4] = ["core", "store", "dialects", "counterfoil"];

#[test]
fn arrows_point_downward_and_each_crate_keeps_out_what_it_says() {
    const WIRE: &[&str] =
        &["http", "http-body-util", "hyper", "hyper-util", "axum", "reqwest", "tonic", "h2"];
    const CLIENTS: &[&str] = &["hyper", "hyper-util", "axum", "reqwest", "tonic", "h2"];
    const DISK: &[&str] = &["rusqlite", "tokio-postgres", "deadpool-postgres", "sqlx", "diesel"];
    const RIM: &[&str] = &["anyhow", "clap", "getrandom", "toml", "rpassword", "tracing-subscriber"];
    // A crate, those of ours that it may need, and the kinds of others that it may not.
    type Words = &'static [&'static str];
    let rules: [(&str, Words, &[Words]); 4] = [
        ("core", &[], &[WIRE, DISK, RIM]),
        ("store", &["counterfoil-core"], &[WIRE, RIM]),
        ("dialects", &["counterfoil-core"], &[CLIENTS, DISK, RIM]),
        ("counterfoil", &["counterfoil-core", "counterfoil-store", "counterfoil-dialects"], &[DISK]),
    ];
    assert_eq!(BTreeSet::from(CRATES), names("crates").iter().map(String::as_str).collect());
    for (name, ours, kept_out) in rules {
        let needed = dependencies(name);
        assert!(!needed.is_empty(), "the manifest of {name} was not understood");
        let wrong = needed.into_iter().map(|(needed, _)| needed).filter(|needed| {
            let needed = needed.as_str();
            (needed.starts_with("counterfoil") && !ours.contains(&needed))
                || kept_out.iter().any(|group| group.contains(&needed))
        });
        hold(&format!("{name} may not depend on"), wrong);
    }
    let tokio = dependencies("core").into_iter().find(|(name, _)| name == "tokio");
    assert!(
        tokio.is_some_and(|(_, rest)| rest.contains("features = [\"sync\"]")),
        "core takes tokio's locks only"
    );
}

#[test]
fn every_crate_takes_the_lints_of_the_workspace() {
    let lax = |name: &&str| !read(&format!("crates/{name}/Cargo.toml")).contains("[lints]\nworkspace = true");
    hold("without `[lints] workspace = true`", CRATES.into_iter().filter(lax).map(str::to_owned));
}

#[test]
fn no_file_has_more_than_400_lines_of_code() {
    let long = sources().into_iter().map(|file| (file.lines_of_code(), file.path));
    let long = long.filter(|(lines, _)| *lines > 400).map(|(lines, path)| format!("{path}: {lines}"));
    hold("too long; split by what each part is about", long);
}

#[test]
fn every_file_opens_with_what_it_is() {
    let mute = sources().into_iter().filter(|file| !file.text.starts_with("//! "));
    hold("the first line must be `//!`, what the file is", mute.map(|file| file.path));
}

#[test]
fn secrets_are_revealed_in_listed_places_only() {
    const REVEAL: &[&str] = &[
        // What is kept of a text or password, its sealed outcome, and the comparison with what was brought.
        "crates/core/src/authority/exchange.rs",
        "crates/core/src/authority/issue.rs",
        "crates/core/src/authority/keys.rs",
        "crates/core/src/authority/prove.rs",
        "crates/core/src/authority/realms.rs",
        "crates/core/src/authority/texts.rs",
        "crates/core/src/password.rs",
        // The one answer that shows it, a dialect each.
        "crates/dialects/src/agent_config/mod.rs",
        "crates/dialects/src/control_room/wire.rs",
        "crates/dialects/src/datto_rmm/api.rs",
        "crates/dialects/src/datto_rmm/token.rs",
        "crates/dialects/src/dynatrace/wire.rs",
        "crates/dialects/src/native/tokens.rs",
        "crates/dialects/src/native/ways.rs",
        "crates/dialects/src/oauth/client.rs",
        "crates/dialects/src/oauth/token.rs",
        "crates/dialects/src/ruvds/mod.rs",
        // What a client sends to a vendor: in a request's target, body or header, and in the list of what stays unsaid.
        "crates/dialects/src/agent_config/client.rs",
        "crates/dialects/src/ask.rs",
        "crates/dialects/src/control_room/client.rs",
        "crates/dialects/src/datto_rmm/client.rs",
        "crates/dialects/src/dynatrace/client.rs",
        "crates/dialects/src/vendor.rs",
        // The operator's own: the root secret's file, the banner, what a command was given to send or a dry run to hide,
        // sessions kept for the next command, and a rotated secret on its way to its place.
        "crates/counterfoil/src/cli/agent_config.rs",
        "crates/counterfoil/src/cli/bench/asked.rs",
        "crates/counterfoil/src/cli/cmdlet/datto.rs",
        "crates/counterfoil/src/cli/control_room.rs",
        "crates/counterfoil/src/cli/datto.rs",
        "crates/counterfoil/src/cli/inventory/sources.rs",
        "crates/counterfoil/src/cli/principal/key.rs",
        "crates/counterfoil/src/cli/principal/ways.rs",
        "crates/counterfoil/src/cli/rotate/keeper.rs",
        "crates/counterfoil/src/cli/rotate/successor.rs",
        "crates/counterfoil/src/cli/rows.rs",
        "crates/counterfoil/src/cli/secrets.rs",
        "crates/counterfoil/src/cli/token/check.rs",
        "crates/counterfoil/src/cli/token/explain.rs",
        "crates/counterfoil/src/cli/vendor.rs",
        "crates/counterfoil/src/config/client.rs",
        "crates/counterfoil/src/courier.rs",
        "crates/counterfoil/src/reach.rs",
        "crates/counterfoil/src/serve/house.rs",
        "crates/counterfoil/src/serve/mod.rs",
        "crates/counterfoil/src/session_cache.rs",
    ];
    let reveals = |file: &File| !file.is_test() && file.product().contains(".reveal()");
    let found: BTreeSet<_> = sources().into_iter().filter(reveals).map(|file| file.path).collect();
    let listed: BTreeSet<_> = REVEAL.iter().map(ToString::to_string).collect();
    hold("`reveal()` in a file that is not listed", found.difference(&listed).cloned());
    hold("listed, but without `reveal()`: strike it off", listed.difference(&found).cloned());
}

#[test]
fn nothing_that_serves_uses_the_fixture() {
    let uses = |file: &File| {
        let words = ["fixture::", "StillClock", "CountedEntropy"];
        !file.is_test() && words.iter().any(|word| file.product().contains(word))
    };
    let wrong = sources().into_iter().filter(|file| file.path != "crates/core/src/fixture.rs" && uses(file));
    hold("a still clock or counted chance outside tests", wrong.map(|file| file.path));
}

#[test]
fn every_dialect_has_its_page_and_its_transcripts() {
    let registry = read("crates/dialects/src/lib.rs");
    let list = registry.split("DIALECTS: &[&Dialect] =").nth(1).and_then(|rest| rest.split_once('['));
    let list = list.and_then(|(_, rest)| rest.split("];").next());
    let modules: Vec<_> =
        list.unwrap().split("::DIALECT").filter_map(|part| part.split('&').nth(1)).collect();
    assert!(!modules.is_empty(), "the registry was not understood");
    let mut missing = Vec::new();
    for name in modules.iter().map(|module| module.replace('_', "-")) {
        let page = format!("docs/dialects/{name}.md");
        let transcripts = format!("crates/dialects/transcripts/{name}");
        if !root().join(&page).is_file() {
            missing.push(page);
        }
        let folder = root().join(&transcripts);
        if !folder.is_dir() || !names(&transcripts).iter().any(|file| ends(file, "http")) {
            missing.push(format!("{transcripts}/*.http"));
        }
    }
    hold("missing", missing);
}

#[test]
fn no_name_says_nothing() {
    const EMPTY: [&str; 7] = ["util", "utils", "helper", "helpers", "common", "manager", "misc"];
    let empty = |path: &String| {
        let name = Path::new(path).file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        EMPTY.iter().any(|word| name.split(['_', '-']).any(|part| part == *word))
    };
    hold("say what is in it instead", below("crates").into_iter().filter(empty));
    let inline = sources()
        .into_iter()
        .filter(|file| EMPTY.iter().any(|word| file.text.contains(&format!("mod {word} {{"))));
    hold("say what is in the module instead", inline.map(|file| file.path));
}

#[test]
fn the_architecture_is_short_and_points_at_what_exists() {
    let page = read("ARCHITECTURE.md");
    assert!(page.lines().count() <= 200, "ARCHITECTURE.md is longer than 200 lines");
    let apart = |letter: char| !(letter.is_ascii_alphanumeric() || "_-./".contains(letter));
    let paths = page.split(apart).filter(|word| word.starts_with("crates/"));
    let paths: BTreeSet<_> = paths.map(|path| path.trim_end_matches(['.', '/'])).collect();
    assert!(!paths.is_empty(), "it points at nothing");
    let gone = paths.into_iter().filter(|path| !root().join(path).exists());
    hold("ARCHITECTURE.md names what is not there", gone.map(str::to_owned));
}

/// Whether the names are numbered from 0001 on without gaps.
fn numbered(folder: &str, apart: char, ending: &str) {
    let names = names(folder);
    assert!(!names.is_empty(), "{folder} is empty");
    let wrong = names.iter().zip(1..).filter(|(name, number)| {
        !name.starts_with(&format!("{number:04}{apart}")) || !name.ends_with(ending)
    });
    hold(&format!("{folder} is numbered 0001, 0002 and so on"), wrong.map(|(name, _)| name.clone()));
}

#[test]
fn decisions_and_migrations_are_numbered_without_gaps() {
    const MIGRATIONS: &str = "crates/store/src/migrations";
    numbered("docs/decisions", '-', ".md");
    let databases = names(MIGRATIONS);
    for database in &databases {
        numbered(&format!("{MIGRATIONS}/{database}"), '_', ".sql");
        let (one, other) = (format!("{MIGRATIONS}/{database}"), format!("{MIGRATIONS}/{}", databases[0]));
        assert_eq!(names(&one), names(&other), "both databases have the same migrations");
    }
}

#[test]
fn no_test_is_skipped_put_off_or_slept_through() {
    /// Tests that wait, and for what.
    const WAIT: &[(&str, &str)] = &[("crates/counterfoil/benches/exchange.rs", "asks at a steady rate")];
    let mut broken = Vec::new();
    for file in sources() {
        let tests = if file.is_test() { file.text.as_str() } else { &file.text[file.product().len()..] };
        let waits = WAIT.iter().any(|(path, _)| *path == file.path);
        let words = [("#[ignore", &*file.text), ("todo!", &*file.text), ("unimplemented!", &*file.text)];
        let mut found: Vec<_> =
            words.iter().filter(|(word, text)| text.contains(word)).map(|(word, _)| *word).collect();
        if !waits && tests.contains("sleep(") {
            found.push("sleep(");
        }
        broken.extend(found.into_iter().map(|word| format!("{}: {word}", file.path)));
    }
    hold("a test runs, at once", broken);
}
