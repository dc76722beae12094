//! What the loops' unit tests share: functions that are put together by hand, and an instance to
//! call them in.
//!
//! Depends on the records of [`crate::frame`] and [`crate::instance`], which the runtime crate's
//! store fills in elsewhere.

// A build with one mode uses a part.
#![allow(dead_code)]

use crate::frame::{Context, FastFunc, FuncLayout, Host, OVERHEAD};
use crate::{
    ClassicFunc, ExecInstance, Exit, GlobalRef, ImportedFunc, Memory, Meter, Mode, TrapCode,
};
use std::boxed::Box;
use std::vec;
use std::vec::Vec;

/// Numbers at which something changes.
pub(crate) const EDGES: [u32; 14] =
    [0, 1, 2, 7, 31, 32, 33, 0x7f, 0x80, 0xffff, 0x7fff_ffff, 0x8000_0000, 0x8000_0001, u32::MAX];

/// Pseudo-random numbers.
pub(crate) struct Noise(pub(crate) u64);

impl Noise {
    pub(crate) fn next(&mut self) -> u32 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 32) as u32
    }
    /// Edges, and a few others. Under Miri, where a run takes a tenth of a second, one: every
    /// instruction, but not every result.
    pub(crate) fn values(&mut self) -> Vec<u32> {
        if cfg!(miri) {
            return vec![EDGES[self.next() as usize % EDGES.len()]];
        }
        EDGES.into_iter().chain((0..8).map(|_| self.next())).collect()
    }
}

/// A function. `side_table`, `map`, `narrow` and `grouped` have a meaning in classic mode only.
#[derive(Clone)]
pub(crate) struct Function {
    pub(crate) layout: FuncLayout,
    pub(crate) code: Vec<u8>,
    /// The entries; one of zeros is appended.
    pub(crate) side_table: Vec<u16>,
    /// The map of locals, in front of the entries.
    pub(crate) map: Vec<u16>,
    pub(crate) narrow: u8,
    pub(crate) grouped: bool,
}

impl Function {
    /// A function with parameters, locals including these, results and operands, all in slots.
    pub(crate) fn new(
        params: u16,
        locals: u16,
        results: u16,
        operands: u32,
        code: Vec<u8>,
    ) -> Function {
        let frame = (locals - params) as u32 + OVERHEAD as u32 + operands;
        Function {
            layout: FuncLayout { params, locals, results, type_index: 0, frame },
            code,
            side_table: Vec::new(),
            map: Vec::new(),
            narrow: locals.min(127) as u8,
            grouped: false,
        }
    }
}

/// The result of a call: its slots, or a trap with the function and the offset in its code.
pub(crate) type Outcome = Result<Vec<u32>, (TrapCode, usize, usize)>;

/// What an instance points at.
pub(crate) struct World {
    pub(crate) stack: Vec<u32>,
    pub(crate) imports: Vec<ImportedFunc>,
    /// Cells of globals, which the tests link to.
    pub(crate) cells: Vec<u64>,
    pub(crate) globals: Vec<GlobalRef>,
    /// Memory 0 and memory 1.
    pub(crate) bytes: Vec<u8>,
    pub(crate) more: Vec<u8>,
    /// Bytes that memory 0 has, when these are not all.
    pub(crate) size: Option<usize>,
    pub(crate) meter: Meter,
    pub(crate) runtime: crate::frame::RuntimeFn,
    pub(crate) mode: Mode,
    functions: Vec<Function>,
    code: Vec<u8>,
    tables: Vec<u16>,
    fast_funcs: Vec<FastFunc>,
    classic_funcs: Vec<ClassicFunc>,
}

/// An instance and its memories, which point at a [`World`].
pub(crate) struct Live {
    pub(crate) instance: ExecInstance,
    pub(crate) memories: [Memory; 2],
    pub(crate) pointers: [*mut Memory; 2],
}

unsafe extern "C" fn no_runtime(_: &mut Context, _: u8) -> u32 {
    TrapCode::Unlinked as u32
}

