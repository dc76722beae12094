//! Functions at run time: their addresses, and calling them from the host (spec: 4.2.6, 4.4.11).
//!
//! A reference to a function is a number on the operand stack: 0 for null, an instance's
//! `func_base` plus the function's index for the functions of instances, and [`HOST`] plus a number
//! for host functions of the store itself.

use super::instance::StoreInstance;
use super::{runtime_instr, StoreData};
use crate::alloc::TryVec;
use crate::binary::types::Code;
use crate::error::Trap;
use crate::message::message;
use crate::module::FuncType;
use zonda_exec::frame::{Context, Exit, Host, Place};
#[cfg(feature = "capi")]
use zonda_exec::Entry;
use zonda_exec::{ExecInstance, HostCall, ImportedFunc, Meter, TrapCode};

/// Addresses from here on are host functions of the store.
pub(crate) const HOST: u32 = 0x8000_0000;

/// A host function: its closure, type-erased, and its type.
pub(crate) struct HostClosure {
    pub(crate) call: HostCall,
    /// The closure.
    pub(crate) data: *mut (),
    pub(crate) drop: unsafe fn(*mut ()),
    /// Codes of the parameters, then of the results.
    pub(crate) codes: TryVec<Code>,
    pub(crate) param_count: usize,
}

// SAFETY: closures are taken from the embedder as `Send + Sync` only.
unsafe impl Send for HostClosure {}
// SAFETY: as above.
unsafe impl Sync for HostClosure {}

impl HostClosure {
    pub(crate) fn ty(&self) -> FuncType<'_> {
        let (params, results) = self.codes.split_at_checked(self.param_count).unwrap_or((&[], &[]));
        FuncType::from_codes(params, results)
    }
}

impl Drop for HostClosure {
    fn drop(&mut self) {
        // SAFETY: `drop` was made for what `data` points at, and is called once.
        unsafe { (self.drop)(self.data) }
    }
}

/// A host function of the store, which no instance imports.
pub(crate) struct HostFunc {
    pub(crate) import: ImportedFunc,
    #[cfg_attr(feature = "function-references", allow(dead_code, reason = "keeps the closure"))]
    pub(crate) closure: crate::alloc::TryArc<HostClosure>,
    /// The number of its type.
    #[cfg(feature = "function-references")]
    pub(crate) ty: u32,
}

/// The free part of an operand stack.
#[derive(Clone, Copy)]
pub(crate) struct Stack {
    pub(crate) base: *mut u32,
    pub(crate) end: *mut u32,
}

impl Stack {
    /// Where the caller writes arguments and reads results of `slots` slots, if they fit.
    pub(crate) fn args(&self, slots: usize) -> Result<*mut u32, TrapCode> {
        let free = (self.end.addr() - self.base.addr()) / 4;
        // One slot below the arguments stands for the top of an empty stack.
        if free < slots + 1 {
            return Err(TrapCode::StackOverflow);
        }
        Ok(self.base.wrapping_add(1))
    }
}

/// Where a call of a function goes. What it points at has a fixed address and lives as long as the
/// store.
#[derive(Clone, Copy)]
pub(crate) enum Target {
    /// A function that this instance defines, by its index.
    Wasm(*const ExecInstance, u32),
    /// A host function.
    Host(*const ImportedFunc),
}

impl<'a> StoreData<'a> {
    /// The instance that has a function of this address, and the function's index.
    pub(crate) fn owner(&self, address: u32) -> Option<(&StoreInstance<'a>, u32)> {
        let after = self.instances.partition_point(|instance| instance.func_base <= address);
        let instance = self.instances.get(after.checked_sub(1)?)?;
        let index = address - instance.func_base;
        (index < instance.func_count()).then_some((&**instance, index))
    }

    /// Where a call of the function at an address goes, through imports to what defines it.
    pub(crate) fn target(&self, address: u32) -> Option<Target> {
        if address & HOST != 0 {
            let func = self.host_funcs.get((address & !HOST) as usize)?;
            return Some(Target::Host(&raw const func.import));
        }
        let (instance, index) = self.owner(address)?;
        instance.target(index)
    }

    /// The type of the function at an address.
    #[cfg(feature = "function-references")]
    pub(crate) fn func_type(&self, address: u32) -> Option<FuncType<'_>> {
        self.type_of_number(self.func_type_number(address)?)
    }

    /// The type of the function at an address.
    #[cfg(not(feature = "function-references"))]
    pub(crate) fn func_type(&self, address: u32) -> Option<FuncType<'_>> {
        if address & HOST != 0 {
            return self.host_funcs.get((address & !HOST) as usize).map(|func| func.closure.ty());
        }
        let (instance, index) = self.owner(address)?;
        let data = &*instance.module.data;
        data.func_type(index).map(|ty| FuncType::of(data.value_types(), ty))
    }
}

