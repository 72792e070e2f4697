//! `counterfoil token`: issue, list, change, rotate.

pub mod check;
pub mod explain;
pub mod filter;
pub mod revoke;

use super::desk::{Desk, Outcome};
use super::flags::{CreateFlags, EditFlags, pair};
use clap::{Args, Subcommand};
use counterfoil_dialects::native::client::{Resource, Tokens};
use counterfoil_dialects::native::wire::token::{Edit, Issue, Paging, Rotate};

/// What can be done with tokens.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Issue a token; its secret is printed this once
    #[command(alias = "new")]
    Create(CreateArgs),
    /// List tokens
    #[command(alias = "ls")]
    List(ListArgs),
    /// Show one token
    Get {
        /// Its public id
        id: String,
    },
    /// Change a token; what is not named stays
    Edit(EditArgs),
    /// Strike a new secret for a token; it is printed this once
    Rotate {
        /// Its public id
        id: String,
        /// How long the old secret still counts: 30m, 24h, 7d [default: 0]
        #[arg(long, value_name = "TIME")]
        overlap: Option<String>,
        /// How to repeat it, and whether to do it.
        #[command(flatten)]
        flags: CreateFlags,
    },
    /// Revoke tokens, for good: by id, or all that match
    #[command(alias = "rm")]
    Revoke(revoke::RevokeArgs),
    /// Silence a token until it is enabled
    Disable {
        /// Its public id
        id: String,
        /// Whether to do it.
        #[command(flatten)]
        flags: EditFlags,
    },
    /// Let a disabled token count again
    Enable {
        /// Its public id
        id: String,
        /// Whether to do it.
        #[command(flatten)]
        flags: EditFlags,
    },
    /// Ask whether a token counts; leaves with 0 if it does and with 8 if not
    Verify(check::VerifyArgs),
    /// Say why a gate would let a token pass or not; leaves with 0 if it would and with 8 if not
    Explain(explain::ExplainArgs),
}

impl Default for Verb {
    fn default() -> Self {
        Self::List(ListArgs::default())
    }
}

/// Arguments of `token create`.
#[derive(Debug, Args)]
pub struct CreateArgs {
    /// A name for people
    name: String,
    /// What it may do; say it once for each scope
    #[arg(long = "scope", value_name = "SCOPE", required = true)]
    scopes: Vec<String>,
    /// When it ends: 30d, now+1M/d, 2030-01-31, RFC 3339, never [default: never]
    #[arg(long, value_name = "TIME")]
    expires: Option<String>,
    /// When it begins [default: at once]
    #[arg(long, value_name = "TIME")]
    not_before: Option<String>,
    /// In whose form: native, dynatrace, … [default: native]
    #[arg(long)]
    dialect: Option<String>,
    /// Cut it to its principal's present roles at every check
    #[arg(long)]
    personal: bool,
    /// User name that it speaks for [default: your own]
    #[arg(long, value_name = "USERNAME")]
    principal: Option<String>,
    /// Where it counts; say it once for each network [default: everywhere]
    #[arg(long = "network", value_name = "CIDR")]
    networks: Vec<String>,
    /// A note; say it once for each
    #[arg(long, value_name = "KEY=VALUE", value_parser = pair)]
    metadata: Vec<(String, String)>,
    /// How often it may be used in a time: 100/1m [default: no limit]
    #[arg(long, value_name = "COUNT/TIME")]
    limit: Option<String>,
    /// How often it may be used at all [default: for ever]
    #[arg(long, value_name = "COUNT")]
    quota: Option<u64>,
    #[command(flatten)]
    flags: CreateFlags,
}

/// Arguments of `token list`.
#[derive(Debug, Default, Args)]
pub struct ListArgs {
    #[command(flatten)]
    filter: filter::FilterArgs,
    /// name, created, expires, modified or last_used; `-name` for the other direction [default: -created]
    #[arg(long, value_name = "FIELD", allow_hyphen_values = true)]
    sort: Option<String>,
    /// At most so many [default: all]
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
}

