//! The reasons for which execution stops (spec: 4.2.1 and 4.4, "trap").

macro_rules! traps {
    ($($(#[$doc:meta])* $name:ident = $code:literal $text:literal;)*) => {
        /// Why execution stopped. The numbers are stable; zero is kept for "no trap".
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        pub enum TrapCode { $($(#[$doc])* $name = $code,)* }

        impl TrapCode {
            /// The specification's words for it, as its test suite spells them.
            pub const fn message(self) -> &'static str {
                match self { $(TrapCode::$name => $text,)* }
            }

            /// The trap with this number, if there is one.
            pub const fn from_code(code: u32) -> Option<TrapCode> {
                match code { $($code => Some(TrapCode::$name),)* _ => None }
            }
        }
    };
}

traps! {
    /// The operation `unreachable` was executed.
    Unreachable = 1 "unreachable";
    /// A load, store or bulk operation reached outside of its memory.
    MemoryOutOfBounds = 2 "out of bounds memory access";
    /// A table operation reached outside of its table.
    TableOutOfBounds = 3 "out of bounds table access";
    /// `call_indirect` with an index outside of the table.
    UndefinedElement = 4 "undefined element";
    /// `call_indirect` on an element that is null.
    UninitializedElement = 5 "uninitialized element";
    /// `call_indirect` on a function of another type.
    IndirectCallTypeMismatch = 6 "indirect call type mismatch";
    /// Integer division or remainder by zero.
    IntegerDivideByZero = 7 "integer divide by zero";
    /// A quotient, or a float that was truncated, does not fit.
    IntegerOverflow = 8 "integer overflow";
    /// A NaN was truncated to an integer.
    InvalidConversionToInteger = 9 "invalid conversion to integer";
    /// The value stack of the call is used up.
    StackOverflow = 10 "call stack exhausted";
    /// The fuel that the embedder gave is used up.
    OutOfFuel = 11 "all fuel consumed";
    /// The embedder asked the instance to stop.
    Terminated = 12 "terminated";
    /// A host function reported a failure.
    Host = 13 "host function failed";
    /// A host function that the module imports was not provided.
    Unlinked = 14 "call of an unlinked import";
    /// The host has no memory left for what the operation needs.
    OutOfMemory = 15 "out of memory";
}
