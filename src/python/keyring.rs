//! The frozen handles of the boundary: keys, policy and ring.

use std::sync::Arc;

use log::debug;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyString};

use super::convert::{PythonBuilder, to_json};
use super::error::Failure;
use crate::error::Error;
use crate::keys::algorithm::{Algorithm, Family};
use crate::keys::key::{SigningKey, VerifyingKey};
use crate::ring::KeyRing;
use crate::ring::named::RingKey;
use crate::token::claims::ClaimPolicy;
use crate::token::json;
use crate::token::jws::Compact;
use crate::token::policy::{TokenPolicy, check_length, is_access_token};

/// A key that signs, parsed once and held ready.
#[pyclass(name = "SigningKey", module = "oxijwt._core", frozen)]
pub(super) struct PySigningKey(Arc<SigningKey>);

/// A key that verifies, parsed once and held ready.
#[pyclass(name = "VerifyingKey", module = "oxijwt._core", frozen)]
pub(super) struct PyVerifyingKey(pub(super) Arc<VerifyingKey>);

/// What a verified token is held against.
#[pyclass(name = "TokenPolicy", module = "oxijwt._core", frozen)]
pub(super) struct PyTokenPolicy(TokenPolicy);

/// A key of a ring by `kid`, with the times between which it is used.
#[pyclass(name = "RingKey", module = "oxijwt._core", frozen)]
pub(super) struct PyRingKey(RingKey);

/// One pair of keys, or keys by `kid`.
#[pyclass(name = "KeyRing", module = "oxijwt._core", frozen)]
pub(super) struct PyKeyRing(pub(super) KeyRing);

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
impl PyTokenPolicy {
    #[new]
    #[pyo3(signature = (*, max_length, allowed_typ = None, leeway = 0.0, audience = None, issuer = None,
                        integer_subject = false))]
    fn new(
        max_length: usize,
        allowed_typ: Option<Vec<Bound<'_, PyString>>>,
        leeway: f64,
        audience: Option<Vec<Bound<'_, PyString>>>,
        issuer: Option<Vec<Bound<'_, PyString>>>,
        integer_subject: bool,
    ) -> PyResult<Self> {
        let claims = ClaimPolicy::new(leeway, texts(audience)?, texts(issuer)?, integer_subject)?;
        Ok(Self(TokenPolicy::new(
            max_length,
            texts(allowed_typ)?,
            claims,
        )))
    }

    fn at_any_time(&self) -> Self {
        Self(self.0.at_any_time())
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
impl PyRingKey {
    #[new]
    #[pyo3(signature = (signing, verifying, *, kid = None, not_before = None, not_after = None))]
    fn new(
        signing: Option<&Bound<'_, PySigningKey>>,
        verifying: Option<&Bound<'_, PyVerifyingKey>>,
        kid: Option<&Bound<'_, PyString>>,
        not_before: Option<i64>,
        not_after: Option<i64>,
    ) -> PyResult<Self> {
        let kid = kid.map(|kid| kid.to_str().map(str::to_owned)).transpose();
        let key = RingKey::new(
            kid.map_err(|_| Error::KeySetInvalid("a kid is a lone surrogate"))?,
            signing.map(|key| Arc::clone(&key.get().0)),
            verifying.map(|key| Arc::clone(&key.get().0)),
        )?;
        Ok(Self(key.in_force(not_before, not_after)))
    }

    fn __repr__(&self) -> String {
        format!("<RingKey({:?}, {})>", self.0.kid(), self.0.algorithm())
    }
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

    #[staticmethod]
    #[pyo3(signature = (keys, legacy = None, legacy_until = None))]
    fn of_keys(
        keys: Vec<Bound<'_, PyRingKey>>,
        legacy: Option<&Bound<'_, Self>>,
        legacy_until: Option<i64>,
    ) -> PyResult<Self> {
        let ring = KeyRing::of_keys(keys.iter().map(|key| key.get().0.clone()).collect())?;
        with_legacy(ring, legacy, legacy_until)
    }

    fn sign(&self, claims: &Bound<'_, PyDict>, now: f64, max_length: usize) -> PyResult<String> {
        self.sign_json(claims.py(), &to_json(claims)?, now, max_length)
    }

    /// Other threads run on while RSA signs; for the faster algorithms letting them costs more than it gives.
    fn sign_json(
        &self,
        py: Python<'_>,
        payload: &[u8],
        now: f64,
        max_length: usize,
    ) -> PyResult<String> {
        let signing = self.0.signing(payload, now, max_length)?;
        let token = match signing.key().algorithm().family() {
            Family::Rsa => py.detach(|| signing.sign()),
            _ => signing.sign(),
        };
        Ok(token?)
    }

    fn signing_kids(&self) -> Vec<&str> {
        self.0.signing_kids()
    }

    fn public_jwk_set(&self, now: f64) -> String {
        self.0.public_jwk_set(now)
    }

    fn verify<'py>(
        &self,
        token: &Bound<'py, PyAny>,
        now: f64,
        policy: &Bound<'py, PyTokenPolicy>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let mut builder = PythonBuilder::new(token.py());
        let policy = &policy.get().0;
        let outcome = token_bytes(token, policy.max_length())
            .and_then(|token| self.0.verify(token, now, policy, &mut builder));
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

/// A ring of keys by `kid`, beside the pair of the time before where there is one.
pub(super) fn with_legacy(
    ring: KeyRing,
    legacy: Option<&Bound<'_, PyKeyRing>>,
    until: Option<i64>,
) -> PyResult<PyKeyRing> {
    let ring = match (legacy, until) {
        (Some(legacy), Some(until)) => ring.with_legacy(&legacy.get().0, until as f64)?,
        _ => ring,
    };
    Ok(PyKeyRing(ring))
}

/// The header of a token that nobody has checked.
#[pyfunction]
pub(super) fn unverified_header<'py>(
    token: &Bound<'py, PyAny>,
    max_length: usize,
) -> PyResult<Bound<'py, PyAny>> {
    let header = Compact::split(token_bytes(token, max_length)?)?.header_json()?;
    Ok(json::parse_object(&header, &mut PythonBuilder::new(token.py()), &[])?.0)
}

