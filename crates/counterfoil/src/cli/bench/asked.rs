//! What is asked, as bytes ready to be sent: making them beforehand leaves the asker nothing to do but ask.

use super::BenchArgs;
use crate::cli::exit::Failure;
use crate::cli::secrets::Secrets;
use crate::config::client::Client;
use crate::reach;
use anyhow::Result;
use bytes::Bytes;
use counterfoil_core::secret::Secret;
use counterfoil_dialects::native::client;
use counterfoil_dialects::native::wire::verify::Question;
use http::header::{AUTHORIZATION, HOST, HeaderValue};
use http::{Method, Request, Uri};
use std::io::Write as _;
use std::ops::Range;

/// Requests to be sent over and over.
pub(super) struct Asked {
    host: String,
    /// One behind the other, in the order in which they are sent.
    bytes: Vec<u8>,
    ends: Vec<usize>,
    gate: bool,
}

impl Asked {
    /// The requests that the command line asks for.
    pub(super) fn of(args: &BenchArgs, client: &Client, secrets: &Secrets<'_>) -> Result<Self> {
        let url = client.server.as_ref().map(|server| server.value.as_str());
        let url = url.ok_or_else(|| Failure::usage("a running server is asked: name it with --server"))?;
        let uri: Uri = reach::base(url)?.parse()?;
        if uri.scheme_str() != Some("http") {
            return Err(
                Failure::usage("only http:// is asked, so that it is not TLS that is measured").into()
            );
        }
        let host = uri.authority().map_or("", |authority| authority.as_str());
        let host = if uri.port().is_none() { format!("{host}:80") } else { host.to_owned() };
        let mut asked = Self { host, bytes: Vec::new(), ends: Vec::new(), gate: args.gate.is_some() };
        let given = args.subjects.as_deref().map(|spelt| secrets.read(spelt)).transpose()?;
        // A gate is asked by the token that it checks, and nobody else.
        let credential = match (&given, &args.gate) {
            (Some(_), Some(_)) => None,
            _ => Some(reach::credential(client, secrets)?),
        };
        let none = || Failure::usage("there are no tokens to check");
        let texts = given.as_ref().or(credential.as_ref()).ok_or_else(none)?.reveal();
        let texts = scattered(texts.lines().filter(|line| !line.is_empty()).collect());
        let path = uri.path().trim_end_matches('/');
        match (&args.gate, &credential) {
            (None, Some(credential)) => {
                asked.of_the_server(path, args, &texts, &reach::bearer(credential)?)?;
            }
            (gate, _) => asked.of_a_gate(path, gate.as_deref().unwrap_or_default(), &texts)?,
        }
        if asked.ends.is_empty() {
            return Err(none().into());
        }
        Ok(asked)
    }

    fn of_the_server(
        &mut self,
        path: &str,
        args: &BenchArgs,
        texts: &[&str],
        credential: &HeaderValue,
    ) -> Result<()> {
        let question = |text: &&str| {
            let (token, scope) = ((*text).to_owned(), args.scope.clone());
            Question { token, scope, address: None }
        };
        // Batches are full, if need be with a token twice: the rate of tokens counts on it.
        let each = usize::from(args.batch.unwrap_or(1));
        let mut next = texts.iter().cycle();
        for _ in 0..texts.len().div_ceil(each) {
            let few: Vec<Question> = next.by_ref().take(each).map(question).collect();
            let request = match (args.batch, few.as_slice()) {
                (None, [one]) => client::verify(one)?.request,
                _ => client::verify_each(few)?.request,
            };
            self.push(path, request, credential)?;
        }
        Ok(())
    }

    fn of_a_gate(&mut self, path: &str, gate: &str, texts: &[&str]) -> Result<()> {
        for text in texts {
            // As a gateway asks that forwards a `GET /`.
            let request = Request::get(format!("/check/{gate}"))
                .header("x-forwarded-method", "GET")
                .header("x-forwarded-uri", "/")
                .body(Bytes::new())?;
            self.push(path, request, &reach::bearer(&Secret::new((*text).to_owned()))?)?;
        }
        Ok(())
    }

