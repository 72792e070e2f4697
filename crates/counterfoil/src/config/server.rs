//! The settings of the server and of whoever opens its store.

use super::environment::Environment;
use super::{Choice, Line, Origin, Setting, read_file};
use crate::cli::exit::Failure;
use clap::{Args, ValueEnum};
use ipnet::IpNet;
use serde::Deserialize;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;

/// Flags that say where the store is; for every command, since any may open it.
#[derive(Debug, Default, Clone, Args)]
#[command(next_help_heading = "The store")]
pub struct StoreFlags {
    /// Configuration file of the server [variable: COUNTERFOIL_CONFIG; default: counterfoil.toml if it exists]
    #[arg(long, value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,
    /// Where records are kept [variable: COUNTERFOIL_STORE; default: sqlite:counterfoil.db]
    #[arg(long, value_name = "URL", global = true)]
    pub store: Option<String>,
    /// File of the root secret [variable: COUNTERFOIL_ROOT_SECRET_FILE; default: counterfoil.key]
    #[arg(long, value_name = "FILE", global = true)]
    pub root_secret_file: Option<PathBuf>,
}

/// Flags that only matter when a store is made.
#[derive(Debug, Default, Clone, Args)]
pub struct InitFlags {
    /// Write the first token here, for its owner only, and print it nowhere [variable: COUNTERFOIL_FIRST_TOKEN_FILE]
    #[arg(long, value_name = "FILE")]
    pub first_token_file: Option<PathBuf>,
}

/// Flags that only `serve` knows.
#[derive(Debug, Default, Clone, Args)]
pub struct ServeFlags {
    /// Address and port to answer on; port 0 takes a free one [variable: COUNTERFOIL_LISTEN; default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub listen: Option<SocketAddr>,
    /// File of our certificate and those up to its root (PEM), for HTTPS; SIGHUP reads both anew [variable: COUNTERFOIL_TLS_CERT]
    #[arg(long, value_name = "FILE")]
    pub tls_cert: Option<PathBuf>,
    /// File of its private key (PEM) [variable: COUNTERFOIL_TLS_KEY]
    #[arg(long, value_name = "FILE")]
    pub tls_key: Option<PathBuf>,
    /// What callers reach us as, such as https://tokens.example: fixes the issuer of OAuth's tokens [variable: COUNTERFOIL_PUBLIC_URL]
    #[arg(long, value_name = "URL")]
    pub public_url: Option<String>,
    /// Networks of proxies whose X-Forwarded headers count, separated by commas [variable: COUNTERFOIL_TRUSTED_PROXIES]
    #[arg(long, value_name = "CIDR,…")]
    pub trusted_proxies: Option<Networks>,
    /// What to log: a level, or a filter such as `info,counterfoil_store=debug` [variable: COUNTERFOIL_LOG; default: info]
    #[arg(long, value_name = "FILTER")]
    pub log: Option<String>,
    /// How to log [variable: COUNTERFOIL_LOG_FORMAT; default: text]
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub log_format: Option<LogFormat>,
    /// What matters if the store is made now.
    #[command(flatten)]
    pub init: InitFlags,
}

/// How the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Lines for people.
    Text,
    /// One JSON object a line.
    Json,
}

impl FromStr for LogFormat {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        <Self as ValueEnum>::from_str(text, false).map_err(|_| format!("`{text}` is neither text nor json"))
    }
}

impl fmt::Display for LogFormat {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Text => "text",
            Self::Json => "json",
        })
    }
}

/// Networks in CIDR notation; an address alone is a network of one.
#[derive(Debug, Default, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Vec<String>")]
pub struct Networks(pub Vec<IpNet>);

impl TryFrom<Vec<String>> for Networks {
    type Error = String;

    fn try_from(texts: Vec<String>) -> Result<Self, String> {
        let network = |text: String| {
            let text = text.trim();
            let alone = || text.parse::<IpAddr>().map(IpNet::from);
            text.parse()
                .or_else(|_| alone())
                .map_err(|_| format!("`{text}` is not a network such as 10.0.0.0/8"))
        };
        texts.into_iter().map(network).collect::<Result<_, _>>().map(Self)
    }
}

impl FromStr for Networks {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.split(',').map(str::to_owned).collect::<Vec<_>>().try_into()
    }
}

impl fmt::Display for Networks {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts: Vec<_> = self.0.iter().map(ToString::to_string).collect();
        out.write_str(&texts.join(","))
    }
}

/// Where a dialect is served.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mount {
    /// Which one.
    pub dialect: String,
    /// What stands before its paths.
    #[serde(default)]
    pub prefix: String,
    /// For which realm, unless a path says otherwise.
    #[serde(default = "default_realm")]
    pub realm: String,
    /// The dialect's own settings, unread.
    #[serde(default)]
    pub settings: toml::Table,
}

fn default_realm() -> String {
    "default".into()
}

