//! JSON as strict as a token deserves (RFC 8259, with what RFC 7515 and 7519 demand on top).
//!
//! One object in UTF-8 without a BOM and with nothing after it; no name twice in an object; at most [`MAX_DEPTH`]
//! levels; no NaN, no infinity, no lone surrogate; integers exact up to [`MAX_INTEGER_DIGITS`] digits, and no number with more
//! before its point.

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

/// Most levels of objects and arrays, the outermost object counted.
pub const MAX_DEPTH: usize = 32;
/// Most digits of an integer, its sign not counted: what CPython converts by default.
pub const MAX_INTEGER_DIGITS: usize = 4300;
/// Most names that a reader can watch.
pub const MAX_WATCHED: usize = 8;

/// The tokenizer's message would quote positions only, but ours are stable.
fn refused(_: JiterError) -> Error {
    Error::Malformed("not strict JSON")
}