impl World {
    pub(crate) fn new(mode: Mode, functions: Vec<Function>) -> World {
        let (mut code, mut tables): (Vec<u8>, Vec<u16>) = (Vec::new(), Vec::new());
        let (mut fast_funcs, mut starts) = (Vec::new(), Vec::new());
        for function in &functions {
            fast_funcs.push(FastFunc { layout: function.layout, code: code.len() as u32 });
            code.extend(&function.code);
            tables.extend(&function.map);
            starts.push(tables.len());
            tables.extend(&function.side_table);
        }
        // The table ends with an entry of zeros.
        tables.extend([0; crate::side_table::ENTRY]);
        let classic_funcs = functions.iter().zip(&fast_funcs).zip(starts).map(
            |((function, fast), table): ((&Function, &FastFunc), usize)| ClassicFunc {
                layout: function.layout,
                code: code.as_ptr().wrapping_add(fast.code as usize),
                end: code.as_ptr().wrapping_add(fast.code as usize + function.code.len()),
                side_table: tables.as_ptr().wrapping_add(table),
                narrow: function.narrow,
                grouped: function.grouped,
            },
        );
        let classic_funcs = classic_funcs.collect();
        World {
            // A slot that is read before it is written shows.
            stack: vec![0xdead_beef; 400],
            imports: Vec::new(),
            cells: Vec::new(),
            globals: Vec::new(),
            bytes: Vec::new(),
            more: Vec::new(),
            size: None,
            meter: Meter::new(),
            runtime: no_runtime,
            mode,
            functions,
            code,
            tables,
            fast_funcs,
            classic_funcs,
        }
    }

    /// The layout of a function that the module defines.
    pub(crate) fn layout(&self, index: usize) -> &FuncLayout {
        &self.functions[index].layout
    }

    /// The code of all functions.
    pub(crate) fn code(&self) -> *const u8 {
        self.code.as_ptr()
    }

    /// Writes the entries of the only function, as many as it has.
    pub(crate) fn set_side_table(&mut self, entries: &[u16]) {
        self.tables[..entries.len()].copy_from_slice(entries);
        self.classic_funcs[0].side_table = self.tables.as_ptr();
    }

    /// An instance that is not linked to a world.
    pub(crate) fn live() -> Box<Live> {
        Box::new(Live {
            instance: ExecInstance {
                funcs: core::ptr::null(),
                code: core::ptr::null(),
                #[cfg(feature = "strict")]
                funcs_end: core::ptr::null(),
                #[cfg(feature = "strict")]
                code_end: core::ptr::null(),
                imports: core::ptr::null(),
                import_count: 0,
                globals: core::ptr::null(),
                memory: core::ptr::null(),
                memories: core::ptr::null(),
                owner: core::ptr::null_mut(),
                mode: Mode::ALL[0],
                #[cfg(feature = "native")]
                native: crate::native::State::new(),
            },
            memories: [Memory::empty(), Memory::empty()],
            pointers: [core::ptr::null_mut(); 2],
        })
    }

    /// Links the instance to this world.
    pub(crate) fn link(&mut self, live: &mut Live) {
        let size = self.size.unwrap_or(self.bytes.len()).min(self.bytes.len());
        // SAFETY: the bytes are this world's, which outlives its instance and does not change them
        // meanwhile.
        unsafe {
            live.memories[0].set(self.bytes.as_mut_ptr(), size);
            live.memories[1].set(self.more.as_mut_ptr(), self.more.len());
        }
        live.pointers = [&raw mut live.memories[0], &raw mut live.memories[1]];
        let instance = &mut live.instance;
        let imported = self.imports.len();
        match self.mode {
            // No test of this crate has native code.
            #[cfg(feature = "native")]
            Mode::Native => {}
            #[cfg(feature = "classic")]
            Mode::Classic => {
                instance.funcs = self.classic_funcs.as_ptr().wrapping_sub(imported).cast()
            }
            #[cfg(feature = "fast")]
            Mode::Fast => {
                instance.funcs = self.fast_funcs.as_ptr().wrapping_sub(imported).cast();
                instance.code = self.code.as_ptr();
                #[cfg(feature = "strict")]
                {
                    instance.code_end = self.code.as_ptr_range().end;
                    instance.funcs_end = self.fast_funcs.as_ptr_range().end.cast();
                }
            }
        }
        instance.imports = self.imports.as_ptr();
        instance.import_count = self.imports.len() as u32;
        instance.globals = self.globals.as_ptr();
        instance.memory = live.pointers[0];
        instance.memories = live.pointers.as_ptr();
        instance.mode = self.mode;
    }

