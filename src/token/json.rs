//! JSON as strict as a token deserves (RFC 8259, with what RFC 7515 and 7519 demand on top).
//!
//! One object in UTF-8 without a BOM and with nothing after it; no name twice in an object; at most [`MAX_DEPTH`]
//! levels; no NaN, no infinity, no lone surrogate; integers exact up to [`MAX_INTEGER_DIGITS`] digits, and no number with more
//! before its point.

use std::borrow::Cow;
use std::collections::HashSet;

use jiter::{Jiter, JiterError, Peek};

use crate::error::Error;

/// Most levels of objects and arrays, the outermost object counted.
pub const MAX_DEPTH: usize = 32;
/// Most digits of an integer, its sign not counted: what CPython converts by default.
pub const MAX_INTEGER_DIGITS: usize = 4300;
/// Most names that a reader can watch.
pub const MAX_WATCHED: usize = 8;
/// Names in one object up to which comparing each with each is faster than hashing.
const FEW_NAMES: usize = 16;

/// Makes values out of what the reader sees, in the order of the text.
pub trait Builder {
    /// Any finished value.
    type Value;
    /// A member name.
    type Name;
    /// An object that still grows.
    type Object;
    /// An array that still grows.
    type Array;
    /// What a builder fails with; the reader's own refusals become one.
    type Error: From<Error>;

    /// `null`.
    fn null(&mut self) -> Result<Self::Value, Self::Error>;
    /// `true` or `false`.
    fn boolean(&mut self, value: bool) -> Result<Self::Value, Self::Error>;
    /// An integer by its decimal digits, with a sign where it is negative.
    fn integer(&mut self, digits: &str) -> Result<Self::Value, Self::Error>;
    /// A number with a fraction or an exponent; always finite.
    fn float(&mut self, value: f64) -> Result<Self::Value, Self::Error>;
    /// A string.
    fn string(&mut self, value: &str) -> Result<Self::Value, Self::Error>;
    /// A member name; never one that its object has already.
    fn name(&mut self, name: &str) -> Result<Self::Name, Self::Error>;
    /// A new object.
    fn object(&mut self) -> Result<Self::Object, Self::Error>;
    /// Puts a member into an object.
    fn set(
        &mut self,
        object: &mut Self::Object,
        name: Self::Name,
        value: Self::Value,
    ) -> Result<(), Self::Error>;
    /// The object is complete.
    fn finish_object(&mut self, object: Self::Object) -> Result<Self::Value, Self::Error>;
    /// A new array.
    fn array(&mut self) -> Result<Self::Array, Self::Error>;
    /// Puts a value at the end of an array.
    fn push(&mut self, array: &mut Self::Array, value: Self::Value) -> Result<(), Self::Error>;
    /// The array is complete.
    fn finish_array(&mut self, array: Self::Array) -> Result<Self::Value, Self::Error>;
}

/// Builds nothing: for text that is only to be checked.
#[derive(Debug)]
pub struct Discard;

impl Builder for Discard {
    type Value = ();
    type Name = ();
    type Object = ();
    type Array = ();
    type Error = Error;

    fn null(&mut self) -> Result<(), Error> {
        Ok(())
    }
    fn boolean(&mut self, _: bool) -> Result<(), Error> {
        Ok(())
    }
    fn integer(&mut self, _: &str) -> Result<(), Error> {
        Ok(())
    }
    fn float(&mut self, _: f64) -> Result<(), Error> {
        Ok(())
    }
    fn string(&mut self, _: &str) -> Result<(), Error> {
        Ok(())
    }
    fn name(&mut self, _: &str) -> Result<(), Error> {
        Ok(())
    }
    fn object(&mut self) -> Result<(), Error> {
        Ok(())
    }
    fn set(&mut self, (): &mut (), (): (), (): ()) -> Result<(), Error> {
        Ok(())
    }
    fn finish_object(&mut self, (): ()) -> Result<(), Error> {
        Ok(())
    }
    fn array(&mut self) -> Result<(), Error> {
        Ok(())
    }
    fn push(&mut self, (): &mut (), (): ()) -> Result<(), Error> {
        Ok(())
    }
    fn finish_array(&mut self, (): ()) -> Result<(), Error> {
        Ok(())
    }
}

