//! The doorway: what stands before every handler of every dialect, so that none can forget a step. It finds the mount
//! and the route, the realm, the credential, enforces what the route needs before the body is parsed, bounds the body,
//! and has every refusal worded by its dialect.

use crate::dialect::{
    Answering, Call, Dialect, Mount, NATIVE, Needs, OAUTH, Pass, Reply, Room, Route, THRESHOLD,
};
use crate::incoming::{Incoming, drain, read};
use crate::origin::Origin;
use crate::presented::Presented;
use crate::refusal::{Refusal, Refused};
use crate::setting;
use crate::target;
use bytes::Bytes;
use counterfoil_core::authority::{Actor, Allowance, Authority, Claim, Door, Grant, Whose};
use counterfoil_core::error::{Error, Unauthenticated};
use counterfoil_core::index::roster::RealmFacts;
use http::request::Parts;
use http::{HeaderValue, Method, Request, StatusCode, header};
use percent_encoding::percent_decode_str;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

/// The longest header block that is read.
pub const LONGEST_HEAD: usize = 32 * 1024;
/// The longest request target that is read.
pub const LONGEST_TARGET: usize = 8 * 1024;

/// A reply, and for the log and metrics what answered, without anything a caller wrote.
#[derive(Debug)]
pub struct Answered {
    /// The answer.
    pub reply: Reply,
    /// The dialect.
    pub dialect: &'static str,
    /// The route's template, or `-`.
    pub route: Arc<str>,
}

impl Answered {
    /// An answer of no dialect.
    pub fn by_server(route: &str, reply: Reply) -> Self {
        Self { reply, dialect: "server", route: route.into() }
    }
}

struct Mounted {
    room: Room,
    /// Each with what the log calls it.
    passes: Vec<(&'static Pass, Arc<str>)>,
    routes: Vec<Route>,
    paths: matchit::Router<Vec<usize>>,
}

/// Every mount of a server.
pub struct Doorway {
    house: Arc<Authority>,
    mounted: Vec<Mounted>,
    /// Path beginnings and whose they are, the longest first.
    territory: Vec<(String, usize)>,
}

impl std::fmt::Debug for Doorway {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_list().entries(self.mounted.iter().map(|mounted| &mounted.room)).finish()
    }
}

impl Doorway {
    /// Puts the mounts side by side; two that claim the same path, and a setting that is unknown or cannot be read, are
    /// an error in one sentence.
    pub fn new(house: &Arc<Authority>, mounts: Vec<Mount>) -> Result<Self, String> {
        let every: Arc<[Mount]> = mounts.into();
        Self::beside(house, &every, &every)
    }

    /// The same where `every` mount that there is stands at another doorway.
    pub fn beside(house: &Arc<Authority>, mounts: &[Mount], every: &Arc<[Mount]>) -> Result<Self, String> {
        every.iter().chain(mounts).try_for_each(setting::check)?;
        let mut doorway = Self { house: Arc::clone(house), mounted: Vec::new(), territory: Vec::new() };
        for mount in mounts {
            doorway.mount(mount.clone(), every)?;
        }
        doorway.territory.sort_by_key(|(start, _)| std::cmp::Reverse(start.len()));
        Ok(doorway)
    }

    fn mount(&mut self, mount: Mount, every: &Arc<[Mount]>) -> Result<(), String> {
        let Mount { dialect, prefix, realm, settings } = mount;
        let place = self.mounted.len();
        for start in dialect.territory {
            let start = format!("{prefix}{start}");
            if let Some((_, other)) = self.territory.iter().find(|(taken, _)| *taken == start) {
                let other = &self.mounted[*other].room;
                return Err(format!(
                    "the mounts of {} (prefix \"{}\") and {} (prefix \"{prefix}\") both claim {start}; give one another prefix",
                    other.dialect.name, other.prefix, dialect.name
                ));
            }
            self.territory.push((start, place));
        }
        let routes = (dialect.routes)();
        let mut templates: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (number, route) in routes.iter().enumerate() {
            templates.entry(format!("{prefix}{}", route.path)).or_default().push(number);
        }
        let mut paths = matchit::Router::new();
        for (template, numbers) in templates {
            paths
                .insert(&template, numbers)
                .map_err(|error| format!("the path {template} cannot be mounted: {error}"))?;
        }
        let (house, mounts) = (Arc::clone(&self.house), Arc::clone(every));
        let room = Room { house, dialect, realm, prefix, settings, mounts };
        let passes = dialect.pass.iter().map(|pass| (pass, pass.route.into())).collect();
        self.mounted.push(Mounted { room, passes, routes, paths });
        Ok(())
    }

