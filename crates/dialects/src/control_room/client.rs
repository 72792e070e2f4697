//! The client side of a Control Room (contract 3 and 5): log in, ask whether a token counts, replace it, end it.

use super::wire::{LoggedIn, Login, Valid};
use super::{HEADER, NAME};
use crate::ask::{Ask, Repeat, bare, escape, with_body};
use crate::vendor::{Complaint, Vendor, member};
use counterfoil_core::secret::Secret;
use http::Method;
use http::header::HeaderValue;

/// A Control Room, for clients. Each has an address of its own.
pub const VENDOR: Vendor =
    Vendor { name: NAME, title: "Control Room", home: None, bearer: (HEADER, ""), complaint };

/// An expired token may be refused with 400 (contract 8.1): only the sentence tells.
fn complaint(body: &[u8]) -> Option<Complaint> {
    let said = member(body, "/message")?;
    let credential = said.eq_ignore_ascii_case("Access Token has expired");
    Some(Complaint { said, credential })
}

/// The two generations of the login and refresh calls; the others have one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// Which releases from 33 on no longer have.
    First,
    /// Which releases before 31 do not have yet.
    Second,
}

impl Version {
    fn path(self) -> &'static str {
        match self {
            Self::First => "/v1/authentication",
            Self::Second => "/v2/authentication",
        }
    }

    /// Logs in; needs no credential besides what it brings.
    pub fn authenticate(self, login: &Login, secret: &Secret) -> Result<Ask<LoggedIn>, http::Error> {
        Ok(with_body(Method::POST, self.path(), login)?.hiding(secret).repeated(Repeat::ByHand))
    }

    /// Replaces a token, which ends with that.
    pub fn refresh(self, token: &Secret) -> Result<Ask<LoggedIn>, http::Error> {
        let path = format!("{}/token", self.path());
        let ask = match self {
            Self::First => {
                with_body(Method::POST, &path, &super::wire::Held { token: token.reveal().to_owned() })?
            }
            Self::Second => bare(Method::POST, &path)?,
        };
        bearing(ask, token)
    }
}

/// Asks whether a token counts. Older releases read it from the query, newer ones from the header.
pub fn validate(token: &Secret) -> Result<Ask<Valid>, http::Error> {
    let path = format!("/v1/authentication/token?token={}", escape(token.reveal()));
    bearing(bare(Method::GET, &path)?, token)
}

/// Ends a token.
pub fn logout(token: &Secret) -> Result<Ask<()>, http::Error> {
    Ok(bearing(bare(Method::POST, "/v1/authentication/logout")?, token)?.repeated(Repeat::ByHand))
}

/// What is done to a token is asked with that token.
fn bearing<T>(mut ask: Ask<T>, token: &Secret) -> Result<Ask<T>, http::Error> {
    let mut value = HeaderValue::try_from(token.reveal())?;
    value.set_sensitive(true);
    ask.request.headers_mut().insert(HEADER, value);
    Ok(ask.hiding(token))
}
