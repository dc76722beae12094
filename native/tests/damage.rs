//! Damaged native modules: the loader reads nothing outside of the file, which lies in front of a
//! page that cannot be read. What is loaded is not executed.

use std::ffi::c_void;
use zonda::toolchain::native_format::{ALIGN, ENTRY, TABLE_AT};
use zonda::{Engine, Mode, Module};
use zonda_native::{compile, Options, Target};

extern "C" {
    fn mmap(
        at: *mut c_void,
        len: usize,
        protection: i32,
        flags: i32,
        fd: i32,
        at: i64,
    ) -> *mut c_void;
    fn mprotect(at: *mut c_void, len: usize, protection: i32) -> i32;
}

const PAGE: usize = 4096;
/// Pages for a file.
const PAGES: usize = 8;

/// Memory that ends where the page begins that cannot be read.
fn guarded() -> &'static mut [u8] {
    const READ_WRITE: i32 = 3;
    const PRIVATE_ANONYMOUS: i32 = 0x22;
    // SAFETY: new pages, of which all but the last can be read and written, and stay so.
    unsafe {
        let len = (PAGES + 1) * PAGE;
        let at = mmap(std::ptr::null_mut(), len, READ_WRITE, PRIVATE_ANONYMOUS, -1, 0);
        assert_ne!(at.addr(), usize::MAX);
        assert_eq!(mprotect(at.byte_add(PAGES * PAGE), PAGE, 0), 0);
        std::slice::from_raw_parts_mut(at.cast(), PAGES * PAGE)
    }
}

/// A file whose length is a multiple of its alignment: its last section ends with zeros.
fn file(only: bool) -> Vec<u8> {
    let text = r#"(module (memory 1) (global (mut i64) (i64.const 5)) (table 2 funcref)
        (func $f (export "f") (param i32 i64) (result i64) (i64.extend_i32_u (i32.load (local.get 0))))
        (func (export "g") (param i32) (result i64) (call $f (local.get 0) (i64.const 1)))
        (elem (i32.const 0) func $f) (data (i32.const 4) "text"))"#;
    let only = only.then(|| [0].into());
    let options = Options { only, ..Options::new(Target::host().unwrap()) };
    let mut file = compile(&wat::parse_str(text).unwrap(), &options).unwrap();
    let count = usize::from(file[TABLE_AT - 4]);
    let more = file.len().next_multiple_of(ALIGN) - file.len();
    file.resize(file.len() + more, 0);
    let mut set = |at: usize, add: u32| {
        let old = u32::from_le_bytes(file[at..at + 4].try_into().unwrap());
        file[at..at + 4].copy_from_slice(&(old + add).to_le_bytes());
    };
    set(12, more as u32);
    set(TABLE_AT + ENTRY * (count - 1) + 8, more as u32);
    file
}

#[test]
fn a_damaged_file_is_not_read_beyond_its_end() {
    let pages = guarded();
    let engine = Engine::new(Mode::Fast);
    let mut state = 1u64;
    let mut random = |below: usize| {
        state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        ((state >> 33) as usize) % below
    };
    for only in [false, true] {
        let file = file(only);
        let start = PAGES * PAGE - file.len();
        let (mut loaded, mut refused) = (0, 0);
        for round in 0..60_000 {
            let place = &mut pages[start..];
            place.copy_from_slice(&file);
            // Most changes are in the header and the table, where offsets and lengths are.
            let head = if round % 4 == 0 { file.len() } else { TABLE_AT + 7 * ENTRY + 88 };
            for _ in 0..=random(3) * usize::from(round != 0) {
                let at = random(head.min(file.len()));
                // All of a field at once, or a byte.
                let value = [0, 1, 2, 7, 0x7f, 0x80, 0xff, random(256)][random(8)] as u8;
                let len = if random(2) == 0 { 1 } else { 4 - at % 4 };
                place[at..(at + len).min(file.len())].fill(value);
            }
            // SAFETY: the file may be damaged, so it is loaded and not executed: nothing
            // instantiates it. That the loader bears that is what this test is for.
            match unsafe { Module::new_trusted(&engine, &pages[start..]) } {
                Ok(module) => {
                    loaded += 1;
                    assert!(module.exports().count() < 100);
                }
                Err(_) => refused += 1,
            }
        }
        assert!(loaded > 100 && refused > 1000, "{loaded} {refused}");
    }
}
