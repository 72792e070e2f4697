//! The settings of whoever asks a server: which one, with which token, in which realm, and how to print.

use super::address::same_server;
use super::environment::Environment;
use super::profile::{Kept, Profile, Profiles};
use super::{Choice, Line, Origin, Setting};
use crate::cli::exit::Failure;
use crate::cli::format::Format;
use clap::Args;
use counterfoil_core::secret::Secret;
use std::fmt;
use std::io::IsTerminal;
use std::path::PathBuf;

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

impl ClientFlags {
    /// A flag that was given, if any was.
    pub fn said(&self) -> Option<&'static str> {
        let Self { server, token, realm, profile, output, fields, no_header, quiet } = self;
        let said = [
            ("--server", server.is_some()),
            ("--token", token.is_some()),
            ("--realm", realm.is_some()),
            ("--profile", profile.is_some()),
            ("--output", output.is_some()),
            ("--fields", !fields.is_empty()),
            ("--no-header", *no_header),
            ("--quiet", *quiet),
        ];
        said.into_iter().find_map(|(flag, said)| said.then_some(flag))
    }
}

/// Where a secret is to be had.
pub enum SecretSource {
    /// In one of the four spellings.
    Spelt(String),
    /// Here it is.
    Text(Secret),
    /// Where a profile keeps it.
    Kept(Kept),
}

impl Clone for SecretSource {
    fn clone(&self) -> Self {
        match self {
            Self::Spelt(spelt) => Self::Spelt(spelt.clone()),
            Self::Text(text) => Self::Text(Secret::new(text.reveal().to_owned())),
            Self::Kept(kept) => Self::Kept(kept.clone()),
        }
    }
}

/// What was typed may be the secret itself.
impl fmt::Debug for SecretSource {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.shown())
    }
}

impl SecretSource {
    /// Its place, for people; dots for a secret.
    pub fn shown(&self) -> String {
        match self {
            Self::Kept(kept) => kept.shown(),
            Self::Spelt(spelt) if spelt == "-" || spelt.starts_with(['@']) => spelt.clone(),
            Self::Spelt(spelt) if spelt.starts_with("env:") => spelt.clone(),
            Self::Spelt(_) | Self::Text(_) => "••••".into(),
        }
    }
}

/// Everything that a client command needs to know, with origins.
#[derive(Debug, Clone)]
pub struct Client {
    /// The server to ask, if any.
    pub server: Option<Setting<String>>,
    /// Its token.
    pub token: Option<Setting<SecretSource>>,
    /// Why the token that the profile keeps is not the one, where it is missed.
    pub withheld: Option<String>,
    /// The certificate of an authority that this machine does not know otherwise.
    pub ca_file: Option<PathBuf>,
    /// The realm that the operator means.
    pub realm: Setting<String>,
    /// The profile in use; its name if one was asked for.
    pub profile: Option<Setting<String>>,
    /// Every profile.
    pub profiles: Profiles,
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
        let profiles = Profiles::load(environment, named.is_some())?;
        let chosen = match &named {
            Some(name) => Some(profiles.named(&name.value)?),
            None => profiles.usual(),
        };
        // A vendor's profile says how to print, and to our own commands nothing more.
        let ours = chosen.filter(|profile| profile.vendor.is_none()).cloned().unwrap_or_default();
        let output = chosen.and_then(|profile| profile.output);
        let path = profiles.path.clone();
        let token_text = environment.get("COUNTERFOIL_TOKEN")?.map(|text| Setting {
            value: SecretSource::Text(Secret::new(text.trim().to_owned())),
            origin: Origin::Variable("COUNTERFOIL_TOKEN"),
        });
        let usual = if std::io::stdout().is_terminal() { Format::Table } else { Format::Tsv };
        let server = Choice::flag("--server", flags.server)
            .variable(environment, "COUNTERFOIL_SERVER")?
            .file(&path, ours.server.clone())
            .said();
        let said = Choice::flag("--token", flags.token.map(SecretSource::Spelt)).said().or(token_text);
        // What is kept for one server goes to no other, and only there its authority counts.
        let other = ours.server.as_ref().zip(server.as_ref());
        let other = other.filter(|(own, server)| !same_server(own, &server.value)).map(|(own, _)| own);
        let withheld = other
            .filter(|_| said.is_none() && ours.token().is_some())
            .map(|own| format!("what the profile `{}` keeps is for {own} only", ours.name));
        let kept = ours.token().filter(|_| other.is_none());
        let ca_file = ours.ca_file.clone().filter(|_| other.is_none());
        Ok(Self {
            token: said.or_else(|| Choice(None).file(&path, kept.map(SecretSource::Kept)).said()),
            server,
            withheld,
            ca_file,
            realm: Choice::flag("--realm", flags.realm)
                .variable(environment, "COUNTERFOIL_REALM")?
                .file(&path, ours.realm)
                .built_in("default".into()),
            profile: named,
            profiles,
            output: Choice::flag("--output", flags.output)
                .variable(environment, "COUNTERFOIL_OUTPUT")?
                .file(&path, output)
                .built_in(usual),
            fields: flags.fields,
            header: !flags.no_header,
            quiet: flags.quiet,
        })
    }

    /// The same client, asking the server of another profile.
    #[must_use]
    pub fn with_profile(&self, profile: &Profile) -> Self {
        let origin = || Origin::File(self.profiles.path.clone());
        let token = profile.token().map(SecretSource::Kept);
        Self {
            server: profile.server.clone().map(|value| Setting { value, origin: origin() }),
            token: token.map(|value| Setting { value, origin: origin() }),
            withheld: None,
            ca_file: profile.ca_file.clone(),
            realm: Setting { value: "default".into(), origin: Origin::BuiltIn },
            profile: None,
            profiles: Profiles::default(),
            output: self.output.clone(),
            fields: self.fields.clone(),
            header: self.header,
            quiet: self.quiet,
        }
    }

    /// What `config show` says.
    pub fn lines(&self) -> Vec<Line> {
        vec![
            Line::of_optional("profile", self.profile.as_ref(), Clone::clone),
            Line::of_optional("server", self.server.as_ref(), Clone::clone),
            Line::of_optional("token", self.token.as_ref(), SecretSource::shown),
            Line::of("realm", &self.realm, Clone::clone),
            Line::of("output", &self.output, ToString::to_string),
        ]
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
}
