//! `counterfoil dynatrace`: the API tokens of a Dynatrace environment.

use super::desk::{Desk, Outcome};
use super::exit::{Exit, Failure};
use super::flags::{DestroyFlags, Dry};
use super::rows::Row;
use super::vendor::{Visit, from_json};
use crate::config::account::{Given, Variables};
use clap::{Args, Subcommand};
use counterfoil_dialects::dynatrace::client::{self, VENDOR};
use counterfoil_dialects::dynatrace::wire::{
    ApiToken, ApiTokenCreate, ApiTokenCreated, ApiTokenUpdate, ListQuery,
};

/// What Dynatrace's commands look at besides flags and profile.
pub const VARIABLES: Variables = Variables {
    server: "COUNTERFOIL_DYNATRACE_SERVER",
    username: "COUNTERFOIL_DYNATRACE_USERNAME",
    secret: "COUNTERFOIL_DYNATRACE_TOKEN",
    password: "COUNTERFOIL_DYNATRACE_PASSWORD",
};

/// Everything that a list leaves out unless it is asked for.
pub const EVERY_FIELD: &str =
    "+personalAccessToken,+expirationDate,+lastUsedDate,+lastUsedIpAddress,+modifiedDate,+scopes";

/// What there is at Dynatrace.
#[derive(Debug, Subcommand)]
pub enum Noun {
    /// API tokens of an environment; alone it lists
    ApiTokens {
        /// What to do with them.
        #[command(subcommand)]
        verb: Option<Verb>,
    },
}

/// What can be done with API tokens.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Create a token; its secret is printed this once
    #[command(alias = "new")]
    Create(CreateArgs),
    /// Show one token
    Get {
        /// Its public id
        id: String,
    },
    /// List tokens
    #[command(alias = "ls")]
    List(ListArgs),
    /// Show the token that has this secret
    Lookup {
        /// The secret: `-` (standard input), `@FILE`, `env:NAME` or the text [default: asked for]
        #[arg(value_name = "SECRET")]
        secret: Option<String>,
    },
    /// Change a token; what is not named stays
    Update(UpdateArgs),
    /// Delete a token, for good
    #[command(alias = "rm")]
    Delete {
        /// Its public id, or its secret: `-` (standard input), `@FILE`, `env:NAME`
        id: String,
        /// Whether to do it.
        #[command(flatten)]
        flags: DestroyFlags,
    },
}

impl Default for Verb {
    fn default() -> Self {
        Self::List(ListArgs::default())
    }
}

/// Arguments of `dynatrace api-tokens create`.
#[derive(Debug, Args)]
pub struct CreateArgs {
    /// A name for people, of at most 100 characters
    #[arg(required_unless_present = "from_json")]
    name: Option<String>,
    /// What it may do; say it once for each scope
    #[arg(long = "scope", value_name = "SCOPE", required_unless_present = "from_json")]
    scopes: Vec<String>,
    /// When it ends, in the vendor's words: now+14d, 2030-01-31 12:00 [default: never]
    #[arg(long, value_name = "TIME", alias = "expires")]
    expiration: Option<String>,
    /// Bind it to its owner's permissions
    #[arg(long)]
    personal: bool,
    /// The vendor's own JSON instead: `-` (standard input), `@FILE`, or the text
    #[arg(long, value_name = "JSON", conflicts_with_all = ["name", "scopes", "expiration", "personal"])]
    from_json: Option<String>,
    #[command(flatten)]
    dry: Dry,
}

/// Arguments of `dynatrace api-tokens list`.
#[derive(Debug, Default, Args)]
pub struct ListArgs {
    /// Which, in the vendor's words: owner("jdoe"),scope("metrics.read")
    #[arg(long, value_name = "SELECTOR")]
    selector: Option<String>,
    /// Last used since then: now-1h, …
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Last used until then
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
    /// name, lastUsedDate, creationDate, expirationDate or modifiedDate, with - before it for the other direction
    #[arg(long, value_name = "FIELD", allow_hyphen_values = true)]
    sort: Option<String>,
    /// At most so many [default: all]
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
}

