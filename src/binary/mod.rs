//! The binary format: reading bytes, and the types that are written in them (spec: 5.1 to 5.3).
//!
//! Knows nothing of validation or execution.

pub(crate) mod reader;
#[cfg(feature = "function-references")]
pub(crate) mod references;
#[cfg(test)]
mod tests;
pub(crate) mod types;
