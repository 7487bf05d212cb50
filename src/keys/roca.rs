//! The fingerprint of RSA keys that can be factored (ROCA, CVE-2017-15361; Nemec et al., "The Return of Coppersmith's
//! Attack", ACM CCS 2017).
//!
//! The broken generator made both primes as `k * M + 65537^a mod M`, where `M` is the product of the first primes.
//! Modulo each of these primes, such a modulus is a power of 65537. About one honest modulus in 2^30 has the same
//! property.

const GENERATOR: u32 = 65_537;

/// The primes in the smallest `M` that was used, except 2: every modulus is 1 modulo 2.
const PRIMES: [u32; 38] = [
    3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97,
    101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
];

/// Whether a modulus, big-endian, has the fingerprint.
pub fn has_fingerprint(modulus: &[u8]) -> bool {
    PRIMES
        .into_iter()
        .all(|prime| is_power_of_generator(remainder(modulus, prime), prime))
}

fn remainder(number: &[u8], prime: u32) -> u32 {
    number.iter().fold(0, |rest, byte| {
        ((rest << 8) | u32::from(*byte)).rem_euclid(prime)
    })
}

fn is_power_of_generator(value: u32, prime: u32) -> bool {
    let next = |power: &u32| Some(power.wrapping_mul(GENERATOR).rem_euclid(prime));
    // The powers repeat after the group's order, which is less than the prime.
    std::iter::successors(Some(1), next)
        .take(usize::try_from(prime).unwrap_or(usize::MAX))
        .any(|power| power == value)
}
