//! References of the code: each is a distance within the text, written into an instruction or a
//! word.

use crate::target::Isa;

mod arm {
    pub const REL32: u32 = 3;
    pub const THM_CALL: u32 = 10;
    pub const THM_JUMP24: u32 = 30;
    pub const THM_MOVW_PREL: u32 = 49;
    pub const THM_MOVT_PREL: u32 = 50;
}

mod x86 {
    pub const PC32: u32 = 2;
    pub const PLT32: u32 = 4;
}

mod aarch64 {
    pub const PREL32: u32 = 261;
    pub const ADR_PREL_LO21: u32 = 274;
    pub const ADR_PREL_PG_HI21: u32 = 275;
    pub const ADD_ABS_LO12_NC: u32 = 277;
    pub const LDST8_ABS_LO12_NC: u32 = 278;
    pub const JUMP26: u32 = 282;
    pub const CALL26: u32 = 283;
    pub const LDST16_ABS_LO12_NC: u32 = 284;
    pub const LDST32_ABS_LO12_NC: u32 = 285;
    pub const LDST64_ABS_LO12_NC: u32 = 286;
    pub const LDST128_ABS_LO12_NC: u32 = 299;
}

pub(crate) mod riscv {
    pub const CALL: u32 = 18;
    pub const CALL_PLT: u32 = 19;
    pub const PCREL_HI20: u32 = 23;
    pub const PCREL_LO12_I: u32 = 24;
    pub const PCREL_LO12_S: u32 = 25;
    pub const ADD16: u32 = 34;
    pub const ADD32: u32 = 35;
    pub const SUB16: u32 = 38;
    pub const SUB32: u32 = 39;
    pub const PCREL_32: u32 = 57;
}

/// A reference.
pub(crate) struct Reference {
    /// Where it is, in the text.
    pub(crate) at: usize,
    /// ELF's type.
    pub(crate) kind: u32,
    /// What it is for, in the text.
    pub(crate) target: i64,
    /// Whether that is a function in Thumb instructions.
    pub(crate) thumb: bool,
    /// What is added; `None` where the instruction has it.
    pub(crate) addend: Option<i64>,
}

/// The address behind a call, where the reference is one.
pub(crate) fn return_address(isa: Isa, reference: &Reference) -> u32 {
    let is_pair = isa == Isa::Riscv32 && matches!(reference.kind, riscv::CALL | riscv::CALL_PLT);
    reference.at as u32 + if is_pair { 8 } else { 4 }
}

/// Resolves a reference. `high` finds the distance that an instruction at some place has the upper
/// part of.
pub(crate) fn resolve(
    isa: Isa,
    text: &mut [u8],
    reference: &Reference,
    high: impl Fn(i64) -> Option<i64>,
) -> Option<()> {
    match isa {
        Isa::Thumb1 | Isa::Thumb2 => resolve_arm(text, reference),
        Isa::X86_64 => {
            let (x86::PC32 | x86::PLT32) = reference.kind else { return None };
            set_word(text, reference.at, i32::try_from(distance(reference)?).ok()? as u32)
        }
        Isa::Aarch64 => resolve_aarch64(text, reference),
        Isa::Riscv32 => resolve_riscv(text, reference, high),
    }
}

/// From the reference to its target.
fn distance(reference: &Reference) -> Option<i64> {
    Some(reference.target + reference.addend? - reference.at as i64)
}

fn word(text: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(text.get(at..at + 4)?.try_into().ok()?))
}

fn set_word(text: &mut [u8], at: usize, word: u32) -> Option<()> {
    text.get_mut(at..at + 4)?.copy_from_slice(&word.to_le_bytes());
    Some(())
}

/// The distance, where it has at most so many bits and is a multiple of 1 << `low`.
fn bits(distance: i64, count: u32, low: u32) -> Option<u32> {
    let limit = 1i64 << (count - 1);
    let fits = (-limit..limit).contains(&distance) && distance.trailing_zeros() >= low;
    fits.then_some(distance as u32)
}

