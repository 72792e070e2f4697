//! Bodies as they come in: read within bounds, or heard out so that the connection can be used again.

use crate::refusal::Refused;
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, header};
use http_body::Body;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};

/// The longest body that is read.
pub const LONGEST_BODY: usize = 1024 * 1024;
/// How much of a body that is too long is heard out and thrown away.
const HEARD_OUT: usize = 8 * LONGEST_BODY;
/// A body still to be read.
pub type Incoming = UnsyncBoxBody<Bytes, BrokenOff>;

/// A body that ended before its end, in the transport's words.
#[derive(Debug)]
pub struct BrokenOff(pub String);

impl std::fmt::Display for BrokenOff {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&self.0)
    }
}

impl std::error::Error for BrokenOff {}

/// Reads a body within bounds. One that is too long is not asked for if the sender waits to be asked; else it is heard
/// out, within wider bounds, since one who is still sending hears no refusal.
pub(crate) async fn read(mut body: Incoming, headers: &HeaderMap) -> Result<Bytes, Refused> {
    let length = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    let declared_too_long = length.is_some_and(|length: u64| length > LONGEST_BODY as u64);
    if declared_too_long && headers.contains_key(header::EXPECT) {
        return Err(Refused::TooLong(LONGEST_BODY));
    }
    match whole(Limited::new(&mut body, LONGEST_BODY)).await {
        Ok(bytes) => Ok(bytes),
        Err(error) if error.is::<LengthLimitError>() => {
            hear_out(body, HEARD_OUT).await;
            Err(Refused::TooLong(LONGEST_BODY))
        }
        Err(_) => Err(Refused::Malformed("the body broke off")),
    }
}

/// Most bodies come in one piece, which is then not copied.
async fn whole<B: Body<Data = Bytes> + Unpin>(mut body: B) -> Result<Bytes, B::Error> {
    let mut bytes = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else { continue };
        if bytes.is_empty() && body.is_end_stream() {
            return Ok(data);
        }
        bytes.extend_from_slice(&data);
    }
    Ok(bytes.freeze())
}

/// Reads a refused body to its end, within bounds, so that the connection can be used again.
pub(crate) async fn drain(body: Incoming) {
    hear_out(body, LONGEST_BODY).await;
}

async fn hear_out(body: Incoming, bound: usize) {
    let mut body = Limited::new(body, bound);
    while let Some(Ok(_)) = body.frame().await {}
}
