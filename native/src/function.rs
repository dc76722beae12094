//! One function as LLVM's intermediate representation: control, calls, variables, and the
//! instructions that the runtime executes.
//!
//! Operands are values of LLVM. Locals are memory of the function, which LLVM turns into values.
//! What a branch carries arrives in `phi` instructions, whose sources are known when the function
//! ends; so the text is kept in pieces until then.

use crate::module::{node, Module, NO_MERGE};
use crate::shape::ir;
use std::collections::HashMap;
use std::fmt::Write;
use zonda::toolchain::{BlockKind, Instr};
use zonda::{TrapCode, ValType};
use zonda_exec::native::helpers::index as helper;
use zonda_exec::native::{slot, SLICE};

/// A value, as it is written in the text, and its type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Value {
    pub(crate) ty: ValType,
    pub(crate) text: String,
}

impl Value {
    /// With its type.
    pub(crate) fn typed(&self) -> String {
        format!("{} {}", ir(self.ty), self.text)
    }

    /// The number, where it is an integer constant.
    pub(crate) fn constant(&self) -> Option<u64> {
        match self.ty {
            ValType::I32 => self.text.parse::<i32>().ok().map(|value| u64::from(value as u32)),
            ValType::I64 => self.text.parse::<i64>().ok().map(|value| value as u64),
            _ => None,
        }
    }
}

/// A part of the function's text.
enum Piece {
    Text(String),
    /// The `phi` instructions of a block.
    Phis(usize),
    /// The constant of a bounds check.
    Bound(usize),
}

/// What a `phi` instruction receives.
struct Phi {
    name: String,
    ty: ValType,
    sources: Vec<(String, String)>,
}

/// An access that a bounds check covers: the bytes behind the address, and its line.
pub(crate) struct Covered {
    pub(crate) bytes: u64,
    pub(crate) location: u32,
}

/// A bounds check, which accesses that follow at once may extend.
pub(crate) struct Check {
    pub(crate) address: String,
    pub(crate) size: String,
    pub(crate) number: usize,
    pub(crate) label: String,
    pub(crate) covered: Vec<Covered>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Func,
    Block,
    Loop,
    If,
}

struct Frame {
    kind: Kind,
    /// Whether the block itself cannot be reached.
    dead: bool,
    /// Operands below it.
    height: usize,
    params: Vec<ValType>,
    results: Vec<ValType>,
    /// The block behind `end`, and its phis.
    end: String,
    end_phis: Vec<usize>,
    reached: bool,
    /// Of a loop: its start and its phis.
    start: String,
    start_phis: Vec<usize>,
    /// Of a loop whose iterations are counted: the block that branches to the start go to, its
    /// phis, and whether one does.
    turn: Option<(String, Vec<usize>, bool)>,
    /// Of an `if`: the block of its `else`, and the parameters.
    other: Option<(String, Vec<Value>)>,
    /// What was checked before.
    checked: HashMap<(u32, String), u64>,
}

/// A function that is being translated.
pub(crate) struct Function {
    pub(crate) func: u32,
    debug: u32,
    pieces: Vec<Piece>,
    pub(crate) text: String,
    /// Blocks that are rarely executed; they come last.
    pub(crate) cold: String,
    phis: Vec<Phi>,
    groups: Vec<Vec<usize>>,
    pub(crate) bounds: Vec<u64>,
    next: u32,
    locals: Vec<ValType>,
    /// Values that locals are known to have.
    known: HashMap<u32, Value>,
    pub(crate) stack: Vec<Value>,
    frames: Vec<Frame>,
    live: bool,
    /// The current block.
    pub(crate) block: String,
    offset: u32,
    located: Option<(u32, u32)>,
    /// Bytes behind an address, by memory and address, that are known to be in bounds.
    pub(crate) checked: HashMap<(u32, String), u64>,
    pub(crate) open: Option<Check>,
}

