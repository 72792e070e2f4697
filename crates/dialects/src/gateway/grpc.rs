//! The same question over gRPC, as Envoy asks it (`envoy.service.auth.v3.Authorization/Check`): frames, statuses and
//! messages. The gate is the one that Envoy's own configuration names, in `context_extensions`.

use super::forwarded::Forwarded;
use super::messages::attribute_context::HttpRequest;
use super::messages::check_response::HttpResponse;
use super::messages::header_value_option::AppendAction;
use super::messages::{
    AttributeContext, CheckRequest, CheckResponse, DeniedHttpResponse, HeaderValue, HeaderValueOption,
    HttpStatus, OkHttpResponse, Status,
};
use super::{Question, Ruling, decide, facts};
use crate::dialect::{Reply, Room};
use crate::incoming::LONGEST_BODY;
use crate::origin::Origin;
use crate::refusal::Refused;
use crate::reply::{self, Trailers};
use bytes::{BufMut as _, Bytes, BytesMut};
use counterfoil_core::authority::Grant;
use counterfoil_core::gate::{Gate, Policy};
use http::header::{ALLOW, CONTENT_TYPE, HeaderName};
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode, Version};
use prost::Message as _;

/// What stands before the name of a method.
pub(super) const SERVICE: &str = "/envoy.service.auth.v3.Authorization/";
/// What the log calls it.
pub(super) const ROUTE: &str = "/envoy.service.auth.v3.Authorization/{method}";

/// Those of gRPC's status codes that are said here.
#[derive(Debug, Clone, Copy)]
enum Code {
    PermissionDenied = 7,
    ResourceExhausted = 8,
    Unimplemented = 12,
    Internal = 13,
}

/// A call that went wrong before the gate was asked, and the end of its sentence.
type Fault = (Code, &'static str);

/// Whether a path, as it came or canonical, is answered in this way.
pub(super) fn speaks(room: &Room, path: &str) -> bool {
    path.strip_prefix(&*room.prefix).is_some_and(|path| path.starts_with(SERVICE))
}

/// A refusal from before the message was at hand.
pub(super) fn refuse(refused: &Refused) -> Reply {
    failed(match refused {
        Refused::TooLong(_) | Refused::Head(..) => (Code::ResourceExhausted, "the request is too long"),
        Refused::Broken => (Code::Internal, "the check broke"),
        _ => (Code::Internal, "the request could not be read"),
    })
}

/// Answers a call of whatever method of the service.
pub(super) fn answer(room: &Room, parts: &Parts, origin: &Origin, body: Result<Bytes, Refused>) -> Reply {
    if parts.version != Version::HTTP_2 {
        return reply::empty(StatusCode::HTTP_VERSION_NOT_SUPPORTED);
    }
    if parts.method != Method::POST {
        return reply::with(reply::empty(StatusCode::METHOD_NOT_ALLOWED), ALLOW, "POST");
    }
    let media_type = parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media_type = media_type.and_then(|value| value.split(';').next()).unwrap_or_default().trim();
    if !["application/grpc", "application/grpc+proto"].contains(&media_type) {
        return reply::empty(StatusCode::UNSUPPORTED_MEDIA_TYPE);
    }
    let method = parts.uri.path().strip_prefix(&*room.prefix).and_then(|path| path.strip_prefix(SERVICE));
    if method != Some("Check") {
        return failed((Code::Unimplemented, "the service has no such method"));
    }
    match body {
        Ok(body) => read(&body).map_or_else(failed, |request| said(&check(room, origin, &request))),
        Err(refused) => refuse(&refused),
    }
}

/// The one message of a call (gRPC over HTTP/2, "Length-Prefixed-Message").
fn read(body: &[u8]) -> Result<CheckRequest, Fault> {
    let Some((&[compressed, ref length @ ..], message)) = body.split_first_chunk::<5>() else {
        return Err((Code::Internal, "the message is cut short"));
    };
    match compressed {
        0 => {}
        1 => return Err((Code::Unimplemented, "messages are read uncompressed only")),
        _ => return Err((Code::Internal, "the message has a flag that does not exist")),
    }
    let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
    match message.len() {
        _ if length > LONGEST_BODY => Err((Code::ResourceExhausted, "the message is too long")),
        there if there < length => Err((Code::Internal, "the message is cut short")),
        there if there > length => Err((Code::Internal, "there is more than one message")),
        _ => CheckRequest::decode(message).map_err(|_| (Code::Internal, "the message is not a CheckRequest")),
    }
}

fn check(room: &Room, origin: &Origin, request: &CheckRequest) -> CheckResponse {
    let nothing = AttributeContext::default();
    let attributes = request.attributes.as_ref().unwrap_or(&nothing);
    let http = attributes.request.as_ref().and_then(|request| request.http.as_ref());
    let question = Question {
        gate: attributes.context_extensions.get("gate").map_or("", String::as_str),
        forwarded: &|policy| forwarded(policy, attributes, http?),
        header: &|name| Ok(http.and_then(|http| http.headers.get(name)).map(String::as_str)),
    };
    match decide(room, origin, &question) {
        Ruling::Open(gate, grant) => open(&gate, &grant),
        Ruling::Shut(reply) => denied(&reply),
    }
}

fn forwarded<'a>(
    policy: &Policy,
    attributes: &AttributeContext,
    http: &'a HttpRequest,
) -> Option<Forwarded<'a>> {
    let address = attributes.source.as_ref().and_then(|source| source.address.as_ref());
    let address = address.and_then(|address| address.socket_address.as_ref());
    let address = address.and_then(|socket| socket.address.parse().ok());
    let given = |text: &'a String| Some(text.as_str()).filter(|text| !text.is_empty());
    Forwarded::said(policy, given(&http.path), given(&http.method), address)
}

