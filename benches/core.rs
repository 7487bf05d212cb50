//! The core's `verify` and `sign` against bare aws-lc-rs, in turns of equal length: `cargo bench --bench core`.
//!
//! Prints one JSON object a line: the algorithm, the operation, both best times in nanoseconds, and by which factor
//! the core takes longer (the higher of best ÷ best and the median of the rounds). `--short` shows that it works.
//! `tests/suites/bench/tokens/core.py` compares the factors with the bars.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "a measurement stops at the first mistake, and its numbers are small"
)]

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use _core::keys::algorithm::Algorithm;
use _core::keys::key::SigningKey;
use _core::ring::KeyRing;
use _core::token::claims::ClaimPolicy;
use _core::token::json::Discard;
use _core::token::policy::TokenPolicy;
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    self, EcdsaKeyPair, Ed25519KeyPair, KeyPair, ParsedPublicKey, RsaKeyPair, VerificationAlgorithm,
};
use aws_lc_rs::{hmac, rand};

const NOW: f64 = 1_764_500_010.0;
const MAX_LENGTH: usize = 16_384;
const PAYLOAD: &[u8] = br#"{"token_type":"access","exp":4102444800,"iat":1764500000,"jti":"0123456789abcdef0123456789abcdef","user_id":"1"}"#;

type Call<'k> = Box<dyn FnMut() + 'k>;
/// From a message to its signature.
type Sign = dyn Fn(&[u8]) -> Vec<u8>;
/// Of a message and its signature; panics if they don't match.
type Verify = dyn Fn(&[u8], &[u8]);

/// How many rounds a race has, and how long a turn is.
struct Pace {
    rounds: usize,
    turn: Duration,
}

/// The bare operations on a key, and the same key for the core.
struct Contestant {
    algorithm: Algorithm,
    key: SigningKey,
    sign: Box<Sign>,
    verify: Box<Verify>,
}

fn main() {
    let pace = if std::env::args().any(|argument| argument == "--short") {
        Pace {
            rounds: 3,
            turn: Duration::from_micros(500),
        }
    } else {
        Pace {
            rounds: 100,
            turn: Duration::from_millis(3),
        }
    };
    for contestant in [hs256(), rs256(), es256(), eddsa()] {
        race_both(contestant, &pace);
    }
}

fn hs256() -> Contestant {
    let mut secret = [0; 64];
    rand::fill(&mut secret).unwrap();
    let key = hmac::Key::new(hmac::HMAC_SHA256, &secret);
    let other = key.clone();
    Contestant {
        algorithm: Algorithm::HS256,
        key: SigningKey::from_secret(Algorithm::HS256, &secret).unwrap(),
        sign: Box::new(move |message| hmac::sign(&key, message).as_ref().to_vec()),
        verify: Box::new(move |message, tag| hmac::verify(&other, message, tag).unwrap()),
    }
}

fn rs256() -> Contestant {
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let key = from_pkcs8(
        Algorithm::RS256,
        AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).unwrap().as_ref(),
    );
    let verify = verifier(
        &signature::RSA_PKCS1_2048_8192_SHA256,
        pair.public_key().as_ref(),
    );
    let random = SystemRandom::new();
    let sign = move |message: &[u8]| {
        let mut bytes = vec![0; pair.public_modulus_len()];
        pair.sign(&signature::RSA_PKCS1_SHA256, &random, message, &mut bytes)
            .unwrap();
        bytes
    };
    Contestant {
        algorithm: Algorithm::RS256,
        key,
        sign: Box::new(sign),
        verify,
    }
}

fn es256() -> Contestant {
    let pair = EcdsaKeyPair::generate(&signature::ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let key = from_pkcs8(Algorithm::ES256, pair.to_pkcs8v1().unwrap().as_ref());
    let verify = verifier(
        &signature::ECDSA_P256_SHA256_FIXED,
        pair.public_key().as_ref(),
    );
    let random = SystemRandom::new();
    let sign = move |message: &[u8]| pair.sign(&random, message).unwrap().as_ref().to_vec();
    Contestant {
        algorithm: Algorithm::ES256,
        key,
        sign: Box::new(sign),
        verify,
    }
}

fn eddsa() -> Contestant {
    let pair = Ed25519KeyPair::generate().unwrap();
    let key = from_pkcs8(
        Algorithm::EdDSA,
        AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).unwrap().as_ref(),
    );
    let verify = verifier(&signature::ED25519, pair.public_key().as_ref());
    let sign = move |message: &[u8]| pair.try_sign(message).unwrap().as_ref().to_vec();
    Contestant {
        algorithm: Algorithm::EdDSA,
        key,
        sign: Box::new(sign),
        verify,
    }
}

