//! A fast reader for what most tokens contain: one object of strings, short integers, `true`, `false` and `null`, and of
//! arrays of these, in printable ASCII, without escapes and without white space between JSON tokens.
//!
//! It reads a part of what the strict reader reads, with the same result, and never refuses: what it does not know, it
//! leaves to the strict reader.

use super::builder::Builder;
use super::value::Members;

/// The most members. Each name is compared with each.
const MOST_MEMBERS: usize = 16;
/// The most bytes of a text: positions are `u16`.
const MOST_BYTES: usize = u16::MAX as usize;
/// The most digits of an integer. An `i64` holds each integer with so many.
const MOST_DIGITS: usize = 18;

/// The members of a flat object, as places in its text.
pub(super) struct FlatObject<'j> {
    text: &'j str,
    places: [Places; MOST_MEMBERS],
    length: usize,
}

/// Where a name, without its quotes, and its value begin and end.
#[derive(Clone, Copy, Default)]
struct Places {
    name: (u16, u16),
    value: (u16, u16),
}

impl<'j> FlatObject<'j> {
    /// The members of `text`; `None` if it is not flat.
    pub(super) fn read(text: &'j [u8]) -> Option<Self> {
        // Without a branch in the loop, the compiler uses vector instructions.
        let odd = text.iter().fold(false, |odd, byte| {
            odd | !(b' '..=b'~').contains(byte) | (*byte == b'\\')
        });
        if odd || text.len() > MOST_BYTES {
            return None;
        }
        let mut object = Self {
            text: std::str::from_utf8(text).ok()?,
            places: [Places::default(); MOST_MEMBERS],
            length: 0,
        };
        if text == b"{}" {
            return Some(object);
        }
        let mut at = behind(text, 0, b'{')?;
        loop {
            let start = at;
            at = behind_string(text, at)?;
            let name = (start, at);
            let value = behind(text, at, b':')?;
            at = behind_value(text, value)?;
            object.add(name, (value, at))?;
            match text.get(at)? {
                b',' => at = at.wrapping_add(1),
                b'}' => return (at.wrapping_add(1) == text.len()).then_some(object),
                _ => return None,
            }
        }
    }

    /// Adds a member; `None` if there are too many, or another one has its name.
    fn add(&mut self, name: (usize, usize), value: (usize, usize)) -> Option<()> {
        let small = |(start, end): (usize, usize)| (start as u16, end as u16);
        let places = Places {
            name: within(small(name)),
            value: small(value),
        };
        let length = |(start, end): (u16, u16)| end.wrapping_sub(start);
        let is_same = |other: &Places| {
            length(other.name) == length(places.name)
                && self.slice(other.name) == self.slice(places.name)
        };
        if self.places.iter().take(self.length).any(is_same) {
            return None;
        }
        *self.places.get_mut(self.length)? = places;
        self.length = self.length.wrapping_add(1);
        Some(())
    }

    fn slice(&self, (start, end): (u16, u16)) -> &'j str {
        let range = usize::from(start)..usize::from(end);
        self.text.get(range).unwrap_or_default()
    }

    /// What the strict reader returns for the text.
    pub(super) fn build<B: Builder>(
        &self,
        builder: &mut B,
        watched: &'static [&'static str],
    ) -> Result<(B::Value, Members<'j>), B::Error> {
        let mut members = Members::none_of(watched);
        let mut object = builder.object()?;
        for places in self.places.iter().take(self.length) {
            let (name, text) = (self.slice(places.name), self.slice(places.value));
            members.keep(members.position(name), Some(text.as_bytes()));
            let name = builder.name(name)?;
            let value = match text.as_bytes() {
                [b'[', ..] => build_array(builder, text),
                _ => build_scalar(builder, text),
            };
            builder.set(&mut object, name, value?)?;
        }
        Ok((builder.finish_object(object)?, members))
    }
}

