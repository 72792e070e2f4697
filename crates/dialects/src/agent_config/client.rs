//! The client side of agent-config (contract 3): the calls of its page, in both generations of its paths.

use super::{Create, NAME, Status, Token, Update};
use crate::ask::{Ask, bare, escape, with_body};
use crate::vendor::{Complaint, Vendor};
use counterfoil_core::secret::Secret;
use http::Method;
use http::header::{HeaderName, HeaderValue};

/// A Bamboo server with the add-on, for clients.
pub const VENDOR: Vendor = Vendor {
    name: NAME,
    title: "Bamboo's agent-config",
    home: None,
    bearer: ("authorization", "Bearer "),
    complaint: |body| {
        serde_json::from_slice(body).ok().map(|Status { message, .. }| Complaint::from(message))
    },
};

/// Without it the host may take a change for one that a foreign page asks for (contract 3.4).
const NO_CHECK: (HeaderName, HeaderValue) =
    (HeaderName::from_static("x-atlassian-token"), HeaderValue::from_static("nocheck"));

/// Which paths the server has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paths {
    /// Since version 1.5 of the add-on.
    Current,
    /// Before it.
    Legacy,
}

impl Paths {
    fn tokens(self) -> &'static str {
        match self {
            Self::Current => "/rest/agent-config/1.0/tokens",
            Self::Legacy => "/rest/agent/1.0/tokens",
        }
    }

    /// Reads every token.
    pub fn list(self) -> Result<Ask<Vec<Token>>, http::Error> {
        bare(Method::GET, &format!("{}/", self.tokens()))
    }

    /// Creates one.
    pub fn create(self, new: &Create) -> Result<Ask<Token>, http::Error> {
        // The page writes the older path without a slash at its end.
        let end = if self == Self::Current { "/" } else { "" };
        with_body(Method::POST, &format!("{}{end}", self.tokens()), new).map(unchecked)
    }

    /// Changes the one with this uuid, which is a secret.
    pub fn update(self, uuid: &Secret, new: &Update) -> Result<Ask<Token>, http::Error> {
        let path = format!("{}/{}", self.tokens(), escape(uuid.reveal()));
        Ok(unchecked(with_body(Method::PUT, &path, new)?).hiding(uuid))
    }
}

fn unchecked<T>(mut ask: Ask<T>) -> Ask<T> {
    ask.request.headers_mut().insert(NO_CHECK.0, NO_CHECK.1);
    ask
}
