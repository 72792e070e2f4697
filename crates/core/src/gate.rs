//! A gate: the named policy of a place where gateways ask whether a request may pass.

use crate::error::Violation;
use crate::realm::RealmId;
use crate::scope::ScopeSet;
use crate::token::Limit;
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use jiff::Timestamp;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The record of a gate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gate {
    /// Unique in the house, since whoever asks names nothing else; never changed.
    pub name: String,
    /// Only credentials of this realm pass.
    pub realm: RealmId,
    /// What it asks for.
    pub policy: Policy,
    /// Grows by one with every change.
    pub version: u64,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last changed.
    pub updated: Timestamp,
}

/// What a gate asks for and answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Who may ask: the gateways' networks. They are believed about the request that they forward.
    pub callers: Vec<IpNet>,
    /// What every request needs.
    pub scopes: ScopeSet,
    /// What some requests need besides.
    pub rules: Vec<Rule>,
    /// Whose credentials pass; none named: those of every dialect.
    pub dialects: Vec<String>,
    /// Where a credential may stand.
    pub places: Vec<Place>,
    /// How often each token may pass in a time.
    pub limit: Option<Limit>,
    /// What whoever asks too often is told.
    pub on_limit: OnLimit,
    /// The headers that an open gate sets, each every time, so that no caller can bring its own.
    pub set: Vec<(String, Fact)>,
    /// The headers that go no further than the gate.
    pub strip: Vec<String>,
}

/// What requests of some methods below some path need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Of these methods; none named: of all.
    pub methods: Vec<String>,
    /// Whose path is this one or lies below it.
    pub path: String,
    /// What they need besides what every request needs.
    pub scopes: ScopeSet,
}

/// A place in a request where a credential may stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// `Authorization: Bearer TEXT`.
    Bearer,
    /// `Authorization: Api-Token TEXT`.
    ApiToken,
    /// `Authorization: Basic`, whose password is the text; its user name is ignored.
    Basic,
    /// The whole value of a header of this name, in lower case.
    Header(String),
    /// The value of a query parameter of this name.
    Query(String),
}

/// What a gate can tell about a credential that passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the word of each is its documentation")]
pub enum Fact {
    Subject,
    Username,
    Id,
    Name,
    Realm,
    Dialect,
    Scopes,
    Expires,
}

/// What whoever asks too often is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnLimit {
    /// 403: all that some gateways pass on.
    Forbidden,
    /// 429 with `Retry-After`.
    TooMany,
}

impl Default for Policy {
    /// Any live bearer of the realm, asked for by gateways on this machine.
    fn default() -> Self {
        let set = [
            ("x-auth-subject", Fact::Subject),
            ("x-auth-username", Fact::Username),
            ("x-auth-token", Fact::Id),
            ("x-auth-realm", Fact::Realm),
            ("x-auth-dialect", Fact::Dialect),
            ("x-auth-scopes", Fact::Scopes),
        ];
        Self {
            callers: vec![
                Ipv4Net::new_assert(Ipv4Addr::new(127, 0, 0, 0), 8).into(),
                Ipv6Net::from(Ipv6Addr::LOCALHOST).into(),
            ],
            scopes: ScopeSet::default(),
            rules: Vec::new(),
            dialects: Vec::new(),
            places: vec![Place::Bearer],
            limit: None,
            on_limit: OnLimit::Forbidden,
            set: set.map(|(header, fact)| (header.to_owned(), fact)).into(),
            strip: vec!["authorization".to_owned()],
        }
    }
}

impl Policy {
    /// Whether a gateway at this address may ask.
    pub fn admits(&self, caller: IpAddr) -> bool {
        let caller = caller.to_canonical();
        self.callers.iter().any(|network| network.contains(&caller))
    }

    /// The rule that holds for a request: the one with the longest path, and of those one that names the method, rather
    /// as it stands.
    pub fn rule(&self, method: &str, path: &str) -> Option<&Rule> {
        let holds = |rule: &&Rule| rule.is_about(method, path);
        let as_it_stands = |rule: &Rule| rule.methods.iter().any(|named| named == method);
        let particular = |rule: &&Rule| (rule.path.len(), !rule.methods.is_empty(), as_it_stands(rule));
        self.rules.iter().filter(holds).max_by_key(particular)
    }
}

