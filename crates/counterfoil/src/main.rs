//! The binary: the server, and the command line for it.

pub mod cli;
pub mod config;
pub mod courier;
pub mod private_file;
pub mod reach;
pub mod serve;
pub mod session_cache;
pub mod system;

use clap::FromArgMatches;
use cli::Cli;
use config::environment::Environment;
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = Cli::from_arg_matches(&cli::command().get_matches()).unwrap_or_else(|error| error.exit());
    let environment = Environment::read();
    let outcome = tokio::runtime::Runtime::new()
        .map_err(anyhow::Error::from)
        .and_then(|runtime| runtime.block_on(cli::run(cli, &environment)));
    match outcome {
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
