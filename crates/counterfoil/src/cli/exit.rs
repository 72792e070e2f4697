//! How a command ends: the exit codes that scripts rely on, and the failure that carries one.

use counterfoil_dialects::native::wire::Problem;
use std::io::ErrorKind;
use std::process::ExitCode;

/// The codes as `--help` prints them.
pub const HELP: &str = "Exit codes:
  0    ok
  1    the server failed, or something unexpected happened
  2    wrong usage, or a value that the server refused
  3    there is no such thing
  4    a credential is needed, or was rejected
  5    a conflict, or a precondition that does not hold
  6    refused by policy or rate limit
  7    the server cannot be reached
  8    the checked token is not valid
  130  interrupted

Flags win over variables, variables over files; `counterfoil config show` names the origin of each value.";

/// An exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// It is done.
    Done = 0,
    /// The server failed, or something unexpected happened.
    Failed = 1,
    /// Wrong usage, or a value that the server refused.
    Usage = 2,
    /// There is no such thing.
    NotFound = 3,
    /// A credential is needed, or was rejected.
    Credential = 4,
    /// A conflict, or a precondition that does not hold.
    Conflict = 5,
    /// Refused by policy or rate limit.
    Refused = 6,
    /// The server cannot be reached.
    Unreachable = 7,
    /// The checked token is not valid.
    NotValid = 8,
    /// A person stopped it.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// One sentence and the code to leave with.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// The code.
    pub exit: Exit,
    /// What happened and, where there is something, what to do.
    pub message: String,
    /// Whether the request may have been carried out all the same.
    pub uncertain: bool,
}

impl Failure {
    /// A failure that certainly changed nothing.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into(), uncertain: false }
    }

    /// Wrong usage.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// The same, perhaps carried out.
    #[must_use]
    pub fn perhaps_done(self) -> Self {
        Self { uncertain: true, ..self }
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        let exit = match problem.status {
            400 | 422 => Exit::Usage,
            401 => Exit::Credential,
            403 | 429 => Exit::Refused,
            404 => Exit::NotFound,
            409 | 412 | 428 => Exit::Conflict,
            _ => Exit::Failed,
        };
        let unsaid = problem.errors.iter().filter(|error| !problem.detail.contains(&error.why));
        let fields: Vec<_> = unsaid.map(|error| format!("; `{}` {}", error.field, error.why)).collect();
        let needs = match problem.needs.as_slice() {
            [] => String::new(),
            needs => format!(" (needs {})", needs.join(" or ")),
        };
        let message = format!("{}{}{needs}", problem.detail, fields.concat());
        // A refusal decides; a failing server may have got any distance.
        Self { exit, message, uncertain: problem.status >= 500 || problem.status < 400 }
    }
}

/// The code for whatever a command failed with; a reader who went away is no failure.
pub fn code_of(error: &anyhow::Error) -> Exit {
    if let Some(failure) = error.downcast_ref::<Failure>() {
        return failure.exit;
    }
    match error.downcast_ref::<std::io::Error>() {
        Some(error) if error.kind() == ErrorKind::BrokenPipe => Exit::Done,
        _ => Exit::Failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use counterfoil_dialects::native::wire::FieldError;

    fn problem(status: u16) -> Problem {
        let (kind, title, detail) = ("about:blank".into(), String::new(), "No.".into());
        Problem { kind, title, status, detail, errors: Vec::new(), needs: Vec::new() }
    }

    #[test]
    fn each_refusal_has_its_code() {
        let codes = [
            (400, Exit::Usage),
            (401, Exit::Credential),
            (403, Exit::Refused),
            (404, Exit::NotFound),
            (409, Exit::Conflict),
            (412, Exit::Conflict),
            (429, Exit::Refused),
            (500, Exit::Failed),
            (302, Exit::Failed),
        ];
        for (status, exit) in codes {
            assert_eq!(Failure::from(problem(status)).exit, exit, "{status}");
        }
    }

    #[test]
    fn only_a_failing_server_leaves_doubt() {
        assert!(!Failure::from(problem(409)).uncertain);
        assert!(Failure::from(problem(503)).uncertain);
    }

    #[test]
    fn fields_and_needs_are_named_once() {
        let errors =
            vec![FieldError { field: "name".into(), place: "body".into(), why: "must not be blank".into() }];
        let refusal = Problem { errors, needs: vec!["a".into(), "b".into()], ..problem(400) };
        assert_eq!(Failure::from(refusal).message, "No.; `name` must not be blank (needs a or b)");
    }

    #[test]
    fn a_broken_pipe_is_success() {
        assert_eq!(code_of(&std::io::Error::from(ErrorKind::BrokenPipe).into()), Exit::Done);
        assert_eq!(code_of(&std::io::Error::from(ErrorKind::NotFound).into()), Exit::Failed);
        assert_eq!(code_of(&Failure::usage("x").into()), Exit::Usage);
    }
}
