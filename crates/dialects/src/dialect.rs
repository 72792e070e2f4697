//! What a dialect is: a plain value. [`crate::doorway`] does what must happen before any of its handlers runs.

use crate::body;
use crate::origin::Origin;
use crate::presented::Presented;
use crate::refusal::{Refusal, Refused};
use crate::setting::{self, AnySetting, Setting};
use crate::target;
use bytes::Bytes;
use counterfoil_core::authority::{Actor, Allowance, Authority, Idempotency, KeyRules};
use counterfoil_core::catalogue::Word;
use counterfoil_core::clock::Future;
use counterfoil_core::error::Error;
use counterfoil_core::format::Format;
use counterfoil_core::index::roster::RealmFacts;
use counterfoil_core::limit::Limit;
use counterfoil_core::realm::RealmId;
use counterfoil_core::signing::Algorithm;
use http::request::Parts;
use http::{Method, Response};
use jiff::SignedDuration;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The name of our own dialect, whose tokens open every other one too.
pub const NATIVE: &str = "native";

/// The name of the OAuth dialect, whose sessions open our own API too if they are addressed to us.
pub const OAUTH: &str = "oauth";

/// After how many failures in a row from one network a principal's passwords do not count from there for a while, where
/// a vendor names no other number.
pub const THRESHOLD: u32 = 10;

/// A finished answer; every body is whole.
pub type Reply = Response<Bytes>;

/// One wire protocol.
pub struct Dialect {
    /// Configuration key, metrics label, transcript folder, page.
    pub name: &'static str,
    /// What its new access tokens look like; none, if it issues none.
    pub formats: &'static [Format],
    /// How its exchange tokens are; none, if it has none.
    pub keys: Option<&'static DialectKeys>,
    /// With what its sessions are signed.
    pub signs: &'static [Algorithm],
    /// Its permission words.
    pub words: &'static [Word],
    /// Beginnings of words that are reserved for it.
    pub prefixes: &'static [&'static str],
    /// Scopes whose holder may give every creatable word of it.
    pub mints: &'static [&'static str],
    /// What may be set for a mount of it.
    pub settings: &'static [&'static dyn AnySetting],
    /// How often each principal may call it, where the vendor counts; a mount's settings may say.
    pub limit: Option<fn(&Room) -> Limit>,
    /// Below which paths an unknown one is its to refuse; the longest match among all mounts wins.
    pub territory: &'static [&'static str],
    /// What is answered as it came, by whatever method, before any route: a path that somebody forwards must reach the
    /// rules as it was written.
    pub pass: &'static [Pass],
    /// The one table that feeds router and OpenAPI.
    pub routes: fn() -> Vec<Route>,
    /// Finds the credential in a request, wherever this protocol may carry it.
    pub presented: fn(&Parts) -> Option<Presented>,
    /// Words a refusal in this protocol's envelope.
    pub refuse: fn(&Room, &Refusal) -> Reply,
}

/// A dialect's exchange tokens.
#[derive(Debug)]
pub struct DialectKeys {
    /// What holds for them.
    pub rules: KeyRules,
    /// What the vendor calls the part in the open, where there is one.
    pub id_name: Option<&'static str>,
    /// What the vendor calls the secret.
    pub text_name: &'static str,
}

/// How long new exchange tokens live, where that is not as the dialect has it.
pub(crate) const KEY_DURATION: Setting<Option<SignedDuration>> =
    Setting { name: "key_duration", usual: None, read: |text| setting::stretch(text).map(Some) };

impl std::fmt::Debug for Dialect {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(self.name)
    }
}

/// What a handler gives: a reply, or why not.
pub type Answer<'a> = Future<'a, Result<Reply, Refused>>;

/// A handler: translates a call into rules and their outcome into a reply.
pub type Handler = for<'a> fn(&'a Room, Call) -> Answer<'a>;

/// A part of a dialect's territory that is answered without a look at routes, paths or credentials.
pub struct Pass {
    /// Everything below this path.
    pub below: &'static str,
    /// What the log and the metrics call it.
    pub route: &'static str,
    /// What answers.
    pub answer: Answering,
}

/// What answers a request that nobody has touched.
pub enum Answering {
    /// By its head alone; the body is thrown away.
    Head(fn(&Room, &Parts, &Origin) -> Reply),
    /// By its head and body, or why there is none.
    Whole(fn(&Room, &Parts, &Origin, Result<Bytes, Refused>) -> Reply),
}

/// One operation.
pub struct Route {
    /// The method.
    pub method: Method,
    /// The path template; `{realm}` selects the realm of the request.
    pub path: Arc<str>,
    /// Who may call it.
    pub needs: Needs,
    /// Whether a caller may repeat it with the text that it spent, to hear the same outcome again.
    pub rotates: bool,
    /// What does it.
    pub handler: Handler,
    /// What OpenAPI says of it.
    pub doc: Doc,
}

/// Who may call an operation.
#[derive(Debug, Clone, Copy)]
pub enum Needs {
    /// Everybody.
    Nobody,
    /// Whoever brings a live credential of this dialect, or a native one.
    Anybody,
    /// Whoever brings a live credential of any dialect.
    AnyDialect,
    /// Whoever brings one that has one of these scopes.
    Scope(&'static [&'static str]),
}

