//! Secrets as arguments: `-` (standard input), `@FILE`, `env:NAME` or the text itself; and the hidden prompt when one is
//! missing.

use super::exit::{Exit, Failure};
use crate::config::client::SecretSource;
use crate::config::environment::Environment;
use crate::config::profile::{Kept, Place};
use counterfoil_core::secret::Secret;
use std::cell::Cell;
use std::io::{IsTerminal, Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};

/// Reads spelt secrets, warns once about one on the command line, and never waits where nobody can answer.
pub struct Secrets<'a> {
    environment: &'a Environment,
    quiet: bool,
    warned: Cell<bool>,
    input_taken: Cell<bool>,
}

impl<'a> Secrets<'a> {
    /// A reader for one run of the program.
    pub fn new(environment: &'a Environment, quiet: bool) -> Self {
        Self { environment, quiet, warned: Cell::new(false), input_taken: Cell::new(false) }
    }

    /// The variables that the program was started with.
    pub fn environment(&self) -> &'a Environment {
        self.environment
    }

    /// The secret that is spelt so.
    pub fn read(&self, spelt: &str) -> Result<Secret, Failure> {
        let text = if spelt == "-" && std::io::stdin().is_terminal() {
            rpassword::prompt_password("the secret (not shown): ")
                .map_err(|why| Failure::usage(format!("standard input cannot be read: {why}")))?
        } else if spelt == "-" {
            self.input()?
        } else if let Some(path) = spelt.strip_prefix('@') {
            std::fs::read_to_string(path)
                .map_err(|why| Failure::usage(format!("{path} cannot be read: {why}")))?
        } else if let Some(name) = spelt.strip_prefix("env:") {
            let missing = || Failure::usage(format!("the variable {name} is not set"));
            self.environment.get(name)?.ok_or_else(missing)?.to_owned()
        } else {
            self.warn();
            spelt.to_owned()
        };
        let text =
            text.strip_suffix('\n').map_or(text.as_str(), |line| line.strip_suffix('\r').unwrap_or(line));
        if text.is_empty() {
            Err(Failure::usage("the secret is empty"))
        } else {
            Ok(Secret::new(text.to_owned()))
        }
    }

    /// The secret that this source gives.
    pub fn of(&self, source: &SecretSource) -> Result<Secret, Failure> {
        match source {
            SecretSource::Spelt(spelt) => self.read(spelt),
            SecretSource::Text(text) => Ok(Secret::new(text.reveal().to_owned())),
            SecretSource::Kept(kept) => self.kept(kept),
        }
    }

    /// The secret that a profile keeps there.
    pub fn kept(&self, kept: &Kept) -> Result<Secret, Failure> {
        let named = |why: Failure| {
            let message = format!("the profile `{}`: {}", kept.profile, why.message);
            Failure { message, ..why }
        };
        self.at(kept).map_err(named)
    }

    fn at(&self, kept: &Kept) -> Result<Secret, Failure> {
        match &kept.place {
            Place::File(path) => self.read(&format!("@{}", path.display())),
            Place::Variable(name) => self.read(&format!("env:{name}")),
            Place::Command(command) => {
                let text = run(command, &kept.directory, None)?;
                let line = text.reveal().strip_suffix('\n').unwrap_or(text.reveal());
                if line.is_empty() {
                    return Err(Failure::new(
                        Exit::Credential,
                        format!("`{} …` printed no secret", command[0]),
                    ));
                }
                Ok(Secret::new(line.to_owned()))
            }
        }
    }

    /// Asks a person without showing the answer; without one, fails and says what to give instead.
    pub fn ask(&self, what: &str, instead: &str) -> Result<Secret, Failure> {
        let missing = || Failure::new(Exit::Credential, format!("{what} is needed: give {instead}"));
        if !std::io::stderr().is_terminal() {
            return Err(missing());
        }
        let answer = rpassword::prompt_password(format!("{what} (not shown): ")).map_err(|_| missing())?;
        if answer.is_empty() { Err(missing()) } else { Ok(Secret::new(answer)) }
    }

    /// All of standard input, once.
    pub fn input(&self) -> Result<String, Failure> {
        if self.input_taken.replace(true) {
            return Err(Failure::usage("only one secret can be read from standard input"));
        }
        let mut text = String::new();
        std::io::stdin()
            .read_to_string(&mut text)
            .map_err(|why| Failure::usage(format!("standard input cannot be read: {why}")))?;
        Ok(text)
    }

    fn warn(&self) {
        if !self.quiet && !self.warned.replace(true) {
            super::remark(
                "warning: others can see a secret on the command line with `ps`; use -, @FILE or env:NAME",
            );
        }
    }
}