fn from_pkcs8(algorithm: Algorithm, der: &[u8]) -> SigningKey {
    let pem = pem::encode(&pem::Pem::new("PRIVATE KEY", der));
    SigningKey::from_pem(algorithm, pem.as_bytes()).unwrap()
}

fn verifier(algorithm: &'static dyn VerificationAlgorithm, public: &[u8]) -> Box<Verify> {
    let key = ParsedPublicKey::new(algorithm, public).unwrap();
    Box::new(move |message, bytes| key.verify_sig(message, bytes).unwrap())
}

fn race_both(contestant: Contestant, pace: &Pace) {
    let Contestant {
        algorithm,
        key,
        sign,
        verify,
    } = contestant;
    let verifying = Arc::new(key.verifying_key().unwrap());
    let ring = KeyRing::new(Some(Arc::new(key)), vec![verifying]);
    let claims = ClaimPolicy::new(0.0, None, None, true).unwrap();
    let policy = TokenPolicy::new(MAX_LENGTH, Some(vec!["JWT".into()]), claims);
    let token = ring.sign(PAYLOAD, NOW, MAX_LENGTH).unwrap();
    let message = token.rsplit_once('.').unwrap().0.as_bytes();
    let bytes = sign(message);

    race(
        algorithm,
        "verify",
        pace,
        [
            Box::new(|| {
                drop(black_box(
                    ring.verify(black_box(token.as_bytes()), NOW, &policy, &mut Discard)
                        .unwrap(),
                ))
            }),
            Box::new(|| verify(black_box(message), &bytes)),
        ],
    );
    race(
        algorithm,
        "sign",
        pace,
        [
            Box::new(|| {
                drop(black_box(
                    ring.sign(black_box(PAYLOAD), NOW, MAX_LENGTH).unwrap(),
                ))
            }),
            Box::new(|| drop(black_box(sign(black_box(message))))),
        ],
    );
}

/// Both take turns, and another one begins each round.
fn race(algorithm: Algorithm, operation: &str, pace: &Pace, mut calls: [Call<'_>; 2]) {
    let counts = [0, 1].map(|index| calls_in_a_turn(&mut calls[index], pace));
    let rounds: Vec<[f64; 2]> = (0..pace.rounds)
        .map(|round| {
            let mut seconds = [0.0; 2];
            for index in [round % 2, 1 - round % 2] {
                seconds[index] = turn(&mut calls[index], counts[index]);
            }
            seconds
        })
        .collect();
    let [ours, bare] = [0, 1].map(|index| least(rounds.iter().map(|round| round[index])));
    let factor = f64::max(
        ours / bare,
        median(rounds.iter().map(|round| round[0] / round[1])),
    );
    let [ours, bare] = [ours, bare].map(|seconds| seconds * 1e9);
    println!(
        r#"{{"algorithm":"{algorithm}","operation":"{operation}","ours":{ours:.1},"bare":{bare:.1},"factor":{factor:.4}}}"#
    );
}

fn calls_in_a_turn(call: &mut Call<'_>, pace: &Pace) -> u32 {
    turn(call, 20);
    let calls = pace.turn.as_secs_f64() / turn(call, 20);
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "small and positive"
    )]
    let calls = calls as u32;
    calls.max(1)
}

/// Seconds of one call.
fn turn(call: &mut Call<'_>, count: u32) -> f64 {
    let begun = Instant::now();
    for _ in 0..count {
        call();
    }
    begun.elapsed().as_secs_f64() / f64::from(count)
}

fn least(values: impl Iterator<Item = f64>) -> f64 {
    values.fold(f64::INFINITY, f64::min)
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}
