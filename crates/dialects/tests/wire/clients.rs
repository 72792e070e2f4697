//! Both sides of each dialect against each other: whatever our client sends, our server understands, and whatever our
//! server answers, our client reads. A refusal counts as understood only if it is about the rules.

use crate::support::{SOMEWHERE, World};
use counterfoil_core::secret::Secret;
use counterfoil_dialects::agent_config::client::Paths;
use counterfoil_dialects::agent_config::{self, Create, Update};
use counterfoil_dialects::ask::Ask;
use counterfoil_dialects::control_room::client::{self as control_room, Version};
use counterfoil_dialects::control_room::wire::Login;
use counterfoil_dialects::datto_rmm::client as datto_rmm;
use counterfoil_dialects::dynatrace::client as dynatrace;
use counterfoil_dialects::dynatrace::wire::{ApiTokenCreate, ApiTokenUpdate, ListQuery};
use counterfoil_dialects::native::client::{Principals, Resource as _, Roles};
use counterfoil_dialects::native::wire::principal::{EditPrincipal, NewPrincipal, NewRole};
use counterfoil_dialects::native::wire::ways::NewKey;
use counterfoil_dialects::ruvds::client as ruvds;
use counterfoil_dialects::ruvds::{CreatableRole, TokenCreate};
use counterfoil_dialects::vendor::{Complaint, Credential, Fault, VENDORS, Vendor};
use http::header::{AUTHORIZATION, HeaderValue};
use proptest::prelude::*;
use serde::de::DeserializeOwned;
use std::cell::LazyCell;
use std::collections::BTreeMap;
use tokio::runtime::Runtime;

/// A server, and what drives it.
struct Both {
    runtime: Runtime,
    world: World,
}

thread_local! {
    static BOTH: LazyCell<Both> = const { LazyCell::new(Both::new) };
}

impl Both {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let settings = BTreeMap::from([("rate_limit".to_owned(), "1000000".to_owned())]);
        let world = runtime.block_on(World::create(settings));
        Self { runtime, world }
    }

    fn credential(&self) -> Credential {
        Credential::Bearer(Secret::new(self.world.admin.clone()))
    }

    /// Our client asks our server as the administrator.
    fn ask<T: DeserializeOwned>(&self, vendor: &Vendor, ask: Ask<T>) -> Result<T, Fault> {
        self.ask_with(vendor, ask, Some(&self.credential()))
    }

    fn ask_with<T: DeserializeOwned>(
        &self,
        vendor: &Vendor,
        mut ask: Ask<T>,
        credential: Option<&Credential>,
    ) -> Result<T, Fault> {
        let mut request = std::mem::take(&mut ask.request);
        if let Some((name, value)) = credential.map(|credential| vendor.authorization(credential).unwrap()) {
            request.headers_mut().insert(name, value);
        }
        let reply = self.runtime.block_on(self.world.ask(request, SOMEWHERE));
        vendor.read(&ask, &reply)
    }

    /// Our own API, for what the vendor has no call for.
    fn native<T: DeserializeOwned>(&self, ask: Ask<T>) -> T {
        let mut request = ask.request;
        let bearer = HeaderValue::try_from(format!("Bearer {}", self.world.admin)).unwrap();
        request.headers_mut().insert(AUTHORIZATION, bearer);
        let reply = self.runtime.block_on(self.world.ask(request, SOMEWHERE));
        Ask::<T>::read(&reply).unwrap_or_else(|problem| panic!("{}", problem.detail))
    }

    /// Somebody who may log in everywhere: the id.
    fn somebody(&self, username: &str) -> String {
        let words = ["control-room.api-key", "datto-rmm.read", "datto-rmm.write"];
        let role =
            NewRole { name: username.to_owned(), scopes: words.map(str::to_owned).to_vec(), number: None };
        self.native(Roles::create(&role).unwrap());
        let details = EditPrincipal { roles: Some(vec![username.into()]), ..EditPrincipal::default() };
        let new = NewPrincipal { username: username.into(), details, ..NewPrincipal::default() };
        self.native(Principals::create(&new).unwrap()).id
    }

    fn import(&self, id: &str, dialect: &str, key: Option<&str>, text: &str) {
        let new = NewKey {
            dialect: dialect.into(),
            id: key.map(str::to_owned),
            text: Some(text.to_owned()),
            ..NewKey::default()
        };
        self.native(Principals::create_key(id, &new).unwrap());
    }
}

