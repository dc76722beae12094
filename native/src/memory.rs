//! Loads and stores, and the checks that keep them inside of the memory.
//!
//! A check compares the address with what is left of the memory behind it: for an access of `width`
//! bytes at `address` + `offset` with `bytes` = `offset` + `width`, the access is in bounds when
//! `address` <= `size` - `bytes`, if `bytes` <= `size`. The latter is known where the memory's
//! declared minimum says so: the module then needs a memory of so many bytes, which the runtime
//! checks before it enters the code.
//!
//! An access needs no check where an earlier one, on every way to it, had the same address and as
//! many bytes: a memory never shrinks. Loads that follow each other extend the check of the first
//! one; its failure then finds out which of them it was.

use crate::function::{trap_call, Check, Covered, Function};
use crate::module::{node, Module};
use crate::shape::ir;
use std::fmt::Write;
use zonda::{TrapCode, ValType};
use zonda_exec::native::{memory as field, slot};
use zonda_exec::op::{self, NumType};

fn value_type(ty: NumType) -> ValType {
    match ty {
        NumType::I32 => ValType::I32,
        NumType::I64 => ValType::I64,
        NumType::F32 => ValType::F32,
        NumType::F64 => ValType::F64,
    }
}

impl Function {
    /// Reads a field of memory 0, which is the same as long as the memory does not grow. `more` is
    /// what else is known of it.
    fn memory_field(&mut self, module: &Module, ty: &str, slot: usize, more: &str) -> String {
        let (word, iptr) = (module.target().word(), module.target().iptr());
        let at = self.set(&format!("getelementptr i8, ptr %ctx, {iptr} {}", slot * word));
        let how = if module.shape.is_memory_fixed() {
            format!("!invariant.load !{}", node::EMPTY)
        } else {
            format!("!tbaa !{}", node::ACCESS_STATE)
        };
        self.set(&format!("load {ty}, ptr {at}, align {word}, {how}{more}"))
    }

    /// Base and size of a memory.
    fn base_and_size(&mut self, module: &Module, memory: u32) -> (String, String) {
        let (word, iptr) = (module.target().word(), module.target().iptr());
        if memory == 0 {
            let base = self.memory_field(module, "ptr", slot::MEMORY_BASE, "");
            // LLVM then finds checks that hold for every iteration of a loop whose end it knows.
            let range = format!(", !range !{}", node::MEMORY_SIZE);
            return (base, self.memory_field(module, iptr, slot::MEMORY_SIZE, &range));
        }
        let memories = self.field(module, slot::MEMORIES);
        let at = self.place(module, &memories, memory * word as u32);
        let record = self.set(&format!("load ptr, ptr {at}, align {word}"));
        let at = self.place(module, &record, (field::BASE * word) as u32);
        let base = self.set(&format!("load ptr, ptr {at}, align {word}"));
        let at = self.place(module, &record, (field::SIZE * word) as u32);
        (base, self.set(&format!("load {iptr}, ptr {at}, align {word}")))
    }

    /// The address as wide as those of the CPU.
    fn widen(&mut self, module: &Module, address: &str) -> String {
        if module.target().word() == 4 {
            address.into()
        } else {
            self.set(&format!("zext i32 {address} to i64"))
        }
    }

    /// The place of an access, which is checked.
    fn access(&mut self, module: &mut Module, memory: u32, offset: u32, width: u32) -> String {
        let address = self.pop();
        let bytes = u64::from(offset) + u64::from(width);
        let (base, size) = self.base_and_size(module, memory);
        let least = if memory == 0 { module.shape.least_memory() } else { 0 };
        let iptr = module.target().iptr();
        match address.constant() {
            // Inside of the smallest memory that the code runs with.
            Some(constant) if constant + bytes <= least.min(u64::from(u32::MAX)) => {
                module.least_memory = module.least_memory.max((constant + bytes) as u32);
            }
            _ => self.check(module, memory, &address.text, bytes, &size, least),
        }
        let wide = match address.constant() {
            Some(constant) => constant.to_string(),
            None => self.widen(module, &address.text),
        };
        let place = self.set(&format!("getelementptr i8, ptr {base}, {iptr} {wide}"));
        // Not in bounds for LLVM: the sum may be beyond what it takes for an object.
        self.place(module, &place, offset)
    }

