//! The settings of a vendor's client: where the vendor is and who asks there. Flag before variable before profile, as
//! everywhere.
//!
//! The variables and flags of our own servers do not count here, or their token would go to a vendor. What a profile keeps
//! goes only to the profile's server, and only as whom the profile names.

use super::address::same_server;
use super::client::{Client, SecretSource};
use super::environment::Environment;
use super::profile::{Kept, Profile};
use super::{Choice, Origin, Setting};
use crate::cli::exit::Failure;
use counterfoil_core::secret::Secret;
use counterfoil_dialects::vendor::Vendor;
use std::path::PathBuf;

/// The variables that a vendor's commands look at.
#[derive(Debug)]
pub struct Variables {
    /// The vendor's address.
    pub server: &'static str,
    /// Who asks.
    pub username: &'static str,
    /// The token or key.
    pub secret: &'static str,
    /// The user's password.
    pub password: &'static str,
}

/// What was said on the command line; secrets in one of the four spellings.
#[derive(Default)]
pub struct Given {
    /// The vendor's address.
    pub server: Option<String>,
    /// Who asks; Datto RMM's API key.
    pub username: Option<String>,
    /// The token or key.
    pub secret: Option<String>,
    /// The user's password.
    pub password: Option<String>,
}

/// With what the account proves itself.
#[derive(Debug)]
pub enum Proof {
    /// A token or key.
    Secret(SecretSource),
    /// The user's password.
    Password(SecretSource),
}

/// An account with a vendor.
#[derive(Debug)]
pub struct Account {
    /// With whom.
    pub vendor: &'static Vendor,
    /// The profile that describes it, if any does.
    pub profile: Option<String>,
    /// The vendor's address, if it is known.
    pub server: Option<Setting<String>>,
    /// Who asks; Datto RMM's API key.
    pub username: Option<Setting<String>>,
    /// With what, and who said so.
    pub proof: Option<Setting<Proof>>,
    /// Why what the profile keeps is not the proof, where it is missed.
    pub withheld: Option<String>,
    /// The certificate of an authority that this machine does not know otherwise.
    pub ca_file: Option<PathBuf>,
}

impl Account {
    /// Asks flags, variables and profile, in this order. Where token and password come from the same of them, the
    /// token counts, as with the vendors' own clients.
    pub fn resolve(
        vendor: &'static Vendor,
        variables: &'static Variables,
        environment: &Environment,
        client: &Client,
        given: Given,
    ) -> Result<Self, Failure> {
        let (name, profile) =
            of(client, vendor)?.map_or((None, None), |(name, profile)| (Some(name), Some(profile)));
        let path = &client.profiles.path;
        let from =
            |field: fn(&Profile) -> &Option<String>| profile.and_then(|profile| field(profile).clone());
        let server = Choice::flag("--server", given.server)
            .variable(environment, variables.server)?
            .file(path, from(|profile| &profile.server))
            .said();
        let built_in = || vendor.home.map(|home| Setting { value: home.to_owned(), origin: Origin::BuiltIn });
        let username = Choice::flag("--username", given.username)
            .variable(environment, variables.username)?
            .file(path, from(|profile| if profile.key.is_some() { &profile.key } else { &profile.username }))
            .said();
        let server = server.or_else(built_in);
        let said = spelt(given.secret, given.password).or(written(environment, variables)?);
        let withheld = profile
            .filter(|_| said.is_none())
            .and_then(|profile| withheld(profile, vendor, server.as_ref(), username.as_ref()));
        let of_profile = || {
            let kept = profile.filter(|_| withheld.is_none()).and_then(kept);
            kept.map(|value| Setting { value, origin: Origin::File(path.clone()) })
        };
        Ok(Self {
            vendor,
            profile: name.map(str::to_owned),
            proof: said.or_else(of_profile),
            withheld,
            server,
            username,
            ca_file: profile.and_then(|profile| profile.ca_file.clone()),
        })
    }