impl Rule {
    fn is_about(&self, method: &str, path: &str) -> bool {
        let below = path.strip_prefix(self.path.trim_end_matches('/'));
        let path = below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        // Many services take `post` for POST, and answer HEAD by doing what GET does.
        let means = |named: &String| {
            named.eq_ignore_ascii_case(method) || (named == "GET" && method.eq_ignore_ascii_case("HEAD"))
        };
        path && (self.methods.is_empty() || self.methods.iter().any(means))
    }
}

impl Place {
    /// Reads `bearer`, `api-token`, `basic`, `header:NAME` or `query:NAME`.
    pub fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "bearer" => Self::Bearer,
            "api-token" => Self::ApiToken,
            "basic" => Self::Basic,
            _ => match word.split_once(':')? {
                ("header", name) if is_header(name) => Self::Header(name.to_ascii_lowercase()),
                ("query", name) if is_header(name) => Self::Query(name.to_owned()),
                _ => return None,
            },
        })
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Bearer => out.write_str("bearer"),
            Self::ApiToken => out.write_str("api-token"),
            Self::Basic => out.write_str("basic"),
            Self::Header(name) => write!(out, "header:{name}"),
            Self::Query(name) => write!(out, "query:{name}"),
        }
    }
}

impl Fact {
    /// Every fact.
    pub const EVERY: [Self; 8] = [
        Self::Subject,
        Self::Username,
        Self::Id,
        Self::Name,
        Self::Realm,
        Self::Dialect,
        Self::Scopes,
        Self::Expires,
    ];

    /// The word on every wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Subject => "subject",
            Self::Username => "username",
            Self::Id => "id",
            Self::Name => "name",
            Self::Realm => "realm",
            Self::Dialect => "dialect",
            Self::Scopes => "scopes",
            Self::Expires => "expires",
        }
    }

    /// Reads that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::EVERY.into_iter().find(|fact| fact.as_str() == word)
    }
}

impl OnLimit {
    /// The status.
    pub fn status(self) -> u16 {
        match self {
            Self::Forbidden => 403,
            Self::TooMany => 429,
        }
    }

    /// Reads the status.
    pub fn parse(status: u16) -> Option<Self> {
        [Self::Forbidden, Self::TooMany].into_iter().find(|on_limit| on_limit.status() == status)
    }
}

/// Whether this can be the name of a header or of a query parameter (RFC 9110 section 5.6.2).
pub fn is_header(name: &str) -> bool {
    (1..=100).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

/// A gate's name: what stands in the path that gateways ask.
pub fn sound_name(name: &str) -> Result<(), Violation> {
    let edge = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = name.as_bytes();
    let sound = bytes.len() <= 63
        && edge(bytes.first())
        && edge(bytes.last())
        && bytes.iter().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'-');
    let why = "must be 1 to 63 of a-z, 0-9 and -, and begin and end with a letter or digit";
    if sound { Ok(()) } else { Err(Violation { field: "name".into(), why: why.into() }) }
}

