//! Accepting connections: HTTP/1.1 and HTTP/2 on the configured address, with TLS or without, and the operator's socket
//! beside the database.

use super::front::{Front, Via};
use super::patience::{Patience, Patient, Turns, Whole};
use super::spoken::Spoken;
use super::tls::Tls;
use crate::config::server::Server;
use http::Version;
use http_body_util::BodyExt as _;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use std::convert::Infallible;
use std::fs::Permissions;
use std::net::IpAddr;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream, UnixListener};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::server::TlsStream;

/// How long a TLS handshake may take.
const SHAKEN_WITHIN: Duration = Duration::from_secs(10);
/// How long a request's body may take to come.
const BODY_WITHIN: Duration = Duration::from_mins(1);
/// How long is waited for whoever is silent, more than a proxy keeps an idle connection for; and for a request's head.
const PATIENCE: Patience = Patience { silence: Duration::from_secs(90), head: Duration::from_secs(10) };
/// How long what is under way may take to end after a stop.
const DRAINED_WITHIN: Duration = Duration::from_secs(10);

/// The operator's socket: whoever may open it is the operator.
pub(super) struct OperatorSocket {
    listener: UnixListener,
    path: PathBuf,
    owner: u32,
}

impl Drop for OperatorSocket {
    fn drop(&mut self) {
        drop(std::fs::remove_file(&self.path));
    }
}

/// Opens the operator's socket, for our own user only. The store's lock is held, so one that lies there is left over.
/// Without it local commands cannot reach this server; that is said, and no reason to stop.
pub(super) fn operator_socket(config: &Server) -> Option<OperatorSocket> {
    let path = config.socket()?;
    let open = || {
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = UnixListener::bind(&path)?;
        std::fs::set_permissions(&path, Permissions::from_mode(0o600))?;
        let owner = std::fs::metadata(&path)?.uid();
        Ok(OperatorSocket { listener, path: path.clone(), owner })
    };
    open()
        .inspect_err(|error| {
            tracing::warn!(socket = %path.display(), %error, "local commands cannot reach this server; use --server");
        })
        .ok()
}

/// Serves until `stop`, then lets what is under way end, within bounds.
pub(super) async fn serve(
    listener: TcpListener,
    tls: Option<Arc<Tls>>,
    operator: Option<OperatorSocket>,
    front: Arc<Front>,
    stop: impl Future<Output = ()>,
) {
    let graceful = GracefulShutdown::new();
    tokio::pin!(stop);
    let mut handshakes = JoinSet::new();
    loop {
        tokio::select! {
            () = &mut stop => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    // Small answers leave at once; failing to ask for that is no reason to refuse.
                    let _ = stream.set_nodelay(true);
                    match &tls {
                        None => converse(stream, Via::Network(peer.ip()), &front, &graceful),
                        Some(tls) => drop(handshakes.spawn(shake(stream, peer.ip(), Arc::clone(tls)))),
                    }
                }
                Err(error) => out_of_breath(&error).await,
            },
            Some(shaken) = handshakes.join_next() => if let Ok(Some((stream, peer))) = shaken {
                converse(stream, Via::Tls(peer), &front, &graceful);
            },
            accepted = local(operator.as_ref()) => match accepted {
                Ok(stream) => converse(stream, Via::Operator, &front, &graceful),
                Err(error) => out_of_breath(&error).await,
            },
        }
    }
    drop(listener);
    drop(operator);
    drop(handshakes);
    if timeout(DRAINED_WITHIN, graceful.shutdown()).await.is_err() {
        tracing::warn!("some connections were cut after {DRAINED_WITHIN:?}");
    }
}

/// A TLS handshake; one that fails or takes too long is a connection that never was.
async fn shake(stream: TcpStream, peer: IpAddr, tls: Arc<Tls>) -> Option<(TlsStream<TcpStream>, IpAddr)> {
    match timeout(SHAKEN_WITHIN, tls.acceptor().accept(stream)).await {
        Ok(Ok(stream)) => Some((stream, peer)),
        Ok(Err(error)) => {
            tracing::debug!(%error, "a TLS handshake failed");
            None
        }
        Err(_) => {
            tracing::debug!("a TLS handshake took too long");
            None
        }
    }
}

async fn local(operator: Option<&OperatorSocket>) -> std::io::Result<tokio::net::UnixStream> {
    let Some(operator) = operator else { return std::future::pending().await };
    loop {
        let (stream, _) = operator.listener.accept().await?;
        let peer = stream.peer_cred()?.uid();
        if peer == operator.owner || peer == 0 {
            return Ok(stream);
        }
        tracing::warn!(peer, "a stranger opened the operator's socket and was turned away");
    }
}

fn converse<S>(stream: S, via: Via, front: &Arc<Front>, graceful: &GracefulShutdown)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (front, turns) = (Arc::clone(front), Arc::new(Turns::default()));
    let stream = TokioIo::new(Patient::new(stream, PATIENCE, Arc::clone(&turns)));
    let service = service_fn(move |request: http::Request<hyper::body::Incoming>| {
        let (front, turns) = (Arc::clone(&front), Arc::clone(&turns));
        async move {
            turns.asked();
            let version = request.version();
            let request = request.map(|body| Whole::within(BODY_WITHIN, body).boxed_unsync());
            let reply = front.answer(request, via).await;
            if version < Version::HTTP_2 {
                turns.answered();
            }
            Ok::<_, Infallible>(Spoken::of(reply))
        }
    });
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().max_buf_size(64 * 1024);
    builder.http2().timer(TokioTimer::new()).max_header_list_size(64 * 1024);
    let connection = graceful.watch(builder.serve_connection(stream, service).into_owned());
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(error, "a connection ended badly");
        }
    });
}

/// Accepting fails when descriptors run out; a breath lets some be given back instead of spinning.
async fn out_of_breath(error: &std::io::Error) {
    tracing::warn!(%error, "a connection could not be accepted");
    tokio::time::sleep(Duration::from_millis(50)).await;
}
