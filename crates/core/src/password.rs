//! Passwords: argon2id (RFC 9106), slow on purpose, so every call belongs on the pool.

use crate::clock::Entropy;
use crate::error::Error;
use crate::secret::Secret;
use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, Params, PasswordHasher as _, PasswordVerifier as _};

/// 19 MiB, two passes, one lane: the least that OWASP's ASVS 5.0 (11.4.2) takes.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;

/// The digest of a password, in PHC form with a random salt.
pub fn digest(password: &Secret, entropy: &dyn Entropy) -> Result<String, Error> {
    let mut salt = [0_u8; 16];
    entropy.fill(&mut salt)?;
    let params =
        Params::new(MEMORY_KIB, PASSES, 1, None).map_err(|error| Error::unavailable(error.to_string()))?;
    let hash = Argon2::from(params).hash_password_with_salt(password.reveal().as_bytes(), &salt);
    hash.map(|hash| hash.to_string()).map_err(|error| Error::unavailable(error.to_string()))
}

/// Whether the digest is of this password. A principal without one is compared with a digest of nothing that anybody
/// knows, so that every attempt does the same work.
pub fn matches(password: &Secret, digest: Option<&str>) -> bool {
    let parsed = PasswordHash::new(digest.unwrap_or(NOBODYS));
    let good = parsed
        .is_ok_and(|hash| Argon2::default().verify_password(password.reveal().as_bytes(), &hash).is_ok());
    good && digest.is_some()
}

/// Same parameters, a salt of zeros, and no known password.
const NOBODYS: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$KioqKioqKioqKioqKioqKioqKioqKioqKioqKioqKio";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::CountedEntropy;

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
        assert!(PasswordHash::new(NOBODYS).is_ok());
    }
}
