//! Very many connections that say nothing, or half of something, keep nobody else out; nor do those who mean no good.

use crate::clock::impatient;
use crate::support::place::Place;
use crate::support::python;
use crate::support::server::Server;
use std::process::Command;

/// In pages.
fn resident(server: &Server) -> u64 {
    let statm = std::fs::read_to_string(format!("/proc/{}/statm", server.pid())).unwrap();
    statm.split(' ').nth(1).unwrap().parse().unwrap()
}

fn allowed(server: &Server, which: usize) -> String {
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", server.pid())).unwrap();
    let line = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
    line.split_ascii_whitespace().nth(which).unwrap().to_owned()
}

#[test]
fn ten_thousand_idle_connections_keep_nobody_out() {
    let place = Place::with_store();
    let program = place.program();
    // As it is started on most machines.
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -Sn 1024; exec \"$0\" serve --listen 127.0.0.1:0 --log warn"]);
    command
        .arg(program.get_program())
        .current_dir(place.path())
        .envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let server = Server::run(&mut command);
    assert_eq!(allowed(&server, 3), allowed(&server, 4), "it gives itself what it may");
    let crowd = || {
        let ran =
            python::script("crowd.py", &[&server.address.port().to_string(), "10000"], &place.first_token());
        assert_eq!(ran.out, "1000 good answers among 10000\n", "{ran:?}");
        resident(&server)
    };
    let crowds = || crowd().max(crowd()).max(crowd());
    // What earlier crowds took is used again: nothing is held for those who have gone.
    let (first, later) = (crowds(), crowds());
    assert!(later < first + first / 3, "{first} pages, then {later}");
    server.stop();
}

/// Heads and bodies byte by byte, pipelines whose answers nobody reads, heads that are none: none of them lets go.
#[test]
fn whoever_keeps_the_server_waiting_is_cut_and_leaves_nothing_behind() {
    const COUNT: u32 = 1400;
    let place = Place::with_store();
    let server = impatient(&place);
    let storm = || {
        let arguments = [server.address.port().into(), server.pid(), COUNT].map(|number| number.to_string());
        let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
        let ran = python::script("hostile.py", &arguments, &place.first_token());
        assert_eq!(ran.out, format!("0 wrong answers, {COUNT} strangers, 0 left\n"), "{ran:?}");
        resident(&server)
    };
    let (first, second) = (storm(), storm());
    assert!(second < first + first / 3, "{first} pages, then {second}");
    assert!(!server.log().contains("panicked"), "{}", server.log());
    server.stop();
}
