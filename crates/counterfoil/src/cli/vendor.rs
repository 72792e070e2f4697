//! What the commands for vendors share: an account, how it proves itself, asking and printing.

use super::desk::{Desk, Outcome};
use super::exit::{Exit, Failure};
use super::flags::{DestroyFlags, Dry};
use super::format::Format;
use super::rows::{Intended, Row};
use crate::config::Origin;
use crate::config::account::{Account, Given, Proof, Variables};
use crate::config::client::{ClientFlags, SecretSource};
use crate::courier::Courier;
use crate::session_cache::{Holder, SessionCache};
use crate::system::SystemClock;
use anyhow::Result;
use clap::Args;
use counterfoil_core::clock::Clock as _;
use counterfoil_core::secret::Secret;
use counterfoil_dialects::ask::Ask;
use counterfoil_dialects::dynatrace::client::{list, next};
use counterfoil_dialects::dynatrace::wire::{ApiToken, ListQuery};
use counterfoil_dialects::vendor::{Credential, Vendor};
use counterfoil_dialects::{datto_rmm, dynatrace};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::io::IsTerminal as _;
use tokio::sync::OnceCell;

/// Who asks, for vendors that take a user's password.
#[derive(Debug, Default, Clone, Args)]
pub struct UserFlags {
    /// User name, with a password instead of a token
    #[arg(long, value_name = "NAME", global = true)]
    username: Option<String>,
    /// Password: `-` (standard input), `@FILE`, `env:NAME` or the text
    #[arg(long, value_name = "SECRET", global = true)]
    password: Option<String>,
}

impl From<UserFlags> for Given {
    fn from(UserFlags { username, password }: UserFlags) -> Self {
        Self { username, password, ..Self::default() }
    }
}

/// One command's business with a vendor.
pub struct Visit<'d> {
    /// What prints, and reads secrets.
    pub desk: &'d Desk<'d>,
    /// With whom, and as whom.
    pub account: Account,
    /// Where sessions are kept.
    pub sessions: SessionCache,
    /// What carries its requests.
    pub courier: Courier,
    credential: OnceCell<Credential>,
}

impl<'d> Visit<'d> {
    /// Business with the vendor's token API, where `--token` is the vendor's token.
    pub fn open(
        desk: &'d Desk<'d>,
        vendor: &'static Vendor,
        variables: &'static Variables,
        given: Given,
    ) -> Result<Self, Failure> {
        let secret = given.secret.or_else(|| flag_token(desk));
        Self::to(desk, account(desk, vendor, variables, Given { secret, ..given })?)
    }

    /// Business of this account.
    pub fn to(desk: &'d Desk<'d>, account: Account) -> Result<Self, Failure> {
        let missing = || {
            let flag = if account.vendor.name == datto_rmm::NAME { "--api-uri" } else { "--server" };
            let title = account.vendor.title;
            Failure::usage(format!("{title}: where is it? Give {flag}, or describe it in a profile"))
        };
        let server = account.server.as_ref().ok_or_else(missing)?;
        let person = !desk.client.quiet && std::io::stderr().is_terminal();
        let courier = Courier::to(account.vendor, &server.value, account.ca_file.as_deref())?;
        let courier = courier.telling(desk.verbose).announcing(person);
        let sessions = SessionCache::new(desk.secrets.environment());
        Ok(Self { desk, account, sessions, courier, credential: OnceCell::new() })
    }

    /// Asks as the account.
    pub async fn ask<T: DeserializeOwned>(&self, ask: Ask<T>) -> Result<T> {
        let credential = self.credential.get_or_try_init(|| async { self.credential() }).await?;
        Ok(self.courier.ask(ask, Some(credential)).await?)
    }

    /// Asks what brings its own credential along.
    pub async fn ask_as_is<T: DeserializeOwned>(&self, ask: Ask<T>) -> Result<T> {
        Ok(self.courier.ask(ask, None).await?)
    }

    /// Asks and prints the one answer.
    pub async fn show<T: Row + DeserializeOwned>(&self, ask: Ask<T>) -> Outcome {
        self.desk.printer.check::<T>()?;
        self.print(&self.ask(ask).await?)
    }