/// Arguments of `token edit`.
#[derive(Debug, Args)]
pub struct EditArgs {
    /// Its public id
    id: String,
    /// A new name
    #[arg(long)]
    name: Option<String>,
    /// The whole new list of scopes
    #[arg(long = "scope", value_name = "SCOPE")]
    scopes: Option<Vec<String>>,
    /// A new end, or never
    #[arg(long, value_name = "TIME")]
    expires: Option<String>,
    /// The whole new list of networks
    #[arg(long = "network", value_name = "CIDR", conflicts_with = "any_network")]
    networks: Option<Vec<String>>,
    /// Let it count from everywhere
    #[arg(long)]
    any_network: bool,
    /// The whole new notes
    #[arg(long, value_name = "KEY=VALUE", value_parser = pair, conflicts_with = "no_metadata")]
    metadata: Option<Vec<(String, String)>>,
    /// Drop the notes
    #[arg(long)]
    no_metadata: bool,
    /// How often it may be used in a time: 100/1m; none takes the limit away
    #[arg(long, value_name = "COUNT/TIME")]
    limit: Option<String>,
    /// How often it may be used at all, its uses so far included; none takes the quota away
    #[arg(long, value_name = "COUNT", value_parser = quota)]
    quota: Option<Quota>,
    #[command(flatten)]
    flags: EditFlags,
}

/// A number of uses, or none.
#[derive(Debug, Clone, Copy)]
struct Quota(Option<u64>);

fn quota(text: &str) -> Result<Quota, String> {
    if text == "none" {
        return Ok(Quota(None));
    }
    text.parse().map(|count| Quota(Some(count))).map_err(|_| "must be a number, or none".to_owned())
}

/// Carries the verb out.
pub async fn run(verb: Verb, desk: &Desk<'_>) -> Outcome {
    match verb {
        Verb::Create(args) => create(args, desk).await,
        Verb::List(args) => list(args, desk).await,
        Verb::Get { id } => desk.show(Tokens::get(&id)?).await,
        Verb::Edit(args) => edit(args, desk).await,
        Verb::Rotate { id, overlap, flags } => {
            desk.create(Tokens::rotate(&id, &Rotate { overlap })?, flags).await
        }
        Verb::Revoke(args) => revoke::run(args, desk).await,
        Verb::Disable { id, flags } => switch(&id, false, flags, desk).await,
        Verb::Enable { id, flags } => switch(&id, true, flags, desk).await,
        Verb::Verify(args) => check::run(args, desk).await,
        Verb::Explain(args) => explain::run(args, desk).await,
    }
}

async fn create(args: CreateArgs, desk: &Desk<'_>) -> Outcome {
    let issue = Issue {
        name: args.name,
        scopes: args.scopes,
        expires: args.expires,
        not_before: args.not_before,
        dialect: args.dialect,
        personal: args.personal,
        principal: args.principal,
        networks: args.networks,
        metadata: args.metadata.into_iter().collect(),
        limit: args.limit,
        quota: args.quota,
    };
    desk.create(Tokens::create(&issue)?, args.flags).await
}

async fn list(args: ListArgs, desk: &Desk<'_>) -> Outcome {
    let page = args.limit.map_or(1000, |limit| limit.clamp(1, 1000));
    let paging = Paging { sort: args.sort, limit: u32::try_from(page).ok(), cursor: None };
    desk.show_list(Tokens::matching(&args.filter.into(), &paging)?, args.limit).await
}

async fn edit(args: EditArgs, desk: &Desk<'_>) -> Outcome {
    let edit = Edit {
        name: args.name,
        scopes: args.scopes,
        enabled: None,
        expires: args.expires,
        networks: args.networks.or_else(|| args.any_network.then(Vec::new)),
        metadata: args
            .metadata
            .or_else(|| args.no_metadata.then(Vec::new))
            .map(|notes| notes.into_iter().collect()),
        limit: args.limit.map(Some),
        quota: args.quota.map(|quota| quota.0),
    };
    desk.edit(Tokens::edit(&args.id, &edit)?, args.flags).await
}

async fn switch(id: &str, enabled: bool, flags: EditFlags, desk: &Desk<'_>) -> Outcome {
    let edit = Edit { enabled: Some(enabled), ..Edit::default() };
    desk.edit(Tokens::edit(id, &edit)?, flags).await
}
