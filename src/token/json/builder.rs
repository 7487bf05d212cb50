//! What is made of the values that the reader sees.

use crate::error::Error;

/// Makes values out of what the reader sees, in the order of the text.
pub trait Builder {
    /// Any finished value.
    type Value;
    /// A member name.
    type Name;
    /// An object that still grows.
    type Object;
    /// An array that still grows.
    type Array;
    /// What a builder fails with; the reader's own refusals become one.
    type Error: From<Error>;

    /// `null`.
    fn null(&mut self) -> Result<Self::Value, Self::Error>;
    /// `true` or `false`.
    fn boolean(&mut self, value: bool) -> Result<Self::Value, Self::Error>;
    /// An integer by its decimal digits, with a sign where it is negative.
    fn integer(&mut self, digits: &str) -> Result<Self::Value, Self::Error>;
    /// A number with a fraction or an exponent; always finite.
    fn float(&mut self, value: f64) -> Result<Self::Value, Self::Error>;
    /// A string.
    fn string(&mut self, value: &str) -> Result<Self::Value, Self::Error>;
    /// A member name; never one that its object has already.
    fn name(&mut self, name: &str) -> Result<Self::Name, Self::Error>;
    /// A new object.
    fn object(&mut self) -> Result<Self::Object, Self::Error>;
    /// Puts a member into an object.
    fn set(
        &mut self,
        object: &mut Self::Object,
        name: Self::Name,
        value: Self::Value,
    ) -> Result<(), Self::Error>;
    /// The object is complete.
    fn finish_object(&mut self, object: Self::Object) -> Result<Self::Value, Self::Error>;
    /// A new array.
    fn array(&mut self) -> Result<Self::Array, Self::Error>;
    /// Puts a value at the end of an array.
    fn push(&mut self, array: &mut Self::Array, value: Self::Value) -> Result<(), Self::Error>;
    /// The array is complete.
    fn finish_array(&mut self, array: Self::Array) -> Result<Self::Value, Self::Error>;
}

/// Builds nothing: for text that is only to be checked.
#[derive(Debug)]
pub struct Discard;

impl Builder for Discard {
    type Value = ();
    type Name = ();
    type Object = ();
    type Array = ();
    type Error = Error;

    fn null(&mut self) -> Result<(), Error> {
        Ok(())
    }
    fn boolean(&mut self, _: bool) -> Result<(), Error> {
        Ok(())
    }
    fn integer(&mut self, _: &str) -> Result<(), Error> {
        Ok(())
    }
    fn float(&mut self, _: f64) -> Result<(), Error> {
        Ok(())
    }
    fn string(&mut self, _: &str) -> Result<(), Error> {
        Ok(())
    }
    fn name(&mut self, _: &str) -> Result<(), Error> {
        Ok(())
    }
    fn object(&mut self) -> Result<(), Error> {
        Ok(())
    }
    fn set(&mut self, (): &mut (), (): (), (): ()) -> Result<(), Error> {
        Ok(())
    }
    fn finish_object(&mut self, (): ()) -> Result<(), Error> {
        Ok(())
    }
    fn array(&mut self) -> Result<(), Error> {
        Ok(())
    }
    fn push(&mut self, (): &mut (), (): ()) -> Result<(), Error> {
        Ok(())
    }
    fn finish_array(&mut self, (): ()) -> Result<(), Error> {
        Ok(())
    }
}