    /// The mounts and their routes, for OpenAPI.
    pub fn routes(&self) -> impl Iterator<Item = (&Room, &[Route])> {
        self.mounted.iter().map(|mounted| (&mounted.room, mounted.routes.as_slice()))
    }

    /// Answers one request.
    pub async fn answer(&self, request: Request<Incoming>, origin: Origin) -> Answered {
        let (mut parts, body) = request.into_parts();
        let asked = self.whose(parts.uri.path());
        if let Some((mounted, (pass, route))) = asked.and_then(|mounted| mounted.passes(parts.uri.path())) {
            let reply = match pass.answer {
                Answering::Head(answer) => {
                    drain(body).await;
                    answer(&mounted.room, &parts, &origin)
                }
                Answering::Whole(answer) => {
                    let body = read(body, &parts.headers).await;
                    answer(&mounted.room, &parts, &origin, body)
                }
            };
            return Answered { reply, dialect: mounted.room.dialect.name, route: Arc::clone(route) };
        }
        let uri = parts.uri.clone();
        let (path, malformed) = match target::canonical(uri.path()) {
            Ok(path) => (path, None),
            Err(why) => (Cow::Borrowed(uri.path()), Some(why)),
        };
        let mounted = if path == uri.path() { asked } else { self.whose(&path) };
        let Some(mounted) = mounted else {
            return Answered::by_server("-", plain_not_found());
        };
        let mut known = Known::of(&mounted.room);
        let outcome = if let Some(why) = malformed {
            Err(Refused::Malformed(why))
        } else {
            target::replace(&mut parts, &path);
            mounted.serve(&path, parts, origin, body, &mut known).await
        };
        let route = known.route.map_or_else(|| "-".into(), |route| Arc::clone(&route.path));
        let worded = |refused| refuse(&mounted.room, refused, path.into_owned(), known);
        let reply = outcome.unwrap_or_else(worded);
        Answered { reply, dialect: mounted.room.dialect.name, route }
    }

    /// Words a refusal that was decided before the doorway, in the envelope of whoever the path belongs to.
    pub fn refuse(&self, path: &str, refused: Refused) -> Reply {
        let path = target::canonical(path).map_or_else(|_| path.to_owned(), Cow::into_owned);
        self.whose(&path).map_or_else(plain_not_found, |mounted| {
            refuse(&mounted.room, refused, path, Known::of(&mounted.room))
        })
    }

    fn whose(&self, path: &str) -> Option<&Mounted> {
        // A canonical path has lost the slash at its end.
        let within =
            |start: &str| path.starts_with(start) || start.strip_suffix('/').is_some_and(|root| root == path);
        let place = self.territory.iter().find(|(start, _)| within(start))?.1;
        self.mounted.get(place)
    }
}

/// What is known of a request by the time that it ends, however it ends.
struct Known<'a> {
    route: Option<&'a Route>,
    actor: Option<Actor>,
    allowance: Option<Allowance>,
}

impl Known<'_> {
    /// Nothing yet: whoever is not known has made no call.
    fn of(room: &Room) -> Self {
        let allowance = room.dialect.limit.map(|limit| Allowance::whole(limit(room)));
        Self { route: None, actor: None, allowance }
    }
}

