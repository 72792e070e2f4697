//! How a command reaches the authority: over HTTP, through the operator's socket, or in process. The same requests each
//! time; only what stands around them differs.

use crate::cli::exit::{Exit, Failure};
use crate::cli::secrets::Secrets;
use crate::config::client::Client;
use crate::config::server::Server;
use crate::config::{Origin, Setting};
use crate::serve::House;
use crate::trust::{distrusted, with_authorities};
use anyhow::Result;
use bytes::{Bytes, BytesMut};
use counterfoil_core::secret::Secret;
use counterfoil_dialects::native::client::REALM;
use http::header::{AUTHORIZATION, HeaderName, HeaderValue};
use http::{Request, Response, Uri};
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

/// Where the operator asks where the server answers others.
pub const WHERE: &str = "/address";

/// A way to the authority. On the last two whoever speaks is the operator, and a header names the realm.
pub enum Reach {
    /// A server, asked with a token.
    Remote {
        /// The connection.
        http: reqwest::Client,
        /// Scheme, authority and perhaps a path; no slash at its end.
        base: String,
        /// `Bearer` and the token.
        authorization: HeaderValue,
    },
    /// The socket of the process that serves the store.
    Socket {
        /// The connection.
        http: reqwest::Client,
        /// The realm that the operator means.
        realm: HeaderValue,
    },
    /// The store itself, opened by this process.
    Local {
        /// What answers.
        house: House,
        /// The realm that the operator means.
        realm: HeaderValue,
    },
}

impl Reach {
    /// The server if one is named, else the socket if somebody answers there, else the store.
    pub async fn open(client: &Client, server: &Server, secrets: &Secrets<'_>) -> Result<Self> {
        if let Some(name) = &client.profile
            && let Some(vendor) = &client.profiles.named(&name.value)?.vendor
        {
            let why = format!(
                "the profile `{}` is for {vendor}; this command asks a Counterfoil server",
                name.value
            );
            return Err(Failure::usage(why).into());
        }
        if let Some(url) = &client.server {
            return Ok(remote(&url.value, client, secrets)?);
        }
        if let Some(Setting { origin: Origin::Flag(flag), .. }) = client.token {
            return Err(
                Failure::usage(format!("{flag} is for a server, and none is named: add --server")).into()
            );
        }
        let realm = HeaderValue::try_from(&client.realm.value)
            .map_err(|_| Failure::usage(format!("`{}` is no realm", client.realm.value)))?;
        match server.socket() {
            Some(path) if answers(&path).await? => {
                Ok(Self::Socket { http: http().unix_socket(path).build()?, realm })
            }
            _ => Ok(Self::Local { house: crate::serve::local(server).await?, realm }),
        }
    }

    /// Where the server behind the operator's socket answers others.
    pub async fn address(&self) -> Result<Option<String>> {
        let Self::Socket { .. } = self else { return Ok(None) };
        let answer = self.ask(Request::get(WHERE).body(Bytes::new())?).await?;
        let url = std::str::from_utf8(answer.body()).ok().filter(|_| answer.status().is_success());
        let url = url.and_then(|url| url.trim().split_once("://"));
        let read = url.and_then(|(scheme, address)| Some((scheme, address.parse().ok()?)));
        Ok(read.map(|(scheme, address)| format!("{scheme}://{}", reachable(address))))
    }

    /// Sends the request and waits for its answer, of whatever status.
    pub async fn ask(&self, request: Request<Bytes>) -> Result<Response<Bytes>> {
        straight(&request)?;
        match self {
            Self::Remote { http, base, authorization } => {
                send(http, base, with(request, AUTHORIZATION, authorization)).await
            }
            Self::Socket { http, realm } => send(http, "http://localhost", with(request, REALM, realm)).await,
            Self::Local { house, realm } => Ok(house(with(request, REALM, realm)).await),
        }
    }
}

fn with(mut request: Request<Bytes>, name: HeaderName, value: &HeaderValue) -> Request<Bytes> {
    request.headers_mut().insert(name, value.clone());
    request
}

fn remote(url: &str, client: &Client, secrets: &Secrets<'_>) -> Result<Reach, Failure> {
    let base = base(url)?;
    if client.realm.origin != Origin::BuiltIn {
        return Err(Failure::usage(format!(
            "a server works in the realm of the token; leave the realm out (it was said by {})",
            client.realm.origin
        )));
    }
    let authorization = bearer(&credential(client, secrets)?)?;
    let http = with_authorities(http(), client.ca_file.as_deref())?.build();
    let http = http.map_err(|why| Failure::new(Exit::Failed, innermost(&why)))?;
    Ok(Reach::Remote { http, base, authorization })
}

/// The token that a server is asked with.
pub fn credential(client: &Client, secrets: &Secrets<'_>) -> Result<Secret, Failure> {
    if let Some(token) = &client.token {
        return secrets.of(&token.value);
    }
    let why = client.withheld.as_ref().map(|why| format!(" ({why})")).unwrap_or_default();
    secrets.ask(&format!("a token{why}"), "--token -, --token @FILE, or the variable COUNTERFOIL_TOKEN")
}

