//! The calls of LLVM: reads the text, optimizes, inserts the checks of the native stack, and writes
//! an object file.

use crate::depth;
use crate::module::Text;
use crate::{Error, Options};
use inkwell::context::{AsContextRef, Context};
use inkwell::llvm_sys::core::{
    LLVMContextSetDiagnosticHandler, LLVMDisposeMessage, LLVMGetDiagInfoDescription,
};
use inkwell::llvm_sys::prelude::LLVMDiagnosticInfoRef;
use inkwell::memory_buffer::MemoryBuffer;
use inkwell::module::Linkage;
use inkwell::passes::PassBuilderOptions;
use inkwell::targets::{
    CodeModel, FileType, InitializationConfig, RelocMode, Target, TargetMachine, TargetTriple,
};
use inkwell::OptimizationLevel;
use std::collections::HashMap;
use std::ffi::{c_void, CStr};
use std::sync::Once;

/// What LLVM made.
pub(crate) struct Compiled {
    pub(crate) object: Vec<u8>,
    /// Bytes of native stack that may be used beyond what is checked.
    pub(crate) reserve: u32,
}

fn fails(error: impl std::fmt::Display) -> Error {
    Error::Llvm(error.to_string())
}

/// Starts LLVM for all targets, once.
pub(crate) fn start() {
    static START: Once = Once::new();
    START.call_once(|| {
        let config = InitializationConfig::default();
        Target::initialize_arm(&config);
        Target::initialize_aarch64(&config);
        Target::initialize_riscv(&config);
        Target::initialize_x86(&config);
    });
}

fn machine(options: &Options) -> Result<TargetMachine, Error> {
    start();
    let target = &options.target;
    let triple = TargetTriple::create(target.triple);
    Target::from_triple(&triple)
        .map_err(fails)?
        .create_target_machine(
            &triple,
            &target.cpu,
            target.features,
            OptimizationLevel::Default,
            RelocMode::PIC,
            CodeModel::Small,
        )
        .ok_or_else(|| Error::Llvm(format!("no code for {}", target.name)))
}

/// Sizes of the frames on the native stack, by function, which LLVM reports while it makes the
/// code.
struct Frames(HashMap<String, u32>);

impl Frames {
    /// Has LLVM report to this.
    fn listen(&mut self, context: &Context) {
        // SAFETY: the context is live. The handler is taken away again before this value is dropped
        // (`Frames::stop`).
        unsafe {
            LLVMContextSetDiagnosticHandler(
                context.as_ctx_ref(),
                Some(note),
                (&raw mut *self).cast(),
            );
        }
    }

    fn stop(&self, context: &Context) {
        // SAFETY: the context is live.
        unsafe { LLVMContextSetDiagnosticHandler(context.as_ctx_ref(), None, std::ptr::null_mut()) }
    }

    /// Reads `stack frame size (8) exceeds limit (0) in function 'f.0'`.
    fn read(&mut self, text: &str) -> Option<()> {
        let (_, rest) = text.split_once("stack frame size (")?;
        let (size, rest) = rest.split_once(')')?;
        let name = rest.rsplit('\'').nth(1)?;
        self.0.insert(name.into(), size.parse().ok()?);
        Some(())
    }
}

/// Receives what LLVM reports.
extern "C" fn note(info: LLVMDiagnosticInfoRef, frames: *mut c_void) {
    // SAFETY: LLVM calls this with a live report, and with the `Frames` that `listen` has passed.
    unsafe {
        let text = LLVMGetDiagInfoDescription(info);
        let owned = CStr::from_ptr(text).to_string_lossy().into_owned();
        LLVMDisposeMessage(text);
        (*frames.cast::<Frames>()).read(&owned);
    }
}

pub(crate) fn compile(text: &Text, options: &Options) -> Result<Compiled, Error> {
    let machine = machine(options)?;
    let context = Context::create();
    let buffer = MemoryBuffer::create_from_memory_range_copy(text.text.as_bytes(), "module");
    let module = context.create_module_from_ir(buffer).map_err(fails)?;
    module.set_data_layout(&machine.get_target_data().get_data_layout());
    module.verify().map_err(fails)?;
    let passes = if options.size { "default<Os>" } else { "default<O2>" };
    let settings = PassBuilderOptions::create();
    settings.set_loop_vectorization(false);
    settings.set_loop_slp_vectorization(false);
    module.run_passes(passes, &machine, settings).map_err(fails)?;
    // Functions that only the code calls were visible so far, to keep their state.
    let func = |name: &str| name.strip_prefix("f.")?.parse::<usize>().ok();
    let is_reachable = |name: &str| func(name).is_some_and(|func| text.shape.reachable[func]);
    for function in module.get_functions() {
        let name = function.get_name().to_string_lossy().into_owned();
        if func(&name).is_some() && !is_reachable(&name) && function.count_basic_blocks() > 0 {
            function.set_linkage(Linkage::Internal);
        }
    }
    module.run_passes("globaldce", &machine, PassBuilderOptions::create()).map_err(fails)?;
    let calls = depth::insert_checks(&context, &module, is_reachable, options)?;
    let mut frames = Frames(HashMap::new());
    frames.listen(&context);
    let object = machine.write_to_memory_buffer(&module, FileType::Object).map_err(fails);
    frames.stop(&context);
    let reserve = calls.deepest(&frames.0, options.target.word() as u32);
    Ok(Compiled { object: object?.as_slice().to_vec(), reserve })
}