/// The text of one value that the reader has checked.
#[derive(Clone, Copy)]
pub struct RawValue<'j>(&'j [u8]);

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

    /// The number nearest to it, where it is a number; an integer out of an `f64`'s range is infinite.
    pub fn as_number(self) -> Option<f64> {
        if self.is_number() {
            std::str::from_utf8(self.0).ok()?.parse().ok()
        } else {
            None
        }
    }

    /// The string, where it is one.
    pub fn as_string(self) -> Option<Cow<'j, str>> {
        let inside = self.0.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
        if inside.contains(&b'\\') {
            let mut jiter = Jiter::new(self.0);
            return Some(Cow::Owned(jiter.next_str().ok()?.to_owned()));
        }
        std::str::from_utf8(inside).ok().map(Cow::Borrowed)
    }

    /// The strings of an array of nothing else.
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

/// The raw text of the watched members of the outermost object.
pub struct Members<'j> {
    names: &'static [&'static str],
    values: [Option<RawValue<'j>>; MAX_WATCHED],
}

impl<'j> Members<'j> {
    /// The member of this name, where it was watched for and present.
    pub fn get(&self, name: &str) -> Option<RawValue<'j>> {
        self.values.get(self.position(name)?).copied().flatten()
    }

    fn position(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|watched| *watched == name)
    }
}

/// Reads one strict JSON object into `builder`, and keeps the raw text of its members named in `watched` (at most
/// [`MAX_WATCHED`]; further ones are not seen).
///
/// # Errors
/// [`Error::Malformed`] for any other text, and whatever the builder fails with.
pub fn parse_object<'j, B: Builder>(
    text: &'j [u8],
    builder: &mut B,
    watched: &'static [&'static str],
) -> Result<(B::Value, Members<'j>), B::Error> {
    let mut reader = Reader {
        text,
        jiter: Jiter::new(text),
        builder,
        names: Names::with_room(),
        members: Members {
            names: watched,
            values: [None; MAX_WATCHED],
        },
        depth: 0,
    };
    if reader.jiter.peek().map_err(refused)? != Peek::Object {
        return Err(Error::Malformed("not a JSON object").into());
    }
    let value = reader.object()?;
    reader.jiter.finish().map_err(refused)?;
    Ok((value, reader.members))
}

/// The texts of the elements of the array that one JSON object has as its member `name`; at most `most` of them.
///
/// An element is well-formed, and strict (names, depth, finite numbers) only if [`parse_object`] says so too. What
/// else the object has is passed over.
///
/// # Errors
/// [`Error::Malformed`].
pub fn array_elements<'j>(text: &'j [u8], name: &str, most: usize) -> Result<Vec<&'j [u8]>, Error> {
    if std::str::from_utf8(text).is_err() {
        return Err(Error::Malformed("not strict JSON"));
    }
    let mut jiter = Jiter::new(text);
    let mut found = None;
    if jiter.peek().map_err(refused)? != Peek::Object {
        return Err(Error::Malformed("not a JSON object"));
    }
    let mut next = jiter
        .known_object()
        .map_err(refused)?
        .map(|key| key == name);
    while let Some(wanted) = next {
        if !wanted {
            jiter.next_skip().map_err(refused)?;
        } else if found.is_none() {
            found = Some(elements(text, &mut jiter, most)?);
        } else {
            return Err(Error::Malformed("a name occurs twice in an object"));
        }
        next = jiter.next_key().map_err(refused)?.map(|key| key == name);
    }
    jiter.finish().map_err(refused)?;
    found.ok_or(Error::Malformed("a member is missing"))
}

