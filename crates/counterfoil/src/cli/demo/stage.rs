//! The throw-away server: this program once more, in a directory of its own. Both are gone when it is dropped.

use crate::cli::exit::{Exit, Failure};
use crate::private_file;
use crate::system::SystemEntropy;
use anyhow::{Context as _, Result};
use counterfoil_core::clock::Entropy as _;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A server that answers on this machine.
pub(super) struct Stage {
    server: Child,
    directory: PathBuf,
    /// Where it answers.
    pub(super) url: String,
    /// Its first token.
    pub(super) admin: String,
}

impl Stage {
    /// Starts one on this port and waits until it is ready.
    pub(super) fn open(port: u16) -> Result<Self> {
        let mut chance = [0_u8; 8];
        SystemEntropy.fill(&mut chance)?;
        let name = format!("counterfoil-demo-{:016x}", u64::from_be_bytes(chance));
        let directory = std::env::temp_dir().join(name);
        private_file::directory(&directory)?;
        let log = fs::File::create(directory.join("log"))?;
        let mut server = Command::new(std::env::current_exe()?);
        server.args(["serve", "--listen", &format!("127.0.0.1:{port}"), "--first-token-file", "first"]);
        // Nothing that the user has set for other servers counts here.
        server.env_clear().current_dir(&directory).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log);
        let server = server.spawn().context("the server cannot be started")?;
        let mut stage = Self { server, directory, url: String::new(), admin: String::new() };
        stage.url = stage.ready()?;
        let first = fs::read_to_string(stage.directory.join("first"))?;
        first.trim().clone_into(&mut stage.admin);
        Ok(stage)
    }

    fn ready(&mut self) -> Result<String> {
        let out = self.server.stdout.take().context("the server has no standard output")?;
        for line in BufReader::new(out).lines() {
            if let Some(url) = line?.strip_prefix("ready ") {
                return Ok(url.to_owned());
            }
        }
        let log = fs::read_to_string(self.directory.join("log"))?;
        let last = log.lines().last().unwrap_or_default().trim_start_matches("counterfoil: ").to_owned();
        // What `serve` advises is for `serve`.
        let what = last.split("; choose another").next().unwrap_or_default();
        let why = format!("{what}; another port can be had with --port, and a free one with --port 0");
        Err(Failure::new(Exit::Failed, why).into())
    }

    /// Waits until the server has ended by itself, which it should not.
    pub(super) async fn ended(&mut self) -> Result<Failure> {
        loop {
            if let Some(how) = self.server.try_wait()? {
                return Ok(Failure::new(
                    Exit::Failed,
                    format!("the server has ended ({how}); start the demo anew"),
                ));
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        // It may have gone already, and so may the directory.
        let _ = self.server.kill();
        let _ = self.server.wait();
        let _ = fs::remove_dir_all(&self.directory);
    }
}
