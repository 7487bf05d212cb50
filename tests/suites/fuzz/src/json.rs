//! The strict JSON reader. The bytes are the text.

use _core::error::Error;
use _core::token::claims::REGISTERED;
use _core::token::json::{self, Discard, MAX_DEPTH, MAX_INTEGER_DIGITS, Members, RawValue};
use serde_json::Value;

use crate::tree::{Tree, TreeBuilder, Unique};

/// Reads `text` with both builders, compares the result with serde_json's, and reads what the core writes.
pub fn run(text: &[u8]) {
    let checked = json::parse_object(text, &mut Discard, REGISTERED).map(|_| ());
    let theirs = serde_json::from_slice::<Value>(text).ok();
    match json::parse_object(text, &mut TreeBuilder, REGISTERED) {
        Err(error) => {
            assert_eq!(checked, Err(error), "the builder changes the verdict");
            assert!(matches!(error, Error::Malformed(_)), "{error:?}");
            assert!(!is_strict(text, theirs.as_ref()), "refused: {error}");
        }
        Ok((tree, members)) => {
            assert_eq!(checked, Ok(()), "the builder changes the verdict");
            check_accepted(&tree, theirs.as_ref());
            check_members(&tree, &members);
            check_rewritten(&tree);
        }
    }
}

/// Whether the rules, applied to what serde_json reads, allow the text.
fn is_strict(text: &[u8], value: Option<&Value>) -> bool {
    value.is_some_and(|value| value.is_object() && depth(value) <= MAX_DEPTH)
        && most_digits(text) <= MAX_INTEGER_DIGITS
        && serde_json::from_slice::<Unique>(text).is_ok()
}

/// The longest run of digits. The tokenizer limits the digits before a decimal point too.
pub(crate) fn most_digits(text: &[u8]) -> usize {
    let runs = text.split(|byte| !byte.is_ascii_digit());
    runs.map(<[u8]>::len).max().unwrap_or(0)
}

/// The levels of objects and arrays, including this value.
pub(crate) fn depth(value: &Value) -> usize {
    let inside = match value {
        Value::Array(values) => values.iter().map(depth).max(),
        Value::Object(members) => members.values().map(depth).max(),
        _ => return 0,
    };
    inside.unwrap_or(0) + 1
}

fn check_accepted(tree: &Tree, theirs: Option<&Value>) {
    assert!(tree.depth() <= MAX_DEPTH, "too deep");
    assert!(longest_integer(tree) <= MAX_INTEGER_DIGITS, "too long");
    match theirs {
        Some(value) => assert!(tree.is_same(value), "{tree:?} is not {value:?}"),
        None => assert!(tree.has_huge_integer(), "serde_json refuses {tree:?}"),
    }
}

fn longest_integer(tree: &Tree) -> usize {
    let longest = match tree {
        Tree::Integer(digits) => Some(digits.trim_start_matches('-').len()),
        Tree::Array(values) => values.iter().map(longest_integer).max(),
        Tree::Object(members) => members.iter().map(|(_, tree)| longest_integer(tree)).max(),
        _ => None,
    };
    longest.unwrap_or(0)
}

/// A watched member's raw text has the same value as the builder received.
fn check_members(tree: &Tree, members: &Members<'_>) {
    for name in REGISTERED {
        match (tree.get(name), members.get(name)) {
            (None, None) => {}
            (Some(tree), Some(raw)) => check_raw(tree, raw),
            _ => panic!("{name} was seen by one of two"),
        }
    }
}

fn check_raw(tree: &Tree, raw: RawValue<'_>) {
    assert_eq!(raw.is_string(), matches!(tree, Tree::String(_)));
    assert_eq!(raw.is_integer(), matches!(tree, Tree::Integer(_)));
    let text = match tree {
        Tree::String(text) => Some(text.as_str()),
        _ => None,
    };
    assert_eq!(raw.as_string().as_deref(), text);
    let number = match tree {
        Tree::Integer(digits) => digits.parse().ok(),
        Tree::Float(value) => Some(*value),
        _ => None,
    };
    assert_eq!(raw.as_number().map(f64::to_bits), number.map(f64::to_bits));
    assert_eq!(raw.as_strings(), strings(tree));
}

/// The strings, if this is an array of strings only.
fn strings(tree: &Tree) -> Option<Vec<String>> {
    let Tree::Array(values) = tree else {
        return None;
    };
    let text = |value: &Tree| match value {
        Tree::String(text) => Some(text.clone()),
        _ => None,
    };
    values.iter().map(text).collect()
}

/// The core writes ASCII, and reading it gives the same string.
fn check_rewritten(tree: &Tree) {
    let mut text = Vec::new();
    tree.write(&json::write_string, &mut text);
    assert!(text.is_ascii());
    let (again, _) = json::parse_object(&text, &mut TreeBuilder, &[]).expect("its own writing");
    let mut text_again = Vec::new();
    again.write(&json::write_string, &mut text_again);
    assert_eq!(text, text_again);
}
