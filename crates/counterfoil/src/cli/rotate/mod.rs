//! `counterfoil rotate`: new secrets for the profiles whose tokens end soon. What is old ends only after what is new is
//! where the profile says, and was read back from there.

mod keeper;
mod successor;

use super::desk::{Desk, Outcome};
use super::exit::{Exit, Failure, code_of};
use super::flags::{DestroyFlags, instant};
use super::rows::Row;
use crate::config::profile::{Kept, Profile};
use crate::system::SystemClock;
use anyhow::Result;
use clap::Args;
use counterfoil_core::clock::Clock as _;
use counterfoil_core::when;
use jiff::Timestamp;
use keeper::Keeper;
use schemars::JsonSchema;
use serde::Serialize;
use std::fs::{File, TryLockError};
use std::path::Path;
use successor::Incumbent;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinHandle;

/// Arguments of `rotate`.
#[derive(Debug, Args)]
pub struct RotateArgs {
    /// Profiles, whether their tokens end or not; or else --due
    #[arg(value_name = "PROFILE")]
    profiles: Vec<String>,
    /// Those whose tokens end before then: 14d, 2030-01-31, …
    #[arg(long, value_name = "TIME", conflicts_with = "profiles")]
    due: Option<String>,
    /// When the new ones end [default: after as long as the old ones had]
    #[arg(long, value_name = "TIME")]
    expires: Option<String>,
    #[command(flatten)]
    flags: DestroyFlags,
}

/// A profile, what can be done about its secret, and what came of it.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct Step {
    /// The profile.
    profile: String,
    /// Whose token it is.
    vendor: String,
    /// The public id of the token.
    id: String,
    /// When it ends, or `never`; null if that is not known.
    expires: Option<String>,
    /// `due`, `not due`, `cannot`, `rotated` or `failed`.
    outcome: String,
    /// What is to be done, or what came of it.
    note: String,
}

impl Row for Step {
    const COLUMNS: &'static [&'static str] = &["profile", "vendor", "id", "expires", "outcome", "note"];
    const MAIN: &'static str = "profile";
}

/// One that is left as it is, and the code to leave with if it was asked for by name.
struct Left {
    step: Step,
    exit: Exit,
}

/// One that can be rotated, with what it takes.
struct Ready<'d> {
    step: Step,
    keeper: Keeper<'d>,
    incumbent: Incumbent,
}

/// Makes the plan, asks whether to go on, and carries it out.
pub async fn run(args: RotateArgs, desk: &Desk<'_>) -> Outcome {
    desk.printer.check::<Step>()?;
    if args.profiles.is_empty() && args.due.is_none() {
        let why = "say which: `rotate PROFILE…`, or `rotate --due 14d` for every profile whose token ends before then";
        return Err(Failure::usage(why).into());
    }
    let now = SystemClock.now();
    let due = args.due.as_ref().map(|text| instant("--due", text, now)).transpose()?;
    let end = args.expires.as_ref().map(|text| {
        let end = when::parse(text, now)?;
        end.ahead(now).map(|_| end)
    });
    let end = end.transpose().map_err(|why| Failure::usage(format!("--expires {why}")))?;
    let _alone = if args.flags.dry.run { None } else { alone(&desk.client.profiles.path)? };
    let (mut ready, mut steps, mut exit) = (Vec::new(), Vec::new(), Exit::Done);
    for (name, profile) in chosen(&args, desk)? {
        match plan(name, profile, due, desk).await {
            Ok(one) => match ready.iter().find(|other: &&Ready<'_>| other.keeper.is_at(&one.keeper)) {
                // What is rotated there is rotated here.
                Some(Ready { step, .. }) => {
                    let note = format!("its secret is that of {}", step.profile);
                    steps.push(Step { outcome: "cannot".to_owned(), note, ..one.step });
                }
                None => ready.push(one),
            },
            Err(left) => {
                if !args.profiles.is_empty() {
                    exit = left.exit;
                }
                steps.push(left.step);
            }
        }
    }
    if args.flags.dry.run {
        steps.extend(ready.into_iter().map(|one| one.step));
        desk.printer.many(&steps)?;
        return Ok(Exit::Done);
    }
    if ready.is_empty() {
        desk.printer.many(&steps)?;
        return Ok(exit);
    }
    let lines = ready.iter().map(|Ready { step, .. }| format!("{}: {}", step.profile, step.note));
    desk.remark(&lines.collect::<Vec<_>>().join("\n"));
    let question = match ready.len() {
        1 => "Rotate this secret?".to_owned(),
        many => format!("Rotate these {many} secrets?"),
    };
    desk.confirm(args.flags, &question)?;
    let stopped = stopped()?;
    for Ready { step, keeper, incumbent } in ready {
        if stopped.is_finished() {
            exit = Exit::Interrupted;
            steps.push(Step {
                outcome: "failed".to_owned(),
                note: "stopped before it began".to_owned(),
                ..step
            });
            continue;
        }
        let (outcome, note) = match incumbent.succeed(&keeper, end, desk).await {
            Ok(note) => ("rotated", note),
            Err(error) => {
                exit = code_of(&error);
                ("failed", format!("{error:#}"))
            }
        };
        steps.push(Step { outcome: outcome.to_owned(), note, ..step });
    }
    desk.printer.many(&steps)?;
    Ok(exit)
}

