//! What stands for `float` where it is not built.

use crate::format::{Printer, Spec};
use crate::memory::Bytes;

/// Prints `?` in the place of a number.
pub(crate) fn print<B: Bytes>(printer: &mut Printer<'_, B>, _: &Spec, _: u8, _: u64) -> Option<()> {
    printer.put(b'?')
}
