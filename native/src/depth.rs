//! The native stack: functions that can be called without end check it.
//!
//! A function needs a check where it is on a cycle of calls, direct or indirect; every other one
//! uses a stack of known size. The check comes after LLVM's optimizations, when it is known which
//! calls are left.

use crate::{Error, Options};
use inkwell::attributes::{Attribute, AttributeLoc};
use inkwell::basic_block::BasicBlock;
use inkwell::context::Context;
use inkwell::intrinsics::Intrinsic;
use inkwell::module::Module;
use inkwell::values::{CallSiteValue, FunctionValue, InstructionOpcode};
use inkwell::IntPredicate;
use std::collections::{HashMap, HashSet};
use std::hash::Hash;
use zonda::TrapCode;
use zonda_exec::native::slot;

/// Bytes that helpers may use which native code calls, behind the last check.
const HELPERS: u32 = 512;

/// Which functions call each other, and which of them check the native stack.
pub(crate) struct Calls {
    graph: HashMap<String, HashSet<String>>,
    checked: HashSet<String>,
}

impl Calls {
    /// Bytes of native stack that may be used beyond a check, or beyond the entry from the runtime,
    /// without another check.
    pub(crate) fn deepest(&self, frames: &HashMap<String, u32>, word: u32) -> u32 {
        // A frame, and the return address that the call pushes where the CPU does so.
        let frame = |name: &str| frames.get(name).copied().unwrap_or(0).saturating_add(word);
        let others =
            frames.iter().filter(|(name, _)| !name.starts_with("f.")).map(|(_, &size)| size);
        let ends = HELPERS + 2 * others.max().unwrap_or(0) + 2 * word;
        let mut known: HashMap<&str, u32> = HashMap::new();
        // Functions without a check form no cycle. They are visited depth first, without recursion:
        // a chain of calls may be long.
        for start in self.graph.keys() {
            let mut todo = vec![(start.as_str(), false)];
            while let Some((name, visited)) = todo.pop() {
                if known.contains_key(name) {
                    continue;
                }
                let callees = self.graph.get(name).into_iter().flatten();
                if visited {
                    let below = callees.map(|callee| {
                        let beyond = if self.checked.contains(callee) {
                            0
                        } else {
                            known.get(callee.as_str()).copied().unwrap_or(0)
                        };
                        frame(callee).saturating_add(beyond)
                    });
                    known.insert(name, below.max().unwrap_or(0));
                    continue;
                }
                todo.push((name, true));
                todo.extend(
                    callees
                        .filter(|callee| !self.checked.contains(*callee))
                        .map(|callee| (callee.as_str(), false)),
                );
            }
        }
        let deepest = self.graph.keys().map(|name| {
            let own = if self.checked.contains(name) { 0 } else { frame(name) };
            known.get(name.as_str()).copied().unwrap_or(0).saturating_add(own.max(frame(name)))
        });
        deepest.max().unwrap_or(0).saturating_add(ends)
    }
}

fn fails(error: impl std::fmt::Display) -> Error {
    Error::Llvm(error.to_string())
}

fn name(function: FunctionValue) -> String {
    function.get_name().to_string_lossy().into_owned()
}

/// The functions that each function calls; `None` stands for those that tables hold.
fn calls(function: FunctionValue) -> HashSet<Option<String>> {
    let mut found = HashSet::new();
    for block in function.get_basic_block_iter() {
        for instruction in block.get_instructions() {
            if instruction.get_opcode() != InstructionOpcode::Call {
                continue;
            }
            let Ok(call) = CallSiteValue::try_from(instruction) else { continue };
            match call.get_called_fn_value() {
                Some(callee) if name(callee).starts_with("f.") => {
                    found.insert(Some(name(callee)));
                }
                Some(_) => {}
                None => {
                    found.insert(None);
                }
            }
        }
    }
    found
}

