//! The engine: which execution mode modules are loaded for.

use zonda_exec::Mode;

/// Chooses the execution mode that modules are loaded for. Cheap to copy.
#[derive(Clone, Copy, Debug)]
pub struct Engine {
    mode: Mode,
}

impl Engine {
    /// An engine that loads modules for this mode. Instances run in it unless
    /// [`Instance::set_mode`](crate::Instance::set_mode) chooses another.
    pub fn new(mode: Mode) -> Engine {
        Engine { mode }
    }

    /// The execution mode.
    pub fn mode(&self) -> Mode {
        self.mode
    }
}

impl Default for Engine {
    /// An engine for [`Mode::DEFAULT`]: fast mode if it is built in, else classic mode.
    fn default() -> Engine {
        Engine { mode: Mode::DEFAULT }
    }
}
