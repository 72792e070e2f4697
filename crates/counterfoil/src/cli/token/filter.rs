//! Which tokens: the flags that `list` and `revoke` share.

use clap::Args;
use counterfoil_dialects::native::wire::token::Filter;

/// The criteria; all that are given must hold.
#[derive(Debug, Default, Clone, Args)]
#[command(next_help_heading = "Which tokens")]
pub struct FilterArgs {
    /// With this text in the name
    #[arg(long, value_name = "TEXT")]
    name: Option<String>,
    /// Speaking for this user name
    #[arg(long, value_name = "USERNAME")]
    principal: Option<String>,
    /// Covering this scope
    #[arg(long)]
    scope: Option<String>,
    /// Of this dialect
    #[arg(long)]
    dialect: Option<String>,
    /// active, pending, disabled, expired or revoked
    #[arg(long)]
    state: Option<String>,
    /// Ending before this time: 14d, 2030-01-31, …
    #[arg(long, value_name = "TIME")]
    expires_before: Option<String>,
    /// Not used since this time: now-90d, …
    #[arg(long, value_name = "TIME")]
    unused_since: Option<String>,
    /// Issued at or before this time
    #[arg(long, value_name = "TIME")]
    created_before: Option<String>,
}

impl From<FilterArgs> for Filter {
    fn from(args: FilterArgs) -> Self {
        Self {
            name: args.name,
            principal: args.principal,
            scope: args.scope,
            dialect: args.dialect,
            state: args.state,
            expires_before: args.expires_before,
            unused_since: args.unused_since,
            created_before: args.created_before,
        }
    }
}
