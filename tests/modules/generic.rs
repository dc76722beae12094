//! Trait objects, closures, slices and 64-bit numbers, without the standard library.
#![no_std]

trait Shape {
    fn area(&self) -> i64;
}
struct Square(i64);
struct Rect(i64, i64);
impl Shape for Square {
    fn area(&self) -> i64 {
        self.0.wrapping_mul(self.0)
    }
}
impl Shape for Rect {
    fn area(&self) -> i64 {
        self.0.wrapping_mul(self.1).wrapping_sub(1)
    }
}

#[inline(never)]
fn total(shapes: &[&dyn Shape], scale: &dyn Fn(i64) -> i64) -> i64 {
    shapes.iter().fold(0, |sum: i64, shape| sum.rotate_left(3) ^ scale(shape.area()))
}

#[no_mangle]
pub extern "C" fn run(n: i32) -> i32 {
    let mut sum = 0i64;
    for i in 0..i64::from(n) {
        let (square, rect) = (Square(i), Rect(i, i + 3));
        let shapes: [&dyn Shape; 4] = [&square, &rect, &Square(sum), &rect];
        sum = sum.wrapping_add(total(&shapes[(i % 2) as usize..], &|x| x.wrapping_mul(i | 1)));
    }
    (sum ^ sum >> 32) as i32
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    core::arch::wasm32::unreachable()
}
