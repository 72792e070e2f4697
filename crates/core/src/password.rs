//! Passwords: argon2id (RFC 9106), slow on purpose, so every call belongs on the pool.

use crate::clock::Entropy;
use crate::error::Error;
use crate::secret::Secret;
use argon2::password_hash::phc::{Output, PasswordHash};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use data_encoding::BASE64_NOPAD;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// 19 MiB, two passes, one lane: the least that OWASP's ASVS 5.0 (11.4.2) takes.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;

/// The digest of a password, in PHC form with a random salt.
pub fn digest(password: &Secret, entropy: &dyn Entropy) -> Result<String, Error> {
    let mut salt = [0_u8; 16];
    entropy.fill(&mut salt)?;
    let params = Params::new(MEMORY_KIB, PASSES, 1, None);
    let params = params.map_err(|error| Error::unavailable(error.to_string()))?;
    let mut out = [0_u8; 32];
    MEMORY
        .stretch(params, password, &salt, &mut out)
        .map_err(|error| Error::unavailable(error.to_string()))?;
    let (salt, out) = (BASE64_NOPAD.encode(&salt), BASE64_NOPAD.encode(&out));
    Ok(format!("$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p=1${salt}${out}"))
}

/// Whether the digest is of this password. A principal without one is compared with a digest of nothing that anybody
/// knows, so that every attempt does the same work.
pub fn matches(password: &Secret, digest: Option<&str>) -> bool {
    compare(password, digest.unwrap_or(NOBODYS)) == Some(true) && digest.is_some()
}

/// Nothing, if the digest is none that was made here.
fn compare(password: &Secret, digest: &str) -> Option<bool> {
    let hash = PasswordHash::new(digest).ok()?;
    let (salt, kept) = (hash.salt?, hash.hash?);
    let params = Params::try_from(&hash).ok()?;
    let mut out = [0_u8; 32];
    MEMORY.stretch(params, password, salt.as_ref(), &mut out).ok()?;
    // Outputs are compared in constant time.
    Some(Output::new(&out).ok()? == kept)
}

/// Memory that was used before and is used again: left to the allocator, each thread that ever did this would keep it.
struct Memory(Mutex<Vec<Vec<Block>>>);

static MEMORY: Memory = Memory(Mutex::new(Vec::new()));

impl Memory {
    fn stretch(&self, params: Params, password: &Secret, salt: &[u8], out: &mut [u8]) -> argon2::Result<()> {
        let mut blocks = self.spare().pop().unwrap_or_default();
        blocks.resize(params.block_count(), Block::default());
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let done =
            argon2.hash_password_into_with_memory(password.reveal().as_bytes(), salt, out, &mut blocks);
        self.spare().push(blocks);
        done
    }

    fn spare(&self) -> MutexGuard<'_, Vec<Vec<Block>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Same parameters, a salt of zeros, and no known password.
const NOBODYS: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$KioqKioqKioqKioqKioqKioqKioqKioqKioqKioqKio";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::CountedEntropy;
    use argon2::PasswordHasher as _;

    #[test]
    fn a_digest_matches_its_own_password_whole() {
        let entropy = CountedEntropy::default();
        let long = "x".repeat(200);
        let kept = digest(&Secret::new(long.clone()), &entropy).unwrap();
        assert!(kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(matches(&Secret::new(long.clone()), Some(&kept)));
        assert!(!matches(&Secret::new(long[..199].into()), Some(&kept)));
        assert!(!matches(&Secret::new(format!("{long}x")), Some(&kept)));
        assert!(!matches(&Secret::new(long), None) && !matches(&Secret::new(String::new()), None));
        assert_eq!(compare(&Secret::new("x".into()), NOBODYS), Some(false));
    }

    #[test]
    fn a_digest_that_others_made_in_this_form_is_read() {
        let kept =
            Argon2::default().hash_password_with_salt(b"password", b"saltsaltsaltsalt").unwrap().to_string();
        assert!(matches(&Secret::new("password".into()), Some(&kept)));
        assert!(!matches(&Secret::new("Password".into()), Some(&kept)));
        assert!(!matches(&Secret::new("password".into()), Some("$argon2id$v=19$nonsense")));
    }

    #[test]
    fn memory_is_used_again() {
        let memory = Memory(Mutex::default());
        let mut digests = std::collections::BTreeSet::new();
        for round in 0..3 {
            let (params, mut out) = (Params::new(64, 1, 1, None).unwrap(), [0; 32]);
            let text = Secret::new("x".repeat(1 + round % 2));
            memory.stretch(params, &text, &[7; 16], &mut out).unwrap();
            digests.insert(out);
        }
        assert_eq!(memory.spare().len(), 1);
        assert_eq!(digests.len(), 2, "what was in it before changes nothing");
    }
}