    /// Calls a function in an instance that is linked to this world.
    pub(crate) fn call(&mut self, func: u32, args: &[u32]) -> Outcome {
        let mut live = World::live();
        self.link(&mut live);
        self.call_in(&raw const live.instance, func, args)
    }

    /// Calls a function in this instance, which is linked to this world.
    pub(crate) fn call_in(
        &mut self,
        instance: *const ExecInstance,
        func: u32,
        args: &[u32],
    ) -> Outcome {
        let stack = self.stack.as_mut_ptr_range();
        let host = Host {
            stack_end: stack.end,
            meter: &self.meter,
            runtime: self.runtime,
            store: core::ptr::null_mut(),
            host: core::ptr::null_mut(),
        };
        // The slot before the first frame is `sp` when a function without operands returns.
        let fp = stack.start.wrapping_add(1);
        let layout = *self.layout(func as usize - self.imports.len());
        assert_eq!(args.len(), layout.params as usize);
        // SAFETY: the instance is complete, and the tests write code that keeps the loops' rules.
        unsafe {
            fp.copy_from_nonoverlapping(args.as_ptr(), args.len());
            match crate::call(host, fp, func, instance) {
                Exit::Returned => {
                    Ok(core::slice::from_raw_parts(fp, layout.results as usize).to_vec())
                }
                Exit::Refused(trap) => Err((trap, usize::MAX, 0)),
                Exit::Trapped(trap, place) => {
                    let (index, offset) = place_of(&place);
                    Err((trap, index, offset))
                }
            }
        }
    }
}

/// The function, in the index space of its instance, and the offset in its code at which execution
/// stopped.
unsafe fn place_of(place: &crate::frame::Place) -> (usize, usize) {
    // SAFETY: the instance is live, and the function one of it.
    unsafe {
        let instance = &*place.instance;
        match instance.mode {
            #[cfg(feature = "native")]
            Mode::Native => (0, 0),
            #[cfg(feature = "classic")]
            Mode::Classic => {
                let index = place.func.addr().wrapping_sub(instance.funcs.addr());
                let func = &*place.func.cast::<ClassicFunc>();
                (index / size_of::<ClassicFunc>(), place.pc.addr() - func.code.addr())
            }
            #[cfg(feature = "fast")]
            Mode::Fast => {
                let index = place.func.addr().wrapping_sub(instance.funcs.addr());
                let func = &*place.func.cast::<FastFunc>();
                let start = instance.code.addr() + func.code as usize;
                (index / size_of::<FastFunc>(), place.pc.addr() - start)
            }
        }
    }
}

pub(crate) type HostFunction = unsafe extern "C" fn(&mut Context, &ImportedFunc, *mut u32) -> u32;

/// An imported function, with parameters and results in slots.
pub(crate) fn import(
    call: Option<HostFunction>,
    data: *const (),
    extra: usize,
    params: u32,
    results: u32,
) -> ImportedFunc {
    ImportedFunc::new(call, data, core::ptr::without_provenance(extra), params, results)
}

/// A host function of two parameters: returns their difference, traps when that is negative. When
/// the import's data is a memory, the memory moves by four bytes meanwhile.
pub(crate) unsafe extern "C" fn subtract(
    context: &mut Context,
    import: &ImportedFunc,
    args: *mut u32,
) -> u32 {
    assert!(!context.instance.is_null());
    // SAFETY: the import has two parameters and one result; its data is the instance's memory, or
    // null.
    unsafe {
        let memory = import.data.cast::<Memory>().cast_mut();
        if !memory.is_null() {
            (*memory).set((*memory).base.wrapping_add(4), (*memory).size - 4);
        }
        *args = (*args).wrapping_sub(*args.add(1));
        if (*args as i32) < 0 {
            TrapCode::Host as u32
        } else {
            0
        }
    }
}

