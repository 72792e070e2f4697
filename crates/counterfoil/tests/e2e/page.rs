//! The page of the command line: its profiles are used and its examples are run, in order, and print what it says.

use crate::round_trips::House;
use crate::support::place::{PROGRAM, finish};
use crate::support::text;
use serde_json::json;
use std::fs;
use std::path::Path;
use std::process::Command;

/// What stands in every block of that language.
fn blocks<'p>(page: &'p str, language: &'p str) -> impl Iterator<Item = &'p str> {
    let open = format!("```{language}\n");
    page.match_indices(&open).map(|(at, _)| at).collect::<Vec<_>>().into_iter().map(move |at| {
        let rest = &page[at + language.len() + 4..];
        &rest[..rest.find("```").unwrap()]
    })
}

/// Whether a line that was printed is the one that was expected, where `…` stands for anything.
fn fits(expected: &str, printed: &str) -> bool {
    let mut parts = expected.split('…');
    let Some(mut rest) = printed.strip_prefix(parts.next().unwrap()) else { return false };
    let parts: Vec<_> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

/// The same for lines; one that is only `…` stands for any number of lines.
fn all_fit(expected: &[&str], printed: &[&str]) -> bool {
    match (expected, printed) {
        ([], printed) => printed.is_empty(),
        (["…", rest @ ..], printed) => (0..=printed.len()).any(|skip| all_fit(rest, &printed[skip..])),
        ([first, rest @ ..], [line, more @ ..]) => fits(first, line) && all_fit(rest, more),
        _ => false,
    }
}

/// The page's accounts, at our own server.
fn furnish(house: &House, profiles: &str) {
    let path = house.somebody("jdoe", &["control-room.api-key", "datto-rmm.read", "datto-rmm.write"]);
    let key = |dialect| {
        house.admin.post(&format!("{path}/keys"), json!({"dialect": dialect, "scopes": scopes(dialect)}))
    };
    let datto = key("datto-rmm").expect(201);
    let room = key("control-room").expect(201);
    house.password(&house.somebody("cabinet", &["ruvds.read", "ruvds.write"]));
    let found = house.admin.get("/v1/principals?username=admin").expect(200);
    house.password(&format!("/v1/principals/{}", text(&found["items"][0], "id")));
    let apm = json!({"name": "apm", "dialect": "dynatrace", "scopes": ["apiTokens.read", "apiTokens.write"], "expires": "10d"});
    let apm = house.admin.post("/v1/tokens", apm).expect(201);
    let servers = profiles.lines().map(|line| match line.strip_prefix("server = \"https://") {
        Some(rest) => {
            let path = rest.trim_end_matches('"').find('/').map_or("", |at| rest[at..].trim_end_matches('"'));
            format!("server = '{}{path}'\n", house.server.url())
        }
        None => format!("{line}\n"),
    });
    house.place.write_profiles(&servers.collect::<Vec<_>>().concat());
    let password = house.place.read("password");
    for (name, secret) in [
        ("rmm.key", format!("{}:{}\n", text(&datto, "key"), text(&datto, "secret")).into_bytes()),
        ("vds.password", password.clone()),
        ("bamboo.password", password),
        ("apm.token", text(&apm, "token").into_bytes()),
        ("room.key", text(&room, "key").into_bytes()),
    ] {
        house.place.write(&format!("config/counterfoil/{name}"), &secret);
        house.place.write(name, secret);
    }
}

fn scopes(dialect: &str) -> Vec<&'static str> {
    if dialect == "datto-rmm" { vec!["datto-rmm.read", "datto-rmm.write"] } else { Vec::new() }
}

#[test]
fn every_example_of_the_page_prints_what_it_says() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/command-line.md");
    let page = fs::read_to_string(page).unwrap();
    let house = House::new();
    furnish(&house, &blocks(&page, "toml").collect::<String>());
    let mut script = String::new();
    let mut expected = Vec::new();
    for line in blocks(&page, "console").flat_map(str::lines) {
        match line.strip_prefix("$ ") {
            Some(command) => {
                expected.push((command, Vec::new()));
                script.extend(["echo '#'; ", command, "\n"]);
            }
            None => expected.last_mut().unwrap().1.push(line),
        }
    }
    assert!(expected.len() > 40, "the page was not understood");
    let path = Path::new(PROGRAM).parent().unwrap();
    let mut bash = house.place.here(Command::new("timeout"));
    bash.env("PATH", format!("{}:/usr/bin:/bin", path.display())).env("SERVER", house.server.url());
    let ran = finish(bash.args(["120", "bash", "-c", &format!("exec 2>&1 < /dev/null\n{script}")]), "");
    let printed: Vec<Vec<&str>> = ran.out.split("#\n").skip(1).map(|part| part.lines().collect()).collect();
    assert_eq!(printed.len(), expected.len(), "{}", ran.out);
    for ((command, expected), printed) in expected.iter().zip(&printed) {
        assert!(all_fit(expected, printed), "$ {command}\n{}", printed.join("\n"));
    }
}
