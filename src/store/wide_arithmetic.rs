//! Sums and differences of 128 bits, and products with 128 bits (the proposal wide-arithmetic;
//! feature `wide-arithmetic`).
//!
//! Written with numbers of 64 bits, so that no library function for 128 bits is linked.

use super::runtime_instr::RuntimeInstr;
use zonda_exec::frame::{read64, write64};
use zonda_exec::TrapCode;

/// The product of two numbers without a sign: its lower and upper half.
fn product(a: u64, b: u64) -> (u64, u64) {
    const LOW: u64 = u32::MAX as u64;
    let (a_low, a_high, b_low, b_high) = (a & LOW, a >> 32, b & LOW, b >> 32);
    let low = a_low * b_low;
    let (one, other) = (a_low * b_high, a_high * b_low);
    let middle = (low >> 32) + (one & LOW) + (other & LOW);
    (low & LOW | middle << 32, a_high * b_high + (one >> 32) + (other >> 32) + (middle >> 32))
}

/// Executes 0xFC `code`, 19 to 22, on operands of 64 bits, of which sums have four and products
/// two.
fn execute(code: u32, [a, b, c, d]: [u64; 4]) -> (u64, u64) {
    match code {
        // i64.add128, i64.sub128: (b, a) and (d, c)
        19 => {
            let (low, carry) = a.overflowing_add(c);
            (low, b.wrapping_add(d).wrapping_add(carry as u64))
        }
        20 => {
            let (low, borrow) = a.overflowing_sub(c);
            (low, b.wrapping_sub(d).wrapping_sub(borrow as u64))
        }
        // i64.mul_wide_s, i64.mul_wide_u
        _ => {
            let (low, mut high) = product(a, b);
            if code == 21 {
                // A negative number was taken for one that is 2^64 larger.
                high = high.wrapping_sub(if (a as i64) < 0 { b } else { 0 });
                high = high.wrapping_sub(if (b as i64) < 0 { a } else { 0 });
            }
            (low, high)
        }
    }
}

impl RuntimeInstr<'_> {
    /// Executes 0xFC `code`, 19 to 22.
    ///
    /// # Safety
    /// The instruction has this opcode, and its operands are on the stack.
    #[inline(never)]
    pub(super) unsafe fn wide_arithmetic(&mut self, code: u32) -> Result<u32, TrapCode> {
        let count = if code < 21 { 4 } else { 2 };
        // SAFETY: by the contract `count` operands of two slots each lie on the stack, and `sp`
        // points at the last slot. The results take four slots: as many as the operands of a
        // product.
        unsafe {
            let base = self.context.sp.add(1).sub(2 * count);
            let mut operands = [0; 4];
            for (index, operand) in operands.iter_mut().enumerate().take(count) {
                *operand = read64(base.add(2 * index));
            }
            let (low, high) = execute(code, operands);
            write64(base, low);
            write64(base.add(2), high);
            self.context.sp = base.add(3);
        }
        Ok(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_numbers_of_128_bits() {
        let edges = [
            0,
            1,
            2,
            0x7fff_ffff,
            0xffff_ffff,
            1 << 32,
            i64::MAX as u64,
            1 << 63,
            u64::MAX - 1,
            u64::MAX,
        ];
        let halves = |value: u128| (value as u64, (value >> 64) as u64);
        let whole = |low: u64, high: u64| (high as u128) << 64 | low as u128;
        for a in edges {
            for b in edges {
                assert_eq!(execute(22, [a, b, 0, 0]), halves(a as u128 * b as u128));
                let signed = (a as i64 as i128 * b as i64 as i128) as u128;
                assert_eq!(execute(21, [a, b, 0, 0]), halves(signed));
                for c in edges {
                    for d in edges {
                        let (one, other) = (whole(a, b), whole(c, d));
                        assert_eq!(execute(19, [a, b, c, d]), halves(one.wrapping_add(other)));
                        assert_eq!(execute(20, [a, b, c, d]), halves(one.wrapping_sub(other)));
                    }
                }
            }
        }
    }
}
