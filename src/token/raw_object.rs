//! A JSON object that keeps the bytes of its members, for a file that is read and then written again.

use std::fmt;

use zeroize::Zeroizing;

use crate::error::Error;
use crate::token::json;

/// The members in the order of the text. Each value keeps its bytes, except line breaks. The memory is wiped when the
/// object is dropped.
#[derive(Clone, Default)]
pub(crate) struct RawObject(Vec<(String, Zeroizing<Vec<u8>>)>);

impl RawObject {
    /// Reads the members of an object that [`json::parse_object`] has accepted.
    ///
    /// # Errors
    /// [`Error::Malformed`].
    pub(crate) fn read(text: &[u8]) -> Result<Self, Error> {
        let members = json::object_members(text)?.into_iter();
        Ok(Self(
            members
                .map(|(name, value)| (name, on_one_line(value)))
                .collect(),
        ))
    }

    /// The object without the members of these names.
    pub(crate) fn without(mut self, names: &[&str]) -> Self {
        self.0.retain(|(name, _)| !names.contains(&name.as_str()));
        self
    }

    /// Each name with its value.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let members = self.0.iter();
        members.map(|(name, value)| (name.as_str(), value.as_slice()))
    }
}

/// Shows no value, because a value may be private key material.
impl fmt::Debug for RawObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RawObject({} members)", self.0.len())
    }
}

/// A JSON string never contains a raw line break, so every line break is white space between JSON tokens.
fn on_one_line(value: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut line = Zeroizing::new(Vec::with_capacity(value.len()));
    line.extend(value.iter().filter(|byte| !matches!(byte, b'\n' | b'\r')));
    line
}
