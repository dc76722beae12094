//! What the loops leave to the runtime: indirect calls, tail calls, references, tables, memory growth, bulk operations
//! (spec: 4.4.2, 4.4.6, 4.4.7, 4.4.8).
//!
//! The code was validated, so immediates are complete, indices are inside their spaces, and operands are there.

use super::bulk;
use super::func::Target;
use super::instance::StoreInstance;
use super::StoreData;
use crate::module::FuncType;
use zonda_exec::frame::Context;
use zonda_exec::op::codes as op;
use zonda_exec::{leb128, numeric, ExecInstance, TrapCode};

type Outcome = Result<u32, TrapCode>;

const OK: u32 = 0;

/// The context of a instr operation, with its operands and immediates at hand.
pub(super) struct RuntimeInstr<'c> {
    pub(super) context: &'c mut Context,
}

impl RuntimeInstr<'_> {
    /// Reads an unsigned immediate.
    pub(super) fn index(&mut self) -> u32 {
        // SAFETY: validated code has the immediates of its operation.
        let (value, next) = unsafe { leb128::u32(self.context.pc) };
        self.context.pc = next;
        value
    }

    /// Takes an operand of one slot.
    pub(super) fn pop(&mut self) -> u32 {
        // SAFETY: validated code has the operands of its operation.
        unsafe {
            let value = *self.context.sp;
            self.context.sp = self.context.sp.sub(1);
            value
        }
    }

    /// Pushes a result of one slot.
    pub(super) fn push(&mut self, value: u32) {
        // SAFETY: validation computed the highest stack, and the call checked that there is room for it.
        unsafe {
            self.context.sp = self.context.sp.add(1);
            *self.context.sp = value;
        }
    }

    /// The running instance.
    pub(super) fn instance<'i>(&self) -> &'i StoreInstance<'i> {
        // SAFETY: the running instance is live and published.
        unsafe { StoreInstance::of(self.context.instance) }
    }

    /// The store.
    pub(super) fn store<'i>(&self) -> &'i StoreData<'i> {
        // SAFETY: set at the call by the host to the store that runs it.
        unsafe { &*self.context.store.cast() }
    }

    /// A table of the running instance.
    pub(super) fn table<'i>(&self, index: u32) -> &'i mut super::TableData {
        // SAFETY: validation checked the index; tables live as long as the store.
        unsafe { &mut **self.instance().tables.get_unchecked(index as usize) }
    }

    /// A memory of the running instance.
    pub(super) fn memory<'i>(&self, index: u32) -> &'i mut super::MemoryData {
        // SAFETY: validation checked the index; memories live as long as the store.
        unsafe { &mut **self.instance().memories.get_unchecked(index as usize) }
    }
}

/// See [`zonda_exec::frame::RuntimeFn`].
///
/// # Safety
/// The context is that of running, validated code whose operation has this code, with the store that [`super::func::call`] set.
pub(super) unsafe extern "C" fn execute(context: &mut Context, code: u8) -> u32 {
    let mut instr = RuntimeInstr { context };
    let outcome = match code {
        op::CALL_INDIRECT => instr.call_indirect(false),
        op::RETURN_CALL_INDIRECT => instr.call_indirect(true),
        // Of fast mode, where index or frame are large.
        op::CALL => instr.call(false),
        op::RETURN_CALL => instr.call(true),
        op::TABLE_GET => {
            let table = instr.index();
            let index = instr.pop();
            match instr.table(table).elements.get(index as usize) {
                Some(&element) => {
                    instr.push(element);
                    Ok(OK)
                }
                None => Err(TrapCode::TableOutOfBounds),
            }
        }
        op::TABLE_SET => {
            let table = instr.index();
            let value = instr.pop();
            let index = instr.pop();
            match instr.table(table).elements.get_mut(index as usize) {
                Some(element) => {
                    *element = value;
                    Ok(OK)
                }
                None => Err(TrapCode::TableOutOfBounds),
            }
        }
        op::MEMORY_SIZE => {
            let memory = instr.index();
            instr.push(instr.memory(memory).seen.pages);
            Ok(OK)
        }
        op::MEMORY_GROW => {
            let memory = instr.index();
            let delta = instr.pop();
            instr.push(instr.memory(memory).grow(delta).unwrap_or(u32::MAX));
            Ok(OK)
        }
        op::REF_NULL => {
            instr.index();
            instr.push(0);
            Ok(OK)
        }
        op::REF_IS_NULL => {
            let reference = instr.pop();
            instr.push((reference == 0) as u32);
            Ok(OK)
        }
        op::REF_FUNC => {
            let index = instr.index();
            instr.push(instr.instance().func_base + index);
            Ok(OK)
        }
        op::PREFIX => instr.prefixed(),
        // Validation lets nothing else through.
        _ => Err(TrapCode::Unreachable),
    };
    outcome.unwrap_or_else(|trap| trap as u32)
}

impl RuntimeInstr<'_> {
    fn prefixed(&mut self) -> Outcome {
        let code = self.index();
        if code < 8 {
            // SAFETY: a saturating conversion with its operand below the top.
            let (top, code) =
                unsafe { numeric::execute(0xfc00 | code as u16, self.context.sp.add(1)) };
            // SAFETY: `top` is one past a slot of the stack.
            self.context.sp = unsafe { top.sub(1) };
            return Ok(code);
        }
        bulk::execute(self, code)
    }

    fn call_indirect(&mut self, tail: bool) -> Outcome {
        let ty = self.index();
        let table = self.index();
        let index = self.pop();
        let address =
            *self.table(table).elements.get(index as usize).ok_or(TrapCode::UndefinedElement)?;
        if address == 0 {
            return Err(TrapCode::UninitializedElement);
        }
        let instance = self.instance();
        let data = &*instance.module.data;
        let wanted = data.types.get(ty as usize).ok_or(TrapCode::IndirectCallTypeMismatch)?;
        let local = address.wrapping_sub(instance.func_base);
        if let Some(func) = instance.defined(local) {
            // The common case: a function of the same instance, whose type is known by its number.
            if func.type_index != wanted.canonical {
                return Err(TrapCode::IndirectCallTypeMismatch);
            }
            return self.go(Target::Wasm(&raw const instance.seen, local), tail);
        }
        let store = self.store();
        let ty = store.func_type(address).ok_or(TrapCode::UndefinedElement)?;
        if ty != FuncType::of(data.bytes, wanted) {
            return Err(TrapCode::IndirectCallTypeMismatch);
        }
        self.go(store.target(address).ok_or(TrapCode::UndefinedElement)?, tail)
    }

    fn call(&mut self, tail: bool) -> Outcome {
        let func = self.index();
        self.go(self.instance().target(func).ok_or(TrapCode::Unlinked)?, tail)
    }

    /// Calls a function whose arguments lie on top of the stack.
    fn go(&mut self, target: Target, tail: bool) -> Outcome {
        let context = &mut *self.context;
        // SAFETY: types were checked, so the arguments are those of the function; targets live as long as the store.
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
                    let call = import.call.ok_or(TrapCode::Unlinked)?;
                    let code = call(context, import, import.args(context.sp));
                    if code != OK {
                        return Ok(code);
                    }
                    context.sp = import.after(context.sp);
                    #[cfg(feature = "classic")]
                    if tail && (*context.instance).mode == zonda_exec::Mode::Classic {
                        // The results lie on top: go on at the function's `end`, which returns them. Register code returns them by itself.
                        context.pc = (*context.func.cast::<zonda_exec::ClassicFunc>()).end.sub(1);
                    }
                    Ok(OK)
                }
            }
        }
    }
}