    /// Makes a change and prints what it made, or says what would be asked for.
    pub async fn change<T: Row + DeserializeOwned>(&self, ask: Ask<T>, dry: Dry) -> Outcome {
        self.desk.printer.check::<T>()?;
        if dry.run {
            return self.intend(&ask);
        }
        self.show(ask).await
    }

    /// Deletes after asking whether to, and says that it is done.
    pub async fn delete(&self, ask: Ask<()>, what: &str, flags: DestroyFlags) -> Outcome {
        if flags.dry.run {
            return self.intend(&ask);
        }
        self.desk.confirm(flags, &format!("Delete {what} at {}?", self.account.vendor.title))?;
        self.ask(ask).await?;
        self.desk.remark(&format!("Deleted {what}."));
        Ok(Exit::Done)
    }

    /// Says what would be asked for.
    pub fn intend<T>(&self, ask: &Ask<T>) -> Outcome {
        self.desk.print_intended(&[Intended::without_secrets(ask).at(self.courier.base())])
    }

    /// Prints the one answer; tells a person that a secret is not shown again.
    pub fn print<T: Row>(&self, answer: &T) -> Outcome {
        self.desk.printer.one(answer)?;
        if T::SECRET && self.desk.printer.format == Format::Table {
            self.desk.remark("The secret is shown this once.");
        }
        Ok(Exit::Done)
    }

    /// Whose session it would be.
    pub fn holder(&self, username: &str) -> Holder {
        let server = self.account.server.as_ref().map(|server| server.value.trim_end_matches('/').to_owned());
        Holder {
            vendor: self.account.vendor.name.to_owned(),
            server: server.unwrap_or_default(),
            username: username.to_owned(),
        }
    }

    /// The session that was kept for that user or key, if it still lives.
    pub fn kept_session(&self, username: &str) -> Option<Secret> {
        self.sessions.get(&self.holder(username), SystemClock.now())
    }

    /// Asks Dynatrace for tokens, page after page.
    pub async fn pages(&self, query: &ListQuery, limit: usize) -> Result<Vec<ApiToken>> {
        let credential = self.credential.get_or_try_init(|| async { self.credential() }).await?;
        Ok(all_pages(&self.courier, credential, query, limit).await?)
    }

    /// What the account proves itself with; a person is asked for what was not said.
    pub fn credential(&self) -> Result<Credential, Failure> {
        let Account { vendor, username, proof, .. } = &self.account;
        let username = username.as_ref().map(|username| username.value.clone());
        let secrets = &self.desk.secrets;
        match (proof.as_ref().map(|proof| &proof.value), username) {
            (Some(Proof::Secret(source)), _) => {
                Ok(Credential::Bearer(second_part(vendor, secrets.of(source)?)))
            }
            (Some(Proof::Password(source)), Some(username)) => {
                Ok(Credential::Basic { username, password: secrets.of(source)? })
            }
            (Some(Proof::Password(_)), None) => {
                Err(Failure::usage("a password needs a user name: add --username"))
            }
            (None, Some(username)) => {
                let what = format!("the password of {username} at {}", vendor.title);
                let password = self.missed(&what, "--password -, --password @FILE, or a profile")?;
                Ok(Credential::Basic { username, password })
            }
            (None, None) => {
                let what = format!("a token for {}", vendor.title);
                let instead = match vendor.name {
                    dynatrace::NAME => "--token -, --token @FILE, or a profile",
                    _ => "--token -, --token @FILE, --username with --password, or a profile",
                };
                Ok(Credential::Bearer(self.missed(&what, instead)?))
            }
        }
    }

    /// Asks a person for a secret, and says why it is not the one that a profile keeps.
    pub fn missed(&self, what: &str, instead: &str) -> Result<Secret, Failure> {
        let why = self.account.withheld.as_ref().map(|why| format!(" ({why})")).unwrap_or_default();
        self.desk.secrets.ask(&format!("{what}{why}"), instead)
    }
}

/// What was said about an account with this vendor.
pub fn account(
    desk: &Desk<'_>,
    vendor: &'static Vendor,
    variables: &'static Variables,
    given: Given,
) -> Result<Account, Failure> {
    // A server that the environment names is ours.
    let flag = desk.client.server.as_ref().filter(|server| matches!(server.origin, Origin::Flag(_)));
    let server = given.server.or_else(|| flag.map(|server| server.value.clone()));
    Account::resolve(vendor, variables, desk.secrets.environment(), &desk.client, Given { server, ..given })
}

