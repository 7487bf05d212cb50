//! The Python module `oxijwt._core`, which `_core.pyi` describes.

mod convert;
mod error;
mod ids;
mod keys;
mod refresh;
mod ring;
mod rules;
mod token;
mod verified;

use pyo3::prelude::*;
use pyo3::types::PyTuple;
use pyo3_log::{Caching, Logger};

use crate::clock::MAX_CLOCK_SKEW;
use crate::error::Error;
use crate::keys::algorithm::Algorithm;
use crate::ring::schedule::KeyRotationRefusal;

/// Keys, signatures, strict JSON and the claim rules.
#[pymodule(gil_used = false)]
fn _core(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    // Log levels are not cached, so that a change of Django's LOGGING takes effect. The result is ignored, because at
    // a second import the logger is already installed.
    let _ = Logger::new(py, Caching::Nothing)?.install();
    module.add("CoreError", py.get_type::<error::CoreError>())?;
    let codes = [&Error::CODES[..], &KeyRotationRefusal::CODES].concat();
    module.add("ERROR_CODES", PyTuple::new(py, codes)?)?;
    module.add(
        "ALGORITHMS",
        PyTuple::new(py, Algorithm::ALL.map(Algorithm::name))?,
    )?;
    module.add("MAX_CLOCK_SKEW", MAX_CLOCK_SKEW)?;
    module.add_class::<keys::PySigningKey>()?;
    module.add_class::<keys::PyVerifyingKey>()?;
    module.add_class::<token::PyTokenPolicy>()?;
    module.add_class::<rules::PyTokenRules>()?;
    module.add_class::<verified::PyVerified>()?;
    module.add_class::<ring::PyRingKey>()?;
    module.add_class::<ring::PyKeyRing>()?;
    module.add_class::<ring::PyKeyRotationPolicy>()?;
    module.add_class::<ring::PyKeySet>()?;
    module.add_class::<ring::PyListedKey>()?;
    module.add_class::<ring::PyKeyPhase>()?;
    module.add_class::<ring::PyKeySetChange>()?;
    module.add_class::<refresh::PyRefreshPolicy>()?;
    module.add_class::<refresh::PyPresented>()?;
    module.add_class::<refresh::PySessionState>()?;
    module.add_class::<refresh::PyUserState>()?;
    module.add_class::<refresh::PyRefuse>()?;
    module.add_class::<refresh::PyRotate>()?;
    module.add_class::<refresh::PyRepeat>()?;
    module.add_class::<refresh::PyRowUpdate>()?;
    module.add_class::<refresh::PyKeep>()?;
    module.add_class::<refresh::PyReuse>()?;
    module.add_function(wrap_pyfunction!(keys::read_issuer_jwk_set, module)?)?;
    module.add_function(wrap_pyfunction!(ids::new_claims, module)?)?;
    module.add_function(wrap_pyfunction!(ids::random_id, module)?)?;
    module.add_function(wrap_pyfunction!(ids::forget_random_bytes, module)?)?;
    module.add_function(wrap_pyfunction!(token::unverified_header, module)?)?;
    module.add_function(wrap_pyfunction!(token::unverified_issuer, module)?)?;
    module.add_function(wrap_pyfunction!(token::unverified_claims, module)?)
}
