//! Without the feature `devices` applications import nothing of them.

use zonda::Linker;

use crate::api::Context;
use crate::Platform;

pub(crate) fn with_capabilities(
    names: impl Iterator<Item = &'static str>,
) -> impl Iterator<Item = &'static str> {
    names
}

#[inline(always)]
pub(crate) fn capability(_: &str, _: &str) -> Option<&'static str> {
    None
}

#[inline(always)]
pub(crate) fn define<P: Platform>(_: &mut Linker<Context<P>>) -> Result<(), zonda::Error> {
    Ok(())
}