/// More pages than any account fills.
const MOST_PAGES: u32 = 1_000;

/// Dynatrace's tokens, page after page. Whoever points to another page for ever is not followed for ever.
pub async fn all_pages(
    courier: &Courier,
    credential: &Credential,
    query: &ListQuery,
    limit: usize,
) -> Result<Vec<ApiToken>, Failure> {
    let unsendable = |why: http::Error| Failure::usage(why.to_string());
    let mut page = courier.ask(list(query).map_err(unsendable)?, Some(credential)).await?;
    let mut tokens = page.api_tokens;
    let mut pages = 1;
    while let Some(key) = page.next_page_key.filter(|_| tokens.len() < limit) {
        if pages == MOST_PAGES {
            let why = "has more than 1000 pages of tokens; check the address";
            return Err(Failure::new(Exit::Failed, format!("Dynatrace {why}")));
        }
        pages += 1;
        page = courier.ask(next(&key).map_err(unsendable)?, Some(credential)).await?;
        tokens.append(&mut page.api_tokens);
    }
    tokens.truncate(limit);
    Ok(tokens)
}

/// What is sent of a secret. RUVDS's may be kept with their ids before them, so that they can be rotated.
fn second_part(vendor: &Vendor, secret: Secret) -> Secret {
    match secret.reveal().split_once(':') {
        Some((_, text)) if vendor.name == counterfoil_dialects::ruvds::NAME => Secret::new(text.to_owned()),
        _ => secret,
    }
}

/// A word of the wire, such as a role, as text.
pub fn describe(word: &impl Serialize) -> String {
    serde_json::to_value(word).ok().and_then(|word| word.as_str().map(str::to_owned)).unwrap_or_default()
}

/// What stands after `--token`.
pub fn flag_token(desk: &Desk<'_>) -> Option<String> {
    match desk.client.token.as_ref().map(|token| &token.value) {
        Some(SecretSource::Spelt(spelt)) => Some(spelt.clone()),
        _ => None,
    }
}

/// A JSON document given as an argument, which may hold a secret, as what it describes.
pub fn from_json<T: DeserializeOwned>(desk: &Desk<'_>, spelt: &str) -> Result<T, Failure> {
    let text = match spelt {
        // Lines that are typed are to be seen.
        "-" => Secret::new(desk.secrets.input()?),
        spelt if spelt.starts_with('@') || spelt.starts_with("env:") => desk.secrets.read(spelt)?,
        text => Secret::new(text.to_owned()),
    };
    serde_json::from_str(text.reveal()).map_err(|error| {
        let place = format!("line {}, column {}", error.line(), error.column());
        Failure::usage(format!("the JSON does not describe one, see {place}"))
    })
}

/// The help of a vendor's commands, which look at variables of their own and not at those of our servers.
pub fn help(command: clap::Command, variables: &Variables) -> clap::Command {
    let datto = variables.server == super::datto::VARIABLES.server;
    let flags = ClientFlags::augment_args(clap::Command::new(""));
    let command = flags.get_arguments().fold(command, |command, flag| match flag.get_id().as_str() {
        "server" | "credential" if datto => command.arg(flag.clone().hide(true)),
        "server" => {
            let what = format!("Its address [variable: {}; default: the profile's]", variables.server);
            command.arg(flag.clone().help(what))
        }
        "credential" if variables.secret == super::control_room::VARIABLES.secret => {
            let what = format!(
                "Token of a session [variable: {}; default: the one that is kept]",
                super::control_room::SESSION
            );
            command.arg(flag.clone().help(what))
        }
        "credential" => {
            let how = "`-` (standard input), `@FILE`, `env:NAME` or the text";
            let what = format!("Token: {how} [variable: {}; default: the profile's]", variables.secret);
            command.arg(flag.clone().help(what))
        }
        "realm" => command.arg(flag.clone().hide(true)),
        _ => command,
    });
    command.mut_args(|flag| {
        let variable = match flag.get_id().as_str() {
            "username" => variables.username,
            "password" => variables.password,
            _ => return flag,
        };
        let what = flag.get_help().map(ToString::to_string).unwrap_or_default();
        if what.contains("[variable") { flag } else { flag.help(format!("{what} [variable: {variable}]")) }
    })
}
