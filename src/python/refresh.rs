//! The refresh rotation decision for Python. Times are integers, in microseconds since the Unix epoch.

use pyo3::prelude::*;

use crate::refresh::{
    Micros, Presented, RefreshDecision, RefreshPolicy, RefreshRefusal, Repeated, Repetition, Reuse,
    RowUpdate, SessionState, UserState, decide, refusal,
};

/// What the settings say about refreshing.
#[pyclass(module = "oxijwt._core", name = "RefreshPolicy", frozen)]
pub(super) struct PyRefreshPolicy(RefreshPolicy);

#[pymethods]
impl PyRefreshPolicy {
    #[new]
    #[pyo3(signature = (
        *, grace_seconds, idle_lifetime, absolute_lifetime, rotate, leeway = 0, same_agent = false
    ))]
    fn new(
        grace_seconds: u32,
        idle_lifetime: Micros,
        absolute_lifetime: Option<Micros>,
        rotate: bool,
        leeway: Micros,
        same_agent: bool,
    ) -> Self {
        Self(RefreshPolicy {
            grace_seconds,
            idle_lifetime,
            absolute_lifetime,
            rotate,
            leeway,
            same_agent,
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
    Deactivated,
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
            PyUserState::Deactivated => Self::Deactivated,
            PyUserState::Inactive => Self::Inactive,
            PyUserState::Matches => Self::Matches,
            PyUserState::MatchesFallback => Self::MatchesFallback,
            PyUserState::Changed => Self::Changed,
            PyUserState::NotApplicable => Self::NotApplicable,
        }
    }
}

/// A refresh token that was presented.
#[pyclass(module = "oxijwt._core", name = "Presented", frozen)]
pub(super) struct PyPresented(Presented);

#[pymethods]
impl PyPresented {
    #[new]
    #[pyo3(signature = (
        generation, *, issued_at, expires_at, is_own = true, is_blacklisted = false, other_agent = false
    ))]
    fn new(
        generation: u32,
        issued_at: i64,
        expires_at: i64,
        is_own: bool,
        is_blacklisted: bool,
        other_agent: bool,
    ) -> Self {
        Self(Presented {
            generation,
            is_own,
            issued_at,
            expires_at,
            is_blacklisted,
            other_agent,
        })
    }

    #[getter]
    fn generation(&self) -> u32 {
        self.0.generation
    }

    fn __repr__(&self) -> String {
        format!("<Presented(generation={})>", self.0.generation)
    }
}

/// The row of one login, as far as decisions depend on it.
#[pyclass(module = "oxijwt._core", name = "SessionState", frozen)]
pub(super) struct PySessionState(SessionState);

