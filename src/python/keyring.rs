//! The frozen handles of the boundary: keys, policy and ring.

use std::sync::Arc;

use log::debug;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyString};

use super::convert::{PythonBuilder, to_json};
use super::error::Failure;
use crate::algorithm::{Algorithm, Family};
use crate::claims::ClaimPolicy;
use crate::error::Error;
use crate::json;
use crate::jws::Compact;
use crate::key::{SigningKey, VerifyingKey};
use crate::keyring::KeyRing;

/// A key that signs, parsed once and held ready.
#[pyclass(name = "SigningKey", module = "oxijwt._core", frozen)]
pub(super) struct PySigningKey(Arc<SigningKey>);

/// A key that verifies, parsed once and held ready.
#[pyclass(name = "VerifyingKey", module = "oxijwt._core", frozen)]
pub(super) struct PyVerifyingKey(pub(super) Arc<VerifyingKey>);

/// What the claim rules compare with.
#[pyclass(name = "ClaimPolicy", module = "oxijwt._core", frozen)]
pub(super) struct PyClaimPolicy(ClaimPolicy);

/// At most one key that signs and any number that verify.
#[pyclass(name = "KeyRing", module = "oxijwt._core", frozen)]
pub(super) struct PyKeyRing(KeyRing);

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

#[pymethods]
impl PyClaimPolicy {
    #[new]
    #[pyo3(signature = (*, leeway = 0.0, audience = None, issuer = None, integer_subject = false))]
    fn new(
        leeway: f64,
        audience: Option<Vec<Bound<'_, PyString>>>,
        issuer: Option<Vec<Bound<'_, PyString>>>,
        integer_subject: bool,
    ) -> PyResult<Self> {
        let policy = ClaimPolicy::new(leeway, texts(audience)?, texts(issuer)?, integer_subject)?;
        Ok(Self(policy))
    }
}

fn texts(values: Option<Vec<Bound<'_, PyString>>>) -> Result<Option<Vec<String>>, Error> {
    let Some(values) = values else {
        return Ok(None);
    };
    let texts = values.iter().map(|value| value.to_str().map(str::to_owned));
    texts
        .collect::<Result<_, _>>()
        .map(Some)
        .map_err(|_| Error::PolicyInvalid("a lone surrogate"))
}

#[pymethods]
impl PyKeyRing {
    #[new]
    fn new(
        signer: Option<&Bound<'_, PySigningKey>>,
        verifiers: Vec<Bound<'_, PyVerifyingKey>>,
    ) -> Self {
        let verifiers = verifiers
            .iter()
            .map(|key| Arc::clone(&key.get().0))
            .collect();
        Self(KeyRing::new(
            signer.map(|key| Arc::clone(&key.get().0)),
            verifiers,
        ))
    }

    fn sign(&self, py: Python<'_>, claims: &Bound<'_, PyDict>) -> PyResult<String> {
        self.0.signer()?;
        self.sign_payload(py, &to_json(claims)?)
    }

    fn sign_json(&self, py: Python<'_>, payload: &[u8]) -> PyResult<String> {
        self.sign_payload(py, payload)
    }

    fn verify<'py>(
        &self,
        token: &Bound<'py, PyAny>,
        now: f64,
        policy: &Bound<'py, PyClaimPolicy>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let mut builder = PythonBuilder::new(token.py());
        let outcome = token_bytes(token)
            .and_then(|token| self.0.verify(token, now, &policy.get().0, &mut builder));
        if let Err(Failure::Refused(error)) = &outcome {
            // The code alone: never a token, a claim or a key.
            debug!(target: "oxijwt::core", "token refused: {}", error.code());
        }
        Ok(outcome?)
    }

    fn __repr__(&self) -> String {
        format!("<{:?}>", self.0)
    }
}

impl PyKeyRing {
    /// Other threads run on while RSA signs; for the faster algorithms letting them costs more than it gives.
    fn sign_payload(&self, py: Python<'_>, payload: &[u8]) -> PyResult<String> {
        let token = match self.0.signer()?.algorithm().family() {
            Family::Rsa => py.detach(|| self.0.sign(payload)),
            _ => self.0.sign(payload),
        };
        Ok(token?)
    }
}

/// The header of a token that nobody has checked.
#[pyfunction]
pub(super) fn unverified_header<'py>(token: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let header = Compact::split(token_bytes(token)?)?.header_json()?;
    Ok(json::parse_object(&header, &mut PythonBuilder::new(token.py()), &[])?.0)
}

/// The claims of a token that nobody has checked.
#[pyfunction]
pub(super) fn unverified_claims<'py>(token: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let payload = Compact::split(token_bytes(token)?)?.unverified_payload()?;
    Ok(json::parse_object(&payload, &mut PythonBuilder::new(token.py()), &[])?.0)
}

fn token_bytes<'a>(token: &'a Bound<'_, PyAny>) -> Result<&'a [u8], Failure> {
    if let Ok(text) = token.cast::<PyString>() {
        let text = text
            .to_str()
            .map_err(|_| Error::Malformed("a lone surrogate"))?;
        return Ok(text.as_bytes());
    }
    match token.cast::<PyBytes>() {
        Ok(bytes) => Ok(bytes.as_bytes()),
        Err(_) => Err(PyTypeError::new_err("a token is str or bytes").into()),
    }
}
