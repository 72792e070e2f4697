//! How a token is followed by another at each vendor, as far as the vendor allows it.

use super::keeper::Keeper;
use crate::cli::datto;
use crate::cli::desk::Desk;
use crate::cli::exit::{Exit, Failure};
use crate::cli::vendor::{Visit, describe};
use crate::config::account::Account;
use crate::config::client::{Client, SecretSource};
use crate::config::profile::Profile;
use crate::config::{Origin, Setting};
use crate::courier::Courier;
use crate::reach::Reach;
use crate::system::SystemClock;
use anyhow::Result;
use counterfoil_core::clock::Clock as _;
use counterfoil_core::secret::Secret;
use counterfoil_core::when::{When, iso};
use counterfoil_dialects::ask::Ask;
use counterfoil_dialects::dynatrace::client as dynatrace;
use counterfoil_dialects::dynatrace::wire::{ApiToken, ApiTokenCreate};
use counterfoil_dialects::native::client::{Resource as _, Tokens};
use counterfoil_dialects::native::wire::token::{Issue, Token};
use counterfoil_dialects::ruvds::{self, CreatableRole, TokenCreate};
use counterfoil_dialects::vendor::Credential;
use counterfoil_dialects::{control_room, datto_rmm};
use jiff::{SignedDuration, Timestamp};
use serde::de::DeserializeOwned;

/// How long a token lasts where nobody tells how long the one before had.
const USUAL: SignedDuration = SignedDuration::from_hours(90 * 24);

/// The token that is to be followed.
pub(super) enum Incumbent {
    /// Of a Counterfoil server.
    Ours { client: Box<Client>, token: Box<Token> },
    /// Of a Dynatrace environment.
    Dynatrace { courier: Courier, token: Box<ApiToken> },
    /// Of RUVDS, where nothing can be deleted.
    Ruvds { courier: Courier, token: ruvds::Token },
    /// A key of Datto RMM, which replaces it by itself.
    Datto { courier: Courier, key: String },
}

impl Incumbent {
    /// The token that a profile keeps, as its vendor describes it.
    pub(super) async fn of(
        name: &str,
        profile: &Profile,
        keeper: &Keeper<'_>,
        desk: &Desk<'_>,
    ) -> Result<Self> {
        let secret = keeper.read()?;
        let Some(vendor) = profile.vendor.as_deref().and_then(counterfoil_dialects::vendor::vendor) else {
            return ours(profile, &secret, desk).await;
        };
        let account = Account::of_profile(vendor, name, profile, &desk.client.profiles.path);
        let visit = Visit::to(desk, account)?;
        match vendor.name {
            counterfoil_dialects::dynatrace::NAME => {
                let token = visit.ask(dynatrace::lookup(&secret)?).await?;
                Ok(Self::Dynatrace { courier: visit.courier, token: Box::new(token) })
            }
            ruvds::NAME => {
                let why = "keep the secret as ID:SECRET: RUVDS does not tell which token asks";
                let id =
                    secret.reveal().split_once(':').map(|(id, _)| id).ok_or_else(|| Failure::usage(why))?;
                let token = visit.ask(ruvds::client::get(id)?).await?;
                Ok(Self::Ruvds { courier: visit.courier, token })
            }
            datto_rmm::NAME => {
                let why = "keep the secret as KEY:SECRET, without `key`: both are replaced";
                if profile.key.is_some() {
                    return Err(Failure::usage(why).into());
                }
                let (key, _) = datto::pair(&visit)?;
                Ok(Self::Datto { courier: visit.courier, key })
            }
            control_room::NAME => {
                let why =
                    "a Control Room makes API keys on its own pages only: My settings, Generate API-Key";
                Err(Failure::usage(why).into())
            }
            _ => Err(Failure::usage("its tokens have no end, and the vendor makes no new one of an old one")
                .into()),
        }
    }

    /// The public id.
    pub(super) fn id(&self) -> String {
        match self {
            Self::Ours { token, .. } => token.id.clone(),
            Self::Dynatrace { token, .. } => token.id.clone(),
            Self::Ruvds { token, .. } => token.token_id.clone(),
            Self::Datto { key, .. } => key.clone(),
        }
    }

    /// When it ends, or `never`.
    pub(super) fn expires(&self) -> String {
        let expires = match self {
            Self::Ours { token, .. } => token.expires.clone(),
            Self::Dynatrace { token, .. } => token.expiration_date.clone(),
            Self::Ruvds { token, .. } => token.expiry.clone(),
            Self::Datto { .. } => None,
        };
        expires.unwrap_or_else(|| "never".to_owned())
    }

    /// What is to be done.
    pub(super) fn intention(&self) -> String {
        let what = match self {
            Self::Ours { .. } => "create a token like it, store its secret, revoke the old one",
            Self::Dynatrace { .. } => "create a token like it, store its secret, delete the old one",
            Self::Ruvds { .. } => {
                "create a token like it, store its secret, replace the old one's by one that nobody has"
            }
            Self::Datto { .. } => "reset the key, store the new one; the old one ends with the reset",
        };
        what.to_owned()
    }

    /// Does it: what came of it.
    pub(super) async fn succeed(
        self,
        keeper: &Keeper<'_>,
        end: Option<When>,
        desk: &Desk<'_>,
    ) -> Result<String> {
        let old = keeper.read()?;
        keeper.rehearse(&old)?;
        let (text, id) = self.make(&old, end, desk).await?;
        keeper.keep(&text)?;
        let ended = self.end(&text, desk).await;
        ended.map_err(|why| {
            let message =
                format!("{id} is in its place, but the old one still counts; end it by hand: {why:#}");
            Failure::new(Exit::Failed, message)
        })?;
        Ok(format!("now {id}"))
    }

