//! The reader: it reads one object in one pass and checks every rule of the module.

use std::collections::HashSet;

use jiter::{Jiter, Peek};

use super::builder::Builder;
use super::value::{Members, has_float_mark};
use super::{MAX_DEPTH, MAX_INTEGER_DIGITS, refused};
use crate::error::Error;

/// Up to this many names in one object, comparing each with each is faster than hashing.
const FEW_NAMES: usize = 16;

/// As [`parse_object`](super::parse_object), which only is faster: it reads the usual texts in another way.
///
/// # Errors
/// [`Error::Malformed`] for any other text, and the builder's errors.
pub fn parse_any_object<'j, B: Builder>(
    text: &'j [u8],
    builder: &mut B,
    watched: &'static [&'static str],
) -> Result<(B::Value, Members<'j>), B::Error> {
    let mut reader = Reader {
        text,
        jiter: Jiter::new(text),
        builder,
        names: Names::with_room(),
        members: Members::none_of(watched),
        depth: 0,
    };
    if reader.jiter.peek().map_err(refused)? != Peek::Object {
        return Err(Error::Malformed("not a JSON object").into());
    }
    let value = reader.object()?;
    reader.jiter.finish().map_err(refused)?;
    Ok((value, reader.members))
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

    /// Reads the value of a member, and keeps its text if the member is watched.
    fn member(&mut self, watched: Option<usize>) -> Result<B::Value, B::Error> {
        let next = self.jiter.peek().map_err(refused)?;
        let start = self.jiter.current_index();
        let value = self.value(next)?;
        let text = self.text.get(start..self.jiter.current_index());
        self.members.keep(watched, text);
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

/// The names of all open objects, the innermost object last, in one buffer: this avoids an allocation for each name.
struct Names {
    text: Vec<u8>,
    spans: Vec<(usize, usize)>,
}

/// One open object: where its names begin in the buffer, and a hash set of its names if it has many.
struct Scope {
    spans: usize,
    text: usize,
    many: Option<HashSet<Box<[u8]>>>,
}

impl Names {
    /// Allocates once; the room is enough for the names of most tokens.
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