/// The members of one strict JSON object: each name with the text of its value.
///
/// # Errors
/// [`Error::Malformed`]. What [`parse_object`] would refuse besides is not all seen.
pub(crate) fn object_members(text: &[u8]) -> Result<Vec<(String, &[u8])>, Error> {
    let mut jiter = Jiter::new(text);
    let mut members = Vec::new();
    let mut next = jiter.next_object().map_err(refused)?.map(str::to_owned);
    while let Some(name) = next {
        let peek = jiter.peek().map_err(refused)?;
        let start = jiter.current_index();
        jiter.known_skip(peek).map_err(refused)?;
        let value = text.get(start..jiter.current_index());
        members.extend(value.map(|value| (name, value)));
        next = jiter.next_key().map_err(refused)?.map(str::to_owned);
    }
    jiter.finish().map_err(refused)?;
    Ok(members)
}

fn elements<'j>(
    text: &'j [u8],
    jiter: &mut Jiter<'j>,
    most: usize,
) -> Result<Vec<&'j [u8]>, Error> {
    if jiter.peek().map_err(refused)? != Peek::Array {
        return Err(Error::Malformed("a member is not an array"));
    }
    let mut elements = Vec::new();
    let mut next = jiter.known_array().map_err(refused)?;
    while let Some(peek) = next {
        if elements.len() == most {
            return Err(Error::Malformed("an array is too long"));
        }
        let start = jiter.current_index();
        jiter.known_skip(peek).map_err(refused)?;
        elements.extend(text.get(start..jiter.current_index()));
        next = jiter.array_step().map_err(refused)?;
    }
    Ok(elements)
}

/// The tokenizer's message would quote positions only, but ours are stable.
fn refused(_: JiterError) -> Error {
    Error::Malformed("not strict JSON")
}

fn has_float_mark(number: &[u8]) -> bool {
    number.iter().any(|byte| matches!(byte, b'.' | b'e' | b'E'))
}

struct Reader<'j, 'b, B> {
    text: &'j [u8],
    jiter: Jiter<'j>,
    builder: &'b mut B,
    names: Names,
    members: Members<'j>,
    depth: usize,
}

impl<B: Builder> Reader<'_, '_, B> {
    fn value(&mut self, next: Peek) -> Result<B::Value, B::Error> {
        match next {
            Peek::String => self
                .builder
                .string(self.jiter.known_str().map_err(refused)?),
            Peek::Object => self.object(),
            Peek::Array => self.array(),
            Peek::True | Peek::False => self
                .builder
                .boolean(self.jiter.known_bool(next).map_err(refused)?),
            Peek::Null => {
                self.jiter.known_null().map_err(refused)?;
                self.builder.null()
            }
            _ => self.number(next),
        }
    }

    fn number(&mut self, next: Peek) -> Result<B::Value, B::Error> {
        let bytes = self.jiter.known_number_bytes(next).map_err(refused)?;
        let digits = std::str::from_utf8(bytes).map_err(|_| Error::Malformed("not a number"))?;
        if !has_float_mark(bytes) {
            if digits.trim_start_matches('-').len() > MAX_INTEGER_DIGITS {
                return Err(Error::Malformed("an integer is too long").into());
            }
            return self.builder.integer(digits);
        }
        match digits.parse::<f64>() {
            Ok(value) if value.is_finite() => self.builder.float(value),
            _ => Err(Error::Malformed("a number is not finite").into()),
        }
    }

    fn object(&mut self) -> Result<B::Value, B::Error> {
        self.enter()?;
        let mut scope = self.names.open();
        let mut object = self.builder.object()?;
        let mut next = self.jiter.known_object().map_err(refused)?;
        while let Some(text) = next {
            self.names.add(&mut scope, text)?;
            let watched = if self.depth == 1 {
                self.members.position(text)
            } else {
                None
            };
            let name = self.builder.name(text)?;
            let value = self.member(watched)?;
            self.builder.set(&mut object, name, value)?;
            next = self.jiter.next_key().map_err(refused)?;
        }
        self.names.close(&scope);
        self.leave();
        self.builder.finish_object(object)
    }

    /// The value of a member, its text kept where it is a watched one.
    fn member(&mut self, watched: Option<usize>) -> Result<B::Value, B::Error> {
        let next = self.jiter.peek().map_err(refused)?;
        let start = self.jiter.current_index();
        let value = self.value(next)?;
        if let Some(slot) = watched.and_then(|position| self.members.values.get_mut(position)) {
            *slot = self
                .text
                .get(start..self.jiter.current_index())
                .map(RawValue);
        }
        Ok(value)
    }

