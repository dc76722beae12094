//! What stands for `wasi` where it is not built.

use super::instantiation::Given;
use super::text::Text;
use crate::error::Error;
use crate::registry::{Offer, Signature};

#[derive(Clone, Copy)]
pub(super) struct WasiArguments;

impl WasiArguments {
    pub(super) const NONE: WasiArguments = WasiArguments;

    #[inline(always)]
    pub(super) fn or<'w>(&'w self, _: &'w WasiArguments) -> &'w WasiArguments {
        self
    }
}

pub(super) struct Program;

impl Program {
    pub(super) fn new(_: &WasiArguments, _: bool) -> Result<Program, Error> {
        Ok(Program)
    }

    #[inline(always)]
    pub(super) fn explains(_: &mut Text, _: &Given, _: &WasiArguments, _: &Error) -> bool {
        false
    }

    pub(super) fn exit_code(&self) -> Option<u32> {
        None
    }
}

/// No function.
#[inline(always)]
pub(super) fn find(_: &str, _: &str) -> Option<Offer<Signature>> {
    None
}
