//! The suite over the rlib.
