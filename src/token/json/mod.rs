//! Strict JSON: RFC 8259, and the stricter rules of RFC 7515 and RFC 7519.
//!
//! A text must be one object in UTF-8, without a BOM and without trailing text. A name occurs once in an object. There
//! are at most [`MAX_DEPTH`] levels. NaN, infinities and lone surrogates are refused. Integers are exact and have at
//! most [`MAX_INTEGER_DIGITS`] digits; a number with more digits before its point is refused too.

mod builder;
mod reader;
mod slices;
mod value;
mod writer;

use jiter::JiterError;

pub use builder::{Builder, Discard};
pub use reader::parse_object;
pub use slices::array_elements;
pub(crate) use slices::object_members;
pub use value::{Members, RawValue};
pub use writer::write_string;

use crate::error::Error;

/// The most levels of objects and arrays, including the outermost object.
pub const MAX_DEPTH: usize = 32;
/// The most digits of an integer, without its sign: CPython's default limit.
pub const MAX_INTEGER_DIGITS: usize = 4300;
/// The most member names that the reader can watch for.
pub const MAX_WATCHED: usize = 8;

/// The tokenizer's message is not used, because it only quotes positions and may change with its version.
fn refused(_: JiterError) -> Error {
    Error::Malformed("not strict JSON")
}