impl Function {
    pub(crate) fn new(module: &Module, func: u32, locals: Vec<ValType>, debug: u32) -> Function {
        let ty = module.shape.func_type(func);
        let mut text = module.head(func, debug);
        text.push_str("entry:\n");
        for (index, &ty) in locals.iter().enumerate() {
            let _ = writeln!(text, "  %l{index} = alloca {}", ir(ty));
        }
        let mut known = HashMap::new();
        for (index, &local) in locals.iter().enumerate() {
            let value =
                if index < ty.params.len() { format!("%p{index}") } else { zero(local).into() };
            let _ = writeln!(text, "  store {} {value}, ptr %l{index}", ir(local));
            known.insert(index as u32, Value { ty: local, text: value });
        }
        let results = ty.results.clone();
        let mut function = Function {
            func,
            debug,
            pieces: Vec::new(),
            text,
            cold: String::new(),
            phis: Vec::new(),
            groups: Vec::new(),
            bounds: Vec::new(),
            next: 0,
            locals,
            known,
            stack: Vec::new(),
            frames: Vec::new(),
            live: true,
            block: "entry".into(),
            offset: 0,
            located: None,
            checked: HashMap::new(),
            open: None,
        };
        let frame = function.frame(Kind::Func, Vec::new(), results);
        function.frames.push(frame);
        function
    }

    /// A new name.
    pub(crate) fn name(&mut self, prefix: &str) -> String {
        self.next += 1;
        format!("{prefix}{}", self.next)
    }

    /// Writes an instruction with a result, and returns its name.
    pub(crate) fn set(&mut self, instruction: &str) -> String {
        let name = self.name("%v");
        let _ = writeln!(self.text, "  {name} = {instruction}");
        name
    }

    /// Writes an instruction without a result.
    pub(crate) fn line(&mut self, instruction: &str) {
        let _ = writeln!(self.text, "  {instruction}");
    }

    pub(crate) fn push(&mut self, ty: ValType, text: String) {
        self.stack.push(Value { ty, text });
    }

    /// Pops an operand. The validator has checked that it is there.
    pub(crate) fn pop(&mut self) -> Value {
        self.stack.pop().unwrap_or_else(|| Value { ty: ValType::I32, text: "0".into() })
    }

    pub(crate) fn pop_all(&mut self, count: usize) -> Vec<Value> {
        let at = self.stack.len().saturating_sub(count);
        self.stack.split_off(at)
    }

    /// The node of the location of the current instruction.
    pub(crate) fn locate(&mut self, module: &mut Module) -> u32 {
        match self.located {
            Some((offset, node)) if offset == self.offset => node,
            _ => {
                let node = module.node(&format!(
                    "!DILocation(line: {}, column: 1, scope: !{})",
                    self.offset, self.debug
                ));
                self.located = Some((self.offset, node));
                node
            }
        }
    }

    /// Starts a block.
    pub(crate) fn start(&mut self, label: &str) {
        let _ = writeln!(self.text, "{label}:");
        self.block = label.into();
    }

    /// Ends the current block with a jump.
    pub(crate) fn jump(&mut self, label: &str) {
        self.line(&format!("br label %{label}"));
    }

    /// Stops with a trap where the condition holds.
    pub(crate) fn trap_if(&mut self, module: &mut Module, condition: &str, code: TrapCode) {
        self.barrier(module);
        let (trap, go_on) = (self.name("t"), self.name("b"));
        self.line(&format!(
            "br i1 {condition}, label %{trap}, label %{go_on}, !prof !{}",
            node::UNLIKELY
        ));
        let location = self.locate(module);
        let call = trap_call(module, code, location);
        let _ = write!(self.cold, "{trap}:\n{call}");
        self.start(&go_on);
    }

    /// Reads a field of the state that stays the same while the function runs.
    pub(crate) fn field(&mut self, module: &Module, slot: usize) -> String {
        let (word, iptr) = (module.target().word(), module.target().iptr());
        let at = self.set(&format!("getelementptr i8, ptr %ctx, {iptr} {}", slot * word));
        self.set(&format!("load ptr, ptr {at}, align {word}, !invariant.load !{}", node::EMPTY))
    }

    /// Everything that was read of locals is forgotten: other code may have set them.
    fn forget(&mut self) {
        self.known.clear();
    }

    /// Nothing may be moved before the last bounds check any more.
    pub(crate) fn barrier(&mut self, module: &mut Module) {
        if let Some(check) = self.open.take() {
            self.close_check(module, check);
        }
    }

