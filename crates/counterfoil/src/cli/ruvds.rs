//! `counterfoil ruvds`: RUVDS's API tokens.

use super::desk::{Desk, Outcome};
use super::exit::{Exit, Failure};
use super::flags::Dry;
use super::rows::Row;
use super::vendor::{UserFlags, Visit, from_json};
use crate::config::account::Variables;
use crate::system::SystemClock;
use clap::{Args, Subcommand, ValueEnum};
use counterfoil_core::clock::Clock as _;
use counterfoil_core::when::{self, iso};
use counterfoil_dialects::ruvds::client::{self, VENDOR};
use counterfoil_dialects::ruvds::{CreatableRole, Token, TokenCreate, TokenData};

/// What RUVDS's commands look at besides flags and profile.
pub const VARIABLES: Variables = Variables {
    server: "COUNTERFOIL_RUVDS_SERVER",
    username: "COUNTERFOIL_RUVDS_USERNAME",
    secret: "COUNTERFOIL_RUVDS_TOKEN",
    password: "COUNTERFOIL_RUVDS_PASSWORD",
};

/// What there is at RUVDS.
#[derive(Debug, Args)]
pub struct Noun {
    #[command(subcommand)]
    below: Below,
    #[command(flatten)]
    user: UserFlags,
}

#[derive(Debug, Subcommand)]
enum Below {
    /// API tokens; alone it lists
    Tokens {
        /// What to do with them.
        #[command(subcommand)]
        verb: Option<Verb>,
    },
}

/// What can be done with tokens.
#[derive(Debug, Default, Subcommand)]
pub enum Verb {
    /// Create a token; its secret is printed this once
    #[command(alias = "new")]
    Create(CreateArgs),
    /// Show one token
    Get {
        /// Its id
        token_id: String,
    },
    /// List tokens
    #[default]
    #[command(alias = "ls")]
    List,
    /// Give a token a new secret; the old one is dead at once
    Put {
        /// Its id
        token_id: String,
        /// Whether to do it.
        #[command(flatten)]
        dry: Dry,
    },
}

/// Arguments of `ruvds tokens create`.
#[derive(Debug, Args)]
pub struct CreateArgs {
    /// A name for people
    #[arg(required_unless_present = "from_json")]
    name: Option<String>,
    /// What it may do
    #[arg(long, value_enum, default_value = "read")]
    role: RoleArg,
    /// When it ends: 30d, now+1M/d, 2030-01-31, RFC 3339, never [default: never]
    #[arg(long, value_name = "TIME", alias = "expires")]
    expiry: Option<String>,
    /// The vendor's own JSON instead: `-` (standard input), `@FILE`, or the text
    #[arg(long, value_name = "JSON", conflicts_with_all = ["name", "role", "expiry"])]
    from_json: Option<String>,
    #[command(flatten)]
    dry: Dry,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum RoleArg {
    Read,
    Write,
}

impl From<RoleArg> for CreatableRole {
    fn from(role: RoleArg) -> Self {
        match role {
            RoleArg::Read => Self::Read,
            RoleArg::Write => Self::Write,
        }
    }
}

impl Row for TokenData {
    const COLUMNS: &'static [&'static str] = &["token_id", "token_secret"];
    const MAIN: &'static str = "token_secret";
    const SECRET: bool = true;
    const VARIABLE: &'static str = VARIABLES.secret;
}

impl Row for Token {
    const COLUMNS: &'static [&'static str] = &["token_id", "name", "role", "expiry"];
    const MAIN: &'static str = "token_id";
}

/// Carries the verb out.
pub async fn run(Noun { below: Below::Tokens { verb }, user }: Noun, desk: &Desk<'_>) -> Outcome {
    let visit = Visit::open(desk, &VENDOR, &VARIABLES, user.into())?;
    match verb.unwrap_or_default() {
        Verb::Create(args) => create(args, &visit).await,
        Verb::Get { token_id } => visit.show(client::get(&token_id)?).await,
        Verb::List => list(&visit).await,
        Verb::Put { token_id, dry } => visit.change(client::put(&token_id)?, dry).await,
    }
}

async fn create(args: CreateArgs, visit: &Visit<'_>) -> Outcome {
    let new = match (args.from_json, args.name) {
        (Some(json), _) => from_json(visit.desk, &json)?,
        (None, name) => TokenCreate {
            token_name: name.unwrap_or_default(),
            token_role: args.role.into(),
            token_expiry: args.expiry.map(|text| instant(&text)).transpose()?.flatten(),
        },
    };
    visit.change(client::create(Some(&new))?, args.dry).await
}

async fn list(visit: &Visit<'_>) -> Outcome {
    visit.desk.printer.check::<Token>()?;
    let all = visit.ask(client::list()?).await?;
    visit.desk.printer.many(&all.tokens)?;
    Ok(Exit::Done)
}

/// A time in the house's grammar as the vendor reads it; none for `never`.
pub fn instant(text: &str) -> Result<Option<String>, Failure> {
    let now = SystemClock.now();
    let at = when::parse(text, now).and_then(|when| when.ahead(now));
    at.map(|at| at.map(iso)).map_err(|why| Failure::usage(format!("the expiry {why}")))
}