fn build_array<B: Builder>(builder: &mut B, text: &str) -> Result<B::Value, B::Error> {
    let mut array = builder.array()?;
    let mut at = 1;
    while let Some(end) = behind_scalar(text.as_bytes(), at) {
        let value = build_scalar(builder, text.get(at..end).unwrap_or_default())?;
        builder.push(&mut array, value)?;
        at = end.wrapping_add(1);
    }
    builder.finish_array(array)
}

fn build_scalar<B: Builder>(builder: &mut B, text: &str) -> Result<B::Value, B::Error> {
    match text {
        "true" => builder.boolean(true),
        "false" => builder.boolean(false),
        "null" => builder.null(),
        _ => match text.strip_prefix('"') {
            Some(rest) => builder.string(rest.strip_suffix('"').unwrap_or_default()),
            None => builder.integer(text),
        },
    }
}

/// The places inside the quotes of a string.
fn within((start, end): (u16, u16)) -> (u16, u16) {
    (start.wrapping_add(1), end.wrapping_sub(1))
}

/// The position behind this byte at `at`.
fn behind(text: &[u8], at: usize, byte: u8) -> Option<usize> {
    (text.get(at) == Some(&byte)).then_some(at.wrapping_add(1))
}

/// The position behind the string at `at`. No quote is escaped.
fn behind_string(text: &[u8], at: usize) -> Option<usize> {
    let mut at = behind(text, at, b'"')?;
    // Eight bytes at a time, most names and values need one or two steps.
    while let Some(eight) = text.get(at..).and_then(|rest| rest.first_chunk()) {
        let found = quotes(u64::from_le_bytes(*eight));
        if found != 0 {
            let skipped = found.trailing_zeros().wrapping_div(8) as usize;
            return Some(at.wrapping_add(skipped).wrapping_add(1));
        }
        at = at.wrapping_add(8);
    }
    let rest = text.get(at..)?.iter().position(|byte| *byte == b'"')?;
    Some(at.wrapping_add(rest).wrapping_add(1))
}

/// The highest bit of the first byte that is a quote, and of no byte before it. Each byte is ASCII.
fn quotes(eight: u64) -> u64 {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    const HIGHEST: u64 = u64::from_le_bytes([0x80; 8]);
    let differs = eight ^ u64::from_le_bytes([b'"'; 8]);
    differs.wrapping_sub(ONES) & HIGHEST & !differs
}

/// The position behind the array of scalars, or the scalar, at `at`.
fn behind_value(text: &[u8], at: usize) -> Option<usize> {
    let Some(mut at) = behind(text, at, b'[') else {
        return behind_scalar(text, at);
    };
    if let Some(end) = behind(text, at, b']') {
        return Some(end);
    }
    loop {
        at = behind_scalar(text, at)?;
        match text.get(at)? {
            b',' => at = at.wrapping_add(1),
            b']' => return Some(at.wrapping_add(1)),
            _ => return None,
        }
    }
}

/// The position behind the scalar at `at`: a string, an integer, `true`, `false` or `null`.
fn behind_scalar(text: &[u8], at: usize) -> Option<usize> {
    match text.get(at)? {
        b'"' => behind_string(text, at),
        b't' => behind_word(text, at, b"true"),
        b'f' => behind_word(text, at, b"false"),
        b'n' => behind_word(text, at, b"null"),
        b'-' => behind_digits(text, at.wrapping_add(1)),
        _ => behind_digits(text, at),
    }
}

fn behind_word(text: &[u8], at: usize, word: &[u8]) -> Option<usize> {
    let end = at.wrapping_add(word.len());
    (text.get(at..end) == Some(word)).then_some(end)
}

/// The position behind the digits at `at`: at least one, and no zero before others.
fn behind_digits(text: &[u8], at: usize) -> Option<usize> {
    let rest = text.get(at..)?;
    let length = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let is_integer = match rest {
        [b'0', ..] => length == 1,
        _ => (1..=MOST_DIGITS).contains(&length),
    };
    is_integer.then_some(at.wrapping_add(length))
}
