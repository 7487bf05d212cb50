//! What Python gets of a token that was read.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyString, PyTuple, PyType};

/// The `typ` of an access token (RFC 9068 section 2.1).
const ACCESS_TOKEN_TYPE: &str = "at+jwt";
const MEDIA_TYPE_PREFIX: &str = "application/";

/// A token that was read: its claims, its header's `typ`, and who signed it.
#[pyclass(name = "Verified", module = "oxijwt._core", frozen)]
pub(super) struct PyVerified {
    #[pyo3(get)]
    pub(super) claims: Py<PyAny>,
    pub(super) typ: Option<Py<PyString>>,
    #[pyo3(get)]
    pub(super) signed_by: Py<PyAny>,
    #[pyo3(get)]
    pub(super) issuer: Option<Py<PyString>>,
    #[pyo3(get)]
    pub(super) at: Option<f64>,
    #[pyo3(get)]
    pub(super) keeps_rules: bool,
}

#[pymethods]
impl PyVerified {
    #[new]
    #[pyo3(signature = (claims, typ, signed_by, issuer = None, at = None))]
    fn new(
        claims: Py<PyAny>,
        typ: Option<Py<PyString>>,
        signed_by: Py<PyAny>,
        issuer: Option<Py<PyString>>,
        at: Option<f64>,
    ) -> Self {
        Self {
            claims,
            typ,
            signed_by,
            issuer,
            at,
            keeps_rules: false,
        }
    }

    /// The same token with other claims, which nobody has checked.
    fn with_claims(&self, py: Python<'_>, claims: Py<PyAny>) -> Self {
        Self {
            claims,
            typ: self.typ.as_ref().map(|typ| typ.clone_ref(py)),
            signed_by: self.signed_by.clone_ref(py),
            issuer: self.issuer.as_ref().map(|name| name.clone_ref(py)),
            at: None,
            keeps_rules: false,
        }
    }

    #[getter]
    fn is_access_token(&self, py: Python<'_>) -> PyResult<bool> {
        let Some(typ) = &self.typ else {
            return Ok(false);
        };
        let typ = typ.bind(py).to_str()?.to_ascii_lowercase();
        Ok(typ.strip_prefix(MEDIA_TYPE_PREFIX).unwrap_or(&typ) == ACCESS_TOKEN_TYPE)
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let signer = match &self.issuer {
            Some(name) => name.bind(py).to_string(),
            None => self
                .signed_by
                .bind(py)
                .getattr(intern!(py, "value"))?
                .to_string(),
        };
        Ok(format!("<Verified: signed by {signer}>"))
    }

    fn __reduce__<'py>(
        &self,
        py: Python<'py>,
    ) -> PyResult<(Bound<'py, PyType>, Bound<'py, PyTuple>)> {
        let fields = (
            &self.claims,
            &self.typ,
            &self.signed_by,
            &self.issuer,
            self.at,
        );
        Ok((py.get_type::<Self>(), fields.into_pyobject(py)?))
    }
}
