//! Tells the tour: each request as a line for `curl`, the answer that came, and how long it took.

use crate::cli::format::{shell, visible};
use crate::cli::printer::write;
use crate::reach::http;
use anyhow::{Context as _, Result};
use http::Method;
use serde_json::Value;
use std::time::{Duration, Instant};

/// An answer is shown up to here.
const WIDTH: usize = 150;

/// Says something.
pub(super) fn say(text: &str) -> Result<()> {
    Ok(write(&format!("   {text}\n"))?)
}

/// Whoever asks and tells.
pub(super) struct Teller {
    http: reqwest::Client,
    url: String,
    /// Texts that are shown as variables of the shell.
    names: Vec<(&'static str, String)>,
    number: u32,
    /// Whether everything went as it should.
    pub(super) well: bool,
}

/// A request.
pub(super) struct Call {
    pub(super) method: Method,
    pub(super) path: String,
    /// The header that carries the credential, if any does.
    pub(super) credential: Option<(&'static str, String)>,
    /// Content type and body.
    pub(super) body: Option<(&'static str, String)>,
}

/// What came back.
pub(super) struct Came {
    pub(super) status: u16,
    pub(super) json: Value,
    pub(super) took: Duration,
    text: String,
}

impl Came {
    /// A text in the answer.
    pub(super) fn text(&self, pointer: &str) -> Result<String> {
        let found = self.json.pointer(pointer).and_then(Value::as_str);
        Ok(found.with_context(|| format!("nothing at {pointer} in the answer {}", self.text))?.to_owned())
    }
}

impl Call {
    pub(super) fn new(method: Method, path: impl Into<String>) -> Self {
        Self { method, path: path.into(), credential: None, body: None }
    }

    pub(super) fn with(self, header: &'static str, value: impl Into<String>) -> Self {
        Self { credential: Some((header, value.into())), ..self }
    }

    pub(super) fn json(self, body: impl Into<String>) -> Self {
        Self { body: Some(("application/json", body.into())), ..self }
    }

    pub(super) fn form(self, body: impl Into<String>) -> Self {
        Self { body: Some(("application/x-www-form-urlencoded", body.into())), ..self }
    }
}

impl Teller {
    pub(super) fn new(url: &str) -> Result<Self> {
        let http = http().build()?;
        Ok(Self { http, url: url.to_owned(), names: Vec::new(), number: 0, well: true })
    }

    /// From here on this text is shown as a variable.
    pub(super) fn name(&mut self, name: &'static str, text: &str) -> Result<()> {
        self.names.retain(|(known, _)| *known != name);
        self.names.push((name, text.to_owned()));
        Ok(write(&format!("   export {name}={}\n", shell(text)))?)
    }

    /// A new chapter.
    pub(super) fn title(&mut self, title: &str) -> Result<()> {
        self.number += 1;
        Ok(write(&format!("\n{}. {title}\n", self.number))?)
    }

    /// Asks, and tells what was asked and what came.
    pub(super) async fn tell(&mut self, call: Call, expected: u16) -> Result<Came> {
        let line = self.curl(&call);
        let came = self.ask(call).await?;
        let answer: String = visible(&came.text).chars().take(WIDTH).collect();
        let more = if came.text.chars().count() > WIDTH { "…" } else { "" };
        let good = self.check(came.status == expected);
        let millis = came.took.as_secs_f64() * 1000.0;
        write(&format!("   {line}\n   {good} {} in {millis:.1} ms  {answer}{more}\n", came.status))?;
        Ok(came)
    }

    /// Asks without a word.
    pub(super) async fn ask(&self, call: Call) -> Result<Came> {
        let mut request = self.http.request(call.method, format!("{}{}", self.url, call.path));
        if let Some((name, value)) = call.credential {
            request = request.header(name, value);
        }
        if let Some((kind, body)) = call.body {
            request = request.header("content-type", kind).body(body);
        }
        let began = Instant::now();
        let answer = request.send().await?;
        let status = answer.status().as_u16();
        let text = answer.text().await?;
        let took = began.elapsed();
        Ok(Came { status, json: serde_json::from_str(&text).unwrap_or_default(), took, text })
    }

    /// Notes whether something is as it should be.
    pub(super) fn check(&mut self, good: bool) -> &'static str {
        self.well &= good;
        if good { "✓" } else { "✗" }
    }

    fn curl(&self, call: &Call) -> String {
        let mut line = "curl -s".to_owned();
        if call.method != Method::GET && (call.method != Method::POST || call.body.is_none()) {
            line.extend([" -X ", call.method.as_str()]);
        }
        let url = format!("{}{}", self.url, call.path);
        line.extend([" ", &if url.contains('?') { shell(&url) } else { url }]);
        if let Some((name, value)) = &call.credential {
            line.extend([" -H ", &self.quoted(&format!("{name}: {value}"))]);
        }
        if let Some((kind, body)) = &call.body {
            if *kind == "application/json" {
                line.extend([" -H ", &shell("content-type: application/json")]);
            }
            line.extend([" -d ", &self.quoted(body)]);
        }
        line
    }

    /// One word for the shell, with variables for the texts that have one.
    fn quoted(&self, text: &str) -> String {
        if !self.names.iter().any(|(_, known)| text.contains(known)) {
            return shell(text);
        }
        let escaped: String = text.chars().fold(String::new(), |mut all, letter| {
            if "\\\"$`".contains(letter) {
                all.push('\\');
            }
            all.push(letter);
            all
        });
        let named =
            self.names.iter().fold(escaped, |text, (name, known)| text.replace(known, &format!("${name}")));
        format!("\"{named}\"")
    }
}
