//! What stands for `network` where programs open no sockets.

use super::Program;
use zonda::capi::{WasiArguments, WasiRefusal};

#[inline(always)]
pub(super) fn allow<'w>(
    _: &mut Program,
    _: &'w WasiArguments,
) -> Result<(), Option<WasiRefusal<'w>>> {
    Ok(())
}
