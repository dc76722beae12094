//! Execution of instructions on structures and arrays, and of casts (spec: 4.6.7, 4.6.10; feature
//! `gc`). Both loops leave them to the runtime.
//!
//! Operands are read after what they are for was made: until then a collection finds the references
//! among them on the operand stack.

use super::bulk::data_bytes;
use super::heap::element_bytes;
use super::link::element_values;
use super::runtime_instr::{Outcome, RuntimeInstr, OK};
use super::StoreData;
use crate::binary::references::{concrete, is_ref, NON_NULL};
use crate::binary::types::Code;
use crate::validate::type_table::{field_slots, MUTABLE};
use zonda_exec::gc::*;
use zonda_exec::TrapCode;

const NULL_ARRAY: TrapCode = TrapCode::NullArray;
const OUTSIDE: TrapCode = TrapCode::ArrayOutOfBounds;

/// Extends the sign of a packed value, where the instruction wants that.
fn extend(value: u32, field: Code, signed: bool) -> u32 {
    let bytes = element_bytes(field) as u32;
    if bytes >= 4 {
        return value;
    }
    let shift = 32 - 8 * bytes;
    if signed {
        ((value << shift) as i32 >> shift) as u32
    } else {
        value << shift >> shift
    }
}

/// Whether `len` items from `at` on are among `count`.
fn inside(at: u32, len: u32, count: u32) -> bool {
    at.checked_add(len).is_some_and(|end| end <= count)
}

