//! JSON as a tree: the core's reader builds it, and it is compared with serde_json's reading of the same text.

use std::collections::HashSet;
use std::fmt;

use _core::error::Error;
use _core::token::json::Builder;
use serde::Deserialize;
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde_json::Number;

/// A JSON value. Integers keep their digits, objects the order of their members.
#[derive(Debug)]
pub enum Tree {
    Null,
    Boolean(bool),
    Integer(String),
    Float(f64),
    String(String),
    Array(Vec<Tree>),
    Object(Vec<(String, Tree)>),
}

/// Builds a [`Tree`] from what the reader reads.
pub struct TreeBuilder;

impl Builder for TreeBuilder {
    type Value = Tree;
    type Name = String;
    type Object = Vec<(String, Tree)>;
    type Array = Vec<Tree>;
    type Error = Error;

    fn null(&mut self) -> Result<Tree, Error> {
        Ok(Tree::Null)
    }
    fn boolean(&mut self, value: bool) -> Result<Tree, Error> {
        Ok(Tree::Boolean(value))
    }
    fn integer(&mut self, digits: &str) -> Result<Tree, Error> {
        Ok(Tree::Integer(digits.to_owned()))
    }
    fn float(&mut self, value: f64) -> Result<Tree, Error> {
        Ok(Tree::Float(value))
    }
    fn string(&mut self, value: &str) -> Result<Tree, Error> {
        Ok(Tree::String(value.to_owned()))
    }
    fn name(&mut self, name: &str) -> Result<String, Error> {
        Ok(name.to_owned())
    }
    fn object(&mut self) -> Result<Self::Object, Error> {
        Ok(Vec::new())
    }
    fn set(&mut self, object: &mut Self::Object, name: String, value: Tree) -> Result<(), Error> {
        object.push((name, value));
        Ok(())
    }
    fn finish_object(&mut self, object: Self::Object) -> Result<Tree, Error> {
        Ok(Tree::Object(object))
    }
    fn array(&mut self) -> Result<Self::Array, Error> {
        Ok(Vec::new())
    }
    fn push(&mut self, array: &mut Self::Array, value: Tree) -> Result<(), Error> {
        array.push(value);
        Ok(())
    }
    fn finish_array(&mut self, array: Self::Array) -> Result<Tree, Error> {
        Ok(Tree::Array(array))
    }
}

impl Tree {
    /// The levels of objects and arrays, including this value.
    pub fn depth(&self) -> usize {
        let inside = match self {
            Self::Array(values) => values.iter().map(Self::depth).max(),
            Self::Object(members) => members.iter().map(|(_, value)| value.depth()).max(),
            _ => return 0,
        };
        inside.unwrap_or(0) + 1
    }

    /// Whether it has a number that an `f64` can't hold. serde_json refuses such numbers; the core keeps integers
    /// exact.
    pub fn has_huge_integer(&self) -> bool {
        match self {
            Self::Integer(digits) => digits.parse::<f64>().is_ok_and(f64::is_infinite),
            Self::Array(values) => values.iter().any(Self::has_huge_integer),
            Self::Object(members) => members.iter().any(|(_, value)| value.has_huge_integer()),
            _ => false,
        }
    }

    /// The member of this name, if this is an object that has it.
    pub fn get(&self, name: &str) -> Option<&Tree> {
        match self {
            Self::Object(members) => members
                .iter()
                .find(|(other, _)| other == name)
                .map(|(_, value)| value),
            _ => None,
        }
    }

    /// Whether serde_json has the same value, with the same names, and the same order of members if it keeps it.
    pub fn is_same(&self, other: &serde_json::Value) -> bool {
        use serde_json::Value;
        match (self, other) {
            (Self::Null, Value::Null) => true,
            (Self::Boolean(ours), Value::Bool(theirs)) => ours == theirs,
            (Self::Integer(digits), Value::Number(number)) => is_same_integer(digits, number),
            (Self::Float(ours), Value::Number(number)) => {
                number.is_f64() && number.as_f64().map(f64::to_bits) == Some(ours.to_bits())
            }
            (Self::String(ours), Value::String(theirs)) => ours == theirs,
            (Self::Array(ours), Value::Array(theirs)) => {
                ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(a, b)| a.is_same(b))
            }
            (Self::Object(ours), Value::Object(theirs)) => {
                ours.len() == theirs.len()
                    && ours
                        .iter()
                        .all(|(name, value)| theirs.get(name).is_some_and(|b| value.is_same(b)))
            }
            _ => false,
        }
    }

    /// Appends the value as JSON. `string` writes strings and names.
    pub fn write(&self, string: &impl Fn(&str, &mut Vec<u8>), out: &mut Vec<u8>) {
        match self {
            Self::Null => out.extend_from_slice(b"null"),
            Self::Boolean(value) => out.extend_from_slice(value.to_string().as_bytes()),
            Self::Integer(digits) => out.extend_from_slice(digits.as_bytes()),
            Self::Float(value) => out.extend_from_slice(format!("{value:?}").as_bytes()),
            Self::String(value) => string(value, out),
            Self::Array(values) => {
                out.push(b'[');
                for (place, value) in values.iter().enumerate() {
                    write_comma(place, out);
                    value.write(string, out);
                }
                out.push(b']');
            }
            Self::Object(members) => {
                out.push(b'{');
                for (place, (name, value)) in members.iter().enumerate() {
                    write_comma(place, out);
                    string(name, out);
                    out.push(b':');
                    value.write(string, out);
                }
                out.push(b'}');
            }
        }
    }
}

/// serde_json keeps integers of 64 bits, and converts the others and `-0` to `f64`.
fn is_same_integer(digits: &str, number: &Number) -> bool {
    if let Some(theirs) = number.as_u64() {
        return digits.parse() == Ok(theirs);
    }
    if let Some(theirs) = number.as_i64() {
        return digits.parse() == Ok(theirs);
    }
    digits.parse::<f64>().ok().map(f64::to_bits) == number.as_f64().map(f64::to_bits)
}

fn write_comma(place: usize, out: &mut Vec<u8>) {
    if place > 0 {
        out.push(b',');
    }
}

/// JSON that is refused if an object has a name twice; serde_json itself would keep the last value.
pub struct Unique;

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self)
    }
}

impl<'de> Visitor<'de> for Unique {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON without a name that occurs twice")
    }
    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }
    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }
    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }
    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }
    fn visit_f64<E>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }
    fn visit_str<E>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Self, A::Error> {
        while array.next_element::<Self>()?.is_some() {}
        Ok(self)
    }
    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Self, A::Error> {
        let mut names = HashSet::new();
        while let Some((name, _)) = object.next_entry::<String, Self>()? {
            if !names.insert(name) {
                return Err(serde::de::Error::custom("a name occurs twice"));
            }
        }
        Ok(self)
    }
}
