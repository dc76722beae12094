//! What stands for `float` where it is not built.

use crate::format::Printer;
use crate::memory::Bytes;

/// Prints `?` in the place of a number.
pub(crate) fn print<B: Bytes>(printer: &mut Printer<'_, '_, B>, _: u8, _: u64) {
    printer.put(b'?');
}