/// What OpenAPI says of an operation.
#[derive(Clone, Copy)]
pub struct Doc {
    /// One line.
    pub summary: &'static str,
    /// The status of success.
    pub status: u16,
    /// The schema of the query, an object whose members are the parameters.
    pub query: Option<Schema>,
    /// The schema of the body.
    pub body: Option<Schema>,
    /// The schema of the answer.
    pub reply: Option<Schema>,
}

/// Makes a JSON Schema, collecting the named ones it refers to.
pub type Schema = fn(&mut schemars::SchemaGenerator) -> schemars::Schema;

impl Doc {
    /// One line and a status.
    pub const fn new(summary: &'static str, status: u16) -> Self {
        Self { summary, status, query: None, body: None, reply: None }
    }

    /// With a query.
    #[must_use]
    pub const fn query(mut self, schema: Schema) -> Self {
        self.query = Some(schema);
        self
    }

    /// With a body.
    #[must_use]
    pub const fn body(mut self, schema: Schema) -> Self {
        self.body = Some(schema);
        self
    }

    /// With an answer.
    #[must_use]
    pub const fn reply(mut self, schema: Schema) -> Self {
        self.reply = Some(schema);
        self
    }
}

/// Where a dialect is served.
#[derive(Debug, Clone)]
pub struct Mount {
    /// Which.
    pub dialect: &'static Dialect,
    /// What stands before its paths: empty, or `/…` without a slash at its end.
    pub prefix: String,
    /// The slug of the realm that is meant where a path names none.
    pub realm: String,
    /// The dialect's own settings.
    pub settings: BTreeMap<String, String>,
}

/// A dialect at work in one place: exists once for each mount.
#[derive(Debug)]
pub struct Room {
    /// The rules.
    pub house: Arc<Authority>,
    /// The protocol.
    pub dialect: &'static Dialect,
    /// The slug of the realm that is meant where a path names none.
    pub realm: String,
    /// What stands before every path of the dialect.
    pub prefix: String,
    /// The dialect's own settings.
    pub settings: BTreeMap<String, String>,
    /// Every mount, this one's too: what is made for another dialect follows that one's settings.
    pub mounts: Arc<[Mount]>,
}

impl Room {
    /// What a dialect's mount for this realm sets, if there is one that does.
    pub fn set_for<T: Clone>(&self, dialect: &str, realm: RealmId, setting: &Setting<T>) -> Option<T> {
        let mut of_realm = self.mounts.iter().filter(|mount| {
            mount.dialect.name == dialect
                && self.house.realm(&mount.realm).is_some_and(|facts| facts.id == realm)
        });
        of_realm.find_map(|mount| setting.among(&mount.settings, ""))
    }
}

/// A request whose caller was found, verified and allowed, and whose body was read.
pub struct Call {
    /// Who asks; the doorway puts nobody here only where a route needs nobody.
    pub actor: Option<Actor>,
    /// The realm of the request.
    pub realm: Arc<RealmFacts>,
    /// How it came.
    pub origin: Origin,
    /// Method, path, query and headers.
    pub parts: Parts,
    /// What the path template's names stand for, percent-decoded.
    pub params: BTreeMap<String, String>,
    /// The bearer text that the caller was recognised by; for comparison only.
    pub presented: Option<String>,
    /// The template that matched, for idempotency and the log.
    pub template: Arc<str>,
    /// What is left of the caller's limit, where the dialect has one.
    pub allowance: Option<Allowance>,
    /// The whole body.
    pub body: Bytes,
}

impl Call {
    /// Who asks.
    pub fn actor(&self) -> Result<&Actor, Error> {
        self.actor.as_ref().ok_or_else(|| counterfoil_core::error::Unauthenticated::Missing.into())
    }

    /// A name of the path template.
    pub fn param(&self, name: &str) -> &str {
        self.params.get(name).map(String::as_str).unwrap_or_default()
    }

    /// The query's names and values in order, decoded.
    pub fn query(&self) -> Result<Vec<(String, String)>, Refused> {
        target::query(self.parts.uri.query().unwrap_or_default())
    }

    /// The body as JSON of this shape.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Refused> {
        body::value(&self.body).and_then(body::shape).map_err(Refused::body)
    }

    /// The caller's idempotency key with what it stands for.
    pub fn idempotency(&self) -> Result<Option<Idempotency>, Refused> {
        let mut values = self.parts.headers.get_all("idempotency-key").iter();
        let Some(value) = values.next() else { return Ok(None) };
        let key = value.to_str().unwrap_or_default();
        let sound = (1..=128).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic());
        if !sound || values.next().is_some() {
            let why = "must be there once, as 1 to 128 visible ASCII characters";
            return Err(Refused::header(Error::invalid("Idempotency-Key", why)));
        }
        let mut request = Sha256::new();
        request.update(self.parts.uri.path().as_bytes());
        request.update([0]);
        request.update(&self.body);
        Ok(Some(Idempotency {
            key: key.to_owned(),
            route: format!("{} {}", self.parts.method, self.template),
            request: request.finalize().into(),
        }))
    }

    /// The version that `If-Match` asks for.
    pub fn if_match(&self) -> Result<Option<u64>, Refused> {
        let Some(value) = self.parts.headers.get(http::header::IF_MATCH) else { return Ok(None) };
        let text = value.to_str().unwrap_or_default().trim();
        if text == "*" {
            return Ok(None);
        }
        let version =
            text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).and_then(|text| text.parse().ok());
        let why = "must be the ETag of an earlier answer, or *";
        version.map(Some).ok_or_else(|| Refused::header(Error::invalid("If-Match", why)))
    }
}
