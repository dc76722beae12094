//! Breakpoints, and watchpoints on memory.
//!
//! A watchpoint is found by looking at each instruction: a load or store whose bytes overlap, and
//! any instruction after which the bytes have changed (bulk memory, host functions). The program
//! stops behind the instruction.

use zonda::debug::{Position, Program};

/// Which accesses a watchpoint waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WatchKind {
    Write,
    Read,
    ReadWrite,
}

/// The most breakpoints, and the most watchpoints.
pub(crate) const BREAKPOINTS: usize = if cfg!(feature = "std") { 256 } else { 16 };
const WATCHPOINTS: usize = 4;

/// What the debugger has set: at most `N`.
struct List<T, const N: usize> {
    items: [T; N],
    count: usize,
}

impl<T: Copy, const N: usize> List<T, N> {
    /// An empty list; `unused` is what its places hold.
    const fn new(unused: T) -> List<T, N> {
        List { items: [unused; N], count: 0 }
    }

    fn all(&self) -> &[T] {
        self.items.get(..self.count).unwrap_or(&[])
    }

    fn all_mut(&mut self) -> &mut [T] {
        self.items.get_mut(..self.count).unwrap_or(&mut [])
    }

    /// Returns false where there is no room.
    fn add(&mut self, item: T) -> bool {
        match self.items.get_mut(self.count) {
            Some(place) => {
                *place = item;
                self.count += 1;
                true
            }
            None => false,
        }
    }

    /// Removes the first that is the same. Returns false where there is none.
    fn remove(&mut self, same: impl Fn(&T) -> bool) -> bool {
        let Some(at) = self.all().iter().position(same) else { return false };
        let Some(&last) = self.all().last() else { return false };
        if let Some(place) = self.items.get_mut(at) {
            *place = last;
        }
        self.count -= 1;
        true
    }
}

/// A breakpoint where the debugger has set it, and the offset of its instruction.
#[derive(Clone, Copy, PartialEq)]
struct Breakpoint {
    set: Position,
    at: u32,
}

impl Breakpoint {
    /// Its instruction.
    fn instruction(&self) -> Position {
        Position { offset: self.at, ..self.set }
    }
}

#[derive(Clone, Copy)]
struct Watch {
    /// As the debugger has it.
    address: u64,
    instance: u32,
    /// In memory 0.
    at: u32,
    len: u32,
    kind: WatchKind,
    /// Whether the last instruction accesses them.
    accessed: bool,
    /// The bytes as they were before the last instruction: the first eight.
    bytes: u64,
}

impl Watch {
    fn value(&self, program: &Program) -> u64 {
        let mut bytes = [0; 8];
        let memory = program.memory(self.instance);
        let behind = memory.and_then(|memory| memory.get(self.at as usize..));
        if let Some(now) = behind.and_then(|behind| behind.get(..self.len.min(8) as usize)) {
            for (byte, now) in bytes.iter_mut().zip(now) {
                *byte = *now;
            }
        }
        u64::from_le_bytes(bytes)
    }

    /// Whether the debugger waits for this access.
    fn waits_for(&self, access: Access) -> bool {
        let overlaps = access.at < self.at as u64 + self.len as u64
            && (self.at as u64) < access.at.saturating_add(access.len as u64);
        let kind = match self.kind {
            WatchKind::Read => !access.store,
            WatchKind::Write => access.store,
            WatchKind::ReadWrite => true,
        };
        access.instance == self.instance && overlaps && kind
    }
}

/// A load or store.
#[derive(Clone, Copy)]
struct Access {
    instance: u32,
    at: u64,
    len: u32,
    store: bool,
}

impl Access {
    /// That of the instruction that comes next.
    fn next(program: &Program) -> Option<Access> {
        let (op, mut rest) = program.code().split_first()?;
        let (len, above) = size(*op)?;
        // Bit 6 of the alignment says that another memory is named.
        let flags = leb128(&mut rest)?;
        if flags & 0x40 != 0 {
            return None;
        }
        let offset = leb128(&mut rest)?;
        let address = program.top(above)?;
        let instance = program.here()?.instance;
        let at = (address as u64).checked_add(offset)?;
        Some(Access { instance, at, len, store: above > 0 })
    }
}

/// What a load or store accesses: its length, and the slots of the value above the address.
fn size(op: u8) -> Option<(u32, u32)> {
    // From `i32.load` on, the logarithm of the length and the slots.
    const SIZES: [(u8, u8); 23] = [
        // i32.load, i64.load, f32.load, f64.load
        (2, 0),
        (3, 0),
        (2, 0),
        (3, 0),
        // i32.load8, i32.load16, i64.load8, i64.load16, i64.load32
        (0, 0),
        (0, 0),
        (1, 0),
        (1, 0),
        (0, 0),
        (0, 0),
        (1, 0),
        (1, 0),
        (2, 0),
        (2, 0),
        // The stores.
        (2, 1),
        (3, 2),
        (2, 1),
        (3, 2),
        (0, 1),
        (1, 1),
        (0, 2),
        (1, 2),
        (2, 2),
    ];
    let (log, above) = SIZES.get(usize::from(op.checked_sub(0x28)?))?;
    Some((1 << log, u32::from(*above)))
}

