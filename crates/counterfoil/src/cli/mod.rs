//! The command line: what can be typed, and which file carries it out. Each command translates its arguments into a wire
//! struct of the native dialect, asks, and prints; whether the answer comes from a server, the operator's socket or this
//! process is `reach`'s affair.

pub mod agent_config;
pub mod bench;
pub mod cmdlet;
pub mod control_room;
pub mod datto;
pub mod demo;
pub mod desk;
pub mod dynatrace;
pub mod exit;
pub mod flags;
pub mod format;
pub mod gate;
pub mod gateway;
pub mod inventory;
pub mod journal;
pub mod key;
pub mod principal;
pub mod printer;
pub mod realm;
pub mod role;
pub mod rotate;
pub mod rows;
pub mod ruvds;
pub mod scope;
pub mod secrets;
pub mod session;
pub mod token;
pub mod vendor;

use crate::config::account::Variables;
use crate::config::client::{Client, ClientFlags};
use crate::config::environment::Environment;
use crate::config::server::{InitFlags, ServeFlags, Server, StoreFlags};
use anyhow::Result;
use clap::{Args as _, CommandFactory, Parser, Subcommand};
use clap_complete::Shell;
use desk::{Desk, Outcome};
use exit::{Exit, Failure};
use secrets::Secrets;
use std::io::Write;

/// A self-hosted authority for API tokens, and its command line.
#[derive(Debug, Parser)]
#[command(name = "counterfoil", version, arg_required_else_help = true)]
#[command(max_term_width = 110)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// How to ask.
    #[command(flatten)]
    pub client: ClientFlags,
    /// Where the store is.
    #[command(flatten)]
    pub store: StoreFlags,
}

/// What can be done.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Answer requests; makes the store, its root secret and a first token where there is nothing yet
    Serve(ServeFlags),
    /// Show everything on a throw-away server
    Demo(demo::DemoArgs),
    /// Make the store, its root secret and a first token; a root secret file that exists is used
    Init(InitFlags),
    /// Issue, list, change, revoke and check tokens; alone it lists
    Token {
        /// What to do with them.
        #[command(subcommand)]
        verb: Option<token::Verb>,
    },
    /// People and services that tokens speak for; alone it lists
    Principal {
        /// What to do with them.
        #[command(subcommand)]
        verb: Option<principal::Verb>,
    },
    /// Logins that count; alone it lists
    Session {
        /// What to do with them.
        #[command(subcommand)]
        verb: Option<session::Verb>,
    },
    /// What signs sessions; alone it lists
    Key {
        /// What to do with them.
        #[command(subcommand)]
        verb: Option<key::Verb>,
    },
    /// Named sets of scopes; alone it lists
    Role {
        /// What to do with them.
        #[command(subcommand)]
        verb: Option<role::Verb>,
    },
    /// Where gateways ask whether a request may pass; alone it lists
    Gate {
        /// What to do with them.
        #[command(subcommand)]
        verb: Option<gate::Verb>,
    },
    /// Print a configuration with which a gateway asks a gate
    Gateway(gateway::Gateway),
    /// Known permission words; alone it lists
    Scope {
        /// What to do with them.
        #[command(subcommand)]
        verb: Option<scope::Verb>,
    },
    /// Closed sets of principals, roles and tokens; alone it lists
    Realm {
        /// What to do with them.
        #[command(subcommand)]
        verb: Option<realm::Verb>,
    },
    /// The record of every change; alone it lists
    Journal {
        /// What to do with it.
        #[command(subcommand)]
        verb: Option<journal::Verb>,
    },
    /// Datto RMM: request access tokens
    Datto {
        /// What to do.
        #[command(subcommand)]
        verb: datto::Verb,
    },
    /// RUVDS: create, show, list and renew API tokens
    Ruvds(ruvds::Noun),
    /// Bamboo's agent-config: list, create and change agents' tokens
    AgentConfig(agent_config::Noun),
    /// Dynatrace: create, show, list, look up, change and delete API tokens
    Dynatrace {
        /// What to do.
        #[command(subcommand)]
        noun: dynatrace::Noun,
    },
    /// Automation Anywhere's Control Room: log in and out
    ControlRoom(control_room::Noun),
    /// New secrets for profiles whose tokens end soon; the old ones end after the new ones are stored
    Rotate(rotate::RotateArgs),
    /// Every token at every configured account and of our own, in one table
    Inventory(inventory::InventoryArgs),
    /// Ask a running server as often as it answers, and print how often, how late and at what cost, in microseconds
    Bench(bench::BenchArgs),
    /// The settings of this program
    Config {
        /// What to do with them.
        #[command(subcommand)]
        verb: ConfigVerb,
    },
    /// Print completions for a shell
    Completions {
        /// Which shell
        shell: Shell,
    },
}

