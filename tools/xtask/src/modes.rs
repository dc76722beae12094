//! The modes of execution: their names are cargo features of the runtime, their numbers are what
//! the firmware is told.

#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Mode {
    pub name: &'static str,
    pub number: u32,
}

pub const CLASSIC: Mode = Mode { name: "classic", number: 0 };
pub const FAST: Mode = Mode { name: "fast", number: 1 };
/// Compiled on the host: not one of those that execute any module.
pub const NATIVE: Mode = Mode { name: "native", number: 2 };
pub const ALL: [Mode; 2] = [CLASSIC, FAST];

/// The modes that the value of an option names: one, or `all`.
pub fn named(name: &str) -> Vec<Mode> {
    if name == NATIVE.name {
        return vec![NATIVE];
    }
    ALL.into_iter().filter(|mode| name == "all" || name == mode.name).collect()
}
