//! `counterfoil realm`: closed sets of principals, roles and tokens.

use super::desk::{Desk, Outcome};
use super::flags::{CreateFlags, EditFlags};
use clap::Subcommand;
use counterfoil_dialects::native::client::{Realms, Resource};
use counterfoil_dialects::native::wire::realm::{EditRealm, NewRealm};

/// What can be done with realms.
#[derive(Debug, Default, Subcommand)]
pub enum Verb {
    /// Create a realm; the token of its administrator is printed this once
    #[command(alias = "new")]
    Create {
        /// What paths call it; it stays
        slug: String,
        /// What people call it [default: the slug]
        #[arg(long)]
        name: Option<String>,
        /// The other spelling for paths [default: a new one]
        #[arg(long)]
        uuid: Option<String>,
        /// How to repeat it, and whether to do it.
        #[command(flatten)]
        flags: CreateFlags,
    },
    /// Show one realm
    Get {
        /// What paths call it
        slug: String,
    },
    /// List realms
    #[default]
    #[command(alias = "ls")]
    List,
    /// Change a realm; what is not named stays
    Edit {
        /// What paths call it
        slug: String,
        /// A new name
        #[arg(long)]
        name: Option<String>,
        /// Whether personal tokens may be issued and count
        #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
        personal_tokens: Option<bool>,
        /// Whether to do it.
        #[command(flatten)]
        flags: EditFlags,
    },
}

/// Carries the verb out.
pub async fn run(verb: Verb, desk: &Desk<'_>) -> Outcome {
    match verb {
        Verb::Create { slug, name, uuid, flags } => {
            desk.create(Realms::create(&NewRealm { slug, name, uuid })?, flags).await
        }
        Verb::Get { slug } => desk.show(Realms::get(&slug)?).await,
        Verb::List => desk.show_list(Realms::list()?, None).await,
        Verb::Edit { slug, name, personal_tokens, flags } => {
            desk.edit(Realms::edit(&slug, &EditRealm { name, personal_tokens })?, flags).await
        }
    }
}