/// Functions on a cycle.
pub(crate) fn recursive<T: Clone + Eq + Hash>(graph: &HashMap<T, HashSet<T>>) -> HashSet<T> {
    // Functions that cannot be on a cycle are taken away until none is left: those that call
    // nothing that is left, and those that nothing that is left calls.
    let mut left: HashSet<T> = graph.keys().cloned().collect();
    loop {
        let called: HashSet<&T> = left
            .iter()
            .flat_map(|from| graph[from].iter())
            .filter(|to| left.contains(*to))
            .collect();
        let kept: HashSet<T> = left
            .iter()
            .filter(|from| called.contains(from) && graph[*from].iter().any(|to| left.contains(to)))
            .cloned()
            .collect();
        if kept.len() == left.len() {
            return left;
        }
        left = kept;
    }
}

/// Inserts the checks.
pub(crate) fn insert_checks<'c>(
    context: &'c Context,
    module: &Module<'c>,
    is_reachable: impl Fn(&str) -> bool,
    options: &Options,
) -> Result<Calls, Error> {
    let functions: Vec<FunctionValue> = module
        .get_functions()
        .filter(|function| name(*function).starts_with("f.") && function.count_basic_blocks() > 0)
        .collect();
    let reachable: HashSet<String> = functions
        .iter()
        .map(|function| name(*function))
        .filter(|name| is_reachable(name))
        .collect();
    let mut graph = HashMap::new();
    for &function in &functions {
        let mut to: HashSet<String> = HashSet::new();
        for callee in calls(function) {
            match callee {
                Some(callee) => {
                    to.insert(callee);
                }
                None => to.extend(reachable.iter().cloned()),
            }
        }
        graph.insert(name(function), to);
    }
    let all = recursive(&graph);
    for function in functions {
        if all.contains(&name(function)) {
            insert(context, module, function, options)?;
        }
    }
    Ok(Calls { graph, checked: all })
}

/// Inserts a check at the start of a function.
fn insert<'c>(
    context: &'c Context,
    module: &Module<'c>,
    function: FunctionValue<'c>,
    options: &Options,
) -> Result<(), Error> {
    let target = &options.target;
    let Some(entry) = function.get_first_basic_block() else { return Ok(()) };
    let check: BasicBlock = context.prepend_basic_block(entry, "check");
    let trap = context.append_basic_block(function, "overflow");
    let builder = context.create_builder();
    builder.position_at_end(check);
    // Memory of the function stays in its first block.
    let kept: Vec<_> = entry
        .get_instructions()
        .filter(|one| one.get_opcode() == InstructionOpcode::Alloca)
        .collect();
    for alloca in kept {
        alloca.remove_from_basic_block();
        builder.insert_instruction(&alloca, None);
    }
    let word = if target.word() == 8 { context.i64_type() } else { context.i32_type() };
    let read = Intrinsic::find("llvm.read_register")
        .and_then(|intrinsic| intrinsic.get_declaration(module, &[word.into()]))
        .ok_or_else(|| fails("no llvm.read_register"))?;
    let register = context.metadata_node(&[context.metadata_string(target.sp()).into()]);
    let sp = builder.build_call(read, &[register.into()], "sp").map_err(fails)?;
    let sp = sp.try_as_basic_value().basic().ok_or_else(|| fails("no value"))?.into_int_value();
    let state = function.get_last_param().ok_or_else(|| fails("no state"))?.into_pointer_value();
    let offset = word.const_int((slot::STACK_LIMIT * target.word()) as u64, false);
    // SAFETY: the state has this field.
    let field =
        unsafe { builder.build_gep(context.i8_type(), state, &[offset], "limit").map_err(fails)? };
    let limit = builder.build_load(word, field, "limit").map_err(fails)?.into_int_value();
    let below = builder.build_int_compare(IntPredicate::ULT, sp, limit, "below").map_err(fails)?;
    builder.build_conditional_branch(below, trap, entry).map_err(fails)?;
    builder.position_at_end(trap);
    let stub = module
        .get_function(&format!("s.trap.{}", TrapCode::StackOverflow as u32))
        .ok_or_else(|| fails("no trap"))?;
    let call = builder.build_call(stub, &[state.into()], "").map_err(fails)?;
    call.set_call_convention(stub.get_call_conventions());
    let swiftself = Attribute::get_named_enum_kind_id("swiftself");
    call.add_attribute(AttributeLoc::Param(0), context.create_enum_attribute(swiftself, 0));
    builder.build_unreachable().map_err(fails)?;
    Ok(())
}
