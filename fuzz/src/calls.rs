//! Counts of the calls that a target makes, by function: how many, and how many of them succeeded. They
//! are written when libFuzzer ends, and `cargo xtask fuzz` reads them: a target that meets errors alone
//! does not see what is behind them.

use std::collections::BTreeMap;
use std::sync::{Mutex, Once, PoisonError};

static CALLS: Mutex<BTreeMap<&'static str, (u64, u64)>> = Mutex::new(BTreeMap::new());

/// Counts a call.
pub fn count(name: &'static str, succeeded: bool) {
    let mut calls = CALLS.lock().unwrap_or_else(PoisonError::into_inner);
    let counts = calls.entry(name).or_default();
    counts.0 += 1;
    counts.1 += u64::from(succeeded);
}

/// Writes to stderr, as libFuzzer does.
extern "C" fn write() {
    let calls = CALLS.lock().unwrap_or_else(PoisonError::into_inner);
    for (name, (made, succeeded)) in calls.iter() {
        eprintln!("stat::calls: {name} {made} {succeeded}");
    }
}

extern "C" {
    fn atexit(function: extern "C" fn()) -> i32;
}

/// Writes the counts when the process ends.
pub fn write_at_exit() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // SAFETY: the function may be called at any time; it does not unwind or exit.
        let failed = unsafe { atexit(write) };
        assert_eq!(failed, 0, "what was called cannot be written");
    });
}
