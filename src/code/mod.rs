//! What modes make of validated function bodies.

pub(crate) mod side_table;
