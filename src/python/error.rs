//! The only exception of the boundary, and the error of the builder of Python objects.

use pyo3::exceptions::PyException;
use pyo3::{PyErr, create_exception};

use crate::error::Error;
use crate::keys::jwk_set::KeyRefusal;
use crate::ring::file::KeySetRefusal;

create_exception!(
    oxijwt._core,
    CoreError,
    PyException,
    "Raised by everything in this module; `args` is `(code, message)`."
);

impl From<Error> for PyErr {
    fn from(error: Error) -> Self {
        CoreError::new_err((error.code(), error.to_string()))
    }
}

impl From<KeyRefusal> for PyErr {
    fn from(refusal: KeyRefusal) -> Self {
        CoreError::new_err((refusal.error.code(), refusal.to_string()))
    }
}

impl From<KeySetRefusal> for PyErr {
    fn from(refusal: KeySetRefusal) -> Self {
        CoreError::new_err((refusal.code(), refusal.to_string()))
    }
}

/// An error of this crate, or an exception that Python raised.
pub(super) enum Failure {
    Refused(Error),
    Raised(PyErr),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

impl From<PyErr> for Failure {
    fn from(error: PyErr) -> Self {
        Self::Raised(error)
    }
}

impl From<Failure> for PyErr {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused(error) => error.into(),
            Failure::Raised(error) => error,
        }
    }
}