impl Mounted {
    /// What answers this path as it came, if anything does.
    fn passes(&self, path: &str) -> Option<(&Self, &(&'static Pass, Arc<str>))> {
        let below = path.strip_prefix(&*self.room.prefix)?;
        let pass = self.passes.iter().find(|(pass, _)| below.starts_with(pass.below))?;
        Some((self, pass))
    }

    async fn serve<'a>(
        &'a self,
        path: &str,
        parts: Parts,
        origin: Origin,
        body: Incoming,
        known: &mut Known<'a>,
    ) -> Result<Reply, Refused> {
        let room = &self.room;
        let (route, params) = match self.route(path, &parts.method) {
            Ok(hit) => hit,
            Err(refused) => {
                drain(body).await;
                return Err(refused);
            }
        };
        known.route = Some(route);
        let admitted = admit(room, route, &params, &parts, &origin, known).await;
        let (actor, realm, presented) = match admitted {
            Ok(admitted) => admitted,
            Err(refused) => {
                drain(body).await;
                return Err(refused);
            }
        };
        let body = read(body, &parts.headers).await?;
        let template = Arc::clone(&route.path);
        let allowance = known.allowance;
        let call = Call { actor, realm, origin, parts, params, presented, template, allowance, body };
        (route.handler)(room, call).await
    }

    fn route(&self, path: &str, method: &Method) -> Result<(&Route, BTreeMap<String, String>), Refused> {
        let hit = self.paths.at(path).map_err(|_| Refused::Path)?;
        let routes = || hit.value.iter().map(|number| &self.routes[*number]);
        let route = routes()
            .find(|route| route.method == *method || (*method == Method::HEAD && route.method == Method::GET))
            .ok_or_else(|| Refused::Method {
                asked: method.clone(),
                allowed: routes().map(|route| route.method.clone()).collect(),
            })?;
        let mut params = BTreeMap::new();
        for (name, value) in hit.params.iter() {
            let value = percent_decode_str(value).decode_utf8();
            let value = value.map_err(|_| Refused::Malformed("the path is not UTF-8"))?;
            if value.chars().any(char::is_control) {
                return Err(Refused::Malformed("the path holds a control character"));
            }
            params.insert(name.to_owned(), value.into_owned());
        }
        Ok((route, params))
    }
}

type Admitted = (Option<Actor>, Arc<RealmFacts>, Option<String>);

/// Finds the realm and the caller, and lets in only whom the route is for.
async fn admit(
    room: &Room,
    route: &Route,
    params: &BTreeMap<String, String>,
    parts: &Parts,
    origin: &Origin,
    known: &mut Known<'_>,
) -> Result<Admitted, Refused> {
    let house = &room.house;
    let operator = origin.operator();
    let named = params.get("realm").or(operator).unwrap_or(&room.realm);
    let realm = house.realm(named).ok_or_else(|| Refused::Realm(named.clone()))?;
    if operator.is_some() {
        return Ok((Some(Actor::operator(realm.id)), realm, None));
    }
    if matches!(route.needs, Needs::Nobody) {
        return Ok((None, realm, None));
    }
    let presented =
        (room.dialect.presented)(parts).ok_or(Error::Unauthenticated(Unauthenticated::Missing))?;
    let address = origin.address();
    let (actor, text) = match presented {
        Presented::Bearer(text) => match house.authenticate(&text, room.dialect.name, address) {
            Ok(actor) => (actor, Some(text)),
            Err(why @ Error::Unauthenticated(_)) => {
                let echo = Box::pin(echo(room, route, parts, &text, address)).await;
                (echo.ok_or(why)?, Some(text))
            }
            Err(why) => return Err(why.into()),
        },
        Presented::Basic { username, password } => {
            let claim = Claim::Password { username: &username, text: password };
            let door = Door { address, code: None, threshold: THRESHOLD, keys_need: None };
            // Rare ones have a place of their own, or every request would carry room for them.
            (house.proven(&Box::pin(house.prove(realm.id, claim, &door)).await?)?, None)
        }
    };
    // Our own API acts in the realm of the credential; everywhere else the credential must be of the realm asked for.
    let native = room.dialect.name == NATIVE;
    let realm = if native { house.realm_of(&actor)? } else { realm };
    let of_dialect = actor
        .grant()
        .is_none_or(|grant| matches!(route.needs, Needs::AnyDialect) || opens(room.dialect, grant));
    if actor.realm() != realm.id || !of_dialect {
        return Err(Error::Unauthenticated(Unauthenticated::Invalid).into());
    }
    known.actor = Some(actor.clone());
    // The operator and an echo have all calls there are.
    if let (Some(limit), Some(principal)) = (room.dialect.limit, actor.principal()) {
        let whose = Whose::Principal(principal);
        let (allowance, counted) = house.count_call(whose, room.dialect.name, limit(room));
        known.allowance = Some(allowance);
        counted?;
    }
    if let (Needs::Scope(any_of), false) = (route.needs, actor.is_echo()) {
        actor.require(any_of)?;
    }
    Ok((Some(actor), realm, text))
}

