//! Secrets and what is kept of them: the root secret, the keys derived from it, digests and seals.

use crate::clock::Entropy;
use crate::error::Error;
use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use data_encoding::HEXLOWER;
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

/// A text that must not be seen: no `Clone`, no `Display`, wiped when dropped.
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes the text over.
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The one way out. The tidy test lists the files that may call it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Secret(…)")
    }
}

/// What is kept of a secret: a keyed hash of its kind and its whole text (design 4).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest(pub [u8; 32]);

impl std::fmt::Debug for Digest {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Digest(…)")
    }
}

/// The one secret from which all keys come. At least 32 bytes.
pub struct RootSecret(Zeroizing<Vec<u8>>);

impl std::fmt::Debug for RootSecret {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("RootSecret(…)")
    }
}

impl RootSecret {
    /// A new one: 32 random bytes, as 64 hexadecimal digits.
    pub fn generate(entropy: &dyn Entropy) -> Result<Self, Error> {
        let mut bytes = Zeroizing::new([0_u8; 32]);
        entropy.fill(bytes.as_mut_slice())?;
        Ok(Self(Zeroizing::new(HEXLOWER.encode(bytes.as_slice()).into_bytes())))
    }

    /// Reads a prepared one; surrounding white space does not count. Refuses what is short or plainly not random.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let trimmed = bytes.trim_ascii();
        let refuse = |why: &str| Err(Error::invalid("root secret", why));
        if trimmed.len() < 32 {
            return refuse("is shorter than 32 bytes; make one with `openssl rand -hex 32`");
        }
        let mut distinct = trimmed.to_vec();
        distinct.sort_unstable();
        distinct.dedup();
        if distinct.len() < 10 {
            return refuse("has fewer than 10 different bytes; make one with `openssl rand -hex 32`");
        }
        let lower = trimmed.to_ascii_lowercase();
        let examples: [&[u8]; 5] =
            [b"changeme", b"change-me", b"example", b"password", b"0123456789abcdef0123456789abcdef"];
        if examples.iter().any(|example| lower.windows(example.len()).any(|part| part == *example)) {
            return refuse("looks like an example; make one with `openssl rand -hex 32`");
        }
        Ok(Self(Zeroizing::new(trimmed.to_vec())))
    }

    /// The bytes to be written to the root secret's file.
    pub fn reveal(&self) -> &[u8] {
        &self.0
    }
}

/// The keys derived from the root secret, one for each use (HKDF-SHA-256, RFC 5869).
pub struct Keys {
    pepper: Hmac<Sha256>,
    data: Aes256Gcm,
    cursor: Hmac<Sha256>,
    check: [u8; 16],
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Keys(…)")
    }
}

/// The pepper's version, kept with each text so that a later pepper can live beside it.
pub const PEPPER: u16 = 1;

impl Keys {
    /// Derives them all.
    pub fn derive(root: &RootSecret) -> Self {
        let hkdf = Hkdf::<Sha256>::new(Some(b"counterfoil"), &root.0);
        let mac = |info: &[u8]| {
            let key = expand::<32>(&hkdf, info);
            Hmac::<Sha256>::new_from_slice(key.as_slice())
                .unwrap_or_else(|_| unreachable!("HMAC takes keys of any length"))
        };
        Self {
            pepper: mac(b"pepper/1"),
            data: Aes256Gcm::new((&*expand::<32>(&hkdf, b"data/1")).into()),
            cursor: mac(b"cursor/1"),
            check: *expand::<16>(&hkdf, b"check/1"),
        }
    }

    /// A value that betrays nothing and tells two root secrets apart; kept in the store's meta record.
    pub fn check(&self) -> [u8; 16] {
        self.check
    }

    /// The digest of a bearer text: `HMAC(pepper, "b" ‖ text)`.
    pub fn bearer(&self, text: &str) -> Digest {
        let mut mac = self.pepper.clone();
        mac.update(b"b");
        mac.update(text.as_bytes());
        Digest(mac.finalize().into_bytes().into())
    }

