//! `counterfoil token revoke`: by id, or all that match.

use super::filter::FilterArgs;
use crate::cli::desk::{Desk, Outcome, can_answer};
use crate::cli::exit::{Exit, Failure};
use crate::cli::flags::DestroyFlags;
use crate::cli::rows::Intended;
use clap::Args;
use counterfoil_dialects::native::client::{Resource, Tokens};
use counterfoil_dialects::native::wire::token::{Revoke, Revoked};

/// Arguments of `token revoke`.
#[derive(Debug, Args)]
pub struct RevokeArgs {
    /// Their public ids
    #[arg(required_unless_present = "FilterArgs", conflicts_with = "FilterArgs")]
    ids: Vec<String>,
    #[command(flatten)]
    filter: FilterArgs,
    /// Say that every token that matches is meant; --dry-run shows first which ones
    #[arg(long, requires = "FilterArgs")]
    all_matching: bool,
    #[command(flatten)]
    flags: DestroyFlags,
}

/// Carries the command out.
pub async fn run(args: RevokeArgs, desk: &Desk<'_>) -> Outcome {
    desk.printer.check::<Revoked>()?;
    if args.ids.is_empty() { matching(args, desk).await } else { named(&args.ids, args.flags, desk).await }
}

async fn named(ids: &[String], flags: DestroyFlags, desk: &Desk<'_>) -> Outcome {
    let asks = ids.iter().map(|id| Tokens::delete(id)).collect::<Result<Vec<_>, _>>()?;
    if flags.dry.run {
        return desk.intend(asks.iter().map(|ask| Intended::from(&ask.request)));
    }
    desk.confirm(flags, &format!("Revoke {} for good?", ids.join(", ")))?;
    for (done, ask) in asks.into_iter().enumerate() {
        if let Err(error) = desk.ask(ask).await {
            let before = if done == 0 { "none".into() } else { ids[..done].join(", ") };
            desk.remark(&format!("Stopped at {}; revoked before it: {before}.", ids[done]));
            return Err(error);
        }
    }
    let revoked = Revoked { count: ids.len() as u64, ids: ids.to_vec(), dry_run: false };
    desk.printer.one(&revoked)?;
    Ok(Exit::Done)
}

/// The server has a real dry run, so that one is asked, for a person too before the question.
async fn matching(args: RevokeArgs, desk: &Desk<'_>) -> Outcome {
    let revoke = |dry_run| Tokens::revoke(&Revoke { filter: args.filter.clone().into(), dry_run });
    if args.flags.dry.run {
        return desk.show(revoke(true)?).await;
    }
    if !args.all_matching {
        let why =
            "a filter may match many tokens: add --all-matching to revoke them all, or --dry-run to see them";
        return Err(Failure::usage(why).into());
    }
    let question = if !args.flags.yes && can_answer() {
        format!("Revoke {} tokens for good?", desk.ask(revoke(true)?).await?.count)
    } else {
        "Revoke all that match for good?".to_owned()
    };
    desk.confirm(args.flags, &question)?;
    desk.show(revoke(false)?).await
}
