//! The GDB remote stub of a firmware: the instance that is made first is debugged, until it is
//! freed; then the next that is made.
//!
//! The stub runs on the thread of the program. The system provides the line to the debugger, a UART
//! or a TCP port: functions that `zephyr/zonda_debug.c` or `zephyr/zonda_debug_tcp.c` defines. What
//! comes while the program runs calls `zonda_debug_received`, also from an interrupt handler.

use core::cell::UnsafeCell;
use core::mem::MaybeUninit;
use core::ptr::null;
use core::sync::atomic::{AtomicBool, AtomicPtr, Ordering};
use zonda::capi::debug::Debugging;
use zonda::debug::{Debugger, Program, Resume, Stop, StopHandle};
use zonda_debug::{Link, Names, Stub, PACKET};

extern "C" {
    /// Whether a debugger has sent bytes since the connection has ended last.
    fn zonda_debug_is_connected() -> bool;
    /// The next byte; waits for it when told so. Negative when there is none.
    fn zonda_debug_read(wait: bool) -> i32;
    /// Sends a byte, perhaps not before `zonda_debug_flush`.
    fn zonda_debug_write(byte: u8);
    /// Sends what was written.
    fn zonda_debug_flush();
    /// The connection has ended.
    fn zonda_debug_close();
    /// The program runs, or has stopped. While it runs, each byte that comes calls
    /// `zonda_debug_received`.
    fn zonda_debug_set_running(running: bool);
    /// Waits for the first byte of a debugger, if the configuration says so.
    fn zonda_debug_wait();
    /// The name of the program's file for the debugger, which ends with NUL.
    fn zonda_debug_name() -> *const core::ffi::c_char;
}

/// The line.
#[derive(Clone)]
struct Line;

impl Link for Line {
    fn is_connected(&self) -> bool {
        // SAFETY: the function has no requirement, as all here.
        unsafe { zonda_debug_is_connected() }
    }

    fn read(&self) -> Option<u8> {
        // SAFETY: as above.
        u8::try_from(unsafe { zonda_debug_read(true) }).ok()
    }

    fn try_read(&self) -> Option<u8> {
        // SAFETY: as above.
        u8::try_from(unsafe { zonda_debug_read(false) }).ok()
    }

    fn write(&self, byte: u8) {
        // SAFETY: as above.
        unsafe { zonda_debug_write(byte) }
    }

    fn flush(&self) {
        // SAFETY: as above.
        unsafe { zonda_debug_flush() }
    }

    fn close(&self) {
        // SAFETY: as above.
        unsafe { zonda_debug_close() }
    }

    fn set_running(&self, running: bool) {
        // SAFETY: as above.
        unsafe { zonda_debug_set_running(running) }
    }
}

struct File;

impl Names for File {
    fn name(&self, instance: u32) -> Option<&[u8]> {
        if instance != 0 {
            return None;
        }
        // SAFETY: the system returns a constant string.
        Some(unsafe { core::ffi::CStr::from_ptr(zonda_debug_name()) }.to_bytes())
    }
}

/// The stub, and the instance that it debugs.
struct Shared {
    /// The store of the instance; null for none.
    store: AtomicPtr<()>,
    handle: UnsafeCell<Option<StopHandle>>,
    /// There while `store` is set: an `Option` would not be all zeros, and take flash for its
    /// first value.
    stub: UnsafeCell<MaybeUninit<Stub<Line, File>>>,
    is_there: AtomicBool,
    packet: UnsafeCell<[u8; PACKET]>,
}

// SAFETY: `handle`, `stub` and `packet` are used by the thread that has set `store`: the one that
// makes the instance, runs it, and frees it, which the C API wants to be one at a time for each
// instance. `zonda_debug_received` reads `handle` while the line calls it: between
// `zonda_debug_set_running(true)` and `(false)`, when no other code changes it.
unsafe impl Sync for Shared {}

static SHARED: Shared = Shared {
    store: AtomicPtr::new(core::ptr::null_mut()),
    handle: UnsafeCell::new(None),
    stub: UnsafeCell::new(MaybeUninit::zeroed()),
    is_there: AtomicBool::new(false),
    packet: UnsafeCell::new([0; PACKET]),
};

impl Debugging for Shared {
    fn added(&self, store: *const (), handle: StopHandle) -> bool {
        let taken = self.store.compare_exchange(
            core::ptr::null_mut(),
            store.cast_mut(),
            Ordering::AcqRel,
            Ordering::Acquire,
        );
        if taken.is_err() {
            return false;
        }
        // SAFETY: this thread has set `store`. The stub of the instance before is gone, so that
        // nothing borrows the buffer.
        unsafe {
            let packet: &'static mut [u8] = &mut *self.packet.get();
            (*self.stub.get()).write(Stub::new(Line, File, packet));
            self.is_there.store(true, Ordering::Release);
            *self.handle.get() = Some(handle.clone());
            zonda_debug_set_running(true);
            zonda_debug_wait();
            if zonda_debug_is_connected() {
                handle.stop();
            }
        }
        true
    }

    fn stopped(&self, program: &mut Program, stop: Stop) -> Resume {
        if !self.is_there.load(Ordering::Acquire) {
            return Resume::Continue;
        }
        // SAFETY: the instance that is debugged runs on this thread, and the stub is there.
        unsafe { (*self.stub.get()).assume_init_mut() }.stopped(program, stop)
    }

    fn removed(&self, store: *const ()) {
        if !core::ptr::eq(self.store.load(Ordering::Acquire), store) {
            return;
        }
        // SAFETY: the instance that is debugged is freed by this thread, and runs no more. The line
        // calls nothing after `set_running`.
        unsafe {
            if self.is_there.swap(false, Ordering::AcqRel) {
                let stub = &mut *self.stub.get();
                stub.assume_init_mut().ended();
                stub.assume_init_drop();
            }
            zonda_debug_set_running(false);
            *self.handle.get() = None;
        }
        self.store.store(null::<()>().cast_mut(), Ordering::Release);
    }
}

#[no_mangle]
#[allow(non_upper_case_globals, reason = "the runtime declares it by this name")]
static zonda_debugging: &'static dyn Debugging = &SHARED;

/// The debugger has sent something while the program ran. May be called by an interrupt handler.
#[no_mangle]
extern "C" fn zonda_debug_received() {
    // SAFETY: the line calls it while the program runs, see `Shared`.
    if let Some(handle) = unsafe { &*SHARED.handle.get() } {
        handle.stop();
    }
}
