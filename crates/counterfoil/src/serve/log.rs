//! The log: to standard error, one line a request, a change, a failure.

use crate::config::server::{LogFormat, Server};
use anyhow::{Result, anyhow};
use tracing_subscriber::EnvFilter;

/// Starts it as configured.
pub(super) fn start(config: &Server) -> Result<()> {
    let filter = config.log.value.parse::<EnvFilter>();
    let filter = filter.map_err(|why| anyhow!("the log filter `{}` is wrong: {why}", config.log.value))?;
    let builder =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(false);
    let started = match config.log_format.value {
        LogFormat::Text => builder.try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    started.map_err(|why| anyhow!("the log cannot be started: {why}"))
}
