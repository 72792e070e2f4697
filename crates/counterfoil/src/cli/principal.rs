//! `counterfoil principal`: people and services that tokens speak for, by user name.

pub mod key;
pub mod ways;

use super::desk::{Desk, Outcome};
use super::flags::{CreateFlags, DestroyFlags, EditFlags};
use clap::{Args, Subcommand};
use counterfoil_dialects::native::client::{Principals, Resource};
use counterfoil_dialects::native::wire::principal::{EditPrincipal, NewPrincipal};

/// What can be done with principals.
#[derive(Debug, Default, Subcommand)]
pub enum Verb {
    /// Create a principal
    #[command(alias = "new")]
    Create(CreateArgs),
    /// Show one principal
    Get {
        /// The user name
        username: String,
    },
    /// List principals
    #[default]
    #[command(alias = "ls")]
    List,
    /// Change a principal; what is not named stays
    Edit {
        /// The user name
        username: String,
        /// What to change.
        #[command(flatten)]
        details: DetailArgs,
        /// Whether to do it.
        #[command(flatten)]
        flags: EditFlags,
    },
    /// Set a password; sessions end
    Password(ways::PasswordArgs),
    /// Give or take away a second factor; sessions end
    Totp(ways::TotpArgs),
    /// Set the public keys that a service signs with; if one is taken away, sessions end
    Keys(ways::KeysArgs),
    /// Keys that buy sessions of a vendor's API; their secrets are printed once
    Key {
        /// What to do with them.
        #[command(subcommand)]
        verb: key::Verb,
    },
    /// Silence all that speaks for a principal
    Disable {
        /// The user name
        username: String,
        /// Whether to do it.
        #[command(flatten)]
        flags: DestroyFlags,
    },
    /// Let a disabled principal count again
    Enable {
        /// The user name
        username: String,
        /// Whether to do it.
        #[command(flatten)]
        flags: EditFlags,
    },
    /// Delete a principal; all that speaks for it ends
    #[command(alias = "rm")]
    Delete {
        /// The user name
        username: String,
        /// Whether to do it.
        #[command(flatten)]
        flags: DestroyFlags,
    },
}

/// Arguments of `principal create`.
#[derive(Debug, Args)]
pub struct CreateArgs {
    /// The user name; it stays
    username: String,
    /// person or service [default: person]
    #[arg(long)]
    kind: Option<String>,
    /// A number that another system knows it by [default: the next free one]
    #[arg(long, value_name = "N")]
    number: Option<u64>,
    #[command(flatten)]
    details: DetailArgs,
    #[command(flatten)]
    flags: CreateFlags,
}

/// What can be set at once or later.
#[derive(Debug, Args)]
pub struct DetailArgs {
    /// An e-mail address
    #[arg(long, value_name = "ADDRESS")]
    email: Option<String>,
    /// Given name
    #[arg(long, value_name = "NAME")]
    first_name: Option<String>,
    /// Family name
    #[arg(long, value_name = "NAME")]
    last_name: Option<String>,
    /// Free text
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// A role; say it once for each of the whole list
    #[arg(long = "role", value_name = "NAME", conflicts_with = "no_roles")]
    roles: Option<Vec<String>>,
    /// No role at all
    #[arg(long)]
    no_roles: bool,
    /// A licence that Control Room shows of its user, such as RUNTIME; say it once for each of the whole list
    #[arg(long = "licence", value_name = "WORD", conflicts_with = "no_licences")]
    licences: Option<Vec<String>>,
    /// No licence at all
    #[arg(long)]
    no_licences: bool,
    /// Let several sessions live at once
    #[arg(long = "multiple-sessions", alias = "several-sessions", value_name = "BOOL")]
    #[arg(num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    several_sessions: Option<bool>,
}

impl From<DetailArgs> for EditPrincipal {
    fn from(args: DetailArgs) -> Self {
        Self {
            email: args.email,
            first_name: args.first_name,
            last_name: args.last_name,
            description: args.description,
            roles: args.roles.or_else(|| args.no_roles.then(Vec::new)),
            several_sessions: args.several_sessions,
            licences: args.licences.or_else(|| args.no_licences.then(Vec::new)),
            disabled: None,
        }
    }
}

/// Carries the verb out.
pub async fn run(verb: Verb, desk: &Desk<'_>) -> Outcome {
    match verb {
        Verb::Create(CreateArgs { username, kind, number, details, flags }) => {
            let new = NewPrincipal { username, kind, number, details: details.into() };
            desk.create(Principals::create(&new)?, flags).await
        }
        Verb::Get { username } => desk.show_found::<Principals>(&username).await,
        Verb::List => desk.show_list(Principals::list()?, None).await,
        Verb::Edit { username, details, flags } => {
            desk.edit_found::<Principals>(&username, &details.into(), flags).await
        }
        Verb::Password(args) => ways::password(args, desk).await,
        Verb::Totp(args) => ways::totp(args, desk).await,
        Verb::Keys(args) => ways::keys(args, desk).await,
        Verb::Key { verb } => key::run(verb, desk).await,
        Verb::Disable { username, flags } => {
            if !flags.dry.run {
                desk.confirm(flags, &format!("Disable {username}, and all that speaks for it?"))?;
            }
            let flags = EditFlags { if_version: None, dry: flags.dry };
            desk.edit_found::<Principals>(&username, &disabled(true), flags).await
        }
        Verb::Enable { username, flags } => {
            desk.edit_found::<Principals>(&username, &disabled(false), flags).await
        }
        Verb::Delete { username, flags } => desk.delete_found::<Principals>(&username, flags).await,
    }
}

fn disabled(disabled: bool) -> EditPrincipal {
    EditPrincipal { disabled: Some(disabled), ..EditPrincipal::default() }
}
