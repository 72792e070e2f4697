//! Whom an inventory asks, and what each of them tells about its tokens.

use super::{Item, NEVER, NO_ANSWER};
use crate::cli::desk::Desk;
use crate::cli::dynatrace::EVERY_FIELD;
use crate::cli::exit::Failure;
use crate::cli::vendor::{Visit, all_pages, describe};
use crate::config::account::Account;
use crate::courier::Courier;
use crate::reach::Reach;
use crate::system::SystemClock;
use anyhow::Result;
use counterfoil_core::clock::Clock as _;
use counterfoil_core::secret::Secret;
use counterfoil_dialects::agent_config::client::Paths;
use counterfoil_dialects::ask::Ask;
use counterfoil_dialects::control_room::client::validate;
use counterfoil_dialects::dynatrace::wire::{ApiToken, ListQuery};
use counterfoil_dialects::native::client::{Tokens, next};
use counterfoil_dialects::native::wire::token::{Filter, Paging, Token};
use counterfoil_dialects::vendor::Credential;
use counterfoil_dialects::{agent_config, datto_rmm, native, ruvds};
use jiff::Timestamp;

/// What we are called among the vendors.
const OURS: &str = "counterfoil";

/// Somebody who knows of tokens.
pub(super) struct Source {
    profile: String,
    vendor: &'static str,
    way: Way,
}

/// How it is asked.
enum Way {
    /// A Counterfoil.
    Ours(Reach),
    /// A vendor that lists tokens.
    Vendor(Courier, Credential),
    /// Datto RMM, which lists none: whether its key still buys a session.
    Key { courier: Courier, key: String, secret: Secret },
    /// A Control Room, which lists none: whether the session that is kept still counts. A login could end others.
    Session { courier: Courier, username: String, session: Option<Secret> },
    /// It cannot be asked.
    Lost(String),
}

/// Ourselves, if there is anything of ours here, and every profile; or only the profile that was asked for.
pub(super) async fn all(desk: &Desk<'_>) -> Result<Vec<Source>> {
    let client = &desk.client;
    let only = client.profile.as_ref().map(|name| name.value.as_str());
    let mut sources = Vec::new();
    let foreign =
        only.is_some_and(|name| client.profiles.named(name).is_ok_and(|profile| profile.vendor.is_some()));
    if !foreign && (client.server.is_some() || desk.server().has_store()) {
        let way = Reach::open(client, desk.server(), &desk.secrets).await;
        let profile = only.unwrap_or_default().to_owned();
        let way = way.map_or_else(|why| Way::Lost(format!("{why:#}")), Way::Ours);
        sources.push(Source { profile, vendor: OURS, way });
    }
    for (name, profile) in client.profiles.all().filter(|(name, _)| only.is_none_or(|only| only == *name)) {
        let (vendor, way) = match profile.vendor.as_deref().and_then(counterfoil_dialects::vendor::vendor) {
            Some(vendor) => {
                let account = Account::of_profile(vendor, name, profile, &client.profiles.path);
                (vendor.name, way_to(desk, account))
            }
            // The one that is used by itself is ourselves.
            None if only.is_some() || name == "default" || profile.server.is_none() => continue,
            None => {
                let way = Reach::open(&client.with_profile(profile), desk.server(), &desk.secrets).await;
                (OURS, way.map(Way::Ours).map_err(|why| Failure::usage(format!("{why:#}"))))
            }
        };
        let way = way.unwrap_or_else(|why| Way::Lost(why.message));
        sources.push(Source { profile: name.to_owned(), vendor, way });
    }
    Ok(sources)
}

fn way_to(desk: &Desk<'_>, account: Account) -> Result<Way, Failure> {
    let visit = Visit::to(desk, account)?;
    // One line says whom all of it waits for.
    let courier = visit.courier.clone().announcing(false);
    match visit.account.vendor.name {
        datto_rmm::NAME => {
            let (key, secret) = crate::cli::datto::pair(&visit)?;
            Ok(Way::Key { courier, key, secret })
        }
        counterfoil_dialects::control_room::NAME => {
            let username = crate::cli::control_room::username(&visit)?;
            let session = visit.kept_session(&username);
            Ok(Way::Session { courier, username, session })
        }
        _ => {
            let credential = visit.credential()?;
            Ok(Way::Vendor(courier, credential))
        }
    }
}

impl Source {
    /// The profile, or else the vendor.
    pub(super) fn title(&self) -> String {
        if self.profile.is_empty() { "our own".to_owned() } else { self.profile.clone() }
    }

    /// Its tokens, or the one row that says why not.
    pub(super) async fn items(self) -> Vec<Item> {
        let Self { profile, vendor, way } = self;
        let told = match way {
            Way::Ours(reach) => ours(&reach).await.map_err(|why| format!("{why:#}")),
            Way::Lost(why) => Err(why),
            Way::Key { courier, key, secret } => {
                bought(&courier, key, &secret).await.map_err(|why| why.message)
            }
            Way::Session { courier, username, session } => {
                kept(&courier, username, session).await.map_err(|why| why.message)
            }
            Way::Vendor(courier, credential) => {
                listed(vendor, &courier, &credential).await.map_err(|why| why.message)
            }
        };
        let items = told.unwrap_or_else(|why| {
            vec![Item { state: NO_ANSWER.to_owned(), note: Some(why), ..Item::default() }]
        });
        let profile = Some(profile).filter(|name| !name.is_empty());
        let named = |item| Item { profile: profile.clone(), vendor: vendor.to_owned(), ..item };
        items.into_iter().map(named).collect()
    }
}

