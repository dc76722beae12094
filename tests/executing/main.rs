//! What instances compute: each instruction, in each execution mode, alone and together.

mod aliasing;
#[cfg(all(feature = "classic", feature = "fast", feature = "threads"))]
mod atomics;
#[cfg(all(feature = "classic", feature = "fast"))]
mod calls;
#[cfg(all(feature = "classic", feature = "fast"))]
mod conditions;
#[path = "../common/encode.rs"]
mod encode;
mod encodings;
#[cfg(all(feature = "classic", feature = "fast"))]
mod exceptions;
#[cfg(all(feature = "classic", feature = "fast"))]
mod forms;
#[cfg(all(feature = "memory64", feature = "tail-call"))]
mod index64;
#[cfg(all(feature = "classic", feature = "fast"))]
mod large;
#[cfg(all(feature = "classic", feature = "fast"))]
mod legacy;
#[cfg(all(feature = "classic", feature = "fast"))]
mod listed;
#[cfg(all(feature = "classic", feature = "fast", feature = "tail-call"))]
mod locals;
mod modes;
#[path = "../common/modules.rs"]
mod modules;
#[cfg(all(feature = "classic", feature = "fast"))]
mod objects;
mod programs;
mod side_table;
mod stopping;
mod suite;
#[cfg(all(feature = "classic", feature = "fast", feature = "tail-call"))]
mod tail_calls;
