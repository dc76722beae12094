//! The figures of a run, as the lines that xtask reads.

use crate::{board, say};

/// The time between the module's calls of `t_start` and `t_stop`.
#[derive(Default)]
pub struct Clock {
    start: u32,
    sum: u32,
}

impl Clock {
    pub const fn new() -> Clock {
        Clock { start: 0, sum: 0 }
    }

    pub fn start(&mut self) {
        self.start = board::ticks();
    }

    pub fn stop(&mut self) {
        self.sum = self.sum.wrapping_add(board::ticks().wrapping_sub(self.start));
    }

    pub fn ticks(&self) -> u32 {
        self.sum
    }
}

/// Times in ticks of the board's timer, memory in bytes.
#[derive(Default)]
pub struct Costs {
    pub call: u32,
    pub timed: u32,
    pub load: u32,
    /// The part of `load` that loads the module.
    pub load_module: u32,
    /// Store, module and instance, without operand stack and linear memory.
    pub heap: isize,
    /// The part of `heap` that belongs to the module.
    pub module: usize,
    /// The host functions, which all instances share.
    pub linker: usize,
    pub operand_stack: usize,
    pub memory: usize,
    /// The largest heap use during loading and instantiation, everything included.
    pub peak: usize,
    pub stack: u32,
    pub load_stack: u32,
}

impl Costs {
    pub fn report(&self) {
        say!(
            "zonda-bench call={} timed={} load={} load_module={}",
            board::instructions(self.call),
            board::instructions(self.timed),
            board::instructions(self.load),
            board::instructions(self.load_module)
        );
        say!("zonda-bench heap={} stack={} load_stack={}", self.heap, self.stack, self.load_stack);
        say!(
            "zonda-bench module={} linker={} operand_stack={} memory={} peak={}",
            self.module,
            self.linker,
            self.operand_stack,
            self.memory,
            self.peak
        );
    }
}
