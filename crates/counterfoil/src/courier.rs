//! Carries requests to a vendor's server and brings the answers back: bounded, never redirected, repeated only where
//! nothing can be done twice by it. Whatever goes wrong is one sentence that names the vendor, the address, the status
//! and what to do, and no secret.

use crate::cli::exit::{Exit, Failure};
use crate::reach::{base, http, innermost, straight, whole};
use crate::system::SystemClock;
use crate::trust::{distrusted, with_authorities};
use bytes::Bytes;
use counterfoil_core::clock::Clock;
use counterfoil_core::when::iso;
use counterfoil_dialects::ask::{Ask, Repeat, escape};
use counterfoil_dialects::vendor::{Complaint, Credential, Fault, Vendor};
use http::header::{CONTENT_LENGTH, HeaderValue, RETRY_AFTER};
use http::{Method, Request, Response, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde::de::DeserializeOwned;
use std::path::Path;
use std::pin::pin;
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// The longest answer that is read.
const LONGEST: usize = 16 << 20;
/// The longest pause that a vendor may ask for before the same request is made again.
const PATIENCE: SignedDuration = SignedDuration::from_secs(10);
/// How long an answer may take in all, attempts and pauses together.
const WITHIN: Duration = Duration::from_mins(1);
/// After so long a person wants to know whom we wait for.
const A_WHILE: Duration = Duration::from_secs(3);
/// How often a request is made again.
const AGAIN: u32 = 2;

/// A way to one vendor's server.
#[derive(Debug, Clone)]
pub struct Courier {
    http: reqwest::Client,
    vendor: &'static Vendor,
    base: String,
    within: Duration,
    tells: bool,
    announces: bool,
}

/// Why a request has no answer.
enum Lost {
    /// It never went out.
    Unsent(String, &'static str),
    /// It may have been carried out.
    Unanswered(String),
    /// It has an answer that is longer than anything we would read.
    TooLong,
}

impl Courier {
    /// To the vendor at this address, trusting this authority besides those that the machine trusts.
    pub fn to(vendor: &'static Vendor, server: &str, ca_file: Option<&Path>) -> Result<Self, Failure> {
        let http = with_authorities(http(), ca_file)?.build();
        let http = http.map_err(|why| Failure::new(Exit::Failed, innermost(&why)))?;
        Ok(Self { http, vendor, base: base(server)?, within: WITHIN, tells: false, announces: false })
    }

    /// What stands before every path.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The same, telling a person whom it waits for if that is wanted.
    #[must_use]
    pub fn announcing(self, announces: bool) -> Self {
        Self { announces, ..self }
    }

    /// The same, telling a person every request if that is wanted.
    #[must_use]
    pub fn telling(self, tells: bool) -> Self {
        Self { tells, ..self }
    }

    /// Asks, and reads the answer.
    pub async fn ask<T: DeserializeOwned>(
        &self,
        ask: Ask<T>,
        credential: Option<&Credential>,
    ) -> Result<T, Failure> {
        straight(&ask.request)?;
        let mut request = ask.request.clone();
        if let Some(credential) = credential {
            let header = self.vendor.authorization(credential);
            let (name, value) = header.ok_or_else(|| {
                Failure::new(Exit::Credential, "the credential holds characters that none has")
            })?;
            request.headers_mut().insert(name, value);
        }
        if request.body().is_empty() && !request.method().is_safe() {
            // Some servers insist on being told that there is nothing.
            request.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
        }
        let secrets = secrets(&ask, &request, credential);
        let hide =
            |text: &str| secrets.iter().fold(text.to_owned(), |text, secret| text.replace(secret, "••••"));
        let sentence = |failure: Failure| Failure { message: hide(&failure.message), ..failure };
        let place = self.place(&request);
        if self.tells {
            crate::cli::remark(&hide(&format!("VERBOSE: {} {place}", request.method())));
        }
        let waited = sentence(Failure::usage(format!("{place} is waited for"))).message;
        let end = Instant::now() + self.within;
        for attempt in 0.. {
            let sent = self.patiently(&request, end, &waited).await;
            let left = end.saturating_duration_since(Instant::now());
            let again = attempt < AGAIN && !left.is_zero();
            match sent {
                Ok(answer) => match pause(&ask, &answer) {
                    Some(pause) if again && pause < left => tokio::time::sleep(pause).await,
                    _ => {
                        let read = self.vendor.read(&ask, &answer);
                        return read
                            .map_err(|fault| sentence(refusal(&fault.hiding(hide), &place, &ask, &answer)));
                    }
                },
                Err(Lost::Unanswered(_)) if ask.repeat == Repeat::Freely && again => {}
                Err(failed) => return Err(sentence(unreached(failed, &place, ask.repeat))),
            }
        }
        unreachable!("the last attempt returns")
    }

    /// The vendor and the address, without a query.
    fn place(&self, request: &Request<Bytes>) -> String {
        format!("{} at {}{}", self.vendor.title, self.base, request.uri().path())
    }

    /// Sends, and tells a person when that takes a while.
    async fn patiently(
        &self,
        request: &Request<Bytes>,
        end: Instant,
        waited: &str,
    ) -> Result<Response<Bytes>, Lost> {
        let mut sending = pin!(self.send(request, end));
        if self.announces {
            match timeout(A_WHILE, &mut sending).await {
                Ok(sent) => return sent,
                Err(_) => crate::cli::remark(waited),
            }
        }
        sending.await
    }

    async fn send(&self, request: &Request<Bytes>, end: Instant) -> Result<Response<Bytes>, Lost> {
        let unsent = |why: &dyn std::error::Error| Lost::Unsent(innermost(why), "check the address");
        let (mut parts, body) = request.clone().into_parts();
        parts.uri = format!("{}{}", self.base, parts.uri)
            .parse()
            .map_err(|why: http::uri::InvalidUri| unsent(&why))?;
        let mut request =
            reqwest::Request::try_from(Request::from_parts(parts, body)).map_err(|why| unsent(&why))?;
        *request.timeout_mut() = Some(end.saturating_duration_since(Instant::now()));
        let answer = self.http.execute(request).await.map_err(|why| lost(&why))?;
        whole(answer, LONGEST).await.map_err(|why| lost(&why))?.ok_or(Lost::TooLong)
    }
}

/// What an error of the HTTP library means.
fn lost(why: &reqwest::Error) -> Lost {
    let cause = innermost(why);
    if let Some((what, advice)) = distrusted(&cause) {
        return Lost::Unsent(what, advice);
    }
    if why.is_connect() {
        let cause = if why.is_timeout() { "no connection within 10 s".to_owned() } else { cause };
        return Lost::Unsent(format!("cannot be reached: {cause}"), "check the address, and that it runs");
    }
    if why.is_timeout() {
        return Lost::Unanswered("did not answer within a minute".into());
    }
    Lost::Unanswered(format!("broke its answer off: {cause}"))
}

fn unreached(lost: Lost, place: &str, repeat: Repeat) -> Failure {
    match lost {
        Lost::Unsent(what, advice) => Failure::new(Exit::Unreachable, format!("{place} {what}; {advice}")),
        Lost::Unanswered(what) => {
            let failure = Failure::new(Exit::Unreachable, format!("{place} {what}; {}", later(repeat)));
            failure.perhaps_done()
        }
        Lost::TooLong => {
            let what = format!("answered with more than {} MiB", LONGEST >> 20);
            Failure::new(Exit::Failed, format!("{place} {what}; check the address")).perhaps_done()
        }
    }
}

/// What to do when it is unknown what became of a request.
fn later(repeat: Repeat) -> &'static str {
    match repeat {
        Repeat::Freely | Repeat::ByHand => "try again later",
        Repeat::WithCare => "it may have been carried out: look before you repeat it",
    }
}

/// How long to wait before the same request is made again, if it should be: a request that was refused as one too many
/// was not carried out; what a server in trouble did is unknown.
fn pause<T>(ask: &Ask<T>, answer: &Response<Bytes>) -> Option<Duration> {
    let again = match answer.status() {
        StatusCode::TOO_MANY_REQUESTS => true,
        StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT => {
            ask.repeat == Repeat::Freely
        }
        _ => false,
    };
    let usual = (!answer.headers().contains_key(RETRY_AFTER)).then_some(SignedDuration::from_secs(1));
    let wanted = wait(answer).or(usual)?;
    Duration::try_from(wanted).ok().filter(|_| again && wanted <= PATIENCE)
}

/// `Retry-After`: seconds, or an instant (RFC 9110 section 10.2.3).
fn wait(answer: &Response<Bytes>) -> Option<SignedDuration> {
    let text = answer.headers().get(RETRY_AFTER).and_then(|value: &HeaderValue| value.to_str().ok())?.trim();
    let seconds = text.parse::<u32>().ok().map(|seconds| SignedDuration::from_secs(seconds.into()));
    let instant = || {
        let at = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
        Some(at.duration_since(SystemClock.now()).max(SignedDuration::ZERO))
    };
    seconds.or_else(instant)
}

fn refusal<T>(fault: &Fault, place: &str, ask: &Ask<T>, answer: &Response<Bytes>) -> Failure {
    let status = fault.status();
    let rejected =
        matches!(fault, Fault::Refused { complaint: Some(Complaint { credential: true, .. }), .. });
    let (exit, advice) = match (fault, status.as_u16()) {
        (Fault::Moved { .. }, _) => (
            Exit::Failed,
            "credentials are not carried elsewhere: if that is the right address, say so".to_owned(),
        ),
        (Fault::Unreadable { .. }, _) if ask.repeat != Repeat::WithCare => {
            (Exit::Failed, "check the address".to_owned())
        }
        (Fault::Unreadable { .. }, _) => (Exit::Failed, format!("check the address; {}", later(ask.repeat))),
        (_, 401) => (Exit::Credential, "check the credential".to_owned()),
        _ if rejected => (Exit::Credential, "check the credential".to_owned()),
        (_, 400 | 422) => (Exit::Usage, "check what was asked for".to_owned()),
        (_, 403) => (Exit::Refused, "this credential may not do that".to_owned()),
        (_, 404) if ask.request.method() == Method::GET || said(fault) => {
            (Exit::NotFound, "check the id, and the address".to_owned())
        }
        (_, 404 | 405) => (Exit::NotFound, "check the address".to_owned()),
        (_, 409 | 412 | 428) => (Exit::Conflict, "look at what is there, then try again".to_owned()),
        (_, 429) => (Exit::Refused, patience(answer)),
        _ => (Exit::Failed, later(ask.repeat).to_owned()),
    };
    let what = fault.to_string();
    let failure = Failure::new(exit, format!("{place} {}; {advice}", what.trim_end_matches(['.', ';'])));
    let doubt = matches!(fault, Fault::Unreadable { .. }) || status.is_server_error();
    if doubt && ask.repeat == Repeat::WithCare { failure.perhaps_done() } else { failure }
}

fn said(fault: &Fault) -> bool {
    matches!(fault, Fault::Refused { complaint: Some(_), .. })
}

fn patience(answer: &Response<Bytes>) -> String {
    match wait(answer) {
        Some(pause) => {
            let at = SystemClock.now().checked_add(pause).unwrap_or(Timestamp::MAX);
            format!("it asks to wait {} s: try again after {}", pause.as_secs(), iso(at))
        }
        None => "wait a while, then try again".to_owned(),
    }
}

/// Every form in which a secret of the request could come back.
fn secrets<T>(ask: &Ask<T>, sent: &Request<Bytes>, credential: Option<&Credential>) -> Vec<String> {
    let of_credential = credential.map(|credential| match credential {
        Credential::Bearer(secret) | Credential::Basic { password: secret, .. } => secret,
    });
    let plain = ask.secrets.iter().chain(of_credential).map(|secret| secret.reveal().to_owned());
    let escaped = plain.clone().map(|secret| escape(&secret).to_string()).collect::<Vec<_>>();
    let headers = sent.headers().values().filter(|value| value.is_sensitive());
    let headers = headers.filter_map(|value| value.to_str().ok()?.rsplit(' ').next().map(str::to_owned));
    let mut all: Vec<_> = plain.chain(escaped).chain(headers).filter(|text| text.len() > 3).collect();
    // The longest first: one may be part of another.
    all.sort_by_key(|text| std::cmp::Reverse(text.len()));
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use counterfoil_dialects::ruvds::client::{VENDOR, list};
    use tokio::net::TcpListener;

    #[tokio::test]
    async fn attempts_share_the_time_that_an_answer_may_take() {
        let mute = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", mute.local_addr().unwrap());
        let courier = Courier::to(&VENDOR, &url, None).unwrap();
        let courier = Courier { within: Duration::from_millis(300), ..courier };
        let failure = courier.ask(list().unwrap(), None).await.unwrap_err();
        assert_eq!(failure.exit, Exit::Unreachable);
        assert!(failure.message.contains("did not answer within a minute; try again later"), "{failure}");
        mute.accept().await.unwrap();
        let second = timeout(Duration::from_millis(50), mute.accept()).await;
        assert!(second.is_err(), "the first attempt took all of it");
    }
}
