//! The fast reader of flat objects against the strict reader. The bytes are the text.

use _core::error::Error;
use _core::token::claims::{self, ClaimPolicy, REGISTERED};
use _core::token::json::{self, Members};

use crate::tree::{Tree, TreeBuilder};

/// Times before, at and after the times that texts often have, in seconds since 1970.
const TIMES: [f64; 3] = [0.0, 1_700_000_000.0, 1e12];

/// Reads `text` with both readers: the results must be equal, with the verdicts of the claim rules, codes and messages.
pub fn run(text: &[u8]) {
    let fast = json::parse_object(text, &mut TreeBuilder, REGISTERED);
    let strict = json::parse_any_object(text, &mut TreeBuilder, REGISTERED);
    match (fast, strict) {
        (Ok((tree, members)), Ok((expected, watched))) => {
            assert_eq!(written(&tree), written(&expected), "another value");
            assert_eq!(verdicts(&members), verdicts(&watched), "another verdict");
        }
        (Err(error), Err(expected)) => {
            assert_eq!(error, expected, "another error");
            assert!(!json::is_flat(text), "a flat text is refused");
        }
        (fast, _) => panic!("only one of two accepts it: {:?}", fast.is_ok()),
    }
}

fn written(tree: &Tree) -> Vec<u8> {
    let mut text = Vec::new();
    tree.write(&json::write_string, &mut text);
    text
}

fn verdicts(members: &Members<'_>) -> Vec<Result<(), Error>> {
    let named = |name: &str| Some(vec![name.to_owned()]);
    let policies = [
        ClaimPolicy::new(0.0, None, None, true),
        ClaimPolicy::new(5.0, named("api"), named("issuer"), false),
    ];
    let mut verdicts = vec![claims::check_writable(members).map(|_| ())];
    for policy in policies.iter().flatten() {
        verdicts.extend(TIMES.map(|now| policy.check(members, now)));
    }
    verdicts
}
