//! Host functions that modules import: one description of them, whoever defines them.
//!
//! A host function has a module name and a name, a type, a function that converts and checks its
//! parameters ([`HostCall`](zonda_exec::HostCall)), an attachment and perhaps a capability. Three
//! kinds of tables describe it:
//!
//! | table | type | conversion of parameters | attachment |
//! |---|---|---|---|
//! | [`HostModule`]: libc, WASI, application API; constant, in flash | Rust types, packed | generated from the types | state of the embedder, found by a function |
//! | closures of the Rust API's `Linker` (`host/`) | Rust types, or value types | generated from the types | the closure |
//! | `NativeSymbol`s of the C API (`capi/`) | letters | by the letters | `NativeSymbol::attachment` |
//!
//! [`Offer::import`] is the one place where any of them is matched with an import. Depends on
//! `store` (what it links to) and `module`; the two embedding APIs depend on it.
//!
//! - `signature`: types, packed into a word
//! - `value`, `guest`: the Rust types of parameters; pointers are checked by their type
//! - `call`: what a declared function receives, and the code that calls it
//! - `list`: modules whose functions are executed by one function
//! - `declare`: the macro [`host_module!`](crate::host_module)

mod call;
mod declare;
mod guest;
mod list;
mod signature;
mod value;

pub use call::{Call, HostError, HostFn, HostReturn, Termination};
pub use guest::{
    GuestPtr, GuestPtrMut, GuestSlice, GuestSliceMut, GuestStr, GuestValue, HostParam,
};
pub use list::HostList;
pub(crate) use value::sealed;
pub use value::Value;

use crate::capability::Capability;
use crate::module::FuncType;
use crate::store::link::Wanted;
pub(crate) use call::Binding;
use core::marker::PhantomData;
use core::ptr::{from_ref, null};
pub(crate) use signature::Signature;
use zonda_exec::{HostCall, ImportedFunc};

/// The capabilities that an embedder grants with a module of host functions.
#[derive(Clone, Copy, Debug)]
pub enum Grants {
    /// All of them.
    All,
    /// These, and none with an empty list.
    Only(&'static [Capability]),
}

impl Grants {
    fn include(self, capability: Capability) -> bool {
        match self {
            Grants::All => true,
            Grants::Only(list) => list.contains(&capability),
        }
    }
}

/// A host function of a [`HostModule`] whose state is an `S`.
pub struct HostFunc<S> {
    record: Record,
    state: PhantomData<fn(&mut S)>,
}

impl<S> Clone for HostFunc<S> {
    fn clone(&self) -> HostFunc<S> {
        *self
    }
}

impl<S> Copy for HostFunc<S> {}

/// The same without the type of its state.
#[derive(Clone, Copy)]
struct Record {
    name: &'static str,
    signature: Signature,
    call: HostCall,
    capability: Option<Capability>,
}

impl<S: 'static> HostFunc<S> {
    /// The function `f` under a name. `f` is a `fn` or a closure that captures nothing; its first
    /// parameter is a [`Call`], the others are [`HostParam`]s, at most 16 WebAssembly parameters
    /// altogether, and its result is a [`HostReturn`].
    pub const fn new<Args, F: HostFn<S, Args>>(name: &'static str, f: F) -> HostFunc<S> {
        const { assert!(size_of::<F>() == 0, "a host function cannot capture anything") };
        const { assert!(F::COUNT <= 16, "a host function has at most 16 parameters") };
        let _ = f;
        HostFunc {
            record: Record {
                name,
                signature: Signature::new(F::PARAMS, F::RESULT),
                call: call::shim::<S, Args, F>,
                capability: None,
            },
            state: PhantomData,
        }
    }

    /// Its name.
    pub const fn name(&self) -> &'static str {
        self.record.name
    }

    /// The same function, which needs a capability.
    pub const fn needs(self, capability: Capability) -> HostFunc<S> {
        let Record { name, signature, call, .. } = self.record;
        let record = Record { name, signature, call, capability: Some(capability) };
        HostFunc { record, state: PhantomData }
    }
}

/// Host functions that are declared once, as constant data: see
/// [`host_module!`](crate::host_module). A linker, or the C API, offers them to modules with a
/// state, which is theirs.
pub struct HostModule<S: 'static> {
    name: &'static str,
    funcs: &'static [HostFunc<S>],
    /// What executes the functions of a list.
    list: Option<List>,
}

/// A list of names with signatures, and the function that executes all of them.
#[derive(Clone, Copy)]
struct List {
    text: &'static str,
    call: HostCall,
}

impl<S> Clone for HostModule<S> {
    fn clone(&self) -> HostModule<S> {
        *self
    }
}

impl<S> Copy for HostModule<S> {}

