//! What a class of tokens asks of the claims, beyond the registered ones.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyInt, PyString};

use crate::token::claims::is_id;

/// The rules of one class of tokens, and the attributes of the class that they stand for. `Token.verify` has the same
/// rules and says which one is broken.
#[pyclass(name = "TokenRules", module = "oxijwt._core", frozen)]
pub(super) struct PyTokenRules {
    type_claim: Option<Py<PyString>>,
    /// `None` accepts any text, and tokens without a type.
    token_type: Option<Py<PyString>>,
    id_claim: Option<Py<PyString>>,
    user_id_claim: Py<PyString>,
    session_id_claim: Py<PyString>,
    /// From then on a token without a session does not keep the rules: seconds since 1970.
    session_required_from: f64,
    stock: Vec<(Py<PyString>, Py<PyAny>)>,
}

#[pymethods]
impl PyTokenRules {
    #[new]
    #[pyo3(signature = (stock, *, type_claim, token_type, id_claim, user_id_claim, session_id_claim,
                        session_required_from))]
    fn new(
        stock: Vec<(Py<PyString>, Py<PyAny>)>,
        type_claim: Option<Py<PyString>>,
        token_type: Option<Py<PyString>>,
        id_claim: Option<Py<PyString>>,
        user_id_claim: Py<PyString>,
        session_id_claim: Py<PyString>,
        session_required_from: f64,
    ) -> Self {
        Self {
            type_claim,
            token_type,
            id_claim,
            user_id_claim,
            session_id_claim,
            session_required_from,
            stock,
        }
    }
}

impl PyTokenRules {
    /// Whether the class still has the attributes that these rules stand for.
    pub(super) fn stand_for(&self, class: &Bound<'_, PyAny>) -> PyResult<bool> {
        for (name, stock) in &self.stock {
            if !class.getattr(name)?.is(stock) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether claims that were read at `now`, in seconds since 1970, keep the rules.
    pub(super) fn hold(&self, claims: &Bound<'_, PyDict>, now: f64) -> PyResult<bool> {
        Ok(claims.contains(intern!(claims.py(), "exp"))?
            && self.holds_for_id(claims)?
            && self.holds_for_type(claims)?
            && self.holds_for_user_id(claims)?
            && (now < self.session_required_from || claims.contains(&self.session_id_claim)?))
    }

    fn holds_for_id(&self, claims: &Bound<'_, PyDict>) -> PyResult<bool> {
        let Some(name) = &self.id_claim else {
            return Ok(true);
        };
        let id = claims.get_item(name)?;
        let Some(id) = id.as_ref().and_then(|id| id.cast::<PyString>().ok()) else {
            return Ok(false);
        };
        Ok(is_id(id.to_str()?))
    }

    fn holds_for_type(&self, claims: &Bound<'_, PyDict>) -> PyResult<bool> {
        let Some(name) = &self.type_claim else {
            return Ok(true);
        };
        match (claims.get_item(name)?, &self.token_type) {
            (None, token_type) => Ok(token_type.is_none()),
            (Some(found), None) => Ok(found.is_instance_of::<PyString>()),
            (Some(found), Some(token_type)) => match found.cast::<PyString>() {
                Ok(found) => Ok(found.to_str()? == token_type.bind(claims.py()).to_str()?),
                Err(_) => Ok(false),
            },
        }
    }

    /// `true` is an integer in Python, and user 1 in Django.
    fn holds_for_user_id(&self, claims: &Bound<'_, PyDict>) -> PyResult<bool> {
        Ok(claims.get_item(&self.user_id_claim)?.is_none_or(|id| {
            id.is_instance_of::<PyString>()
                || (id.is_instance_of::<PyInt>() && !id.is_instance_of::<PyBool>())
        }))
    }
}