/// The header that a token is brought in.
pub fn bearer(token: &Secret) -> Result<HeaderValue, Failure> {
    let no_token = |_| Failure::new(Exit::Credential, "the token holds characters that no token has");
    let mut value = HeaderValue::try_from(format!("Bearer {}", token.reveal())).map_err(no_token)?;
    value.set_sensitive(true);
    Ok(value)
}

/// The part of a server's URL before the paths of its dialect.
pub fn base(url: &str) -> Result<String, Failure> {
    let wrong =
        |why: &str| Failure::usage(format!("the server `{url}` {why}; write it like https://tokens.example"));
    let uri: Uri = url.parse().map_err(|_| wrong("is not a URL"))?;
    if !matches!(uri.scheme_str(), Some("http" | "https")) {
        return Err(wrong("is neither http:// nor https://"));
    }
    if uri.authority().is_none_or(|authority| authority.as_str().contains('@')) {
        return Err(Failure::usage("the server's URL holds a user; give the token with --token"));
    }
    if uri.query().is_some() {
        return Err(wrong("has a query"));
    }
    Ok(url.trim_end_matches('/').to_owned())
}

/// Refuses an id that would lead elsewhere: on its way out `/tokens/..` becomes `/`.
pub fn straight(request: &Request<Bytes>) -> Result<(), Failure> {
    let path = request.uri().path();
    if path.split('/').any(|segment| matches!(segment, "." | "..")) {
        return Err(Failure::usage("`.` and `..` are no ids"));
    }
    Ok(())
}

/// Connections as we want them to anybody: no redirect is followed, nothing is waited for without end.
pub fn http() -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .user_agent(concat!("counterfoil/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(Duration::from_secs(10))
        .timeout(Duration::from_mins(1))
}

async fn send(http: &reqwest::Client, base: &str, request: Request<Bytes>) -> Result<Response<Bytes>> {
    let lost = |why: &reqwest::Error| {
        let cause = innermost(why);
        let said = match distrusted(&cause) {
            Some((what, advice)) => format!("{base} {what}; {advice}"),
            None => format!("{base} did not answer: {cause}"),
        };
        let failure = Failure::new(Exit::Unreachable, said);
        if why.is_connect() { failure } else { failure.perhaps_done() }
    };
    let (mut parts, body) = request.into_parts();
    parts.uri = format!("{base}{}", parts.uri).parse()?;
    let request = reqwest::Request::try_from(Request::from_parts(parts, body))?;
    let answer = http.execute(request).await.map_err(|why| lost(&why))?;
    let too_long = || {
        let why = format!("{base} answered with more than {} MiB; check the address", LONGEST >> 20);
        Failure::new(Exit::Failed, why).perhaps_done()
    };
    Ok(whole(answer, LONGEST).await.map_err(|why| lost(&why))?.ok_or_else(too_long)?)
}

/// The longest answer of our own server that is read: a page of a thousand of its largest tokens is shorter.
const LONGEST: usize = 64 << 20;

/// An answer with its body; none, if that is longer than `most`.
pub async fn whole(
    mut answer: reqwest::Response,
    most: usize,
) -> Result<Option<Response<Bytes>>, reqwest::Error> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = answer.status();
    *response.headers_mut() = answer.headers().clone();
    let mut body = BytesMut::new();
    while let Some(chunk) = answer.chunk().await? {
        if body.len() + chunk.len() > most {
            return Ok(None);
        }
        body.extend_from_slice(&chunk);
    }
    *response.body_mut() = body.freeze();
    Ok(Some(response))
}

/// An address of this machine where a server listens on all of them.
pub fn reachable(mut listen: SocketAddr) -> SocketAddr {
    if listen.ip().is_unspecified() {
        listen.set_ip(Ipv4Addr::LOCALHOST.into());
    }
    listen
}

/// The cause at the bottom: "connection refused" rather than the storeys above it.
pub fn innermost(error: &dyn std::error::Error) -> String {
    error.source().map_or_else(|| error.to_string(), innermost)
}

/// Whether a server listens on the socket. A file that nobody listens on was left by one that died.
async fn answers(path: &Path) -> Result<bool, Failure> {
    match tokio::net::UnixStream::connect(path).await {
        Ok(_) => Ok(true),
        Err(why) if matches!(why.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused) => Ok(false),
        Err(why) => Err(Failure::new(Exit::Unreachable, format!("{} does not open: {why}", path.display()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_a_plain_web_address() {
        assert_eq!(base("https://tokens.example/").unwrap(), "https://tokens.example");
        assert_eq!(base("http://[::1]:8080/below").unwrap(), "http://[::1]:8080/below");
        for wrong in ["tokens.example", "ftp://x", "http://me:hush@x", "http://x?y", "", "http://"] {
            let failure = base(wrong).unwrap_err();
            assert_eq!(failure.exit, Exit::Usage, "{wrong}");
            assert!(!failure.message.contains("hush"));
        }
    }

    #[test]
    fn the_credential_is_not_for_debug() {
        let value = bearer(&Secret::new("cf_hush".into())).unwrap();
        assert_eq!(format!("{value:?}"), "Sensitive");
        assert!(bearer(&Secret::new("two\nlines".into())).is_err());
    }
}