/// Runs a program that keeps secrets there, with this one on its standard input; what it prints.
pub fn run(command: &[String], directory: &Path, input: Option<&Secret>) -> Result<Secret, Failure> {
    let failed = |why: String| Failure::new(Exit::Failed, format!("`{} …` {why}", command[0]));
    let stdin = if input.is_some() { Stdio::piped() } else { Stdio::null() };
    let mut program = Command::new(&command[0]);
    program.args(&command[1..]).current_dir(directory).stdin(stdin).stdout(Stdio::piped());
    let mut child = program.spawn().map_err(|why| failed(format!("cannot be run: {why}")))?;
    let mut taken = Ok(());
    if let (Some(secret), Some(mut pipe)) = (input, child.stdin.take()) {
        let line = Secret::new(format!("{}\n", secret.reveal()));
        taken = pipe.write_all(line.reveal().as_bytes());
    }
    let output = child.wait_with_output().map_err(|why| failed(format!("cannot be read: {why}")))?;
    if !output.status.success() {
        return Err(failed(format!("failed: {}", output.status)));
    }
    // One that fails may not have read: how it ended says more than that.
    taken.map_err(|why| failed(format!("does not take it: {why}")))?;
    String::from_utf8(output.stdout).map(Secret::new).map_err(|_| failed("printed what is no text".into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(spelt: &str) -> Result<String, Failure> {
        let environment = Environment::of([("HUSH", "from the environment")]);
        Secrets::new(&environment, true).read(spelt).map(|secret| secret.reveal().to_owned())
    }

    #[test]
    fn a_secret_is_spelt_in_several_ways() {
        let path = std::env::temp_dir().join(format!("counterfoil-secret-{}", std::process::id()));
        std::fs::write(&path, "from a file\r\n").unwrap();
        assert_eq!(read(&format!("@{}", path.display())).unwrap(), "from a file");
        std::fs::remove_file(path).unwrap();
        assert_eq!(read("env:HUSH").unwrap(), "from the environment");
        assert_eq!(read("cf_literal").unwrap(), "cf_literal");
    }

    #[test]
    fn what_is_missing_is_named() {
        assert_eq!(read("env:NOT_SET").unwrap_err().message, "the variable NOT_SET is not set");
        assert!(read("@/nowhere/at/all").unwrap_err().message.starts_with("/nowhere/at/all cannot be read"));
        assert_eq!(read("").unwrap_err().exit, Exit::Usage);
    }

    #[test]
    fn a_program_that_fails_unread_is_told_by_how_it_ended() {
        let command = |line: &str| ["sh", "-c", line].map(ToOwned::to_owned);
        // More than a pipe holds: whoever does not read it breaks it.
        let long = Secret::new("x".repeat(1 << 20));
        let failed = run(&command("exit 3"), Path::new("/"), Some(&long)).unwrap_err();
        assert_eq!(failed.message, "`sh …` failed: exit status: 3");
        let unread = run(&command("exit 0"), Path::new("/"), Some(&long)).unwrap_err();
        assert!(unread.message.starts_with("`sh …` does not take it"), "{unread:?}");
    }

    #[test]
    fn standard_input_gives_one_secret() {
        let environment = Environment::default();
        let secrets = Secrets::new(&environment, true);
        secrets.input_taken.set(true);
        assert_eq!(secrets.read("-").unwrap_err().exit, Exit::Usage);
    }
}
