//! A directory of its own for one test, and the program run in it to its end.

use std::fs::{self, Permissions};
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

/// The program under test.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_counterfoil");

/// A directory, gone afterwards.
pub(crate) struct Place(TempDir);

/// How a run of the program ended and what it said.
#[derive(Debug)]
pub(crate) struct Ran {
    /// The exit code; a signal has none.
    pub(crate) code: Option<i32>,
    /// What it printed.
    pub(crate) out: String,
    /// What it complained of.
    pub(crate) err: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }
}

impl Ran {
    /// What it printed, if it ended well.
    pub(crate) fn printed(self) -> String {
        assert_eq!(self.code, Some(0), "{self:?}");
        self.out
    }

    /// The one sentence with which it refused to go on.
    pub(crate) fn refused(self) -> String {
        assert!(self.code.is_some_and(|code| code != 0), "{self:?}");
        assert_eq!(self.out, "", "{self:?}");
        assert!(self.err.starts_with("counterfoil: ") && self.err.ends_with('\n'), "{self:?}");
        assert_eq!(self.err.lines().count(), 1, "{self:?}");
        self.err
    }
}

impl Place {
    /// An empty one.
    pub(crate) fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    /// One with a store, its root secret and a first token in `first`, made by `init`.
    pub(crate) fn with_store() -> Self {
        let place = Self::new();
        place.run(&["init", "--first-token-file", "first"]).printed();
        place
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// The path of a file in it.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    /// Writes a file.
    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.file(name), bytes).unwrap();
    }

    /// Writes the file of profiles.
    pub(crate) fn write_profiles(&self, text: &str) {
        fs::create_dir_all(self.file("config/counterfoil")).unwrap();
        self.write("config/counterfoil/config.toml", text);
    }

    /// Removes a directory with all that is in it.
    pub(crate) fn remove(&self, name: &str) {
        fs::remove_dir_all(self.file(name)).unwrap();
    }

    /// Reads a file.
    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.file(name)).unwrap()
    }

    /// The token that `--first-token-file first` left.
    pub(crate) fn first_token(&self) -> String {
        String::from_utf8(self.read("first")).unwrap().trim().to_owned()
    }

    /// The permission bits of a file.
    pub(crate) fn mode(&self, name: &str) -> u32 {
        fs::metadata(self.file(name)).unwrap().mode() & 0o7777
    }

    /// Sets the permission bits of a file; of the directory itself for `.`.
    pub(crate) fn allow(&self, name: &str, mode: u32) {
        fs::set_permissions(self.file(name), Permissions::from_mode(mode)).unwrap();
    }

    /// What lies in it, sorted.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.path()).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// The program, to be run here with nothing in its environment that the test did not put there.
    pub(crate) fn program(&self) -> Command {
        self.here(Command::new(PROGRAM))
    }

    /// The program, to be run here by a user who is nobody in particular, from a copy that this user can reach.
    pub(crate) fn program_as_nobody(&self) -> Command {
        let copy = self.file("counterfoil");
        if !copy.exists() {
            fs::copy(PROGRAM, &copy).unwrap();
            self.allow("counterfoil", 0o755);
        }
        let mut command = as_nobody();
        command.arg(copy);
        self.here(command)
    }

    /// A command, to be run here.
    pub(crate) fn here(&self, mut command: Command) -> Command {
        command.env_clear().env("PATH", "/usr/bin:/bin").env("RUST_BACKTRACE", "1").current_dir(self.path());
        command.env("XDG_CONFIG_HOME", self.file("config")).env("XDG_CACHE_HOME", self.file("cache"));
        command
    }

    /// Runs the program to its end, which must come.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        self.run_with(arguments, &[], "")
    }

    /// Runs it with these variables and this on its standard input.
    pub(crate) fn run_with(&self, arguments: &[&str], variables: &[(&str, &str)], input: &str) -> Ran {
        let mut command = self.here(Command::new("timeout"));
        finish(command.args(["60", PROGRAM]).args(arguments).envs(variables.iter().copied()), input)
    }
}

/// Runs a command to its end with this on its standard input.
pub(crate) fn finish(command: &mut Command, input: &str) -> Ran {
    let pipes = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = pipes.spawn().unwrap_or_else(|why| panic!("{command:?} cannot be run: {why}"));
    // A program that does not read its input may be gone before it is written.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap().into()
}

/// What runs the rest of its arguments as the user 65534.
pub(crate) fn as_nobody() -> Command {
    let root = fs::metadata("/proc/self").unwrap().uid() == 0;
    let mut command = Command::new(if root { "setpriv" } else { "sudo" });
    if !root {
        command.args(["-n", "-E", "setpriv"]);
    }
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups", "--"]);
    command
}
