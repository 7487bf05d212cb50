//! base64url as in RFC 7515 appendix C: strict, without padding.

use base64_simd::{Base64, Out, URL_SAFE, URL_SAFE_NO_PAD};

use crate::error::Error;

const NOT_BASE64URL: Error = Error::Malformed("not base64url");

/// Encodes `bytes` without padding.
pub fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode_to_string(bytes)
}

/// Appends the encoding of `bytes` to `text`.
pub fn encode_onto(bytes: &[u8], text: &mut String) {
    URL_SAFE_NO_PAD.encode_append(bytes, text);
}

/// Decodes `text` strictly: no padding, no white space, no stray bits in the last character.
///
/// # Errors
/// [`Error::Malformed`] for any other text.
pub fn decode(text: &[u8]) -> Result<Vec<u8>, Error> {
    decoded(&URL_SAFE_NO_PAD, text)
}

/// As [`decode`], into the beginning of `room`; `None` if the text is longer than the room.
pub(crate) fn decode_into<'o>(text: &[u8], room: &'o mut [u8]) -> Option<Result<&'o [u8], Error>> {
    if text.len() > room.len() {
        return None;
    }
    let decoded = URL_SAFE_NO_PAD.decode(text, Out::from_slice(room));
    Some(decoded.map(|bytes| &*bytes).map_err(|_| NOT_BASE64URL))
}

/// As [`decode`]; the text may have its whole padding.
///
/// # Errors
/// [`Error::Malformed`] for any other text.
pub(crate) fn decode_padded(text: &[u8]) -> Result<Vec<u8>, Error> {
    if text.ends_with(b"=") {
        decoded(&URL_SAFE, text)
    } else {
        decode(text)
    }
}

fn decoded(alphabet: &Base64, text: &[u8]) -> Result<Vec<u8>, Error> {
    let bytes = alphabet.decode_to_vec(text);
    bytes.map_err(|_| NOT_BASE64URL)
}
