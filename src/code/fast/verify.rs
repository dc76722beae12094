//! Verifies the functions of a precompiled module as hostile input: records against the types that
//! the module declares, and what register bytecode names of the module.
//! [`zonda_exec::fast::verify`] has the rules about slots, branches and returns;
//! docs/precompiled-module.md has all.

use super::precompiled::{overhead, Precompiled};
use crate::alloc::TryVec;
use crate::binary::types::{Code, IndexType, ValType};
use crate::error::ArtifactErrorKind;
use crate::limits::MAX_LOCAL_SLOTS;
use crate::validate::env::Env;
#[cfg(feature = "threads")]
use zonda_exec::atomic;
#[cfg(feature = "simd")]
use zonda_exec::fast::op::VECTOR;
use zonda_exec::fast::verify::{marks, ModuleRules, Verifier, Violation, GUARD, MAX_SLOTS};
use zonda_exec::op::codes::*;
use zonda_exec::op::{self, InstrClass};
#[cfg(feature = "simd")]
use zonda_exec::vector::op::Row;
use zonda_exec::FastFunc;

/// What is wrong, and its offset in the precompiled module.
pub(crate) type Verified = Result<(), (ArtifactErrorKind, u32)>;

/// Verifies functions and code. The module was read into `env`; it has `imported` imported
/// functions and `data` data segments.
#[inline(never)]
pub(crate) fn verify(file: &Precompiled, env: &Env, imported: u32, data: u32) -> Verified {
    let [module_at, funcs_at, code_at] = file.at;
    without_references(env).map_err(|(kind, at)| (kind, module_at + at))?;
    let overhead = overhead(file.word_size);
    let longest = records(file, env, imported, overhead)
        .map_err(|(kind, index)| (kind, funcs_at + index * size_of::<FastFunc>() as u32))?;
    let mut bits = TryVec::zeroed(marks(longest)).map_err(|error| (error.into(), 0))?;
    let mut rules = Names { env, imported, data, wrong: ArtifactErrorKind::Instruction };
    let mut verifier = Verifier {
        code: file.code,
        funcs: file.funcs,
        imported,
        overhead,
        marks: &mut bits,
        rules: &mut rules,
        handlers: file.handlers.to_verify(),
    };
    let mut refused = Ok(());
    for index in 0..file.funcs.len() {
        refused = verifier.function(index as u32, end(file, index));
        if refused.is_err() {
            break;
        }
    }
    if refused.is_ok() && !verifier.handlers.is_complete() {
        refused = Err((Violation::Flow, file.code.len() as u32));
    }
    refused.map_err(|(violation, at)| {
        let kind = match violation {
            Violation::Instruction => ArtifactErrorKind::Instruction,
            Violation::Slot => ArtifactErrorKind::Slot,
            Violation::Branch => ArtifactErrorKind::Branch,
            Violation::Flow => ArtifactErrorKind::Flow,
            Violation::Module => rules.wrong,
        };
        (kind, code_at + at)
    })
}

/// Where the code of a function ends.
fn end(file: &Precompiled, index: usize) -> u32 {
    file.funcs.get(index + 1).map_or(file.code.len().saturating_sub(GUARD) as u32, |next| next.code)
}

/// Refuses references as values: register bytecode has no types that keep them apart from numbers.
fn without_references(env: &Env) -> Verified {
    let is_ref = |code: Code| ValType::from_code(code).is_some_and(ValType::is_ref);
    for ty in env.types.iter() {
        let all = env.params(ty).iter().chain(env.results(ty));
        if all.into_iter().any(|&code| is_ref(code)) {
            return Err((ArtifactErrorKind::References, ty.params));
        }
    }
    if env.globals.iter().any(|global| global.content.is_ref()) {
        return Err((ArtifactErrorKind::References, 0));
    }
    Ok(())
}

/// Checks the records. Returns the length of the longest function's code, or the index of a wrong
/// record.
fn records(
    file: &Precompiled,
    env: &Env,
    imported: u32,
    overhead: u32,
) -> Result<u32, (ArtifactErrorKind, u32)> {
    let wrong = |index: usize| (ArtifactErrorKind::Record, index as u32);
    let declared = env.funcs.get(imported as usize..).unwrap_or(&[]);
    let Some(code_len) = file.code.len().checked_sub(GUARD) else {
        return Err((ArtifactErrorKind::Layout, 0));
    };
    if file.code.get(code_len..).is_none_or(|guard| guard.iter().any(|&byte| byte != 0)) {
        return Err((ArtifactErrorKind::Layout, 0));
    }
    if declared.len() != file.funcs.len() || declared.is_empty() && code_len != 0 {
        return Err(wrong(0));
    }
    let (mut start, mut longest) = (0, 0);
    for (index, (func, &ty)) in file.funcs.iter().zip(declared).enumerate() {
        let layout = &func.layout;
        let declared = env.ty(ty as u32).map_err(|_| wrong(index))?;
        let is_declared = layout.type_index == ty
            && layout.params == declared.param_slots
            && layout.results == declared.result_slots;
        let slots =
            (layout.params as u32).checked_add(layout.frame).filter(|&slots| slots <= MAX_SLOTS);
        let has_operands = slots.is_some_and(|slots| slots > layout.locals as u32 + overhead);
        let end = end(file, index);
        let is_next = func.code == start && start < end && end as usize <= code_len;
        if !is_declared
            || layout.locals < layout.params
            || layout.locals as u32 > MAX_LOCAL_SLOTS
            || !has_operands
            || !is_next
        {
            return Err(wrong(index));
        }
        longest = longest.max(end - start);
        start = end;
    }
    Ok(longest)
}