/// What can be done with the settings.
#[derive(Debug, Subcommand)]
pub enum ConfigVerb {
    /// Print every setting with its value and where it was said; secrets are dots
    Show,
}

/// Everything that can be typed; every `--help` ends with the exit codes.
pub fn command() -> clap::Command {
    fn with_exit_codes(command: clap::Command) -> clap::Command {
        command.after_help(exit::HELP).mut_subcommands(with_exit_codes)
    }
    let cmdlets: Vec<_> = cmdlet::names().collect();
    let cmdlets = format!("Vendors' cmdlets, each with -? for more:\n  {}", cmdlets.join("\n  "));
    let tree = with_exit_codes(Cli::command()).after_help(format!("{cmdlets}\n\n{}", exit::HELP));
    let tree = ASK_NOBODY.iter().fold(tree, |tree, name| tree.mut_subcommand(name, hidden));
    OF_VENDORS.iter().fold(tree, |tree, (noun, variables)| {
        tree.mut_subcommand(noun, |command| vendor::help(command, variables))
    })
}

/// Commands that ask no server, so that the flags of asking mean nothing to them.
const ASK_NOBODY: &[&str] = &["serve", "init", "demo", "completions"];

/// Commands of the vendors, with the variables that each looks at.
const OF_VENDORS: &[(&str, &Variables)] = &[
    ("datto", &datto::VARIABLES),
    ("ruvds", &ruvds::VARIABLES),
    ("agent-config", &agent_config::VARIABLES),
    ("dynatrace", &dynatrace::VARIABLES),
    ("control-room", &control_room::VARIABLES),
];

/// Without the flags of asking in its help.
fn hidden(command: clap::Command) -> clap::Command {
    let flags = ClientFlags::augment_args(clap::Command::new(""));
    flags.get_arguments().fold(command, |command, flag| command.arg(flag.clone().hide(true)))
}

/// Carries the command out.
pub async fn run(cli: Cli, environment: &Environment) -> Outcome {
    let Cli { command, client, store } = cli;
    if matches!(
        command,
        Command::Serve(_) | Command::Init(_) | Command::Demo(_) | Command::Completions { .. }
    ) && let Some(flag) = client.said()
    {
        return Err(Failure::usage(format!(
            "{flag} is for commands that ask, and this one asks nobody: leave it out"
        ))
        .into());
    }
    match command {
        Command::Serve(flags) => {
            crate::serve::run(Server::resolve(environment, store, flags)?).await?;
            Ok(Exit::Done)
        }
        Command::Init(init) => {
            let flags = ServeFlags { init, ..ServeFlags::default() };
            crate::serve::init(Server::resolve(environment, store, flags)?).await?;
            Ok(Exit::Done)
        }
        Command::Demo(args) => demo::run(args).await,
        Command::Completions { shell } => completions(shell),
        command => ask(command, &desk(client, store, environment)?).await,
    }
}

fn desk(client: ClientFlags, store: StoreFlags, environment: &Environment) -> Result<Desk<'_>> {
    let client = Client::resolve(environment, client)?;
    let server = Server::resolve(environment, store, ServeFlags::default())?;
    let secrets = Secrets::new(environment, client.quiet);
    Ok(Desk::new(client, server, secrets))
}

