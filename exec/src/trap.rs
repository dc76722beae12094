//! The reasons for which execution stops (spec: 4.2.1 and 4.4, "trap").
//!
//! Depends on nothing. Owns the numbers of the traps, which the loops return and the C API reports.

macro_rules! traps {
    ($($(#[$doc:meta])* $name:ident = $code:literal $text:literal $(if $on:literal)?;)*) => {
        /// Why execution stopped. The numbers are stable; 0 means "no trap".
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        pub enum TrapCode { $($(#[$doc])* $(#[cfg(feature = $on)])? $name = $code,)* }

        impl TrapCode {
            /// The text of the trap, as the specification's test suite has it.
            pub const fn message(self) -> &'static str {
                match self { $($(#[cfg(feature = $on)])? TrapCode::$name => $text,)* }
            }

            /// The trap with this number, if there is one.
            pub const fn from_code(code: u32) -> Option<TrapCode> {
                match code { $($(#[cfg(feature = $on)])? $code => Some(TrapCode::$name),)* _ => None }
            }
        }
    };
}

traps! {
    /// The instruction `unreachable` was executed.
    Unreachable = 1 "unreachable";
    /// A load, a store or a bulk instruction accesses bytes outside of its memory.
    MemoryOutOfBounds = 2 "out of bounds memory access";
    /// An instruction accesses elements outside of its table.
    TableOutOfBounds = 3 "out of bounds table access";
    /// `call_indirect` with an index outside of the table.
    UndefinedElement = 4 "undefined element";
    /// `call_indirect` on an element that is null.
    UninitializedElement = 5 "uninitialized element";
    /// `call_indirect` on a function of another type.
    IndirectCallTypeMismatch = 6 "indirect call type mismatch";
    /// Integer division or remainder by zero.
    IntegerDivideByZero = 7 "integer divide by zero";
    /// A quotient or a truncated float is not in the range of the integer.
    IntegerOverflow = 8 "integer overflow";
    /// A NaN was truncated to an integer.
    InvalidConversionToInteger = 9 "invalid conversion to integer";
    /// The operand stack is used up.
    StackOverflow = 10 "call stack exhausted";
    /// The fuel is used up.
    OutOfFuel = 11 "all fuel consumed";
    /// A termination request stopped the call.
    Terminated = 12 "terminated";
    /// A host function reported a failure.
    Host = 13 "host function failed";
    /// The called import is not linked.
    Unlinked = 14 "call of an unlinked import";
    /// The host has no memory left for the instruction.
    OutOfMemory = 15 "out of memory";
    /// An exception was thrown that no code catches.
    Exception = 16 "uncaught wasm exception" if "exceptions";
    /// `throw_ref` on a reference that is null.
    NullException = 17 "null exception reference" if "exceptions";
    /// A reference is null that must not be.
    NullReference = 18 "null reference" if "function-references";
    /// `call_ref` of a reference that is null.
    NullFunction = 19 "null function reference" if "function-references";
    /// An instruction on a structure that is null.
    NullStructure = 20 "null structure reference" if "gc";
    /// An instruction on an array that is null.
    NullArray = 21 "null array reference" if "gc";
    /// An instruction on a 31-bit integer that is null.
    NullI31 = 22 "null i31 reference" if "gc";
    /// `ref.cast` of a value that does not have the type.
    CastFailure = 23 "cast failure" if "gc";
    /// An instruction accesses elements outside of their array.
    ArrayOutOfBounds = 24 "out of bounds array access" if "gc";
    /// The address of an atomic instruction is not a multiple of the bytes that it accesses.
    UnalignedAtomic = 25 "unaligned atomic" if "threads";
    /// `memory.atomic.wait32` or `wait64` on a memory that is not shared.
    UnsharedWait = 26 "expected shared memory" if "threads";
    /// An instruction waits without a limit, and no other thread can notify it.
    Deadlock = 27 "deadlock: nothing can notify the waiting thread" if "threads";
}