/// The claims of a token that nobody has checked.
#[pyfunction]
pub(super) fn unverified_claims<'py>(
    token: &Bound<'py, PyAny>,
    max_length: usize,
) -> PyResult<Bound<'py, PyAny>> {
    let payload = Compact::split(token_bytes(token, max_length)?)?.unverified_payload()?;
    Ok(json::parse_object(&payload, &mut PythonBuilder::new(token.py()), &[])?.0)
}

/// Whether a header calls its token an access token. Asked of what was decoded before, so of any length.
#[pyfunction]
pub(super) fn unverified_is_access_token(token: &Bound<'_, PyAny>) -> PyResult<bool> {
    let typ = Compact::split(token_bytes(token, usize::MAX)?)?.unverified_typ()?;
    Ok(typ.is_some_and(|typ| is_access_token(&typ)))
}

/// The bytes of a token that is no longer than may be.
fn token_bytes<'a>(token: &'a Bound<'_, PyAny>, max_length: usize) -> Result<&'a [u8], Failure> {
    let bytes = if let Ok(text) = token.cast::<PyString>() {
        // Its characters first, which are no more than its bytes: a long text is not even turned into UTF-8.
        check_length(text.len()?, max_length)?;
        text.to_str()
            .map_err(|_| Error::Malformed("a lone surrogate"))?
            .as_bytes()
    } else {
        let bytes = token.cast::<PyBytes>();
        bytes
            .map_err(|_| PyTypeError::new_err("a token is str or bytes"))?
            .as_bytes()
    };
    check_length(bytes.len(), max_length)?;
    Ok(bytes)
}