async fn ask(command: Command, desk: &Desk<'_>) -> Outcome {
    match command {
        Command::Token { verb } => token::run(verb.unwrap_or_default(), desk).await,
        Command::Principal { verb } => principal::run(verb.unwrap_or_default(), desk).await,
        Command::Session { verb } => session::run(verb.unwrap_or_default(), desk).await,
        Command::Key { verb } => key::run(verb.unwrap_or_default(), desk).await,
        Command::Role { verb } => role::run(verb.unwrap_or_default(), desk).await,
        Command::Gate { verb } => gate::run(verb.unwrap_or_default(), desk).await,
        Command::Gateway(gateway) => gateway::run(gateway, desk).await,
        Command::Scope { verb } => scope::run(verb.unwrap_or_default(), desk).await,
        Command::Realm { verb } => realm::run(verb.unwrap_or_default(), desk).await,
        Command::Journal { verb } => journal::run(verb.unwrap_or_default(), desk).await,
        Command::Datto { verb } => datto::run(verb, desk).await,
        Command::Ruvds(noun) => ruvds::run(noun, desk).await,
        Command::AgentConfig(noun) => agent_config::run(noun, desk).await,
        Command::Dynatrace { noun } => dynatrace::run(noun, desk).await,
        Command::ControlRoom(noun) => control_room::run(noun, desk).await,
        Command::Rotate(args) => rotate::run(args, desk).await,
        Command::Inventory(args) => inventory::run(args, desk).await,
        Command::Bench(args) => bench::run(args, desk).await,
        Command::Config { verb: ConfigVerb::Show } => desk.show_config(),
        Command::Serve(_) | Command::Init(_) | Command::Demo(_) | Command::Completions { .. } => {
            unreachable!("these ask nobody; `run` carries them out")
        }
    }
}

fn completions(shell: Shell) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command(), "counterfoil", &mut script);
    printer::write(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Done)
}

/// Tells a person something, on standard error; nobody listening is no failure.
pub fn remark(text: &str) {
    let lines: Vec<_> = text.lines().map(format::visible).collect();
    let _ = writeln!(std::io::stderr(), "{}", lines.join("\n"));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All but clap's own `help`, which prints the others.
    fn each_command(command: &clap::Command, visit: &mut dyn FnMut(&clap::Command)) {
        visit(command);
        let ours = command.get_subcommands().filter(|below| below.get_name() != "help");
        ours.for_each(|below| each_command(below, visit));
    }

    #[test]
    fn the_command_tree_is_sound() {
        command().debug_assert();
    }

    #[test]
    fn every_help_names_the_exit_codes() {
        let mut tree = command();
        tree.build();
        each_command(&tree, &mut |command| {
            let help = command.clone().render_long_help().to_string();
            assert!(help.contains("8    the checked token is not valid"), "{}", command.get_name());
        });
    }

    #[test]
    fn a_noun_alone_lists_and_aliases_are_hidden() {
        for line in
            ["token", "token ls", "principal", "role ls", "scope", "realm", "journal", "session", "key ls"]
        {
            Cli::try_parse_from(["counterfoil"].into_iter().chain(line.split(' '))).unwrap();
        }
        let mut tree = command();
        tree.build();
        each_command(&tree, &mut |command| assert_eq!(command.get_visible_aliases().count(), 0));
    }

    #[test]
    fn flags_of_asking_stand_before_and_after_the_verb() {
        for line in ["--server http://x -o json token list", "token list --server http://x -o json"] {
            let cli = Cli::try_parse_from(["counterfoil"].into_iter().chain(line.split(' '))).unwrap();
            assert_eq!(cli.client.server.as_deref(), Some("http://x"));
            assert_eq!(cli.client.output, Some(format::Format::Json));
        }
    }

    #[test]
    fn a_vendors_help_names_what_its_commands_look_at() {
        let mut tree = command();
        tree.build();
        for (noun, variables) in OF_VENDORS {
            let noun = tree.find_subcommand(noun).unwrap();
            each_command(noun, &mut |command| {
                let help = command.clone().render_long_help().to_string();
                assert!(
                    !help.contains("COUNTERFOIL_SERVER") && !help.contains("COUNTERFOIL_TOKEN]"),
                    "{help}"
                );
                assert!(command.has_subcommands() || help.contains(variables.server), "{help}");
            });
        }
        let serve = tree.find_subcommand("serve").unwrap().clone().render_long_help().to_string();
        assert!(!serve.contains("--server"), "{serve}");
        for line in ["--server http://x ruvds tokens list", "ruvds tokens list --server http://x"] {
            let matches = command().get_matches_from(["counterfoil"].into_iter().chain(line.split(' ')));
            let cli = <Cli as clap::FromArgMatches>::from_arg_matches(&matches).unwrap();
            assert_eq!(cli.client.server.as_deref(), Some("http://x"));
        }
    }
}
