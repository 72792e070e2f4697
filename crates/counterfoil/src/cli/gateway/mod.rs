//! `counterfoil gateway`: a configuration with which a gateway asks a gate before every request. What it says is in the
//! templates beside this file; here is what they are filled with.

mod template;

use super::desk::{Desk, Outcome};
use super::exit::{Exit, Failure};
use super::printer;
use clap::{Args, ValueEnum};
use counterfoil_core::gate::sound_name;
use counterfoil_dialects::native::client::{Gates, Resource};
use counterfoil_dialects::native::wire::gate::Gate;
use http::Uri;
use std::net::{IpAddr, SocketAddr};
use template::Values;

/// Which configuration to print.
#[derive(Debug, Args)]
pub struct Gateway {
    /// For which gateway
    #[arg(value_name = "GATEWAY")]
    kind: Kind,
    /// The gate that it asks
    gate: String,
    /// The service behind it
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:3000")]
    upstream: String,
    /// Where it answers
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8000")]
    listen: SocketAddr,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Kind {
    /// `auth_request`
    Nginx,
    /// `forward_auth`
    Caddy,
    /// ForwardAuth
    Traefik,
    /// `ext_authz`, over gRPC
    Envoy,
}

impl Kind {
    fn template(self) -> &'static str {
        match self {
            Self::Nginx => include_str!("nginx.conf"),
            Self::Caddy => include_str!("Caddyfile"),
            Self::Traefik => include_str!("traefik.yml"),
            Self::Envoy => include_str!("envoy.yaml"),
        }
    }
}

/// Reads the gate and prints.
pub async fn run(gateway: Gateway, desk: &Desk<'_>) -> Outcome {
    let gate = desk.ask(Gates::get(&gateway.gate)?).await?;
    printer::write(&configuration(&gateway, &gate, &desk.url().await?)?)?;
    Ok(Exit::Done)
}

fn configuration(gateway: &Gateway, gate: &Gate, server: &str) -> Result<String, Failure> {
    let server = Endpoint::read(server)?;
    if matches!(gateway.kind, Kind::Envoy) && !server.path.is_empty() {
        return Err(Failure::usage(format!(
            "Envoy asks at the root of a server only, and `{}` is below one",
            server.path
        )));
    }
    let upstream = Endpoint::read(&gateway.upstream)?;
    if !upstream.path.is_empty() {
        return Err(Failure::usage(
            "the service behind is named without a path: what is asked for goes there",
        ));
    }
    sound_name(&gate.name).map_err(|_| Failure::usage("the server tells of a gate whose name is none"))?;
    let mut values = headers(gate)?;
    values.one("gate", &gate.name);
    values.one("listen", &gateway.listen);
    values.one("listen_ip", &gateway.listen.ip());
    values.one("listen_port", &gateway.listen.port());
    values.one("server_path", &server.path);
    values.one("trusts", &"/etc/ssl/certs/ca-certificates.crt");
    for (name, endpoint) in [("server", &server), ("upstream", &upstream)] {
        values.one(name, &format!("{}://{}", endpoint.scheme, endpoint.authority()));
        values.one(&format!("{name}_scheme"), &endpoint.scheme);
        values.one(&format!("{name}_authority"), &endpoint.authority());
        values.one(&format!("{name}_host"), &endpoint.host);
        values.one(&format!("{name}_port"), &endpoint.port);
        let tls = (endpoint.scheme == "https").then(|| endpoint.host.clone());
        values.many(&format!("{name}_tls"), tls.into_iter().collect());
    }
    Ok(template::fill(gateway.kind.template(), &values))
}

/// The headers that a gate reads, sets and strips, as templates name them.
fn headers(gate: &Gate) -> Result<Values, Failure> {
    let set: Vec<&str> = gate.set.iter().map(|set| set.header.as_str()).collect();
    let mut place: Vec<&str> = Vec::new();
    for word in &gate.places {
        match word.split_once(':') {
            None => place.push("authorization"),
            Some(("header", name)) => place.push(name),
            Some(_) => {}
        }
    }
    // None would mean all of them to some gateways.
    if place.is_empty() {
        place.push("authorization");
    }
    place.sort_unstable();
    place.dedup();
    // What is set anew need not go.
    let strip: Vec<&str> = gate.strip.iter().map(String::as_str).filter(|name| !set.contains(name)).collect();
    let odd = |name: &&&str| !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if let Some(name) = set.iter().chain(&place).chain(&strip).find(odd) {
        return Err(Failure::usage(format!(
            "the gate's header `{name}` is none that gateways can be told of: letters, digits and `-` only"
        )));
    }
    let titled = |names: &[&str]| names.iter().map(|name| titled(name)).collect::<Vec<_>>();
    let lined = |names: &[&str]| names.iter().map(|name| name.replace('-', "_")).collect::<Vec<_>>();
    let fresh: Vec<&str> = set.iter().copied().filter(|name| !place.contains(name)).collect();
    let patterns: Vec<_> = set.iter().map(|name| name.replace('-', "[-_]")).collect();
    let mut values = Values::default();
    values.one("pattern", &patterns.join("|"));
    values.many("sets", if set.is_empty() { Vec::new() } else { vec![titled(&set).join(" ")] });
    values.many("set", titled(&set));
    values.many("set_", lined(&set));
    values.many("fresh", titled(&fresh));
    values.many("place", titled(&place));
    values.many("place_", lined(&place));
    values.many("place_lower", place.iter().map(ToString::to_string).collect());
    values.many("strip", titled(&strip));
    Ok(values)
}

