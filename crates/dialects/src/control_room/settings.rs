//! What an operator may set for a mount of this dialect, each with the vendor's own value where nothing is set.

use crate::dialect::KEY_DURATION;
use crate::setting::{AnySetting, Setting, count, stretch, switch};
use jiff::SignedDuration;

/// Of a token (contract 4).
pub(super) const LIFETIME: Setting<SignedDuration> =
    Setting { name: "lifetime", usual: SignedDuration::from_mins(20), read: stretch };
/// How many multi-session tokens a user may have at once (contract 6).
pub(super) const SESSIONS: Setting<usize> = Setting { name: "sessions", usual: 5, read: count };
/// After how many wrong passwords in a row a user shows as disabled (contract 8.3).
pub(super) const LOCK_OUT: Setting<u32> = Setting { name: "lock_out", usual: 3, read: count };
/// Whether an expired token is answered with the 400 that the vendor was seen to give (contract 8).
pub(super) const HISTORIC_400: Setting<bool> = Setting { name: "historic_400", usual: false, read: switch };

pub(super) const ALL: &[&dyn AnySetting] = &[&LIFETIME, &SESSIONS, &LOCK_OUT, &KEY_DURATION, &HISTORIC_400];
