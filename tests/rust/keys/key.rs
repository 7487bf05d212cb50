use _core::error::Error;
use _core::keys::algorithm::{Algorithm, Family};
use _core::keys::key::{SigningKey, VerifyingKey};

use crate::support::{SECRET, fixture, signing_key, stem};

const SIGNERS: &[&str] = &[
    "rsa.pkcs1",
    "rsa.pkcs8",
    "p256.sec1",
    "p256.parameters",
    "p256.pkcs8",
    "p384.sec1",
    "p384.parameters",
    "p384.pkcs8",
    "p521.sec1",
    "p521.parameters",
    "p521.pkcs8",
    "secp256k1.sec1",
    "secp256k1.parameters",
    "secp256k1.pkcs8",
    "ed25519.pkcs8",
];
const VERIFIERS: &[&str] = &[
    "rsa.public",
    "rsa.public.pkcs1",
    "rsa.certificate",
    "rsa.by_ed25519.certificate",
    "p256.public",
    "p256.certificate",
    "p384.public",
    "p384.certificate",
    "p521.public",
    "p521.certificate",
    "secp256k1.public",
    "secp256k1.certificate",
    "ed25519.public",
    "ed25519.certificate",
];

fn pem(name: &str) -> Vec<u8> {
    fixture(&format!("{name}.pem"))
}

fn fits(algorithm: Algorithm, name: &str) -> bool {
    algorithm.family() != Family::Hmac && name.split('.').next() == Some(stem(algorithm))
}

#[test]
fn every_pem_serves_its_algorithms_and_no_other() {
    let mut pairs = 0;
    for algorithm in Algorithm::ALL {
        for name in SIGNERS {
            let key = SigningKey::from_pem(algorithm, &pem(name));
            if !fits(algorithm, name) {
                assert!(
                    matches!(key, Err(Error::KeyMismatch(_))),
                    "{algorithm} {name}: {key:?}"
                );
                continue;
            }
            let key = key.unwrap_or_else(|error| panic!("{algorithm} {name}: {error}"));
            let signature = key.sign(b"message").unwrap();
            key.verifying_key()
                .unwrap()
                .verify(b"message", &signature)
                .unwrap();
            for public in VERIFIERS.iter().filter(|public| fits(algorithm, public)) {
                let verifier = VerifyingKey::from_pem(algorithm, &pem(public)).unwrap();
                verifier
                    .verify(b"message", &signature)
                    .unwrap_or_else(|_| panic!("{algorithm} {name} {public}"));
                assert_eq!(
                    verifier.verify(b"massage", &signature),
                    Err(Error::SignatureInvalid)
                );
                pairs += 1;
            }
        }
        for name in VERIFIERS.iter().filter(|name| !fits(algorithm, name)) {
            let key = VerifyingKey::from_pem(algorithm, &pem(name));
            assert!(
                matches!(key, Err(Error::KeyMismatch(_))),
                "{algorithm} {name}: {key:?}"
            );
        }
    }
    println!("{pairs} pairs of private and public PEM");
}

#[test]
fn the_wrong_half_is_named() {
    for name in SIGNERS {
        let algorithm = Algorithm::ALL
            .into_iter()
            .find(|algorithm| fits(*algorithm, name))
            .unwrap();
        assert_eq!(
            VerifyingKey::from_pem(algorithm, &pem(name)).err(),
            Some(Error::KeyPrivate),
            "{name}"
        );
    }
    for name in VERIFIERS {
        let algorithm = Algorithm::ALL
            .into_iter()
            .find(|algorithm| fits(*algorithm, name))
            .unwrap();
        assert_eq!(
            SigningKey::from_pem(algorithm, &pem(name)).err(),
            Some(Error::KeyPublic),
            "{name}"
        );
    }
}

#[test]
fn a_file_with_both_halves_serves_both() {
    for (first, second) in [
        ("rsa.certificate", "rsa.pkcs8"),
        ("rsa.pkcs1", "rsa.public"),
    ] {
        let both = [pem(first), pem(second)].concat();
        let signature = SigningKey::from_pem(Algorithm::RS256, &both)
            .unwrap()
            .sign(b"m")
            .unwrap();
        assert!(
            VerifyingKey::from_pem(Algorithm::RS256, &both)
                .unwrap()
                .verify(b"m", &signature)
                .is_ok()
        );
    }
}

