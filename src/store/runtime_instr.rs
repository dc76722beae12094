//! Runtime instructions, which both interpreter loops hand to the runtime: indirect calls, tail
//! calls, references, tables, memory growth, bulk memory (spec: 4.4.2, 4.4.6, 4.4.7, 4.4.8).
//!
//! The code was validated: immediates are complete, indices are inside of their index spaces, and
//! operands are on the stack.

use super::bulk;
use super::func::Target;
use super::instance::StoreInstance;
use super::StoreData;
use crate::binary::types::ValType;
#[cfg(not(feature = "function-references"))]
use crate::module::FuncType;
use crate::module::ModuleData;
use zonda_exec::frame::Context;
#[cfg(feature = "native")]
use zonda_exec::native::helpers::{REFERENCE_CODE, RESOLVE_CODE};
use zonda_exec::op::codes as op;
#[cfg(feature = "exceptions")]
use zonda_exec::unwind::UNWIND_CODE;
#[cfg(feature = "simd")]
use zonda_exec::vector;
use zonda_exec::{leb128, numeric, ExecInstance, FuncLayout, TrapCode};

pub(super) type Outcome = Result<u32, TrapCode>;

pub(super) const OK: u32 = 0;

/// A runtime instruction that is being executed, with its immediates and operands.
///
/// Invariant: the context is that of running code of a live, published instance, in a call that
/// [`super::func::call`] made.
pub(super) struct RuntimeInstr<'c> {
    pub(super) context: &'c mut Context,
}

impl<'c> RuntimeInstr<'c> {
    /// Reads the instruction's indices, then its operands of one slot each, the lowest first.
    ///
    /// # Safety
    /// The instruction has that many immediates in front of the program counter, unsigned and not
    /// read yet, and that many slots of operands.
    #[inline(always)]
    pub(super) unsafe fn read<const I: usize, const N: usize>(&mut self) -> ([u32; I], [u32; N]) {
        // SAFETY: the contract.
        let indices = core::array::from_fn(|_| unsafe { self.index() });
        // SAFETY: the operands are the topmost slots, and `sp` points at the last of them. The slot
        // below is the frame's pad or another operand. Slots are aligned as `u32`.
        let operands = unsafe {
            self.context.sp = self.context.sp.sub(N);
            self.context.sp.add(1).cast::<[u32; N]>().read()
        };
        (indices, operands)
    }

    /// Reads an unsigned immediate.
    ///
    /// # Safety
    /// The instruction has one that was not read yet.
    pub(super) unsafe fn index(&mut self) -> u32 {
        // SAFETY: the program counter is at the immediate, which the validator found complete.
        let (value, next) = unsafe { leb128::u32(self.context.pc) };
        self.context.pc = next;
        value
    }

    /// Pushes a result of one slot.
    ///
    /// # Safety
    /// The instruction has a result, and its operands were read.
    pub(super) unsafe fn push(&mut self, value: u32) {
        // SAFETY: the validator computed the highest operand stack with this result, and the call
        // checked that the frame fits.
        unsafe {
            self.context.sp = self.context.sp.add(1);
            *self.context.sp = value;
        }
    }

    /// The running instance. Nothing makes a mutable reference to it while its code runs.
    pub(super) fn instance(&self) -> &'c StoreInstance<'c> {
        // SAFETY: by the invariant the instance is live and published. `set_mode` alone changes an
        // instance, and refuses that while a call runs.
        unsafe { StoreInstance::of(self.context.instance) }
    }

    /// The store, until something is called.
    pub(super) fn store(&self) -> &StoreData<'c> {
        // SAFETY: `call` has set it to the store that runs the call. Host functions may change the
        // store, but none is called while `self` is borrowed.
        unsafe { &*self.context.store.cast() }
    }
}

