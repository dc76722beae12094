//! Applications of Zonda's application manager in Rust, without unsafe code of their own
//! (docs/apps.md).
//!
//! ```ignore
//! #![no_std]
//! use zonda_application::{application, App, Attributes, Response};
//!
//! application!(init, heap = 2048);
//!
//! fn init(app: &mut App<i32>) {
//!     app.resource("/count", |app, _| {
//!         Response::content(&Attributes::new("count").int("value", app.state))
//!     });
//!     app.every(100, |app| app.state += 1);
//! }
//! ```
//!
//! - `app`: handlers, and what they ask of the manager
//! - `message`: requests, responses and events as packets
//! - `attributes`: attribute containers
//! - [`device`]: devices of the firmware, settings, the log and clocks
//! - `heap`: the allocator
//! - `host`: what the manager provides
#![no_std]

extern crate alloc;

mod app;
mod attributes;
pub mod device;
mod heap;
mod host;
mod message;

pub use app::{App, Sensor, Timer};
pub use attributes::{Attributes, Value, Values};
pub use heap::Heap;
pub use message::{Method, Request, Response};
pub use zonda_app::{println, Console};

#[doc(hidden)]
pub mod entry {
    //! For the macro [`application!`](crate::application).
    pub use crate::app::Place;
    pub use crate::heap::{allocate, free};
}

/// Makes an application of a function `fn(&mut App<S>)`, which runs once and registers handlers.
/// The state `S` begins with its default. `heap` are the bytes of the heap, a multiple of 16. The
/// optional `end` is a function `fn(&mut App<S>)` that runs before the application stops.
#[macro_export]
macro_rules! application {
    ($init:path, heap = $heap:expr) => {
        $crate::application!($init, heap = $heap, end = |_| {});
    };
    ($init:path, heap = $heap:expr, end = $end:expr) => {
        #[cfg(target_arch = "wasm32")]
        #[global_allocator]
        static ZONDA_HEAP: $crate::Heap<{ $heap }> = $crate::Heap::new();

        #[cfg(target_arch = "wasm32")]
        mod zonda_entry {
            use super::*;
            use $crate::entry::{allocate, free as give_back, Place};

            static APP: Place = Place::new();

            #[unsafe(no_mangle)]
            extern "C" fn on_init() {
                APP.begin($init);
            }
            #[unsafe(no_mangle)]
            extern "C" fn on_destroy() {
                APP.end($init, $end);
            }
            #[unsafe(no_mangle)]
            extern "C" fn on_request(at: u32, len: u32) {
                APP.request($init, at, len);
            }
            #[unsafe(no_mangle)]
            extern "C" fn on_response(at: u32, len: u32) {
                APP.response($init, at, len);
            }
            #[unsafe(no_mangle)]
            extern "C" fn on_timer_callback(number: u32) {
                APP.timer($init, number);
            }
            #[unsafe(no_mangle)]
            extern "C" fn on_sensor_event(number: u32, at: u32, len: u32) {
                APP.sensor($init, number, at, len);
            }
            #[unsafe(no_mangle)]
            extern "C" fn malloc(len: u32) -> u32 {
                allocate(len)
            }
            #[unsafe(no_mangle)]
            extern "C" fn free(at: u32) {
                give_back(at);
            }
        }
    };
}
