//! Native code of this machine.

use zonda::{Engine, Module};
use zonda_native::{compile, Executable, Options, Target};

/// A module's native code.
pub struct Code(Executable);

impl Code {
    /// Compiles a module so that it uses fuel as the other modes do.
    pub fn new(module: &[u8]) -> Result<Code, String> {
        let target = Target::host()?;
        let options = Options { meter: true, keep_code: true, ..Options::new(target) };
        let compiled = compile(module, &options).map_err(|error| format!("LLVM: {error}"))?;
        Executable::new(&compiled).map(Code).map_err(|error| error.to_string())
    }

    pub fn load(&self, engine: &Engine) -> Result<Module<'_>, zonda::Error> {
        // SAFETY: the compiler has just made the code for this machine; it is there as long as
        // `self`.
        unsafe { Module::new_trusted(engine, self.0.bytes()) }
    }
}
