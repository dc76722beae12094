//! A whole module as LLVM's intermediate representation: its functions, the code that calls a
//! function with operands in slots, and the code that calls the runtime's helpers.

use crate::function::Function;
use crate::shape::{ir, slots, Shape, Type};
use crate::{Error, Options, Target};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt::Write;
use zonda::toolchain::{walk, Body, BodyVisitor, Declared, Instr};
use zonda::ValType;
use zonda_exec::native::helpers::index as helper;
use zonda_exec::native::{memory, slot, IMPORT_WORDS};
use zonda_exec::op::{codes, Op};

/// A module in LLVM's terms.
pub(crate) struct Text {
    pub(crate) text: String,
    pub(crate) shape: Shape,
    /// Offsets in the module of the functions' first instructions, ascending.
    pub(crate) starts: Vec<u32>,
    /// Slots that calls of the runtime need.
    pub(crate) scratch: u32,
    /// Bytes that the code assumes memory 0 to have.
    pub(crate) least_memory: u32,
    /// Whether there are instructions on floats.
    pub(crate) float: bool,
    /// Whether code reads or changes the size of a memory.
    pub(crate) sizes_memory: bool,
}

/// What the functions of a module share.
pub(crate) struct Module<'o> {
    pub(crate) options: &'o Options,
    pub(crate) shape: Shape,
    /// The functions that become native code; `None` for all.
    only: Option<BTreeSet<u32>>,
    /// Functions that may be called by themselves, through others.
    recursive: HashSet<u32>,
    /// Declarations of LLVM's intrinsics.
    pub(crate) intrinsics: BTreeSet<String>,
    /// Code that calls helpers, by its name.
    stubs: BTreeMap<String, String>,
    /// Metadata: locations in the module.
    metadata: String,
    next_metadata: u32,
    starts: Vec<u32>,
    pub(crate) scratch: u32,
    pub(crate) least_memory: u32,
    pub(crate) float: bool,
    pub(crate) sizes_memory: bool,
}

/// Numbers of the metadata nodes that every module has.
pub(crate) mod node {
    pub const ACCESS_STATE: u32 = 1;
    pub const ACCESS_MEMORY: u32 = 2;
    pub const ACCESS_GLOBAL: u32 = 3;
    pub const ACCESS_SLOT: u32 = 4;
    pub const EMPTY: u32 = 5;
    pub const UNLIKELY: u32 = 6;
    /// The range of the size of memory 0.
    pub const MEMORY_SIZE: u32 = 7;
    pub const ACCESS_FUEL: u32 = 8;
}

/// Attributes of functions: their numbers in the text.
const FUNCTION: u32 = 0;
const TRAP: u32 = 1;
const STUB: u32 = 2;
const ENTRY: u32 = 3;
/// Of calls that have to stay apart, because their return addresses tell places.
pub(crate) const NO_MERGE: u32 = 4;
/// Of calls of helpers that compute something.
pub(crate) const PURE: u32 = 5;