#[test]
fn pem_armour_is_read_tolerantly_and_its_content_strictly() {
    let text = String::from_utf8(pem("p256.public")).unwrap();
    for tolerated in [
        text.replace('\n', "\r\n"),
        format!("Subject: anything\n\n{text}"),
        format!("\n\n  {text}\n\n"),
        format!("{text}trailing"),
    ] {
        assert!(
            VerifyingKey::from_pem(Algorithm::ES256, tolerated.as_bytes()).is_ok(),
            "{tolerated}"
        );
    }
    let body: String = text.lines().filter(|line| !line.starts_with('-')).collect();
    let block = |label: &str, body: &str| {
        format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n")
    };
    for broken in [
        String::new(),
        "secret".into(),
        body.clone(),
        block("PUBLIC KEY", ""),
        block("PUBLIC KEY", "AAAA"),
        block("PUBLIC KEY", "****"),
        block("PUBLIC KEY", &body[4..]),
        block("PUBLIC KEY", &body[..body.len() - 4]),
        block("PUBLIC KEY", &format!("{body}AAAA")),
        block("CERTIFICATE", &body),
        block("RSA PUBLIC KEY", "MAMCAQA="),
        block("EC PARAMETERS", "BggqhkjOPQMBBw=="),
        block("DSA PRIVATE KEY", &body),
        block("OPENSSH PRIVATE KEY", &body),
        format!("-----BEGIN PUBLIC KEY-----\n{body}\n"),
        format!("-----BEGIN PUBLIC KEY-----\n{body}\n-----END PRIVATE KEY-----\n"),
        "ssh-rsa AAAAB3NzaC1yc2EAAAADAQAB".into(),
    ] {
        let key = VerifyingKey::from_pem(Algorithm::ES256, broken.as_bytes());
        let mismatch = broken.contains("RSA PUBLIC");
        let wanted = if mismatch {
            "key_mismatch"
        } else {
            "key_malformed"
        };
        assert_eq!(
            key.as_ref().map_err(|error| error.code()).err(),
            Some(wanted),
            "{broken}"
        );
    }
    // The private key's DER under wrong labels.
    let private = String::from_utf8(pem("p256.pkcs8")).unwrap();
    for (from, to) in [
        ("PRIVATE KEY", "EC PRIVATE KEY"),
        ("PRIVATE KEY", "PUBLIC KEY"),
    ] {
        let text = private.replace(from, to);
        let outcomes = [
            SigningKey::from_pem(Algorithm::ES256, text.as_bytes())
                .err()
                .map(Error::code),
            VerifyingKey::from_pem(Algorithm::ES256, text.as_bytes())
                .err()
                .map(Error::code),
        ];
        assert!(outcomes.iter().all(Option::is_some), "{text}");
    }
}

#[test]
fn a_point_off_the_curve_is_refused() {
    let mut der = ::pem::parse(pem("p256.public")).unwrap().into_contents();
    *der.last_mut().unwrap() ^= 1;
    let text = ::pem::encode(&::pem::Pem::new("PUBLIC KEY", der));
    let key = VerifyingKey::from_pem(Algorithm::ES256, text.as_bytes());
    assert!(matches!(key, Err(Error::KeyMalformed(_))), "{key:?}");
}

#[test]
fn no_truncated_or_bent_der_gets_through_or_panics() {
    let names = [
        ("rsa.pkcs1", Algorithm::RS256),
        ("p521.sec1", Algorithm::ES512),
        ("ed25519.pkcs8", Algorithm::EdDSA),
    ];
    for (name, algorithm) in names {
        let block = ::pem::parse(pem(name)).unwrap();
        let of = |der: &[u8]| {
            SigningKey::from_pem(
                algorithm,
                ::pem::encode(&::pem::Pem::new(block.tag(), der)).as_bytes(),
            )
        };
        for length in 0..block.contents().len() {
            assert!(of(&block.contents()[..length]).is_err(), "{name} {length}");
        }
        for place in 0..block.contents().len().min(80) {
            let mut bent = block.contents().to_vec();
            bent[place] ^= 0x80;
            let _ = of(&bent);
        }
    }
    for name in ["rsa.certificate", "p256.certificate"] {
        let block = ::pem::parse(pem(name)).unwrap();
        for length in 0..block.contents().len() {
            let text = ::pem::encode(&::pem::Pem::new("CERTIFICATE", &block.contents()[..length]));
            assert!(VerifyingKey::from_pem(Algorithm::RS256, text.as_bytes()).is_err());
        }
    }
}

#[test]
fn encrypted_keys_say_so() {
    for name in ["rsa.encrypted.pkcs1", "rsa.encrypted.pkcs8"] {
        assert_eq!(
            SigningKey::from_pem(Algorithm::RS256, &pem(name)).err(),
            Some(Error::KeyEncrypted),
            "{name}"
        );
        assert_eq!(
            VerifyingKey::from_pem(Algorithm::RS256, &pem(name)).err(),
            Some(Error::KeyEncrypted),
            "{name}"
        );
    }
}

