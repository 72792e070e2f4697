//! Clients of other people, in the Node.js that `scripts/test` installs with their packages.

use super::place::{Ran, finish};
use std::fs;
use std::path::Path;
use std::process::Command;

/// Runs a script of `tests/clients` with these arguments, to its end.
pub(crate) fn script(name: &str, arguments: &[&str], input: &str) -> Ran {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("..");
    let (node, packages) = (target.join("venv/bin/node"), target.join("node"));
    for needed in [&node, &packages.join("node_modules")] {
        assert!(needed.exists(), "{} is missing: `scripts/test` makes it", needed.display());
    }
    // A module finds others only beside itself.
    let (script, copy) =
        (Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients").join(name), packages.join(name));
    fs::copy(script, &copy).unwrap();
    finish(Command::new(node).arg(copy).args(arguments), input)
}