/// See [`zonda_exec::frame::RuntimeFn`].
///
/// # Safety
/// The context is that of running, validated code whose instruction has this opcode, in a call that
/// [`super::func::call`] made.
pub(super) unsafe extern "C" fn execute(context: &mut Context, code: u8) -> u32 {
    let mut instr = RuntimeInstr { context };
    let instance = instr.instance();
    instr.store().check_globals(instance);
    // SAFETY: the instruction is at its immediates, with its operands on the stack.
    let widen = match unsafe { instr.narrow(code) } {
        Ok(widen) => widen,
        Err(trap) => return trap as u32,
    };
    // SAFETY: the validator accepted the instruction with the immediates and operands that each
    // pattern reads (spec: 5.4), and checked that table and memory indices are inside of their
    // index spaces. Records live as long as the store. References to a memory or table last for one
    // arm here, and no code runs meanwhile.
    let outcome = unsafe {
        match code {
            op::CALL_INDIRECT => instr.call_indirect(false),
            op::RETURN_CALL_INDIRECT => instr.call_indirect(true),
            // Of fast mode, where index or frame are large.
            op::CALL => instr.call(false),
            op::RETURN_CALL => instr.call(true),
            op::TABLE_GET => {
                let ([table], [index]) = instr.read();
                let table = &*instance.table(table);
                match table.element(index) {
                    Some(element) => {
                        instr.store().check_reference(table.ty().element, *element as u64);
                        instr.push(*element);
                        Ok(OK)
                    }
                    None => Err(TrapCode::TableOutOfBounds),
                }
            }
            op::TABLE_SET => {
                let ([table], [index, value]) = instr.read();
                let table = &*instance.table(table);
                instr.store().check_reference(table.ty().element, value as u64);
                match table.element(index) {
                    Some(element) => {
                        *element = value;
                        Ok(OK)
                    }
                    None => Err(TrapCode::TableOutOfBounds),
                }
            }
            op::MEMORY_SIZE => {
                let ([memory], []) = instr.read();
                instr.push((*instance.memory(memory)).program_pages());
                Ok(OK)
            }
            op::MEMORY_GROW => {
                let ([memory], [delta]) = instr.read();
                let before = (*instance.memory(memory)).grow(delta, &instr.store().budget);
                if let Err(fault) = before {
                    let (host, size) = (instr.context.host, (*instance.memory(memory)).seen.size());
                    let limit = fault == super::fault::Fault::CANNOT_GROW;
                    instr.store().observer.fail_to_grow(host, delta, size, memory, limit);
                }
                instr.push(before.unwrap_or(u32::MAX));
                Ok(OK)
            }
            op::REF_NULL => {
                let ([_heap_type], []) = instr.read();
                instr.push(0);
                Ok(OK)
            }
            op::REF_IS_NULL => {
                let ([], [reference]) = instr.read();
                instr.push((reference == 0) as u32);
                Ok(OK)
            }
            op::REF_FUNC => {
                let ([func], []) = instr.read();
                instr.push(instance.func_base + func);
                Ok(OK)
            }
            #[cfg(feature = "function-references")]
            op::CALL_REF => instr.call_ref(false),
            #[cfg(feature = "function-references")]
            op::RETURN_CALL_REF => instr.call_ref(true),
            #[cfg(feature = "function-references")]
            op::REF_AS_NON_NULL => instr.as_non_null(),
            #[cfg(all(feature = "function-references", feature = "classic"))]
            op::BR_ON_NULL | op::BR_ON_NON_NULL => instr.branch_on_null(code),
            #[cfg(feature = "gc")]
            op::REF_EQ => instr.ref_eq(),
            #[cfg(feature = "gc")]
            op::GC_PREFIX => instr.gc(),
            op::PREFIX => instr.prefixed(),
            #[cfg(feature = "simd")]
            op::VECTOR_PREFIX => {
                let ([code], []) = instr.read();
                vector::execute(instr.context, code).map(|()| OK)
            }
            #[cfg(feature = "threads")]
            op::ATOMIC_PREFIX => {
                let ([code], []) = instr.read();
                zonda_exec::atomic::execute(instr.context, code).map(|()| OK)
            }
            // Of classic mode, on values of four slots.
            #[cfg(all(feature = "simd", feature = "classic"))]
            op::DROP
            | op::SELECT
            | op::SELECT_TYPED
            | op::LOCAL_GET
            | op::LOCAL_SET
            | op::LOCAL_TEE
            | op::GLOBAL_GET
            | op::GLOBAL_SET => {
                vector::execute_move(instr.context, code);
                Ok(OK)
            }
            #[cfg(feature = "exceptions")]
            op::THROW => instr.throw(),
            #[cfg(feature = "exceptions")]
            op::THROW_REF => instr.throw_ref(),
            #[cfg(feature = "legacy-exceptions")]
            op::RETHROW => instr.rethrow(),
            #[cfg(feature = "exceptions")]
            UNWIND_CODE => instr.unwind(),
            #[cfg(feature = "native")]
            RESOLVE_CODE => instr.resolve(),
            #[cfg(feature = "native")]
            REFERENCE_CODE => instr.reference(),
            // The validator accepts no other opcode.
            _ => Err(TrapCode::Unreachable),
        }
    };
    if widen && outcome == Ok(OK) {
        // SAFETY: the instruction has left a result of one slot, whose type takes two.
        unsafe { instr.widen() };
    }
    outcome.unwrap_or_else(|trap| trap as u32)
}

