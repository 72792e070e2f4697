//! Second factors: time-based one-time passwords (RFC 6238: SHA-1, six digits, 30 seconds).

use crate::clock::Entropy;
use crate::error::Error;
use crate::principal::PrincipalId;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use sha1::Sha1;
use zeroize::Zeroizing;

const STEP_SECONDS: i64 = 30;

/// A new seed of 20 bytes (RFC 4226 section 4, R6).
pub fn seed(entropy: &dyn Entropy) -> Result<Zeroizing<[u8; 20]>, Error> {
    let mut seed = Zeroizing::new([0_u8; 20]);
    entropy.fill(seed.as_mut_slice())?;
    Ok(seed)
}

/// For which place a principal's seed is sealed.
pub fn about(principal: PrincipalId) -> String {
    format!("totp/{}", principal.0)
}

/// The step of this code, if it is the one of now or of a step beside it and later than the last one accepted. Codes
/// are numbers: a wire may have dropped their leading zeros.
pub fn accept(seed: &[u8], code: u32, last: Option<u64>, now: Timestamp) -> Option<u64> {
    let present = u64::try_from(now.as_second().div_euclid(STEP_SECONDS)).ok()?;
    let steps = [present.checked_sub(1), Some(present), present.checked_add(1)];
    let fresh = steps.into_iter().flatten().filter(|step| last.is_none_or(|last| *step > last));
    fresh.fold(None, |found, step| if self::code(seed, step) == code { Some(step) } else { found })
}

/// The code of a step (RFC 4226 section 5.3): what an authenticator shows.
pub fn code(seed: &[u8], step: u64) -> u32 {
    let mut mac =
        Hmac::<Sha1>::new_from_slice(seed).unwrap_or_else(|_| unreachable!("HMAC takes keys of any length"));
    mac.update(&step.to_be_bytes());
    let hash: [u8; 20] = mac.finalize().into_bytes().into();
    let offset = usize::from(hash[19] & 15);
    let four = [hash[offset] & 0x7f, hash[offset + 1], hash[offset + 2], hash[offset + 3]];
    u32::from_be_bytes(four) % 1_000_000
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEED: &[u8] = b"12345678901234567890";

    #[test]
    fn the_codes_are_those_of_rfc_6238() {
        // Its table has eight digits; ours are the last six.
        for (second, expected) in
            [(59, 287_082), (1_111_111_109, 81_804), (1_234_567_890, 5_924), (2_000_000_000, 279_037)]
        {
            assert_eq!(code(SEED, second / 30), expected);
        }
    }

    #[test]
    fn a_code_counts_once_and_only_near_its_time() {
        let now = Timestamp::from_second(1_234_567_890).unwrap();
        let step = accept(SEED, 5_924, None, now);
        assert_eq!(step, Some(1_234_567_890 / 30));
        assert_eq!(accept(SEED, 5_924, step, now), None);
        assert_eq!(accept(SEED, 5_925, None, now), None);
        let later = Timestamp::from_second(1_234_567_890 + 90).unwrap();
        assert_eq!(accept(SEED, 5_924, None, later), None);
    }
}