    /// The digest of an exchange token's text: `HMAC(pepper, "x" ‖ realm ‖ dialect ‖ len(claim) ‖ claim ‖ text)`. The
    /// same text for two claims gives two digests, and none is a bearer's.
    pub fn key(&self, realm: u32, dialect: &str, claim: &str, text: &str) -> Digest {
        let mut mac = self.pepper.clone();
        mac.update(b"x");
        mac.update(&realm.to_be_bytes());
        for part in [dialect, claim] {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part.as_bytes());
        }
        mac.update(text.as_bytes());
        Digest(mac.finalize().into_bytes().into())
    }

    /// Seals `plain` for the place named by `about` (AES-256-GCM, random 96-bit nonce first).
    pub fn seal(&self, about: &str, plain: &[u8], entropy: &dyn Entropy) -> Result<Vec<u8>, Error> {
        let mut nonce = [0_u8; 12];
        entropy.fill(&mut nonce)?;
        let payload = Payload { msg: plain, aad: about.as_bytes() };
        let sealed = self
            .data
            .encrypt(&Nonce::from(nonce), payload)
            .map_err(|_| Error::unavailable("sealing failed"))?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    /// Opens what [`Keys::seal`] made for the same place; anything else is `None`.
    pub fn open(&self, about: &str, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (nonce, sealed) = sealed.split_first_chunk::<12>()?;
        let payload = Payload { msg: sealed, aad: about.as_bytes() };
        self.data.decrypt(&Nonce::from(*nonce), payload).ok().map(Zeroizing::new)
    }

    /// Authenticates a list position: the first 16 bytes of an HMAC over it and whom it was given to.
    pub fn tag(&self, holder: &str, position: &[u8]) -> [u8; 16] {
        let mut mac = self.cursor.clone();
        mac.update(&(holder.len() as u64).to_be_bytes());
        mac.update(holder.as_bytes());
        mac.update(position);
        let tag: [u8; 32] = mac.finalize().into_bytes().into();
        tag.first_chunk().copied().unwrap_or_default()
    }
}

fn expand<const N: usize>(hkdf: &Hkdf<Sha256>, info: &[u8]) -> Zeroizing<[u8; N]> {
    let mut key = Zeroizing::new([0_u8; N]);
    match hkdf.expand(info, key.as_mut_slice()) {
        Ok(()) => key,
        Err(_) => unreachable!("HKDF-SHA-256 gives up to 8,160 bytes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::CountedEntropy;

    fn keys() -> Keys {
        Keys::derive(&RootSecret::generate(&CountedEntropy::default()).unwrap())
    }

    #[test]
    fn debug_shows_no_secret() {
        assert_eq!(format!("{:?}", Secret::new("hush".into())), "Secret(…)");
        assert_eq!(format!("{:?} {:?}", keys(), keys().bearer("hush")), "Keys(…) Digest(…)");
    }

    #[test]
    fn a_seal_opens_only_for_its_own_place_and_unchanged() {
        let (keys, entropy) = (keys(), CountedEntropy::default());
        let sealed = keys.seal("here", b"text", &entropy).unwrap();
        assert_eq!(keys.open("here", &sealed).unwrap().as_slice(), b"text");
        assert!(keys.open("there", &sealed).is_none());
        for position in 0..sealed.len() {
            let mut bent = sealed.clone();
            bent[position] ^= 1;
            assert!(keys.open("here", &bent).is_none());
        }
    }

    #[test]
    fn weak_root_secrets_are_refused() {
        for weak in
            ["short", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "changeme-changeme-changeme-changeme-12345678"]
        {
            assert!(RootSecret::parse(weak.as_bytes()).is_err(), "{weak}");
        }
        assert!(
            RootSecret::parse(b"8c6976e5b5410415bde908bd4dee15dfb167a9c873fc4bb8a81f6f2ab448a918\n").is_ok()
        );
    }

    #[test]
    fn the_tag_depends_on_the_holder() {
        assert_ne!(keys().tag("a", b"position"), keys().tag("b", b"position"));
        assert_ne!(keys().tag("a", b"bc"), keys().tag("ab", b"c"));
    }
}
