//! Clients of other people, in the virtual environment that `scripts/test` makes, and the one that is generated beside it.

use super::place::{Ran, finish};
use std::path::Path;
use std::process::Command;

/// Runs a script of `tests/clients` with these arguments, to its end.
pub(crate) fn script(name: &str, arguments: &[&str], input: &str) -> Ran {
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../venv");
    let python = place.join("bin/python");
    assert!(python.exists(), "{} is missing: `scripts/test` makes it", python.display());
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients").join(name);
    let generated = place.join("pyruvds");
    finish(Command::new(python).env("PYTHONPATH", generated).arg(script).args(arguments), input)
}