/// Where a call of an import goes.
pub(crate) fn import_target(import: &ImportedFunc) -> Target {
    match import.call {
        Some(_) => Target::Host(&raw const *import),
        None => Target::Wasm(import.data.cast(), import.extra.addr() as u32),
    }
}

/// An import that another instance defines.
///
/// # Safety
/// The instance is live and defines the function.
pub(crate) unsafe fn cross_import(instance: *const ExecInstance, func: u32) -> ImportedFunc {
    // SAFETY: the instance is live by the contract, and has a record for each function that it
    // defines.
    let layout = unsafe { &*(*instance).callee(func).layout };
    ImportedFunc::new(
        None,
        instance.cast(),
        core::ptr::without_provenance(func as usize),
        layout.params as u32,
        layout.results as u32,
    )
}

/// Calls a function for the host. The arguments lie where [`Stack::args`] says, and the results
/// will. `PLACE` adds the place to a trap: finding it takes as long as loading does in fast mode.
///
/// # Safety
/// `target` is of this store; the slots hold values of the function's parameters; `host` is what
/// its host functions expect.
pub(crate) unsafe fn call<const PLACE: bool>(
    store: *mut StoreData,
    host: *mut (),
    stack: Stack,
    target: Target,
) -> Result<(), Trap> {
    // SAFETY: the contract is that of the functions which are called.
    unsafe {
        if is_noticed(store) {
            return call_noticed::<PLACE>(store, host, stack, target);
        }
        let meter = (*store).meter.as_ptr();
        call_unnoticed::<PLACE>(store, host, stack, target, meter)
    }
}

/// Whether a call has to be made by [`call_noticed`].
///
/// # Safety
/// The store is live.
#[inline(always)]
pub(crate) unsafe fn is_noticed(store: *const StoreData) -> bool {
    // SAFETY: the contract of this function: the store is live, and so is its meter.
    unsafe { zonda_exec::is_noticed((*store).meter.as_ptr()) }
}

/// [`call`] as part of its caller, where [`is_noticed`] is false. The caller has read the address of
/// the meter.
///
/// # Safety
/// As for [`call`]; the meter is the store's.
#[inline(always)]
pub(crate) unsafe fn call_unnoticed<const PLACE: bool>(
    store: *mut StoreData,
    host: *mut (),
    stack: Stack,
    target: Target,
    meter: *const Meter,
) -> Result<(), Trap> {
    // SAFETY: by the contract the store is live, and what `target` points at lives as long as the
    // store; arguments and type fit.
    unsafe {
        (*store).forget();
        match target {
            Target::Wasm(instance, func) => {
                let from = Host { meter, ..from_host(store, host, stack) };
                let args = stack.base.wrapping_add(1);
                match zonda_exec::call(from, args, func, instance) {
                    Exit::Returned => {
                        (*store).check_globals(StoreInstance::of(instance));
                        Ok(())
                    }
                    stopped => Err(stop::<PLACE>(store, stopped)),
                }
            }
            Target::Host(import) => call_host(store, host, stack, &*import),
        }
    }
}

/// The context of calls by the C API on an operand stack that ends at `stack_end`. Nothing runs in
/// it.
///
/// # Safety
/// The store is live, and stays while the context is used; its meter does.
#[cfg(feature = "capi")]
pub(crate) unsafe fn context(store: *mut StoreData, host: *mut (), stack_end: *mut u32) -> Context {
    // SAFETY: the contract of this function.
    let from = unsafe { from_host(store, host, Stack { base: stack_end, end: stack_end }) };
    Context::new(&from, stack_end)
}

/// Makes a call that was laid out, without the notice of a debugger ([`zonda_exec::is_noticed`]).
/// Returns 0 or the number of a trap.
///
/// # Safety
/// As for [`Entry::call`], of an instance of the context's store, which is live; the slots hold
/// values of the function's parameters.
#[cfg(feature = "capi")]
#[inline(always)]
pub(crate) unsafe fn call_entry<const PLACE: bool>(
    context: &mut Context,
    entry: *const Entry,
) -> u32 {
    // SAFETY: the contract of this function.
    unsafe {
        (*context.store.cast::<StoreData>()).forget();
        match Entry::call(entry, context) {
            0 => {
                (*context.store.cast::<StoreData>())
                    .check_globals(StoreInstance::of(context.instance));
                0
            }
            code => stopped::<PLACE>(context, code),
        }
    }
}