impl<'o> Module<'o> {
    fn new(options: &'o Options) -> Module<'o> {
        Module {
            options,
            shape: Shape::default(),
            only: None,
            recursive: HashSet::new(),
            intrinsics: BTreeSet::new(),
            stubs: BTreeMap::new(),
            metadata: String::new(),
            next_metadata: 100,
            starts: Vec::new(),
            scratch: 4,
            least_memory: 0,
            float: false,
            sizes_memory: false,
        }
    }

    pub(crate) fn target(&self) -> &Target {
        &self.options.target
    }

    /// Whether a function that the module defines becomes native code.
    pub(crate) fn compiles(&self, func: u32) -> bool {
        self.only.as_ref().is_none_or(|only| only.contains(&func))
    }

    /// Notes what an instruction needs that becomes register bytecode.
    fn leave_out(&mut self, instr: &Instr) {
        const FLOATS: [u8; 6] = [0x2a, 0x2b, 0x38, 0x39, 0x43, 0x44];
        match *instr {
            Instr::Numeric(opcode) => {
                self.float |= Op::from_code(opcode).is_some_and(|op| op.name().contains('f'));
            }
            Instr::Load { opcode, .. } | Instr::Store { opcode, .. } | Instr::Const(opcode, _) => {
                self.float |= FLOATS.contains(&opcode);
            }
            Instr::Object(code, _) => {
                let sizes = [codes::MEMORY_SIZE, codes::MEMORY_GROW].map(u16::from);
                self.sizes_memory |= sizes.contains(&code);
            }
            _ => {}
        }
    }

    /// Names an intrinsic and declares it.
    pub(crate) fn intrinsic(&mut self, result: &str, name: &str, params: &str) -> String {
        self.intrinsics.insert(format!("declare {result} @{name}({params})"));
        format!("@{name}")
    }

    /// A node of metadata.
    pub(crate) fn node(&mut self, text: &str) -> u32 {
        let number = self.next_metadata;
        self.next_metadata += 1;
        let _ = writeln!(self.metadata, "!{number} = {text}");
        number
    }

    /// The slots that calls of this type take on the operand stack.
    pub(crate) fn need_slots(&mut self, ty: &Type) {
        self.scratch = self.scratch.max(slots(&ty.params) + 1).max(slots(&ty.results));
    }

    /// The parameter with the state, in calls and definitions.
    pub(crate) fn ctx(&self) -> &'static str {
        "ptr swiftself %ctx"
    }

    /// The lines that read a helper's address into `%f`.
    fn helper(&self, number: usize) -> String {
        let (word, iptr) = (self.target().word(), self.target().iptr());
        format!(
            "  %t0 = getelementptr i8, ptr %ctx, {iptr} {}\n  %t = load ptr, ptr %t0, align {word}, !invariant.load !5\n  \
             %f0 = getelementptr i8, ptr %t, {iptr} {}\n  %f = load ptr, ptr %f0, align {word}, !invariant.load !5\n",
            slot::HELPERS * word,
            number * word,
        )
    }

