//! What new token texts look like, as data: a dialect describes its form, this file strikes and recognises it.

use crate::clock::Entropy;
use crate::error::Error;
use crate::secret::Secret;
use zeroize::Zeroizing;

/// The 62 letters and digits, digits first.
pub const BASE62: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// The 36 capital letters and digits.
pub const BASE36: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
/// The alphabet of RFC 4648 section 6.
pub const BASE32: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// One stretch of a token text.
#[derive(Debug, Clone, Copy)]
pub enum Part {
    /// Always these characters.
    Fixed(&'static str),
    /// That many characters drawn evenly from the alphabet.
    Drawn(&'static [u8], usize),
    /// CRC-32 (IEEE) of everything before it, as six base62 digits. It only refuses early; it is no control.
    Checksum,
    /// A random UUID (version 4) in its usual form.
    Uuid,
}

/// The form of one dialect's tokens.
#[derive(Debug, Clone, Copy)]
pub struct Format {
    /// The public part, safe in logs: the token's id.
    pub public: &'static [Part],
    /// What follows it in the secret text, or is all of it.
    pub hidden: &'static [Part],
    /// Whether the secret text begins with the public part.
    pub joined: bool,
    /// Whether the vendor shows the text again, so that it is kept sealed beside its digest. A text that is not cannot
    /// be shown by anybody.
    pub shown_again: bool,
}

/// A newly struck text and the id that is its public part.
#[derive(Debug)]
pub struct Struck {
    /// The public part.
    pub id: String,
    /// The whole text, to be shown once.
    pub text: Secret,
}

impl Format {
    /// Strikes a new text with a new id.
    pub fn strike(&self, entropy: &dyn Entropy) -> Result<Struck, Error> {
        let mut id = String::new();
        extend(&mut id, self.public, entropy)?;
        let text = self.strike_for(&id, entropy)?;
        Ok(Struck { id, text })
    }

    /// Strikes a new text for an id that stays: a rotation.
    pub fn strike_for(&self, id: &str, entropy: &dyn Entropy) -> Result<Secret, Error> {
        let mut text = Zeroizing::new(String::with_capacity(128));
        if self.joined {
            text.push_str(id);
        }
        extend(&mut text, self.hidden, entropy)?;
        Ok(Secret::new(std::mem::take(&mut text)))
    }

    /// Whether `text` has this form: lengths, alphabets and checksum.
    pub fn fits(&self, text: &str) -> bool {
        self.public_len(text).is_some()
    }

    /// The id that a text of this form carries in the open, if it has this form.
    pub fn id_of<'a>(&self, text: &'a str) -> Option<&'a str> {
        self.public_len(text).filter(|_| self.joined).and_then(|length| text.get(..length))
    }

    fn public_len(&self, text: &str) -> Option<usize> {
        let public = if self.joined { read(text, 0, self.public)? } else { 0 };
        (read(text, public, self.hidden)? == text.len()).then_some(public)
    }
}

fn extend(text: &mut String, parts: &[Part], entropy: &dyn Entropy) -> Result<(), Error> {
    for part in parts {
        match part {
            Part::Fixed(fixed) => text.push_str(fixed),
            Part::Drawn(alphabet, count) => draw(text, alphabet, *count, entropy)?,
            Part::Checksum => {
                let sum = checksum(text);
                text.push_str(&sum);
            }
            Part::Uuid => {
                let mut random = [0_u8; 16];
                entropy.fill(&mut random)?;
                text.push_str(&uuid::Builder::from_random_bytes(random).into_uuid().to_string());
            }
        }
    }
    Ok(())
}