fn resolve_arm(text: &mut [u8], reference: &Reference) -> Option<()> {
    let Reference { at, target, thumb, addend, .. } = *reference;
    let here = at as i64;
    match reference.kind {
        arm::REL32 => {
            let addend = addend.or_else(|| Some(i64::from(word(text, at)? as i32)))?;
            let value = (target | i64::from(thumb)) + addend - here;
            set_word(text, at, value as u32)
        }
        arm::THM_CALL | arm::THM_JUMP24 => {
            let (high, low) = halves(text, at)?;
            let addend = addend.unwrap_or_else(|| branch_distance(high, low));
            let d = bits(target + addend - here, 25, 1)?;
            let sign = d >> 24 & 1;
            let j = |bit: u32| (d >> bit & 1 ^ 1) ^ sign;
            let high = high & 0xf800 | (sign << 10) as u16 | (d >> 12 & 0x3ff) as u16;
            let low = low & 0xd000
                | (j(23) << 13) as u16
                | (j(22) << 11) as u16
                | (d >> 1 & 0x7ff) as u16;
            set_halves(text, at, high, low)
        }
        arm::THM_MOVW_PREL | arm::THM_MOVT_PREL => {
            let (high, low) = halves(text, at)?;
            let value = (u32::from(high) & 0xf) << 12
                | (u32::from(high) >> 10 & 1) << 11
                | (u32::from(low) >> 12 & 7) << 8
                | u32::from(low) & 0xff;
            let addend = addend.unwrap_or(i64::from(value as u16 as i16));
            let mut result = ((target | i64::from(thumb)) + addend - here) as u32;
            if reference.kind == arm::THM_MOVT_PREL {
                result = ((target + addend - here) as u32) >> 16;
            }
            let high =
                high & 0xfbf0 | (result >> 12 & 0xf) as u16 | ((result >> 11 & 1) << 10) as u16;
            let low = low & 0x8f00 | ((result >> 8 & 7) << 12) as u16 | (result & 0xff) as u16;
            set_halves(text, at, high, low)
        }
        _ => None,
    }
}

fn halves(text: &[u8], at: usize) -> Option<(u16, u16)> {
    let bytes = text.get(at..at + 4)?;
    Some((u16::from_le_bytes([bytes[0], bytes[1]]), u16::from_le_bytes([bytes[2], bytes[3]])))
}

fn set_halves(text: &mut [u8], at: usize, high: u16, low: u16) -> Option<()> {
    let bytes = text.get_mut(at..at + 4)?;
    bytes[..2].copy_from_slice(&high.to_le_bytes());
    bytes[2..].copy_from_slice(&low.to_le_bytes());
    Some(())
}

/// The distance in a `bl` or `b.w` (Armv7-M, A7.7.12, A7.7.18).
fn branch_distance(high: u16, low: u16) -> i64 {
    let (high, low) = (u32::from(high), u32::from(low));
    let sign = high >> 10 & 1;
    let i1 = (low >> 13 & 1 ^ 1) ^ sign;
    let i2 = (low >> 11 & 1 ^ 1) ^ sign;
    let value = sign << 24 | i1 << 23 | i2 << 22 | (high & 0x3ff) << 12 | (low & 0x7ff) << 1;
    i64::from((value << 7) as i32 >> 7)
}

/// An address that LLVM takes apart at a page (`adrp` and a sum) depends on where the text lies.
/// The first instruction becomes `adr`, which has all of the distance, and the second adds nothing.
fn resolve_aarch64(text: &mut [u8], reference: &Reference) -> Option<()> {
    let at = reference.at;
    let distance = distance(reference)?;
    let instruction = word(text, at)?;
    match reference.kind {
        aarch64::PREL32 => set_word(text, at, bits(distance, 32, 0)?),
        aarch64::CALL26 | aarch64::JUMP26 => {
            let d = bits(distance, 28, 2)?;
            set_word(text, at, instruction & !0x3ff_ffff | d >> 2 & 0x3ff_ffff)
        }
        aarch64::ADR_PREL_LO21 | aarch64::ADR_PREL_PG_HI21 => {
            let d = bits(distance, 21, 0)?;
            let adr = 0x1000_0000 | instruction & 0x1f;
            set_word(text, at, adr | (d & 3) << 29 | (d >> 2 & 0x7_ffff) << 5)
        }
        aarch64::ADD_ABS_LO12_NC
        | aarch64::LDST8_ABS_LO12_NC
        | aarch64::LDST16_ABS_LO12_NC
        | aarch64::LDST32_ABS_LO12_NC
        | aarch64::LDST64_ABS_LO12_NC
        | aarch64::LDST128_ABS_LO12_NC => set_word(text, at, instruction & !0x003f_fc00),
        _ => None,
    }
}

