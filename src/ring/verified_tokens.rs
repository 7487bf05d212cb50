//! Tokens whose signatures were verified: a bounded memory, so that a token that comes again costs no public-key
//! operation. docs/dev/core.md says why it is safe.

use std::collections::HashMap;
use std::fmt;
use std::sync::Mutex;

/// A token is found by so many bytes at its end: 96 bits of its signature.
const TAIL: usize = 16;
/// Longer tokens are not remembered, so that the memory stays bounded. In bytes.
const LONGEST: usize = 4096;

type Tail = [u8; TAIL];
type Texts = HashMap<Tail, Box<[u8]>>;

/// The texts of whole tokens, at most a given number, in two halves. When the younger half is full, it becomes the
/// older half, and the texts of the older half are forgotten.
pub(super) struct VerifiedTokens {
    most_in_half: usize,
    halves: Mutex<Halves>,
}

#[derive(Default)]
struct Halves {
    younger: Texts,
    older: Texts,
}

impl VerifiedTokens {
    /// Remembers at most `most` tokens; `most` must be greater than zero.
    pub(super) fn new(most: usize) -> Self {
        Self {
            most_in_half: most.div_ceil(2),
            halves: Mutex::default(),
        }
    }

    /// Whether exactly this text was added. Never waits: while another thread looks, the answer is no. So a lock that
    /// another thread held during a fork stops nobody.
    pub(super) fn contains(&self, token: &[u8]) -> bool {
        let (Some(tail), Ok(mut halves)) = (token.last_chunk::<TAIL>(), self.halves.try_lock())
        else {
            return false;
        };
        if halves
            .younger
            .get(tail)
            .is_some_and(|text| **text == *token)
        {
            return true;
        }
        let Some(text) = halves.older.remove(tail).filter(|text| **text == *token) else {
            return false;
        };
        self.add(&mut halves, *tail, text);
        true
    }

    /// Adds a token whose signature was verified, unless it is too long or another thread holds the lock.
    pub(super) fn insert(&self, token: &[u8]) {
        if let (Some(tail), Ok(mut halves), ..=LONGEST) = (
            token.last_chunk::<TAIL>(),
            self.halves.try_lock(),
            token.len(),
        ) {
            self.add(&mut halves, *tail, token.into());
        }
    }

    fn add(&self, halves: &mut Halves, tail: Tail, text: Box<[u8]>) {
        if halves.younger.len() >= self.most_in_half {
            halves.older = std::mem::take(&mut halves.younger);
        }
        halves.younger.insert(tail, text);
    }
}

/// Shows no token.
impl fmt::Debug for VerifiedTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VerifiedTokens")
    }
}

#[cfg(test)]
mod tests {
    use super::{LONGEST, VerifiedTokens};

    fn token(number: usize) -> Vec<u8> {
        format!("header.payload.{number:032}").into_bytes()
    }

    #[test]
    fn only_the_whole_text_is_found() {
        let tokens = VerifiedTokens::new(8);
        tokens.insert(b"header.payload.0123456789abcdef");
        assert!(tokens.contains(b"header.payload.0123456789abcdef"));
        assert!(!tokens.contains(b"header.Payload.0123456789abcdef"));
        assert!(!tokens.contains(b"0123456789abcdef"));
        assert!(!tokens.contains(b"header.payload.0123456789abcdeF"));
        assert!(!tokens.contains(b"short"));
        // A text with the same end takes the place of the first one, and nothing else.
        tokens.insert(b"header.other.0123456789abcdef");
        assert!(!tokens.contains(b"header.payload.0123456789abcdef"));
    }

    #[test]
    fn many_tokens_leave_a_bounded_memory_and_the_youngest() {
        let tokens = VerifiedTokens::new(8);
        for number in 0..1000 {
            tokens.insert(&token(number));
            assert!(tokens.contains(&token(number)));
            let halves = tokens
                .halves
                .try_lock()
                .map(|halves| halves.younger.len() + halves.older.len());
            assert!(halves.is_ok_and(|length| length <= 8));
        }
        assert!(!tokens.contains(&token(0)));
    }

    #[test]
    fn a_token_in_use_is_not_forgotten() {
        let tokens = VerifiedTokens::new(8);
        tokens.insert(&token(0));
        for number in 1..1000 {
            tokens.insert(&token(number));
            assert!(tokens.contains(&token(0)), "after {number} others");
        }
    }

    #[test]
    fn a_long_token_is_not_remembered() {
        let tokens = VerifiedTokens::new(8);
        let longest = vec![b'a'; LONGEST];
        tokens.insert(&longest);
        assert!(tokens.contains(&longest));
        let longer = vec![b'b'; LONGEST + 1];
        tokens.insert(&longer);
        assert!(!tokens.contains(&longer));
    }

    #[test]
    fn a_lock_that_nobody_releases_stops_nobody() {
        let tokens = VerifiedTokens::new(8);
        tokens.insert(&token(0));
        let held = tokens.halves.lock();
        assert!(!tokens.contains(&token(0)));
        tokens.insert(&token(1));
        drop(held);
        assert!(tokens.contains(&token(0)));
        assert!(!tokens.contains(&token(1)));
    }
}
