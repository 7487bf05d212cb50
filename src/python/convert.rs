//! Converts JSON to Python objects and back, without a tree in between.

use std::io::Write as _;

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyNone, PyString, PyTuple};

use super::error::Failure;
use crate::error::Error;
use crate::token::json::{self, Builder, MAX_DEPTH};

/// Names that occur in most tokens. Each string is made once and keeps its hash.
const COMMON_NAMES: [&str; 10] = [
    "exp",
    "iat",
    "jti",
    "token_type",
    "user_id",
    "sub",
    "iss",
    "aud",
    "nbf",
    "sid",
];
static COMMON: PyOnceLock<Vec<Py<PyString>>> = PyOnceLock::new();

/// Builds Python objects.
pub(super) struct PythonBuilder<'py> {
    py: Python<'py>,
    common: &'py [Py<PyString>],
}

impl<'py> PythonBuilder<'py> {
    pub(super) fn new(py: Python<'py>) -> Self {
        let intern = || {
            COMMON_NAMES
                .iter()
                .map(|name| PyString::intern(py, name).unbind())
                .collect()
        };
        Self {
            py,
            common: COMMON.get_or_init(py, intern),
        }
    }
}

impl<'py> Builder for PythonBuilder<'py> {
    type Value = Bound<'py, PyAny>;
    type Name = Bound<'py, PyString>;
    type Object = Bound<'py, PyDict>;
    type Array = Bound<'py, PyList>;
    type Error = Failure;

    fn null(&mut self) -> Result<Self::Value, Failure> {
        Ok(PyNone::get(self.py).to_owned().into_any())
    }

    fn boolean(&mut self, value: bool) -> Result<Self::Value, Failure> {
        Ok(PyBool::new(self.py, value).to_owned().into_any())
    }

    fn integer(&mut self, digits: &str) -> Result<Self::Value, Failure> {
        match digits.parse::<i64>() {
            Ok(value) => Ok(PyInt::new(self.py, value).into_any()),
            // An interpreter with a lower limit of digits raises ValueError.
            Err(_) => (self.py.get_type::<PyInt>().call1((digits,)))
                .map_err(|_| Error::Malformed("an integer is too long").into()),
        }
    }

    fn float(&mut self, value: f64) -> Result<Self::Value, Failure> {
        Ok(PyFloat::new(self.py, value).into_any())
    }

    fn string(&mut self, value: &str) -> Result<Self::Value, Failure> {
        Ok(PyString::new(self.py, value).into_any())
    }

    fn name(&mut self, name: &str) -> Result<Self::Name, Failure> {
        let common = COMMON_NAMES.iter().position(|known| *known == name);
        match common.and_then(|position| self.common.get(position)) {
            Some(interned) => Ok(interned.bind(self.py).clone()),
            None => Ok(PyString::new(self.py, name)),
        }
    }

    fn object(&mut self) -> Result<Self::Object, Failure> {
        Ok(PyDict::new(self.py))
    }

    fn set(
        &mut self,
        object: &mut Self::Object,
        name: Self::Name,
        value: Self::Value,
    ) -> Result<(), Failure> {
        Ok(object.set_item(name, value)?)
    }

    fn finish_object(&mut self, object: Self::Object) -> Result<Self::Value, Failure> {
        Ok(object.into_any())
    }

    fn array(&mut self) -> Result<Self::Array, Failure> {
        Ok(PyList::empty(self.py))
    }

    fn push(&mut self, array: &mut Self::Array, value: Self::Value) -> Result<(), Failure> {
        Ok(array.append(value)?)
    }

    fn finish_array(&mut self, array: Self::Array) -> Result<Self::Value, Failure> {
        Ok(array.into_any())
    }
}

