//! The ring for Python: frozen handles for its keys, for a key file and its changes, and for the rotation policy.

use std::sync::Arc;

use log::debug;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyString};

use super::convert::{PythonBuilder, to_json};
use super::error::Failure;
use super::keys::{PySigningKey, PyVerifyingKey, algorithm_named};
use super::rules::PyTokenRules;
use super::token::{PyTokenPolicy, token_bytes};
use super::verified::PyVerified;
use crate::error::Error;
use crate::keys::algorithm::Family;
use crate::ring::file::{KeySet, KeySetChange, ListedKey};
use crate::ring::named::RingKey;
use crate::ring::schedule::{KeyPhase, KeyRotationPolicy, RotationMode};
use crate::ring::{KeyRing, VerifiedToken};
use crate::token::policy::TokenPolicy;

/// A key of a ring by `kid`, with the times between which it is used.
#[pyclass(name = "RingKey", module = "oxijwt._core", frozen)]
pub(super) struct PyRingKey(RingKey);

/// One pair of keys, or keys by `kid`.
#[pyclass(name = "KeyRing", module = "oxijwt._core", frozen)]
pub(super) struct PyKeyRing(KeyRing);

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
            kid.map_err(|_| Error::KeySetInvalid("a kid must not contain a lone surrogate"))?,
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

    #[pyo3(signature = (claims, now, max_length, audience = None, issuer = None))]
    fn sign(
        &self,
        claims: &Bound<'_, PyDict>,
        now: f64,
        max_length: usize,
        audience: Option<&Bound<'_, PyAny>>,
        issuer: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<String> {
        let defaults = [("aud", audience), ("iss", issuer)];
        self.sign_json(claims.py(), &to_json(claims, &defaults)?, now, max_length)
    }

    /// Other threads may run while RSA signs. For the faster algorithms, releasing the interpreter costs more than it
    /// gains.
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

    /// Keeps the tokens whose signature a public key has verified; see `KeyRing::remember_verified`.
    fn remember_verified(&self, most: usize) {
        self.0.remember_verified(most);
    }

    #[pyo3(signature = (token, now, policy, signed_by, issuer = None, rules = None, token_class = None))]
    #[expect(clippy::too_many_arguments, reason = "one call reads a token")]
    fn verify<'py>(
        &self,
        token: &Bound<'py, PyAny>,
        now: f64,
        policy: &Bound<'py, PyTokenPolicy>,
        signed_by: Py<PyAny>,
        issuer: Option<Py<PyString>>,
        rules: Option<&Bound<'py, PyTokenRules>>,
        token_class: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<PyVerified> {
        let py = token.py();
        let verified = match self.verified(token, now, &policy.get().0) {
            Ok(verified) => verified,
            Err(failure) => {
                if let Failure::Refused(error) = &failure {
                    // Logs the code only, never a token, a claim or a key.
                    debug!(target: "oxijwt::core", "token refused: {}", error.code());
                }
                return Err(failure.into());
            }
        };
        let keeps_rules = match (rules.map(Bound::get), token_class) {
            (Some(rules), Some(class)) => {
                rules.stand_for(class)? && rules.hold(verified.claims.cast()?, now)?
            }
            _ => false,
        };
        Ok(PyVerified {
            claims: verified.claims.unbind(),
            typ: verified.typ.map(|typ| typ_string(py, &typ).unbind()),
            signed_by,
            issuer,
            at: Some(now),
            keeps_rules,
        })
    }

    fn __repr__(&self) -> String {
        format!("<{:?}>", self.0)
    }
}

impl PyKeyRing {
    /// Other threads may run while a public key verifies.
    fn verified<'py>(
        &self,
        token: &Bound<'py, PyAny>,
        now: f64,
        policy: &TokenPolicy,
    ) -> Result<VerifiedToken<Bound<'py, PyAny>>, Failure> {
        let py = token.py();
        let routed = self
            .0
            .route(token_bytes(token, policy.max_length())?, now, policy)?;
        let signed = if routed.needs_public_key() {
            py.detach(|| routed.verify_signature())?
        } else {
            routed.verify_signature()?
        };
        signed.read(now, policy, &mut PythonBuilder::new(py))
    }
}

/// Nearly every token has the `typ` `JWT`, so that Python string is made once.
fn typ_string<'py>(py: Python<'py>, typ: &str) -> Bound<'py, PyString> {
    if typ == "JWT" {
        intern!(py, "JWT").clone()
    } else {
        PyString::new(py, typ)
    }
}

/// A ring of keys by `kid`, with the legacy pair if there is one.
fn with_legacy(
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

/// What the settings say about key rotation.
#[pyclass(name = "KeyRotationPolicy", module = "oxijwt._core", frozen)]
pub(super) struct PyKeyRotationPolicy(KeyRotationPolicy);

/// The content of a key file.
#[pyclass(name = "KeySet", module = "oxijwt._core", frozen)]
pub(super) struct PyKeySet(Arc<KeySet>);

/// The result of a requested change of a key file.
#[pyclass(name = "KeySetChange", module = "oxijwt._core", frozen)]
pub(super) struct PyKeySetChange {
    key_set: Option<Arc<KeySet>>,
    added: Option<String>,
    waits_for: Option<String>,
    removed: Vec<String>,
}

/// The phase of the life of a key in a key file.
#[pyclass(
    name = "KeyPhase",
    module = "oxijwt._core",
    frozen,
    eq,
    hash,
    rename_all = "SCREAMING_SNAKE_CASE"
)]
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum PyKeyPhase {
    Published,
    Signing,
    Retiring,
    Dropped,
}

