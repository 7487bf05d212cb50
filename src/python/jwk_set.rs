//! The face of the JWK Set reader.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::PyString;

use super::keyring::{PyVerifyingKey, algorithm_named};
use crate::error::Error;
use crate::keys::jwk_set::{self, IssuerSet};

/// The keys of an issuer's JWK Set, each with its `kid`, and what to say of those that were passed over.
type Read = (Vec<(Option<String>, PyVerifyingKey)>, Vec<String>);

#[pyfunction]
pub(super) fn read_issuer_jwk_set(
    py: Python<'_>,
    text: &[u8],
    algorithms: Vec<Bound<'_, PyString>>,
) -> PyResult<Read> {
    let algorithms: Vec<_> = algorithms
        .iter()
        .map(algorithm_named)
        .collect::<Result<_, Error>>()?;
    // A full set takes milliseconds: other threads run on meanwhile.
    let set = py.detach(|| jwk_set::read_issuer(text, &algorithms))?;
    Ok(told(set))
}

fn told(set: IssuerSet) -> Read {
    let keys = set.keys.into_iter();
    (
        keys.map(|(kid, key)| (kid, PyVerifyingKey(Arc::new(key))))
            .collect(),
        set.skipped.iter().map(ToString::to_string).collect(),
    )
}
