//! The settings of whoever asks a server: which one, with which token, in which realm, and how to print.

use super::environment::Environment;
use super::{Choice, Line, Origin, Setting, read_file};
use crate::cli::exit::Failure;
use crate::cli::format::Format;
use clap::Args;
use counterfoil_core::secret::Secret;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

/// Flags of every command that asks.
#[derive(Debug, Default, Clone, Args)]
#[command(next_help_heading = "Asking")]
pub struct ClientFlags {
    /// Server to ask; without one the store on this machine is used [variable: COUNTERFOIL_SERVER]
    #[arg(long, value_name = "URL", global = true)]
    pub server: Option<String>,
    /// Token for that server: `-` (standard input), `@FILE`, `env:NAME` or the text [variable: COUNTERFOIL_TOKEN]
    #[arg(long = "token", id = "credential", value_name = "SECRET", global = true)]
    pub token: Option<String>,
    /// Realm to work in, without a server [variable: COUNTERFOIL_REALM; default: default]
    #[arg(long, value_name = "SLUG", global = true)]
    pub realm: Option<String>,
    /// Profile of ~/.config/counterfoil/config.toml to use [variable: COUNTERFOIL_PROFILE; default: default]
    #[arg(short, long, value_name = "NAME", global = true)]
    pub profile: Option<String>,
    /// How to print; the default is table on a terminal and tsv elsewhere [variable: COUNTERFOIL_OUTPUT]
    #[arg(short, long, value_enum, value_name = "FORMAT", global = true)]
    pub output: Option<Format>,
    /// Print these fields only; dots go deeper, as in `metadata.team`
    #[arg(long, value_name = "FIELD,…", value_delimiter = ',', global = true)]
    pub fields: Vec<String>,
    /// Leave the line with the names of the fields out
    #[arg(long, global = true)]
    pub no_header: bool,
    /// Keep warnings and remarks to yourself
    #[arg(short, long, global = true)]
    pub quiet: bool,
}

/// The file of profiles as it is written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default)]
    profile: BTreeMap<String, Profile>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Profile {
    server: Option<String>,
    token_file: Option<PathBuf>,
    realm: Option<String>,
    output: Option<Format>,
}

/// Where the server's token is to be had.
#[derive(Debug)]
pub enum TokenSource {
    /// In one of the four spellings.
    Spelt(String),
    /// Here it is.
    Text(Secret),
    /// In this file.
    File(PathBuf),
}

/// Everything that a client command needs to know, with origins.
#[derive(Debug)]
pub struct Client {
    /// The server to ask, if any.
    pub server: Option<Setting<String>>,
    /// Its token.
    pub token: Option<Setting<TokenSource>>,
    /// The realm that the operator means.
    pub realm: Setting<String>,
    /// The profile in use; its name if one was asked for.
    pub profile: Option<Setting<String>>,
    /// How to print.
    pub output: Setting<Format>,
    /// Which fields to print; none means the usual ones.
    pub fields: Vec<String>,
    /// Whether the names of the fields are printed.
    pub header: bool,
    /// Whether remarks are left out.
    pub quiet: bool,
}

impl Client {
    /// Asks flags, environment and profile, in this order.
    pub fn resolve(environment: &Environment, flags: ClientFlags) -> Result<Self, Failure> {
        let named =
            Choice::flag("--profile", flags.profile).variable(environment, "COUNTERFOIL_PROFILE")?.said();
        let path = profiles_path(environment);
        let path = path.as_deref().unwrap_or(Path::new(""));
        let profile = profile(path, named.as_ref())?;
        let beside = path.parent().unwrap_or(Path::new(""));
        let token_file = profile.token_file.map(|file| TokenSource::File(beside.join(file)));
        let token_text = environment.get("COUNTERFOIL_TOKEN")?.map(|text| Setting {
            value: TokenSource::Text(Secret::new(text.trim().to_owned())),
            origin: Origin::Variable("COUNTERFOIL_TOKEN"),
        });
        let usual = if std::io::stdout().is_terminal() { Format::Table } else { Format::Tsv };
        Ok(Self {
            server: Choice::flag("--server", flags.server)
                .variable(environment, "COUNTERFOIL_SERVER")?
                .file(path, profile.server)
                .said(),
            token: Choice::flag("--token", flags.token.map(TokenSource::Spelt))
                .said()
                .or(token_text)
                .or_else(|| Choice(None).file(path, token_file).said()),
            realm: Choice::flag("--realm", flags.realm)
                .variable(environment, "COUNTERFOIL_REALM")?
                .file(path, profile.realm)
                .built_in("default".into()),
            profile: named,
            output: Choice::flag("--output", flags.output)
                .variable(environment, "COUNTERFOIL_OUTPUT")?
                .file(path, profile.output)
                .built_in(usual),
            fields: flags.fields,
            header: !flags.no_header,
            quiet: flags.quiet,
        })
    }

