//! Comparisons of integers and floats by their order in the tables of instructions.
//!
//! Depends on nothing.

use core::cmp::Ordering;

/// The result of `eq ne lt gt le ge`, by their number in this order, for two values that compare
/// like this; `None` when one of them is a NaN.
pub(crate) fn relation(which: u16, order: Option<Ordering>) -> bool {
    match (which, order) {
        (0, Some(Ordering::Equal)) => true,
        (1, order) => order != Some(Ordering::Equal),
        (2, Some(Ordering::Less)) | (3, Some(Ordering::Greater)) => true,
        (4, Some(Ordering::Less | Ordering::Equal))
        | (5, Some(Ordering::Greater | Ordering::Equal)) => true,
        _ => false,
    }
}
