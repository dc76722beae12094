//! Numeric instructions: their types by opcode, edge values, and what keeps those that trap from
//! it.

use super::super::ast::{op, Instr, Ty};
use super::super::rng::Rng;
use super::body::Body;

/// The type of a numeric instruction: of its operands, their number, of its result.
pub fn signature(code: u16) -> Option<(Ty, u32, Ty)> {
    use Ty::{F32, F64, I32, I64};
    Some(match code {
        0x45 | 0x67..=0x69 | 0xc0 | 0xc1 => (I32, 1, I32),
        0x46..=0x4f | 0x6a..=0x78 => (I32, 2, I32),
        0x50 | 0xa7 => (I64, 1, I32),
        0x51..=0x5a => (I64, 2, I32),
        0x5b..=0x60 => (F32, 2, I32),
        0x61..=0x66 => (F64, 2, I32),
        0x79..=0x7b | 0xc2..=0xc4 => (I64, 1, I64),
        0x7c..=0x8a => (I64, 2, I64),
        0x8b..=0x91 => (F32, 1, F32),
        0x92..=0x98 => (F32, 2, F32),
        0x99..=0x9f => (F64, 1, F64),
        0xa0..=0xa6 => (F64, 2, F64),
        0xa8 | 0xa9 | 0xbc | 0xfc00 | 0xfc01 => (F32, 1, I32),
        0xaa | 0xab | 0xfc02 | 0xfc03 => (F64, 1, I32),
        0xac | 0xad => (I32, 1, I64),
        0xae | 0xaf | 0xfc04 | 0xfc05 => (F32, 1, I64),
        0xb0 | 0xb1 | 0xbd | 0xfc06 | 0xfc07 => (F64, 1, I64),
        0xb2 | 0xb3 | 0xbe => (I32, 1, F32),
        0xb4 | 0xb5 => (I64, 1, F32),
        0xb6 => (F64, 1, F32),
        0xb7 | 0xb8 => (I32, 1, F64),
        0xb9 | 0xba | 0xbf => (I64, 1, F64),
        0xbb => (F32, 1, F64),
        _ => return None,
    })
}

/// Opcodes of all numeric instructions whose operands have a type; those that convert to another
/// type less often.
pub fn opcodes(of: Ty) -> Vec<u16> {
    let all = (0x45..=0xc4).chain(0xfc00..=0xfc07);
    all.filter(|&code| signature(code).is_some_and(|(operand, ..)| operand == of)).collect()
}

const I32_EDGES: [i32; 34] = [
    0,
    1,
    -1,
    2,
    -2,
    3,
    7,
    8,
    15,
    16,
    31,
    32,
    33,
    63,
    64,
    127,
    128,
    -127,
    -128,
    -129,
    255,
    256,
    32767,
    32768,
    -32768,
    -32769,
    65535,
    65536,
    0x7fff_fffe,
    i32::MAX,
    i32::MIN,
    i32::MIN + 1,
    0x0080_0000,
    0x5555_5555,
];

const I64_EDGES: [i64; 30] = [
    0,
    1,
    -1,
    2,
    -2,
    7,
    31,
    32,
    33,
    63,
    64,
    65,
    127,
    128,
    -128,
    -129,
    255,
    65535,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
    0x1_0000_0000,
    -0x8000_0000,
    -0x8000_0001,
    -0x1_0000_0000,
    i64::MAX,
    i64::MAX - 1,
    i64::MIN,
    i64::MIN + 1,
    0x0123_4567_89ab_cdef,
];

const F32_EDGES: [u32; 28] = [
    0,
    0x8000_0000,
    0x3f80_0000,
    0xbf80_0000,
    0x3f00_0000,
    0x3fc0_0000,
    0x4020_0000,
    0xbf00_0000,
    0x7f80_0000,
    0xff80_0000,
    0x7fc0_0000,
    0xffc0_0000,
    0x7fa0_0001,
    0x7f80_0001,
    1,
    0x8000_0001,
    0x007f_ffff,
    0x0080_0000,
    0x7f7f_ffff,
    0xff7f_ffff,
    0x4f00_0000,
    0xcf00_0000,
    0x4eff_ffff,
    0x4f80_0000,
    0x5f00_0000,
    0xdf00_0000,
    0x4b80_0000,
    0x4b00_0001,
];