    /// Makes the successor: what is to be kept, and its public id.
    async fn make(&self, old: &Secret, end: Option<When>, desk: &Desk<'_>) -> Result<(Secret, String)> {
        match self {
            Self::Ours { client, token } => {
                let ends = until(end, Some(&token.created), token.expires.as_ref());
                let issue = Issue {
                    name: token.name.clone(),
                    scopes: token.scopes.clone(),
                    expires: ends.map(iso),
                    dialect: Some(token.dialect.clone()),
                    personal: token.personal,
                    networks: token.networks.clone(),
                    metadata: token.metadata.clone(),
                    limit: token.limit.clone(),
                    // What the old one has used is used.
                    quota: token.quota.map(|quota| quota.saturating_sub(token.uses)),
                    ..Issue::default()
                };
                let issued = ask_ours(client, Tokens::create(&issue)?, desk).await?;
                Ok((Secret::new(issued.token), issued.id))
            }
            Self::Dynatrace { courier, token } => {
                let ends = until(end, token.creation_date.as_ref(), token.expiration_date.as_ref());
                let new = ApiTokenCreate {
                    name: token.name.clone(),
                    scopes: token.scopes.clone(),
                    expiration_date: ends.map(iso),
                    personal_access_token: token.personal_access_token,
                };
                let made = courier.ask(dynatrace::create(&new)?, Some(&bearer(old))).await?;
                Ok((Secret::new(made.token), made.id))
            }
            Self::Ruvds { courier, token } => {
                let token_role = match describe(&token.role).as_str() {
                    "read" => CreatableRole::Read,
                    "write" => CreatableRole::Write,
                    _ => {
                        return Err(
                            Failure::usage("RUVDS makes tokens of this role on its own pages only").into()
                        );
                    }
                };
                let token_expiry = until(end, None, token.expiry.as_ref()).map(iso);
                let new = TokenCreate { token_name: token.name.clone(), token_role, token_expiry };
                let made =
                    courier.ask(ruvds::client::create(Some(&new))?, Some(&bearer(&after_colon(old)))).await?;
                Ok((Secret::new(format!("{}:{}", made.token_id, made.token_secret)), made.token_id))
            }
            Self::Datto { courier, key } => {
                let ask = datto_rmm::client::request_access_token(key, &after_colon(old))?;
                let session = Secret::new(courier.ask(ask, None).await?.access_token);
                let made = courier.ask(datto_rmm::client::reset_api_keys()?, Some(&bearer(&session))).await?;
                let text = format!("{}:{}", made.api_access_key, made.api_secret_key);
                Ok((Secret::new(text), made.api_access_key))
            }
        }
    }

    /// Ends the old one, asking as the new one, which proves that it works.
    async fn end(&self, new: &Secret, desk: &Desk<'_>) -> Result<()> {
        match self {
            Self::Ours { client, token } => {
                let mut client = client.clone();
                let text = Secret::new(new.reveal().to_owned());
                let origin = Origin::Flag("the new token");
                client.token = Some(Setting { value: SecretSource::Text(text), origin });
                ask_ours(&client, Tokens::delete(&token.id)?, desk).await
            }
            Self::Dynatrace { courier, token } => {
                Ok(courier.ask(dynatrace::delete(&token.id)?, Some(&bearer(new))).await?)
            }
            Self::Ruvds { courier, token } => {
                let ask = ruvds::client::put(&token.token_id)?;
                Ok(courier.ask(ask, Some(&bearer(&after_colon(new)))).await.map(drop)?)
            }
            Self::Datto { .. } => Ok(()),
        }
    }
}

async fn ours(profile: &Profile, secret: &Secret, desk: &Desk<'_>) -> Result<Incumbent> {
    if profile.server.is_none() {
        return Err(Failure::usage("the profile names no server").into());
    }
    let client = Box::new(desk.client.with_profile(profile));
    let id = secret.reveal().rsplit_once('_').map(|(id, _)| id);
    let id = id.ok_or_else(|| Failure::usage("the secret is no token of a Counterfoil server"))?;
    let token = Box::new(ask_ours(&client, Tokens::get(id)?, desk).await?);
    Ok(Incumbent::Ours { client, token })
}

async fn ask_ours<T: DeserializeOwned>(client: &Client, ask: Ask<T>, desk: &Desk<'_>) -> Result<T> {
    let reach = Reach::open(client, desk.server(), &desk.secrets).await?;
    let answer = reach.ask(ask.request).await?;
    Ok(Ask::read(&answer).map_err(|problem| Failure::from(*problem))?)
}

/// The end of the successor: as said, or after as long as the old one had; what had no end gets none.
fn until(said: Option<When>, created: Option<&String>, expires: Option<&String>) -> Option<Timestamp> {
    match said {
        Some(When::At(at)) => return Some(at),
        Some(When::Never) => return None,
        None => {}
    }
    let instant = |text: &String| text.parse::<Timestamp>().ok();
    let end = expires.and_then(instant)?;
    let lasted = created.and_then(instant).map_or(USUAL, |created| end.duration_since(created));
    SystemClock.now().checked_add(lasted).ok()
}

/// A copy for a request.
fn bearer(secret: &Secret) -> Credential {
    Credential::Bearer(Secret::new(secret.reveal().to_owned()))
}

/// The second part of a secret that is kept as ID:SECRET.
fn after_colon(secret: &Secret) -> Secret {
    let text = secret.reveal();
    Secret::new(text.split_once(':').map_or(text, |(_, text)| text).to_owned())
}