/// What register bytecode names of the module, checked by the rules of validation (spec: 3.3).
struct Names<'v, 'a> {
    env: &'v Env<'a>,
    imported: u32,
    data: u32,
    /// Why the last check failed.
    wrong: ArtifactErrorKind,
}

impl ModuleRules for Names<'_, '_> {
    fn global(&mut self, index: u16, wide: bool, written: bool) -> bool {
        self.wrong = match self.env.global(index as u32) {
            Ok(global) if global.content.slots() != 1 + wide as u32 => {
                ArtifactErrorKind::TypeMismatch
            }
            Ok(global) if written && !global.mutable => ArtifactErrorKind::ImmutableGlobal,
            Ok(_) => return true,
            Err(kind) => kind.into(),
        };
        false
    }

    #[cfg(feature = "simd")]
    fn vector_global(&mut self, index: u16, written: bool) -> bool {
        self.wrong = match self.env.global(index as u32) {
            Ok(global) if global.content.slots() != 4 => ArtifactErrorKind::TypeMismatch,
            Ok(global) if written && !global.mutable => ArtifactErrorKind::ImmutableGlobal,
            Ok(_) => return true,
            Err(kind) => kind.into(),
        };
        false
    }

    fn instruction(
        &mut self,
        func: u32,
        code: u16,
        [first, second]: [u32; 2],
    ) -> Option<(u32, u32)> {
        match self.slots(func, code, first, second) {
            Ok(slots) => Some(slots),
            Err(kind) => {
                self.wrong = kind;
                None
            }
        }
    }

    #[cfg(feature = "exceptions")]
    fn caught(&mut self, handler: &zonda_exec::unwind::Handler) -> Option<u32> {
        let slots = match handler.tag_index() {
            _ if exposes_reference(handler) => Err(ArtifactErrorKind::References),
            None => Ok(0),
            Some(tag) => self.env.tag(tag).map(|ty| ty.param_slots as u32).map_err(Into::into),
        };
        slots.map_err(|kind| self.wrong = kind).ok()
    }
}

/// Whether a handler brings a reference to where instructions can name it.
#[cfg(feature = "legacy-exceptions")]
fn exposes_reference(handler: &zonda_exec::unwind::Handler) -> bool {
    handler.wants_reference() && handler.kept().is_none()
}

/// Whether a handler brings a reference.
#[cfg(all(feature = "exceptions", not(feature = "legacy-exceptions")))]
fn exposes_reference(handler: &zonda_exec::unwind::Handler) -> bool {
    handler.wants_reference()
}

