//! Backends: what builds the code of a module's functions for an execution mode, and keeps it.
//!
//! The list of backends is [`zonda_exec::backends`]. A backend is a folder here with two types:
//!
//! - `Builder` visits the functions of a module while they are validated ([`Builder`]), and
//! - `Code` is what comes of it ([`CompiledCode`]): it publishes the functions to an instance, and
//!   finds the place of a trap.
//!
//! and a module of the same name in `zonda-exec` that runs the code. The enums [`Code`] and
//! [`CodeBuilder`] dispatch to them; the validator is compiled once, for [`CodeBuilder`].
//!
//! A module's code is built for one mode, when it is loaded. An instance that runs in another mode
//! has code of its own.

#[cfg(feature = "exceptions")]
pub(crate) mod handlers;
#[cfg(not(feature = "exceptions"))]
#[path = "handlers_off.rs"]
#[cfg_attr(not(any(feature = "classic", feature = "fast")), allow(dead_code))]
pub(crate) mod handlers;

#[cfg(feature = "classic")]
pub(crate) mod classic;
#[cfg(feature = "fast")]
pub(crate) mod fast;
#[cfg(feature = "native")]
pub(crate) mod native;

use crate::alloc::{OutOfMemory, TryBox};
use crate::binary::reader::Parsed;
use crate::validate::locals::Locals;
use crate::validate::visitor::*;
use crate::ValType;
#[cfg(feature = "exceptions")]
use zonda_exec::unwind::Handler;
use zonda_exec::{for_each_instruction, ExecInstance, FuncLayout, Mode};

/// Where an instruction is.
#[derive(Clone, Copy)]
#[allow(dead_code)]
pub(crate) enum Offset {
    /// In the module, in bytes.
    Module(u32),
    /// In code that was made of the module: the module translates again to find it.
    Code(u32),
}

/// The code of all functions that a module defines, as one backend keeps it.
pub(crate) trait CompiledCode {
    /// Number of functions.
    fn len(&self) -> usize;

    /// The layout of a function, by its index among those that the module defines.
    fn layout(&self, defined: u32) -> Option<&FuncLayout>;

    /// Bytes of RAM that the code takes, without the records of the functions.
    fn ram(&self) -> usize;

    /// Bytes of RAM that the records of the functions take.
    fn records_ram(&self) -> usize;

    /// Whether code accesses memory 0 without naming it: see [`ExecInstance::memory`].
    fn uses_default_memory(&self) -> bool {
        true
    }

    /// Points an instance at the code; `imported` functions precede those that the module defines.
    fn publish(&self, instance: &mut ExecInstance, imported: u32);

    /// Index of the function whose record is at `layout`, and the offset of the instruction at
    /// `pc`, in an instance that this code was published to.
    fn locate(
        &self,
        instance: &ExecInstance,
        layout: *const FuncLayout,
        pc: *const u8,
    ) -> (u32, Offset);

    /// The handlers of exceptions, whose positions [`CompiledCode::position`] knows.
    #[cfg(feature = "exceptions")]
    fn handlers(&self) -> &[Handler];

    /// The position of an instruction, as handlers have it.
    #[cfg(feature = "exceptions")]
    fn position(&self, instance: &ExecInstance, pc: *const u8) -> u32;

    /// The program counter, and the next entry of the side table, where a handler continues.
    #[cfg(feature = "exceptions")]
    fn target(&self, instance: &ExecInstance, handler: &Handler) -> (*const u8, *const u16);
}

/// Builds the code of a module's functions, one after the other.
pub(crate) trait Builder<'a>: Visitor + Sized {
    /// A builder for a module of these bytes, without functions.
    fn new(bytes: &'a [u8]) -> Result<TryBox<Self>, OutOfMemory>;

    /// Reserves memory for the records of `count` functions, which `imported` ones precede.
    fn reserve(&mut self, count: usize, imported: u32) -> Result<(), OutOfMemory>;

    /// Adds the next function, of which only the type is known.
    fn declare(&mut self, layout: FuncLayout) -> Result<(), OutOfMemory>;

    /// Takes the code of all functions out of the builder.
    fn complete(&mut self) -> Parsed<Code<'a>>;
}

