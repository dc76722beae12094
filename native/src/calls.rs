//! Calls: of native code, of imported functions, through tables, and of the runtime for the
//! instructions that it executes.
//!
//! Native code takes parameters as LLVM's convention says. Everything else takes operands from
//! slots of the operand stack, where the results come as well.

use crate::function::{Function, Value};
use crate::module::{node, Module, NO_MERGE};
use crate::shape::{ir, slots, Type};
use zonda::ValType;
use zonda_exec::native::helpers::index as helper;
use zonda_exec::native::slot;
use zonda_exec::op::codes;

impl Function {
    /// Writes values to the slots where the runtime takes operands.
    fn write_slots(&mut self, module: &Module, values: &[Value]) -> String {
        let args = self.field(module, slot::ARGS);
        let mut at = 0;
        for value in values {
            let place = self.place(module, &args, at);
            self.line(&format!(
                "store {}, ptr {place}, align 4, !tbaa !{}",
                value.typed(),
                node::ACCESS_SLOT
            ));
            at += value.ty.slots() * 4;
        }
        args
    }

    /// The address so many bytes behind another.
    pub(crate) fn place(&mut self, module: &Module, base: &str, bytes: u32) -> String {
        if bytes == 0 {
            return base.into();
        }
        let iptr = module.target().iptr();
        self.set(&format!("getelementptr i8, ptr {base}, {iptr} {bytes}"))
    }

    /// Reads values from these slots.
    fn read_slots(&mut self, module: &Module, args: &str, types: &[ValType]) -> Vec<Value> {
        let mut at = 0;
        let mut values = Vec::new();
        for &ty in types {
            let place = self.place(module, args, at);
            let text = self.set(&format!(
                "load {}, ptr {place}, align 4, !tbaa !{}",
                ir(ty),
                node::ACCESS_SLOT
            ));
            values.push(Value { ty, text });
            at += ty.slots() * 4;
        }
        values
    }

    /// Writes the arguments of a call in its text.
    fn arguments(&self, values: &[Value]) -> String {
        values.iter().map(|value| format!("{}, ", value.typed())).collect()
    }

    /// Takes the results of a call of native code apart.
    fn results(&mut self, ty: &Type, result: &str) -> Vec<Value> {
        match &ty.results[..] {
            [] => Vec::new(),
            [one] => vec![Value { ty: *one, text: result.into() }],
            many => {
                let all = ty.result_ir();
                many.iter()
                    .enumerate()
                    .map(|(index, &ty)| Value {
                        ty,
                        text: self.set(&format!("extractvalue {all} {result}, {index}")),
                    })
                    .collect()
            }
        }
    }

    /// Calls native code; `tail` returns its results.
    fn call_code(
        &mut self,
        module: &mut Module,
        ty: &Type,
        code: &str,
        arguments: &[Value],
        tail: bool,
        same: bool,
    ) -> Vec<Value> {
        let location = self.locate(module);
        // LLVM returns several results in memory of the caller, and stops where a call has to be a
        // tail call then.
        let jumps = module.target().has_tail_calls(&ty.params);
        let kind = match (tail, same && jumps && ty.results.len() <= 1) {
            (true, true) => "musttail ",
            (true, false) => "tail ",
            _ => "notail ",
        };
        let call = format!(
            "{kind}call fastcc {} {code}({}{}), !dbg !{location}",
            ty.result_ir(),
            self.arguments(arguments),
            module.ctx()
        );
        if ty.results.is_empty() {
            self.line(&call);
            if tail {
                self.line("ret void");
            }
            return Vec::new();
        }
        let result = self.set(&call);
        if tail {
            self.line(&format!("ret {} {result}", ty.result_ir()));
            return Vec::new();
        }
        self.results(ty, &result)
    }

    pub(crate) fn call(&mut self, module: &mut Module, func: u32, tail: bool) {
        self.barrier(module);
        let ty = module.shape.func_type(func).clone();
        let arguments = self.pop_all(ty.params.len());
        let is_import = func < module.shape.imported_funcs;
        let results = if is_import || !module.compiles(func) {
            module.need_slots(&ty);
            let args = self.write_slots(module, &arguments);
            // Which function it is: the code for an import knows that.
            let (stub, which) = if is_import {
                (module.import(func), String::new())
            } else {
                (module.fallible(helper::BYTECODE, "void", &["i32"]), format!("i32 {func}, "))
            };
            let location = self.locate(module);
            self.line(&format!(
                "call fastcc void {stub}({which}{}) #{NO_MERGE}, !dbg !{location}",
                module.ctx()
            ));
            self.read_slots(module, &args, &ty.results)
        } else {
            // Of imports the runtime counts those that WebAssembly functions are.
            self.meter(module);
            let own = module.shape.func_type(self.func);
            let same = own.params == ty.params && own.results == ty.results;
            let results =
                self.call_code(module, &ty, &format!("@f.{func}"), &arguments, tail, same);
            if tail {
                return self.unreachable();
            }
            results
        };
        self.continue_with(module, results, tail);
    }

    /// Pushes the results of a call, or returns them.
    fn continue_with(&mut self, module: &Module, results: Vec<Value>, tail: bool) {
        if tail {
            self.ret(module, &results);
            self.unreachable();
        } else {
            self.stack.extend(results);
        }
    }

