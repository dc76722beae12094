//! Modules, precompiled modules and scripts that are truncated, generated or forged;
//! tests/faults/damage.rs damages them.

mod large_frames;
mod lengths;
#[path = "../common/modules.rs"]
mod modules;
mod objects;
mod oracle;
mod truncation;
#[path = "../../fuzz/src/lib.rs"]
mod zonda_fuzz;