macro_rules! define_code {
    ($([#[$on:meta] $name:ident $number:literal $text:literal $module:ident $doc:literal])*) => {
        /// The code of all functions that a module defines, for one mode.
        pub(crate) enum Code<'a> {
            $(#[$on] $name($module::Code<'a>),)*
            /// None, and no function: before the module's functions are known.
            #[allow(dead_code)]
            Nothing(core::marker::PhantomData<&'a ()>),
        }

        /// The builder of one mode. One type for all, so that the validator is in the image once.
        pub(crate) enum CodeBuilder<'a> {
            $(#[$on] $name(TryBox<$module::Builder<'a>>),)*
        }

        impl<'a> CodeBuilder<'a> {
            pub(crate) fn new(mode: Mode, bytes: &'a [u8]) -> Result<CodeBuilder<'a>, OutOfMemory> {
                Ok(match mode {
                    $(#[$on] Mode::$name => CodeBuilder::$name(Builder::new(bytes)?),)*
                })
            }
        }

        impl Code<'_> {
            /// The mode that it is for.
            pub(crate) fn mode(&self) -> Mode {
                match self {
                    $(#[$on] Code::$name(_) => Mode::$name,)*
                    Code::Nothing(_) => Mode::DEFAULT,
                }
            }
        }
    };
}

zonda_exec::backends! { define_code }

/// `match` over the backends of an enum, with the same expression for each.
macro_rules! match_backend {
    (
        ($enum:ident $self:ident $b:ident => $e:expr, $($rest:tt)*)
        $([#[$on:meta] $name:ident $number:literal $text:literal $module:ident $doc:literal])*
    ) => {
        match $self {
            $(#[$on] $enum::$name($b) => $e,)*
            $($rest)*
        }
    };
}

/// The same expression for the builder of each backend.
macro_rules! each {
    ($self:ident, $b:ident => $e:expr) => {
        zonda_exec::backends! { match_backend (CodeBuilder $self $b => $e,) }
    };
}

impl<'a> CodeBuilder<'a> {
    /// See [`Builder::reserve`].
    pub(crate) fn reserve(&mut self, count: usize, imported: u32) -> Result<(), OutOfMemory> {
        each!(self, builder => builder.reserve(count, imported))
    }

    /// See [`Builder::declare`].
    pub(crate) fn declare(&mut self, layout: FuncLayout) -> Result<(), OutOfMemory> {
        each!(self, builder => builder.declare(layout))
    }

    /// See [`Builder::complete`].
    pub(crate) fn complete(&mut self) -> Parsed<Code<'a>> {
        each!(self, builder => builder.complete())
    }
}

for_each_instruction! { forward_visitor }

impl CompiledCode for Code<'_> {
    fn len(&self) -> usize {
        zonda_exec::backends! { match_backend (Code self code => code.len(), Code::Nothing(_) => 0,) }
    }

    #[inline]
    fn layout(&self, defined: u32) -> Option<&FuncLayout> {
        zonda_exec::backends! {
            match_backend (Code self code => code.layout(defined), Code::Nothing(_) => None,)
        }
    }

    fn ram(&self) -> usize {
        zonda_exec::backends! { match_backend (Code self code => code.ram(), Code::Nothing(_) => 0,) }
    }

    fn records_ram(&self) -> usize {
        zonda_exec::backends! {
            match_backend (Code self code => code.records_ram(), Code::Nothing(_) => 0,)
        }
    }

    fn uses_default_memory(&self) -> bool {
        zonda_exec::backends! {
            match_backend (Code self code => code.uses_default_memory(), Code::Nothing(_) => false,)
        }
    }

    fn publish(&self, instance: &mut ExecInstance, imported: u32) {
        instance.mode = self.mode();
        zonda_exec::backends! {
            match_backend (Code self code => code.publish(instance, imported), Code::Nothing(_) => {})
        }
    }

    fn locate(
        &self,
        instance: &ExecInstance,
        layout: *const FuncLayout,
        pc: *const u8,
    ) -> (u32, Offset) {
        zonda_exec::backends! {
            match_backend (
                Code self code => code.locate(instance, layout, pc),
                Code::Nothing(_) => (u32::MAX, Offset::Module(0)),
            )
        }
    }

    #[cfg(feature = "exceptions")]
    fn handlers(&self) -> &[Handler] {
        zonda_exec::backends! {
            match_backend (Code self code => code.handlers(), Code::Nothing(_) => &[],)
        }
    }

    #[cfg(feature = "exceptions")]
    fn position(&self, instance: &ExecInstance, pc: *const u8) -> u32 {
        zonda_exec::backends! {
            match_backend (Code self code => code.position(instance, pc), Code::Nothing(_) => 0,)
        }
    }

    #[cfg(feature = "exceptions")]
    fn target(&self, instance: &ExecInstance, handler: &Handler) -> (*const u8, *const u16) {
        let none = (core::ptr::null(), core::ptr::null());
        zonda_exec::backends! {
            match_backend (Code self code => code.target(instance, handler), Code::Nothing(_) => none,)
        }
    }
}
