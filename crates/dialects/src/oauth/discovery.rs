//! What clients and readers of tokens can find out by themselves: metadata (RFC 8414) and public keys (RFC 7517).

use super::client::{ALGORITHMS, METHODS};
use super::exchange::GRANT as TOKEN_EXCHANGE;
use super::issuer::{endpoint, issuer};
use super::token::CLIENT_CREDENTIALS;
use super::wire::{JwkSet, Metadata};
use super::{INTROSPECT, JWKS, NAME, REVOKE, TOKEN};
use crate::dialect::{Answer, Call, Room};
use crate::reply;
use counterfoil_core::signing::Algorithm;
use data_encoding::HEXLOWER;
use http::{StatusCode, header};
use sha2::{Digest as _, Sha256};

/// A reader may keep the keys for so long; new ones are published for three times that before they sign.
const CACHED: &str = "public, max-age=300";

/// `GET /.well-known/oauth-authorization-server`: nothing that is not there.
pub(super) fn metadata(room: &Room, call: Call) -> Answer<'_> {
    Box::pin(async move {
        let issuer = issuer(room, &call)?;
        let at = |path| endpoint(&issuer, path);
        let metadata = Metadata {
            token_endpoint: at(TOKEN),
            jwks_uri: at(JWKS),
            introspection_endpoint: at(INTROSPECT),
            revocation_endpoint: at(REVOKE),
            grant_types_supported: [CLIENT_CREDENTIALS, TOKEN_EXCHANGE],
            response_types_supported: [],
            token_endpoint_auth_methods_supported: METHODS,
            token_endpoint_auth_signing_alg_values_supported: ALGORITHMS,
            introspection_endpoint_auth_methods_supported: METHODS,
            introspection_endpoint_auth_signing_alg_values_supported: ALGORITHMS,
            revocation_endpoint_auth_methods_supported: METHODS,
            revocation_endpoint_auth_signing_alg_values_supported: ALGORITHMS,
            issuer,
        };
        Ok(reply::json(StatusCode::OK, &metadata))
    })
}

/// `GET /.well-known/jwks.json`: every published key of the realm, whichever dialect signs with it.
pub(super) fn jwks(room: &Room, call: Call) -> Answer<'_> {
    Box::pin(async move {
        // Whoever reads the keys before the first token shall not keep an empty set.
        room.house.prepare_to_sign(call.realm.id, NAME, Algorithm::EdDsa).await?;
        let keys = room.house.public_keys(call.realm.id);
        let keys = keys.iter().filter_map(|key| serde_json::from_str(&key.public).ok()).collect();
        let whole = reply::typed(StatusCode::OK, "application/jwk-set+json", &JwkSet { keys });
        let tag = format!("\"{}\"", HEXLOWER.encode(&Sha256::digest(whole.body())[..16]));
        let known = call.parts.headers.get_all(header::IF_NONE_MATCH).iter();
        let known = known.filter_map(|value| value.to_str().ok()).flat_map(|line| line.split(','));
        let mut known = known.map(|known| known.trim().trim_start_matches("W/"));
        let reply = if known.any(|known| known == tag || known == "*") {
            reply::empty(StatusCode::NOT_MODIFIED)
        } else {
            whole
        };
        Ok(reply::with(reply::with(reply, header::ETAG, &tag), header::CACHE_CONTROL, CACHED))
    })
}