const F64_EDGES: [u64; 28] = [
    0,
    1 << 63,
    0x3ff0_0000_0000_0000,
    0xbff0_0000_0000_0000,
    0x3fe0_0000_0000_0000,
    0x3ff8_0000_0000_0000,
    0x4004_0000_0000_0000,
    0xbfe0_0000_0000_0000,
    0x7ff0_0000_0000_0000,
    0xfff0_0000_0000_0000,
    0x7ff8_0000_0000_0000,
    0xfff8_0000_0000_0000,
    0x7ff4_0000_0000_0001,
    0x7ff0_0000_0000_0001,
    1,
    0x8000_0000_0000_0001,
    0x000f_ffff_ffff_ffff,
    0x0010_0000_0000_0000,
    0x7fef_ffff_ffff_ffff,
    0x41e0_0000_0000_0000,
    0xc1e0_0000_0020_0000,
    0x41df_ffff_ffc0_0000,
    0x43e0_0000_0000_0000,
    0xc3e0_0000_0000_0000,
    0x43f0_0000_0000_0000,
    0x4330_0000_0000_0001,
    0x47ef_ffff_e000_0000,
    0x36a0_0000_0000_0000,
];

/// The bits of a number, an edge value `edges` times out of 16.
pub fn number(rng: &mut Rng, ty: Ty, edges: u32) -> u64 {
    if rng.chance(edges, 16) {
        return match ty {
            Ty::I32 => u64::from(*rng.pick(&I32_EDGES) as u32),
            Ty::I64 => *rng.pick(&I64_EDGES) as u64,
            Ty::F32 => u64::from(*rng.pick(&F32_EDGES)),
            _ => *rng.pick(&F64_EDGES),
        };
    }
    let value = match rng.below(4) {
        0 => u64::from(rng.below(16)),
        1 => u64::from(rng.below(300)),
        2 => 0u64.wrapping_sub(u64::from(rng.below(300))),
        _ => rng.next(),
    };
    match ty {
        Ty::I32 => value & 0xffff_ffff,
        Ty::I64 => value,
        Ty::F32 if value < 1 << 32 => u64::from((value as f32 * 0.5).to_bits()),
        Ty::F32 => value & 0xffff_ffff,
        _ if value < 1 << 32 => (value as f64 * 0.5).to_bits(),
        _ => value,
    }
}

/// The instruction that pushes a number.
pub fn constant(ty: Ty, bits: u64) -> Instr {
    match ty {
        Ty::I32 => Instr::I32(bits as i32),
        Ty::I64 => Instr::I64(bits as i64),
        Ty::F32 => Instr::F32(bits as u32),
        _ => Instr::F64(bits),
    }
}

/// Least and greatest numbers that a truncation with this opcode accepts.
fn bounds(code: u16) -> (u64, u64) {
    match code {
        0xa8 => (0xcf00_0000, 0x4eff_ffff),
        0xa9 => (0, 0x4f7f_ffff),
        0xae => (0xdf00_0000, 0x5eff_ffff),
        0xaf => (0, 0x5f7f_ffff),
        0xaa => ((-2147483648.0f64).to_bits(), 2147483647.0f64.to_bits()),
        0xab => (0, 4294967295.0f64.to_bits()),
        0xb0 => (0xc3e0_0000_0000_0000, 0x43df_ffff_ffff_ffff),
        _ => (0, 0x43ef_ffff_ffff_ffff),
    }
}