    /// The lines that read the return address into `%ra`.
    fn return_address(&mut self) -> &'static str {
        self.intrinsics.insert("declare ptr @llvm.returnaddress(i32)".into());
        "  %ra = call ptr @llvm.returnaddress(i32 0)\n"
    }

    fn stub(&mut self, name: &str, make: impl FnOnce(&mut Self) -> String) -> String {
        if !self.stubs.contains_key(name) {
            let text = make(self);
            self.stubs.insert(name.to_owned(), text);
        }
        format!("@{name}")
    }

    /// The code that stops with a trap.
    pub(crate) fn trap(&mut self, code: u32) -> String {
        let name = format!("s.trap.{code}");
        self.stub(&name.clone(), |module| {
            format!(
                "define hidden fastcc void @{name}({}) #{TRAP} section \".t.{name}\" {{\n{}{}  \
                 call void %f(ptr %ctx, i32 {code}, ptr %ra)\n  unreachable\n}}\n",
                module.ctx(),
                module.return_address(),
                module.helper(helper::TRAP),
            )
        })
    }

    /// The code that calls a helper which may trap: `params` are LLVM's types; the helper gets the
    /// state before and the return address behind them.
    pub(crate) fn fallible(&mut self, number: usize, result: &str, params: &[&str]) -> String {
        let name = format!("s.helper.{number}");
        let list = |typed: bool| -> String {
            let one = |(at, ty): (usize, &&str)| {
                if typed {
                    format!("{ty} %p{at}, ")
                } else {
                    format!(", {ty} %p{at}")
                }
            };
            params.iter().enumerate().map(one).collect()
        };
        self.stub(&name.clone(), |module| {
            let (set, ret) = returned(result);
            format!(
                "define internal fastcc {result} @{name}({}{}) #{STUB} section \".t.{name}\" {{\n{}{}  \
                 {set}call {result} %f(ptr %ctx{}, ptr %ra)\n  {ret}\n}}\n",
                list(true),
                module.ctx(),
                module.return_address(),
                module.helper(number),
                list(false),
            )
        })
    }

    /// The code that calls a helper which computes something.
    pub(crate) fn pure(&mut self, number: usize, result: &str, params: &[&str]) -> String {
        let name = format!("c.helper.{number}");
        let typed: String =
            params.iter().enumerate().map(|(at, ty)| format!("{ty} %p{at}, ")).collect();
        let passed: Vec<String> =
            params.iter().enumerate().map(|(at, ty)| format!("{ty} %p{at}")).collect();
        self.stub(&name.clone(), |module| {
            format!(
                "define internal fastcc {result} @{name}({typed}{}) #{STUB} section \".t.{name}\" {{\n{}  \
                 %r = tail call {result} %f({})\n  ret {result} %r\n}}\n",
                module.ctx(),
                module.helper(number),
                passed.join(", "),
            )
        })
    }

    /// The code that calls an imported function, with its arguments in slots. A host function is
    /// called from here; the runtime calls what another instance defines.
    pub(crate) fn import(&mut self, func: u32) -> String {
        let name = format!("s.import.{func}");
        self.stub(&name.clone(), |module| {
            let (word, iptr) = (module.target().word(), module.target().iptr());
            let field = |name: &str, slot: usize, how: &str| {
                format!(
                    "  %{name}0 = getelementptr i8, ptr %ctx, {iptr} {}\n  \
                     %{name} = load ptr, ptr %{name}0, align {word}{how}\n",
                    slot * word
                )
            };
            let helper = |number: usize, name: &str| {
                format!(
                    "  %{name}0 = getelementptr i8, ptr %helpers, {iptr} {}\n  \
                     %{name} = load ptr, ptr %{name}0, align {word}, !invariant.load !5\n",
                    number * word
                )
            };
            // What a memory can grow by, a host function may have done.
            let refresh = if module.shape.is_memory_fixed() {
                String::new()
            } else {
                let copy = |name: &str, offset: usize, slot: usize| {
                    format!(
                        "  %{name}1 = getelementptr i8, ptr %memory, {iptr} {}\n  \
                         %{name} = load {iptr}, ptr %{name}1, align {word}\n  \
                         %{name}2 = getelementptr i8, ptr %ctx, {iptr} {}\n  \
                         store {iptr} %{name}, ptr %{name}2, align {word}\n",
                        offset * word,
                        slot * word
                    )
                };
                field("memory", slot::MEMORY, ", !invariant.load !5")
                    + &copy("base", memory::BASE, slot::MEMORY_BASE)
                    + &copy("size", memory::SIZE, slot::MEMORY_SIZE)
            };
            format!(
                "define internal fastcc void @{name}({}) #{STUB} section \".t.{name}\" {{\n{}{}  \
                 %import = getelementptr i8, ptr %imports, {iptr} {}\n  \
                 %call = load ptr, ptr %import, align {word}, !invariant.load !5\n  \
                 %other = icmp eq ptr %call, null\n  \
                 br i1 %other, label %cross, label %host, !prof !6\n\
                 host:\n{}{}  \
                 %code = call i32 %call(ptr %context, ptr %import, ptr %args)\n  \
                 %stops = icmp ne i32 %code, 0\n  \
                 br i1 %stops, label %trap, label %done, !prof !6\n\
                 done:\n{refresh}  ret void\n\
                 cross:\n{}{}  \
                 call void %f(ptr %ctx, ptr %import, ptr %ra)\n  ret void\n\
                 trap:\n{}{}  \
                 call void %t(ptr %ctx, i32 %code, ptr %ra)\n  unreachable\n}}\n",
                module.ctx(),
                module.return_address(),
                field("imports", slot::IMPORTS, ", !invariant.load !5"),
                func as usize * IMPORT_WORDS * word,
                field("context", slot::CONTEXT, ""),
                field("args", slot::ARGS, ""),
                field("helpers", slot::HELPERS, ", !invariant.load !5"),
                helper(helper::IMPORT, "f"),
                field("helpers", slot::HELPERS, ", !invariant.load !5")
                    .replace("%helpers", "%table"),
                helper(helper::TRAP, "t").replace("%helpers", "%table"),
            )
        })
    }

    /// The code that calls a function of a type with operands in slots. Its parameters are in the
    /// registers in which `enter` of `exec/src/native/entry.rs` has them.
    fn entry(&self, number: u32, ty: &Type) -> String {
        let iptr = self.target().iptr();
        let mut text = format!(
            "define hidden void @e.{number}({iptr} %_0, {iptr} %_1, ptr %body, ptr %slots, {}) #{ENTRY} section \".t.e.{number}\" {{\n",
            self.ctx()
        );
        let mut at = 0;
        let mut passed = String::new();
        for (index, &param) in ty.params.iter().enumerate() {
            let _ = writeln!(text, "  %a{index} = getelementptr i8, ptr %slots, {iptr} {at}");
            let _ = writeln!(text, "  %p{index} = load {}, ptr %a{index}, align 4", ir(param));
            let _ = write!(passed, "{} %p{index}, ", ir(param));
            at += param.slots() * 4;
        }
        let result = ty.result_ir();
        let set = if ty.results.is_empty() { "" } else { "%r = " };
        let _ = writeln!(text, "  {set}call fastcc {result} %body({passed}{})", self.ctx());
        let mut at = 0;
        for (index, &one) in ty.results.iter().enumerate() {
            let value = if ty.results.len() == 1 {
                "%r".to_owned()
            } else {
                let _ = writeln!(text, "  %x{index} = extractvalue {result} %r, {index}");
                format!("%x{index}")
            };
            let _ = writeln!(text, "  %b{index} = getelementptr i8, ptr %slots, {iptr} {at}");
            let _ = writeln!(text, "  store {} {value}, ptr %b{index}, align 4", ir(one));
            at += one.slots() * 4;
        }
        text.push_str("  ret void\n}\n");
        text
    }

    /// The head of a function's definition; `debug` is its node.
    pub(crate) fn head(&self, func: u32, debug: u32) -> String {
        let ty = self.shape.func_type(func);
        // LLVM takes the state away from a function that does not use it, unless the function is
        // visible; one on a cycle of calls will need it to check the native stack.
        let visible = self.shape.reachable[func as usize] || self.recursive.contains(&func);
        let linkage = if visible { "hidden" } else { "internal" };
        let params: String =
            ty.params.iter().enumerate().map(|(at, &ty)| format!("{} %p{at}, ", ir(ty))).collect();
        let word = self.target().word();
        format!(
            "define {linkage} fastcc {} @f.{func}({params}ptr noalias nonnull align {word} dereferenceable({}) swiftself %ctx) #{FUNCTION} section \".t.f.{func}\" !dbg !{debug} {{\n",
            ty.result_ir(),
            word * (slot::MEMORIES + 1),
        )
    }

    fn finish(mut self, functions: &str) -> Text {
        let mut text = format!("target triple = \"{}\"\n", self.target().triple);
        let used: BTreeSet<u32> = (self.shape.imported_funcs..self.shape.funcs.len() as u32)
            .filter(|&func| self.shape.reachable[func as usize])
            .map(|func| self.shape.func_type(func).canonical)
            .collect();
        for number in used {
            text.push_str(&self.entry(number, &self.shape.types[number as usize]));
        }
        text.push_str(functions);
        // The stack check is inserted later, and needs this one.
        self.trap(zonda::TrapCode::StackOverflow as u32);
        self.stubs.values().for_each(|stub| text.push_str(stub));
        text.push_str(&crate::routines::text(self.target().isa));
        self.intrinsics.iter().for_each(|line| {
            text.push_str(line);
            text.push('\n');
        });
        let size = if self.options.size { " optsize" } else { "" };
        let common = format!(
            "nounwind \"no-builtins\" \"target-cpu\"=\"{}\" \"target-features\"=\"{}\"",
            self.target().cpu,
            self.target().features
        );
        let _ = write!(
            text,
            "attributes #{FUNCTION} = {{ {common}{size} \"warn-stack-size\"=\"0\" }}\n\
             attributes #{TRAP} = {{ noinline noreturn cold minsize optsize {common} \"warn-stack-size\"=\"0\" }}\n\
             attributes #{STUB} = {{ noinline {common} optsize \"warn-stack-size\"=\"0\" }}\n\
             attributes #{ENTRY} = {{ noinline {common} optsize \"warn-stack-size\"=\"0\" }}\n\
             attributes #7 = {{ noinline {common} optsize \"warn-stack-size\"=\"0\" }}\n\
             attributes #{NO_MERGE} = {{ nomerge }}\n\
             attributes #{PURE} = {{ nounwind willreturn memory(none) }}\n\
             !llvm.module.flags = !{{!10, !11}}\n!llvm.dbg.cu = !{{!12}}\n\
             !0 = !{{!\"zonda\"}}\n\
             !20 = !{{!\"state\", !0, i64 0}}\n!21 = !{{!\"memory\", !0, i64 0}}\n\
             !22 = !{{!\"global\", !0, i64 0}}\n!23 = !{{!\"slot\", !0, i64 0}}\n\
             !1 = !{{!20, !20, i64 0}}\n!2 = !{{!21, !21, i64 0}}\n\
             !3 = !{{!22, !22, i64 0}}\n!4 = !{{!23, !23, i64 0}}\n\
             !24 = !{{!\"fuel\", !0, i64 0}}\n!8 = !{{!24, !24, i64 0}}\n\
             !5 = !{{}}\n!6 = !{{!\"branch_weights\", i32 1, i32 1048575}}\n\
             !10 = !{{i32 2, !\"Debug Info Version\", i32 3}}\n!11 = !{{i32 7, !\"Dwarf Version\", i32 4}}\n\
             !12 = distinct !DICompileUnit(language: DW_LANG_C99, file: !13, producer: \"zonda\", isOptimized: true, runtimeVersion: 0, emissionKind: LineTablesOnly)\n\
             !13 = !DIFile(filename: \"module\", directory: \"\")\n\
             !14 = !DISubroutineType(types: !5)\n\
             !{} = !{{{iptr} {}, {iptr} -1}}\n",
            node::MEMORY_SIZE,
            self.least_memory,
            iptr = self.target().iptr(),
        );
        text.push_str(&self.metadata);
        Text {
            text,
            shape: self.shape,
            starts: self.starts,
            scratch: self.scratch,
            least_memory: self.least_memory,
            float: self.float,
            sizes_memory: self.sizes_memory,
        }
    }
}

