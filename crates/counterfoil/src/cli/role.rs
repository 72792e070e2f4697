//! `counterfoil role`: named sets of scopes, by name.

use super::desk::{Desk, Outcome};
use super::flags::{CreateFlags, DestroyFlags, EditFlags};
use clap::Subcommand;
use counterfoil_dialects::native::client::{Resource, Roles};
use counterfoil_dialects::native::wire::principal::{EditRole, NewRole};

/// What can be done with roles.
#[derive(Debug, Default, Subcommand)]
pub enum Verb {
    /// Create a role
    #[command(alias = "new")]
    Create {
        /// Its name
        name: String,
        /// What it allows; say it once for each scope
        #[arg(long = "scope", value_name = "SCOPE", required = true)]
        scopes: Vec<String>,
        /// A number that another system knows it by [default: the next free one]
        #[arg(long, value_name = "N")]
        number: Option<u64>,
        /// How to repeat it, and whether to do it.
        #[command(flatten)]
        flags: CreateFlags,
    },
    /// Show one role
    Get {
        /// Its name
        name: String,
    },
    /// List roles
    #[default]
    #[command(alias = "ls")]
    List,
    /// Change a role; what is not named stays
    Edit {
        /// Its name
        name: String,
        /// A new name
        #[arg(long = "name", value_name = "NAME")]
        new_name: Option<String>,
        /// A scope; say it once for each of the whole new list
        #[arg(long = "scope", value_name = "SCOPE")]
        scopes: Option<Vec<String>>,
        /// Whether to do it.
        #[command(flatten)]
        flags: EditFlags,
    },
    /// Delete a role
    #[command(alias = "rm")]
    Delete {
        /// Its name
        name: String,
        /// Whether to do it.
        #[command(flatten)]
        flags: DestroyFlags,
    },
}

/// Carries the verb out.
pub async fn run(verb: Verb, desk: &Desk<'_>) -> Outcome {
    match verb {
        Verb::Create { name, scopes, number, flags } => {
            desk.create(Roles::create(&NewRole { name, scopes, number })?, flags).await
        }
        Verb::Get { name } => desk.show_found::<Roles>(&name).await,
        Verb::List => desk.show_list(Roles::list()?, None).await,
        Verb::Edit { name, new_name, scopes, flags } => {
            desk.edit_found::<Roles>(&name, &EditRole { name: new_name, scopes }, flags).await
        }
        Verb::Delete { name, flags } => desk.delete_found::<Roles>(&name, flags).await,
    }
}
