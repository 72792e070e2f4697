//! Our command line against recordings of the vendors: each file of `tests/recordings` holds commands, the requests that
//! they make, to the byte, the vendor's answers as its page or the contract shows them, and what is printed.
//!
//! `$` is the command, `<` its standard input, `---` its exit code, followed by what it prints and, after `!`, what it
//! complains of. `UPDATE_RECORDINGS=1` writes requests and outcomes; read them before you commit them.

use crate::support::place::{PROGRAM, Place, Ran, finish};
use crate::support::raw::{Raw, reply};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

/// One command and everything that belongs to it.
#[derive(Default)]
struct Recording {
    /// Title and remarks.
    head: String,
    command: String,
    input: String,
    /// What was asked and what was answered.
    exchanges: Vec<(String, String)>,
    outcome: String,
}

fn read(block: &str) -> Recording {
    let mut recording = Recording::default();
    let mut part = 0;
    for line in block.lines() {
        let asks = ["GET /", "POST /", "PUT /", "DELETE /"].iter().any(|start| line.starts_with(start));
        match line {
            line if part < 4 && line.starts_with("---") => part = 4,
            _ if part < 4 && asks => {
                recording.exchanges.push((String::new(), String::new()));
                part = 2;
            }
            line if part == 2 && line.starts_with("HTTP/1.1 ") => part = 3,
            _ => {}
        }
        match (part, line.split_at_checked(2)) {
            (0, Some(("$ ", command))) => command.clone_into(&mut recording.command),
            (0, Some(("< ", input))) => writeln!(recording.input, "{input}").unwrap(),
            (0, _) if line.trim().is_empty() => {}
            (0, _) => writeln!(recording.head, "{line}").unwrap(),
            (2, _) => writeln!(recording.exchanges.last_mut().unwrap().0, "{line}").unwrap(),
            (3, _) => writeln!(recording.exchanges.last_mut().unwrap().1, "{line}").unwrap(),
            _ => writeln!(recording.outcome, "{line}").unwrap(),
        }
    }
    recording
}

/// The head after the version, and the body.
fn answer(text: &str) -> Vec<u8> {
    let (head, body) = text.trim_end().split_once("\n\n").unwrap_or((text.trim_end(), ""));
    reply(head.strip_prefix("HTTP/1.1 ").unwrap(), body)
}

impl Recording {
    /// Runs the command; the recording as it turned out. What is cached stays for the next one in the place.
    fn play(&self, place: &Place) -> Self {
        let raw = Raw::saying(self.exchanges.iter().map(|(_, reply)| answer(reply)).collect());
        let (url, host) = (raw.url(), raw.address.to_string());
        let line = format!("{PROGRAM} {}", self.command.replace("{URL}", &url));
        let mut shell = place.here(Command::new("timeout"));
        let ran = finish(shell.args(["60", "bash", "-c", &line]), &self.input);
        let heard = raw.heard();
        assert_eq!(heard.len(), self.exchanges.len(), "{}: requests and answers: {ran:?}", self.command);
        let asked = |request: &String| {
            let plain = request.replace("\r\n", "\n").replace(&host, "{HOST}");
            plain
                .replace(concat!("counterfoil/", env!("CARGO_PKG_VERSION")), "counterfoil/{VERSION}")
                .trim_end()
                .to_owned()
                + "\n\n"
        };
        let answers = self.exchanges.iter().map(|(_, answer)| answer.clone());
        let exchanges = heard.iter().map(asked).zip(answers).collect();
        Self {
            head: self.head.clone(),
            command: self.command.clone(),
            input: self.input.clone(),
            exchanges,
            outcome: outcome(&ran, &url),
        }
    }

    fn text(&self) -> String {
        let input: String = self.input.lines().map(|line| ["< ", line, "\n"].concat()).collect();
        let exchanges: String =
            self.exchanges.iter().map(|(asked, answered)| [asked.as_str(), answered].concat()).collect();
        format!("{}$ {}\n{input}\n{exchanges}{}\n", self.head, self.command, self.outcome.trim_end())
    }
}

fn outcome(ran: &Ran, url: &str) -> String {
    let said: String = ran.err.lines().map(|line| ["! ", line, "\n"].concat()).collect();
    format!("--- {}\n{}{said}", ran.code.unwrap(), ran.out).replace(url, "{URL}")
}

fn play(name: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recordings").join(name);
    let text = fs::read_to_string(&path).unwrap();
    let place = Place::new();
    place.write("secret", "12345\n");
    let mut played = Vec::new();
    for block in text.split("\n### ") {
        played.push(read(block.trim_end()).play(&place).text());
    }
    let played = played.join("\n### ");
    if played != text {
        #[expect(clippy::disallowed_methods, reason = "asked of whoever runs the tests")]
        let update = std::env::var_os("UPDATE_RECORDINGS").is_some();
        assert!(update, "{name} is not what happened, which is:\n{played}");
        fs::write(&path, played).unwrap();
    }
}

#[test]
fn datto_rmm() {
    play("datto-rmm.http");
}

#[test]
fn ruvds() {
    play("ruvds.http");
}

#[test]
fn agent_config() {
    play("agent-config.http");
}

#[test]
fn dynatrace() {
    play("dynatrace.http");
}

#[test]
fn control_room() {
    play("control-room.http");
}
