//! RSASSA-PSS keys that OpenSSL has made: `pss` without parameters, `pss256` for SHA-256 with a salt of 32 bytes.

use _core::error::Error;
use _core::keys::algorithm::Algorithm;
use _core::keys::key::{SigningKey, VerifyingKey};

use crate::support::fixture;

fn pem(name: &str) -> Vec<u8> {
    fixture(&format!("{name}.pem"))
}

fn serves(algorithm: Algorithm, name: &str) -> bool {
    match algorithm {
        Algorithm::PS256 => true,
        Algorithm::PS384 | Algorithm::PS512 => name == "pss",
        _ => false,
    }
}

#[test]
fn a_key_serves_the_algorithms_of_its_parameters() {
    for algorithm in Algorithm::ALL {
        for name in ["pss", "pss256"] {
            let signing = SigningKey::from_pem(algorithm, &pem(&format!("{name}.pkcs8")));
            let publics = ["public", "certificate"]
                .map(|form| VerifyingKey::from_pem(algorithm, &pem(&format!("{name}.{form}"))));
            if !serves(algorithm, name) {
                assert!(matches!(signing, Err(Error::KeyMismatch(_))));
                for public in publics {
                    assert!(matches!(public, Err(Error::KeyMismatch(_))));
                }
                continue;
            }
            let signing = signing.unwrap();
            let signature = signing.sign(b"message").unwrap();
            for public in publics {
                let public = public.unwrap();
                assert_eq!(public.verify(b"message", &signature), Ok(()));
                assert_eq!(
                    public.verify(b"massage", &signature),
                    Err(Error::SignatureInvalid)
                );
                let derived = signing.verifying_key().unwrap();
                assert_eq!(
                    public.public_jwk().unwrap().thumbprint(),
                    derived.public_jwk().unwrap().thumbprint()
                );
            }
        }
    }
}

#[test]
fn the_message_names_the_kind_of_key() {
    let error = SigningKey::from_pem(Algorithm::RS256, &pem("pss.pkcs8")).unwrap_err();
    assert!(error.to_string().contains("RSASSA-PSS key"));
    let error = VerifyingKey::from_pem(Algorithm::PS512, &pem("pss256.public")).unwrap_err();
    assert!(error.to_string().contains("RSASSA-PSS parameters"));
}