/// `x-auth-subject` as people write it.
fn titled(name: &str) -> String {
    let word = |word: &str| {
        let (first, rest) = word.split_at(word.len().min(1));
        first.to_ascii_uppercase() + rest
    };
    name.split('-').map(word).collect::<Vec<_>>().join("-")
}

/// Where something answers over HTTP.
struct Endpoint {
    scheme: &'static str,
    /// A name or an address, an IPv6 one without its brackets.
    host: String,
    port: u16,
    /// Empty, or `/…` without a slash at its end.
    path: String,
}

impl Endpoint {
    /// Takes nothing that a configuration could read as anything else.
    fn read(url: &str) -> Result<Self, Failure> {
        let wrong = |why: &str| Failure::usage(format!("`{url}` {why}; write it like http://10.0.0.7:3000"));
        let uri: Uri = url.parse().map_err(|_| wrong("is not a URL"))?;
        let (scheme, usual) = match uri.scheme_str() {
            Some("http") => ("http", 80),
            Some("https") => ("https", 443),
            _ => return Err(wrong("is neither http:// nor https://")),
        };
        let host = uri.host().unwrap_or_default();
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let address = host.parse::<IpAddr>().is_ok();
        let named =
            |host: &str| host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(&byte));
        if host.is_empty() || !(address || named(host)) || url.contains('@') {
            return Err(wrong("names no host"));
        }
        if address && scheme == "https" {
            return Err(wrong("has an address where HTTPS needs the name in the certificate"));
        }
        let path = uri.path().trim_end_matches('/');
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._~-".contains(&byte);
        if uri.query().is_some() || !path.bytes().all(plain) {
            return Err(wrong("has more than a plain path after its host"));
        }
        let port = uri.port_u16().unwrap_or(usual);
        Ok(Self { scheme, host: host.to_owned(), port, path: path.to_owned() })
    }

    fn authority(&self) -> String {
        let Self { host, port, .. } = self;
        if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use counterfoil_dialects::native::wire::gate::Header;
    use std::fs;
    use std::path::Path;

    fn gate() -> Gate {
        let header = |header: &str| Header { header: header.into(), fact: "username".into() };
        Gate {
            name: "front".into(),
            callers: Vec::new(),
            scopes: Vec::new(),
            rules: Vec::new(),
            dialects: Vec::new(),
            places: ["bearer", "basic", "header:x-authorization", "query:uuid"].map(Into::into).into(),
            limit: None,
            on_limit: 403,
            set: vec![header("x-user"), header("x-auth-scopes"), header("x-authorization")],
            strip: vec!["authorization".into(), "x-authorization".into(), "cookie".into()],
            created: String::new(),
            updated: String::new(),
            version: 1,
        }
    }

    fn gateway(kind: Kind) -> Gateway {
        let (listen, upstream) = ("[::1]:8000".parse().unwrap(), "https://localhost:8443/".into());
        Gateway { kind, gate: "front".into(), upstream, listen }
    }

    /// `UPDATE_GATEWAYS=1 cargo test` writes what is printed, to be read before it is committed.
    #[test]
    fn what_is_printed_is_what_is_written_down() {
        #[expect(clippy::disallowed_methods, reason = "a switch for whoever runs the tests")]
        let updates = std::env::var_os("UPDATE_GATEWAYS").is_some();
        for (kind, name) in [
            (Kind::Nginx, "nginx.conf"),
            (Kind::Caddy, "Caddyfile"),
            (Kind::Traefik, "traefik.yml"),
            (Kind::Envoy, "envoy.yaml"),
        ] {
            let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cli/gateway/expected").join(name);
            let printed = configuration(&gateway(kind), &gate(), "https://localhost").unwrap();
            if updates {
                fs::write(&file, &printed).unwrap();
            }
            assert_eq!(fs::read_to_string(&file).unwrap(), printed, "{name}");
            assert!(!printed.contains("{{"), "{name} has names that stand for nothing");
        }
    }

    #[test]
    fn nothing_is_printed_that_a_gateway_could_read_as_something_else() {
        let refused = |server: &str, upstream: &str, gate: &Gate| {
            let gateway = Gateway { upstream: upstream.into(), ..gateway(Kind::Nginx) };
            configuration(&gateway, gate, server).unwrap_err().message
        };
        let (good, behind) = ("http://127.0.0.1:8080", "http://127.0.0.1:3000");
        for url in [
            "127.0.0.1:3000",
            "ftp://a",
            "http://a;b",
            "http://a b",
            "http://u:p@a",
            "http://a/?b",
            "http://a/{b}",
            "http://a/$b",
            "https://10.0.0.7",
            "https://[::1]:8443",
        ] {
            assert!(refused(url, behind, &gate()).contains(url), "{url}");
            refused(good, url, &gate());
        }
        assert!(refused(good, "http://a/b", &gate()).contains("without a path"));
        for name in ["x_user", "x$user", "x'user", "x|user"] {
            let with = Gate { strip: vec![name.into()], ..gate() };
            assert!(refused(good, behind, &with).contains(name), "{name}");
        }
        let with = Gate { name: "front;\n}".into(), ..gate() };
        assert!(refused(good, behind, &with).contains("whose name is none"));
        let below = configuration(&gateway(Kind::Envoy), &gate(), "http://a/tokens").unwrap_err();
        assert!(below.message.contains("/tokens"), "{}", below.message);
    }

    #[test]
    fn an_empty_list_leaves_no_line_behind() {
        let bare = Gate { set: Vec::new(), strip: Vec::new(), places: vec!["query:uuid".into()], ..gate() };
        let printed = configuration(&gateway(Kind::Caddy), &bare, "http://a/tokens").unwrap();
        assert!(
            !printed.contains("copy_headers") && printed.contains("uri /tokens/check/front"),
            "{printed}"
        );
    }
}
