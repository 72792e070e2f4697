//! `counterfoil demo`: a throw-away server and a tour of it. Everything lies in a directory that is removed at the end.

mod stage;
mod teller;
mod tour;

use super::desk::Outcome;
use super::exit::Exit;
use super::printer::write;
use clap::Args;
use stage::Stage;
use tokio::signal::unix::{SignalKind, signal};

/// Arguments of `demo`.
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// End after the tour: with 0 if everything went as it should, with 1 if not
    #[arg(long)]
    once: bool,
    /// Port on 127.0.0.1; 0 takes a free one
    #[arg(long, value_name = "PORT", default_value = "8080")]
    port: u16,
}

/// Gives the tour, then stays up unless that was enough.
pub async fn run(args: DemoArgs) -> Outcome {
    let (mut interrupted, mut terminated) =
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let stop = async {
        tokio::select! { _ = interrupted.recv() => {}, _ = terminated.recv() => {} }
    };
    tokio::select! {
        shown = show(&args) => return shown,
        () = stop => {}
    }
    // The stage went with the tour.
    write("\nStopped; nothing is left of it.\n")?;
    Ok(Exit::Done)
}

async fn show(args: &DemoArgs) -> Outcome {
    let mut stage = Stage::open(args.port)?;
    write(&format!("Counterfoil at {}, in a directory that is removed at the end.\n", stage.url))?;
    if !tour::give(&stage).await? {
        write("\nNot everything went as it should.\n")?;
        return Ok(Exit::Failed);
    }
    if args.once {
        return Ok(Exit::Done);
    }
    write(&farewell(&stage, &tour::spare(&stage).await?))?;
    Err(stage.ended().await?.into())
}

fn farewell(stage: &Stage, spare: &str) -> String {
    format!(
        "\nIt stays up. The tour's token is revoked; with another one, what asks about it can be typed again:\n\n  \
         export TOKEN={spare}\n\n\
         In another terminal:\n\n  \
         export COUNTERFOIL_SERVER={} COUNTERFOIL_TOKEN={}\n  \
         counterfoil token list\n  \
         counterfoil inventory\n  \
         counterfoil journal tail --follow\n\n\
         Ctrl-C stops it.\n",
        stage.url, stage.admin
    )
}