/// Whether a credential may be brought to this dialect (design 4): its own and native ones may; OAuth sessions open our
/// own API too, but only if they are addressed to us.
pub(crate) fn opens(dialect: &Dialect, grant: &Grant) -> bool {
    match grant.session() {
        None => [dialect.name, NATIVE].contains(&grant.dialect()),
        Some(session) if *session.dialect == *OAUTH => {
            [OAUTH, NATIVE].contains(&dialect.name) && session.is_for_us()
        }
        Some(session) => *session.dialect == *dialect.name,
    }
}

/// A caller whose reply to a rotation was lost asks again with the old text and the same key.
async fn echo(
    room: &Room,
    route: &Route,
    parts: &Parts,
    text: &str,
    address: Option<IpAddr>,
) -> Option<Actor> {
    if route.rotates && parts.headers.contains_key("idempotency-key") {
        room.house.echo(text, address).await
    } else {
        None
    }
}

fn refuse(room: &Room, refused: Refused, path: String, known: Known<'_>) -> Reply {
    if let Refused::Rule(Error::Unavailable(cause), _) = &refused {
        tracing::error!(dialect = room.dialect.name, %cause, "could not answer");
    }
    let shared = shared_headers(&refused);
    let refusal = Refusal { refused, path, actor: known.actor, allowance: known.allowance };
    let mut reply = (room.dialect.refuse)(room, &refusal);
    for (name, value) in shared {
        reply.headers_mut().entry(name).or_insert(value);
    }
    reply
}

/// What HTTP itself asks of a refusal, whatever the envelope.
fn shared_headers(refused: &Refused) -> Vec<(header::HeaderName, HeaderValue)> {
    match refused {
        Refused::Method { allowed, .. } => {
            let allowed: Vec<_> = allowed.iter().map(Method::as_str).collect();
            HeaderValue::from_str(&allowed.join(", "))
                .map(|value| (header::ALLOW, value))
                .into_iter()
                .collect()
        }
        Refused::Rule(Error::Unavailable(_), _) => vec![(header::RETRY_AFTER, HeaderValue::from_static("1"))],
        // Where no waiting helps, none is asked for.
        Refused::Rule(Error::TooMany { after }, _) if !after.is_zero() => {
            vec![(header::RETRY_AFTER, HeaderValue::from(u64::try_from(after.as_secs()).unwrap_or(1).max(1)))]
        }
        Refused::Rule(Error::Unauthenticated(_), _) => {
            vec![(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"counterfoil\""))]
        }
        Refused::TooLong(_) | Refused::Head(..) => {
            vec![(header::CONNECTION, HeaderValue::from_static("close"))]
        }
        _ => Vec::new(),
    }
}

fn plain_not_found() -> Reply {
    let mut reply = Reply::new(Bytes::from_static(b"{\"status\":404}"));
    *reply.status_mut() = StatusCode::NOT_FOUND;
    reply.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    reply
}
