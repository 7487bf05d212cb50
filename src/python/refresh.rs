//! The refresh rotation decision for Python. Times are integers, in microseconds since the Unix epoch.

use pyo3::prelude::*;

use crate::refresh::{
    Micros, RefreshDecision, RefreshPolicy, RefreshRefusal, Repeated, Rotation, SessionState,
    UserState, decide,
};

/// What the settings say about refreshing.
#[pyclass(module = "oxijwt._core", name = "RefreshPolicy", frozen)]
pub(super) struct PyRefreshPolicy(RefreshPolicy);

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

/// The user of a session, as the same query read them.
#[pyclass(
    module = "oxijwt._core",
    name = "UserState",
    frozen,
    eq,
    hash,
    rename_all = "SCREAMING_SNAKE_CASE"
)]
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum PyUserState {
    Gone,
    Inactive,
    Matches,
    MatchesFallback,
    Changed,
    NotApplicable,
}

impl From<PyUserState> for UserState {
    fn from(user: PyUserState) -> Self {
        match user {
            PyUserState::Gone => Self::Gone,
            PyUserState::Inactive => Self::Inactive,
            PyUserState::Matches => Self::Matches,
            PyUserState::MatchesFallback => Self::MatchesFallback,
            PyUserState::Changed => Self::Changed,
            PyUserState::NotApplicable => Self::NotApplicable,
        }
    }
}

/// The row of one login, as far as decisions depend on it.
#[pyclass(module = "oxijwt._core", name = "SessionState", frozen)]
pub(super) struct PySessionState(SessionState);

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

    fn refusal(&self, user: &Bound<'_, PyUserState>, now: Micros) -> Option<PyRefuse> {
        let user = UserState::from(*user.get());
        let refusal = self.0.refusal(now).or(user.refusal());
        refusal.map(PyRefuse)
    }

    fn decide<'py>(
        &self,
        user: &Bound<'py, PyUserState>,
        presented: u32,
        policy: &PyRefreshPolicy,
        now: Micros,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = user.py();
        let user = UserState::from(*user.get());
        Ok(match decide(&self.0, user, presented, &policy.0, now) {
            RefreshDecision::Refuse(refusal) => Bound::new(py, PyRefuse(refusal))?.into_any(),
            RefreshDecision::Rotate(rotation) => Bound::new(py, PyRotate(rotation))?.into_any(),
            RefreshDecision::Repeat(repeated) => Bound::new(py, PyRepeat(repeated))?.into_any(),
            RefreshDecision::Keep => Bound::new(py, PyKeep)?.into_any(),
            RefreshDecision::Reuse { retired_for } => {
                Bound::new(py, PyReuse { retired_for })?.into_any()
            }
        })
    }

    fn refresh_claims(&self) -> (u32, i64, i64) {
        let claims = self.0.refresh_claims();
        (claims.generation, claims.issued_at, claims.expires_at)
    }
}

/// The refresh is refused. The caller writes nothing.
#[pyclass(module = "oxijwt._core", name = "Refuse", frozen)]
pub(super) struct PyRefuse(RefreshRefusal);

#[pymethods]
impl PyRefuse {
    #[getter]
    fn code(&self) -> &'static str {
        self.0.code()
    }

    fn __repr__(&self) -> String {
        format!("<Refuse({})>", self.0.code())
    }
}

/// The caller writes these values into the row and answers with the new refresh token.
#[pyclass(module = "oxijwt._core", name = "Rotate", frozen)]
pub(super) struct PyRotate(Rotation);

#[pymethods]
impl PyRotate {
    #[getter]
    fn generation(&self) -> u32 {
        self.0.generation
    }

    #[getter]
    fn rotated_at(&self) -> Micros {
        self.0.rotated_at
    }

    #[getter]
    fn expires_at(&self) -> Micros {
        self.0.expires_at
    }

    #[getter]
    fn restate_auth_hash(&self) -> bool {
        self.0.restate_auth_hash
    }

    fn __repr__(&self) -> String {
        format!("<Rotate(generation={})>", self.0.generation)
    }
}

/// The caller answers with the current refresh token again, and writes nothing.
#[pyclass(module = "oxijwt._core", name = "Repeat", frozen)]
pub(super) struct PyRepeat(Repeated);

#[pymethods]
impl PyRepeat {
    #[getter]
    fn previous(&self) -> bool {
        self.0 == Repeated::Previous
    }

    fn __repr__(&self) -> &'static str {
        match self.0 {
            Repeated::Current => "<Repeat(previous=False)>",
            Repeated::Previous => "<Repeat(previous=True)>",
        }
    }
}

/// Rotation is off: the caller answers with an access token only, and writes nothing.
#[pyclass(module = "oxijwt._core", name = "Keep", frozen)]
pub(super) struct PyKeep;

#[pymethods]
impl PyKeep {
    fn __repr__(&self) -> &'static str {
        "<Keep>"
    }
}

/// A retired token came back: the caller ends the session.
#[pyclass(module = "oxijwt._core", name = "Reuse", frozen)]
pub(super) struct PyReuse {
    #[pyo3(get)]
    retired_for: Micros,
}

#[pymethods]
impl PyReuse {
    fn __repr__(&self) -> String {
        format!("<Reuse(retired_for={})>", self.retired_for)
    }
}
