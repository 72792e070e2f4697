//! The demo: a tour that goes as it should, on a server that leaves nothing behind.

use crate::support::place::{PROGRAM, Place, Ran, finish};
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::process::{Command, Stdio};

/// The program with the place as its directory for what is thrown away.
fn demo(place: &Place, arguments: &[&str]) -> Command {
    let mut command = place.here(Command::new("timeout"));
    // Settings for other servers do not count.
    command
        .env("TMPDIR", place.path())
        .env("COUNTERFOIL_STORE", "sqlite:/nowhere")
        .env("COUNTERFOIL_TOKEN", "x");
    command.args(["120", PROGRAM, "demo"]).args(arguments);
    command
}

#[test]
fn the_tour_goes_as_it_should_and_leaves_nothing() {
    let place = Place::new();
    let ran: Ran = finish(&mut demo(&place, &["--once", "--port", "0"]), "");
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{ran:?}");
    assert!(!ran.out.contains('✗') && ran.out.matches('✓').count() > 18, "{}", ran.out);
    for part in [
        "-d 'grant_type=password&username=",
        r#"-d '{"token_name":"my-api-token","token_role":"read","token_expiry":"2127-01-01T00:00:00Z"}'"#,
        r#"-d '{"name":"informational name","read":true,"change":false}'"#,
        r#"-d '{"personalAccessToken":false,"expirationDate":"now+14d","scopes":["metrics.read"],"name":"tokenName"}'"#,
        r#"-d '{"username":"jdoe","apiKey":"Vie;Z:IvtAhY0\\1RAD[SWl{NU7baRLYEeIYUJSKO"}'"#,
        "✓ the old one counts",
        "✓ the first check after it was refused, ",
    ] {
        assert!(ran.out.contains(part), "{part} is not in {}", ran.out);
    }
    assert_eq!(place.names(), Vec::<String>::new());
}

#[test]
fn what_is_shown_can_be_typed_while_it_stays_up() {
    let place = Place::new();
    let mut child = demo(&place, &["--port", "0"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let shown: Vec<String> = lines.by_ref().take_while(|line| line != "Ctrl-C stops it.").collect();
    let (mut typed, mut exports) = (0, String::new());
    for line in shown.iter().map(|line| line.trim()) {
        if line.starts_with("export ") {
            exports.extend([line, "\n"]);
        } else if line.starts_with("curl -s ") && !line.contains("-X DELETE") {
            let mut bash = place.here(Command::new("bash"));
            let ran =
                finish(bash.args(["-c", &format!("{exports}{line} -o /dev/null -w '%{{http_code}}'")]), "");
            assert!(ran.out.starts_with(['2', '4']) && ran.err.is_empty(), "{line}: {ran:?}");
            typed += 1;
        }
    }
    assert!(typed > 12, "{shown:?}");
    // The last of the tokens counts still.
    let gate = shown.iter().find(|line| line.contains("/check/front") && line.contains("$TOKEN")).unwrap();
    let mut bash = place.here(Command::new("bash"));
    let ran = finish(bash.args(["-c", &format!("{exports}{gate} -o /dev/null -w '%{{http_code}}'")]), "");
    assert_eq!(ran.out, "200", "{gate}: {ran:?}");
    let commands = shown.iter().map(|line| line.trim()).filter(|line| line.starts_with("counterfoil token"));
    for line in commands {
        let path = std::path::Path::new(PROGRAM).parent().unwrap();
        let mut bash = place.here(Command::new("bash"));
        bash.env("PATH", format!("{}:/usr/bin:/bin", path.display()));
        finish(bash.args(["-c", &format!("{exports}{line}")]), "").printed();
    }
    // `timeout` passes the signal on.
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    assert!(lines.any(|line| line == "Stopped; nothing is left of it."));
    assert!(child.wait().unwrap().success());
    assert_eq!(place.names(), Vec::<String>::new());
}

#[test]
fn a_port_that_is_taken_is_one_sentence() {
    let place = Place::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let said = finish(&mut demo(&place, &["--once", "--port", &port]), "").refused();
    assert!(said.contains("in use") && said.contains("another port can be had with --port"), "{said}");
    assert!(!said.contains("--listen"), "{said}");
    assert_eq!(place.names(), Vec::<String>::new());
}