/// Reads an unsigned integer.
fn leb128(bytes: &mut &[u8]) -> Option<u64> {
    let (mut value, mut shift) = (0, 0);
    loop {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= ((byte & 0x7f) as u64).checked_shl(shift)?;
        shift += 7;
        if byte < 0x80 {
            return Some(value);
        }
    }
}

/// All that the debugger has set.
pub(crate) struct Breakpoints {
    breakpoints: List<Breakpoint, BREAKPOINTS>,
    watchpoints: List<Watch, WATCHPOINTS>,
}

impl Breakpoints {
    pub(crate) const fn new() -> Breakpoints {
        let breakpoint = Breakpoint { set: Position { instance: 0, offset: 0 }, at: 0 };
        let watch = Watch {
            address: 0,
            instance: 0,
            at: 0,
            len: 0,
            kind: WatchKind::Write,
            accessed: false,
            bytes: 0,
        };
        Breakpoints { breakpoints: List::new(breakpoint), watchpoints: List::new(watch) }
    }

    /// Adds a breakpoint. Returns false where there is no room.
    pub(crate) fn add(&mut self, program: &Program, set: Position) -> bool {
        let breakpoint = Breakpoint { set, at: program.instruction_at(set).offset };
        self.breakpoints.all().contains(&breakpoint) || self.breakpoints.add(breakpoint)
    }

    /// Removes a breakpoint. Returns false where there is none.
    pub(crate) fn remove(&mut self, position: Position) -> bool {
        self.breakpoints.remove(|breakpoint| breakpoint.set == position)
    }

    /// Where the debugger has set the breakpoint of an instruction.
    pub(crate) fn find(&self, instruction: Position) -> Option<Position> {
        let mut all = self.breakpoints.all().iter();
        all.find(|breakpoint| breakpoint.instruction() == instruction)
            .map(|breakpoint| breakpoint.set)
    }

    /// The instructions that have breakpoints.
    pub(crate) fn all(&self) -> impl Iterator<Item = Position> + '_ {
        self.breakpoints.all().iter().map(Breakpoint::instruction)
    }

    /// Adds a watchpoint. Returns false where there is no room, outside of the memory, and for a
    /// memory with addresses of 64 bits.
    pub(crate) fn watch(
        &mut self,
        program: &Program,
        address: u64,
        instance: u32,
        (at, len): (u32, u32),
        kind: WatchKind,
    ) -> bool {
        let end = at as u64 + len as u64;
        if program.has_wide_addresses(instance)
            || program.memory(instance).is_none_or(|memory| end > memory.len() as u64)
        {
            return false;
        }
        let mut watch = Watch { address, instance, at, len, kind, accessed: false, bytes: 0 };
        watch.bytes = watch.value(program);
        self.watchpoints.add(watch)
    }

    /// Removes a watchpoint. Returns false where there is none.
    pub(crate) fn unwatch(
        &mut self,
        instance: u32,
        (at, len): (u32, u32),
        kind: WatchKind,
    ) -> bool {
        self.watchpoints.remove(|watch| {
            (watch.instance, watch.at, watch.len, watch.kind) == (instance, at, len, kind)
        })
    }

    pub(crate) fn watches(&self) -> bool {
        self.watchpoints.count != 0
    }

    /// Whether the last instruction has accessed what is watched: its kind, and its address. To be
    /// called before every instruction.
    pub(crate) fn accessed(&mut self, program: &Program) -> Option<(WatchKind, u64)> {
        let mut found = None;
        for watch in self.watchpoints.all_mut() {
            let now = watch.value(program);
            let changed = now != watch.bytes && watch.kind != WatchKind::Read;
            if watch.accessed || changed {
                found = Some((watch.kind, watch.address));
            }
            (watch.bytes, watch.accessed) = (now, false);
        }
        found
    }

    /// The program goes on: notes what its next instruction accesses.
    pub(crate) fn resume(&mut self, program: &Program) {
        if !self.watches() {
            return;
        }
        let access = Access::next(program);
        for watch in self.watchpoints.all_mut() {
            watch.bytes = watch.value(program);
            watch.accessed = access.is_some_and(|access| watch.waits_for(access));
        }
    }

    pub(crate) fn clear(&mut self) {
        (self.breakpoints.count, self.watchpoints.count) = (0, 0);
    }
}
