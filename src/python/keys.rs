//! Keys for Python: frozen handles, and the reader of an issuer's JWK Set.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::error::Error;
use crate::keys::algorithm::Algorithm;
use crate::keys::jwk_set::{self, IssuerSet};
use crate::keys::key::{SigningKey, VerifyingKey};

/// A key that signs. It is parsed once.
#[pyclass(name = "SigningKey", module = "oxijwt._core", frozen)]
pub(super) struct PySigningKey(pub(super) Arc<SigningKey>);

/// A key that verifies. It is parsed once.
#[pyclass(name = "VerifyingKey", module = "oxijwt._core", frozen)]
pub(super) struct PyVerifyingKey(pub(super) Arc<VerifyingKey>);

pub(super) fn algorithm_named(name: &Bound<'_, PyString>) -> Result<Algorithm, Error> {
    Algorithm::from_name(name.to_str().map_err(|_| Error::AlgorithmUnknown)?)
}

#[pymethods]
impl PySigningKey {
    #[staticmethod]
    fn from_secret(algorithm: &Bound<'_, PyString>, secret: &[u8]) -> PyResult<Self> {
        Ok(Self(Arc::new(SigningKey::from_secret(
            algorithm_named(algorithm)?,
            secret,
        )?)))
    }

    #[staticmethod]
    fn from_pem(algorithm: &Bound<'_, PyString>, pem: &[u8]) -> PyResult<Self> {
        Ok(Self(Arc::new(SigningKey::from_pem(
            algorithm_named(algorithm)?,
            pem,
        )?)))
    }

    #[staticmethod]
    fn from_jwk(algorithm: &Bound<'_, PyString>, jwk: &[u8]) -> PyResult<Self> {
        Ok(Self(Arc::new(SigningKey::from_jwk(
            algorithm_named(algorithm)?,
            jwk,
        )?)))
    }

    #[getter]
    fn algorithm(&self) -> &'static str {
        self.0.algorithm().name()
    }

    #[getter]
    fn is_weak(&self) -> bool {
        self.0.is_weak()
    }

    fn verifying_key(&self) -> PyResult<PyVerifyingKey> {
        Ok(PyVerifyingKey(Arc::new(self.0.verifying_key()?)))
    }

    fn __repr__(&self) -> String {
        format!("<{:?}>", self.0)
    }
}

#[pymethods]
impl PyVerifyingKey {
    #[staticmethod]
    fn from_secret(algorithm: &Bound<'_, PyString>, secret: &[u8]) -> PyResult<Self> {
        Ok(Self(Arc::new(VerifyingKey::from_secret(
            algorithm_named(algorithm)?,
            secret,
        )?)))
    }

    #[staticmethod]
    fn from_pem(algorithm: &Bound<'_, PyString>, pem: &[u8]) -> PyResult<Self> {
        Ok(Self(Arc::new(VerifyingKey::from_pem(
            algorithm_named(algorithm)?,
            pem,
        )?)))
    }

    #[staticmethod]
    fn from_jwk(algorithm: &Bound<'_, PyString>, jwk: &[u8]) -> PyResult<Self> {
        Ok(Self(Arc::new(VerifyingKey::from_jwk(
            algorithm_named(algorithm)?,
            jwk,
        )?)))
    }

    #[getter]
    fn algorithm(&self) -> &'static str {
        self.0.algorithm().name()
    }

    #[getter]
    fn is_weak(&self) -> bool {
        self.0.is_weak()
    }

    fn __repr__(&self) -> String {
        format!("<{:?}>", self.0)
    }
}

/// The keys of an issuer's JWK Set, each with its `kid`; a message for each key that was skipped; and the `kid` of each
/// key with a mistake that was tolerated, and the mistake.
type Read = (
    Vec<(Option<String>, PyVerifyingKey)>,
    Vec<String>,
    Vec<(Option<String>, &'static str)>,
);

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
    // Reading a full set takes milliseconds, so other threads may run meanwhile.
    let set = py.detach(|| jwk_set::read_issuer(text, &algorithms))?;
    Ok(told(set))
}

fn told(set: IssuerSet) -> Read {
    let keys = set.keys.into_iter();
    (
        keys.map(|(kid, key)| (kid, PyVerifyingKey(Arc::new(key))))
            .collect(),
        set.skipped.iter().map(ToString::to_string).collect(),
        set.tolerated
            .into_iter()
            .map(|tolerated| (tolerated.kid, tolerated.what))
            .collect(),
    )
}
