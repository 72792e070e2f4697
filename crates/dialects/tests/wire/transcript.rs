//! Reading, playing and writing a transcript: a text of exchanges, each a request and the reply to it.
//!
//! Exchanges are separated by lines that begin with `###`. Before the request stand comments (`#`) and directives:
//! `@pass 1h` lets time pass, `@from 198.51.100.7` is the caller's address from there on, `@mount name value` sets a
//! setting (in the first exchange only). After the reply `@let T = /token` keeps what the JSON pointer finds in it;
//! a later request may then say `{T}`. `{ADMIN}` is the first token.

use crate::support::{SOMEWHERE, World};
use bytes::Bytes;
use counterfoil_core::when;
use counterfoil_dialects::dialect::Reply;
use counterfoil_dialects::doorway::Answered;
use http::{Method, Request};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::IpAddr;

/// One request, the reply that is expected, and what stands around them.
struct Exchange {
    /// Everything up to the reply, as it stands in the file.
    asked: String,
    /// The reply, as it stands in the file.
    expected: String,
    /// What stands after it.
    after: String,
}

/// What was asked for, as far as coverage is concerned.
pub(crate) struct Seen {
    pub(crate) dialect: &'static str,
    pub(crate) method: Method,
    pub(crate) route: String,
    pub(crate) status: u16,
}

/// A transcript that was played.
pub(crate) struct Played {
    /// The text with the replies that came.
    pub(crate) text: String,
    /// Where what came differs from what was expected, for people.
    pub(crate) differences: String,
    /// Each exchange's route.
    pub(crate) seen: Vec<Seen>,
}

/// Plays a whole transcript against a new server.
pub(crate) async fn play(text: &str) -> Played {
    let exchanges: Vec<Exchange> = split(text).iter().map(|block| read(block)).collect();
    let settings = exchanges.iter().take(1).flat_map(|first| directives(&first.asked, "@mount"));
    let settings = settings.map(|line| pair(line, ' ')).collect();
    let world = World::create(settings).await;
    let mut known = BTreeMap::from([("ADMIN".to_owned(), world.admin.clone())]);
    let mut from = SOMEWHERE;
    let mut played = Played { text: String::new(), differences: String::new(), seen: Vec::new() };
    for (number, exchange) in exchanges.iter().enumerate() {
        for span in directives(&exchange.asked, "@pass") {
            world.clock.pass(when::span(span).unwrap());
        }
        if let Some(address) = directives(&exchange.asked, "@from").last() {
            from = address.parse::<IpAddr>().unwrap();
        }
        let request = request(&exchange.asked, &known);
        let method = request.method().clone();
        let Answered { reply, dialect, route } = world.answer(request, from).await;
        played.seen.push(Seen { dialect, method, route: route.to_string(), status: reply.status().as_u16() });
        let came = write(&reply);
        if came.trim_end() != exchange.expected.trim_end() {
            let ruler = |title: &str| format!("{title:-<100}");
            let asked = exchange.asked.trim();
            let _ = writeln!(
                played.differences,
                "exchange {}\n{asked}\n{}\n{}\n{}\n{came}\n{}",
                number + 1,
                ruler("--- expected "),
                exchange.expected.trim_end(),
                ruler("--- got "),
                ruler(""),
            );
        }
        for line in directives(&exchange.after, "@let") {
            let (name, pointer) = pair(line, '=');
            known.insert(name, found(reply.body(), &pointer));
        }
        let _ = write!(played.text, "{}{came}\n{}", exchange.asked, exchange.after);
    }
    played.text = format!("{}\n", played.text.trim_end());
    played
}

/// The text cut before each line that begins with `###`.
fn split(text: &str) -> Vec<String> {
    let mut blocks = vec![String::new()];
    for line in text.split_inclusive('\n') {
        if line.starts_with("###") && blocks.last().is_some_and(|block| asks(block)) {
            blocks.push(String::new());
        }
        if let Some(block) = blocks.last_mut() {
            block.push_str(line);
        }
    }
    blocks
}

/// Whether there is more than comments and directives.
fn asks(block: &str) -> bool {
    block.lines().any(|line| !is_aside(line))
}

fn is_aside(line: &str) -> bool {
    line.trim().is_empty() || line.starts_with(['#', '@'])
}

fn read(block: &str) -> Exchange {
    let (mut asked, mut expected, mut after) = (String::new(), String::new(), String::new());
    let mut lines = block.split_inclusive('\n').peekable();
    while let Some(line) = lines.next_if(|line| !line.starts_with("HTTP/1.1 ")) {
        asked.push_str(line);
    }
    while let Some(line) = lines.next_if(|line| !line.starts_with("@let ")) {
        expected.push_str(line);
    }
    after.extend(lines);
    if expected.is_empty() && !asked.ends_with("\n\n") {
        // A new exchange, written without its reply.
        asked.push('\n');
    }
    Exchange { asked, expected, after }
}

fn directives<'a>(text: &'a str, name: &'a str) -> impl Iterator<Item = &'a str> {
    text.lines().filter_map(move |line| line.strip_prefix(name)).map(str::trim)
}

fn pair(line: &str, between: char) -> (String, String) {
    let (name, value) = line.split_once(between).unwrap();
    (name.trim().to_owned(), value.trim().to_owned())
}

/// The request line, headers up to a blank line, and the rest as the body.
fn request(asked: &str, known: &BTreeMap<String, String>) -> Request<String> {
    let lines: Vec<&str> = asked.lines().skip_while(|line| is_aside(line)).collect();
    let mut text = lines.join("\n") + "\n";
    for (name, value) in known {
        text = text.replace(&format!("{{{name}}}"), value);
    }
    let (head, body) = text.split_once("\n\n").unwrap_or((&text, ""));
    let mut head = head.lines();
    let (method, target) = pair(head.next().unwrap(), ' ');
    let mut request = Request::builder().method(method.as_str()).uri(target);
    for line in head {
        let (name, value) = line.split_once(':').unwrap_or_else(|| panic!("no header: {line}"));
        request = request.header(name, value.trim());
    }
    request.body(body.trim_end().to_owned()).unwrap()
}

/// Status line, headers in order of name, body; a carriage return in it is shown.
fn write(reply: &Reply) -> String {
    let status = reply.status();
    let mut text = format!("HTTP/1.1 {} {}\n", status.as_str(), status.canonical_reason().unwrap());
    let mut headers: Vec<_> = reply.headers().iter().collect();
    headers.sort_by_key(|(name, _)| name.as_str());
    for (name, value) in headers {
        let _ = writeln!(text, "{name}: {}", value.to_str().unwrap());
    }
    if !reply.body().is_empty() {
        let body = std::str::from_utf8(reply.body()).unwrap().replace('\r', "␍");
        let _ = writeln!(text, "\n{body}");
    }
    text
}

fn found(body: &Bytes, pointer: &str) -> String {
    let body: Value = serde_json::from_slice(body).unwrap();
    let value = body.pointer(pointer).unwrap_or_else(|| panic!("nothing at {pointer} in {body}"));
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
