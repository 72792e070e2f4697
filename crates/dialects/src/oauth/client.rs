//! Finding out which client asks (RFC 6749 section 2.3): a secret in the header or in the form, or a signed assertion
//! (RFC 7523); never two at once.

use super::fault::Fault;
use super::form::Form;
use super::issuer::{endpoint, is_ours_to_say, issuer};
use super::{INTROSPECT, NAME, REVOKE, TOKEN};
use crate::dialect::{Call, Room};
use crate::presented::scheme;
use crate::target;
use counterfoil_core::authority::{Claim, ClientProof, Door, Proved};
use counterfoil_core::error::Error;
use counterfoil_core::secret::Secret;
use data_encoding::BASE64;
use http::header;

/// How clients may prove themselves (RFC 8414).
pub(super) const METHODS: &[&str] = &["client_secret_basic", "client_secret_post", "private_key_jwt"];
/// With what they may sign.
pub(super) const ALGORITHMS: &[&str] = &["RS256", "RS512", "ES256", "EdDSA", "Ed25519"];

const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// After how many wrong secrets in a row from one network a client's keys are locked there.
const THRESHOLD: u32 = 10;

/// The client that asks.
pub(super) async fn client(room: &Room, call: &Call, form: &Form) -> Result<Proved, Fault> {
    let named = form.get("client_id");
    let ways = (
        call.parts.headers.contains_key(header::AUTHORIZATION),
        form.get("client_secret"),
        form.get("client_assertion"),
    );
    let proved = match ways {
        (true, None, None) => {
            let (id, secret) = basic(call).ok_or(Fault::Client)?;
            if named.is_some_and(|named| named != id) {
                return Err(Fault::request("client_id is not the client of the Authorization header"));
            }
            by_secret(room, call, &id, &secret).await
        }
        (false, Some(secret), None) => {
            let id = named.ok_or_else(|| Fault::request("client_id is missing"))?;
            by_secret(room, call, id, &Secret::new(secret.to_owned())).await
        }
        (false, None, Some(assertion)) => {
            if form.get("client_assertion_type") != Some(ASSERTION) {
                return Err(Fault::request(format!("client_assertion_type must be {ASSERTION}")));
            }
            let us = issuer(room, call)?;
            if !is_ours_to_say(room, &us) {
                let why =
                    "private_key_jwt needs the setting public_url: a caller's word for who we are is none";
                return Err(Fault::request(why));
            }
            let endpoints = [TOKEN, INTROSPECT, REVOKE].map(|path| endpoint(&us, path));
            let audiences: Vec<String> = endpoints.into_iter().chain([us]).collect();
            let proof = ClientProof {
                dialect: NAME,
                assertion,
                client: named,
                audiences: &audiences,
                address: call.origin.address(),
            };
            room.house.prove_signed(call.realm.id, &proof).await
        }
        (false, None, None) => return Err(Fault::Client),
        _ => return Err(Fault::request("a client must prove itself in one way only")),
    };
    proved.map_err(|error| match error {
        Error::Unauthenticated(_) => Fault::Client,
        error => error.into(),
    })
}

async fn by_secret(room: &Room, call: &Call, id: &str, secret: &Secret) -> Result<Proved, Error> {
    let claim = Claim::Key { dialect: NAME, claim: id, text: secret };
    let door = Door { address: call.origin.address(), code: None, threshold: THRESHOLD, keys_need: None };
    room.house.prove(call.realm.id, claim, &door).await
}

/// Id and secret of a Basic header, each form-encoded before they were put together (RFC 6749 section 2.3.1).
fn basic(call: &Call) -> Option<(String, Secret)> {
    let decoded = BASE64.decode(scheme(&call.parts, "basic")?.as_bytes()).ok()?;
    let (id, secret) = std::str::from_utf8(&decoded).ok()?.split_once(':')?;
    let (id, secret) = (plain(id)?, Secret::new(plain(secret)?));
    let sound = |text: &str| !text.is_empty() && !text.chars().any(char::is_control);
    (sound(&id) && sound(secret.reveal())).then_some((id, secret))
}

fn plain(half: &str) -> Option<String> {
    // A form's value, so that `&` cannot stand in it.
    let escaped = format!("={}", half.replace('&', "%26"));
    target::query(&escaped).ok()?.pop().map(|(_, value)| value)
}