/// The upper 20 bits of a distance, where the lower 12 are added with their sign.
fn upper(distance: i64) -> Option<u32> {
    Some((bits(distance, 32, 0)?.wrapping_add(0x800)) & 0xffff_f000)
}

fn resolve_riscv(
    text: &mut [u8],
    reference: &Reference,
    high: impl Fn(i64) -> Option<i64>,
) -> Option<()> {
    let at = reference.at;
    let instruction = word(text, at)?;
    match reference.kind {
        riscv::CALL | riscv::CALL_PLT => {
            let d = distance(reference)?;
            set_word(text, at, instruction & 0xfff | upper(d)?)?;
            let jump = word(text, at + 4)?;
            set_word(text, at + 4, jump & 0xf_ffff | (d as u32) << 20)
        }
        riscv::PCREL_HI20 => set_word(text, at, instruction & 0xfff | upper(distance(reference)?)?),
        riscv::PCREL_LO12_I => {
            let d = high(reference.target)? as u32;
            set_word(text, at, instruction & 0xf_ffff | d << 20)
        }
        riscv::PCREL_LO12_S => {
            let d = high(reference.target)? as u32;
            let low = (d >> 5 & 0x7f) << 25 | (d & 0x1f) << 7;
            set_word(text, at, instruction & 0x01ff_f07f | low)
        }
        riscv::PCREL_32 => set_word(text, at, bits(distance(reference)?, 32, 0)?),
        riscv::ADD32 => {
            let value = (reference.target + reference.addend?) as u32;
            set_word(text, at, instruction.wrapping_add(value))
        }
        riscv::SUB32 => {
            let value = (reference.target + reference.addend?) as u32;
            set_word(text, at, instruction.wrapping_sub(value))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn apply(isa: Isa, text: &[u8], at: usize, kind: u32, target: i64, addend: i64) -> Vec<u8> {
        let mut text = text.to_vec();
        let reference = Reference { at, kind, target, thumb: false, addend: Some(addend) };
        resolve(isa, &mut text, &reference, |_| None).unwrap();
        text
    }

    #[test]
    fn branches_of_thumb_go_both_ways() {
        // `bl` forward by 0x1234 and back to the start (Armv7-M, A7.7.18).
        let forward = apply(Isa::Thumb2, &[0, 0xf0, 0, 0xd0], 0, arm::THM_CALL, 0x1238, -4);
        assert_eq!(forward, [0x01, 0xf0, 0x1a, 0xf9]);
        let text = [0, 0, 0, 0, 0, 0xf0, 0, 0xd0];
        let back = apply(Isa::Thumb2, &text, 4, arm::THM_CALL, 0, -4);
        assert_eq!(back[4..], [0xff, 0xf7, 0xfc, 0xff]);
        let (high, low) = halves(&back, 4).unwrap();
        assert_eq!(branch_distance(high, low), -8);
    }

    #[test]
    fn calls_of_riscv_carry_into_the_upper_part() {
        // auipc ra, 0; jalr ra: a distance of 0x1800 is 0x2000 - 0x800.
        let call = [0x97, 0, 0, 0, 0xe7, 0x80, 0, 0];
        let call = apply(Isa::Riscv32, &call, 0, riscv::CALL_PLT, 0x1800, 0);
        assert_eq!(word(&call, 0), Some(0x2097));
        assert_eq!(word(&call, 4), Some(0x8000_80e7));
    }

    #[test]
    fn pages_of_aarch64_become_distances() {
        // adrp x8, 0 -> adr x8, +0x10004
        let text = [8, 0, 0, 0x90];
        let text = apply(Isa::Aarch64, &text, 0, aarch64::ADR_PREL_PG_HI21, 0x1_0004, 0);
        assert_eq!(word(&text, 0), Some(0x1008_0028));
        // Too far for `adr`.
        let reference = Reference {
            at: 0,
            kind: aarch64::ADR_PREL_PG_HI21,
            target: 1 << 20,
            thumb: false,
            addend: Some(0),
        };
        assert!(resolve(Isa::Aarch64, &mut [8, 0, 0, 0x90], &reference, |_| None).is_none());
    }
}