    /// Host and port of the server.
    pub(super) fn host(&self) -> &str {
        &self.host
    }

    /// How many requests there are.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The request at this place; after the last comes the first.
    pub(super) fn at(&self, place: usize) -> &[u8] {
        let place = place % self.ends.len();
        let from = place.checked_sub(1).map_or(0, |before| self.ends[before]);
        self.bytes.get(Range { start: from, end: self.ends[place] }).unwrap_or_default()
    }

    /// Whether the token counts that the answer is about; `None`: it is no answer to what was asked.
    pub(super) fn reads(&self, status: u16, body: &[u8]) -> Option<bool> {
        match status {
            200..=299 if self.gate => Some(true),
            401 | 403 if self.gate => Some(false),
            200 if !self.gate => Some(body.starts_with(br#"{"active":true"#)),
            _ => None,
        }
    }

    fn push(&mut self, path: &str, mut request: Request<Bytes>, credential: &HeaderValue) -> Result<()> {
        request.headers_mut().insert(HOST, HeaderValue::try_from(&self.host)?);
        request.headers_mut().insert(AUTHORIZATION, credential.clone());
        let bytes = &mut self.bytes;
        write!(bytes, "{} {path}{} HTTP/1.1\r\n", request.method(), request.uri())?;
        for (name, value) in request.headers() {
            write!(bytes, "{name}: ")?;
            bytes.extend_from_slice(value.as_bytes());
            bytes.extend_from_slice(b"\r\n");
        }
        if request.method() != Method::GET {
            write!(bytes, "content-length: {}\r\n", request.body().len())?;
        }
        bytes.extend_from_slice(b"\r\n");
        bytes.extend_from_slice(request.body());
        self.ends.push(bytes.len());
        Ok(())
    }
}

/// In an order that no cache of the server foresees, whatever the order of the file.
fn scattered(texts: Vec<&str>) -> Vec<&str> {
    /// A prime, so that every text has its turn unless there are just as many.
    const STRIDE: usize = 15_485_863;
    let count = texts.len();
    if count.is_multiple_of(STRIDE) {
        return texts;
    }
    (0..count).filter_map(|place| texts.get(place * STRIDE % count).copied()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn scattering_loses_nothing() {
        let numbers: Vec<String> = (0..1000).map(|number: u32| number.to_string()).collect();
        let texts: Vec<&str> = numbers.iter().map(String::as_str).collect();
        let scattered = scattered(texts.clone());
        assert_ne!(scattered, texts);
        assert_eq!(scattered.iter().collect::<BTreeSet<_>>(), texts.iter().collect());
    }

    #[test]
    fn requests_are_sent_in_turn_and_answers_read_by_what_was_asked() {
        let mut asked = Asked { host: "h:1".into(), bytes: Vec::new(), ends: Vec::new(), gate: false };
        for (target, body) in [("/a", ""), ("/b", "{}")] {
            let request = Request::post(target).body(Bytes::from_static(body.as_bytes())).unwrap();
            asked.push("/below", request, &HeaderValue::from_static("Bearer x")).unwrap();
        }
        let second =
            "POST /below/b HTTP/1.1\r\nhost: h:1\r\nauthorization: Bearer x\r\ncontent-length: 2\r\n\r\n{}";
        assert!(asked.at(0).starts_with(b"POST /below/a "));
        assert_eq!(asked.at(1), second.as_bytes());
        assert_eq!(asked.at(2), asked.at(0));
        assert_eq!(asked.reads(200, br#"{"active":true,"id":"cf"}"#), Some(true));
        assert_eq!(asked.reads(200, br#"{"active":false}"#), Some(false));
        assert_eq!((asked.reads(204, b""), asked.reads(401, b"")), (None, None));
        let gate = Asked { gate: true, ..asked };
        assert_eq!(
            (gate.reads(204, b""), gate.reads(401, b""), gate.reads(500, b"")),
            (Some(true), Some(false), None)
        );
    }
}