impl<'c> RuntimeInstr<'c> {
    fn heap(&mut self) -> &mut StoreData<'c> {
        // SAFETY: the store runs the call, and no other reference to it is used while `self` is
        // borrowed: no code and no host function runs meanwhile.
        unsafe { &mut *self.context.store.cast() }
    }

    /// The field with this number of a structure, or of the elements of an array: its code, and the
    /// slots before it.
    fn field(&self, ty: u32, number: u32) -> (Code, usize) {
        let table = self.instance().module.data.table.table();
        let Some(def) = table.def(ty) else { return (0, 0) };
        let at = def.first as usize + number as usize;
        let offset = table.offsets.get(at).copied().unwrap_or(0);
        (table.codes.get(at).copied().unwrap_or(0), offset as usize)
    }

    /// Pops a value of a field.
    ///
    /// # Safety
    /// It is the topmost operand.
    unsafe fn pop_value(&mut self, field: Code) -> [u32; 4] {
        let mut value = [0; 4];
        let slots = field_slots(field) as usize;
        for slot in value.iter_mut().take(slots).rev() {
            // SAFETY: the contract of this function: the value has so many slots.
            unsafe {
                let ([], [own]) = self.read();
                *slot = own;
            }
        }
        value
    }

    /// # Safety
    /// The instruction has a result of this field's type, and its operands were read.
    unsafe fn push_value(&mut self, field: Code, value: &[u32; 4]) {
        for &slot in value.iter().take(field_slots(field) as usize) {
            // SAFETY: the contract of this function.
            unsafe { self.push(slot) };
        }
    }

    /// Reads a heap type; returns its code in the store.
    ///
    /// # Safety
    /// The instruction has one that was not read yet.
    unsafe fn heap_type(&mut self) -> Code {
        // SAFETY: the contract of this function. An abstract type is a negative number of one byte.
        unsafe {
            let first = *self.context.pc;
            let number = self.index();
            if first & 0xc0 == 0x40 {
                number
            } else {
                self.instance().types.code(concrete(number))
            }
        }
    }

    /// Whether a reference has a type of the store.
    fn has_type(&self, reference: u32, ty: Code) -> bool {
        let store = self.store();
        let top = store.types.0.top(ty & !NON_NULL);
        store.is_value(top, reference, ty)
    }

    /// # Safety
    /// The instruction is `ref.eq`.
    pub(super) unsafe fn ref_eq(&mut self) -> Outcome {
        // SAFETY: the instruction has two references as its operands.
        unsafe {
            let ([], [a, b]) = self.read();
            self.push((a == b) as u32);
        }
        Ok(OK)
    }

    /// Executes the instruction behind the prefix 0xFB.
    ///
    /// # Safety
    /// The prefix was read, and nothing else of the instruction.
    #[inline(never)]
    pub(super) unsafe fn gc(&mut self) -> Outcome {
        #[cfg(feature = "classic")]
        let start = self.context.pc;
        // SAFETY: the validator accepted the instruction with the immediates and operands that each
        // pattern reads (spec: 5.4.2, 5.4.3).
        unsafe {
            let code = self.index();
            match code {
                STRUCT_NEW | STRUCT_NEW_DEFAULT => self.new_struct(code == STRUCT_NEW)?,
                STRUCT_GET | STRUCT_GET_S | STRUCT_GET_U => {
                    let ([ty, number], [reference]) = self.read();
                    let (field, offset) = self.field(ty, number);
                    for slot in 0..field_slots(field) as usize {
                        let mut value = *self.heap().slot(reference, offset + slot)?;
                        if code != STRUCT_GET {
                            value = extend(value, field, code == STRUCT_GET_S);
                        }
                        self.push(value);
                    }
                }
                STRUCT_SET => {
                    let ([ty, number], []) = self.read();
                    let (field, offset) = self.field(ty, number);
                    let slots = field_slots(field) as usize;
                    let reference = *self.context.sp.sub(slots);
                    for slot in (0..slots).rev() {
                        let ([], [value]) = self.read();
                        *self.heap().slot(reference, offset + slot)? = value;
                    }
                    let ([], [_reference]) = self.read();
                }
                ARRAY_NEW..=ARRAY_NEW_ELEM => self.new_array(code)?,
                ARRAY_GET | ARRAY_GET_S | ARRAY_GET_U => {
                    let ([ty], [reference, index]) = self.read();
                    let (field, _) = self.field(ty, 0);
                    let object = self.heap().fields(reference).ok_or(NULL_ARRAY)?;
                    let mut value = object.element(field, index).ok_or(OUTSIDE)?;
                    value[0] = extend(value[0], field, code == ARRAY_GET_S);
                    self.push_value(field, &value);
                }
                ARRAY_SET => {
                    let ([ty], []) = self.read();
                    let (field, _) = self.field(ty, 0);
                    let value = self.pop_value(field);
                    let ([], [reference, index]) = self.read();
                    let mut object = self.heap().fields(reference).ok_or(NULL_ARRAY)?;
                    object.set_element(field, index, &value).ok_or(OUTSIDE)?;
                }
                ARRAY_LEN => {
                    let ([], [reference]) = self.read();
                    if reference == 0 {
                        return Err(NULL_ARRAY);
                    }
                    let len = self.store().array_len(reference);
                    self.push(len);
                }
                ARRAY_FILL => {
                    let ([ty], [len]) = self.read();
                    let (field, _) = self.field(ty, 0);
                    let value = self.pop_value(field);
                    let ([], [reference, at]) = self.read();
                    let mut object = self.heap().fields(reference).ok_or(NULL_ARRAY)?;
                    if !inside(at, len, object.len) {
                        return Err(OUTSIDE);
                    }
                    for index in at..at + len {
                        object.set_element(field, index, &value).ok_or(OUTSIDE)?;
                    }
                }
                ARRAY_COPY => self.copy_array()?,
                ARRAY_INIT_DATA => {
                    let ([ty, segment], [reference, at, source, len]) = self.read();
                    self.init_data(ty, segment, reference, [at, source, len])?;
                }
                ARRAY_INIT_ELEM => {
                    let ([ty, segment], [reference, at, source, len]) = self.read();
                    self.init_elements(ty, segment, reference, [at, source, len])?;
                }
                REF_TEST | REF_TEST_NULL | REF_CAST | REF_CAST_NULL => {
                    let nullable = matches!(code, REF_TEST_NULL | REF_CAST_NULL);
                    let ty = self.heap_type() | if nullable { 0 } else { NON_NULL };
                    let ([], [reference]) = self.read();
                    let fits = self.has_type(reference, ty);
                    if matches!(code, REF_TEST | REF_TEST_NULL) {
                        self.push(fits as u32);
                    } else if fits {
                        self.push(reference);
                    } else {
                        return Err(TrapCode::CastFailure);
                    }
                }
                BR_ON_CAST | BR_ON_CAST_FAIL => {
                    let flags = *self.context.pc;
                    self.context.pc = self.context.pc.add(1);
                    let ([_label], []) = self.read();
                    self.heap_type();
                    let ty = self.heap_type() | if flags & 2 != 0 { 0 } else { NON_NULL };
                    let taken = self.has_type(*self.context.sp, ty) == (code == BR_ON_CAST);
                    #[cfg(feature = "classic")]
                    if (*self.context.instance).mode == zonda_exec::Mode::Classic {
                        return Ok(zonda_exec::classic::end_branch(self.context, start, taken));
                    }
                    // Of fast mode, where a branch on the result follows. Its frames have a slot
                    // more than the highest operand stack.
                    self.push(taken as u32);
                }
                ANY_CONVERT_EXTERN | EXTERN_CONVERT_ANY => {
                    let (value, sp) = (*self.context.sp, self.context.sp.cast_const());
                    let store = self.heap();
                    *self.context.sp = match code {
                        ANY_CONVERT_EXTERN => store.internal(value, sp)?,
                        _ => store.external(value, sp)?,
                    };
                }
                REF_I31 => {
                    let ([], [value]) = self.read();
                    self.push(value << 1 | 1);
                }
                I31_GET_S | I31_GET_U => {
                    let ([], [value]) = self.read();
                    if value == 0 {
                        return Err(TrapCode::NullI31);
                    }
                    self.push(match code {
                        I31_GET_S => (value as i32 >> 1) as u32,
                        _ => value >> 1,
                    });
                }
                // The validator accepts no other opcode.
                _ => return Err(TrapCode::Unreachable),
            }
        }
        Ok(OK)
    }

    /// # Safety
    /// The instruction is `struct.new`, or `struct.new_default` without `init`.
    unsafe fn new_struct(&mut self, init: bool) -> Result<(), TrapCode> {
        // SAFETY: the instruction has the index of a type; a value of each field is on the stack
        // with `init`.
        unsafe {
            let ([ty], []) = self.read();
            let number = self.instance().types.get(ty);
            let sp = self.context.sp;
            let reference = self.heap().new_object(number, None, sp)?;
            if init {
                let types = self.instance().module.data.table.table();
                let count = types.def(ty).map_or(0, |def| def.slots as usize);
                self.context.sp = sp.sub(count);
                let mut value = self.context.sp.cast_const();
                for word in self.heap().newest(count) {
                    value = value.add(1);
                    *word = *value;
                }
            }
            self.push(reference);
        }
        Ok(())
    }

    /// # Safety
    /// The instruction is one of those that make an array.
    unsafe fn new_array(&mut self, code: u32) -> Result<(), TrapCode> {
        // SAFETY: the instruction has the index of a type, and the operands that each pattern
        // reads.
        unsafe {
            let ([ty], []) = self.read();
            let number = self.instance().types.get(ty);
            let (field, _) = self.field(ty, 0);
            match code {
                ARRAY_NEW | ARRAY_NEW_DEFAULT => {
                    let sp = self.context.sp;
                    let len = *sp;
                    let reference = self.heap().new_object(number, Some(len), sp)?;
                    let ([], [_len]) = self.read();
                    if code == ARRAY_NEW {
                        let value = self.pop_value(field);
                        let mut object = self.heap().fields(reference).ok_or(OUTSIDE)?;
                        if value != [0; 4] {
                            for index in 0..len {
                                object.set_element(field, index, &value).ok_or(OUTSIDE)?;
                            }
                        }
                    }
                    self.push(reference);
                }
                ARRAY_NEW_FIXED => {
                    let ([len], []) = self.read();
                    let sp = self.context.sp;
                    let reference = self.heap().new_object(number, Some(len), sp)?;
                    for index in (0..len).rev() {
                        let value = self.pop_value(field);
                        let mut object = self.heap().fields(reference).ok_or(OUTSIDE)?;
                        object.set_element(field, index, &value).ok_or(OUTSIDE)?;
                    }
                    self.push(reference);
                }
                _ => {
                    let ([segment], [source, len]) = self.read();
                    // What does not lie in the segment traps before anything is made.
                    if code == ARRAY_NEW_DATA {
                        self.data_range(segment, field, source, len)?;
                    } else if !inside(source, len, self.elements_of(segment)) {
                        return Err(TrapCode::TableOutOfBounds);
                    }
                    let sp = self.context.sp;
                    let reference = self.heap().new_object(number, Some(len), sp)?;
                    if code == ARRAY_NEW_DATA {
                        self.init_data(ty, segment, reference, [0, source, len])?;
                    } else {
                        self.init_elements(ty, segment, reference, [0, source, len])?;
                    }
                    self.push(reference);
                }
            }
        }
        Ok(())
    }

    /// The bytes of a data segment for so many elements.
    fn data_range(
        &self,
        segment: u32,
        field: Code,
        source: u32,
        len: u32,
    ) -> Result<&'c [u8], TrapCode> {
        let instance = self.instance();
        let bytes = match instance.is_dropped(true, segment) {
            true => &[],
            false => data_bytes(&instance.module.data, segment),
        };
        let count = (len as usize).checked_mul(element_bytes(field));
        let range = bytes.get(source as usize..).zip(count);
        range.and_then(|(rest, count)| rest.get(..count)).ok_or(TrapCode::MemoryOutOfBounds)
    }

    /// The number of elements of a segment, 0 when it was dropped.
    fn elements_of(&self, segment: u32) -> u32 {
        let instance = self.instance();
        match instance.is_dropped(false, segment) {
            true => 0,
            false => element_values(instance, segment).count,
        }
    }

    /// Checks that an array is not null and has `len` elements from `at` on.
    fn check_elements(&self, reference: u32, at: u32, len: u32) -> Result<(), TrapCode> {
        if reference == 0 {
            return Err(NULL_ARRAY);
        }
        inside(at, len, self.store().array_len(reference)).then_some(()).ok_or(OUTSIDE)
    }

    fn init_data(
        &mut self,
        ty: u32,
        segment: u32,
        reference: u32,
        [at, source, len]: [u32; 3],
    ) -> Result<(), TrapCode> {
        let (field, _) = self.field(ty, 0);
        self.check_elements(reference, at, len)?;
        let bytes = self.data_range(segment, field, source, len)?;
        let mut object = self.heap().fields(reference).ok_or(OUTSIDE)?;
        let width = element_bytes(field);
        for number in 0..len {
            let (index, first) = (at + number, number as usize * width);
            let bytes = bytes.get(first..).and_then(|rest| rest.get(..width)).unwrap_or(&[]);
            let mut value = [0u32; 4];
            for (number, &byte) in bytes.iter().enumerate() {
                if let Some(word) = value.get_mut(number / 4) {
                    *word |= (byte as u32) << (8 * (number % 4));
                }
            }
            object.set_element(field, index, &value).ok_or(OUTSIDE)?;
        }
        Ok(())
    }

    fn init_elements(
        &mut self,
        ty: u32,
        segment: u32,
        reference: u32,
        [at, source, len]: [u32; 3],
    ) -> Result<(), TrapCode> {
        let (field, _) = self.field(ty, 0);
        self.check_elements(reference, at, len)?;
        if !inside(source, len, self.elements_of(segment)) {
            return Err(TrapCode::TableOutOfBounds);
        }
        let mut values = element_values(self.instance(), segment);
        values.skip(source);
        let mut object = self.heap().fields(reference).ok_or(OUTSIDE)?;
        for index in at..at + len {
            let value = [values.next(), 0, 0, 0];
            object.set_element(field, index, &value).ok_or(OUTSIDE)?;
        }
        Ok(())
    }

    /// # Safety
    /// The instruction is `array.copy`.
    unsafe fn copy_array(&mut self) -> Result<(), TrapCode> {
        // SAFETY: the instruction has two types and five operands.
        let ([ty, _from], [to, at, from, source, len]) = unsafe { self.read() };
        let (field, _) = self.field(ty, 0);
        if to == 0 || from == 0 {
            return Err(NULL_ARRAY);
        }
        let (to_len, from_len) = (self.store().array_len(to), self.store().array_len(from));
        if !inside(at, len, to_len) || !inside(source, len, from_len) {
            return Err(OUTSIDE);
        }
        let store = self.heap();
        for number in 0..len {
            // Ranges of one array may overlap.
            let number = if at <= source { number } else { len - 1 - number };
            let object = store.fields(from).ok_or(OUTSIDE)?;
            let value = object.element(field, source + number).ok_or(OUTSIDE)?;
            let mut object = store.fields(to).ok_or(OUTSIDE)?;
            object.set_element(field, at + number, &value).ok_or(OUTSIDE)?;
        }
        Ok(())
    }
}

const _: () = assert!(MUTABLE & NON_NULL == 0 && is_ref(concrete(0)));