/// A host function of one parameter and one result: calls the function `extra` of the instance
/// `data` with it, and returns its result or its trap.
pub(crate) unsafe extern "C" fn call_back(
    context: &mut Context,
    import: &ImportedFunc,
    args: *mut u32,
) -> u32 {
    let host = Host {
        stack_end: context.stack_end,
        meter: context.meter,
        runtime: context.runtime,
        store: context.store,
        host: context.host,
    };
    // SAFETY: the argument is at `args`, and the stack is free behind it: the caller has no
    // operands above a call's arguments.
    unsafe {
        let fp = args.add(1);
        *fp = *args;
        match crate::call(host, fp, import.extra.addr() as u32, import.data.cast()) {
            Exit::Returned => {
                *args = *fp;
                0
            }
            Exit::Refused(trap) | Exit::Trapped(trap, _) => trap as u32,
        }
    }
}

/// A runtime instruction (`memory.grow` by its opcode) with one operand, which is incremented. The
/// immediate says what happens besides.
pub(crate) unsafe extern "C" fn runtime(context: &mut Context, code: u8) -> u32 {
    assert_eq!(code, crate::Op::MemoryGrow as u8);
    // SAFETY: the instruction has one byte of immediates, one operand and one result.
    unsafe {
        let what = *context.pc;
        context.pc = context.pc.add(1);
        *context.sp += 1;
        let callee = (*context.instance).callee(1);
        match what {
            0 => {
                // As if memory had grown.
                let memory = &mut *context.memory.cast_mut();
                memory.set(memory.base, memory.size + 4);
                0
            }
            1 => context.call(callee).unwrap_or_else(|trap| trap as u32),
            2 => context.tail_call(callee, context.instance).unwrap_or_else(|trap| trap as u32),
            3 => TrapCode::OutOfMemory as u32,
            _ => crate::frame::OTHER_MODE,
        }
    }
}

macro_rules! codes {
    ($name:ident $($code:literal $op:ident $text:literal $method:ident $arity:ident $a:ident $r:ident $f:ident;)*) => {
        pub(crate) const $name: &[u16] = &[$($code),*];
    };
}
crate::relation_ops! { codes RELATIONS }
crate::integer_ops! { codes INTEGERS }
#[cfg(feature = "float")]
crate::float_ops! { codes FLOATS }
#[cfg(not(feature = "float"))]
pub(crate) const FLOATS: &[u16] = &[];

/// Values for the high half of an operand: edges of integers and floats, and of truncations between
/// them.
pub(crate) fn numeric_edges(noise: &mut Noise) -> Vec<u32> {
    let mut values = noise.values();
    values.extend([
        f32::NAN.to_bits(),
        1.5f32.to_bits(),
        (-0.75f32).to_bits(),
        0x7fa0_0000,
        0x7ff8_0000,
        0x3ff8_0000,
    ]);
    // Around the bounds of truncations.
    values.extend([
        0x4f00_0000,
        0xcf00_0000,
        0xcf00_0001,
        0x4f7f_ffff,
        0x4f80_0000,
        0x5f00_0000,
        0xdf00_0000,
        0x5f80_0000,
        0xbf7f_ffff,
    ]);
    values.extend([
        0x41df_ffff,
        0x41e0_0000,
        0xc1e0_0000,
        0xc1e0_0001,
        0x41ef_ffff,
        0x41f0_0000,
        0x43e0_0000,
        0xc3e0_0000,
        0xc3e0_0001,
        0x43f0_0000,
    ]);
    values.extend([0xbfef_ffff, 0xbff0_0000, 0xffc0_0000, 0xff80_0000, 0x7f80_0000]);
    values.into_iter().step_by(if cfg!(miri) { 40 } else { 1 }).collect()
}

/// Whether the result of an instruction of this type is a quiet NaN.
pub(crate) fn is_nan(sig: crate::op::Sig, result: &[u32]) -> bool {
    match sig.value() {
        crate::op::NumType::F32 => f32::from_bits(result[0]).is_nan() && result[0] >> 22 & 1 != 0,
        crate::op::NumType::F64 => {
            f64::from_bits(result[0] as u64 | (result[1] as u64) << 32).is_nan()
                && result[1] >> 19 & 1 != 0
        }
        _ => false,
    }
}

/// The type of a numeric instruction.
pub(crate) fn numeric_sig(opcode: u16) -> crate::op::Sig {
    if opcode < 0x100 {
        crate::op::sig(opcode as u8)
    } else {
        crate::op::prefixed_sig(opcode as u8)
    }
}