/// Asserts that a fixture's RSA key is refused with this code, in every form of both halves and for every algorithm.
fn assert_rsa_key_is_refused(name: &str, code: &str) {
    let refused = |outcome: Result<(), Error>, form: &str| {
        assert_eq!(outcome.map_err(Error::code), Err(code), "{name} {form}");
    };
    let rsa = |algorithm: &Algorithm| algorithm.family() == Family::Rsa;
    for algorithm in Algorithm::ALL.into_iter().filter(rsa) {
        for form in ["pkcs1", "pkcs8"] {
            let key = SigningKey::from_pem(algorithm, &pem(&format!("{name}.{form}")));
            refused(key.map(|_| ()), form);
        }
        for form in ["public", "public.pkcs1", "certificate"] {
            let key = VerifyingKey::from_pem(algorithm, &pem(&format!("{name}.{form}")));
            refused(key.map(|_| ()), form);
        }
        let jwk = fixture(&format!("{name}.private.jwk.json"));
        refused(SigningKey::from_jwk(algorithm, &jwk).map(|_| ()), "JWK");
        let jwk = fixture(&format!("{name}.public.jwk.json"));
        refused(VerifyingKey::from_jwk(algorithm, &jwk).map(|_| ()), "JWK");
    }
}

#[test]
fn rsa_under_2048_bits_is_refused_everywhere() {
    assert_rsa_key_is_refused("rsa1024", "key_too_small");
}

#[test]
fn a_roca_key_is_refused_everywhere() {
    assert_rsa_key_is_refused("roca", "key_weak");
}

#[test]
fn keys_of_no_algorithm_here_are_a_mismatch() {
    for algorithm in [Algorithm::EdDSA, Algorithm::ES256, Algorithm::RS256] {
        let signing = SigningKey::from_pem(algorithm, &pem("x25519.pkcs8"));
        let verifying = VerifyingKey::from_pem(algorithm, &pem("x25519.public"));
        assert!(matches!(signing, Err(Error::KeyMismatch(_))), "{signing:?}");
        assert!(
            matches!(verifying, Err(Error::KeyMismatch(_))),
            "{verifying:?}"
        );
    }
}

#[test]
fn secrets_are_for_hmac_alone() {
    for algorithm in Algorithm::ALL {
        let signing = SigningKey::from_secret(algorithm, SECRET).map(|_| ());
        let verifying = VerifyingKey::from_secret(algorithm, SECRET).map(|_| ());
        assert_eq!(signing, verifying);
        assert_eq!(
            signing.is_ok(),
            algorithm.family() == Family::Hmac,
            "{algorithm}"
        );
    }
    assert_eq!(
        SigningKey::from_secret(Algorithm::HS256, b"").err(),
        Some(Error::KeyEmpty)
    );
    for asymmetric in [
        "rsa.public",
        "rsa.pkcs1",
        "p256.certificate",
        "ed25519.public",
        "p521.parameters",
    ] {
        let key = VerifyingKey::from_secret(Algorithm::HS512, &pem(asymmetric));
        assert!(matches!(key, Err(Error::KeyMismatch(_))), "{asymmetric}");
    }
    for ssh in [
        "ssh-rsa AAAA",
        "ssh-ed25519 AAAA",
        "ecdsa-sha2-nistp256 AAAA",
        "ssh-dss AAAA",
        "\n ssh-rsa AAAA",
    ] {
        assert!(
            matches!(
                SigningKey::from_secret(Algorithm::HS256, ssh.as_bytes()),
                Err(Error::KeyMismatch(_))
            ),
            "{ssh}"
        );
    }
}

#[test]
fn a_secret_is_weak_below_its_hash() {
    for (algorithm, length) in [
        (Algorithm::HS256, 32),
        (Algorithm::HS384, 48),
        (Algorithm::HS512, 64),
    ] {
        for (bytes, weak) in [
            (1, true),
            (length - 1, true),
            (length, false),
            (length + 1, false),
        ] {
            let key = SigningKey::from_secret(algorithm, &vec![b'k'; bytes]).unwrap();
            assert_eq!(
                (key.is_weak(), key.verifying_key().unwrap().is_weak()),
                (weak, weak),
                "{algorithm} {bytes}"
            );
        }
    }
    assert!(!signing_key(Algorithm::ES256).is_weak());
}

#[test]
fn keys_show_their_algorithm_and_nothing_else() {
    for algorithm in Algorithm::ALL {
        let key = signing_key(algorithm);
        assert_eq!(format!("{key:?}"), format!("SigningKey({algorithm})"));
        assert_eq!(
            format!("{:?}", key.verifying_key().unwrap()),
            format!("VerifyingKey({algorithm})")
        );
    }
}

#[test]
fn names_of_algorithms_are_exact() {
    for algorithm in Algorithm::ALL {
        assert_eq!(Algorithm::from_name(algorithm.name()), Ok(algorithm));
    }
    for name in [
        "", "none", "hs256", "HS256 ", "HS-256", "RS1", "ES256k", "eddsa", "EDDSA", "Ed448",
        "HS25６",
    ] {
        assert_eq!(
            Algorithm::from_name(name),
            Err(Error::AlgorithmUnknown),
            "{name}"
        );
    }
}