/// A forwarded path as rules compare it: decoded once; none, if it can be read in two ways.
///
/// What proxies and the services behind them take apart differently is where a request walks past a rule: empty, `.` and
/// `..` segments, encoded slashes, backslashes, `;` parameters, controls.
pub fn canonical(target: &str) -> Option<String> {
    let path = target.split(['?', '#']).next().unwrap_or_default();
    if !path.starts_with('/') || target.contains('#') {
        return None;
    }
    let mut decoded = Vec::with_capacity(path.len());
    let mut rest = path.bytes();
    while let Some(byte) = rest.next() {
        let byte = match byte {
            b'%' => {
                let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
                let (high, low) = (digit(rest.next())?, digit(rest.next())?);
                let byte = u8::try_from(high * 16 + low).ok()?;
                if b"/\\.%;".contains(&byte) {
                    return None;
                }
                byte
            }
            b'\\' | b';' => return None,
            plain => plain,
        };
        if byte.is_ascii_control() {
            return None;
        }
        decoded.push(byte);
    }
    let path = String::from_utf8(decoded).ok()?;
    let mut segments = path.split('/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        // A slash at the end is part of the path and no empty segment.
        if matches!(segment, "." | "..") || (segment.is_empty() && segments.peek().is_some()) {
            return None;
        }
    }
    Some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_can_be_read_in_two_ways_is_none() {
        for odd in [
            "",
            "a",
            "//",
            "/a//b",
            "/.",
            "/..",
            "/a/./b",
            "/a/../b",
            "/%2e/a",
            "/a%2fb",
            "/a%5Cb",
            "/a\\b",
            "/a;b",
            "/a%3bb",
            "/a%00",
            "/a\n",
            "/a%",
            "/a%2",
            "/a%zz",
            "/%ff",
            "/a#b",
            "/a?b#c",
            "/a%252e",
            "*",
            "http://a/b",
        ] {
            assert_eq!(canonical(odd), None, "{odd}");
        }
        for (plain, same) in [
            ("/", "/"),
            ("/a/", "/a/"),
            ("/a/b?c=../d", "/a/b"),
            ("/%61b", "/ab"),
            ("/caf%C3%A9", "/café"),
            ("/a%20b", "/a b"),
        ] {
            assert_eq!(canonical(plain).as_deref(), Some(same), "{plain}");
        }
    }

    #[test]
    fn the_most_particular_rule_holds() {
        let rule = |methods: &[&str], path: &str| Rule {
            methods: methods.iter().map(ToString::to_string).collect(),
            path: path.to_owned(),
            scopes: ScopeSet::default(),
        };
        let rules = vec![rule(&[], "/"), rule(&[], "/a"), rule(&["POST"], "/a"), rule(&[], "/a/b/")];
        let policy = Policy { rules, ..Policy::default() };
        let held =
            |method, path| policy.rules.iter().position(|rule| Some(rule) == policy.rule(method, path));
        assert_eq!(held("GET", "/"), Some(0));
        assert_eq!(held("GET", "/ab"), Some(0));
        assert_eq!(held("GET", "/a"), Some(1));
        assert_eq!(held("POST", "/a/c"), Some(2));
        assert_eq!(held("pOsT", "/a/c"), Some(2), "services do not agree whether case matters");
        assert_eq!(held("POST", "/a/b"), Some(3));
        assert_eq!(held("POST", "/a/b/c"), Some(3));
    }

    #[test]
    fn a_rule_about_get_holds_for_head() {
        let about = |method: &str| {
            let methods = vec![method.to_owned()];
            Rule { methods, path: "/a".into(), scopes: ScopeSet::default() }
        };
        let mut policy = Policy { rules: vec![about("GET")], ..Policy::default() };
        assert!(policy.rule("GET", "/a").is_some() && policy.rule("HEAD", "/a").is_some());
        assert!(policy.rule("POST", "/a").is_none());
        policy.rules = vec![about("HEAD"), about("GET")];
        assert_eq!(policy.rule("HEAD", "/a"), Some(&about("HEAD")), "unless there is one about HEAD");
    }

    #[test]
    fn names_and_places_are_read_as_written() {
        for name in ["a", "a-b", "9", &"a".repeat(63)] {
            assert!(sound_name(name).is_ok(), "{name}");
        }
        for name in ["", "-a", "a-", "A", "a_b", "a/b", "ä", &"a".repeat(64)] {
            assert!(sound_name(name).is_err(), "{name}");
        }
        for word in ["bearer", "api-token", "basic", "header:x-authorization", "query:uuid"] {
            assert_eq!(Place::parse(word).unwrap().to_string(), word);
        }
        for word in ["", "Bearer", "header:", "header:a b", "query:", "cookie:a"] {
            assert_eq!(Place::parse(word), None, "{word}");
        }
    }
}
