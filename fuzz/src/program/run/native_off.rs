//! What stands for `native` without LLVM.

use std::convert::Infallible;
use zonda::{Engine, Module};

pub struct Code(Infallible);

impl Code {
    pub fn new(_: &[u8]) -> Result<Code, String> {
        Err("native code needs the feature `native`, and LLVM 19".into())
    }

    pub fn load(&self, _: &Engine) -> Result<Module<'_>, zonda::Error> {
        match self.0 {}
    }
}