    fn flush(&mut self) {
        let text = std::mem::take(&mut self.text);
        self.pieces.push(Piece::Text(text));
    }

    /// The constant of a bounds check, which is known later.
    pub(crate) fn bound(&mut self, bytes: u64) -> usize {
        self.bounds.push(bytes);
        self.bounds.len() - 1
    }

    /// Writes an instruction whose last operand is a bound.
    pub(crate) fn set_bound(&mut self, instruction: &str, bound: usize) -> String {
        let name = self.name("%v");
        let _ = write!(self.text, "  {name} = {instruction} ");
        self.flush();
        self.pieces.push(Piece::Bound(bound));
        self.text.push('\n');
        name
    }

    // --- control ---

    pub(crate) fn new_phis(&mut self, types: &[ValType]) -> Vec<usize> {
        types
            .iter()
            .map(|&ty| {
                let name = self.name("%v");
                self.phis.push(Phi { name, ty, sources: Vec::new() });
                self.phis.len() - 1
            })
            .collect()
    }

    fn frame(&mut self, kind: Kind, params: Vec<ValType>, results: Vec<ValType>) -> Frame {
        let end_phis = if self.live { self.new_phis(&results) } else { Vec::new() };
        Frame {
            kind,
            dead: !self.live,
            height: self.stack.len().saturating_sub(params.len()),
            params,
            results,
            end: self.name("e"),
            end_phis,
            reached: false,
            start: String::new(),
            start_phis: Vec::new(),
            turn: None,
            other: None,
            checked: self.checked.clone(),
        }
    }

    fn block_types(module: &Module, kind: BlockKind) -> (Vec<ValType>, Vec<ValType>) {
        match kind {
            BlockKind::Empty => (Vec::new(), Vec::new()),
            BlockKind::Value(ty) => (Vec::new(), vec![ty]),
            BlockKind::Func(index) => {
                let ty = &module.shape.types[index as usize];
                (ty.params.clone(), ty.results.clone())
            }
        }
    }

    /// Adds a source to phis.
    pub(crate) fn feed(&mut self, phis: &[usize], values: &[Value]) {
        for (&phi, value) in phis.iter().zip(values) {
            let source = (value.text.clone(), self.block.clone());
            self.phis[phi].sources.push(source);
        }
    }

    /// The block that a branch goes to, whose phis get the topmost operands.
    fn target(&mut self, depth: u32) -> String {
        let at = self.frames.len() - 1 - depth as usize;
        let frame = &mut self.frames[at];
        let (label, phis) = if frame.kind == Kind::Loop {
            match &mut frame.turn {
                Some((label, phis, taken)) => {
                    *taken = true;
                    (label.clone(), phis.clone())
                }
                None => (frame.start.clone(), frame.start_phis.clone()),
            }
        } else {
            frame.reached = true;
            (frame.end.clone(), frame.end_phis.clone())
        };
        let values = self.stack[self.stack.len() - phis.len()..].to_vec();
        self.feed(&phis, &values);
        label
    }

    /// Starts a block with phis and pushes them.
    pub(crate) fn start_with(&mut self, label: &str, phis: &[usize]) {
        self.start(label);
        self.flush();
        self.groups.push(phis.to_vec());
        self.pieces.push(Piece::Phis(self.groups.len() - 1));
        for &phi in phis {
            let Phi { name, ty, .. } = &self.phis[phi];
            self.stack.push(Value { ty: *ty, text: name.clone() });
        }
    }

    fn enter(&mut self, module: &mut Module, kind: Kind, types: BlockKind) {
        self.barrier(module);
        let condition = (kind == Kind::If && self.live).then(|| self.pop());
        let (params, results) = Function::block_types(module, types);
        let mut frame = self.frame(kind, params, results);
        if !self.live {
            self.frames.push(frame);
            return;
        }
        if kind == Kind::Loop {
            let values = self.pop_all(frame.params.len());
            frame.start = self.name("h");
            frame.start_phis = self.new_phis(&frame.params.clone());
            self.feed(&frame.start_phis.clone(), &values);
            self.jump(&frame.start);
            self.start_with(&frame.start.clone(), &frame.start_phis.clone());
            self.forget();
            if module.options.meter {
                frame.turn = Some((self.name("r"), self.new_phis(&frame.params.clone()), false));
            }
            self.frames.push(frame);
            return;
        }
        if let Some(condition) = condition {
            let holds = self.set(&format!("icmp ne i32 {}, 0", condition.text));
            let (then, other) = (self.name("b"), self.name("b"));
            self.line(&format!("br i1 {holds}, label %{then}, label %{other}"));
            let params = self.stack[frame.height..].to_vec();
            frame.other = Some((other, params));
            self.start(&then);
        }
        self.frames.push(frame);
    }

