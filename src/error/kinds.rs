//! The kinds of errors that have a class and a text: one list for each enumeration.

macro_rules! kinds {
    ($(#[$doc:meta])* $name:ident { $($(#[cfg($on:meta)])? $(#[doc($hidden:ident)])? $variant:ident $class:ident $text:literal;)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        // As wide as a register, so that a result of it and a number comes back in two.
        #[repr(u32)]
        pub enum $name { $($(#[cfg($on)])? $(#[doc($hidden)])? #[doc = $text] $variant,)* }

        impl $name {
            /// What is wrong, in words; empty without the feature `error-text`.
            pub const fn message(self) -> &'static str {
                #[cfg(feature = "error-text")]
                { match self { $($(#[cfg($on)])? $name::$variant => $text,)* } }
                #[cfg(not(feature = "error-text"))]
                { "" }
            }

            /// How the specification classes it.
            pub const fn class(self) -> $crate::ErrorClass {
                match self { $($(#[cfg($on)])? $name::$variant => $crate::ErrorClass::$class,)* }
            }
        }
    };
}

pub(super) use kinds;

/// How the specification classes what is wrong with a module or an artifact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorClass {
    /// It cannot be decoded (spec: 5).
    Malformed,
    /// It cannot be validated (spec: 3).
    Invalid,
    /// It may be valid, but exceeds a limit of this runtime, or needs what this build does not
    /// have.
    Limit,
}
