//! Comparisons, in the order in which the tables of operations list them.

use core::cmp::Ordering;

/// `eq ne lt gt le ge`, by this order, of two values that compare like this; `None` when one is a NaN.
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