/// Whether a function of the module has a subtype of another type, which is not its own.
#[cfg(feature = "function-references")]
fn is_declared_subtype(data: &ModuleData, func: &FuncLayout, ty: u32) -> bool {
    data.table.table().is_subtype(func.type_index as u32, ty)
}

/// Whether a function of the module has a subtype of another type, which is not its own.
#[cfg(not(feature = "function-references"))]
#[inline(always)]
fn is_declared_subtype(_: &ModuleData, _: &FuncLayout, _: u32) -> bool {
    false
}

impl RuntimeInstr<'_> {
    /// Executes an instruction of two opcodes, of which the first was read.
    ///
    /// # Safety
    /// The instruction is such a one.
    unsafe fn prefixed(&mut self) -> Outcome {
        // SAFETY: the second opcode is encoded as an index is.
        let code = unsafe { self.index() };
        if code < 8 {
            // SAFETY: a saturating conversion, whose operand is the topmost.
            let (top, code) =
                unsafe { numeric::execute(0xfc00 | code as u16, self.context.sp.add(1)) };
            // SAFETY: the result takes at least one slot, and `top` is one past it.
            self.context.sp = unsafe { top.sub(1) };
            return Ok(code);
        }
        if cfg!(feature = "wide-arithmetic") && code >= 19 {
            // SAFETY: the validator accepts 0xFC 19 to 22 from there on.
            return unsafe { self.wide_arithmetic(code) };
        }
        // SAFETY: the opcodes were read, and nothing else of the instruction.
        unsafe { bulk::execute(self, code) }
    }

    /// # Safety
    /// The instruction is `call_indirect`, or `return_call_indirect` with `tail`.
    unsafe fn call_indirect(&mut self, tail: bool) -> Outcome {
        // SAFETY: the contract of this function.
        let target = unsafe { self.referenced() }?;
        // SAFETY: the function has the type of the instruction, so its arguments are the topmost
        // operands.
        unsafe { self.go(target, tail) }
    }

    /// Reads the immediates and the operand of an indirect call, and finds what it calls.
    ///
    /// # Safety
    /// As for [`RuntimeInstr::call_indirect`].
    #[inline(always)]
    pub(super) unsafe fn referenced(&mut self) -> Result<Target, TrapCode> {
        let instance = self.instance();
        // SAFETY: the instruction has a type and a table index, which the validator checked, and
        // the element's index as its topmost operand.
        let (ty, element) = unsafe {
            let ([ty, table], [index]) = self.read();
            (ty, (*instance.table(table)).element(index).map(|element| *element))
        };
        let address = element.ok_or(TrapCode::UndefinedElement)?;
        if address == 0 {
            return Err(TrapCode::UninitializedElement);
        }
        self.typed_target(address, ty)
    }

    /// Where a call of the function at an address goes, which has to have a type of the instance.
    #[inline(always)]
    pub(super) fn typed_target(&mut self, address: u32, ty: u32) -> Result<Target, TrapCode> {
        let instance = self.instance();
        self.store().check_reference(ValType::FuncRef, address as u64);
        let data = &*instance.module.data;
        let wanted = data.types.get(ty as usize).ok_or(TrapCode::IndirectCallTypeMismatch)?;
        let local = address.wrapping_sub(instance.func_base);
        Ok(if let Some(func) = instance.defined(local) {
            // The common case: a function of the same instance, whose type is known by its number.
            if func.type_index != wanted.canonical && !is_declared_subtype(data, func, ty) {
                return Err(TrapCode::IndirectCallTypeMismatch);
            }
            // SAFETY: it is a function that the running instance defines.
            Target::Wasm(unsafe { instance.twin.runner(&raw const instance.seen, local) }, local)
        } else {
            let store = self.store();
            #[cfg(feature = "function-references")]
            if !store
                .func_type_number(address)
                .is_some_and(|number| store.types.0.is_subtype(number, instance.types.get(ty)))
            {
                return Err(TrapCode::IndirectCallTypeMismatch);
            }
            #[cfg(not(feature = "function-references"))]
            let ty = store.func_type(address).ok_or(TrapCode::UndefinedElement)?;
            #[cfg(not(feature = "function-references"))]
            if ty != FuncType::of(data.value_types(), wanted) {
                return Err(TrapCode::IndirectCallTypeMismatch);
            }
            store.target(address).ok_or(TrapCode::UndefinedElement)?
        })
    }

    /// # Safety
    /// The instruction is `call`, or `return_call` with `tail`.
    unsafe fn call(&mut self, tail: bool) -> Outcome {
        // SAFETY: the instruction has a function index; its operands are the arguments, which the
        // validator compared.
        unsafe {
            let ([func], []) = self.read();
            let target = self.instance().target(func).ok_or(TrapCode::Unlinked)?;
            self.go(target, tail)
        }
    }

    /// Calls a function.
    ///
    /// # Safety
    /// It is of this store, and its arguments are the topmost operands.
    pub(super) unsafe fn go(&mut self, target: Target, tail: bool) -> Outcome {
        let context = &mut *self.context;
        // SAFETY: by the contract the arguments are those of the function. Instances and imports
        // that a target points at have fixed addresses and live as long as the store; a host
        // function may add to the store, but neither moves nor changes them.
        unsafe {
            match target {
                Target::Wasm(instance, func) => {
                    let callee = (*instance).callee(func);
                    if tail {
                        return context.tail_call(callee, instance);
                    }
                    if core::ptr::eq(instance, context.instance) {
                        return context.call(callee);
                    }
                    let (pc, caller): (_, *const ExecInstance) = (context.pc, context.instance);
                    context.enter(callee, instance, pc, caller)
                }
                Target::Host(import) => {
                    let import = &*import;
                    let call = import.call.ok_or(TrapCode::Unlinked)?;
                    let code = call(context, import, import.args(context.sp));
                    if code != OK {
                        return Ok(code);
                    }
                    context.sp = import.after(context.sp);
                    #[cfg(feature = "classic")]
                    if tail && (*context.instance).mode == zonda_exec::Mode::Classic {
                        // The results lie on top: go on at the function's `end`, which returns
                        // them. Register bytecode returns them itself.
                        context.pc = (*context.func.cast::<zonda_exec::ClassicFunc>()).end.sub(1);
                    }
                    Ok(OK)
                }
            }
        }
    }
}
