//! The pyo3 face: the module `oxijwt._core` as `_core.pyi` describes it.

mod convert;
mod error;
mod jwk_set;
mod key_set;
mod keyring;
mod refresh_rotation;

use pyo3::prelude::*;
use pyo3::types::PyTuple;
use pyo3_log::{Caching, Logger};

use crate::error::Error;
use crate::keys::algorithm::Algorithm;
use crate::ring::schedule::Refusal;

/// Keys, signatures, strict JSON and the claim rules.
#[pymodule(gil_used = false)]
fn _core(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    // Levels are asked each time: a cached one would outlive a change of Django's LOGGING. A second import finds the
    // logger installed, which is as good.
    let _ = Logger::new(py, Caching::Nothing)?.install();
    module.add("CoreError", py.get_type::<error::CoreError>())?;
    let codes = [&Error::CODES[..], &Refusal::CODES].concat();
    module.add("ERROR_CODES", PyTuple::new(py, codes)?)?;
    module.add(
        "ALGORITHMS",
        PyTuple::new(py, Algorithm::ALL.map(Algorithm::name))?,
    )?;
    module.add_class::<keyring::PySigningKey>()?;
    module.add_class::<keyring::PyVerifyingKey>()?;
    module.add_class::<keyring::PyTokenPolicy>()?;
    module.add_class::<keyring::PyRingKey>()?;
    module.add_class::<keyring::PyKeyRing>()?;
    module.add_class::<key_set::PyKeyRotationPolicy>()?;
    module.add_class::<key_set::PyKeySet>()?;
    module.add_class::<key_set::PyKeySetChange>()?;
    module.add_class::<refresh_rotation::PyRefreshPolicy>()?;
    module.add_class::<refresh_rotation::PySessionState>()?;
    module.add_class::<refresh_rotation::PyRefreshDecision>()?;
    module.add_function(wrap_pyfunction!(jwk_set::read_issuer_jwk_set, module)?)?;
    module.add_function(wrap_pyfunction!(
        keyring::unverified_is_access_token,
        module
    )?)?;
    module.add_function(wrap_pyfunction!(keyring::unverified_header, module)?)?;
    module.add_function(wrap_pyfunction!(keyring::unverified_claims, module)?)
}
