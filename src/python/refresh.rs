//! The face of the refresh rotation decision. Times are integers, microseconds since the Unix epoch.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::refresh::{
    Micros, RefreshDecision, RefreshPolicy, Repeated, Rotation, SessionState, UserState, decide,
};

/// What the settings say about refreshing.
#[pyclass(module = "oxijwt._core", name = "RefreshPolicy", frozen)]
pub struct PyRefreshPolicy(RefreshPolicy);

#[pymethods]
impl PyRefreshPolicy {
    #[new]
    #[pyo3(signature = (*, grace_seconds, idle_lifetime, absolute_lifetime, rotate))]
    fn new(
        grace_seconds: u32,
        idle_lifetime: Micros,
        absolute_lifetime: Option<Micros>,
        rotate: bool,
    ) -> Self {
        Self(RefreshPolicy {
            grace_seconds,
            idle_lifetime,
            absolute_lifetime,
            rotate,
        })
    }
}

/// The row of one login, as far as decisions depend on it.
#[pyclass(module = "oxijwt._core", name = "SessionState", frozen)]
pub struct PySessionState(SessionState);

#[pymethods]
impl PySessionState {
    #[new]
    #[pyo3(signature = (*, generation, rotated_at, created_at, expires_at, absolute_expires_at, revoked))]
    fn new(
        generation: u32,
        rotated_at: Option<Micros>,
        created_at: Micros,
        expires_at: Micros,
        absolute_expires_at: Option<Micros>,
        revoked: bool,
    ) -> Self {
        Self(SessionState {
            generation,
            rotated_at,
            created_at,
            expires_at,
            absolute_expires_at,
            revoked,
        })
    }

    #[staticmethod]
    fn begin(policy: &PyRefreshPolicy, now: Micros) -> Self {
        Self(SessionState::begin(&policy.0, now))
    }

    #[getter]
    fn generation(&self) -> u32 {
        self.0.generation
    }

    #[getter]
    fn expires_at(&self) -> Micros {
        self.0.expires_at
    }

    #[getter]
    fn absolute_expires_at(&self) -> Option<Micros> {
        self.0.absolute_expires_at
    }

    fn refusal(&self, user: &str, now: Micros) -> PyResult<Option<&'static str>> {
        let user = parse_user(user)?;
        let refusal = self.0.refusal(now).or(user.refusal());
        Ok(refusal.map(|refusal| refusal.code()))
    }

    fn decide(
        &self,
        user: &str,
        presented: u32,
        policy: &PyRefreshPolicy,
        now: Micros,
    ) -> PyResult<PyRefreshDecision> {
        let user = parse_user(user)?;
        Ok(PyRefreshDecision(decide(
            &self.0, user, presented, &policy.0, now,
        )))
    }

    fn refresh_claims(&self) -> (u32, i64, i64) {
        let claims = self.0.refresh_claims();
        (claims.generation, claims.issued_at, claims.expires_at)
    }
}

/// What to do with a refresh token.
#[pyclass(module = "oxijwt._core", name = "RefreshDecision", frozen)]
pub struct PyRefreshDecision(RefreshDecision);

#[pymethods]
impl PyRefreshDecision {
    #[getter]
    fn kind(&self) -> &'static str {
        match self.0 {
            RefreshDecision::Refuse(_) => "refuse",
            RefreshDecision::Rotate(_) => "rotate",
            RefreshDecision::Repeat(_) => "repeat",
            RefreshDecision::Keep => "keep",
            RefreshDecision::Reuse { .. } => "reuse",
        }
    }

    #[getter]
    fn code(&self) -> Option<&'static str> {
        self.0.code()
    }

    #[getter]
    fn previous(&self) -> bool {
        self.0 == RefreshDecision::Repeat(Repeated::Previous)
    }

    #[getter]
    fn retired_for(&self) -> Option<Micros> {
        match self.0 {
            RefreshDecision::Reuse { retired_for } => Some(retired_for),
            _ => None,
        }
    }

    #[getter]
    fn generation(&self) -> PyResult<u32> {
        self.rotation().map(|rotation| rotation.generation)
    }

    #[getter]
    fn rotated_at(&self) -> PyResult<Micros> {
        self.rotation().map(|rotation| rotation.rotated_at)
    }

    #[getter]
    fn expires_at(&self) -> PyResult<Micros> {
        self.rotation().map(|rotation| rotation.expires_at)
    }

    #[getter]
    fn restate_auth_hash(&self) -> PyResult<bool> {
        self.rotation().map(|rotation| rotation.restate_auth_hash)
    }
}

impl PyRefreshDecision {
    fn rotation(&self) -> PyResult<Rotation> {
        match self.0 {
            RefreshDecision::Rotate(rotation) => Ok(rotation),
            _ => Err(PyValueError::new_err("the decision is not to rotate")),
        }
    }
}

fn parse_user(name: &str) -> PyResult<UserState> {
    Ok(match name {
        "gone" => UserState::Gone,
        "inactive" => UserState::Inactive,
        "matches" => UserState::Matches,
        "matches_fallback" => UserState::MatchesFallback,
        "changed" => UserState::Changed,
        "not_applicable" => UserState::NotApplicable,
        _ => return Err(PyValueError::new_err("no such state of a user")),
    })
}