impl Body<'_> {
    /// A numeric instruction of a type that the program uses.
    pub(super) fn numeric(&mut self) {
        let on_top = self.top().map(|value| value.ty).filter(|ty| !ty.is_ref());
        let of = match on_top {
            Some(ty) if self.rng.chance(3, 4) => ty,
            _ => {
                let ty = self.swarm.ty(self.rng);
                if ty.is_ref() {
                    Ty::I32
                } else {
                    ty
                }
            }
        };
        let codes = self.tables.of(of);
        let mut code = *self.rng.pick(codes);
        // What leaves the type is rarer, or everything ends as i32.
        if signature(code).is_some_and(|(.., result)| result != of) && self.rng.chance(1, 2) {
            code = *self.rng.pick(codes);
        }
        self.numeric_of(code);
    }

    /// The numeric instruction with this opcode, on operands that are there or are pushed.
    pub(super) fn numeric_of(&mut self, code: u16) {
        let Some((of, count, result)) = signature(code) else { return };
        let unguarded = self.rng.chance(self.swarm.traps, 256);
        match code {
            0x6d..=0x70 | 0x7f..=0x82 if !unguarded => return self.division(code, of),
            0xa8..=0xab | 0xae..=0xb1 if !unguarded => {
                self.want(&[of]);
                self.clamp(of, bounds(code));
            }
            _ if count == 2 && self.rng.chance(1, 4) => {
                self.want(&[of]);
                let bits = number(self.rng, of, self.swarm.edges);
                self.push_constant(of, bits);
            }
            _ => self.want(&vec![of; count as usize]),
        }
        if matches!(code, op::I32_REINTERPRET | op::I64_REINTERPRET | 0x98 | 0xa6) {
            self.make_exact();
        }
        let operands = self.take(count);
        self.emit(Instr::Op(code));
        // Which bits a NaN has is left open by the specification for what computes one.
        let exact = match code {
            0x8b | 0x8c | 0x99 | 0x9a => operands.iter().all(|value| value.exact),
            0x98 | 0xa6 => operands.iter().all(|value| value.exact),
            0x8d..=0x97 | 0x9b..=0xa5 | 0xb6 | 0xbb => false,
            _ => true,
        };
        self.pushed(result, exact);
    }

    fn division(&mut self, code: u16, of: Ty) {
        let signed_quotient = matches!(code, 0x6d | 0x7f);
        if self.rng.chance(1, 2) {
            self.want(&[of]);
            let mut bits = number(self.rng, of, self.swarm.edges);
            let minus_one = if of == Ty::I32 { 0xffff_ffff } else { u64::MAX };
            if bits == 0 || bits == minus_one && signed_quotient {
                bits = 3;
            }
            self.push_constant(of, bits);
        } else {
            self.want(&[of, of]);
            let (and, or) =
                if of == Ty::I32 { (op::I32_AND, op::I32_OR) } else { (op::I64_AND, op::I64_OR) };
            if signed_quotient {
                let mask = if self.rng.chance(1, 2) {
                    7
                } else {
                    i64::MAX as u64 >> (if of == Ty::I32 { 32 } else { 0 })
                };
                self.emit(constant(of, mask));
                self.emit(Instr::Op(and));
            }
            self.emit(constant(of, 1));
            self.emit(Instr::Op(or));
        }
        self.take(2);
        self.emit(Instr::Op(code));
        self.pushed(of, true);
    }

    /// Brings the topmost float between two bounds, and makes a NaN zero.
    fn clamp(&mut self, of: Ty, (low, high): (u64, u64)) {
        let (max, min) =
            if of == Ty::F32 { (op::F32_MAX, op::F32_MIN) } else { (op::F64_MAX, op::F64_MIN) };
        self.emit(constant(of, low));
        self.emit(Instr::Op(max));
        self.emit(constant(of, high));
        self.emit(Instr::Op(min));
        self.replace_nan(of, 0);
    }

    /// Has the topmost float be `bits` if it is a NaN.
    fn replace_nan(&mut self, of: Ty, bits: u64) {
        let local = self.scratch(of, false);
        self.emit(Instr::LocalTee(local));
        self.emit(constant(of, bits));
        self.emit(Instr::LocalGet(local));
        self.emit(Instr::LocalGet(local));
        self.emit(Instr::Op(if of == Ty::F32 { op::F32_EQ } else { op::F64_EQ }));
        self.emit(Instr::Op(op::SELECT));
    }

    /// Makes the topmost value one whose bits the specification determines.
    pub(super) fn make_exact(&mut self) {
        let Some(value) = self.top() else { return };
        if value.exact {
            return;
        }
        let nan = if value.ty == Ty::F32 { 0x7fc0_0000 } else { 0x7ff8_0000_0000_0000 };
        self.replace_nan(value.ty, nan);
        self.take(1);
        self.pushed(value.ty, true);
    }
}