async fn ours(reach: &Reach) -> Result<Vec<Item>> {
    let paging = Paging { limit: Some(1000), ..Paging::default() };
    let mut page = Tokens::matching(&Filter::default(), &paging)?;
    let mut items = Vec::new();
    loop {
        let path = page.request.uri().path().to_owned();
        let answer = reach.ask(page.request).await?;
        let mut read =
            Ask::<native::wire::Page<Token>>::read(&answer).map_err(|problem| Failure::from(*problem))?;
        items.extend(read.items.drain(..).filter(|token| token.revoked.is_none()).map(Item::from));
        let Some(cursor) = read.next else { return Ok(items) };
        page = next(&path, &cursor)?;
    }
}

async fn listed(vendor: &str, courier: &Courier, credential: &Credential) -> Result<Vec<Item>, Failure> {
    let unsendable = |why: http::Error| Failure::usage(why.to_string());
    match vendor {
        ruvds::NAME => {
            let all = courier.ask(ruvds::client::list().map_err(unsendable)?, Some(credential)).await?;
            Ok(all.tokens.into_iter().map(Item::from).collect())
        }
        agent_config::NAME => {
            let all = courier.ask(Paths::Current.list().map_err(unsendable)?, Some(credential)).await?;
            Ok(all.into_iter().map(Item::from).collect())
        }
        _ => {
            let query = ListQuery {
                page_size: Some(1000),
                fields: Some(EVERY_FIELD.to_owned()),
                ..ListQuery::default()
            };
            let all = all_pages(courier, credential, &query, usize::MAX).await?;
            Ok(all.into_iter().map(Item::from).collect())
        }
    }
}

async fn bought(courier: &Courier, key: String, secret: &Secret) -> Result<Vec<Item>, Failure> {
    let ask = datto_rmm::client::request_access_token(&key, secret);
    let granted = courier.ask(ask.map_err(|why| Failure::usage(why.to_string()))?, None).await?;
    Ok(vec![Item {
        id: Some(key),
        name: Some("API key".to_owned()),
        scopes: granted.scope.split_whitespace().map(str::to_owned).collect(),
        expires: Some(NEVER.to_owned()),
        state: "active".to_owned(),
        ..Item::default()
    }])
}

async fn kept(courier: &Courier, username: String, session: Option<Secret>) -> Result<Vec<Item>, Failure> {
    let why = "a login could end other sessions, so none was tried: `counterfoil control-room authenticate` does it";
    let Some(session) = session else { return Err(Failure::usage(why)) };
    let ask = validate(&session).map_err(|why| Failure::usage(why.to_string()))?;
    let valid = courier.ask(ask, None).await?.valid;
    let end = counterfoil_dialects::vendor::jwt_end(session.reveal());
    Ok(vec![Item {
        id: Some(username.clone()),
        name: Some("session".to_owned()),
        owner: Some(username),
        expires: end.map(counterfoil_core::when::iso),
        state: if valid { "active" } else { "ended" }.to_owned(),
        ..Item::default()
    }])
}

/// As far as a token's end tells.
fn state(enabled: bool, expires: Option<&String>) -> String {
    let over =
        expires.and_then(|text| text.parse::<Timestamp>().ok()).is_some_and(|end| end <= SystemClock.now());
    let state = match (enabled, over) {
        (false, _) => "disabled",
        (true, true) => "expired",
        (true, false) => "active",
    };
    state.to_owned()
}

/// What a vendor leaves out because it never was.
fn or_never(text: Option<String>) -> String {
    text.unwrap_or_else(|| NEVER.to_owned())
}

impl From<Token> for Item {
    fn from(token: Token) -> Self {
        Self {
            id: Some(token.id),
            name: Some(token.name),
            owner: Some(token.principal),
            scopes: token.scopes,
            created: Some(token.created),
            last_used: Some(or_never(token.last_used)),
            expires: Some(or_never(token.expires)),
            state: token.state,
            note: (token.dialect != native::DIALECT.name)
                .then(|| format!("of the dialect {}", token.dialect)),
            ..Self::default()
        }
    }
}

impl From<ApiToken> for Item {
    fn from(token: ApiToken) -> Self {
        Self {
            state: state(token.enabled.unwrap_or(true), token.expiration_date.as_ref()),
            id: Some(token.id),
            name: token.name,
            owner: token.owner,
            scopes: token.scopes.unwrap_or_default(),
            created: token.creation_date,
            last_used: Some(or_never(token.last_used_date)),
            expires: Some(or_never(token.expiration_date)),
            ..Self::default()
        }
    }
}

impl From<ruvds::Token> for Item {
    fn from(token: ruvds::Token) -> Self {
        Self {
            state: state(true, token.expiry.as_ref()),
            id: Some(token.token_id),
            name: Some(token.name),
            scopes: vec![describe(&token.role)],
            expires: Some(or_never(token.expiry)),
            ..Self::default()
        }
    }
}

impl From<agent_config::Token> for Item {
    fn from(token: agent_config::Token) -> Self {
        let rights = [(token.read, "read"), (token.change, "change")];
        // The uuid is the secret itself.
        let id: String = token.uuid.chars().take(8).chain(['…']).collect();
        Self {
            id: Some(id),
            name: Some(token.name),
            scopes: rights.iter().filter(|(given, _)| *given).map(|(_, word)| (*word).to_owned()).collect(),
            expires: Some(NEVER.to_owned()),
            state: "active".to_owned(),
            ..Self::default()
        }
    }
}
