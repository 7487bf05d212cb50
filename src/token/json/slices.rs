//! The texts of an array's elements and of an object's members, for callers that then read each of them.

use jiter::{Jiter, Peek};

use super::refused;
use crate::error::Error;

/// Returns the text of each element of the array that is the member `name` of one JSON object. The array may have at
/// most `most` elements.
///
/// Every element is well-formed JSON, but the stricter rules (names, depth, finite numbers) are not checked: for these
/// the caller calls [`parse_object`](super::parse_object). Other members of the object are skipped.
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

/// Returns the members of one JSON object: each name with the text of its value.
///
/// # Errors
/// [`Error::Malformed`]. The stricter rules of [`parse_object`](super::parse_object) are not checked.
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
