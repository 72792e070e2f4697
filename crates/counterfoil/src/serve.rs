//! The server: this build has none yet.

use crate::config::server::Server;
use crate::reach::House;
use anyhow::{Result, bail};

/// Answers on the configured address until told to stop.
#[expect(clippy::unused_async, reason = "the server will wait here")]
pub async fn run(config: Server) -> Result<()> {
    bail!("this build cannot serve yet on {}", config.listen.value)
}

/// Makes the store, its root secret and the first token.
#[expect(clippy::unused_async, reason = "the store will be awaited here")]
pub async fn init(config: Server) -> Result<()> {
    bail!("this build cannot make a store yet at {}", config.store.value)
}

/// Opens the store in this process, for the operator.
#[expect(clippy::unused_async, reason = "the store will be awaited here")]
pub async fn local(config: &Server) -> Result<House> {
    bail!("this build cannot open a store yet at {}; name a server with --server", config.store.value)
}
