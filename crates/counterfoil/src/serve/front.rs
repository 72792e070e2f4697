//! The front: what the server itself answers, and what surrounds every other answer: bounds on the request's head, the
//! caller's address, one log line, metrics. A handler that breaks breaks alone, and a caller that leaves stops nothing
//! that was begun.

use super::house::Doorways;
use super::metrics::Metrics;
use super::strict;
use crate::reach::WHERE;
use anyhow::Result;
use bytes::Bytes;
use counterfoil_core::authority::Authority;
use counterfoil_core::clock::Future;
use counterfoil_core::realm::DEFAULT;
use counterfoil_dialects::dialect::Reply;
use counterfoil_dialects::doorway::{Answered, LONGEST_HEAD, LONGEST_TARGET};
use counterfoil_dialects::incoming::Incoming;
use counterfoil_dialects::native::client::REALM;
use counterfoil_dialects::origin::Origin;
use counterfoil_dialects::refusal::Refused;
use counterfoil_dialects::{forwarded, openapi, reply};
use http::header::{ACCEPT, CONNECTION};
use http::{HeaderValue, Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use ipnet::IpNet;
use std::future::poll_fn;
use std::net::IpAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::Poll;
use std::time::Instant;

/// How a request came.
#[derive(Debug, Clone, Copy)]
pub(super) enum Via {
    /// From this peer, over a network.
    Network(IpAddr),
    /// From this peer, over TLS.
    Tls(IpAddr),
    /// Through the operator's socket, or in process.
    Operator,
}

/// The server's face.
#[derive(Debug)]
pub(super) struct Front {
    house: Arc<Authority>,
    doorways: Doorways,
    metrics: Metrics,
    trusted: Vec<IpNet>,
    openapi: Bytes,
    /// Where it answers others; nowhere in process.
    pub(super) url: String,
}

impl Front {
    /// Before these doorways; `trusted` proxies are believed about where requests come from.
    pub(super) fn new(house: Arc<Authority>, doorways: Doorways, trusted: Vec<IpNet>) -> Result<Self> {
        let document = openapi::document(doorways.mounted.routes(), env!("CARGO_PKG_VERSION"));
        let openapi = serde_json::to_vec(&document)?.into();
        Ok(Self {
            metrics: Metrics::new(Arc::clone(&house)),
            house,
            doorways,
            trusted,
            openapi,
            url: String::new(),
        })
    }

    /// Answers a request whose body is at hand.
    pub(super) async fn answer_whole(self: Arc<Self>, request: Request<Bytes>, via: Via) -> Reply {
        let body = |bytes| Full::new(bytes).map_err(|never| match never {}).boxed_unsync();
        self.answer(request.map(body), via).await
    }

    /// Answers a request.
    pub(super) async fn answer(self: Arc<Self>, request: Request<Incoming>, via: Via) -> Reply {
        let began = Instant::now();
        let method = request.method().clone();
        let origin = self.origin(&request, via);
        let address = origin.address();
        let answered = self.route(request, origin).await;
        let (took, status) = (began.elapsed(), answered.reply.status());
        self.metrics.note(&answered, &method, took);
        tracing::info!(
            method = method.as_str(),
            route = &*answered.route,
            dialect = answered.dialect,
            status = status.as_u16(),
            micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
            from = address.map(tracing::field::display),
            "answered"
        );
        answered.reply
    }

    fn origin(&self, request: &Request<Incoming>, via: Via) -> Origin {
        let (peer, tls) = match via {
            Via::Operator => {
                let realm = request.headers().get(REALM).and_then(|value| value.to_str().ok());
                return Origin::Operator(realm.unwrap_or(DEFAULT).to_owned());
            }
            Via::Network(peer) => (peer, false),
            Via::Tls(peer) => (peer, true),
        };
        let (headers, trusted) = (request.headers(), &*self.trusted);
        let caller = forwarded::caller(peer, headers, trusted);
        Origin::Network { peer, caller, secure: tls || forwarded::secure(peer, headers, trusted) }
    }

    async fn route(self: &Arc<Self>, request: Request<Incoming>, origin: Origin) -> Answered {
        let mounted = &self.doorways.mounted;
        if let Some(refused) = too_long(&request) {
            return Answered::by_server("-", mounted.refuse(request.uri().path(), refused));
        }
        if let Some(reply) = origin.peer().and_then(|_| self.refuse_unclear(&request)) {
            return Answered::by_server("-", reply);
        }
        let asks = matches!(*request.method(), Method::GET | Method::HEAD);
        let path = request.uri().path();
        let own = match path {
            "/healthz" if asks => {
                Some(reply::whole(StatusCode::OK, "text/plain", Bytes::from_static(b"ok\n")))
            }
            "/readyz" if asks => Some(Box::pin(self.ready()).await),
            "/metrics" if asks => Some(self.measured(&request)),
            "/openapi.json" if asks => {
                Some(reply::whole(StatusCode::OK, "application/json", self.openapi.clone()))
            }
            WHERE if asks && origin.operator().is_some() => {
                Some(reply::whole(StatusCode::OK, "text/plain", self.url.clone().into()))
            }
            "/healthz" | "/readyz" | "/metrics" | "/openapi.json" => {
                let (asked, allowed) = (request.method().clone(), vec![Method::GET, Method::HEAD]);
                Some(mounted.refuse(path, Refused::Method { asked, allowed }))
            }
            _ => None,
        };
        if let Some(reply) = own {
            return Answered::by_server(path, reply);
        }
        let doorway = Arc::clone(if origin.operator().is_some() { &self.doorways.desk } else { mounted });
        let uri = request.uri().clone();
        let answered = to_its_end(Box::pin(async move { doorway.answer(request, origin).await })).await;
        answered.unwrap_or_else(|| {
            tracing::error!("a handler broke");
            Answered::by_server("-", mounted.refuse(uri.path(), Refused::Broken))
        })
    }

    /// What two may read differently: whoever sent it is not listened to further. Requests in process name no host.
    fn refuse_unclear(&self, request: &Request<Incoming>) -> Option<Reply> {
        let why = strict::objection(request)?;
        let mut refused = self.doorways.mounted.refuse(request.uri().path(), Refused::Malformed(why));
        refused.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        Some(refused)
    }

    async fn ready(&self) -> Reply {
        match self.house.reachable().await {
            Ok(()) => reply::whole(StatusCode::OK, "text/plain", Bytes::from_static(b"ready\n")),
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "not ready");
                let words = Bytes::from_static(b"the store does not answer\n");
                reply::whole(StatusCode::SERVICE_UNAVAILABLE, "text/plain", words)
            }
        }
    }

    fn measured(&self, request: &Request<Incoming>) -> Reply {
        let accepted = request.headers().get(ACCEPT).and_then(|value| value.to_str().ok());
        match self.metrics.text(accepted) {
            Ok((media_type, text)) => reply::whole(StatusCode::OK, media_type, text.into()),
            Err(error) => {
                tracing::error!(%error, "the metrics could not be written");
                reply::empty(StatusCode::INTERNAL_SERVER_ERROR)
            }
        }
    }
}

