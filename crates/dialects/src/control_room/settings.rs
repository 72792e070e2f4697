//! What an operator may set for a mount of this dialect. One that cannot be read fails every login, and the log says
//! why: a default instead would be a lifetime that nobody chose.

use crate::dialect::Room;
use counterfoil_core::error::Error;
use counterfoil_core::when;
use jiff::SignedDuration;
use std::str::FromStr;

/// The settings, each with the vendor's own value where nothing is set.
#[derive(Debug)]
pub(super) struct Settings {
    /// `lifetime`: of a token; 20 minutes (contract 4).
    pub(super) lifetime: SignedDuration,
    /// `sessions`: how many multi-session tokens a user may have at once; 5 (contract 6).
    pub(super) most: usize,
    /// `lock_out`: after how many wrong passwords in a row a user shows as disabled; 3 (contract 8.3).
    pub(super) lock_out: u32,
}

impl Settings {
    /// Those of this mount.
    pub(super) fn of(room: &Room) -> Result<Self, Error> {
        let lifetime = room.settings.get("lifetime").map(|text| when::span(text)).transpose();
        let lifetime =
            lifetime.map_err(|why| unusable("lifetime", &why))?.unwrap_or(SignedDuration::from_mins(20));
        if lifetime.is_zero() {
            return Err(unusable("lifetime", "must not be nothing"));
        }
        Ok(Self { lifetime, most: number(room, "sessions", 5)?, lock_out: number(room, "lock_out", 3)? })
    }
}

/// `historic_400`: whether an expired token is answered with the 400 that the vendor was seen to give (contract 8).
pub(super) fn historic_400(room: &Room) -> bool {
    room.settings.get("historic_400").is_some_and(|text| text == "true")
}

/// A count of at least one.
fn number<T: FromStr + PartialOrd + From<u8>>(room: &Room, name: &str, usual: T) -> Result<T, Error> {
    let Some(text) = room.settings.get(name) else { return Ok(usual) };
    let number = text.parse().ok().filter(|number| *number >= T::from(1));
    number.ok_or_else(|| unusable(name, "must be a number from 1"))
}

fn unusable(name: &str, why: &str) -> Error {
    Error::unavailable(format!("the setting {name} of control-room {why}"))
}
