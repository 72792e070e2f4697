//! `Request-DattoRMMAccessToken`, as its page has it: what is not given comes from the request before, and a missing
//! secret is asked for. (The module behind the page does neither.)

use super::binder::{Bound, Parameter};
use super::put_out;
use crate::cli::datto::{VARIABLES, pair, request as request_access_token};
use crate::cli::desk::Desk;
use crate::cli::vendor::{Visit, account};
use crate::config::account::{Account, Given, Proof};
use crate::config::address::same_server;
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

pub(super) const NOTE: &str = "Address, key and secret are kept for the next call in ~/.cache/counterfoil/sessions/datto-rmm-module.json, readable by \
     you only, until the token ends; remove that file to forget them.\n";

/// What the page calls global variables: a private file, dropped when the token ends that it bought.
#[derive(Serialize, Deserialize)]
struct Globals {
    api_uri: String,
    api_key: String,
    /// Unless a profile or a variable has it.
    api_secret_key: Option<String>,
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
    let said_now = account.proof.as_ref().is_none_or(|proof| matches!(proof.origin, Origin::Flag(_)));
    let visit = Visit::to(desk, account)?;
    let (key, secret) = pair(&visit)?;
    let granted = request_access_token(&visit, &key, &secret).await?;
    let kept = Globals {
        api_uri: visit.account.server.as_ref().map(|server| server.value.clone()).unwrap_or_default(),
        api_key: key,
        api_secret_key: said_now.then(|| secret.reveal().to_owned()),
        end: SystemClock.now().as_millisecond().saturating_add(granted.expires_in.saturating_mul(1000)),
    };
    kept.write(&sessions)?;
    if bound.out_variable.is_some() {
        // Like the cmdlet's: it puts nothing out.
        put_out::<Granted>(&Value::Null, &[], bound, desk)?;
    }
    Ok(())
}

/// The request before is stronger than a profile, and weaker than what is said now. Its secret goes only where it went,
/// with its key; and so does a profile's.
fn remember(account: &mut Account, before: Globals) {
    let of_profile = |origin: &Origin| matches!(origin, Origin::File(_));
    let differs = |setting: &Option<Setting<String>>, same: &dyn Fn(&str) -> bool| {
        setting.as_ref().is_some_and(|said| !of_profile(&said.origin) && !same(&said.value))
    };
    let another = differs(&account.server, &|server| same_server(server, &before.api_uri))
        || differs(&account.username, &|key| key == before.api_key);
    let kept = account.proof.as_ref().is_some_and(|proof| of_profile(&proof.origin));
    let origin = || Origin::Flag("the request before");
    if another || (kept && before.api_secret_key.is_none()) {
        // An address that nothing else says is no secret.
        account.server.get_or_insert_with(|| Setting { value: before.api_uri, origin: origin() });
        return;
    }
    let open = |setting: &Option<Setting<String>>| {
        setting.as_ref().is_none_or(|setting| of_profile(&setting.origin))
    };
    if open(&account.server) {
        account.server = Some(Setting { value: before.api_uri, origin: origin() });
    }
    if open(&account.username) {
        account.username = Some(Setting { value: before.api_key, origin: origin() });
    }
    if let Some(secret) = before.api_secret_key
        && (kept || account.proof.is_none())
    {
        let source = SecretSource::Text(Secret::new(secret));
        account.proof = Some(Setting { value: Proof::Secret(source), origin: origin() });
    }
}