    /// Ends the code before `else` or `end`: goes to the end of the block.
    fn leave_to_end(&mut self) {
        if !self.live {
            return;
        }
        let Some(frame) = self.frames.last_mut() else { return };
        frame.reached = true;
        let (label, phis) = (frame.end.clone(), frame.end_phis.clone());
        let values = self.stack[self.stack.len() - phis.len()..].to_vec();
        self.feed(&phis, &values);
        self.jump(&label);
    }

    fn otherwise(&mut self, module: &mut Module) {
        self.barrier(module);
        self.leave_to_end();
        let Some(frame) = self.frames.last_mut() else { return };
        if frame.dead {
            return;
        }
        let height = frame.height;
        self.checked = frame.checked.clone();
        if let Some((label, params)) = frame.other.take() {
            self.stack.truncate(height);
            self.stack.extend(params);
            self.start(&label);
            self.live = true;
            self.forget();
        }
    }

    fn end(&mut self, module: &mut Module) {
        self.barrier(module);
        self.leave_to_end();
        if let Some(frame) = self.frames.last_mut() {
            // An `if` without `else` passes its parameters on.
            if let Some((label, params)) = frame.other.take() {
                let height = frame.height;
                self.stack.truncate(height);
                self.stack.extend(params);
                self.start(&label);
                self.live = true;
                self.leave_to_end();
            }
        }
        let Some(frame) = self.frames.pop() else { return };
        if frame.dead {
            return;
        }
        self.stack.truncate(frame.height);
        if let Some((label, phis, true)) = &frame.turn {
            // As in the other modes, entering a loop is no iteration.
            self.start_with(label, phis);
            self.meter(module);
            let values = self.pop_all(phis.len());
            self.feed(&frame.start_phis, &values);
            self.jump(&frame.start);
        }
        self.checked = frame.checked;
        self.forget();
        self.live = frame.reached;
        if self.live {
            self.start_with(&frame.end, &frame.end_phis);
        } else if frame.kind != Kind::Func {
            // Nothing follows; operands of these types are not used.
            return;
        }
        if frame.kind == Kind::Func && self.live {
            let values = self.pop_all(frame.results.len());
            self.ret(module, &values);
        }
    }

    pub(crate) fn ret(&mut self, module: &Module, values: &[Value]) {
        match values {
            [] => self.line("ret void"),
            [one] => self.line(&format!("ret {}", one.typed())),
            many => {
                let ty = module.shape.func_type(self.func).result_ir();
                let mut all = "undef".to_owned();
                for (index, value) in many.iter().enumerate() {
                    all = self.set(&format!("insertvalue {ty} {all}, {}, {index}", value.typed()));
                }
                self.line(&format!("ret {ty} {all}"));
            }
        }
    }

    pub(crate) fn unreachable(&mut self) {
        self.live = false;
        if let Some(frame) = self.frames.last() {
            let height = frame.height;
            self.stack.truncate(height);
        }
    }

    fn branch_table(&mut self, depths: &[u32]) {
        let index = self.pop();
        let Some((&default, targets)) = depths.split_last() else { return };
        let default = self.target(default);
        let mut table = String::new();
        for (number, &depth) in targets.iter().enumerate() {
            let label = self.target(depth);
            let _ = write!(table, " i32 {number}, label %{label}");
        }
        self.line(&format!("switch i32 {}, label %{default} [{table} ]", index.text));
    }