    fn array(&mut self) -> Result<B::Value, B::Error> {
        self.enter()?;
        let mut array = self.builder.array()?;
        let mut next = self.jiter.known_array().map_err(refused)?;
        while let Some(peek) = next {
            let value = self.value(peek)?;
            self.builder.push(&mut array, value)?;
            next = self.jiter.array_step().map_err(refused)?;
        }
        self.leave();
        self.builder.finish_array(array)
    }

    fn enter(&mut self) -> Result<(), Error> {
        self.depth = self.depth.saturating_add(1);
        if self.depth > MAX_DEPTH {
            Err(Error::Malformed("nested too deeply"))
        } else {
            Ok(())
        }
    }

    fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }
}

/// The names of the objects that are open, innermost last, in one buffer: no allocation for each name.
struct Names {
    text: Vec<u8>,
    spans: Vec<(usize, usize)>,
}

/// One open object: where its names begin, and all of them hashed once they are more than a few.
struct Scope {
    spans: usize,
    text: usize,
    many: Option<HashSet<Box<[u8]>>>,
}

impl Names {
    /// Room for the names of most tokens, so that it is asked for once.
    fn with_room() -> Self {
        Self {
            text: Vec::with_capacity(256),
            spans: Vec::with_capacity(FEW_NAMES),
        }
    }

    fn open(&self) -> Scope {
        Scope {
            spans: self.spans.len(),
            text: self.text.len(),
            many: None,
        }
    }

    fn add(&mut self, scope: &mut Scope, name: &str) -> Result<(), Error> {
        let name = name.as_bytes();
        let fresh = match &mut scope.many {
            Some(many) => many.insert(name.into()),
            None => self.add_to_few(scope, name),
        };
        if fresh {
            Ok(())
        } else {
            Err(Error::Malformed("a name occurs twice in an object"))
        }
    }

    fn add_to_few(&mut self, scope: &mut Scope, name: &[u8]) -> bool {
        let spans = self.spans.get(scope.spans..).unwrap_or_default();
        let mut earlier = spans
            .iter()
            .filter_map(|(start, end)| self.text.get(*start..*end));
        if spans.len() >= FEW_NAMES {
            let mut many: HashSet<Box<[u8]>> = earlier.map(Box::from).collect();
            let fresh = many.insert(name.into());
            scope.many = Some(many);
            return fresh;
        }
        if earlier.any(|other| other == name) {
            return false;
        }
        let start = self.text.len();
        self.text.extend_from_slice(name);
        self.spans.push((start, self.text.len()));
        true
    }

    fn close(&mut self, scope: &Scope) {
        self.spans.truncate(scope.spans);
        self.text.truncate(scope.text);
    }
}

/// Appends `text` as a JSON string in ASCII, as Python's `json.dumps` writes it.
pub fn write_string(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    let mut rest = text;
    while let Some(at) = rest.bytes().position(needs_escape) {
        let (plain, from) = rest.split_at_checked(at).unwrap_or((rest, ""));
        out.extend_from_slice(plain.as_bytes());
        let mut characters = from.chars();
        if let Some(character) = characters.next() {
            write_escape(character, out);
        }
        rest = characters.as_str();
    }
    out.extend_from_slice(rest.as_bytes());
    out.push(b'"');
}

fn needs_escape(byte: u8) -> bool {
    !(b' '..=b'~').contains(&byte) || byte == b'"' || byte == b'\\'
}

fn write_escape(character: char, out: &mut Vec<u8>) {
    let short = match character {
        '"' => b"\\\"",
        '\\' => b"\\\\",
        '\n' => b"\\n",
        '\r' => b"\\r",
        '\t' => b"\\t",
        '\u{8}' => b"\\b",
        '\u{c}' => b"\\f",
        _ => {
            for unit in character.encode_utf16(&mut [0; 2]) {
                out.extend_from_slice(format!("\\u{unit:04x}").as_bytes());
            }
            return;
        }
    };
    out.extend_from_slice(short);
}