/// A key of a key file, without its material.
#[pyclass(name = "ListedKey", module = "oxijwt._core", frozen)]
pub(super) struct PyListedKey {
    #[pyo3(get)]
    kid: String,
    #[pyo3(get)]
    algorithm: &'static str,
    #[pyo3(get)]
    phase: PyKeyPhase,
    #[pyo3(get)]
    made_at: i64,
    #[pyo3(get)]
    signs_from: i64,
    #[pyo3(get)]
    dropped_at: Option<i64>,
}

#[pymethods]
impl PyKeyRotationPolicy {
    #[new]
    #[pyo3(signature = (*, publish_ahead, retain))]
    fn new(publish_ahead: u32, retain: u32) -> Self {
        Self(KeyRotationPolicy {
            publish_ahead,
            retain,
        })
    }
}

/// Other threads may run while keys are read or made, because RSA takes tenths of a second.
#[pymethods]
impl PyKeySet {
    #[staticmethod]
    fn read(py: Python<'_>, text: &[u8]) -> PyResult<Self> {
        let key_set = py.detach(|| KeySet::read(text))?;
        Ok(Self(Arc::new(key_set)))
    }

    #[staticmethod]
    fn empty() -> Self {
        Self(Arc::new(KeySet::empty()))
    }

    fn text<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.0.text())
    }

    fn keys(&self, now: i64) -> Vec<PyListedKey> {
        self.0.keys(now).into_iter().map(Into::into).collect()
    }

    #[pyo3(signature = (policy, legacy = None, legacy_until = None))]
    fn ring(
        &self,
        policy: &Bound<'_, PyKeyRotationPolicy>,
        legacy: Option<&Bound<'_, PyKeyRing>>,
        legacy_until: Option<i64>,
    ) -> PyResult<PyKeyRing> {
        with_legacy(self.0.ring(&policy.get().0)?, legacy, legacy_until)
    }

    #[pyo3(signature = (algorithm, policy, now, *, at_once = false, not_before = None))]
    fn rotate(
        &self,
        algorithm: &Bound<'_, PyString>,
        policy: &Bound<'_, PyKeyRotationPolicy>,
        now: i64,
        at_once: bool,
        not_before: Option<i64>,
    ) -> PyResult<PyKeySetChange> {
        let (named, policy) = (algorithm_named(algorithm)?, policy.get().0);
        let mode = if at_once {
            RotationMode::AtOnce
        } else {
            RotationMode::Planned
        };
        let change = algorithm.py().detach(|| match not_before {
            Some(nbf) => self.0.begin(named, nbf, now),
            None => self.0.rotate(named, &policy, mode, now),
        });
        Ok(change?.into())
    }

    fn revoke(&self, kid: &Bound<'_, PyString>, now: i64) -> PyResult<PyKeySetChange> {
        // A command line may contain a lone surrogate, which never occurs in a kid.
        let name = kid.to_string_lossy();
        let change = kid.py().detach(|| self.0.revoke(&name, now));
        Ok(change?.into())
    }

    fn prune(&self, py: Python<'_>, now: i64) -> PyResult<PyKeySetChange> {
        Ok(py.detach(|| self.0.prune(now))?.into())
    }

    fn __repr__(&self) -> String {
        format!("<{:?}>", self.0)
    }
}

impl From<KeyPhase> for PyKeyPhase {
    fn from(phase: KeyPhase) -> Self {
        match phase {
            KeyPhase::Published => Self::Published,
            KeyPhase::Signing => Self::Signing,
            KeyPhase::Retiring => Self::Retiring,
            KeyPhase::Dropped => Self::Dropped,
        }
    }
}

impl From<PyKeyPhase> for KeyPhase {
    fn from(phase: PyKeyPhase) -> Self {
        match phase {
            PyKeyPhase::Published => Self::Published,
            PyKeyPhase::Signing => Self::Signing,
            PyKeyPhase::Retiring => Self::Retiring,
            PyKeyPhase::Dropped => Self::Dropped,
        }
    }
}

#[pymethods]
impl PyKeyPhase {
    fn __str__(&self) -> &'static str {
        KeyPhase::from(*self).name()
    }
}

impl From<ListedKey<'_>> for PyListedKey {
    fn from(key: ListedKey<'_>) -> Self {
        let schedule = key.schedule;
        Self {
            kid: schedule.kid.clone(),
            algorithm: key.algorithm.name(),
            phase: key.phase.into(),
            made_at: schedule.iat,
            signs_from: schedule.nbf,
            dropped_at: schedule.exp,
        }
    }
}

#[pymethods]
impl PyListedKey {
    fn __repr__(&self) -> String {
        let phase = self.phase.__str__();
        format!("<ListedKey({:?}, {}, {phase})>", self.kid, self.algorithm)
    }
}

impl From<KeySetChange> for PyKeySetChange {
    fn from(change: KeySetChange) -> Self {
        Self {
            key_set: change.key_set.map(Arc::new),
            added: change.added,
            waits_for: change.waits_for,
            removed: change.removed,
        }
    }
}

#[pymethods]
impl PyKeySetChange {
    #[getter]
    fn key_set(&self) -> Option<PyKeySet> {
        self.key_set.clone().map(PyKeySet)
    }

    #[getter]
    fn added(&self) -> Option<&str> {
        self.added.as_deref()
    }

    #[getter]
    fn waits_for(&self) -> Option<&str> {
        self.waits_for.as_deref()
    }

    #[getter]
    fn removed(&self) -> Vec<String> {
        self.removed.clone()
    }
}