#[pymethods]
impl PySessionState {
    #[new]
    #[pyo3(signature = (
        *, generation, rotated_at, created_at, expires_at, absolute_expires_at, revoked,
        idle_lifetime = None, revoked_in_cache = false
    ))]
    #[expect(clippy::too_many_arguments, reason = "one for each column")]
    fn new(
        generation: u32,
        rotated_at: Option<Micros>,
        created_at: Micros,
        expires_at: Micros,
        absolute_expires_at: Option<Micros>,
        revoked: bool,
        idle_lifetime: Option<Micros>,
        revoked_in_cache: bool,
    ) -> Self {
        Self(SessionState {
            generation,
            rotated_at,
            created_at,
            expires_at,
            absolute_expires_at,
            idle_lifetime,
            revoked,
            revoked_in_cache,
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

    #[pyo3(signature = (user, now, *, leeway = 0))]
    fn refusal(
        &self,
        user: &Bound<'_, PyUserState>,
        now: Micros,
        leeway: Micros,
    ) -> Option<PyRefuse> {
        let user = UserState::from(*user.get());
        refusal(&self.0, user, leeway, now).map(PyRefuse)
    }

    fn decide<'py>(
        &self,
        user: &Bound<'py, PyUserState>,
        presented: &PyPresented,
        policy: &PyRefreshPolicy,
        now: Micros,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = user.py();
        let user = UserState::from(*user.get());
        let decision = decide(&self.0, user, &presented.0, &policy.0, now);
        Ok(match decision {
            RefreshDecision::Refuse(refusal) => Bound::new(py, PyRefuse(refusal))?.into_any(),
            RefreshDecision::Rotate(rotation) => Bound::new(py, PyRotate(rotation))?.into_any(),
            RefreshDecision::Repeat(repetition) => Bound::new(py, PyRepeat(repetition))?.into_any(),
            RefreshDecision::Keep => Bound::new(py, PyKeep)?.into_any(),
            RefreshDecision::Reuse(reuse) => Bound::new(py, PyReuse(reuse))?.into_any(),
        })
    }

    fn refresh_claims(&self) -> (u32, i64, i64) {
        let claims = self.0.refresh_claims();
        (claims.generation, claims.issued_at, claims.expires_at)
    }
}

/// The refresh is refused.
#[pyclass(module = "oxijwt._core", name = "Refuse", frozen)]
pub(super) struct PyRefuse(RefreshRefusal);

#[pymethods]
impl PyRefuse {
    #[getter]
    fn code(&self) -> &'static str {
        self.0.code()
    }

    #[getter]
    fn user_deactivated(&self) -> bool {
        self.0 == RefreshRefusal::UserDeactivated
    }

    #[getter]
    fn end_forgotten(&self) -> bool {
        self.0 == RefreshRefusal::EndForgotten
    }

    fn __repr__(&self) -> String {
        format!("<Refuse({})>", self.0.code())
    }
}

/// The caller updates the row and answers with the new refresh token.
#[pyclass(module = "oxijwt._core", name = "Rotate", frozen)]
pub(super) struct PyRotate(RowUpdate);

#[pymethods]
impl PyRotate {
    #[getter]
    fn update(&self) -> PyRowUpdate {
        PyRowUpdate(self.0)
    }

    #[getter]
    fn is_restored(&self) -> bool {
        self.0.skips_generations()
    }

    fn __repr__(&self) -> String {
        format!("<Rotate(generation={})>", self.0.generation)
    }
}

/// The values that the caller writes into the row.
#[pyclass(module = "oxijwt._core", name = "RowUpdate", frozen)]
pub(super) struct PyRowUpdate(RowUpdate);

#[pymethods]
impl PyRowUpdate {
    #[getter]
    fn read_generation(&self) -> u32 {
        self.0.read_generation
    }

    #[getter]
    fn read_rotated_at(&self) -> Option<Micros> {
        self.0.read_rotated_at
    }

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
        format!("<RowUpdate(generation={})>", self.0.generation)
    }
}

/// The caller answers with a refresh token that exists already.
#[pyclass(module = "oxijwt._core", name = "Repeat", frozen)]
pub(super) struct PyRepeat(Repetition);

#[pymethods]
impl PyRepeat {
    #[getter]
    fn previous(&self) -> bool {
        self.0.presented == Repeated::Previous
    }

    #[getter]
    fn other_agent(&self) -> bool {
        self.0.other_agent
    }

    #[getter]
    fn foreign(&self) -> bool {
        self.0.presented == Repeated::Foreign
    }

    #[getter]
    fn restored(&self) -> Option<PyRowUpdate> {
        self.0.restored.map(PyRowUpdate)
    }

    fn __repr__(&self) -> &'static str {
        match self.0.presented {
            Repeated::Current => "<Repeat(current)>",
            Repeated::Previous => "<Repeat(previous)>",
            Repeated::Foreign => "<Repeat(foreign)>",
        }
    }
}

/// Rotation is off: the caller answers with an access token only, and does not write.
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
pub(super) struct PyReuse(Reuse);

#[pymethods]
impl PyReuse {
    #[getter]
    fn retired_for(&self) -> Micros {
        self.0.retired_for
    }

    fn __repr__(&self) -> String {
        format!("<Reuse(retired_for={})>", self.0.retired_for)
    }
}