    /// Accounts for a call or a loop iteration: counts fuel down, and asks the runtime where a
    /// request is pending or the slice of fuel is used up.
    pub(crate) fn meter(&mut self, module: &mut Module) {
        if !module.options.meter {
            return;
        }
        self.barrier(module);
        let stub = module.fallible(helper::METER, "void", &[]);
        let meter = self.field(module, slot::METER);
        // Other threads set it.
        let request = self.set(&format!("load volatile i32, ptr {meter}, align 4"));
        let at = self.place(module, &meter, SLICE);
        let access = format!("align 4, !tbaa !{}", node::ACCESS_FUEL);
        let fuel = self.set(&format!("load i32, ptr {at}, {access}"));
        let stopped = self.set(&format!("icmp ne i32 {request}, 0"));
        let is_empty = self.set(&format!("icmp eq i32 {fuel}, 0"));
        let asks = self.set(&format!("or i1 {stopped}, {is_empty}"));
        let (ask, count, go_on) = (self.name("t"), self.name("b"), self.name("b"));
        self.line(&format!(
            "br i1 {asks}, label %{ask}, label %{count}, !prof !{}",
            node::UNLIKELY
        ));
        let location = self.locate(module);
        let _ = write!(
            self.cold,
            "{ask}:\n  call fastcc void {stub}({}) #{NO_MERGE}, !dbg !{location}\n  br label %{go_on}\n",
            module.ctx()
        );
        self.start(&count);
        let left = self.set(&format!("sub nuw i32 {fuel}, 1"));
        self.line(&format!("store i32 {left}, ptr {at}, {access}"));
        self.jump(&go_on);
        self.start(&go_on);
    }

    // --- variables ---

    fn local_get(&mut self, index: u32) {
        let ty = self.locals[index as usize];
        let value = match self.known.get(&index) {
            Some(value) => value.clone(),
            None => {
                let text = self.set(&format!("load {}, ptr %l{index}", ir(ty)));
                let value = Value { ty, text };
                self.known.insert(index, value.clone());
                value
            }
        };
        self.stack.push(value);
    }

    fn local_set(&mut self, index: u32, value: Value) {
        self.line(&format!("store {}, ptr %l{index}", value.typed()));
        self.known.insert(index, value);
    }

    /// The address of a global.
    fn global(&mut self, module: &Module, index: u32) -> String {
        let shape = &module.shape;
        let (word, iptr) = (module.target().word(), module.target().iptr());
        if index >= shape.imported_globals {
            let bytes = shape.cell(index) * 4;
            let cells = self.field(module, slot::CELLS);
            return self.place(module, &cells, bytes);
        }
        let globals = self.field(module, slot::GLOBALS);
        let at = self.place(module, &globals, index * word as u32);
        let cell = self
            .set(&format!("load ptr, ptr {at}, align {word}, !invariant.load !{}", node::EMPTY));
        // The lowest bit says that the global has two slots.
        let tag = shape.globals[index as usize].content.slots() - 1;
        self.set(&format!("getelementptr i8, ptr {cell}, {iptr} -{tag}"))
    }

    // --- instructions ---

