//! What exists at run time: instances, memories, tables, globals, host functions, the value stack (spec: 4.2.3).
//!
//! A store owns all of it; what is made stays until the store is dropped, and everything is freed then. Nothing here knows an
//! embedding API: [`crate::host`] and the C API stand on top.
//!
//! Invariant: all that instances point at (records of instances, memories, tables, globals) has an address of its own
//! ([`TryBox`]) and lives as long as the store.

mod bounds;
mod bulk;
pub(crate) mod fault;
pub(crate) mod func;
pub(crate) mod instance;
pub(crate) mod link;
pub(crate) mod memory;
mod runtime_instr;
pub(crate) mod table;

use crate::alloc::{OutOfMemory, TryArc, TryBox, TryVec};
use crate::binary::types::GlobalType;
use func::HostFunc;
use instance::StoreInstance;
use memory::MemoryData;
use table::TableData;
use zonda_exec::{Meter, TrapCode};

/// What a store may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreConfig {
    /// Bytes of the value stack, which holds locals and operands of all active calls. Rounded down to slots of 4 bytes. Default 64 KiB with the
    /// feature `std`, else 4 KiB.
    pub stack_bytes: u32,
    /// Most bytes that each memory may have, `u64::MAX` for no limit of the embedder's (the default). A memory whose module asks for more at the start gets
    /// this much: what lies beyond traps, while `memory.size` still says what the module asked for.
    pub memory_limit: u64,
    /// How deep host functions may call back into modules: host functions with a [`Caller`](crate::Caller) that may be active at once. One more traps with
    /// [`TrapCode::StackOverflow`]. Each takes the native stack of a call and its own, which a module could have repeated as often as the value stack allows.
    /// Default 64 with the feature `std`, else 4.
    pub nested_calls: u32,
}

impl Default for StoreConfig {
    fn default() -> StoreConfig {
        let (stack_bytes, nested_calls) =
            if cfg!(feature = "std") { (64 * 1024, 64) } else { (4096, 4) };
        StoreConfig { stack_bytes, memory_limit: u64::MAX, nested_calls }
    }
}

/// A global that no instance defines.
pub(crate) struct GlobalData {
    /// One slot or two, as the type says.
    pub(crate) cell: [u32; 2],
    pub(crate) ty: GlobalType,
}

pub(crate) struct StoreData<'a> {
    pub(crate) config: StoreConfig,
    pub(crate) meter: TryArc<Meter>,
    pub(crate) instances: TryVec<TryBox<StoreInstance<'a>>>,
    pub(crate) memories: TryVec<TryBox<MemoryData>>,
    pub(crate) tables: TryVec<TryBox<TableData>>,
    pub(crate) globals: TryVec<TryBox<GlobalData>>,
    pub(crate) host_funcs: TryVec<TryBox<HostFunc>>,
    /// Address that the next instance's first function gets.
    next_func: u32,
    /// The value stack that calls through the Rust API use.
    stack: TryVec<u32>,
    /// How many more host functions may call back.
    nested_left: u32,
    /// Where the next call by the host may write on it: above what outer calls use.
    stack_top: *mut u32,
    /// What the host function reported that caused the last trap.
    pub(crate) host_code: u32,
    /// Bytes that are appended to the next memory, once: the C API's application heap.
    pub(crate) appended: u32,
}

// SAFETY: the raw pointers point at what the store owns itself, or at what the embedder had to give as `Send`.
unsafe impl Send for StoreData<'_> {}

impl<'a> StoreData<'a> {
    /// An empty store. `stack` says whether it needs a value stack of its own.
    pub(crate) fn new(
        config: StoreConfig,
        stack: bool,
    ) -> Result<TryBox<StoreData<'a>>, OutOfMemory> {
        let slots = if stack { config.stack_bytes as usize / 4 } else { 0 };
        let stack = TryVec::zeroed(slots)?;
        let stack_top = stack.as_mut_ptr();
        TryBox::new(StoreData {
            config,
            meter: TryArc::new(Meter::new())?,
            instances: TryVec::new(),
            memories: TryVec::new(),
            tables: TryVec::new(),
            globals: TryVec::new(),
            host_funcs: TryVec::new(),
            next_func: 1,
            stack,
            nested_left: config.nested_calls,
            stack_top,
            host_code: 0,
            appended: 0,
        })
    }

    /// The free part of the store's own value stack.
    pub(crate) fn free_stack(&mut self) -> func::Stack {
        let end = self.stack.as_mut_ptr().wrapping_add(self.stack.len());
        func::Stack { base: self.stack_top, end }
    }

    /// Says from where on the value stack is free; gives what was said before.
    pub(crate) fn set_stack_top(&mut self, top: *mut u32) -> *mut u32 {
        core::mem::replace(&mut self.stack_top, top)
    }

    /// Counts a host function that may call back, before it begins. [`StoreData::leave_host`] has to follow.
    pub(crate) fn enter_host(&mut self) -> Result<(), TrapCode> {
        self.nested_left = self.nested_left.checked_sub(1).ok_or(TrapCode::StackOverflow)?;
        Ok(())
    }

    /// Counts it no longer.
    pub(crate) fn leave_host(&mut self) {
        self.nested_left = self.nested_left.wrapping_add(1);
    }

    /// Whether a call that used the store's own value stack has not ended: its frames refer to records of functions.
    pub(crate) fn is_running(&mut self) -> bool {
        !core::ptr::eq(self.stack_top, self.stack.as_mut_ptr())
    }

    /// Ends what led to a trap: a termination request is cleared, and the number that a host function reported is handed out.
    pub(crate) fn end_of_trap(&mut self, code: TrapCode) -> u32 {
        if code == TrapCode::Terminated {
            self.meter.termination.clear();
        }
        core::mem::take(&mut self.host_code)
    }
}
