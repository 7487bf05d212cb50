//! A JSON object whose members are kept as they stand, for a file that is written back.

use std::fmt;

use zeroize::Zeroizing;

use crate::error::Error;
use crate::token::json;

/// Members in the order of the text, each value with the bytes that stood there, line breaks aside; wiped when dropped.
#[derive(Clone, Default)]
pub(crate) struct RawObject(Vec<(String, Zeroizing<Vec<u8>>)>);

impl RawObject {
    /// The members of a strict JSON object, as [`json::parse_object`] has found it to be.
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

    /// The same without the members of these names.
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

/// Nothing of a value: it may be a private part.
impl fmt::Debug for RawObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RawObject({} members)", self.0.len())
    }
}

/// A string has no raw line break, so those that a value has stand between its tokens.
fn on_one_line(value: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut line = Zeroizing::new(Vec::with_capacity(value.len()));
    line.extend(value.iter().filter(|byte| !matches!(byte, b'\n' | b'\r')));
    line
}