    pub(crate) fn call_indirect(
        &mut self,
        module: &mut Module,
        number: u32,
        table: u32,
        tail: bool,
    ) {
        self.barrier(module);
        let ty = module.shape.types[number as usize].clone();
        module.need_slots(&ty);
        let index = self.pop().text;
        let arguments = self.pop_all(ty.params.len());
        let resolve = module.fallible(helper::RESOLVE, "ptr", &["i32", "i32", "i32"]);
        let reference = module.fallible(helper::REFERENCE, "void", &["i32", "i32", "i32"]);
        let location = self.locate(module);
        let ctx = module.ctx();
        let code = self.set(&format!(
            "call fastcc ptr {resolve}(i32 {number}, i32 {table}, i32 {index}, {ctx}) #{NO_MERGE}, !dbg !{location}"
        ));
        let other = self.set(&format!("icmp eq ptr {code}, null"));
        let (slow, fast, join) = (self.name("b"), self.name("b"), self.name("b"));
        self.line(&format!(
            "br i1 {other}, label %{slow}, label %{fast}, !prof !{}",
            node::UNLIKELY
        ));
        self.start(&slow);
        let args = self.write_slots(module, &arguments);
        let both = table | slots(&ty.params) << 16;
        self.line(&format!(
            "call fastcc void {reference}(i32 {number}, i32 {both}, i32 {index}, {ctx}) #{NO_MERGE}, !dbg !{location}"
        ));
        let results = self.read_slots(module, &args, &ty.results);
        if tail {
            self.ret(module, &results);
            self.start(&fast);
            self.meter(module);
            let own = module.shape.func_type(self.func);
            let same = own.params == ty.params && own.results == ty.results;
            self.call_code(module, &ty, &code, &arguments, true, same);
            return self.unreachable();
        }
        let phis = self.new_phis(&ty.results);
        self.feed(&phis, &results);
        self.jump(&join);
        self.start(&fast);
        self.meter(module);
        let results = self.call_code(module, &ty, &code, &arguments, false, false);
        self.feed(&phis, &results);
        self.jump(&join);
        self.start_with(&join, &phis);
    }

    /// An instruction that the runtime executes, on the topmost operands.
    fn runtime(
        &mut self,
        module: &mut Module,
        code: u16,
        indices: [u32; 2],
        operands: usize,
        result: Option<ValType>,
    ) {
        self.barrier(module);
        let values = self.pop_all(operands);
        let args = self.write_slots(module, &values);
        let stub = module.fallible(helper::RUNTIME, "void", &["i32", "i32", "i32"]);
        let location = self.locate(module);
        let both = u32::from(code) | (operands as u32) << 16;
        self.line(&format!(
            "call fastcc void {stub}(i32 {both}, i32 {}, i32 {}, {}) #{NO_MERGE}, !dbg !{location}",
            indices[0],
            indices[1],
            module.ctx()
        ));
        if let Some(ty) = result {
            let values = self.read_slots(module, &args, &[ty]);
            self.stack.extend(values);
        }
    }

    /// `memory.copy` and `memory.fill` of memory 0.
    fn bulk(&mut self, module: &mut Module, helper: usize) {
        self.barrier(module);
        let values = self.pop_all(3);
        let stub = module.fallible(helper, "void", &["i32", "i32", "i32"]);
        let location = self.locate(module);
        self.line(&format!(
            "call fastcc void {stub}({}{}) #{NO_MERGE}, !dbg !{location}",
            self.arguments(&values),
            module.ctx()
        ));
    }

    pub(crate) fn object(&mut self, module: &mut Module, code: u16, indices: [u32; 2]) {
        use ValType::I32;
        const TABLE_GET: u16 = codes::TABLE_GET as u16;
        const TABLE_SET: u16 = codes::TABLE_SET as u16;
        const MEMORY_SIZE: u16 = codes::MEMORY_SIZE as u16;
        const MEMORY_GROW: u16 = codes::MEMORY_GROW as u16;
        const REF_IS_NULL: u16 = codes::REF_IS_NULL as u16;
        const REF_FUNC: u16 = codes::REF_FUNC as u16;
        match (code, indices) {
            (REF_IS_NULL, _) => {
                let value = self.pop();
                let null = self.set(&format!("icmp eq i32 {}, 0", value.text));
                let text = self.set(&format!("zext i1 {null} to i32"));
                self.push(I32, text);
            }
            (codes::MEMORY_COPY, [0, 0]) => self.bulk(module, helper::COPY),
            (codes::MEMORY_FILL, [0, _]) => self.bulk(module, helper::FILL),
            (TABLE_GET, _) => self.runtime(module, code, indices, 1, Some(ValType::FuncRef)),
            (REF_FUNC, _) => self.runtime(module, code, indices, 0, Some(ValType::FuncRef)),
            (TABLE_SET, _) => self.runtime(module, code, indices, 2, None),
            (MEMORY_SIZE | codes::TABLE_SIZE, _) => {
                module.sizes_memory |= code == MEMORY_SIZE;
                self.runtime(module, code, indices, 0, Some(I32))
            }
            (MEMORY_GROW, _) => {
                module.sizes_memory = true;
                self.runtime(module, code, indices, 1, Some(I32))
            }
            (codes::TABLE_GROW, _) => self.runtime(module, code, indices, 2, Some(I32)),
            (codes::DATA_DROP | codes::ELEM_DROP, _) => {
                self.runtime(module, code, indices, 0, None)
            }
            // memory.init, memory.copy and memory.fill of other memories, table.init, table.copy,
            // table.fill.
            _ => self.runtime(module, code, indices, 3, None),
        }
    }
}