    /// Checks that so many bytes behind an address are in bounds.
    fn check(
        &mut self,
        module: &mut Module,
        memory: u32,
        address: &str,
        bytes: u64,
        size: &str,
        least: u64,
    ) {
        let key = (memory, address.to_owned());
        if self.checked.get(&key).is_some_and(|&known| known >= bytes) {
            return;
        }
        let fits = bytes <= least.min(u64::from(u32::MAX));
        if fits {
            module.least_memory = module.least_memory.max(bytes as u32);
            let location = self.locate(module);
            if let Some(check) =
                self.open.as_mut().filter(|check| check.address == address && memory == 0)
            {
                check.covered.push(Covered { bytes, location });
                let number = check.number;
                self.bounds[number] = self.bounds[number].max(bytes);
                self.checked.insert(key, bytes);
                return;
            }
        }
        self.barrier(module);
        let wide = self.widen(module, address);
        let iptr = module.target().iptr();
        if fits {
            let number = self.bound(bytes);
            let limit = self.set_bound(&format!("sub nuw {iptr} {size},"), number);
            let fails = self.set(&format!("icmp ugt {iptr} {wide}, {limit}"));
            let (label, go_on) = (self.name("t"), self.name("b"));
            self.line(&format!(
                "br i1 {fails}, label %{label}, label %{go_on}, !prof !{}",
                node::UNLIKELY
            ));
            let location = self.locate(module);
            self.start(&go_on);
            let check = Check {
                address: address.into(),
                size: size.into(),
                number,
                label,
                covered: vec![Covered { bytes, location }],
            };
            if memory == 0 {
                self.open = Some(check);
            } else {
                self.close_check(module, check);
            }
        } else {
            let fails = if module.target().word() == 8 {
                let end = self.set(&format!("add nuw i64 {wide}, {bytes}"));
                self.set(&format!("icmp ugt i64 {end}, {size}"))
            } else if bytes > u64::from(u32::MAX) {
                "true".into()
            } else {
                let small = self.set(&format!("icmp ult i32 {size}, {}", bytes as u32 as i32));
                let limit = self.set(&format!("sub i32 {size}, {}", bytes as u32 as i32));
                let beyond = self.set(&format!("icmp ugt i32 {address}, {limit}"));
                self.set(&format!("or i1 {small}, {beyond}"))
            };
            self.trap_if(module, &fails, TrapCode::MemoryOutOfBounds);
        }
        self.checked.insert(key, bytes);
    }

    /// Writes what happens where a check fails: the first access that it covers and that is out of
    /// bounds traps.
    pub(crate) fn close_check(&mut self, module: &mut Module, check: Check) {
        let iptr = module.target().iptr();
        let mut label = check.label;
        let wide = if module.target().word() == 8 {
            let name = self.name("%v");
            let _ = writeln!(self.cold, "{label}:\n  {name} = zext i32 {} to i64", check.address);
            label.clear();
            name
        } else {
            check.address
        };
        let last = check.covered.len() - 1;
        for (index, Covered { bytes, location }) in check.covered.iter().enumerate() {
            if !label.is_empty() {
                let _ = writeln!(self.cold, "{label}:");
            }
            let call = trap_call(module, TrapCode::MemoryOutOfBounds, *location);
            if index == last {
                self.cold.push_str(&call);
                break;
            }
            let (limit, fails) = (self.name("%v"), self.name("%v"));
            let trap = self.name("t");
            label = self.name("t");
            let _ = write!(
                self.cold,
                "  {limit} = sub nuw {iptr} {}, {bytes}\n  {fails} = icmp ugt {iptr} {wide}, {limit}\n  \
                 br i1 {fails}, label %{trap}, label %{label}\n{trap}:\n{call}",
                check.size
            );
        }
    }

    pub(crate) fn load(&mut self, module: &mut Module, opcode: u8, offset: u32, memory: u32) {
        let sig = op::sig(opcode);
        module.float |= sig.is_float();
        let ty = value_type(sig.value());
        let width = 1u32 << sig.log2_width();
        let place = self.access(module, memory, offset, width);
        let tag = node::ACCESS_MEMORY;
        if width == ty.slots() * 4 {
            let text = self.set(&format!("load {}, ptr {place}, align 1, !tbaa !{tag}", ir(ty)));
            return self.push(ty, text);
        }
        let bits = width * 8;
        let narrow = self.set(&format!("load i{bits}, ptr {place}, align 1, !tbaa !{tag}"));
        let extend = if sig.is_signed_load() { "sext" } else { "zext" };
        let text = self.set(&format!("{extend} i{bits} {narrow} to {}", ir(ty)));
        self.push(ty, text);
    }

    pub(crate) fn store(&mut self, module: &mut Module, opcode: u8, offset: u32, memory: u32) {
        let sig = op::sig(opcode);
        module.float |= sig.is_float();
        let width = 1u32 << sig.log2_width();
        let mut value = self.pop();
        let place = self.access(module, memory, offset, width);
        // What follows must not stop the program before this store.
        self.barrier(module);
        let mut ty = ir(value.ty).to_owned();
        if width != value.ty.slots() * 4 {
            let bits = width * 8;
            value.text = self.set(&format!("trunc {} to i{bits}", value.typed()));
            ty = format!("i{bits}");
        }
        let tag = node::ACCESS_MEMORY;
        self.line(&format!("store {ty} {}, ptr {place}, align 1, !tbaa !{tag}", value.text));
    }
}
