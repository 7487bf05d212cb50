//! What callers build from the values that the reader reads.

use crate::error::Error;

/// Builds values from what the reader reads, in the order of the text.
pub trait Builder {
    /// A complete value.
    type Value;
    /// A member name.
    type Name;
    /// An object that is not complete yet.
    type Object;
    /// An array that is not complete yet.
    type Array;
    /// The error of the builder. The reader's own errors are converted to it.
    type Error: From<Error>;

    /// `null`.
    fn null(&mut self) -> Result<Self::Value, Self::Error>;
    /// `true` or `false`.
    fn boolean(&mut self, value: bool) -> Result<Self::Value, Self::Error>;
    /// An integer as its decimal digits, with a minus sign if it is negative.
    fn integer(&mut self, digits: &str) -> Result<Self::Value, Self::Error>;
    /// A number with a fraction or an exponent. It is always finite.
    fn float(&mut self, value: f64) -> Result<Self::Value, Self::Error>;
    /// A string.
    fn string(&mut self, value: &str) -> Result<Self::Value, Self::Error>;
    /// A member name. The object does not have a member of this name yet.
    fn name(&mut self, name: &str) -> Result<Self::Name, Self::Error>;
    /// Begins an object.
    fn object(&mut self) -> Result<Self::Object, Self::Error>;
    /// Adds a member to an object.
    fn set(
        &mut self,
        object: &mut Self::Object,
        name: Self::Name,
        value: Self::Value,
    ) -> Result<(), Self::Error>;
    /// Completes an object.
    fn finish_object(&mut self, object: Self::Object) -> Result<Self::Value, Self::Error>;
    /// Begins an array.
    fn array(&mut self) -> Result<Self::Array, Self::Error>;
    /// Appends a value to an array.
    fn push(&mut self, array: &mut Self::Array, value: Self::Value) -> Result<(), Self::Error>;
    /// Completes an array.
    fn finish_array(&mut self, array: Self::Array) -> Result<Self::Value, Self::Error>;
}

/// Builds nothing, for text that only needs checking.
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