impl Names<'_, '_> {
    /// Slots that an instruction takes and leaves, if it is allowed.
    #[inline(never)]
    fn slots(
        &self,
        func: u32,
        code: u16,
        first: u32,
        second: u32,
    ) -> Result<(u32, u32), ArtifactErrorKind> {
        let env = self.env;
        let memory = |index: u32| Ok::<_, ArtifactErrorKind>(env.memory(index).map(|_| ())?);
        // Slots that an address or an index takes beyond the first.
        let more = |index: IndexType| index.is_64() as u32;
        let of_memory = |index: u32| more(env.memory_index(index));
        let of_table = |index: u32| more(env.table_index(index));
        if code < 0x100 {
            match code as u8 {
                CALL => {
                    let ty = env.func(first)?;
                    return Ok((ty.param_slots as u32, ty.result_slots as u32));
                }
                CALL_INDIRECT => return self.indirect(first, second),
                RETURN_CALL => {
                    let ty =
                        *env.funcs.get(first as usize).ok_or(ArtifactErrorKind::UnknownFunc)?;
                    self.tail(func, ty as u32)?;
                    let ty = env.ty(ty as u32)?;
                    // A host function leaves its results here.
                    return Ok((
                        ty.param_slots as u32,
                        if first < self.imported { ty.result_slots as u32 } else { 0 },
                    ));
                }
                RETURN_CALL_INDIRECT => {
                    self.tail(func, first)?;
                    return self.indirect(first, second);
                }
                #[cfg(feature = "exceptions")]
                THROW => return Ok((env.tag(first)?.param_slots as u32, 0)),
                // The verifier checks that nothing else names the slot that it does.
                #[cfg(feature = "legacy-exceptions")]
                RETHROW => return Ok((0, 0)),
                #[cfg(feature = "exceptions")]
                THROW_REF => return Err(ArtifactErrorKind::References),
                MEMORY_SIZE | MEMORY_GROW => {
                    env.sizes_memory.set(true);
                    let slots = 1 + of_memory(first);
                    let operands = if code == MEMORY_GROW as u16 { slots } else { 0 };
                    return memory(first).map(|_| (operands, slots));
                }
                TABLE_GET | TABLE_SET | REF_NULL | REF_IS_NULL | REF_FUNC => {
                    return Err(ArtifactErrorKind::References)
                }
                _ => {}
            }
            let sig = op::sig(code as u8);
            if sig.is_float() && !cfg!(feature = "float") {
                return Err(ArtifactErrorKind::SwitchedOff);
            }
            let slots = sig.value().slots();
            return match sig.class() {
                InstrClass::Load => memory(second).map(|_| (1 + of_memory(second), slots)),
                InstrClass::Store => memory(second).map(|_| (1 + of_memory(second) + slots, 0)),
                _ => Err(ArtifactErrorKind::Instruction),
            };
        }
        #[cfg(feature = "threads")]
        if let Some(code) = code.checked_sub(atomic::CODE) {
            let row = atomic::Row::of(code as u32).ok_or(ArtifactErrorKind::Instruction)?;
            if row.kind == atomic::Kind::Fence {
                return Ok((0, 0));
            }
            let slots = (1 + of_memory(second) + row.operands(), row.results());
            return memory(second).map(|_| slots);
        }
        #[cfg(feature = "simd")]
        if let Some(row) = code.checked_sub(VECTOR).and_then(|code| Row::of(code as u32)) {
            let [a, b, c] = row.operands();
            if row.is_float() && !cfg!(feature = "float") {
                return Err(ArtifactErrorKind::SwitchedOff);
            }
            if row.is_access() {
                return memory(second).map(|_| (a + of_memory(second) + b + c, row.results()));
            }
            return Ok((a + b + c, row.results()));
        }
        let data = |index: u32| {
            if index < self.data {
                Ok(())
            } else {
                Err(ArtifactErrorKind::UnknownData)
            }
        };
        // What is moved, and where to: a segment of functions is of a type below that of a table.
        let same = |a: ValType, b: ValType| {
            if a == b || self.env.table.is_sub(a.code(), b.code()) {
                Ok(())
            } else {
                Err(ArtifactErrorKind::TypeMismatch)
            }
        };
        match code {
            MEMORY_INIT => data(first).and(memory(second)).map(|_| (3 + of_memory(second), 0)),
            DATA_DROP => data(first).map(|()| (0, 0)),
            MEMORY_COPY => {
                let [a, b] = [of_memory(first), of_memory(second)];
                memory(first).and(memory(second)).map(|_| (3 + a + b + a.min(b), 0))
            }
            MEMORY_FILL => memory(first).map(|_| (3 + 2 * of_memory(first), 0)),
            TABLE_INIT => same(env.element(first)?, env.table(second)?.element)
                .map(|()| (3 + of_table(second), 0)),
            ELEM_DROP => Ok(env.element(first).map(|_| (0, 0))?),
            TABLE_COPY => {
                let [a, b] = [of_table(first), of_table(second)];
                same(env.table(second)?.element, env.table(first)?.element)
                    .map(|()| (3 + a + b + a.min(b), 0))
            }
            TABLE_SIZE => Ok(env.table(first).map(|_| (0, 1 + of_table(first)))?),
            TABLE_GROW | TABLE_FILL => Err(ArtifactErrorKind::References),
            I64_ADD128 | I64_SUB128 if cfg!(feature = "wide-arithmetic") => Ok((8, 4)),
            I64_MUL_WIDE_S | I64_MUL_WIDE_U if cfg!(feature = "wide-arithmetic") => Ok((4, 4)),
            _ => Err(ArtifactErrorKind::Instruction),
        }
    }

    /// `call_indirect`: a type, a table, and the element's index on top of the operands.
    fn indirect(&self, ty: u32, table: u32) -> Result<(u32, u32), ArtifactErrorKind> {
        let ty = self.env.ty(ty)?;
        if self.env.table(table)?.element != ValType::FuncRef {
            return Err(ArtifactErrorKind::TypeMismatch);
        }
        let index = 1 + self.env.table_index(table).is_64() as u32;
        Ok((ty.param_slots as u32 + index, ty.result_slots as u32))
    }

    /// The callee of a tail call has the results of the function.
    fn tail(&self, func: u32, ty: u32) -> Result<(), ArtifactErrorKind> {
        if !cfg!(feature = "tail-call") {
            return Err(ArtifactErrorKind::SwitchedOff);
        }
        let env = self.env;
        if env.results(env.func(self.imported + func)?) != env.results(env.ty(ty)?) {
            return Err(ArtifactErrorKind::TypeMismatch);
        }
        Ok(())
    }
}
