//! Breakpoints, and watchpoints on memory.
//!
//! A watchpoint is found by looking at each instruction: a load or store whose bytes overlap, and
//! any instruction after which the bytes have changed (bulk memory, host functions). The program
//! stops behind the instruction.

use gdbstub::target::ext::breakpoints::WatchKind;
use zonda::debug::{Position, Program};

/// The most breakpoints, and the most watchpoints.
pub(crate) const BREAKPOINTS: usize = if cfg!(feature = "std") { 256 } else { 16 };
const WATCHPOINTS: usize = 4;

#[derive(Clone, Copy)]
struct Watch {
    /// As the debugger has it.
    address: u64,
    instance: u32,
    /// In memory 0.
    at: u32,
    len: u32,
    kind: WatchKind,
    /// The bytes as they were before the last instruction: the first eight.
    bytes: u64,
    /// Whether the last instruction accesses them.
    accessed: bool,
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
        // The length of what is accessed, and the slots of the value above the address.
        let (len, above) = match op {
            0x28 | 0x2a => (4, 0),
            0x29 | 0x2b => (8, 0),
            0x2c | 0x2d | 0x30 | 0x31 => (1, 0),
            0x2e | 0x2f | 0x32 | 0x33 => (2, 0),
            0x34 | 0x35 => (4, 0),
            0x36 | 0x38 => (4, 1),
            0x37 | 0x39 => (8, 2),
            0x3a => (1, 1),
            0x3b => (2, 1),
            0x3c => (1, 2),
            0x3d => (2, 2),
            0x3e => (4, 2),
            _ => return None,
        };
        // Bit 6 of the alignment says that another memory is named.
        let flags = leb128(&mut rest)?;
        if flags & 0x40 != 0 {
            return None;
        }
        let offset = leb128(&mut rest)?;
        let address = program.top(above)?;
        let instance = program.frames().next().and_then(|frame| program.position(&frame))?.instance;
        let at = (address as u64).checked_add(offset)?;
        Some(Access { instance, at, len, store: above > 0 })
    }
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
    /// Each where the debugger has set it, and at its instruction.
    breakpoints: [Option<(Position, Position)>; BREAKPOINTS],
    watchpoints: [Option<Watch>; WATCHPOINTS],
}

impl Breakpoints {
    pub(crate) const fn new() -> Breakpoints {
        Breakpoints { breakpoints: [None; BREAKPOINTS], watchpoints: [None; WATCHPOINTS] }
    }

    /// Adds a breakpoint. Returns false where there is no room.
    pub(crate) fn add(&mut self, program: &Program, position: Position) -> bool {
        let entry = Some((position, program.instruction_at(position)));
        if self.breakpoints.contains(&entry) {
            return true;
        }
        match self.breakpoints.iter_mut().find(|place| place.is_none()) {
            Some(place) => {
                *place = entry;
                true
            }
            None => false,
        }
    }

    /// Removes a breakpoint. Returns false where there is none.
    pub(crate) fn remove(&mut self, position: Position) -> bool {
        let same = |place: &&mut Option<(Position, Position)>| {
            place.is_some_and(|(set, _)| set == position)
        };
        match self.breakpoints.iter_mut().find(same) {
            Some(place) => {
                *place = None;
                true
            }
            None => false,
        }
    }

    /// Where the debugger has set the breakpoint of an instruction.
    pub(crate) fn find(&self, instruction: Position) -> Option<Position> {
        let mut all = self.breakpoints.iter().flatten();
        all.find(|(_, at)| *at == instruction).map(|(set, _)| *set)
    }

    /// The instructions that have breakpoints.
    pub(crate) fn all(&self) -> impl Iterator<Item = Position> + '_ {
        self.breakpoints.iter().flatten().map(|(_, at)| *at)
    }

    /// Adds a watchpoint. Returns false where there is no room, and outside of the memory.
    pub(crate) fn watch(
        &mut self,
        program: &Program,
        address: u64,
        instance: u32,
        (at, len): (u32, u32),
        kind: WatchKind,
    ) -> bool {
        let end = at as u64 + len as u64;
        if program.memory(instance).is_none_or(|memory| end > memory.len() as u64) {
            return false;
        }
        let mut watch = Watch { address, instance, at, len, kind, bytes: 0, accessed: false };
        watch.bytes = watch.value(program);
        match self.watchpoints.iter_mut().find(|place| place.is_none()) {
            Some(place) => {
                *place = Some(watch);
                true
            }
            None => false,
        }
    }

    /// Removes a watchpoint. Returns false where there is none.
    pub(crate) fn unwatch(
        &mut self,
        instance: u32,
        (at, len): (u32, u32),
        kind: WatchKind,
    ) -> bool {
        let same = |watch: &Watch| {
            (watch.instance, watch.at, watch.len, watch.kind) == (instance, at, len, kind)
        };
        match self.watchpoints.iter_mut().find(|place| place.as_ref().is_some_and(same)) {
            Some(place) => {
                *place = None;
                true
            }
            None => false,
        }
    }

    pub(crate) fn watches(&self) -> bool {
        self.watchpoints.iter().any(|place| place.is_some())
    }

    /// Whether the last instruction has accessed what is watched: its kind, and its address. To be
    /// called before every instruction.
    pub(crate) fn accessed(&mut self, program: &Program) -> Option<(WatchKind, u64)> {
        let mut found = None;
        for watch in self.watchpoints.iter_mut().flatten() {
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
        for watch in self.watchpoints.iter_mut().flatten() {
            watch.bytes = watch.value(program);
            watch.accessed = access.is_some_and(|access| watch.waits_for(access));
        }
    }

    pub(crate) fn clear(&mut self) {
        *self = Breakpoints::new();
    }
}
