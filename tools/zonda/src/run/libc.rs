//! The C library of `zonda-libc` for a program on a host: standard output, the clocks of the
//! system, the exit code, and a heap behind what the program has in its memory.
//!
//! The list of blocks is outside of linear memory, so a program can overwrite what it has
//! allocated, but not the list.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use zonda::{ExternType, HostError, Instance, Module, Store, Val};
use zonda_libc::Host;

use super::program::Program;

/// Bytes that the heap has at least, if the memory can grow so far.
const HEAP: usize = 1 << 20;
const ALIGNMENT: u32 = 8;

/// Blocks by their addresses, with their sizes; all multiples of [`ALIGNMENT`].
#[derive(Default)]
struct Heap {
    start: u32,
    end: u32,
    blocks: BTreeMap<u32, u32>,
}

impl Heap {
    fn new(start: usize, end: usize) -> Heap {
        // Address 0 is no block: it means failure.
        let start = start.max(1).next_multiple_of(ALIGNMENT as usize);
        let clamp = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Heap { start: clamp(start), end: clamp(end), blocks: BTreeMap::new() }
    }

    /// The first gap that is large enough.
    fn allocate(&mut self, size: u32) -> Option<u32> {
        let size = size.max(1).checked_next_multiple_of(ALIGNMENT)?;
        let mut at = self.start;
        for (&block, &len) in &self.blocks {
            if block - at >= size {
                break;
            }
            at = block + len;
        }
        if self.end.saturating_sub(at) < size {
            return None;
        }
        self.blocks.insert(at, size);
        Some(at)
    }
}

/// The state of the C library.
pub struct Libc {
    heap: Heap,
    /// What the program has passed to `exit`.
    exit: Option<i32>,
    start: Instant,
}

impl Libc {
    pub fn new() -> Libc {
        Libc { heap: Heap::default(), exit: None, start: Instant::now() }
    }

    pub fn exit_code(&self) -> Option<i32> {
        self.exit
    }
}

impl Host for Libc {
    fn print(&mut self, text: &[u8]) {
        // A program does not see that standard output is closed: printf has no result for it here.
        let mut out = io::stdout().lock();
        let _ = out.write_all(text).and_then(|()| out.flush());
    }

    fn allocate(&mut self, size: u32) -> u32 {
        self.heap.allocate(size).unwrap_or(0)
    }

    fn free(&mut self, at: u32) {
        self.heap.blocks.remove(&at);
    }

    fn block_size(&mut self, at: u32) -> Option<u32> {
        self.heap.blocks.get(&at).copied()
    }

    fn clock(&mut self, number: u32) -> Option<u64> {
        let time = match number {
            0 => SystemTime::now().duration_since(UNIX_EPOCH).ok()?,
            1 => self.start.elapsed(),
            _ => return None,
        };
        u64::try_from(time.as_nanos()).ok()
    }

    fn exit(&mut self, function: &'static str, code: i32) -> HostError {
        match function {
            "exit" => self.exit = Some(code),
            _ => eprintln!("zonda: the program has called {function}({code})"),
        }
        HostError::Failed { number: code as u32, text: function }
    }
}

/// Gives the program a heap, if it imports `malloc` or the like: from `__heap_base`, or from the
/// end of the memory, to the end of the memory, which grows for it if it can.
pub fn give_heap(module: &Module, instance: Instance, store: &mut Store<Program>) {
    let allocates = module.imports().any(|import| {
        let name = import.name;
        import.module == "env"
            && matches!(import.ty, ExternType::Func(_))
            && ALLOCATE.contains(&name)
    });
    let Some(memory) = instance.get_memory(&*store, "memory").filter(|_| allocates) else { return };
    let size = |store: &Store<Program>| memory.data(store).map_or(0, <[u8]>::len);
    let held = size(store);
    let start = match instance.get_global(&*store, "__heap_base").map(|base| base.get(&*store)) {
        Some(Ok(Val::I32(base))) => (base as u32 as usize).min(held),
        _ => held,
    };
    let missing = (start + HEAP).saturating_sub(held);
    if let Ok(ty) = memory.ty(&*store) {
        let pages = u32::try_from(missing.div_ceil(1 << ty.page_shift)).unwrap_or(0);
        // A memory that cannot grow has what is left of its last page.
        let _ = memory.grow(&mut *store, pages);
    }
    let end = size(store);
    store.data_mut().libc.heap = Heap::new(start, end);
}

/// The functions that need a heap.
const ALLOCATE: [&str; 7] =
    ["malloc", "calloc", "realloc", "free", "strdup", "_strdup", "__cxa_allocate_exception"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_fill_gaps_and_stay_inside() {
        let mut heap = Heap::new(100, 168);
        assert_eq!(
            [heap.allocate(10), heap.allocate(8), heap.allocate(0)],
            [Some(104), Some(120), Some(128)]
        );
        assert_eq!(heap.blocks.remove(&120), Some(8));
        assert_eq!([heap.allocate(9), heap.allocate(3)], [Some(136), Some(120)]);
        assert_eq!([heap.allocate(17), heap.allocate(u32::MAX)], [None, None]);
        assert_eq!([heap.allocate(16), heap.allocate(1)], [Some(152), None]);
        assert_eq!(Heap::new(0, 16).allocate(1), Some(8));
        assert_eq!(Heap::default().allocate(1), None);
    }
}
