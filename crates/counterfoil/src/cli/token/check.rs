//! `counterfoil token verify`: does a token count, and for what?

use crate::cli::desk::{Desk, Outcome};
use crate::cli::exit::Exit;
use clap::Args;
use counterfoil_dialects::native::client;
use counterfoil_dialects::native::wire::verify::{Answer, Question};
use std::net::IpAddr;

/// Arguments of `token verify`.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// The token: `-` (standard input), `@FILE`, `env:NAME` or the text
    #[arg(value_name = "SECRET")]
    subject: Option<String>,
    /// A scope that it must cover
    #[arg(long)]
    scope: Option<String>,
    /// The address that it was presented from
    #[arg(long, value_name = "ADDRESS")]
    from: Option<IpAddr>,
}

/// Carries the command out.
pub async fn run(args: VerifyArgs, desk: &Desk<'_>) -> Outcome {
    desk.printer.check::<Answer>()?;
    let token = match args.subject {
        Some(spelt) => desk.secrets.read(&spelt)?,
        None => desk.secrets.ask("the token to check", "`-`, `@FILE` or `env:NAME` as the argument")?,
    };
    let address = args.from.map(|address| address.to_string());
    let question = Question { token: token.reveal().to_owned(), scope: args.scope, address };
    let answer = desk.ask(client::verify(&question)?).await?;
    desk.printer.one(&answer)?;
    Ok(if answer.active { Exit::Done } else { Exit::NotValid })
}
