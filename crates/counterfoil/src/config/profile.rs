//! The file of profiles: whom the command line asks, and where their secrets are kept. Secrets themselves never stand in it.

use super::environment::Environment;
use super::read_file;
use crate::cli::exit::Failure;
use crate::cli::format::Format;
use counterfoil_dialects::vendor::VENDORS;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The file as it is written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default)]
    profile: BTreeMap<String, Profile>,
}

/// One profile: a Counterfoil server, or an account with a vendor.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// What it is called.
    #[serde(skip)]
    pub name: String,
    /// Whose service it is; ours if none is named.
    pub vendor: Option<String>,
    /// Its address.
    pub server: Option<String>,
    /// Who asks, where that needs saying.
    pub username: Option<String>,
    /// Datto RMM's API key, the public half of the secret.
    pub key: Option<String>,
    /// Where the token or key is kept.
    pub secret: Option<Kept>,
    /// Where the user's password is kept.
    pub password: Option<Kept>,
    /// Where our own token is kept; the short form of `secret`.
    pub token_file: Option<PathBuf>,
    /// The certificate of an authority that this machine does not know otherwise (PEM).
    pub ca_file: Option<PathBuf>,
    /// The realm that the operator means.
    pub realm: Option<String>,
    /// How to print.
    pub output: Option<Format>,
}

/// Where a secret is kept, and how a new one gets there.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "toml::Value")]
pub struct Kept {
    /// Where it is read.
    pub place: Place,
    /// What stores a new one, which it is given on standard input; a file needs none.
    pub store: Option<Vec<String>>,
    /// The profile that keeps it so.
    pub profile: String,
    /// Where programs are run, and files are seen from.
    pub directory: PathBuf,
}

/// Where a secret is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// In a file.
    File(PathBuf),
    /// In a variable of the environment.
    Variable(String),
    /// On the standard output of a program.
    Command(Vec<String>),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenKept {
    file: Option<PathBuf>,
    env: Option<String>,
    command: Option<Vec<String>>,
    store: Option<Vec<String>>,
}

/// Without a word of what was written: it may be the secret.
impl TryFrom<toml::Value> for Kept {
    type Error = &'static str;

    fn try_from(written: toml::Value) -> Result<Self, Self::Error> {
        let form =
            "write where the secret is kept: { file = … }, { env = … } or { command = […], store = […] }";
        let WrittenKept { file, env, command, store } = written.try_into().map_err(|_| form)?;
        if command.as_ref().is_some_and(Vec::is_empty) || store.as_ref().is_some_and(Vec::is_empty) {
            return Err("a command is a list that begins with a program");
        }
        let place = match (file, env, command) {
            (Some(file), None, None) => Place::File(file),
            (None, Some(name), None) => Place::Variable(name),
            (None, None, Some(command)) => Place::Command(command),
            _ => return Err("say one of file, env and command"),
        };
        Ok(Self { place, store, profile: String::new(), directory: PathBuf::new() })
    }
}

impl Kept {
    /// Of this profile, whose file lies in that directory.
    fn of(self, profile: &str, directory: &Path) -> Self {
        let place = match self.place {
            Place::File(file) => Place::File(directory.join(file)),
            other => other,
        };
        Self { place, store: self.store, profile: profile.to_owned(), directory: directory.to_owned() }
    }

    /// The place, for people.
    pub fn shown(&self) -> String {
        match &self.place {
            Place::File(path) => format!("@{}", path.display()),
            Place::Variable(name) => format!("env:{name}"),
            Place::Command(command) => format!("`{} …`", command[0]),
        }
    }
}

/// Every profile there is.
#[derive(Debug, Default, Clone)]
pub struct Profiles {
    /// The file.
    pub path: PathBuf,
    all: BTreeMap<String, Profile>,
}

impl Profiles {
    /// Reads the file, which need not be there unless a profile was asked for by name.
    pub fn load(environment: &Environment, asked_for: bool) -> Result<Self, Failure> {
        let path = path(environment).unwrap_or_default();
        let written: Written = read_file(&path, asked_for)?.unwrap_or_default();
        let directory = path.parent().unwrap_or(Path::new(""));
        let profile = |(name, profile): (String, Profile)| {
            sound(&profile)
                .map_err(|why| Failure::usage(format!("{}: the profile `{name}` {why}", path.display())))?;
            Ok((name.clone(), profile.called(name, directory)))
        };
        let all = written.profile.into_iter().map(profile).collect::<Result<_, Failure>>()?;
        Ok(Self { path, all })
    }

    /// The profile of that name.
    pub fn named(&self, name: &str) -> Result<&Profile, Failure> {
        self.all.get(name).ok_or_else(|| {
            let known: Vec<_> = self.all.keys().map(String::as_str).collect();
            let path = self.path.display();
            Failure::usage(format!("{path} has no profile `{name}`; it has: {}", known.join(", ")))
        })
    }

    /// The profile that is used if none is named.
    pub fn usual(&self) -> Option<&Profile> {
        self.all.get("default")
    }

    /// All of them, in the order of their names.
    pub fn all(&self) -> impl Iterator<Item = (&str, &Profile)> {
        self.all.iter().map(|(name, profile)| (name.as_str(), profile))
    }
}

