//! What stands for `waiting` where nothing waits.

use crate::platform::{Platform, Stream};
use crate::types::{Errno, FdFlags};

/// Reads from a stream.
#[inline(always)]
pub(super) fn read<P: Platform>(
    platform: &mut P,
    stream: Stream,
    _: FdFlags,
    bytes: &mut [u8],
    _: &dyn Fn() -> bool,
) -> Result<usize, Errno> {
    platform.stream_read(stream, bytes)
}