/// What HTTPS is spoken with (PEM).
#[derive(Debug, Clone)]
pub struct TlsFiles {
    /// Our certificate and those up to its root.
    pub cert: Setting<PathBuf>,
    /// Its private key.
    pub key: Setting<PathBuf>,
}

/// The configuration file as it is written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    listen: Option<SocketAddr>,
    store: Option<String>,
    root_secret_file: Option<PathBuf>,
    first_token_file: Option<PathBuf>,
    tls_cert: Option<PathBuf>,
    tls_key: Option<PathBuf>,
    public_url: Option<String>,
    trusted_proxies: Option<Networks>,
    log: Option<String>,
    log_format: Option<LogFormat>,
    mount: Option<Vec<Mount>>,
}

/// Everything that the server needs to know, with origins.
#[derive(Debug, Clone)]
pub struct Server {
    /// Where to answer.
    pub listen: Setting<SocketAddr>,
    /// Where records are kept: `sqlite:PATH`.
    pub store: Setting<String>,
    /// Where the root secret is.
    pub root_secret_file: Setting<PathBuf>,
    /// Where the first token goes instead of standard output.
    pub first_token_file: Option<Setting<PathBuf>>,
    /// What HTTPS is spoken with, if it is.
    pub tls: Option<TlsFiles>,
    /// What callers reach us as; every mount that names no other has it as its setting `public_url`.
    pub public_url: Option<Setting<String>>,
    /// Whose forwarding headers count.
    pub trusted_proxies: Setting<Networks>,
    /// The filter of the log.
    pub log: Setting<String>,
    /// The form of the log.
    pub log_format: Setting<LogFormat>,
    /// The configured mounts; none means one for each dialect at its vendor's own paths.
    pub mounts: Setting<Vec<Mount>>,
}

impl Server {
    /// Asks flags, environment and file, in this order.
    pub fn resolve(environment: &Environment, store: StoreFlags, serve: ServeFlags) -> Result<Self, Failure> {
        let config =
            Choice::flag("--config", store.config).variable(environment, "COUNTERFOIL_CONFIG")?.said();
        let asked_for = config.is_some();
        let path = config.map_or_else(|| PathBuf::from("counterfoil.toml"), |config| config.value);
        let file: Written = read_file(&path, asked_for)?.unwrap_or_default();
        let path = path.as_path();
        Ok(Self {
            listen: Choice::flag("--listen", serve.listen)
                .variable(environment, "COUNTERFOIL_LISTEN")?
                .file(path, file.listen)
                .built_in(SocketAddr::from(([127, 0, 0, 1], 8080))),
            store: Choice::flag("--store", store.store)
                .variable(environment, "COUNTERFOIL_STORE")?
                .file(path, file.store)
                .built_in("sqlite:counterfoil.db".into()),
            root_secret_file: Choice::flag("--root-secret-file", store.root_secret_file)
                .variable(environment, "COUNTERFOIL_ROOT_SECRET_FILE")?
                .file(path, file.root_secret_file)
                .said()
                .or_else(|| systemd_credential(environment))
                .unwrap_or(Setting { value: "counterfoil.key".into(), origin: Origin::BuiltIn }),
            first_token_file: Choice::flag("--first-token-file", serve.init.first_token_file)
                .variable(environment, "COUNTERFOIL_FIRST_TOKEN_FILE")?
                .file(path, file.first_token_file)
                .said(),
            tls: both(
                Choice::flag("--tls-cert", serve.tls_cert)
                    .variable(environment, "COUNTERFOIL_TLS_CERT")?
                    .file(path, file.tls_cert)
                    .said(),
                Choice::flag("--tls-key", serve.tls_key)
                    .variable(environment, "COUNTERFOIL_TLS_KEY")?
                    .file(path, file.tls_key)
                    .said(),
            )?,
            public_url: Choice::flag("--public-url", serve.public_url)
                .variable(environment, "COUNTERFOIL_PUBLIC_URL")?
                .file(path, file.public_url)
                .said(),
            trusted_proxies: Choice::flag("--trusted-proxies", serve.trusted_proxies)
                .variable(environment, "COUNTERFOIL_TRUSTED_PROXIES")?
                .file(path, file.trusted_proxies)
                .built_in(Networks::default()),
            log: Choice::flag("--log", serve.log)
                .variable(environment, "COUNTERFOIL_LOG")?
                .file(path, file.log)
                .built_in("info".into()),
            log_format: Choice::flag("--log-format", serve.log_format)
                .variable(environment, "COUNTERFOIL_LOG_FORMAT")?
                .file(path, file.log_format)
                .built_in(LogFormat::Text),
            mounts: Choice(None).file(path, file.mount).built_in(Vec::new()),
        })
    }

    /// The operator's socket beside the database, for a store that is a file.
    pub fn socket(&self) -> Option<PathBuf> {
        let database = self.store.value.strip_prefix("sqlite:")?;
        Some(PathBuf::from(format!("{database}.sock")))
    }

