//! Strict JSON: RFC 8259, and the stricter rules of RFC 7515 and RFC 7519.
//!
//! A text must be one object in UTF-8, without a BOM and without trailing text. A name occurs once in an object. There
//! are at most [`MAX_DEPTH`] levels. NaN, infinities and lone surrogates are refused. Integers are exact and have at
//! most [`MAX_INTEGER_DIGITS`] digits; a number with more digits before its point is refused too.

mod builder;
mod flat;
mod reader;
mod slices;
mod value;
mod writer;

use jiter::JiterError;

pub use builder::{Builder, Discard};
pub use reader::parse_any_object;
pub use slices::array_elements;
pub(crate) use slices::object_members;
pub use value::{Members, RawValue};
pub use writer::write_string;

use crate::error::Error;
use flat::FlatObject;

/// The most levels of objects and arrays, including the outermost object.
pub const MAX_DEPTH: usize = 32;
/// The most digits of an integer, without its sign: CPython's default limit.
pub const MAX_INTEGER_DIGITS: usize = 4300;
/// The most member names that the reader can watch for.
pub const MAX_WATCHED: usize = 8;

/// Reads one strict JSON object into `builder`, and keeps the raw text of the members named in `watched`. Only the
/// first [`MAX_WATCHED`] names are watched for.
///
/// # Errors
/// [`Error::Malformed`] for any other text, and the builder's errors.
pub fn parse_object<'j, B: Builder>(
    text: &'j [u8],
    builder: &mut B,
    watched: &'static [&'static str],
) -> Result<(B::Value, Members<'j>), B::Error> {
    match FlatObject::read(text) {
        Some(object) => object.build(builder, watched),
        None => parse_any_object(text, builder, watched),
    }
}

/// Whether [`parse_object`] reads this text without [`parse_any_object`].
pub fn is_flat(text: &[u8]) -> bool {
    FlatObject::read(text).is_some()
}

/// The tokenizer's message is not used, because it only quotes positions and may change with its version.
fn refused(_: JiterError) -> Error {
    Error::Malformed("not strict JSON")
}
