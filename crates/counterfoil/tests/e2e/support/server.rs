//! The server as a process: started in a place, waited for, ended or killed, its words kept.

use super::http::{Client, Connection};
use super::place::{Place, Ran};
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

/// A server that answers; killed when it goes out of scope.
pub(crate) struct Server {
    child: Child,
    /// Where it answers.
    pub(crate) address: SocketAddr,
    scheme: String,
    /// What it printed before it was ready.
    pub(crate) banner: Vec<String>,
    out: BufReader<ChildStdout>,
    log: PathBuf,
}

impl Server {
    /// Starts one in this place on a free port.
    pub(crate) fn start(place: &Place) -> Self {
        Self::start_with(place, &[])
    }

    /// Starts one with these arguments more.
    pub(crate) fn start_with(place: &Place, arguments: &[&str]) -> Self {
        Self::run(place.program().args(["serve", "--listen", "127.0.0.1:0"]).args(arguments))
    }

    /// Starts whatever command runs a server, and waits until it is ready.
    pub(crate) fn run(command: &mut Command) -> Self {
        let log = command.get_current_dir().unwrap().join("stderr");
        let errors = File::options().create(true).append(true).open(&log).unwrap();
        let command = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(errors);
        let mut child = command.spawn().unwrap_or_else(|why| panic!("{command:?} cannot be run: {why}"));
        let out = BufReader::new(child.stdout.take().unwrap());
        let nowhere = SocketAddr::from(([0, 0, 0, 0], 0));
        let mut server =
            Self { child, address: nowhere, scheme: String::new(), banner: Vec::new(), out, log };
        loop {
            let mut line = String::new();
            let read = server.out.read_line(&mut line).unwrap();
            assert_ne!(read, 0, "the server ended before it was ready: {}", server.log());
            if let Some((scheme, address)) =
                line.trim_end().strip_prefix("ready ").and_then(|url| url.split_once("://"))
            {
                (server.scheme, server.address) = (scheme.to_owned(), address.parse().unwrap());
                return server;
            }
            server.banner.push(line.trim_end().to_owned());
        }
    }

    /// Its process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Its URL.
    pub(crate) fn url(&self) -> String {
        format!("{}://{}", self.scheme, self.address)
    }

    /// The first token, as the banner shows it.
    pub(crate) fn first_token(&self) -> String {
        let line = self.banner.iter().find_map(|line| line.strip_prefix("token  cf_")).unwrap();
        format!("cf_{}", line.split(' ').next().unwrap())
    }

    /// Whoever asks with this token.
    pub(crate) fn client(&self, token: &str) -> Client {
        Client::bearer(self.address, token)
    }

    /// Whoever asks with the first token of the place.
    pub(crate) fn admin(&self, place: &Place) -> Client {
        self.client(&place.first_token())
    }

    /// A connection to it.
    pub(crate) fn connect(&self) -> Connection {
        Connection::open(self.address).unwrap()
    }

    /// What it has logged so far.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.log_file()).unwrap()
    }

    /// Where it logs.
    pub(crate) fn log_file(&self) -> &Path {
        &self.log
    }

    /// Sends it a signal by name.
    pub(crate) fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.pid());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    }

    /// Waits until it has ended by itself: how, and what it printed since it was ready.
    pub(crate) fn ended(mut self) -> Ran {
        let mut rest = String::new();
        self.out.read_to_string(&mut rest).unwrap();
        let status = self.child.wait().unwrap();
        Ran { code: status.code(), out: rest, err: self.log() }
    }

    /// Ends it in order.
    pub(crate) fn stop(self) {
        self.signal("TERM");
        let ran = self.ended();
        assert_eq!(ran.code, Some(0), "{ran:?}");
    }

    /// Kills it on the spot and waits until it is gone.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
