//! The server: opens the store, answers on its addresses, tends the house, and ends cleanly.

mod accept;
mod forwarded;
mod front;
mod house;
mod log;
mod metrics;

use crate::config::server::Server;
use anyhow::{Context as _, Result, bail};
use bytes::Bytes;
use counterfoil_core::authority::{Authority, Issued};
use counterfoil_core::clock::Future;
use counterfoil_dialects::dialect::Reply;
use front::{Front, Via};
use house::{Household, Missing};
use http::Request;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

/// The authority in this process: a request in, its answer out.
pub type House = Box<dyn Fn(Request<Bytes>) -> Future<'static, Reply> + Send + Sync>;

/// How often the house is tended.
const TENDED_EVERY: Duration = Duration::from_secs(1);

/// Answers on the configured address until told to stop; makes the store first where there is none.
pub async fn run(config: Server) -> Result<()> {
    log::start(&config)?;
    let Household { house, doorway, broken, first } = house::open(&config, Missing::Make).await?;
    let listener = TcpListener::bind(config.listen.value).await.with_context(|| {
        let listen = config.listen.value;
        format!("{listen} cannot be listened on; choose another with --listen, or --listen 127.0.0.1:0 for a free port")
    })?;
    let address = listener.local_addr()?;
    let front = Arc::new(Front::new(Arc::clone(&house), doorway, config.trusted_proxies.value.0.clone())?);
    let operator = accept::operator_socket(&config);
    let (mut term, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let stop = async move {
        tokio::select! { _ = term.recv() => {} _ = interrupt.recv() => {} }
    };

    if let Some(first) = &first {
        banner(&config, first, &address.to_string());
    }
    println!("ready http://{address}");
    tracing::info!(%address, texts = house.index_len(), "ready");

    let tending = tokio::spawn(tend(Arc::clone(&house)));
    let outcome = tokio::select! {
        () = accept::serve(listener, operator, front, stop) => Ok(()),
        () = broken => Err(()),
    };
    tending.abort();
    match outcome {
        Ok(()) => {
            house.flush().await.context("the last uses could not be written down")?;
            tracing::info!("stopped");
            Ok(())
        }
        Err(()) => bail!("the store has given up after an I/O error; look at the disk, then start again"),
    }
}

/// Makes the store, its root secret unless one lies ready, and the first token.
pub async fn init(config: Server) -> Result<()> {
    let Household { first, .. } = house::open(&config, Missing::Init).await?;
    if let Some(first) = &first {
        banner(&config, first, "127.0.0.1:8080");
    }
    Ok(())
}

/// Opens the store in this process, for the operator.
pub async fn local(config: &Server) -> Result<House> {
    let Household { house, doorway, .. } = house::open(config, Missing::Refuse).await?;
    let front = Arc::new(Front::new(house, doorway, Vec::new())?);
    Ok(Box::new(move |request| {
        let front = Arc::clone(&front);
        Box::pin(async move { front.answer_whole(request, Via::Operator).await })
    }))
}

async fn tend(house: Arc<Authority>) {
    let mut beat = tokio::time::interval(TENDED_EVERY);
    loop {
        beat.tick().await;
        if let Err(error) = house.tend().await {
            tracing::error!(error = &error as &dyn std::error::Error, "tending failed; it is tried again");
        }
    }
}

/// What a newcomer needs, printed once: where everything lies, the first token, and what to do with it.
fn banner(config: &Server, first: &Issued, address: &str) {
    println!("made   {}", config.store.value);
    println!(
        "secret {}   keep it apart from the store's backups; without it no token can be checked",
        config.root_secret_file.value.display()
    );
    if let Some(file) = &config.first_token_file {
        println!("token  {}   in {}, readable by you only", first.id, file.value.display());
        return;
    }
    let token = first.text.reveal();
    println!("token  {token}   shown this once; it may do everything (scope *)");
    println!();
    println!("Make a token of your own, then ask whether it counts:");
    println!("  export COUNTERFOIL_TOKEN={token}");
    println!("  curl -s http://{address}/v1/tokens -H \"Authorization: Bearer $COUNTERFOIL_TOKEN\" \\");
    println!("    --json '{{\"name\":\"ci\",\"scopes\":[\"deploy\"],\"expires\":\"30d\"}}'");
    println!("  curl -s http://{address}/v1/verify -H \"Authorization: Bearer $COUNTERFOIL_TOKEN\" \\");
    println!("    --json '{{\"token\":\"PASTE IT HERE\",\"scope\":\"deploy\"}}'");
    println!();
}
