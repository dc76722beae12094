//! The host functions that the modules of `tests/bench` import, declared once for the command line,
//! the firmware images and the tests. What they do outside of WebAssembly is the embedder's:
//! [`Bench`].
#![no_std]

use zonda::{host_module, GuestSlice, HostError};

/// An embedder that runs benchmarks.
pub trait Bench {
    /// Receives what the program prints: `text` lies at `address` in its memory.
    ///
    /// # Errors
    /// What the program stops with.
    fn print(&mut self, address: u32, text: &[u8]) -> Result<(), HostError> {
        let _ = (address, text);
        Ok(())
    }
    /// The part of the program that is measured begins.
    fn start(&mut self) {}
    /// It ends.
    fn stop(&mut self) {}
}

/// Ignores what the program prints.
impl Bench for () {}

host_module! {
    /// The module `env`.
    pub struct Env<S: Bench> as "env" {
        /// Does nothing, to measure a call.
        fn nop(_call) {}
        /// Adds one, to measure a call with a parameter and a result.
        fn inc(_call, x: i32) -> i32 {
            x.wrapping_add(1)
        }
        /// Prints.
        fn print(call, text: GuestSlice<u8>) -> Result<(), HostError> {
            let (memory, state) = call.memory_and_state();
            state.print(text.address(), text.bytes(memory))
        }
        /// Begins what is measured.
        fn t_start(call) {
            call.state().start();
        }
        /// Ends it.
        fn t_stop(call) {
            call.state().stop();
        }
        /// Embench's programs call this first.
        fn initialise_board(_call) {}
        /// `t_start`, as Embench calls it.
        fn start_trigger(call) {
            call.state().start();
        }
        /// `t_stop`, as Embench calls it.
        fn stop_trigger(call) {
            call.state().stop();
        }
    }
}
