//! The server: opens the store, answers on its addresses, tends the house, and ends cleanly.

mod accept;
mod front;
mod house;
mod log;
mod metrics;
mod patience;
mod spoken;
mod strict;
mod tls;

use crate::config::server::Server;
use anyhow::{Context as _, Result, anyhow, bail};
use bytes::Bytes;
use counterfoil_core::authority::{Authority, Issued};
use counterfoil_core::clock::Future;
use counterfoil_dialects::dialect::Reply;
use front::{Front, Via};
use house::{Household, Missing};
use http::Request;
use std::fmt::Write as _;
use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tls::Tls;
use tokio::net::TcpSocket;
use tokio::signal::unix::{Signal, SignalKind, signal};
use zeroize::Zeroizing;

/// The authority in this process: a request in, its answer out.
pub type House = Box<dyn Fn(Request<Bytes>) -> Future<'static, Reply> + Send + Sync>;

/// How often the house is tended.
const TENDED_EVERY: Duration = Duration::from_secs(1);

/// How many connections may wait to be accepted.
const BACKLOG: u32 = 1024;

/// Answers on the configured address until told to stop; makes the store first where there is none.
pub async fn run(config: Server) -> Result<()> {
    log::start(&config)?;
    let tls = Tls::open(&config)?.map(Arc::new);
    // The port first: if it is taken, no store has been made whose first token nobody saw.
    let taken = |why| {
        let listen = config.listen.value;
        anyhow!(
            "{listen} cannot be listened on ({why}); choose another with --listen, or --listen 127.0.0.1:0 for a free port"
        )
    };
    let port = claim(config.listen.value).map_err(taken)?;
    let Household { house, doorways, broken, first } = house::open(&config, Missing::Make).await?;
    // Listening last: until the store is open, whoever connects is told at once that nobody answers.
    let listener = port.listen(BACKLOG).map_err(taken)?;
    let address = listener.local_addr()?;
    let url = format!("{}://{address}", scheme(&config));
    let mut front = Front::new(Arc::clone(&house), doorways, config.trusted_proxies.value.0.clone())?;
    front.url.clone_from(&url);
    let front = Arc::new(front);
    let operator = accept::operator_socket(&config);
    let (mut term, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let hangup = signal(SignalKind::hangup())?;
    let stop = async move {
        tokio::select! { _ = term.recv() => {} _ = interrupt.recv() => {} }
    };

    if tls.is_none() && !address.ip().is_loopback() && config.trusted_proxies.value.0.is_empty() {
        tracing::warn!(
            %address,
            "EVERYBODY ON THE WAY CAN READ EVERY TOKEN: this address is not the machine's own and there is no TLS; \
             name tls_cert and tls_key, or in trusted_proxies the proxies that have TLS"
        );
    }

    let files = crate::system::raise_open_files();
    let mut said = first.as_ref().map_or_else(Zeroizing::default, |first| banner(&config, first, &url));
    writeln!(said, "ready {url}")?;
    say(&said)?;
    tracing::info!(%address, texts = house.index_len(), files, "ready");

    let tending = tokio::spawn(tend(Arc::clone(&house)));
    let outcome = tokio::select! {
        () = accept::serve(listener, tls.clone(), operator, front, stop) => Ok(()),
        () = reread(tls.clone(), hangup) => Ok(()),
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
    say(&first.as_ref().map_or_else(Zeroizing::default, |first| {
        banner(&config, first, &format!("{}://127.0.0.1:8080", scheme(&config)))
    }))
}

/// Takes the address without listening on it yet.
fn claim(address: SocketAddr) -> std::io::Result<TcpSocket> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // Or the connections of a server that stopped just now would keep the address for minutes.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

/// Prints all of it at once, and fails where a reader who went away is a failure.
fn say(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    let said = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    said.map_err(|why| anyhow!("standard output cannot be written ({why}); see to it that somebody reads it"))
}

/// Opens the store in this process, for the operator.
pub async fn local(config: &Server) -> Result<House> {
    let Household { house, doorways, .. } = house::open(config, Missing::Refuse).await?;
    let front = Arc::new(Front::new(Arc::clone(&house), doorways, Vec::new())?);
    Ok(Box::new(move |request| {
        let (front, house) = (Arc::clone(&front), Arc::clone(&house));
        Box::pin(async move {
            let reply = front.answer_whole(request, Via::Operator).await;
            // Nobody tends a house that closes after a few questions, so uses are written down at once.
            if let Err(error) = house.flush().await {
                tracing::warn!(error = &error as &dyn std::error::Error, "last uses were not written down");
            }
            reply
        })
    }))
}

/// Reads the certificate anew whenever SIGHUP comes; never ends.
async fn reread(tls: Option<Arc<Tls>>, mut hangup: Signal) {
    while hangup.recv().await.is_some() {
        if let Some(tls) = &tls {
            tls.reload();
        } else {
            tracing::info!("SIGHUP: there is no certificate to read anew");
        }
    }
    std::future::pending::<()>().await;
}

fn scheme(config: &Server) -> &'static str {
    if config.tls.is_some() { "https" } else { "http" }
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

/// What a newcomer needs, shown once: where everything lies, the first token, and what to do with it.
fn banner(config: &Server, first: &Issued, url: &str) -> Zeroizing<String> {
    let store = &config.store.value;
    let secret = config.root_secret_file.value.display();
    let made = format!(
        "made   {store}\n\
         secret {secret}   keep it apart from the store's backups; without it no token can be checked\n"
    );
    if let Some(file) = &config.first_token_file {
        let file = file.value.display();
        return Zeroizing::new(format!("{made}token  {}   in {file}, readable by you only\n", first.id));
    }
    let token = first.text.reveal();
    let bearer = "-H \"Authorization: Bearer $COUNTERFOIL_TOKEN\" \\";
    Zeroizing::new(format!(
        "{made}token  {token}   shown this once; it may do everything (scope *)\n\
         \n\
         Make a token of your own, then ask whether it counts:\n  \
           export COUNTERFOIL_TOKEN={token}\n  \
           curl -s {url}/v1/tokens {bearer}\n    \
             --json '{{\"name\":\"ci\",\"scopes\":[\"deploy\"],\"expires\":\"30d\"}}'\n  \
           curl -s {url}/v1/verify {bearer}\n    \
             --json '{{\"token\":\"PASTE IT HERE\",\"scope\":\"deploy\"}}'\n\
         \n"
    ))
}
