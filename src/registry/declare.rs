//! The declaration of host functions.

/// Declares host functions that modules import, once for the Rust API, the C API and the host tool.
///
/// The declaration is a type with the constant `MODULE`, a [`HostModule`](crate::HostModule): a
/// table of constant data. Each function has the call as its first parameter, of which only the
/// name is written; the types of the other parameters say how they are converted and checked
/// ([`HostParam`](crate::HostParam)); `[CAPABILITY]` behind the name says what the embedder has to
/// grant. The state that the functions use has a type of its own, or any type with a trait:
///
/// ```
/// use zonda::{host_module, Capability, Engine, Grants, GuestSlice, HostError, Linker, Module, Store};
///
/// const CONSOLE: Capability = Capability::new("console");
///
/// #[derive(Default)]
/// struct Printed(Vec<u8>);
///
/// host_module! {
///     /// What programs import to print.
///     pub struct Env: Printed as "env" {
///         /// Adds one.
///         fn inc(_call, x: i32) -> i32 {
///             x.wrapping_add(1)
///         }
///         /// Prints bytes.
///         fn print[CONSOLE](call, text: GuestSlice<u8>) -> Result<(), HostError> {
///             let (memory, printed) = call.memory_and_state();
///             printed.0.extend_from_slice(text.bytes(memory));
///             Ok(())
///         }
///     }
/// }
///
/// # fn main() -> Result<(), zonda::Error> {
/// # let text = r#"(module (import "env" "print" (func $print (param i32 i32))) (memory 1)
/// #     (data (i32.const 8) "hello") (func (export "run") (call $print (i32.const 8) (i32.const 5))))"#;
/// # let bytes = wat::parse_str(text).unwrap();
/// let engine = Engine::default();
/// let module = Module::new(&engine, &bytes)?;
/// let mut store = Store::new(&engine, Printed::default())?;
/// let mut linker = Linker::new();
/// linker.define_module(Env::MODULE, Grants::Only(&[CONSOLE]), |data| data)?;
/// let instance = linker.instantiate(&mut store, &module)?;
/// instance.get_typed_func::<(), ()>(&store, "run")?.call(&mut store, ())?;
/// assert_eq!(store.data().0, b"hello");
/// # Ok(())
/// # }
/// ```
#[macro_export]
macro_rules! host_module {
    (
        $(#[$doc:meta])*
        $vis:vis struct $name:ident: $state:ty as $module:literal {
            $(
                $(#[$fdoc:meta])*
                fn $func:ident $([$capability:expr])? ($call:ident $(, $arg:ident: $ty:ty)* $(,)?) $(-> $ret:ty)? $body:block
            )*
        }
    ) => {
        $(#[$doc])*
        $vis struct $name;

        impl $name {
            $(
                $(#[$fdoc])*
                #[allow(clippy::too_many_arguments)]
                fn $func($call: &mut $crate::Call<'_, $state> $(, $arg: $ty)*) $(-> $ret)? $body
            )*

            const FUNCS: &'static [$crate::HostFunc<$state>] = &[
                $( $crate::HostFunc::new(stringify!($func), Self::$func)$(.needs($capability))? ),*
            ];

            /// The functions.
            $vis const MODULE: $crate::HostModule<$state> = $crate::HostModule::new($module, Self::FUNCS);
        }
    };
    (
        $(#[$doc:meta])*
        $vis:vis struct $name:ident<$param:ident: $bound:path>: $state:ty as $module:literal {
            $(
                $(#[$fdoc:meta])*
                fn $func:ident $([$capability:expr])? ($call:ident $(, $arg:ident: $ty:ty)* $(,)?) $(-> $ret:ty)? $body:block
            )*
        }
    ) => {
        $(#[$doc])*
        $vis struct $name<$param>(core::marker::PhantomData<fn(&mut $param)>);

        impl<$param: $bound + 'static> $name<$param> {
            $(
                $(#[$fdoc])*
                #[allow(clippy::too_many_arguments)]
                fn $func($call: &mut $crate::Call<'_, $state> $(, $arg: $ty)*) $(-> $ret)? $body
            )*

            const FUNCS: &'static [$crate::HostFunc<$state>] = &[
                $( $crate::HostFunc::new(stringify!($func), Self::$func)$(.needs($capability))? ),*
            ];

            /// The functions.
            $vis const MODULE: $crate::HostModule<$state> = $crate::HostModule::new($module, Self::FUNCS);
        }
    };
    (
        $(#[$doc:meta])*
        $vis:vis struct $name:ident<$state:ident: $bound:path> as $module:literal {
            $(
                $(#[$fdoc:meta])*
                fn $func:ident $([$capability:expr])? ($call:ident $(, $arg:ident: $ty:ty)* $(,)?) $(-> $ret:ty)? $body:block
            )*
        }
    ) => {
        $(#[$doc])*
        $vis struct $name<$state>(core::marker::PhantomData<fn(&mut $state)>);

        impl<$state: $bound + 'static> $name<$state> {
            $(
                $(#[$fdoc])*
                #[allow(clippy::too_many_arguments)]
                fn $func($call: &mut $crate::Call<'_, $state> $(, $arg: $ty)*) $(-> $ret)? $body
            )*

            const FUNCS: &'static [$crate::HostFunc<$state>] = &[
                $( $crate::HostFunc::new(stringify!($func), Self::$func)$(.needs($capability))? ),*
            ];

            /// The functions.
            $vis const MODULE: $crate::HostModule<$state> = $crate::HostModule::new($module, Self::FUNCS);
        }
    };
}
