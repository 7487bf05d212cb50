//! The face of the key file: frozen handles of its content, of a change, and of the schedule's spans.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

use super::keyring::{PyKeyRing, algorithm_named, with_legacy};
use crate::ring::file::{Change, KeySet, ListedKey};
use crate::ring::schedule::{Mode, Policy};

/// What the settings say about key rotation.
#[pyclass(name = "KeyRotationPolicy", module = "oxijwt._core", frozen)]
pub(super) struct PyKeyRotationPolicy(Policy);

/// The content of a key file.
#[pyclass(name = "KeySet", module = "oxijwt._core", frozen)]
pub(super) struct PyKeySet(Arc<KeySet>);

/// What became of a wish to change a key file.
#[pyclass(name = "KeySetChange", module = "oxijwt._core", frozen)]
pub(super) struct PyKeySetChange {
    key_set: Option<Arc<KeySet>>,
    added: Option<String>,
    waits_for: Option<String>,
    removed: Vec<String>,
}

/// `kid`, algorithm, phase, `iat`, `nbf` and `exp`.
type Listed = (String, &'static str, &'static str, i64, i64, Option<i64>);

#[pymethods]
impl PyKeyRotationPolicy {
    #[new]
    #[pyo3(signature = (*, publish_ahead, retain))]
    fn new(publish_ahead: u32, retain: u32) -> Self {
        Self(Policy {
            publish_ahead,
            retain,
        })
    }
}

/// Other threads run on while keys are read or made: RSA takes tenths of a second.
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

    fn keys(&self, now: i64) -> Vec<Listed> {
        self.0.keys(now).into_iter().map(listed).collect()
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
        let mode = if at_once { Mode::AtOnce } else { Mode::Planned };
        let change = algorithm.py().detach(|| match not_before {
            Some(nbf) => self.0.begin(named, nbf, now),
            None => self.0.rotate(named, &policy, mode, now),
        });
        Ok(change?.into())
    }

    fn revoke(&self, kid: &Bound<'_, PyString>, now: i64) -> PyResult<PyKeySetChange> {
        // A lone surrogate, which a command line may hold, is in no kid.
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

fn listed(key: ListedKey<'_>) -> Listed {
    let schedule = key.schedule;
    (
        schedule.kid.clone(),
        key.algorithm.name(),
        key.phase.name(),
        schedule.iat,
        schedule.nbf,
        schedule.exp,
    )
}

impl From<Change> for PyKeySetChange {
    fn from(change: Change) -> Self {
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