/// A claim for dicts that don't have it: its name, and its value if there is one.
type Default<'a, 'py> = (&'static str, Option<&'a Bound<'py, PyAny>>);

/// The JSON of a dict of claims, byte for byte what `json.dumps(claims, separators=(",", ":"))` writes, after the
/// defaults were set. This writer does not find every fault, such as a name that occurs twice. The reader finds them,
/// because it reads every payload before it is signed.
pub(super) fn to_json(
    claims: &Bound<'_, PyDict>,
    defaults: &[Default<'_, '_>],
) -> PyResult<Vec<u8>> {
    let mut out = Vec::with_capacity(512);
    out.push(b'{');
    write_members(claims, 1, &mut out)?;
    for (name, value) in defaults {
        if let Some(value) = value
            && !claims.contains(name)?
        {
            if out.len() > 1 {
                out.push(b',');
            }
            json::write_string(name, &mut out);
            out.push(b':');
            write_value(value, 1, &mut out)?;
        }
    }
    out.push(b'}');
    Ok(out)
}

fn write_value(value: &Bound<'_, PyAny>, depth: usize, out: &mut Vec<u8>) -> PyResult<()> {
    if let Ok(text) = value.cast::<PyString>() {
        write_text(text, out)
    } else if let Ok(truth) = value.cast::<PyBool>() {
        out.extend_from_slice(boolean(truth));
        Ok(())
    } else if let Ok(integer) = value.cast::<PyInt>() {
        write_integer(integer, out)
    } else if let Ok(float) = value.cast::<PyFloat>() {
        write_float(float, out)
    } else if value.is_none() {
        out.extend_from_slice(b"null");
        Ok(())
    } else if let Ok(object) = value.cast::<PyDict>() {
        write_object(object, depth.saturating_add(1), out)
    } else if let Ok(list) = value.cast::<PyList>() {
        write_array(list.iter(), depth.saturating_add(1), out)
    } else if let Ok(tuple) = value.cast::<PyTuple>() {
        write_array(tuple.iter(), depth.saturating_add(1), out)
    } else {
        Err(not_serializable(value))
    }
}

fn not_serializable(value: &Bound<'_, PyAny>) -> PyErr {
    match value.get_type().name() {
        Ok(name) => PyTypeError::new_err(format!("Object of type {name} is not JSON serializable")),
        Err(error) => error,
    }
}

fn write_object(object: &Bound<'_, PyDict>, depth: usize, out: &mut Vec<u8>) -> PyResult<()> {
    check_depth(depth)?;
    out.push(b'{');
    write_members(object, depth, out)?;
    out.push(b'}');
    Ok(())
}

/// Reads a copy of the dict, because another thread may change the dict meanwhile.
fn write_members(object: &Bound<'_, PyDict>, depth: usize, out: &mut Vec<u8>) -> PyResult<()> {
    if object.is_exact_instance_of::<PyDict>() {
        for (position, (name, value)) in object.copy()?.iter().enumerate() {
            write_member(position, &name, &value, depth, out)?;
        }
        return Ok(());
    }
    // A subclass may change the order in its own `items`, which `json.dumps` calls.
    for (position, member) in object.as_mapping().items()?.iter().enumerate() {
        let (name, value) = member.extract::<(Bound<'_, PyAny>, Bound<'_, PyAny>)>()?;
        write_member(position, &name, &value, depth, out)?;
    }
    Ok(())
}

fn write_member(
    position: usize,
    name: &Bound<'_, PyAny>,
    value: &Bound<'_, PyAny>,
    depth: usize,
    out: &mut Vec<u8>,
) -> PyResult<()> {
    if position > 0 {
        out.push(b',');
    }
    write_name(name, out)?;
    out.push(b':');
    write_value(value, depth, out)
}

/// Writes a member name, converted as `json.dumps` does.
fn write_name(name: &Bound<'_, PyAny>, out: &mut Vec<u8>) -> PyResult<()> {
    if let Ok(text) = name.cast::<PyString>() {
        return write_text(text, out);
    }
    let coerced = name.cast::<PyBool>().is_ok()
        || name.cast::<PyInt>().is_ok()
        || name.cast::<PyFloat>().is_ok()
        || name.is_none();
    if !coerced {
        let name = name.get_type().name()?;
        let message = format!("keys must be str, int, float, bool or None, not {name}");
        return Err(PyTypeError::new_err(message));
    }
    // These types never produce a character that JSON escapes.
    out.push(b'"');
    write_value(name, 1, out)?;
    out.push(b'"');
    Ok(())
}

fn write_array<'py>(
    values: impl Iterator<Item = Bound<'py, PyAny>>,
    depth: usize,
    out: &mut Vec<u8>,
) -> PyResult<()> {
    check_depth(depth)?;
    out.push(b'[');
    for (position, value) in values.enumerate() {
        if position > 0 {
            out.push(b',');
        }
        write_value(&value, depth, out)?;
    }
    out.push(b']');
    Ok(())
}

/// Refuses a list that contains itself, which would otherwise overflow the stack.
fn check_depth(depth: usize) -> Result<(), Error> {
    if depth > MAX_DEPTH {
        Err(Error::Unserializable("nested too deeply"))
    } else {
        Ok(())
    }
}

fn write_text(text: &Bound<'_, PyString>, out: &mut Vec<u8>) -> PyResult<()> {
    let text = text
        .to_str()
        .map_err(|_| Error::Unserializable("a lone surrogate"))?;
    json::write_string(text, out);
    Ok(())
}

fn boolean(truth: &Bound<'_, PyBool>) -> &'static [u8] {
    if truth.is_true() { b"true" } else { b"false" }
}

/// Writes the digits of the integer's value, even if a subclass overrides `str`.
fn write_integer(integer: &Bound<'_, PyInt>, out: &mut Vec<u8>) -> PyResult<()> {
    if let Ok(small) = integer.extract::<i64>() {
        return Ok(write!(out, "{small}")?);
    }
    let digits = integer
        .py()
        .get_type::<PyInt>()
        .call_method1("__repr__", (integer,));
    let digits = digits.map_err(|_| Error::Unserializable("an integer is too long"))?;
    out.extend_from_slice(digits.cast::<PyString>()?.to_str()?.as_bytes());
    Ok(())
}

/// Writes the shortest digits that read as the same float, in Python's spelling.
fn write_float(float: &Bound<'_, PyFloat>, out: &mut Vec<u8>) -> PyResult<()> {
    let value = float.value();
    if !value.is_finite() {
        return Err(Error::Unserializable("a float is not finite").into());
    }
    out.extend_from_slice(PyFloat::new(float.py(), value).repr()?.to_str()?.as_bytes());
    Ok(())
}