fn open(gate: &Gate, grant: &Grant) -> CheckResponse {
    let set: Vec<_> = facts(gate, grant)
        .map(|(name, value)| option(name, value.into_owned(), AppendAction::OverwriteIfExistsOrAdd))
        .collect();
    // Envoy removes after it has set.
    let ours = |name: &&String| gate.policy.set.iter().any(|(set, _)| set == *name);
    let headers_to_remove = gate.policy.strip.iter().filter(|name| !ours(name)).cloned().collect();
    let ok = OkHttpResponse { headers: set, headers_to_remove };
    CheckResponse { status: Some(Status { code: 0 }), http_response: Some(HttpResponse::OkResponse(ok)) }
}

/// What the caller is told is the answer of the check over HTTP.
fn denied(reply: &Reply) -> CheckResponse {
    let mut last: Option<&HeaderName> = None;
    let headers = reply.headers().iter().map(|(name, value)| {
        let more = last.replace(name) == Some(name);
        let action =
            if more { AppendAction::AppendIfExistsOrAdd } else { AppendAction::OverwriteIfExistsOrAdd };
        option(name.as_str(), value.to_str().unwrap_or_default().to_owned(), action)
    });
    let denied = DeniedHttpResponse {
        headers: headers.collect(),
        status: Some(HttpStatus { code: reply.status().as_u16().into() }),
        body: String::from_utf8_lossy(reply.body()).into_owned(),
    };
    let status = Status { code: Code::PermissionDenied as i32 };
    CheckResponse { status: Some(status), http_response: Some(HttpResponse::DeniedResponse(denied)) }
}

fn option(name: &str, value: String, action: AppendAction) -> HeaderValueOption {
    let header = Some(HeaderValue { key: name.to_owned(), value });
    HeaderValueOption { header, append_action: action.into() }
}

/// A message, and in the trailers that the call went well.
fn said(response: &CheckResponse) -> Reply {
    let length = response.encoded_len();
    let mut framed = BytesMut::with_capacity(5 + length);
    framed.put_u8(0);
    framed.put_u32(u32::try_from(length).unwrap_or(u32::MAX));
    framed.put(&*response.encode_to_vec());
    let mut reply = reply::whole(StatusCode::OK, "application/grpc", framed.freeze());
    let mut trailers = HeaderMap::with_capacity(1);
    trailers.insert(STATUS, 0.into());
    reply.extensions_mut().insert(Trailers(trailers));
    reply
}

const STATUS: HeaderName = HeaderName::from_static("grpc-status");
const MESSAGE: HeaderName = HeaderName::from_static("grpc-message");

/// A call that went wrong has no message; what would be its trailers are its headers.
fn failed((code, why): Fault) -> Reply {
    let reply = reply::whole(StatusCode::OK, "application/grpc", Bytes::new());
    let mut reply = reply::with(reply, MESSAGE, why);
    reply.headers_mut().insert(STATUS, (code as u16).into());
    reply
}
