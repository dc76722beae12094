//! Compiles WebAssembly modules to native code (docs/native-code.md).
//!
//! This crate is for the host, and needs LLVM 19. The validator of the runtime drives it (through
//! `zonda::toolchain`): it writes LLVM's intermediate representation, which LLVM optimizes and
//! compiles to an object file, of which the code is taken.
//!
//! | module | owns |
//! |---|---|
//! | [`target`] | the CPUs that code can be made for |
//! | `shape` | what a module declares |
//! | `function` | one function: control and variables |
//! | `calls` | its calls, and the instructions that the runtime executes |
//! | `numeric`, `memory` | its numeric instructions; loads, stores and their checks |
//! | `module` | the whole module: what functions share, and the code that calls them |
//! | `llvm` | the calls of LLVM |
//! | `depth` | how much native stack functions need, and which of them check it |
//! | `object`, `relocation` | the code of the object file, with its references resolved |
//! | `routines` | what a CPU lacks an instruction for |
//! | `bytecode` | the functions that are not native code |
//! | `artifact` | the file |
//! | [`Native`] | what a file contains, with its code as assembly |
//! | [`Executable`] | code in executable memory of this machine |

mod artifact;
mod bytecode;
mod calls;
mod depth;
mod executable;
mod function;
mod inspect;
mod llvm;
mod memory;
mod module;
mod numeric;
mod object;
mod relocation;
mod routines;
mod shape;
pub mod target;

pub use executable::Executable;
pub use inspect::{is_native, Line, Native};
pub use target::Target;

use std::collections::BTreeSet;
use std::fmt;

/// How a module is compiled.
#[derive(Clone, Debug)]
pub struct Options {
    /// The CPU.
    pub target: Target,
    /// Optimize for size instead of speed.
    pub size: bool,
    /// Check termination requests and fuel at each call and loop iteration. Without it a native
    /// module runs until it ends.
    pub meter: bool,
    /// Keep the code section, so that an instance can change to another mode.
    pub keep_code: bool,
    /// Keep the sections with debug information (DWARF), and the code section, which it refers to.
    pub debug: bool,
    /// Make every NaN that is computed the canonical one. Otherwise it has the bits that CPU or
    /// runtime give it, which the specification allows.
    pub canonical_nan: bool,
    /// The functions that become native code, by their indices, and those that have tail calls of
    /// them or of which they have some; the rest becomes register bytecode. `None` for all.
    pub only: Option<BTreeSet<u32>>,
}

impl Options {
    /// For speed on this CPU.
    pub fn new(target: Target) -> Options {
        Options {
            target,
            size: false,
            meter: false,
            keep_code: false,
            debug: false,
            canonical_nan: false,
            only: None,
        }
    }
}

/// Why a module was not compiled.
#[derive(Debug)]
pub enum Error {
    /// The module is refused.
    Module(zonda::Error),
    /// LLVM reports an error.
    Llvm(String),
    /// The code would need something that no native module has.
    Unresolved(String),
    /// The module has what native code does not support.
    Unsupported(&'static str),
    /// A part of the file does not fit its field.
    TooLarge,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Module(error) => write!(f, "{error}"),
            Error::Llvm(text) => write!(f, "LLVM: {text}"),
            Error::Unresolved(name) => write!(
                f,
                "the code would need a relocation for `{name}`, which native modules do not have"
            ),
            Error::Unsupported(what) => write!(f, "native code does not support {what}"),
            Error::TooLarge => f.write_str("the compiled module is too large"),
        }
    }
}

impl std::error::Error for Error {}

impl From<zonda::Error> for Error {
    fn from(error: zonda::Error) -> Error {
        Error::Module(error)
    }
}

/// Compiles a module to a native module, which `zonda::Module::new_trusted` loads.
///
/// # Errors
/// See [`Error`].
pub fn compile(module: &[u8], options: &Options) -> Result<Vec<u8>, Error> {
    let text = module::translate(module, options)?;
    let compiled = llvm::compile(&text, options)?;
    artifact::write(module, &text, &compiled, options)
}

/// The intermediate representation of a module before LLVM optimizes it.
///
/// # Errors
/// Those of the module.
pub fn intermediate(module: &[u8], options: &Options) -> Result<String, Error> {
    Ok(module::translate(module, options)?.text)
}