impl Profile {
    fn called(self, name: String, directory: &Path) -> Self {
        Self {
            secret: self.secret.map(|kept| kept.of(&name, directory)),
            password: self.password.map(|kept| kept.of(&name, directory)),
            token_file: self.token_file.map(|file| directory.join(file)),
            ca_file: self.ca_file.map(|file| directory.join(file)),
            name,
            ..self
        }
    }

    /// Where our own token is kept.
    pub fn token(&self) -> Option<Kept> {
        let in_file = |file: &PathBuf| Kept {
            place: Place::File(file.clone()),
            store: None,
            profile: self.name.clone(),
            directory: PathBuf::new(),
        };
        self.secret.clone().or_else(|| self.token_file.as_ref().map(in_file))
    }
}

/// Whether what it says fits together.
fn sound(profile: &Profile) -> Result<(), String> {
    let Some(vendor) = profile.vendor.as_deref() else {
        let theirs = [profile.username.is_some(), profile.key.is_some(), profile.password.is_some()];
        return match () {
            () if theirs.contains(&true) => Err("has a username, key or password, but no vendor".into()),
            () if profile.secret.is_some() && profile.token_file.is_some() => {
                Err("has both secret and token_file; say one".into())
            }
            () => Ok(()),
        };
    };
    if counterfoil_dialects::vendor::vendor(vendor).is_none() {
        let names: Vec<_> = VENDORS.iter().map(|vendor| vendor.name).collect();
        return Err(format!("is for `{vendor}`, which is no vendor; there are {}", names.join(", ")));
    }
    if profile.key.is_some() && vendor != counterfoil_dialects::datto_rmm::NAME {
        return Err("has a key; that is for Datto RMM".into());
    }
    if profile.token_file.is_some() || profile.realm.is_some() {
        return Err("is for a vendor; token_file and realm are for Counterfoil".into());
    }
    Ok(())
}

fn path(environment: &Environment) -> Option<PathBuf> {
    let home = || environment.path("HOME").map(|home| home.join(".config"));
    Some(environment.path("XDG_CONFIG_HOME").or_else(home)?.join("counterfoil/config.toml"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(written: &str) -> Result<Profile, String> {
        let mut file: Written =
            toml::from_str(written).map_err(|why: toml::de::Error| why.message().to_owned())?;
        let profile = file.profile.remove("work").unwrap();
        sound(&profile)?;
        Ok(profile)
    }

    #[test]
    fn profiles_live_where_the_desktop_keeps_settings() {
        let path = |variables| path(&Environment::of(variables));
        let home = [("HOME", "/home/me"), ("XDG_CONFIG_HOME", "")];
        assert_eq!(path(home), Some(PathBuf::from("/home/me/.config/counterfoil/config.toml")));
        let xdg = [("HOME", "/home/me"), ("XDG_CONFIG_HOME", "/x")];
        assert_eq!(path(xdg), Some(PathBuf::from("/x/counterfoil/config.toml")));
    }

    #[test]
    fn a_profile_has_known_keys_only_and_no_secret() {
        let work = parse("[profile.work]\nserver = 'https://x'\noutput = 'ndjson'").unwrap();
        assert_eq!(work.output, Some(Format::Ndjson));
        for wrong in ["token = 'cf_hush'", "secret = 'cf_hush'", "password = { text = 'hush' }"] {
            let why = parse(&format!("[profile.work]\n{wrong}")).unwrap_err();
            assert!(!why.contains("hush"), "{why}");
        }
    }

    #[test]
    fn a_secret_is_kept_in_one_place() {
        let kept =
            |kept: &str| parse(&format!("[profile.work]\nsecret = {kept}")).map(|work| work.secret.unwrap());
        let file = kept("{ file = 'a' }").unwrap().of("work", Path::new("/c"));
        assert_eq!((file.shown().as_str(), file.store), ("@/c/a", None));
        let command =
            kept("{ command = ['pass', 'show', 'x'], store = ['pass', 'insert', '-mf', 'x'] }").unwrap();
        assert_eq!(command.shown(), "`pass …`", "the rest may be secret");
        assert_eq!(command.store.unwrap()[0], "pass");
        assert_eq!(kept("{ env = 'X' }").unwrap().shown(), "env:X");
        assert_eq!(kept("{ file = 'a', env = 'X' }").unwrap_err(), "say one of file, env and command");
        assert!(kept("{ command = [] }").is_err());
    }

    #[test]
    fn what_does_not_fit_together_is_said() {
        let why = |lines: &str| parse(&format!("[profile.work]\n{lines}")).unwrap_err();
        assert!(why("vendor = 'dattto'").contains("no vendor; there are datto-rmm, ruvds"));
        assert!(why("vendor = 'ruvds'\ntoken_file = 'x'").contains("for Counterfoil"));
        assert!(why("username = 'x'").contains("no vendor"));
        assert!(parse("[profile.work]\nca_file = 'x'").is_ok(), "our own may have an authority of its own");
        assert!(why("vendor = 'ruvds'\nkey = 'x'").contains("for Datto RMM"));
    }
}
