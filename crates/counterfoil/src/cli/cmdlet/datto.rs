//! `Request-DattoRMMAccessToken`, as its page has it: what is not given comes from the request before, and a missing
//! secret is asked for. (The module behind the page does neither.)

use super::binder::{Bound, Parameter};
use super::put_out;
use crate::cli::datto::{VARIABLES, pair, request as request_access_token};
use crate::cli::desk::Desk;
use crate::cli::vendor::{Visit, account};
use crate::config::account::{Account, Given, Proof};
use crate::config::client::SecretSource;
use crate::config::{Origin, Setting};
use crate::private_file;
use crate::session_cache::SessionCache;
use crate::system::SystemClock;
use anyhow::Result;
use counterfoil_core::clock::Clock as _;
use counterfoil_core::secret::Secret;
use counterfoil_dialects::datto_rmm::client::VENDOR;
use counterfoil_dialects::datto_rmm::token::Granted;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::path::PathBuf;

pub(super) const PARAMETERS: &[Parameter] = &[
    Parameter { name: "ApiUri", pipeline: true },
    Parameter { name: "ApiKey", pipeline: true },
    Parameter { name: "ApiSecretKey", pipeline: true },
];

/// What the page calls global variables: a private file, dropped when the token ends that it bought.
#[derive(Serialize, Deserialize)]
struct Globals {
    api_uri: String,
    api_key: String,
    api_secret_key: String,
    /// Milliseconds since 1970.
    end: i64,
}

impl Globals {
    fn file(sessions: &SessionCache) -> Option<PathBuf> {
        Some(sessions.folder()?.join("datto-rmm-module.json"))
    }

    /// Those of the request before, if they still hold.
    fn read(sessions: &SessionCache) -> Option<Self> {
        let kept: Self = serde_json::from_slice(&std::fs::read(Self::file(sessions)?).ok()?).ok()?;
        (kept.end > SystemClock.now().as_millisecond()).then_some(kept)
    }

    fn write(&self, sessions: &SessionCache) -> Result<()> {
        if let (Some(file), Some(folder)) = (Self::file(sessions), sessions.folder()) {
            private_file::directory(folder)?;
            private_file::replace(&file, &serde_json::to_vec(self)?)?;
        }
        Ok(())
    }
}

/// Requests a token, keeps it and what bought it, and prints nothing.
pub(super) async fn request(bound: &Bound, desk: &Desk<'_>) -> Result<()> {
    let given = |name| bound.value(name).map(str::to_owned);
    let given = Given {
        server: given("ApiUri"),
        username: given("ApiKey"),
        // As it is: in PowerShell there is no other spelling.
        secret: None,
        password: None,
    };
    let mut account = account(desk, &VENDOR, &VARIABLES, given)?;
    if let Some(text) = bound.value("ApiSecretKey") {
        let source = SecretSource::Text(Secret::new(text.to_owned()));
        account.proof = Some(Setting { value: Proof::Secret(source), origin: Origin::Flag("-ApiSecretKey") });
    }
    let sessions = SessionCache::new(desk.secrets.environment());
    if let Some(before) = Globals::read(&sessions) {
        remember(&mut account, before);
    }
    let visit = Visit::to(desk, account)?;
    let (key, secret) = pair(&visit)?;
    let granted = request_access_token(&visit, &key, &secret).await?;
    let kept = Globals {
        api_uri: visit.account.server.as_ref().map(|server| server.value.clone()).unwrap_or_default(),
        api_key: key,
        api_secret_key: secret.reveal().to_owned(),
        end: SystemClock.now().as_millisecond().saturating_add(granted.expires_in.saturating_mul(1000)),
    };
    kept.write(&sessions)?;
    if bound.out_variable.is_some() {
        // Like the cmdlet's: it puts nothing out.
        put_out::<Granted>(&Value::Null, &[], bound, desk)?;
    }
    Ok(())
}

/// The request before is stronger than a profile, and weaker than what is said now.
fn remember(account: &mut Account, before: Globals) {
    let open = |origin: Option<&Origin>| origin.is_none_or(|origin| matches!(origin, Origin::File(_)));
    let origin = || Origin::Flag("the request before");
    if open(account.server.as_ref().map(|server| &server.origin)) {
        account.server = Some(Setting { value: before.api_uri, origin: origin() });
    }
    if open(account.username.as_ref().map(|username| &username.origin)) {
        account.username = Some(Setting { value: before.api_key, origin: origin() });
    }
    if open(account.proof.as_ref().map(|proof| &proof.origin)) {
        let source = SecretSource::Text(Secret::new(before.api_secret_key));
        account.proof = Some(Setting { value: Proof::Secret(source), origin: origin() });
    }
}