/// Rejection sampling: a byte beyond the last whole multiple of the alphabet is drawn again, so no letter is favoured.
fn draw(text: &mut String, alphabet: &[u8], count: usize, entropy: &dyn Entropy) -> Result<(), Error> {
    let limit = 256 - 256 % alphabet.len();
    let mut missing = count;
    let mut bytes = Zeroizing::new([0_u8; 64]);
    while missing > 0 {
        entropy.fill(bytes.as_mut_slice())?;
        for byte in bytes.iter().map(|byte| usize::from(*byte)).filter(|byte| *byte < limit).take(missing) {
            text.push(char::from(alphabet[byte % alphabet.len()]));
            missing -= 1;
        }
    }
    Ok(())
}

fn checksum(text: &str) -> String {
    let mut sum = crc32fast::hash(text.as_bytes()) as usize;
    let mut digits = [b'0'; 6];
    for digit in digits.iter_mut().rev() {
        *digit = BASE62[sum % 62];
        sum /= 62;
    }
    digits.iter().map(|digit| char::from(*digit)).collect()
}

/// Where the parts end if they stand in `text` from `start` on.
fn read(text: &str, start: usize, parts: &[Part]) -> Option<usize> {
    let mut at = start;
    for part in parts {
        let rest = text.get(at..)?;
        at += match part {
            Part::Fixed(fixed) => rest.starts_with(fixed).then_some(fixed.len())?,
            Part::Drawn(alphabet, count) => {
                rest.get(..*count)?.bytes().all(|byte| alphabet.contains(&byte)).then_some(*count)?
            }
            Part::Uuid => uuid::Uuid::try_parse(rest.get(..36)?).is_ok().then_some(36)?,
            Part::Checksum => (rest.get(..6)? == checksum(text.get(..at)?)).then_some(6)?,
        };
    }
    Some(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::CountedEntropy;

    const OURS: Format = Format {
        public: &[Part::Fixed("cf_"), Part::Drawn(BASE62, 12)],
        hidden: &[Part::Fixed("_"), Part::Drawn(BASE62, 43), Part::Checksum],
        joined: true,
        shown_again: false,
    };

    #[test]
    fn a_struck_text_fits_and_names_its_id() {
        let entropy = CountedEntropy::default();
        for _ in 0..1_000 {
            let struck = OURS.strike(&entropy).unwrap();
            assert_eq!(OURS.id_of(struck.text.reveal()), Some(struck.id.as_str()));
            let again = OURS.strike_for(&struck.id, &entropy).unwrap();
            assert_ne!(again.reveal(), struck.text.reveal());
            assert_eq!(OURS.id_of(again.reveal()), Some(struck.id.as_str()));
        }
    }

    #[test]
    fn one_changed_or_swapped_character_is_refused() {
        let entropy = CountedEntropy::default();
        let struck = OURS.strike(&entropy).unwrap();
        let text = struck.text.reveal();
        for at in 0..text.len() {
            let mut bent = text.as_bytes().to_vec();
            bent[at] = if bent[at] == b'x' { b'y' } else { b'x' };
            assert!(!OURS.fits(std::str::from_utf8(&bent).unwrap()), "changed at {at}");
            if at > 0 && text.as_bytes()[at - 1] != text.as_bytes()[at] {
                let mut swapped = text.as_bytes().to_vec();
                swapped.swap(at - 1, at);
                assert!(!OURS.fits(std::str::from_utf8(&swapped).unwrap()), "swapped at {at}");
            }
        }
        assert!(!OURS.fits("") && !OURS.fits("cf_ä") && !OURS.fits(&format!("{text}0")));
    }

    #[test]
    fn no_letter_is_favoured() {
        let entropy = CountedEntropy::default();
        let mut text = String::new();
        draw(&mut text, BASE62, 62_000, &entropy).unwrap();
        let mut counts = [0_f64; 256];
        for byte in text.bytes() {
            counts[usize::from(byte)] += 1.0;
        }
        let chi: f64 =
            BASE62.iter().map(|byte| (counts[usize::from(*byte)] - 1_000.0).powi(2) / 1_000.0).sum();
        assert!(chi < 120.0, "χ² = {chi} with 61 degrees of freedom");
    }
}
