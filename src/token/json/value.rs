//! The raw text of values that the reader has checked.

use std::borrow::Cow;

use jiter::Jiter;

use super::MAX_WATCHED;

/// The text of one value that the reader has checked.
#[derive(Clone, Copy)]
pub struct RawValue<'j>(pub(super) &'j [u8]);

impl<'j> RawValue<'j> {
    /// Whether it is a string.
    pub fn is_string(self) -> bool {
        self.0.first() == Some(&b'"')
    }

    /// Whether it is a number without fraction or exponent.
    pub fn is_integer(self) -> bool {
        self.is_number() && !has_float_mark(self.0)
    }

    fn is_number(self) -> bool {
        self.0
            .first()
            .is_some_and(|first| *first == b'-' || first.is_ascii_digit())
    }

    /// The nearest `f64` if this is a number. An integer outside the range of `f64` becomes infinite.
    pub fn as_number(self) -> Option<f64> {
        if self.is_number() {
            std::str::from_utf8(self.0).ok()?.parse().ok()
        } else {
            None
        }
    }

    /// The string, if this is a string.
    pub fn as_string(self) -> Option<Cow<'j, str>> {
        let inside = self.0.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
        if inside.contains(&b'\\') {
            let mut jiter = Jiter::new(self.0);
            return Some(Cow::Owned(jiter.next_str().ok()?.to_owned()));
        }
        std::str::from_utf8(inside).ok().map(Cow::Borrowed)
    }

    /// The strings, if this is an array of strings only.
    pub fn as_strings(self) -> Option<Vec<String>> {
        if self.0.first() != Some(&b'[') {
            return None;
        }
        let mut jiter = Jiter::new(self.0);
        let mut strings = Vec::new();
        let mut next = jiter.next_array().ok()?;
        while next.is_some() {
            strings.push(jiter.next_str().ok()?.to_owned());
            next = jiter.array_step().ok()?;
        }
        Some(strings)
    }
}

/// The raw text of those members of the outermost object that the reader watched for.
pub struct Members<'j> {
    pub(super) names: &'static [&'static str],
    pub(super) values: [Option<RawValue<'j>>; MAX_WATCHED],
}

impl<'j> Members<'j> {
    /// The member of this name, if the reader watched for it and the object has it.
    pub fn get(&self, name: &str) -> Option<RawValue<'j>> {
        self.values.get(self.position(name)?).copied().flatten()
    }

    pub(super) fn position(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|watched| *watched == name)
    }
}

pub(super) fn has_float_mark(number: &[u8]) -> bool {
    number.iter().any(|byte| matches!(byte, b'.' | b'e' | b'E'))
}
