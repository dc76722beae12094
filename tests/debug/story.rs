//! A program for the sessions with LLDB: `tools/zonda/tests/debug.rs` names its lines.
#![no_std]

pub struct Point {
    pub x: i32,
    pub weight: i64,
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    core::arch::wasm32::unreachable()
}

#[inline(never)]
fn scale(p: &mut Point, by: i32) -> i32 {
    let before = p.x;
    p.x = core::hint::black_box(before.wrapping_mul(by)); // line 17
    p.weight = p.weight.wrapping_add(10_000_000_000);
    p.x.wrapping_sub(before)
}

#[no_mangle]
pub extern "C" fn run(n: i32) -> i32 {
    let mut point = Point { x: 1, weight: 5 };
    let mut sum = 0i32;
    let mut i = 0;
    while i < n {
        sum = sum.wrapping_add(scale(&mut point, 3)); // line 28
        i += 1;
    }
    core::hint::black_box(&point);
    sum // line 32
}

#[no_mangle]
pub extern "C" fn trap(n: i32) -> i32 {
    let table = [1, 2, 3];
    table[core::hint::black_box(n) as usize] // line 38: panics
}
