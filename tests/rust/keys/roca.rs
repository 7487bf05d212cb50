//! The ROCA fingerprint: every modulus of the broken generator has it, and others don't.

use _core::keys::roca::has_fingerprint;
use proptest::collection::vec;
use proptest::prelude::*;

/// A number as its digits in base 2^32, the least significant first.
type Number = Vec<u32>;

fn product(left: &[u32], right: &[u32]) -> Number {
    let mut digits = vec![0_u32; left.len() + right.len()];
    for (place, factor) in left.iter().enumerate() {
        let mut carry = 0;
        for (offset, other) in right.iter().enumerate() {
            let sum =
                u64::from(*factor) * u64::from(*other) + u64::from(digits[place + offset]) + carry;
            digits[place + offset] = sum as u32;
            carry = sum >> 32;
        }
        digits[place + right.len()] = carry as u32;
    }
    digits
}

fn sum(left: &[u32], right: &[u32]) -> Number {
    let (longer, shorter) = if left.len() < right.len() {
        (right, left)
    } else {
        (left, right)
    };
    let mut carry = 0;
    let mut digits: Number = (longer.iter().enumerate())
        .map(|(place, digit)| {
            let other = shorter.get(place).copied().unwrap_or(0);
            let sum = u64::from(*digit) + u64::from(other) + carry;
            carry = sum >> 32;
            sum as u32
        })
        .collect();
    digits.push(carry as u32);
    digits
}

fn big_endian(number: &[u32]) -> Vec<u8> {
    (number.iter().rev())
        .flat_map(|digit| digit.to_be_bytes())
        .collect()
}

/// The product of the primes up to `most`.
fn primorial(most: u32) -> Number {
    let is_prime = |number: &u32| (2..*number).all(|divisor| !number.is_multiple_of(divisor));
    (2..=most)
        .filter(is_prime)
        .fold(vec![1], |number, prime| product(&number, &[prime]))
}

/// `k * M + 65537^a`, the generator's form with another `k`.
fn generated(k: &[u32], m: &[u32], a: usize) -> Number {
    let power = std::iter::repeat_n(65_537, a)
        .fold(vec![1], |power, generator| product(&power, &[generator]));
    sum(&product(k, m), &power)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn a_modulus_of_the_generators_form_is_found(
        k in vec(any::<u32>(), 1..25),
        l in vec(any::<u32>(), 1..25),
        (a, b) in (0_usize..40, 0_usize..40),
        most in prop::sample::select(vec![167, 353, 701, 1427]),
        zeros in 0_usize..3,
    ) {
        let m = primorial(most);
        let modulus = big_endian(&product(&generated(&k, &m, a), &generated(&l, &m, b)));
        prop_assert!(has_fingerprint(&[vec![0; zeros], modulus].concat()));
    }

    #[test]
    fn one_factor_of_another_form_is_enough_to_be_ordinary(
        k in vec(any::<u32>(), 8..25),
        other in vec(any::<u32>(), 16..32),
        a in 0_usize..40,
    ) {
        let modulus = product(&generated(&k, &primorial(701), a), &other);
        prop_assert!(!has_fingerprint(&big_endian(&modulus)));
    }

    #[test]
    fn ordinary_numbers_are_not_found(mut bytes in vec(any::<u8>(), 256..=512)) {
        *bytes.last_mut().unwrap() |= 1;
        prop_assert!(!has_fingerprint(&bytes));
    }
}

/// The moduli of ten keys that a sound library made.
#[test]
fn fresh_keys_are_not_found() {
    use aws_lc_rs::rsa::{KeyPair, KeySize};
    use aws_lc_rs::signature::KeyPair as _;
    for _ in 0..10 {
        let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
        let modulus = pair
            .public_key()
            .modulus()
            .big_endian_without_leading_zero();
        assert!(!has_fingerprint(modulus));
    }
}

#[test]
fn what_is_no_modulus_is_not_found() {
    for bytes in [&[][..], &[0], &[0, 0], &[2], &[0xff; 1]] {
        assert!(!has_fingerprint(bytes), "{bytes:?}");
    }
    // 1 is a power of 65537, and so are its powers.
    for bytes in [&[1][..], &[0, 1, 0, 1], &[1, 0, 2, 0, 1]] {
        assert!(has_fingerprint(bytes), "{bytes:?}");
    }
}