/// Of two at once, each would end what the other has just made.
fn alone(profiles: &Path) -> Result<Option<File>, Failure> {
    let Ok(file) = File::open(profiles) else { return Ok(None) };
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => {
            Err(Failure::new(Exit::Conflict, "another rotation is under way: wait for its end"))
        }
        // Some file systems lock nothing.
        Ok(()) | Err(TryLockError::Error(_)) => Ok(Some(file)),
    }
}

/// Done once somebody wants this to end. Until it is looked at nothing ends: between the making of a secret and its
/// keeping there is no copy of it.
fn stopped() -> Result<JoinHandle<()>> {
    let wait = |kind| signal(kind).map(|mut signal| async move { signal.recv().await });
    let (interrupt, terminate, hang_up) =
        (wait(SignalKind::interrupt())?, wait(SignalKind::terminate())?, wait(SignalKind::hangup())?);
    Ok(tokio::spawn(async {
        tokio::select! { _ = interrupt => {}, _ = terminate => {}, _ = hang_up => {} }
        super::remark("Stopping; what was begun is ended first.");
    }))
}

/// The profiles that were named, or every one.
fn chosen<'d>(args: &'d RotateArgs, desk: &'d Desk<'_>) -> Result<Vec<(&'d str, &'d Profile)>, Failure> {
    let profiles = &desk.client.profiles;
    if args.profiles.is_empty() {
        return Ok(profiles.all().collect());
    }
    args.profiles.iter().map(|name| Ok((name.as_str(), profiles.named(name)?))).collect()
}

/// What can be done for one profile, or the row that says why nothing is.
async fn plan<'d>(
    name: &str,
    profile: &Profile,
    due: Option<Timestamp>,
    desk: &'d Desk<'_>,
) -> Result<Ready<'d>, Box<Left>> {
    let vendor = profile.vendor.as_deref().unwrap_or("counterfoil").to_owned();
    let step = |outcome: &str, note: String| Step {
        profile: name.to_owned(),
        vendor: vendor.clone(),
        outcome: outcome.to_owned(),
        note,
        ..Step::default()
    };
    let left = |step, exit| Box::new(Left { step, exit });
    let cannot = |note: &str| left(step("cannot", note.to_owned()), Exit::Usage);
    let kept: Kept = profile.token().ok_or_else(|| {
        cannot("the profile names no token or key; a password is changed in the vendor's own pages")
    })?;
    let keeper = Keeper::new(name, kept, &desk.client.profiles.path, &desk.secrets);
    if !keeper.can_keep() {
        return Err(cannot("the profile does not say how a new secret is stored: add store = […]"));
    }
    let incumbent = Incumbent::of(name, profile, &keeper, desk)
        .await
        .map_err(|why| left(step("cannot", format!("{why:#}")), code_of(&why)))?;
    let mut step = step("due", incumbent.intention());
    (step.id, step.expires) = (incumbent.id(), Some(incumbent.expires()));
    let ends = step.expires.as_ref().and_then(|text| text.parse::<Timestamp>().ok());
    match due {
        Some(before) if ends.is_none_or(|ends| ends > before) => {
            Err(left(Step { outcome: "not due".to_owned(), note: String::new(), ..step }, Exit::Done))
        }
        _ => Ok(Ready { step, keeper, incumbent }),
    }
}