fn with<R>(go: impl FnOnce(&Both) -> R) -> R {
    BOTH.with(|both| go(both))
}

/// The refusal of a rule, in words.
fn refused(fault: &Fault) -> bool {
    matches!(fault, Fault::Refused { status, complaint: Some(Complaint { said, .. }) }
        if status.is_client_error() && !said.is_empty())
}

/// A name that every vendor takes.
fn name() -> impl Strategy<Value = String> {
    "[^\\p{C}\\p{Z}][^\\p{C}\\p{Zl}\\p{Zp}]{0,60}[^\\p{C}\\p{Z}]"
}

fn instant() -> impl Strategy<Value = Option<String>> {
    // Within the years that every client can write, after the server's now.
    let at = (1_900_000_000_000_i64..4_000_000_000_000)
        .prop_map(|millis| counterfoil_core::when::iso(jiff::Timestamp::from_millisecond(millis).unwrap()));
    prop::option::of(at)
}

/// What a key may be made of; shells and forms have other views of some of it.
fn key_text() -> impl Strategy<Value = String> {
    "[!-~ äж€]{0,4}[!-~]{20,60}"
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn ruvds(name in name(), write: bool, token_expiry in instant()) {
        with(|both| {
            let vendor = &ruvds::VENDOR;
            let token_role = if write { CreatableRole::Write } else { CreatableRole::Read };
            let new = TokenCreate { token_name: name.clone(), token_role, token_expiry: token_expiry.clone() };
            let made = both.ask(vendor, ruvds::create(Some(&new)).unwrap()).unwrap();
            let shown = both.ask(vendor, ruvds::get(&made.token_id).unwrap()).unwrap();
            assert_eq!((&shown.name, &shown.expiry), (&name, &token_expiry));
            let all = both.ask(vendor, ruvds::list().unwrap()).unwrap().tokens;
            assert!(all.iter().any(|token| token.token_id == made.token_id && token.name == name));
            let renewed = both.ask(vendor, ruvds::put(&made.token_id).unwrap()).unwrap();
            assert!(renewed.token_id == made.token_id && renewed.token_secret != made.token_secret);
            let token = |text: &str| Credential::Bearer(Secret::new(text.to_owned()));
            let list = |text: &str| both.ask_with(vendor, ruvds::list().unwrap(), Some(&token(text)));
            assert!(list(&renewed.token_secret).is_ok());
            assert!(refused(&list(&made.token_secret).unwrap_err()));
        });
    }

    #[test]
    fn ruvds_refuses_in_words(token_name: String, id: String) {
        with(|both| {
            let new = TokenCreate { token_name, token_role: CreatableRole::Read, token_expiry: None };
            let made = both.ask(&ruvds::VENDOR, ruvds::create(Some(&new)).unwrap());
            assert!(made.as_ref().err().is_none_or(refused), "{:?}", made.err());
            if !id.is_empty() {
                let shown = both.ask(&ruvds::VENDOR, ruvds::get(&id).unwrap());
                assert!(refused(&shown.unwrap_err()));
            }
        });
    }

    #[test]
    fn agent_config(name in name(), other in name(), read: bool, change: bool, legacy: bool) {
        with(|both| {
            let vendor = &agent_config::client::VENDOR;
            let (paths, others) = if legacy { (Paths::Legacy, Paths::Current) } else { (Paths::Current, Paths::Legacy) };
            let new = Create { name: name.clone(), read, change };
            let made = both.ask(vendor, paths.create(&new).unwrap()).unwrap();
            assert_eq!((made.read, made.change, &made.name), (read, change, &name));
            let update = Update { uuid: Some(made.uuid.clone()), name: other.clone(), read: change, change: read };
            let uuid = Secret::new(made.uuid.clone());
            let changed = both.ask(vendor, others.update(&uuid, &update).unwrap()).unwrap();
            assert_eq!((changed.read, changed.change, &changed.name), (change, read, &other));
            let all = both.ask(vendor, paths.list().unwrap()).unwrap();
            assert!(all.iter().any(|token| token.uuid == made.uuid && token.name == other));
        });
    }

    #[test]
    fn dynatrace(
        name in name(),
        scopes in prop::sample::subsequence(vec!["metrics.read", "DataExport", "logs.ingest", "AppMonIntegration"], 1..4),
        expiration_date in prop::option::of(prop::sample::select(vec!["now+14d", "now+1M/d", "2030-01-25 05:57", "1893456000000"])),
        by_secret: bool,
    ) {
        with(|both| {
            let vendor = &dynatrace::VENDOR;
            let scopes: Vec<_> = scopes.into_iter().map(str::to_owned).collect();
            let new = ApiTokenCreate {
                name: Some(name.clone()),
                scopes: Some(scopes.clone()),
                expiration_date: expiration_date.map(str::to_owned),
                personal_access_token: None,
            };
            let made = both.ask(vendor, dynatrace::create(&new).unwrap()).unwrap();
            assert_eq!(made.expiration_date.is_some(), expiration_date.is_some());
            let secret = Secret::new(made.token.clone());
            let shown = both.ask(vendor, dynatrace::get(&made.id).unwrap()).unwrap();
            let found = both.ask(vendor, dynatrace::lookup(&secret).unwrap()).unwrap();
            for token in [&shown, &found] {
                let mut words = token.scopes.clone().unwrap();
                words.sort_by_key(|word| scopes.iter().position(|scope| scope == word));
                assert_eq!((&token.id, token.name.as_ref(), &words), (&made.id, Some(&name), &scopes));
            }
            let update = ApiTokenUpdate { enabled: Some(false), name: Some("other".into()), scopes: None };
            both.ask(vendor, dynatrace::update(&made.id, &update).unwrap()).unwrap();
            let query = ListQuery {
                page_size: Some(100),
                api_token_selector: Some("owner(\"admin\"),scope(\"metrics.read\",\"DataExport\",\"logs.ingest\",\"AppMonIntegration\")".into()),
                fields: Some("+scopes,+expirationDate".into()),
                sort: Some("-creationDate".into()),
                ..ListQuery::default()
            };
            let mut page = both.ask(vendor, dynatrace::list(&query).unwrap()).unwrap();
            let mut rows = page.api_tokens;
            while let Some(key) = page.next_page_key {
                page = both.ask(vendor, dynatrace::next(&key).unwrap()).unwrap();
                rows.append(&mut page.api_tokens);
            }
            let row = rows.iter().find(|token| token.id == made.id).unwrap();
            assert_eq!((row.enabled, row.name.as_deref()), (Some(false), Some("other")));
            let end = if by_secret { dynatrace::delete_by(&secret) } else { dynatrace::delete(&made.id) };
            both.ask(vendor, end.unwrap()).unwrap();
            let gone = both.ask(vendor, dynatrace::get(&made.id).unwrap()).unwrap_err();
            assert!(refused(&gone) && gone.status() == 404);
        });
    }

    #[test]
    fn dynatrace_refuses_in_words(name: Option<String>, scopes: Option<Vec<String>>, expiration_date: Option<String>) {
        with(|both| {
            let new = ApiTokenCreate { name, scopes, expiration_date, personal_access_token: Some(false) };
            let made = both.ask(&dynatrace::VENDOR, dynatrace::create(&new).unwrap());
            assert!(made.as_ref().err().is_none_or(refused), "{:?}", made.err());
        });
    }

    #[test]
    fn control_room(text in key_text(), second: bool, mfa_code in prop::option::of(0_u32..1_000_000)) {
        with(|both| {
            let vendor = &control_room::VENDOR;
            let (version, username) = if second { (Version::Second, r"CORP\jdoe") } else { (Version::First, "jdoe") };
            let found = both.native(<Principals as counterfoil_dialects::native::client::Named>::named(username).unwrap());
            let id = found.items.into_iter().next().map_or_else(|| both.somebody(username), |person| person.id);
            both.import(&id, "control-room", None, &text);
            let secret = Secret::new(text.clone());
            let login = Login { username: username.into(), api_key: Some(text.clone()), mfa_code, ..Login::default() };
            let opened = both.ask_with(vendor, version.authenticate(&login, &secret).unwrap(), None).unwrap();
            assert_eq!(opened.user["username"], "jdoe");
            let token = Secret::new(opened.token);
            let valid = |token| both.ask_with(vendor, control_room::validate(token).unwrap(), None).unwrap().valid;
            assert!(valid(&token));
            let fresh = Secret::new(both.ask_with(vendor, version.refresh(&token).unwrap(), None).unwrap().token);
            assert!(valid(&fresh) && !valid(&token));
            both.ask_with(vendor, control_room::logout(&fresh).unwrap(), None).unwrap();
            assert!(!valid(&fresh));
            let over = both.ask_with(vendor, version.refresh(&fresh).unwrap(), None);
            assert!(refused(&over.err().unwrap()));
        });
    }

    #[test]
    fn datto_rmm(text in key_text(), key in "[!-9;-~]{1,40}") {
        with(|both| {
            let vendor = &datto_rmm::VENDOR;
            let found = both.native(<Principals as counterfoil_dialects::native::client::Named>::named("rmm").unwrap());
            let id = found.items.into_iter().next().map_or_else(|| both.somebody("rmm"), |person| person.id);
            let key = format!("{key}-{}", text.len());
            both.import(&id, "datto-rmm", Some(&key), &text);
            let secret = Secret::new(text.clone());
            let granted = both.ask_with(vendor, datto_rmm::request_access_token(&key, &secret).unwrap(), None).unwrap();
            assert_eq!((granted.token_type.as_str(), granted.expires_in), ("bearer", 360_000));
            let session = Credential::Bearer(Secret::new(granted.access_token));
            let new = both.ask_with(vendor, datto_rmm::reset_api_keys().unwrap(), Some(&session)).unwrap();
            assert_eq!(new.user_name, "rmm");
            let old = both.ask_with(vendor, datto_rmm::request_access_token(&key, &secret).unwrap(), None);
            let why = Complaint { said: "Bad credentials".into(), credential: true };
            assert!(matches!(old, Err(Fault::Refused { complaint: Some(said), .. }) if said == why));
            let secret = Secret::new(new.api_secret_key);
            let ask = datto_rmm::request_access_token(&new.api_access_key, &secret).unwrap();
            assert!(both.ask_with(vendor, ask, None).is_ok());
        });
    }
}

#[test]
fn a_stranger_is_refused_in_words_by_every_vendor() {
    with(|both| {
        let refusals = [
            (&ruvds::VENDOR, both.ask_with(&ruvds::VENDOR, ruvds::list().unwrap(), None).err()),
            (
                &agent_config::client::VENDOR,
                both.ask_with(&agent_config::client::VENDOR, Paths::Current.list().unwrap(), None).err(),
            ),
            (&dynatrace::VENDOR, both.ask_with(&dynatrace::VENDOR, dynatrace::get("x").unwrap(), None).err()),
            (
                &control_room::VENDOR,
                both.ask_with(
                    &control_room::VENDOR,
                    Version::Second.refresh(&Secret::new("x".into())).unwrap(),
                    None,
                )
                .err(),
            ),
            (
                &datto_rmm::VENDOR,
                both.ask_with(&datto_rmm::VENDOR, datto_rmm::reset_api_keys().unwrap(), None).err(),
            ),
        ];
        assert_eq!(refusals.len(), VENDORS.len());
        for (vendor, fault) in refusals {
            let fault = fault.unwrap();
            assert!(refused(&fault) && fault.status() == 401, "{}: {fault}", vendor.name);
        }
    });
}
