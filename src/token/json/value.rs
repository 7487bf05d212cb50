//! The raw text of values that the reader has checked.

use std::borrow::Cow;

use jiter::Jiter;
use memchr::memchr;

use super::MAX_WATCHED;

/// An `f64` holds each integer with so many digits.
const EXACT_DIGITS: usize = 15;

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
        if !self.is_number() {
            return None;
        }
        if let (..=EXACT_DIGITS, Some(value)) = (self.0.len(), decimal(self.0)) {
            return Some(value as f64);
        }
        std::str::from_utf8(self.0).ok()?.parse().ok()
    }

    /// The string, if this is a string.
    pub fn as_string(self) -> Option<Cow<'j, str>> {
        let inside = self.inside()?;
        if memchr(b'\\', inside.as_bytes()).is_some() {
            let mut jiter = Jiter::new(self.0);
            return Some(Cow::Owned(jiter.next_str().ok()?.to_owned()));
        }
        Some(Cow::Borrowed(inside))
    }

    /// The text between the quotes of a string, with its escapes.
    pub(super) fn inside(self) -> Option<&'j str> {
        let inside = self.0.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
        std::str::from_utf8(inside).ok()
    }

    /// The strings, if this is an array of strings only.
    pub fn as_strings(self) -> Option<Vec<String>> {
        let mut strings = Vec::new();
        self.each_string(|text| strings.push(text.to_owned()))?;
        Some(strings)
    }

    /// Calls `see` with each string of an array. `None` if this is not an array of strings only; `see` may have been
    /// called then.
    pub(crate) fn each_string(self, mut see: impl FnMut(&str)) -> Option<()> {
        if self.0.first() != Some(&b'[') {
            return None;
        }
        let mut jiter = Jiter::new(self.0);
        let mut next = jiter.next_array().ok()?;
        while next.is_some() {
            see(jiter.next_str().ok()?);
            next = jiter.array_step().ok()?;
        }
        Some(())
    }
}

/// The raw text of those members of the outermost object that the reader watched for.
pub struct Members<'j> {
    pub(super) names: &'static [&'static str],
    pub(super) values: [Option<RawValue<'j>>; MAX_WATCHED],
}

impl<'j> Members<'j> {
    pub(super) fn none_of(names: &'static [&'static str]) -> Self {
        Self {
            names,
            values: [None; MAX_WATCHED],
        }
    }

    /// The member of this name, if the reader watched for it and the object has it.
    pub fn get(&self, name: &str) -> Option<RawValue<'j>> {
        self.at(self.position(name)?)
    }

    /// As [`Members::get`], by the place of the name among the watched names. It is faster.
    pub(crate) fn at(&self, position: usize) -> Option<RawValue<'j>> {
        self.values.get(position).copied().flatten()
    }

    /// Keeps the text of a value, if its name is a watched one.
    pub(super) fn keep(&mut self, position: Option<usize>, text: Option<&'j [u8]>) {
        if let Some(slot) = position.and_then(|position| self.values.get_mut(position)) {
            *slot = text.map(RawValue);
        }
    }

    pub(super) fn position(&self, name: &str) -> Option<usize> {
        // Most names are short: comparing byte by byte costs less than a call.
        let is_it =
            |watched: &&str| watched.len() == name.len() && watched.bytes().eq(name.bytes());
        self.names.iter().position(is_it)
    }
}

/// The value of decimal digits; `None` for any other text. At most [`EXACT_DIGITS`] digits never overflow.
fn decimal(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0_u64, |value, byte| {
        let digit = byte.wrapping_sub(b'0');
        (digit <= 9).then_some(value.wrapping_mul(10).wrapping_add(digit.into()))
    })
}

pub(super) fn has_float_mark(number: &[u8]) -> bool {
    number.iter().any(|byte| matches!(byte, b'.' | b'e' | b'E'))
}