/// Carries out what was begun, whether anybody still waits for it or not; `None` if it breaks. What has to wait goes on in
/// a task of its own; a check never waits, and is spared one.
async fn to_its_end<T: Send + 'static>(mut work: Future<'static, T>) -> Option<T> {
    let begun =
        poll_fn(|context| Poll::Ready(catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context))))).await;
    match begun {
        Ok(Poll::Ready(done)) => Some(done),
        Ok(Poll::Pending) => tokio::spawn(work).await.ok(),
        Err(_) => None,
    }
}

fn too_long(request: &Request<Incoming>) -> Option<Refused> {
    let target = request.uri().path_and_query().map_or(0, |target| target.as_str().len());
    if target > LONGEST_TARGET {
        return Some(Refused::Head(StatusCode::URI_TOO_LONG, "the request target is longer than 8 KiB"));
    }
    let head: usize =
        request.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    let long = head > LONGEST_HEAD;
    long.then_some(Refused::Head(
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
        "the header block is longer than 32 KiB",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::Future as _;
    use tokio::sync::oneshot;
    use tokio::task::yield_now;

    #[tokio::test]
    async fn what_was_begun_goes_on_when_nobody_waits_for_it() {
        let ((speak, heard), (done, is_done)) = (oneshot::channel::<()>(), oneshot::channel());
        let work = async move {
            heard.await.unwrap();
            done.send(()).unwrap();
            Reply::default()
        };
        let mut answer = Box::pin(to_its_end(Box::pin(work)));
        assert!(poll_fn(|context| Poll::Ready(answer.as_mut().poll(context))).await.is_pending());
        drop(answer);
        speak.send(()).unwrap();
        is_done.await.unwrap();
    }

    #[tokio::test]
    async fn what_breaks_breaks_alone_at_once_or_later() {
        assert!(to_its_end(Box::pin(async { Reply::default() })).await.is_some());
        assert!(to_its_end(Box::pin(async { panic!("at once") })).await.is_none());
        let later = async {
            yield_now().await;
            panic!("later")
        };
        assert!(to_its_end(Box::pin(later)).await.is_none());
    }
}