/// How a result is named and returned.
fn returned(result: &str) -> (&'static str, String) {
    if result == "void" {
        ("", "ret void".into())
    } else {
        ("%r = ", format!("ret {result} %r"))
    }
}

/// Whether values of the type are vectors.
fn is_vector(ty: &ValType) -> bool {
    ty.slots() == 4
}

/// Collects which functions call each other.
#[derive(Default)]
struct Scout {
    /// Whether memories or tables have 64-bit addresses or indices, or code has sums of 128 bits.
    wide: bool,
    /// Whether there are vectors.
    vectors: bool,
    /// Whether code throws or catches exceptions.
    exceptions: bool,
    /// Whether there are function references or objects of GC.
    typed: bool,
    atomics: bool,
    calls: HashMap<u32, HashSet<u32>>,
    /// Tail calls: which function calls which.
    tails: Vec<(u32, u32)>,
    /// Functions with indirect calls.
    indirect: Vec<u32>,
    reachable: Vec<bool>,
    next: u32,
}

impl BodyVisitor for Scout {
    fn declared(&mut self, declared: &Declared) {
        let shape = Shape::of(declared);
        self.wide = declared.has_64_bit_indices();
        self.typed = declared.has_typed_references();
        let types = shape.types.iter().flat_map(|ty| ty.params.iter().chain(&ty.results));
        self.vectors =
            types.chain(shape.globals.iter().map(|global| &global.content)).any(is_vector);
        self.next = shape.imported_funcs;
        self.reachable = shape.reachable;
    }