/// What is left of a call after [`Entry::call`] has returned `code`. Returns 0 or the number of a
/// trap.
///
/// # Safety
/// As for [`Entry::stopped`]; the context's store is live.
#[cfg(feature = "capi")]
#[cold]
#[inline(never)]
unsafe fn stopped<const PLACE: bool>(context: &mut Context, code: u32) -> u32 {
    // SAFETY: the contract of this function.
    unsafe {
        match Entry::stopped(context, code) {
            Exit::Returned => 0,
            stopped => stop::<PLACE>(context.store.cast(), stopped).code as u32,
        }
    }
}

/// [`call`] while a debugger is attached, or while somebody asks for something.
///
/// # Safety
/// As for [`call`].
#[cold]
#[inline(never)]
pub(crate) unsafe fn call_noticed<const PLACE: bool>(
    store: *mut StoreData,
    host: *mut (),
    stack: Stack,
    target: Target,
) -> Result<(), Trap> {
    // SAFETY: the contract of this function: instance and store are live, and the arguments fit.
    unsafe {
        (*store).forget();
        let (instance, func) = match target {
            Target::Wasm(instance, func) => (instance, func),
            Target::Host(import) => return call_host(store, host, stack, &*import),
        };
        let from = from_host(store, host, stack);
        match zonda_exec::call_noticed(from, stack.base.wrapping_add(1), func, instance) {
            Exit::Returned => {
                (*store).check_globals(StoreInstance::of(instance));
                Ok(())
            }
            stopped => Err(stop::<PLACE>(store, stopped)),
        }
    }
}

/// What a call by the host hands to the interpreter loop.
///
/// # Safety
/// The store is live.
#[inline(always)]
pub(crate) unsafe fn from_host(store: *mut StoreData, host: *mut (), stack: Stack) -> Host {
    // SAFETY: the store is live by the contract; the meter's address is read, and no reference to
    // the store kept.
    let meter = unsafe { (*store).meter.as_ptr() };
    Host { stack_end: stack.end, meter, runtime: runtime_instr::execute, store: store.cast(), host }
}

/// Why a call did not return.
///
/// # Safety
/// The store is live, and the place is in an instance of it.
#[cold]
#[inline(never)]
pub(super) unsafe fn stop<const PLACE: bool>(store: *mut StoreData, exit: Exit) -> Trap {
    let (code, place) = match exit {
        Exit::Returned => return Trap::new(TrapCode::Host),
        Exit::Refused(code) => {
            // SAFETY: by the contract the store is live, and no reference to it is.
            unsafe { (*store).observer.stop(None) };
            return Trap::new(code);
        }
        Exit::Trapped(code, place) => (code, place),
    };
    // SAFETY: by the contract the store is live, and no reference to it is, as the call has ended.
    let store = unsafe { &mut *store };
    store.observer.stop(Some(&place));
    // SAFETY: by the contract the place is in an instance of the store; the call has just ended.
    unsafe { store.record(code, &place) };
    if PLACE {
        // SAFETY: by the contract the place is in an instance of the store.
        unsafe { store.trap_at(code, &place) }
    } else {
        Trap { host: store.end_of_trap(code), ..Trap::new(code) }
    }
}

/// Calls a host function that no code stands between.
///
/// # Safety
/// As for [`call`].
#[cold]
#[inline(never)]
unsafe fn call_host(
    store: *mut StoreData,
    host: *mut (),
    stack: Stack,
    import: &ImportedFunc,
) -> Result<(), Trap> {
    // SAFETY: by the contract the store is live, and the arguments fit the import; `Stack::args`
    // found their slots on the stack.
    unsafe {
        let from = from_host(store, host, stack);
        let mut context = Context::new(&from, stack.base.add(import.params() as usize));
        let Some(host_call) = import.call else { return Err(Trap::new(TrapCode::Unlinked)) };
        match host_call(&mut context, import, stack.base.wrapping_add(1)) {
            0 => Ok(()),
            code => {
                let code = TrapCode::from_code(code).unwrap_or(TrapCode::Host);
                Err(Trap { host: (*store).end_of_trap(code), ..Trap::new(code) })
            }
        }
    }
}

impl StoreData<'_> {
    /// The trap of code that stopped at this place.
    ///
    /// # Safety
    /// The place is in an instance of this store.
    #[cold]
    unsafe fn trap_at(&mut self, code: TrapCode, place: &Place) -> Trap {
        // SAFETY: by the contract the place's instance is one of this store, so it is live and
        // published.
        let (func, offset) =
            unsafe { StoreInstance::of(place.instance) }.place(place.func, place.pc);
        message!(debug, "trap in function {} at offset 0x{:x}: {}", func, offset, code.message());
        Trap { code, func, offset, host: self.end_of_trap(code) }
    }
}
