//! What a server has spent: its CPU time, from the system if its process is named, else from its own metrics.

use super::load::Connection;
use crate::cli::exit::Failure;
use crate::system;
use anyhow::Result;
use std::net::SocketAddr;
use std::time::Duration;

/// The metric, as the server writes it.
const METRIC: &str = "process_cpu_seconds_total ";

/// CPU time since a process began, if it can be seen.
pub(super) struct Spent(Option<Duration>);

impl Spent {
    /// So far.
    pub(super) async fn read(pid: Option<u32>, server: SocketAddr) -> Result<Self> {
        let Some(pid) = pid else { return Ok(Self(told(server).await)) };
        let spent = system::cpu(&pid.to_string());
        Ok(Self(Some(spent.ok_or_else(|| Failure::usage(format!("there is no process {pid} to look at")))?)))
    }

    /// What was spent meanwhile.
    pub(super) fn since(self, before: &Self) -> Option<Duration> {
        self.0?.checked_sub(before.0?)
    }
}

/// What the server says of itself; one that says nothing is asked about tokens all the same.
async fn told(server: SocketAddr) -> Option<Duration> {
    let mut connection = Connection::open(server).await.ok()?;
    let reply = connection.ask(b"GET /metrics HTTP/1.1\r\nhost: metrics\r\n\r\n").await.ok()?;
    let text = std::str::from_utf8(reply.body).ok()?;
    let seconds = text.lines().find_map(|line| line.strip_prefix(METRIC))?;
    Duration::try_from_secs_f64(seconds.trim().parse().ok()?).ok()
}
