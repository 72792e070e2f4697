//! What goes over the wire: users, logins, pages. Version 1 writes 64-bit integers as numbers, version 2 as strings
//! (contract 3.6), so everything that holds one is written for either.

use super::words;
use counterfoil_core::authority::{Person, Started};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a version of the API writes 64-bit integers.
pub trait Integer: From<u64> + Serialize + JsonSchema + Send + 'static {
    /// Whether this is version 2, with what only it has.
    const SECOND: bool;
}

impl Integer for u64 {
    const SECOND: bool = false;
}

/// A 64-bit integer as a string.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct Int64(String);

impl From<u64> for Int64 {
    fn from(number: u64) -> Self {
        Self(number.to_string())
    }
}

impl Integer for Int64 {
    const SECOND: bool = true;
}

/// A login's or refresh's outcome.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ControlRoomAuthenticated_{N}")]
pub struct Authenticated<N: Integer> {
    /// The JWT for `X-Authorization`.
    pub token: String,
    /// Whose it is.
    pub user: User<N>,
    /// In version 2 the seconds that are left, told after a refresh only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttl_seconds: Option<String>,
}

impl<N: Integer> Authenticated<N> {
    /// The answer that shows the JWT; version 2 tells the seconds besides.
    pub fn of(started: &Started, person: Person, seconds: i64) -> Self {
        Self {
            token: started.jwt.reveal().to_owned(),
            user: User::at_login(person),
            ttl_seconds: N::SECOND.then(|| seconds.to_string()),
        }
    }
}

/// A login, as a client writes it. (The server reads far more, see `read`.)
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Login {
    /// `user`, `user@host` or `DOMAIN\user`.
    pub username: String,
    /// This or the key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    /// This or the password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_key: Option<String>,
    /// Whether the session should leave others alone; only with a password.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub multiple_login: bool,
    /// The code of the second factor. A number: leading zeros do not count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mfa_code: Option<u32>,
}

/// What a client keeps of a login or refresh: the user as it came, since vendors' users differ in more than a few members.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LoggedIn {
    /// The JWT for `X-Authorization`.
    pub token: String,
    /// Whose it is.
    #[serde(default)]
    pub user: serde_json::Value,
}

/// A token that something is to be done with.
#[derive(Serialize)]
pub(super) struct Held {
    pub(super) token: String,
}

/// Whether a token counts.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ControlRoomValid")]
pub struct Valid {
    /// Whether.
    pub valid: bool,
}

/// A page of users.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ControlRoomUsers")]
pub struct Users {
    /// Where in the whole this is.
    pub page: Page,
    /// The users.
    pub list: Vec<serde_json::Value>,
}

/// Where in the whole a page is.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ControlRoomPage")]
pub struct Page {
    /// How many were left out before it.
    pub offset: usize,
    /// How many there are.
    pub total: usize,
    /// How many of them the filter lets through.
    pub total_filter: usize,
}

/// A user (contract 3.5): 29 members at a login, two more in version 2's user management, where null is never.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ControlRoomUser_{N}")]
#[expect(missing_docs, clippy::struct_excessive_bools, reason = "the vendor's names")]
pub struct User<N: Integer> {
    pub id: N,
    pub email: String,
    pub username: String,
    pub domain: Option<String>,
    pub first_name: String,
    pub last_name: String,
    pub version: N,
    pub principal_id: N,
    pub deleted: bool,
    pub roles: Vec<Role<N>>,
    pub sys_assigned_roles: Vec<Role<N>>,
    pub group_names: Vec<String>,
    pub permissions: Vec<Permission<N>>,
    pub license_features: Vec<String>,
    pub email_verified: bool,
    pub password_set: bool,
    pub questions_set: bool,
    pub enable_auto_login: bool,
    pub disabled: bool,
    pub client_registered: bool,
    pub description: String,
    pub created_by: N,
    pub created_on: String,
    pub updated_by: N,
    pub updated_on: String,
    pub public_key: (),
    pub app_type: (),
    pub routing_name: (),
    pub app_url: (),
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_login_time: Option<Option<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub multiple_login_allowed: Option<bool>,
}

/// A role that a user has.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ControlRoomRole_{N}")]
#[expect(missing_docs, reason = "the vendor's names")]
pub struct Role<N: Integer> {
    pub name: String,
    pub id: N,
    pub version: N,
}

/// Something that a user may do.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ControlRoomPermission_{N}")]
#[expect(missing_docs, reason = "the vendor's names")]
pub struct Permission<N: Integer> {
    pub id: N,
    pub action: &'static str,
    pub resource_id: (),
    pub resource_type: &'static str,
}

/// Whoever the operator is, to the vendor's clients it is the user with this number: the realm's first administrator.
const OPERATOR: u64 = 1;

impl<N: Integer> User<N> {
    /// As a login shows it: instants to the second, no domain is null.
    pub fn at_login(person: Person) -> Self {
        Self::of(person, |at| at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
    }

    /// As user management shows it: instants to the millisecond, no domain is the empty string.
    pub fn managed(person: Person) -> Self {
        let last_login = person.principal.last_login.map(counterfoil_core::when::iso);
        let several = person.principal.several_sessions;
        let user = Self::of(person, counterfoil_core::when::iso);
        Self {
            domain: Some(user.domain.unwrap_or_default()),
            last_login_time: N::SECOND.then_some(last_login),
            multiple_login_allowed: N::SECOND.then_some(several),
            ..user
        }
    }

    fn of(person: Person, instant: fn(Timestamp) -> String) -> Self {
        let Person { principal, roles, scopes, locked_out, created_by, updated_by } = person;
        let (domain, username) = match principal.username.split_once('\\') {
            Some((domain, name)) => (Some(domain.to_owned()), name.to_owned()),
            None => (None, principal.username),
        };
        let permitted = words::PERMISSIONS.iter().filter(|permission| scopes.covers(permission.scope));
        Self {
            id: principal.number.into(),
            email: principal.email,
            username,
            domain,
            first_name: principal.first_name,
            last_name: principal.last_name,
            version: principal.version.into(),
            principal_id: principal.number.into(),
            deleted: principal.deleted.is_some(),
            roles: roles.into_iter().map(Role::from).collect(),
            sys_assigned_roles: Vec::new(),
            group_names: Vec::new(),
            permissions: permitted.map(Permission::from).collect(),
            license_features: principal.licences,
            email_verified: true,
            password_set: principal.password.is_some(),
            questions_set: true,
            enable_auto_login: false,
            disabled: principal.disabled || locked_out,
            client_registered: false,
            description: principal.description,
            created_by: created_by.unwrap_or(OPERATOR).into(),
            created_on: instant(principal.created),
            updated_by: updated_by.unwrap_or(OPERATOR).into(),
            updated_on: instant(principal.updated),
            public_key: (),
            app_type: (),
            routing_name: (),
            app_url: (),
            last_login_time: None,
            multiple_login_allowed: None,
        }
    }
}

impl<N: Integer> From<counterfoil_core::principal::Role> for Role<N> {
    fn from(role: counterfoil_core::principal::Role) -> Self {
        Self { name: role.name, id: role.number.into(), version: role.version.into() }
    }
}

impl<N: Integer> From<&words::Permission> for Permission<N> {
    fn from(permission: &words::Permission) -> Self {
        Self {
            id: permission.id.into(),
            action: permission.action,
            resource_id: (),
            resource_type: permission.resource,
        }
    }
}
