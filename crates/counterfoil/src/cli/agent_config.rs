//! `counterfoil agent-config`: the tokens of Bamboo's agent-config add-on. Their uuid is the credential itself.

use super::desk::{Desk, Outcome};
use super::exit::{Exit, Failure};
use super::flags::Dry;
use super::format::Format;
use super::rows::Row;
use super::vendor::{UserFlags, Visit, from_json};
use crate::config::account::Variables;
use clap::{ArgAction, Args, Subcommand};
use counterfoil_dialects::agent_config::client::{Paths, VENDOR};
use counterfoil_dialects::agent_config::{Create, Token, Update};

/// What agent-config's commands look at besides flags and profile.
pub const VARIABLES: Variables = Variables {
    server: "COUNTERFOIL_AGENT_CONFIG_SERVER",
    username: "COUNTERFOIL_AGENT_CONFIG_USERNAME",
    secret: "COUNTERFOIL_AGENT_CONFIG_TOKEN",
    password: "COUNTERFOIL_AGENT_CONFIG_PASSWORD",
};

/// What there is at the add-on.
#[derive(Debug, Args)]
pub struct Noun {
    #[command(subcommand)]
    below: Below,
    /// Ask at the paths that the add-on had before version 1.5
    #[arg(long, global = true)]
    legacy_path: bool,
    #[command(flatten)]
    user: UserFlags,
}

#[derive(Debug, Subcommand)]
enum Below {
    /// Agents' tokens; alone it lists
    Tokens {
        /// What to do with them.
        #[command(subcommand)]
        verb: Option<Verb>,
    },
}

/// What can be done with tokens.
#[derive(Debug, Default, Subcommand)]
pub enum Verb {
    /// List tokens, with the uuids that are their secrets
    #[default]
    #[command(alias = "ls")]
    List,
    /// Create a token
    #[command(alias = "new")]
    Create(CreateArgs),
    /// Change a token; what is not named stays
    Update(UpdateArgs),
}

/// Arguments of `agent-config tokens create`.
#[derive(Debug, Args)]
pub struct CreateArgs {
    /// A name for people
    #[arg(required_unless_present = "from_json")]
    name: Option<String>,
    /// Let it read the state of agents
    #[arg(long)]
    read: bool,
    /// Let it change the state of agents; needs --read as well to be of use
    #[arg(long)]
    change: bool,
    /// The vendor's own JSON instead: `-` (standard input), `@FILE`, or the text
    #[arg(long, value_name = "JSON", conflicts_with_all = ["name", "read", "change"])]
    from_json: Option<String>,
    #[command(flatten)]
    dry: Dry,
}

/// Arguments of `agent-config tokens update`.
#[derive(Debug, Args)]
pub struct UpdateArgs {
    /// Its uuid: `-` (standard input), `@FILE`, `env:NAME` or the text
    uuid: String,
    /// A new name
    #[arg(long)]
    name: Option<String>,
    /// Whether it may read the state of agents
    #[arg(long, action = ArgAction::Set, num_args = 0..=1, default_missing_value = "true")]
    read: Option<bool>,
    /// Whether it may change the state of agents
    #[arg(long, action = ArgAction::Set, num_args = 0..=1, default_missing_value = "true")]
    change: Option<bool>,
    #[command(flatten)]
    dry: Dry,
}

impl Row for Token {
    const COLUMNS: &'static [&'static str] = &["uuid", "name", "read", "change"];
    const MAIN: &'static str = "uuid";
    const SECRET: bool = true;
    const VARIABLE: &'static str = VARIABLES.secret;
}

/// Carries the verb out.
pub async fn run(
    Noun { below: Below::Tokens { verb }, legacy_path, user }: Noun,
    desk: &Desk<'_>,
) -> Outcome {
    desk.printer.check::<Token>()?;
    let visit = Visit::open(desk, &VENDOR, &VARIABLES, user.into())?;
    let paths = if legacy_path { Paths::Legacy } else { Paths::Current };
    match verb.unwrap_or_default() {
        Verb::List => {
            if desk.printer.format == Format::Env {
                let why = "`-o env` sets one variable, and a list may hold many secrets: use -o value";
                return Err(Failure::usage(why).into());
            }
            desk.printer.many(&visit.ask(paths.list()?).await?)?;
            Ok(Exit::Done)
        }
        Verb::Create(args) => {
            let new = match args.from_json {
                Some(json) => from_json(desk, &json)?,
                None => Create { name: args.name.unwrap_or_default(), read: args.read, change: args.change },
            };
            // Its secret is shown by every list, so nobody has to be told.
            changed(&visit, paths.create(&new)?, args.dry).await
        }
        Verb::Update(args) => update(args, paths, &visit).await,
    }
}

async fn changed(visit: &Visit<'_>, ask: counterfoil_dialects::ask::Ask<Token>, dry: Dry) -> Outcome {
    if dry.run {
        return visit.intend(&ask);
    }
    visit.desk.printer.one(&visit.ask(ask).await?)?;
    Ok(Exit::Done)
}

/// The vendor takes whole tokens only, so what is not named is looked up.
async fn update(args: UpdateArgs, paths: Paths, visit: &Visit<'_>) -> Outcome {
    let UpdateArgs { uuid, name, read, change, dry } = args;
    if name.is_none() && read.is_none() && change.is_none() {
        return Err(Failure::usage("nothing to change was given; see --help for what can be").into());
    }
    let uuid = visit.desk.secrets.read(&uuid)?;
    let new = if let (Some(name), Some(read), Some(change)) = (&name, read, change) {
        Update { uuid: Some(uuid.reveal().to_owned()), name: name.clone(), read, change }
    } else {
        let all = visit.ask(paths.list()?).await?;
        let old = all.into_iter().find(|token| token.uuid.eq_ignore_ascii_case(uuid.reveal()));
        let old = old.ok_or_else(|| Failure::new(Exit::NotFound, "no token has that uuid"))?;
        Update {
            uuid: Some(old.uuid),
            name: name.unwrap_or(old.name),
            read: read.unwrap_or(old.read),
            change: change.unwrap_or(old.change),
        }
    };
    changed(visit, paths.update(&uuid, &new)?, dry).await
}