/// Arguments of `dynatrace api-tokens update`.
#[derive(Debug, Args)]
pub struct UpdateArgs {
    /// Its public id
    id: String,
    /// A new name
    #[arg(long)]
    name: Option<String>,
    /// The whole new list of scopes
    #[arg(long = "scope", value_name = "SCOPE")]
    scopes: Option<Vec<String>>,
    /// Let it count again
    #[arg(long, conflicts_with = "disable")]
    enable: bool,
    /// Silence it
    #[arg(long)]
    disable: bool,
    #[command(flatten)]
    dry: Dry,
}

impl Row for ApiTokenCreated {
    const COLUMNS: &'static [&'static str] = &["id", "token", "expirationDate"];
    const MAIN: &'static str = "token";
    const SECRET: bool = true;
    const VARIABLE: &'static str = VARIABLES.secret;
}

impl Row for ApiToken {
    const COLUMNS: &'static [&'static str] =
        &["id", "name", "enabled", "owner", "scopes", "expirationDate", "lastUsedDate"];
    const MAIN: &'static str = "id";
}

/// Carries the verb out.
pub async fn run(Noun::ApiTokens { verb }: Noun, desk: &Desk<'_>) -> Outcome {
    let visit = Visit::open(desk, &VENDOR, &VARIABLES, Given::default())?;
    match verb.unwrap_or_default() {
        Verb::Create(args) => create(args, &visit).await,
        Verb::Get { id } => visit.show(client::get(&id)?).await,
        Verb::List(args) => show_list(args, &visit).await,
        Verb::Lookup { secret } => {
            let secret = match secret {
                Some(spelt) => desk.secrets.read(&spelt)?,
                None => {
                    desk.secrets.ask("the token to look up", "`-`, `@FILE` or `env:NAME` as the argument")?
                }
            };
            visit.show(client::lookup(&secret)?).await
        }
        Verb::Update(args) => update(args, &visit).await,
        Verb::Delete { id, flags } => delete(&id, &visit, flags).await,
    }
}

async fn create(args: CreateArgs, visit: &Visit<'_>) -> Outcome {
    let new = match args.from_json {
        Some(json) => from_json(visit.desk, &json)?,
        None => ApiTokenCreate {
            name: args.name,
            scopes: Some(args.scopes),
            expiration_date: args.expiration,
            personal_access_token: args.personal.then_some(true),
        },
    };
    visit.change(client::create(&new)?, args.dry).await
}

async fn show_list(args: ListArgs, visit: &Visit<'_>) -> Outcome {
    visit.desk.printer.check::<ApiToken>()?;
    let limit = args.limit.unwrap_or(usize::MAX);
    let query = ListQuery {
        page_size: u32::try_from(limit.clamp(100, 1000)).ok(),
        api_token_selector: args.selector,
        fields: Some(EVERY_FIELD.to_owned()),
        from: args.from,
        to: args.to,
        sort: args.sort,
    };
    visit.desk.printer.many(&visit.pages(&query, limit).await?)?;
    Ok(Exit::Done)
}

async fn update(args: UpdateArgs, visit: &Visit<'_>) -> Outcome {
    let enabled = (args.enable || args.disable).then_some(args.enable);
    let new = ApiTokenUpdate { name: args.name, enabled, scopes: args.scopes };
    let ask = client::update(&args.id, &new)?;
    if ask.request.body().as_ref() == b"{}" {
        return Err(Failure::usage("nothing to change was given; see --help for what can be").into());
    }
    if args.dry.run {
        return visit.intend(&ask);
    }
    visit.ask(ask).await?;
    visit.desk.remark(&format!("Changed {}.", args.id));
    Ok(Exit::Done)
}

async fn delete(named: &str, visit: &Visit<'_>, flags: DestroyFlags) -> Outcome {
    // A public id is no secret, and nobody has to be warned of it.
    let spelt = named == "-" || named.starts_with('@') || named.starts_with("env:");
    if !spelt && named.matches('.').count() < 2 {
        return visit.delete(client::delete(named)?, named, flags).await;
    }
    let secret = visit.desk.secrets.read(named)?;
    visit.delete(client::delete_by(&secret)?, "the token with this secret", flags).await
}
