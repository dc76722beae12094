//! What programs may use of the network.

use super::{refused, Program};
use zonda::capi::{WasiArguments, WasiRefusal};

pub(super) fn allow<'w>(
    wasi: &mut Program,
    given: &'w WasiArguments,
) -> Result<(), Option<WasiRefusal<'w>>> {
    for network in given.networks() {
        let why = "Invalid address pool entry, must be in the format of ADDRESS/MASK";
        refused(wasi.allow_network(network), why, network)?;
    }
    for name in given.lookups() {
        refused(wasi.allow_lookup(name), "invalid name", name)?;
    }
    Ok(())
}