    /// What `config show` says.
    pub fn lines(&self) -> Vec<Line> {
        let token = |source: &TokenSource| match source {
            TokenSource::File(path) => format!("@{}", path.display()),
            TokenSource::Spelt(spelt) if spelt == "-" || spelt.starts_with(['@']) => spelt.clone(),
            TokenSource::Spelt(spelt) if spelt.starts_with("env:") => spelt.clone(),
            TokenSource::Spelt(_) | TokenSource::Text(_) => "••••".into(),
        };
        vec![
            Line::of_optional("profile", self.profile.as_ref(), Clone::clone),
            Line::of_optional("server", self.server.as_ref(), Clone::clone),
            Line::of_optional("token", self.token.as_ref(), token),
            Line::of("realm", &self.realm, Clone::clone),
            Line::of("output", &self.output, ToString::to_string),
        ]
    }
}

fn profiles_path(environment: &Environment) -> Option<PathBuf> {
    let home = || environment.path("HOME").map(|home| home.join(".config"));
    Some(environment.path("XDG_CONFIG_HOME").or_else(home)?.join("counterfoil/config.toml"))
}

/// The profile asked for, which must exist, or `default`, which may.
fn profile(path: &Path, named: Option<&Setting<String>>) -> Result<Profile, Failure> {
    let mut file: Written = read_file(path, named.is_some())?.unwrap_or_default();
    match named {
        None => Ok(file.profile.remove("default").unwrap_or_default()),
        Some(name) => file.profile.remove(&name.value).ok_or_else(|| {
            let known: Vec<_> = file.profile.keys().map(String::as_str).collect();
            Failure::usage(format!(
                "{} has no profile `{}`; it has: {}",
                path.display(),
                name.value,
                known.join(", ")
            ))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(environment: &Environment, flags: ClientFlags) -> Client {
        Client::resolve(environment, flags).unwrap()
    }

    #[test]
    fn a_token_is_never_shown_but_its_place_is() {
        let shown = |token: Option<&str>, environment: &Environment| {
            let flags = ClientFlags { token: token.map(str::to_owned), ..ClientFlags::default() };
            let lines = resolve(environment, flags).lines();
            let line = lines.into_iter().find(|line| line.setting == "token").unwrap();
            format!("{} {}", line.value, line.origin)
        };
        let set = Environment::of([("COUNTERFOIL_TOKEN", "cf_hush")]);
        assert_eq!(shown(Some("cf_hush"), &set), "•••• --token");
        assert_eq!(shown(Some("@key"), &set), "@key --token");
        assert_eq!(shown(Some("env:KEY"), &set), "env:KEY --token");
        assert_eq!(shown(None, &set), "•••• COUNTERFOIL_TOKEN");
        assert_eq!(shown(None, &Environment::default()), " not set");
    }

    #[test]
    fn profiles_live_where_the_desktop_keeps_settings() {
        let path = |variables| profiles_path(&Environment::of(variables));
        let home = [("HOME", "/home/me"), ("XDG_CONFIG_HOME", "")];
        assert_eq!(path(home), Some(PathBuf::from("/home/me/.config/counterfoil/config.toml")));
        let xdg = [("HOME", "/home/me"), ("XDG_CONFIG_HOME", "/x")];
        assert_eq!(path(xdg), Some(PathBuf::from("/x/counterfoil/config.toml")));
    }

    #[test]
    fn a_profile_has_known_keys_only() {
        let written = "[profile.work]\nserver = 'https://x'\noutput = 'ndjson'";
        let profiles: Written = toml::from_str(written).unwrap();
        assert_eq!(profiles.profile["work"].output, Some(Format::Ndjson));
        assert!(toml::from_str::<Written>("[profile.work]\ntoken = 'cf_hush'").is_err());
    }
}