    /// The account that a profile describes, and nothing else.
    pub fn of_profile(
        vendor: &'static Vendor,
        name: &str,
        profile: &Profile,
        path: &std::path::Path,
    ) -> Self {
        let said = |value: String| Setting { value, origin: Origin::File(path.to_owned()) };
        let home = || vendor.home.map(str::to_owned);
        Self {
            vendor,
            profile: Some(name.to_owned()),
            server: profile.server.clone().or_else(home).map(said),
            username: profile.key.clone().or_else(|| profile.username.clone()).map(said),
            proof: kept(profile).map(|value| Setting { value, origin: Origin::File(path.to_owned()) }),
            withheld: None,
            ca_file: profile.ca_file.clone(),
        }
    }
}

/// The profile that was asked for, which must be this vendor's, or the only one of this vendor.
fn of<'c>(client: &'c Client, vendor: &Vendor) -> Result<Option<(&'c str, &'c Profile)>, Failure> {
    let ours = |profile: &Profile| profile.vendor.as_deref() == Some(vendor.name);
    if let Some(name) = &client.profile {
        let profile = client.profiles.named(&name.value)?;
        if !ours(profile) && matches!(name.origin, Origin::Flag(_)) {
            let whose = profile.vendor.as_deref().unwrap_or("a Counterfoil server");
            return Err(Failure::usage(format!(
                "the profile `{}` is for {whose}, not for {}",
                name.value, vendor.name
            )));
        }
        if ours(profile) {
            return Ok(Some((&name.value, profile)));
        }
    }
    let mut found = client.profiles.all().filter(|(_, profile)| ours(profile));
    let first = found.next();
    let more: Vec<_> = found.map(|(name, _)| name).collect();
    match (first, more.as_slice()) {
        (first, []) => Ok(first),
        (first, more) => {
            let names: Vec<_> = first.iter().map(|(name, _)| *name).chain(more.iter().copied()).collect();
            let why = format!(
                "there are several profiles for {}: choose with --profile one of {}",
                vendor.name,
                names.join(", ")
            );
            Err(Failure::usage(why))
        }
    }
}

fn spelt(secret: Option<String>, password: Option<String>) -> Option<Setting<Proof>> {
    let flag = |name, value| Setting { value, origin: Origin::Flag(name) };
    secret
        .map(|text| flag("--token", Proof::Secret(SecretSource::Spelt(text))))
        .or_else(|| password.map(|text| flag("--password", Proof::Password(SecretSource::Spelt(text)))))
}

fn written(
    environment: &Environment,
    variables: &'static Variables,
) -> Result<Option<Setting<Proof>>, Failure> {
    let text = |name: &'static str| {
        let text = environment.get(name)?.map(|text| SecretSource::Text(Secret::new(text.trim().to_owned())));
        Ok::<_, Failure>(text.map(|text| (text, Origin::Variable(name))))
    };
    let secret = text(variables.secret)?.map(|(text, origin)| Setting { value: Proof::Secret(text), origin });
    let password =
        text(variables.password)?.map(|(text, origin)| Setting { value: Proof::Password(text), origin });
    Ok(secret.or(password))
}

/// Why what the profile keeps is not for this server, or for whoever asks there.
fn withheld(
    profile: &Profile,
    vendor: &Vendor,
    server: Option<&Setting<String>>,
    username: Option<&Setting<String>>,
) -> Option<String> {
    kept(profile)?;
    let own = profile.server.as_deref().or(vendor.home);
    if let (Some(own), Some(server)) = (own, server)
        && !same_server(own, &server.value)
    {
        return Some(format!("what the profile `{}` keeps is for {own} only", profile.name));
    }
    let own = profile.key.as_ref().or(profile.username.as_ref())?;
    let other = username.is_some_and(|username| username.value != *own);
    other.then(|| format!("what the profile `{}` keeps is that of {own}", profile.name))
}

fn kept(profile: &Profile) -> Option<Proof> {
    let source = |kept: &Kept| SecretSource::Kept(kept.clone());
    let secret = profile.secret.as_ref().map(|kept| Proof::Secret(source(kept)));
    secret.or_else(|| profile.password.as_ref().map(|kept| Proof::Password(source(kept))))
}