    fn begin(&mut self, body: &Body) {
        let mut locals = (0..body.locals()).filter_map(|local| body.local(local));
        self.vectors |= locals.any(|ty| is_vector(&ty));
        self.calls.insert(self.next, HashSet::new());
    }

    fn instruction(&mut self, _: u32, _: bool, instr: Instr) {
        if let Instr::ReturnCall(func) = instr {
            self.tails.push((self.next, func));
        }
        match instr {
            Instr::Call(func) | Instr::ReturnCall(func) => {
                self.calls.entry(self.next).or_default().insert(func);
            }
            Instr::CallIndirect { .. } | Instr::ReturnCallIndirect { .. } => {
                self.indirect.push(self.next);
            }
            Instr::Object(codes::I64_ADD128..=codes::I64_MUL_WIDE_U, _) => self.wide = true,
            Instr::Vector(_) => self.vectors = true,
            Instr::Exception(_) => self.exceptions = true,
            Instr::Typed(_) => self.typed = true,
            Instr::Atomic(_) => self.atomics = true,
            _ => {}
        }
    }

    fn finish(&mut self) {
        self.next += 1;
    }
}

impl Scout {
    /// The functions that become native code where these were chosen: a tail call from one part of
    /// the module to the other would take native stack each time, so functions with tail calls of
    /// each other are in one part.
    fn closure(&self, chosen: &BTreeSet<u32>) -> BTreeSet<u32> {
        let mut all = chosen.clone();
        loop {
            let before = all.len();
            for &(from, to) in &self.tails {
                if all.contains(&from) || all.contains(&to) {
                    all.extend([from, to]);
                }
            }
            if all.len() == before {
                return all;
            }
        }
    }

