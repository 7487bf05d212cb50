//! New claims, and random ids of tokens.

use std::sync::Mutex;

use pyo3::exceptions::PyOSError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

const ID_BYTES: usize = 16;
/// How many ids one block of random bytes makes: most of the cost of random bytes is asking for them.
const IDS_IN_BLOCK: usize = 32;
const HEX_DIGITS: &[u8; 16] = b"0123456789abcdef";

type Id = [u8; ID_BYTES];

/// Random bytes for ids. Each is taken out when it is used.
static UNUSED: Mutex<Vec<Id>> = Mutex::new(Vec::new());

/// A new id of 128 random bits, as 32 hex digits.
#[pyfunction]
pub(super) fn random_id(py: Python<'_>) -> PyResult<Bound<'_, PyString>> {
    let mut text = [0; 2 * ID_BYTES];
    let digit = |value: u8| HEX_DIGITS.get(usize::from(value)).copied();
    for (pair, byte) in text.chunks_exact_mut(2).zip(random_bytes()?) {
        if let ([high, low], Some(first), Some(second)) = (pair, digit(byte >> 4), digit(byte & 15))
        {
            (*high, *low) = (first, second);
        }
    }
    PyString::from_bytes(py, &text)
}

/// The claims of a new token, made at `now` and valid for `lifetime`, both in seconds; the times are whole seconds.
#[pyfunction]
pub(super) fn new_claims<'py>(
    now: f64,
    lifetime: f64,
    type_claim: Option<&Bound<'py, PyString>>,
    token_type: &Bound<'py, PyAny>,
    id_claim: Option<&Bound<'py, PyString>>,
) -> PyResult<Bound<'py, PyDict>> {
    let py = token_type.py();
    let claims = PyDict::new(py);
    if let Some(name) = type_claim {
        claims.set_item(name, token_type)?;
    }
    claims.set_item(intern!(py, "exp"), (now + lifetime).floor() as i64)?;
    claims.set_item(intern!(py, "iat"), now.floor() as i64)?;
    if let Some(name) = id_claim {
        claims.set_item(name, random_id(py)?)?;
    }
    Ok(claims)
}

/// Drops the unused random bytes. A forked child calls it, so that it does not make the ids of its parent.
#[pyfunction]
pub(super) fn forget_random_bytes() {
    if let Ok(mut unused) = UNUSED.try_lock() {
        unused.clear();
    }
}

fn random_bytes() -> PyResult<Id> {
    // Nobody waits for the lock: another thread may have held it during a fork.
    let Ok(mut unused) = UNUSED.try_lock() else {
        let mut id = Id::default();
        fill(&mut id)?;
        return Ok(id);
    };
    if unused.is_empty() {
        let mut block = [0; IDS_IN_BLOCK * ID_BYTES];
        fill(&mut block)?;
        unused.extend(block.as_chunks().0);
    }
    unused.pop().ok_or_else(no_random_bytes)
}

fn fill(bytes: &mut [u8]) -> PyResult<()> {
    getrandom::fill(bytes).map_err(|_| no_random_bytes())
}

fn no_random_bytes() -> PyErr {
    PyOSError::new_err("the system gives no random bytes")
}