    pub(crate) fn instruction(&mut self, module: &mut Module, offset: u32, instr: Instr) {
        self.offset = offset;
        // The validator takes what follows a block for reachable, also where no branch goes there.
        let is_control = matches!(
            instr,
            Instr::Else | Instr::End | Instr::Block(_) | Instr::Loop(_) | Instr::If(_)
        );
        if !self.live && !is_control {
            return;
        }
        match instr {
            Instr::Unreachable => {
                self.barrier(module);
                let location = self.locate(module);
                let call = trap_call(module, TrapCode::Unreachable, location);
                self.text.push_str(&call);
                self.unreachable();
            }
            Instr::Block(types) => self.enter(module, Kind::Block, types),
            Instr::Loop(types) => self.enter(module, Kind::Loop, types),
            Instr::If(types) => self.enter(module, Kind::If, types),
            Instr::Else => self.otherwise(module),
            Instr::End => self.end(module),
            Instr::Br(depth) => {
                self.barrier(module);
                let label = self.target(depth);
                self.jump(&label);
                self.unreachable();
            }
            Instr::BrIf(depth) => {
                self.barrier(module);
                let condition = self.pop();
                let holds = self.set(&format!("icmp ne i32 {}, 0", condition.text));
                let label = self.target(depth);
                let go_on = self.name("b");
                self.line(&format!("br i1 {holds}, label %{label}, label %{go_on}"));
                self.start(&go_on);
            }
            Instr::BrTable(targets) => {
                self.barrier(module);
                let depths: Vec<u32> = targets.depths().collect();
                self.branch_table(&depths);
                self.unreachable();
            }
            Instr::Return => {
                self.barrier(module);
                let count = module.shape.func_type(self.func).results.len();
                let values = self.pop_all(count);
                self.ret(module, &values);
                self.unreachable();
            }
            Instr::Call(func) => self.call(module, func, false),
            Instr::ReturnCall(func) => self.call(module, func, true),
            Instr::CallIndirect { ty, table } => self.call_indirect(module, ty, table, false),
            Instr::ReturnCallIndirect { ty, table } => self.call_indirect(module, ty, table, true),
            Instr::Drop => {
                self.pop();
            }
            Instr::Select => {
                let condition = self.pop();
                let (second, first) = (self.pop(), self.pop());
                let holds = self.set(&format!("icmp ne i32 {}, 0", condition.text));
                let text =
                    self.set(&format!("select i1 {holds}, {}, {}", first.typed(), second.typed()));
                self.push(first.ty, text);
            }
            Instr::LocalGet(index) => self.local_get(index),
            Instr::LocalSet(index) => {
                let value = self.pop();
                self.local_set(index, value);
            }
            Instr::LocalTee(index) => {
                let value = self.pop();
                self.local_set(index, value.clone());
                self.stack.push(value);
            }
            Instr::GlobalGet(index) => {
                let ty = module.shape.globals[index as usize].content;
                let at = self.global(module, index);
                let text = self.set(&format!(
                    "load {}, ptr {at}, align 4, !tbaa !{}",
                    ir(ty),
                    node::ACCESS_GLOBAL
                ));
                self.push(ty, text);
            }
            Instr::GlobalSet(index) => {
                self.barrier(module);
                let value = self.pop();
                let at = self.global(module, index);
                self.line(&format!(
                    "store {}, ptr {at}, align 4, !tbaa !{}",
                    value.typed(),
                    node::ACCESS_GLOBAL
                ));
            }
            Instr::Const(opcode, bits) => self.constant(opcode, bits),
            Instr::RefNull(ty) => self.push(ty, "0".into()),
            Instr::Numeric(opcode) => self.numeric(module, opcode),
            Instr::Load { opcode, offset, memory } => self.load(module, opcode, offset, memory),
            Instr::Store { opcode, offset, memory } => self.store(module, opcode, offset, memory),
            Instr::Object(code, indices) => self.object(module, code, indices),
            // `translate` has refused the module.
            Instr::Vector(_) => {}
            // Refused before (`module::translate`).
            Instr::Exception(_) | Instr::Typed(_) | Instr::Atomic(_) => self.live = false,
        }
    }

    /// The text of the function.
    pub(crate) fn finish(mut self, module: &mut Module) -> String {
        self.barrier(module);
        self.flush();
        let mut text = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(part) => text.push_str(part),
                Piece::Bound(bound) => {
                    let _ = write!(text, "{}", self.bounds[*bound]);
                }
                Piece::Phis(group) => {
                    for phi in &self.groups[*group] {
                        let Phi { name, ty, sources } = &self.phis[*phi];
                        let sources: Vec<String> = sources
                            .iter()
                            .map(|(value, block)| format!("[ {value}, %{block} ]"))
                            .collect();
                        let _ = writeln!(text, "  {name} = phi {} {}", ir(*ty), sources.join(", "));
                    }
                }
            }
        }
        text.push_str(&self.cold);
        text.push_str("}\n");
        text
    }
}

/// The lines that stop with a trap.
pub(crate) fn trap_call(module: &mut Module, code: TrapCode, location: u32) -> String {
    let stub = module.trap(code as u32);
    format!(
        "  call fastcc void {stub}({}) #{NO_MERGE}, !dbg !{location}\n  unreachable\n",
        module.ctx()
    )
}

/// The value of a local before it is set.
fn zero(ty: ValType) -> &'static str {
    match ty {
        ValType::F32 | ValType::F64 => "0.0",
        _ => "0",
    }
}
