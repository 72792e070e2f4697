//! The binary: the server, and the command line for it.

pub mod cli;
pub mod config;
pub mod courier;
pub mod private_file;
pub mod reach;
pub mod serve;
pub mod session_cache;
pub mod system;
pub mod trust;

use clap::FromArgMatches;
use cli::desk::Outcome;
use cli::{Cli, cmdlet};
use config::environment::Environment;
use std::ffi::OsString;
use std::process::ExitCode;
use tokio::runtime::Runtime;

fn main() -> ExitCode {
    match run(&Environment::read()) {
        Ok(exit) => exit.into(),
        Err(error) => {
            let exit = cli::exit::code_of(&error);
            if exit != cli::exit::Exit::Done {
                cli::remark(&format!("counterfoil: {error:#}"));
            }
            exit.into()
        }
    }
}

/// What is called like a vendor's cmdlet takes its arguments as PowerShell does.
fn run(environment: &Environment) -> Outcome {
    let arguments: Result<Vec<_>, _> = std::env::args_os().skip(1).map(OsString::into_string).collect();
    if let Ok([name, rest @ ..]) = arguments.as_deref()
        && let Some(cmdlet) = cmdlet::named(name)
    {
        return Runtime::new()?.block_on(cmdlet::run(cmdlet, rest, environment));
    }
    if let Ok([help, name]) = arguments.as_deref()
        && help == "help"
        && let Some(cmdlet) = cmdlet::named(name)
    {
        return cmdlet::explain(cmdlet);
    }
    let cli = Cli::from_arg_matches(&cli::command().get_matches()).unwrap_or_else(|error| error.exit());
    Runtime::new()?.block_on(cli::run(cli, environment))
}
