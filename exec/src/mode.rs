//! Execution modes: the one list of them, and how a call enters the interpreter loop of a mode.
//!
//! A backend in this crate is a module with two functions: `callee`, which finds a function's
//! record, and `run`, which executes until the call by the host ends. The runtime crate expands
//! the same list for what builds and keeps code.

#[cfg(feature = "exceptions")]
use crate::frame::FuncLayout;
use crate::frame::{Callee, Context};
use crate::instance::ExecInstance;

/// Calls `$m!` with what stands before, and a row for each backend: the feature that builds it in,
/// the name of its mode, its number, the name for users, and its module.
#[macro_export]
macro_rules! backends {
    ($m:ident $($a:tt)*) => { $m! { $($a)*
        [#[cfg(feature = "classic")] Classic 0 "classic" classic
            "Executes the bytes of the module in place: least RAM."]
        [#[cfg(feature = "fast")] Fast 1 "fast" fast
            "Executes register bytecode, made when the module is loaded or on the host before."]
        [#[cfg(feature = "native")] Native 2 "native" native
            "Executes native code, made on the host before: no module is translated to it."]
    } };
}

/// The interpreter loop of a mode. Code in assembly calls it, too.
#[cfg(not(test))]
pub(crate) type Loop = unsafe extern "C" fn(&mut Context) -> u32;
/// The same, through which a failed check of `strict` unwinds.
#[cfg(test)]
pub(crate) type Loop = unsafe extern "C-unwind" fn(&mut Context) -> u32;