impl<S: 'static> HostModule<S> {
    /// Functions under a module name.
    pub const fn new(name: &'static str, funcs: &'static [HostFunc<S>]) -> HostModule<S> {
        HostModule { name, funcs, list: None }
    }

    /// Functions that one function executes: `list` has signatures, each with the names of functions
    /// behind it, for example `"(i)i strlen puts ()I clock "`, with a space behind each word, the types `i` and `I`, and
    /// at most 8 parameters. A list of another form is refused when it is compiled.
    pub const fn listed<F: HostList<S>>(
        name: &'static str,
        list: &'static str,
        run: F,
    ) -> HostModule<S> {
        const { assert!(size_of::<F>() == 0, "a host function cannot capture anything") };
        let _ = run;
        list::check(list);
        let list = List { text: list, call: list::shim::<S, F> };
        HostModule { name, funcs: &[], list: Some(list) }
    }

    /// The module name.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The functions' names, in the order of the declaration.
    pub fn names(&self) -> impl Iterator<Item = &'static str> + use<S> {
        let listed = list::names(self.list.map_or("", |list| list.text));
        self.funcs.iter().map(|func| func.record.name).chain(listed)
    }
}

/// A module of host functions with where its state is, and what is granted: a constant record.
#[derive(Clone, Copy)]
pub struct BoundModule {
    name: &'static str,
    /// An array of `HostFunc`s, of whatever state.
    funcs: *const Record,
    len: usize,
    list: Option<List>,
    /// Looks a function up; of an image that has no list, the code for lists is no part.
    find: fn(&BoundModule, &str) -> Option<Offer<Signature>>,
    grants: Grants,
    binding: &'static Binding,
}

// SAFETY: `funcs` points at constant records without interior mutability. `Binding` has functions
// only.
unsafe impl Send for BoundModule {}
// SAFETY: as above.
unsafe impl Sync for BoundModule {}

impl BoundModule {
    /// # Safety
    /// `binding.state` returns the address of an `S`, as [`Binding`] says.
    pub(crate) const unsafe fn new<S: 'static>(
        module: HostModule<S>,
        grants: Grants,
        binding: &'static Binding,
    ) -> BoundModule {
        let HostModule { name, funcs, list } = module;
        let find = match list {
            None => BoundModule::find_record,
            Some(_) => BoundModule::find_listed,
        };
        let (funcs, len) = (funcs.as_ptr().cast(), funcs.len());
        BoundModule { name, funcs, len, list, find, grants, binding }
    }

    fn records(&self) -> impl Iterator<Item = &'static Record> + use<> {
        let (funcs, len) = (self.funcs, self.len);
        // SAFETY: `new` took the array from a `'static` slice of `HostFunc`s, each of which is a
        // `Record` and nothing else.
        unsafe { core::slice::from_raw_parts(funcs, len) }.iter()
    }

    /// The names of its functions.
    pub(crate) fn names(&self) -> (&'static str, impl Iterator<Item = &'static str> + use<>) {
        let listed = list::names(self.list.map_or("", |list| list.text));
        (self.name, self.records().map(|record| record.name).chain(listed))
    }

    /// The function under these names, as an offer.
    pub(crate) fn find(&self, module: &str, name: &str) -> Option<Offer<Signature>> {
        if self.name != module {
            return None;
        }
        (self.find)(self, name)
    }

    /// The function of a list.
    fn find_listed(&self, name: &str) -> Option<Offer<Signature>> {
        let list = self.list?;
        let (number, ty) = list::find(list.text, name)?;
        Some(Offer {
            ty,
            call: list.call,
            data: core::ptr::without_provenance(number),
            extra: from_ref(self.binding).cast(),
            capability: None,
        })
    }

    /// The function of a table of records.
    fn find_record(&self, name: &str) -> Option<Offer<Signature>> {
        let record = self.records().find(|record| record.name == name)?;
        Some(Offer {
            ty: record.signature,
            call: record.call,
            data: null(),
            extra: from_ref(self.binding).cast(),
            capability: record.capability.filter(|capability| !self.grants.include(*capability)),
        })
    }
}

const _: () = assert!(size_of::<HostFunc<()>>() == size_of::<Record>());

/// A way to describe the type of a host function.
pub(crate) trait Describes {
    /// Whether it describes this type.
    fn describes(&self, ty: &FuncType) -> bool;
}

impl Describes for FuncType<'_> {
    fn describes(&self, ty: &FuncType) -> bool {
        self == ty
    }
}

/// A host function that can stand for an import.
pub(crate) struct Offer<D> {
    pub(crate) ty: D,
    pub(crate) call: HostCall,
    /// For `call`: see [`ImportedFunc`].
    pub(crate) data: *const (),
    pub(crate) extra: *const (),
    /// What it needs and the embedder does not grant.
    pub(crate) capability: Option<Capability>,
}

/// Why a host function cannot stand for an import.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The import has another kind or type.
    Type,
    /// This capability is not granted.
    Capability(Capability),
}

impl<D: Describes> Offer<D> {
    /// The import that calls the function.
    #[inline]
    pub(crate) fn import(&self, wanted: &Wanted) -> Result<ImportedFunc, Refusal> {
        let Some(ty) = wanted.ty.filter(|ty| self.ty.describes(ty)) else {
            return Err(Refusal::Type);
        };
        if let Some(capability) = self.capability {
            return Err(Refusal::Capability(capability));
        }
        let (params, results) = ty.slots();
        Ok(ImportedFunc::new(Some(self.call), self.data, self.extra, params, results))
    }
}
