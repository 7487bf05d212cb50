//! Tokens for Python: the policy, and the functions that read a token without verifying it.

use std::borrow::Cow;

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

use super::convert::PythonBuilder;
use super::error::Failure;
use crate::error::Error;
use crate::token::claims::{self, ClaimPolicy};
use crate::token::json::{self, Discard};
use crate::token::jws::Compact;
use crate::token::policy::{TokenPolicy, check_length};

/// The rules that a token must satisfy.
#[pyclass(name = "TokenPolicy", module = "oxijwt._core", frozen)]
pub(super) struct PyTokenPolicy(pub(super) TokenPolicy);

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

    #[pyo3(signature = (*, audience = None, issuer = None))]
    fn accepting(
        &self,
        audience: Option<Vec<Bound<'_, PyString>>>,
        issuer: Option<Vec<Bound<'_, PyString>>>,
    ) -> PyResult<Self> {
        Ok(Self(self.0.accepting(texts(audience)?, texts(issuer)?)))
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

/// The header of a token that was not verified.
#[pyfunction]
pub(super) fn unverified_header<'py>(
    token: &Bound<'py, PyAny>,
    max_length: usize,
) -> PyResult<Bound<'py, PyAny>> {
    let header = Compact::split(token_bytes(token, max_length)?)?.header_json()?;
    Ok(json::parse_object(&header, &mut PythonBuilder::new(token.py()), &[])?.0)
}

/// The claims of a token that was not verified.
#[pyfunction]
pub(super) fn unverified_claims<'py>(
    token: &Bound<'py, PyAny>,
    max_length: usize,
) -> PyResult<Bound<'py, PyAny>> {
    let payload = Compact::split(token_bytes(token, max_length)?)?.unverified_payload()?;
    Ok(json::parse_object(&payload, &mut PythonBuilder::new(token.py()), &[])?.0)
}

/// The `iss` of a token that was not verified; `None` if it is not there or not text.
#[pyfunction]
pub(super) fn unverified_issuer(
    token: &Bound<'_, PyAny>,
    max_length: usize,
) -> PyResult<Option<String>> {
    let payload = Compact::split(token_bytes(token, max_length)?)?.unverified_payload()?;
    let ((), members) = json::parse_object(&payload, &mut Discard, claims::REGISTERED)?;
    let name = members.get("iss").and_then(json::RawValue::as_string);
    Ok(name.map(Cow::into_owned))
}

/// The bytes of a token, if they are at most `max_length`.
pub(super) fn token_bytes<'a>(
    token: &'a Bound<'_, PyAny>,
    max_length: usize,
) -> Result<&'a [u8], Failure> {
    let bytes = if let Ok(text) = token.cast::<PyString>() {
        // A text has at most as many characters as bytes, so a long text is refused before it is converted to UTF-8.
        check_length(text.len()?, max_length)?;
        text.to_str()
            .map_err(|_| Error::Malformed("a lone surrogate"))?
            .as_bytes()
    } else {
        let bytes = token.cast::<PyBytes>();
        bytes
            .map_err(|_| PyTypeError::new_err("a token must be str or bytes"))?
            .as_bytes()
    };
    check_length(bytes.len(), max_length)?;
    Ok(bytes)
}