    /// Whether there is a store on this machine, as far as can be seen from outside.
    pub fn has_store(&self) -> bool {
        self.store.value.strip_prefix("sqlite:").is_none_or(|database| PathBuf::from(database).exists())
    }

    /// What `config show` says.
    pub fn lines(&self) -> Vec<Line> {
        let path = |path: &PathBuf| path.display().to_string();
        vec![
            Line::of("listen", &self.listen, ToString::to_string),
            Line::of("store", &self.store, |url| without_password(url)),
            Line::of("root_secret_file", &self.root_secret_file, path),
            Line::of_optional("first_token_file", self.first_token_file.as_ref(), path),
            Line::of_optional("tls_cert", self.tls.as_ref().map(|tls| &tls.cert), path),
            Line::of_optional("tls_key", self.tls.as_ref().map(|tls| &tls.key), path),
            Line::of_optional("public_url", self.public_url.as_ref(), Clone::clone),
            Line::of("trusted_proxies", &self.trusted_proxies, ToString::to_string),
            Line::of("log", &self.log, Clone::clone),
            Line::of("log_format", &self.log_format, ToString::to_string),
            Line::of("mount", &self.mounts, |mounts| mounts.iter().map(word).collect::<Vec<_>>().join("; ")),
        ]
    }
}

/// A certificate is nothing without its key, and a key nothing without its certificate.
fn both(cert: Option<Setting<PathBuf>>, key: Option<Setting<PathBuf>>) -> Result<Option<TlsFiles>, Failure> {
    match (cert, key) {
        (Some(cert), Some(key)) => Ok(Some(TlsFiles { cert, key })),
        (None, None) => Ok(None),
        (Some(Setting { origin, .. }), None) => Err(alone(&origin, "a certificate", "tls_key")),
        (None, Some(Setting { origin, .. })) => Err(alone(&origin, "a private key", "tls_cert")),
    }
}

fn alone(origin: &Origin, what: &str, missing: &str) -> Failure {
    Failure::usage(format!("{origin} names {what} for HTTPS; say {missing} too"))
}

/// What systemd's `LoadCredential=counterfoil.key:…` leaves for us.
fn systemd_credential(environment: &Environment) -> Option<Setting<PathBuf>> {
    let name = "CREDENTIALS_DIRECTORY";
    let value = environment.path(name)?.join("counterfoil.key");
    value.exists().then_some(Setting { value, origin: Origin::Variable(name) })
}

fn word(mount: &Mount) -> String {
    let settings = mount.settings.iter().map(|(name, value)| format!(" {name}={value}"));
    let place = if mount.prefix.is_empty() { "/" } else { &mount.prefix };
    format!("{} at {place} for {}{}", mount.dialect, mount.realm, settings.collect::<String>())
}

/// `scheme://user:password@host` with dots for the password.
fn without_password(url: &str) -> String {
    let dotted = || {
        let (scheme, rest) = url.split_once("://")?;
        let (login, host) = rest.rsplit_once('@')?;
        let (user, _) = login.split_once(':')?;
        Some(format!("{scheme}://{user}:••••@{host}"))
    };
    dotted().unwrap_or_else(|| url.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(environment: &Environment, flags: ServeFlags) -> Server {
        Server::resolve(environment, StoreFlags::default(), flags).unwrap()
    }

    #[test]
    fn without_a_word_everything_is_built_in() {
        let server = resolve(&Environment::default(), ServeFlags::default());
        assert_eq!(server.listen.value.to_string(), "127.0.0.1:8080");
        assert_eq!(server.socket(), Some(PathBuf::from("counterfoil.db.sock")));
        assert!(server.lines().iter().all(|line| ["built-in", "not set"].contains(&line.origin.as_str())));
    }

    #[test]
    fn unknown_keys_are_errors_and_mount_settings_are_kept() {
        let file: Written = toml::from_str(
            "trusted_proxies = ['10.0.0.0/8', '::1']\n[[mount]]\ndialect = 'dynatrace'\nsettings.page = 5",
        )
        .unwrap();
        assert_eq!(file.trusted_proxies.unwrap().to_string(), "10.0.0.0/8,::1/128");
        let mounts = file.mount.unwrap();
        assert_eq!(word(&mounts[0]), "dynatrace at / for default page=5");
        for unknown in ["lisen = 'x'", "[[mount]]\ndialect = 'x'\nrealms = 'y'"] {
            assert!(toml::from_str::<Written>(unknown).unwrap_err().message().contains("unknown field"));
        }
    }

    #[test]
    fn networks_may_be_addresses_but_not_nonsense() {
        assert_eq!("10.1.2.3, 10.0.0.0/8".parse::<Networks>().unwrap().0.len(), 2);
        assert!("10.0.0.0/33".parse::<Networks>().is_err());
    }

    #[test]
    fn a_password_in_the_store_url_is_dotted() {
        assert_eq!(without_password("postgres://me:hush@db/x"), "postgres://me:••••@db/x");
        assert_eq!(without_password("sqlite:counterfoil.db"), "sqlite:counterfoil.db");
    }
}