    fn recursive(mut self) -> HashSet<u32> {
        self.indirect.dedup();
        for func in self.indirect {
            let reachable =
                self.reachable.iter().zip(0..).filter(|(is, _)| **is).map(|(_, func)| func);
            self.calls.entry(func).or_default().extend(reachable);
        }
        crate::depth::recursive(&self.calls)
    }
}

/// Visits the functions of a module.
struct Translator<'o> {
    module: Module<'o>,
    functions: String,
    current: Option<Function>,
    next: u32,
    /// Whether the next instruction is the first one of its function.
    starts: bool,
}

impl BodyVisitor for Translator<'_> {
    fn declared(&mut self, declared: &Declared) {
        self.module.shape = Shape::of(declared);
        self.next = declared.imported_funcs();
        if let Some(only) = &self.module.only {
            // Register bytecode calls any of them.
            let imported = self.next;
            for (func, reachable) in (0..).zip(&mut self.module.shape.reachable) {
                *reachable = func >= imported && only.contains(&func);
            }
        }
    }

    fn begin(&mut self, body: &Body) {
        self.starts = true;
        self.next += 1;
        if !self.module.compiles(self.next - 1) {
            return;
        }
        let func = self.next - 1;
        let locals: Vec<ValType> =
            (0..body.locals()).filter_map(|local| body.local(local)).collect();
        let debug = self.module.node(&format!(
            "distinct !DISubprogram(name: \"f{}\", scope: !13, file: !13, line: 1, type: !14, spFlags: DISPFlagDefinition | DISPFlagOptimized, unit: !12)",
            func
        ));
        self.current = Some(Function::new(&self.module, func, locals, debug));
    }

    fn instruction(&mut self, offset: u32, _live: bool, instr: Instr) {
        if std::mem::take(&mut self.starts) {
            self.module.starts.push(offset);
        }
        match &mut self.current {
            Some(function) => function.instruction(&mut self.module, offset, instr),
            None => self.module.leave_out(&instr),
        }
    }

    fn finish(&mut self) {
        if let Some(function) = self.current.take() {
            self.functions.push_str(&function.finish(&mut self.module));
        }
    }
}

/// Translates a module.
pub(crate) fn translate(bytes: &[u8], options: &Options) -> Result<Text, Error> {
    let mut scout = Scout::default();
    walk(bytes, &mut scout)?;
    if scout.wide {
        return Err(Error::Unsupported("64-bit memories and tables, and wide arithmetic"));
    }
    if scout.vectors {
        return Err(Error::Unsupported("SIMD"));
    }
    if scout.exceptions {
        return Err(Error::Unsupported("exceptions"));
    }
    if scout.typed {
        return Err(Error::Unsupported("typed function references and GC"));
    }
    if scout.atomics {
        return Err(Error::Unsupported("atomic instructions"));
    }
    let mut module = Module::new(options);
    module.only = options.only.as_ref().map(|chosen| scout.closure(chosen));
    module.recursive = scout.recursive();
    let mut translator =
        Translator { module, functions: String::new(), current: None, next: 0, starts: false };
    walk(bytes, &mut translator)?;
    Ok(translator.module.finish(&translator.functions))
}
