//! `counterfoil token explain`: why a gate would let a token pass or not, for administrators.

use crate::cli::desk::{Desk, Outcome};
use crate::cli::exit::Exit;
use clap::Args;
use counterfoil_dialects::native::client::Gates;
use counterfoil_dialects::native::wire::gate::{Explain, Explained};

/// Arguments of `token explain`.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// Its public id; or `-`, `@FILE` or `env:NAME` for the text itself
    token: String,
    /// Which gate
    #[arg(long, value_name = "GATE")]
    gate: String,
    /// The request's method
    #[arg(long, value_name = "METHOD", default_value = "GET")]
    method: String,
    /// The request's path
    #[arg(long, value_name = "PATH", default_value = "/")]
    path: String,
    /// Where the request comes from
    #[arg(long = "from", value_name = "IP")]
    address: Option<String>,
}

/// Carries it out; leaves with 8 if the token would not pass.
pub async fn run(args: ExplainArgs, desk: &Desk<'_>) -> Outcome {
    desk.printer.check::<Explained>()?;
    let text = args.token == "-" || args.token.starts_with('@') || args.token.starts_with("env:");
    let mut explain = Explain {
        method: Some(args.method),
        path: Some(args.path),
        address: args.address,
        ..Explain::default()
    };
    if text {
        explain.token = Some(desk.secrets.read(&args.token)?.reveal().to_owned());
    } else {
        explain.id = Some(args.token);
    }
    let explained = desk.ask(Gates::explain(&args.gate, &explain)?).await?;
    desk.printer.one(&explained)?;
    Ok(if explained.passes { Exit::Done } else { Exit::NotValid })
}
