//! base64url as in RFC 7515 appendix C: strict, without padding.

use base64::Engine as _;
use base64::engine::general_purpose::{GeneralPurpose, URL_SAFE, URL_SAFE_NO_PAD};

use crate::error::Error;

/// Encodes `bytes` without padding.
pub fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Appends the encoding of `bytes` to `text`.
pub fn encode_onto(bytes: &[u8], text: &mut String) {
    URL_SAFE_NO_PAD.encode_string(bytes, text);
}

/// Decodes `text` strictly: no padding, no white space, no stray bits in the last character.
///
/// # Errors
/// [`Error::Malformed`] for any other text.
pub fn decode(text: &[u8]) -> Result<Vec<u8>, Error> {
    decoded(&URL_SAFE_NO_PAD, text)
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

fn decoded(engine: &GeneralPurpose, text: &[u8]) -> Result<Vec<u8>, Error> {
    engine
        .decode(text)
        .map_err(|_| Error::Malformed("not base64url"))
}