/// Defines `run` of a mode, with the ABI of [`Loop`], around a function in Rust.
#[allow(unused_macros, reason = "the loops of Thumb-2 CPUs are in assembly")]
macro_rules! loop_of {
    ($(#[$attribute:meta])* $body:ident) => {
        $(#[$attribute])*
        #[cfg(not(test))]
        pub(crate) unsafe extern "C" fn run(context: &mut Context) -> u32 {
            // SAFETY: the contract of this function is that of its body.
            unsafe { $body(context) }
        }

        $(#[$attribute])*
        #[cfg(test)]
        pub(crate) unsafe extern "C-unwind" fn run(context: &mut Context) -> u32 {
            // SAFETY: as above.
            unsafe { $body(context) }
        }
    };
}
#[allow(unused_imports, reason = "as above")]
pub(crate) use loop_of;

macro_rules! define_mode {
    ($([#[$on:meta] $name:ident $number:literal $text:literal $module:ident $doc:literal])*) => {
        /// How functions are executed. Chosen for each instance.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        pub enum Mode {
            $(#[$on] #[doc = $doc] $name = $number,)*
        }

        impl Mode {
            /// Whether it executes native code.
            #[cfg(all(feature = "trace", feature = "native"))]
            pub(crate) fn is_native(self) -> bool {
                self == Mode::Native
            }

            /// Whether it executes native code, which is not built.
            #[cfg(all(feature = "trace", not(feature = "native")))]
            pub(crate) fn is_native(self) -> bool {
                false
            }

            /// All modes that are built in.
            pub(crate) const BUILT_IN: &'static [Mode] = &[$(#[$on] Mode::$name,)*];

            /// The modes that are built in and execute any module: all but native mode.
            pub const ALL: &'static [Mode] =
                Mode::BUILT_IN.split_at(Mode::BUILT_IN.len() - cfg!(feature = "native") as usize).0;

            /// Its name, which is that of the feature that builds it in.
            pub const fn name(self) -> &'static str {
                match self {
                    $(#[$on] Mode::$name => $text,)*
                }
            }

            /// Where a call of a function goes that the instance defines, and the loop that
            /// executes it.
            ///
            /// # Safety
            /// As for [`ExecInstance::callee`], of an instance in this mode.
            #[inline(always)]
            pub(crate) unsafe fn entry(self, instance: &ExecInstance, func: u32) -> (Callee, Loop) {
                match self {
                    $(#[$on] Mode::$name => {
                        // SAFETY: `func` is a defined function of an instance in this mode, so
                        // its record is one of the backend's.
                        let callee = unsafe { crate::$module::callee(instance, func) };
                        (callee, crate::$module::run)
                    })*
                }
            }

            /// Runs the loop of the mode.
            ///
            /// # Safety
            /// The context is complete and its instance is in this mode.
            #[inline(always)]
            pub(crate) unsafe fn run(self, context: &mut Context) -> u32 {
                match self {
                    // SAFETY: the context is complete, by the contract of this function.
                    $(#[$on] Mode::$name => unsafe { crate::$module::run(context) },)*
                }
            }
        }

        /// What unwinding asks of the backends.
        #[cfg(feature = "exceptions")]
        impl Mode {
            /// Whether frames of the mode lie on the operand stack.
            pub(crate) fn has_frames(self) -> bool {
                match self {
                    $(#[$on] Mode::$name => crate::$module::frames::ON_OPERAND_STACK,)*
                }
            }

            /// Slots by which running code of a function has moved its frame pointer.
            ///
            /// # Safety
            /// `func` is the record of a function of the live instance, which is in this mode.
            pub(crate) unsafe fn moved(self, instance: &ExecInstance, func: *const FuncLayout) -> usize {
                match self {
                    // SAFETY: the contract of this function.
                    $(#[$on] Mode::$name => unsafe { crate::$module::frames::moved(instance, func) },)*
                }
            }

            /// Whether the instruction at `pc` is a tail call.
            ///
            /// # Safety
            /// `pc` is at an instruction of code in this mode.
            pub(crate) unsafe fn is_tail_call(self, pc: *const u8) -> bool {
                match self {
                    // SAFETY: the contract of this function.
                    $(#[$on] Mode::$name => unsafe { crate::$module::frames::is_tail_call(pc) },)*
                }
            }

            /// The slot from which handlers count theirs, in the frame at `start`.
            ///
            /// # Safety
            /// The frame is one of the function's, and active.
            pub(crate) unsafe fn handler_base(self, start: *mut u32, func: *const FuncLayout) -> *mut u32 {
                match self {
                    // SAFETY: the contract of this function.
                    $(#[$on] Mode::$name => unsafe { crate::$module::frames::handler_base(start, func) },)*
                }
            }
        }

        #[cfg(feature = "legacy-exceptions")]
        impl Mode {
            /// The slot, counted from the start of the frame, of the reference that the running
            /// `rethrow` names.
            ///
            /// # Safety
            /// The context is that of a `rethrow` in this mode, which is at its immediates.
            pub(crate) unsafe fn kept_slot(self, context: &crate::frame::Context) -> u32 {
                match self {
                    // SAFETY: the contract of this function.
                    $(#[$on] Mode::$name => unsafe { crate::$module::frames::kept_slot(context) },)*
                }
            }
        }

        impl ExecInstance {
            /// Where a call of a function goes that the module defines.
            ///
            /// # Safety
            /// `func` is inside the index space and not imported.
            #[inline]
            pub unsafe fn callee(&self, func: u32) -> Callee {
                match self.mode {
                    // SAFETY: `func` is a defined function, and the records are those of the
                    // instance's mode (the runtime publishes both together).
                    $(#[$on] Mode::$name => unsafe { crate::$module::callee(self, func) },)*
                }
            }
        }
    };
}

backends! { define_mode }

impl Mode {
    /// The default: the last of the modes that execute any module, or native mode where it is
    /// alone.
    pub const DEFAULT: Mode = match Mode::ALL {
        [] => Mode::BUILT_IN[0],
        [.., last] => *last,
    };

    /// The mode of this name, if it is built in.
    pub fn named(name: &str) -> Option<Mode> {
        Mode::ALL.iter().copied().find(|mode| mode.name() == name)
    }
}
