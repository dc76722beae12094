//! Which register instruction stands for a WebAssembly instruction, by the places of its operands.

use zonda_exec::fast::op::Relation;
use zonda_exec::fast::RegOp;
use zonda_exec::op::codes::*;
use zonda_exec::vector;

/// The forms of an instruction on two i32 operands.
pub(super) struct Forms {
    /// Whether the operands can be exchanged.
    pub(super) commutative: bool,
    /// First operand in the accumulator, second in a slot.
    pub(super) by_slot: RegOp,
    /// Second operand in the accumulator, first in a slot.
    pub(super) of_slot: Option<RegOp>,
    pub(super) slots: Option<RegOp>,
    pub(super) slot_constant: Option<RegOp>,
    pub(super) constant: Option<RegOp>,
    /// With a constant of 32 bits.
    pub(super) long_constant: Option<RegOp>,
    pub(super) slot_long_constant: Option<RegOp>,
}

macro_rules! forms {
    ($($name:ident $commutative:literal $as_:ident $sa:ident $ss:ident $sk:ident $ak:ident $ax:ident $sx:ident;)*) => {
        $(static $name: Forms = Forms {
            commutative: $commutative,
            by_slot: RegOp::$as_,
            of_slot: forms!(@ $sa),
            slots: forms!(@ $ss),
            slot_constant: forms!(@ $sk),
            constant: forms!(@ $ak),
            long_constant: forms!(@ $ax),
            slot_long_constant: forms!(@ $sx),
        };)*
    };
    (@ None) => { None };
    (@ $op:ident) => { Some(RegOp::$op) };
}

forms! {
    ADD true AddAS None AddSS AddSK AddAK AddAX AddSX;
    SUB false SubAS SubSA SubSS None None None None;
    MUL true MulAS None MulSS MulSK MulAK None MulSX;
    AND true AndAS None AndSS AndSK AndAK AndAX AndSX;
    OR true OrAS None OrSS None OrAK None None;
    XOR true XorAS None XorSS None XorAK XorAX None;
    SHL false ShlAS ShlSA None ShlSK ShlAK None None;
    SHR_S false ShrSAS None None ShrSSK ShrSAK None None;
    SHR_U false ShrUAS ShrUSA None ShrUSK ShrUAK None None;
    ROTL false RotlAS None None None None None None;
    ROTR false RotrAS None None RotrSK RotrAK None None;
    DIV_S false DivSAS None None None DivSAK None None;
    DIV_U false DivUAS None None None DivUAK None None;
    REM_S false RemSAS None None None RemSAK None None;
    REM_U false RemUAS None None None RemUAK None None;
}

/// The forms of an i32 instruction with two operands that is not a comparison.
pub(super) fn forms(opcode: u8) -> Option<&'static Forms> {
    Some(match opcode {
        I32_ADD => &ADD,
        I32_SUB => &SUB,
        I32_MUL => &MUL,
        I32_DIV_S => &DIV_S,
        I32_DIV_U => &DIV_U,
        I32_REM_S => &REM_S,
        I32_REM_U => &REM_U,
        I32_AND => &AND,
        I32_OR => &OR,
        I32_XOR => &XOR,
        I32_SHL => &SHL,
        I32_SHR_S => &SHR_S,
        I32_SHR_U => &SHR_U,
        I32_ROTL => &ROTL,
        I32_ROTR => &ROTR,
        _ => return None,
    })
}

/// The form that also writes its result to a slot.
pub(super) fn with_slot(op: RegOp) -> Option<RegOp> {
    let op = RegOp::from_code(*WITH_SLOT.get(op as usize)?)?;
    // Only with vectors there is an instruction of this opcode.
    if vector::ENABLED && op as u8 == NONE {
        return None;
    }
    Some(op)
}

/// No form.
const NONE: u8 = 0xff;

/// Opcodes of these forms, or `NONE`.
static WITH_SLOT: [u8; RegOp::ALL.len()] = {
    use RegOp::*;
    let pairs = [
        (MlaAS, MlaASD),
        (Select, SelectD),
        (Zext8S, Zext8SD),
        (Zext16S, Zext16SD),
        (AddSX, AddSXD),
        (AddAX, AddAXD),
        (AndSX, AndSXD),
        (AndAX, AndAXD),
        (RotrAK, RotrAKD),
        (Ext16S, Ext16SD),
        (Zext8, Zext8D),
        (Load32A, Load32AD),
        (Load8SA, Load8SAD),
        (Load8UA, Load8UAD),
        (Load16SA, Load16SAD),
        (Load16UA, Load16UAD),
        (Load32AX, Load32AXD),
        (Load16SAX, Load16SAXD),
        (Load32X, Load32XD),
        (Load8UX, Load8UXD),
        (Load32AI, Load32AID),
        (Load32SI, Load32SID),
        (Load32S, Load32SD),
        (Load8SS, Load8SSD),
        (Load8US, Load8USD),
        (Load16SS, Load16SSD),
        (Load16US, Load16USD),
        (AddSS, AddSSD),
        (AddAS, AddASD),
        (AddSK, AddSKD),
        (AddAK, AddAKD),
        (SubSS, SubSSD),
        (SubSA, SubSAD),
        (AndAS, AndASD),
        (AndAK, AndAKD),
        (OrAS, OrASD),
        (XorAS, XorASD),
        (ShlSK, ShlSKD),
        (ShrUSK, ShrUSKD),
        (ShrUAK, ShrUAKD),
    ];
    let mut table = [NONE; RegOp::ALL.len()];
    let mut i = 0;
    while i < pairs.len() {
        table[pairs[i].0 as usize] = pairs[i].1 as u8;
        i += 1;
    }
    table
};

/// The relation that an i32 comparison, `i32.eq` to `i32.ge_u`, computes.
pub(super) fn relation(opcode: u8) -> Option<Relation> {
    use Relation::*;
    let relations = [Eq, Ne, LtS, LtU, GtS, GtU, LeS, LeU, GeS, GeU];
    relations.get(opcode.wrapping_sub(I32_EQ) as usize).copied()
}

/// The relation that holds when this one does not.
pub(super) fn not(relation: Relation) -> Relation {
    use Relation::*;
    match relation {
        Eq => Ne,
        Ne => Eq,
        LtS => GeS,
        LtU => GeU,
        GeS => LtS,
        GeU => LtU,
        GtS => LeS,
        GtU => LeU,
        LeS => GtS,
        LeU => GtU,
    }
}

/// The relation with its operands exchanged.
pub(super) fn swapped(relation: Relation) -> Relation {
    use Relation::*;
    match relation {
        Eq => Eq,
        Ne => Ne,
        LtS => GtS,
        LtU => GtU,
        GeS => LeS,
        GeU => LeU,
        GtS => LtS,
        GtU => LtU,
        LeS => GeS,
        LeU => GeU,
    }
}

/// An equivalent relation among the first six for a constant; `None` if there is none.
pub(super) fn with_constant(relation: Relation, constant: u32) -> Option<(Relation, u32)> {
    use Relation::*;
    Some(match relation {
        GtS => (GeS, (constant as i32).checked_add(1)? as u32),
        LeS => (LtS, (constant as i32).checked_add(1)? as u32),
        GtU => (GeU, constant.checked_add(1)?),
        LeU => (LtU, constant.checked_add(1)?),
        relation => (relation, constant),
    })
}

/// How far a number is shifted to the right, without its sign, so that what is left is 0 when the
/// relation with a constant does not hold (`false`), or when it does (`true`).
pub(super) fn as_shift(relation: Relation, constant: u32) -> Option<(u32, bool)> {
    use Relation::*;
    let power = |value: u32| value.is_power_of_two().then(|| value.trailing_zeros());
    Some(match with_constant(relation, constant)? {
        (Ne, 0) => (0, false),
        (Eq, 0) => (0, true),
        (LtS, 0) => (31, false),
        (GeS, 0) => (31, true),
        (GeU, value) => (power(value)?, false),
        (LtU, value) => (power(value)?, true),
        _ => return None,
    })
}

/// The register instruction `at` places behind the first one of a family.
pub(super) fn nth(first: RegOp, at: u32) -> RegOp {
    RegOp::from_code(first as u8 + at as u8).unwrap_or(RegOp::Unreachable)
}

#[cfg(test)]
mod tests {
    use super::*;

    // Texts alone, and thousands of them.
    #[cfg_attr(miri, ignore)]
    #[test]
    fn every_form_with_a_slot_is_in_use() {
        for &op in RegOp::ALL {
            let name = std::format!("{op:?}");
            if let Some(base) = name
                .strip_suffix('D')
                .filter(|base| RegOp::ALL.iter().any(|op| std::format!("{op:?}") == *base))
            {
                let base = *RegOp::ALL.iter().find(|op| std::format!("{op:?}") == base).unwrap();
                if base != RegOp::Meter && !matches!(op, RegOp::I64And) {
                    assert_eq!(with_slot(base), Some(op), "{name}");
                }
            }
        }
    }

    #[test]
    fn a_shift_stands_for_a_relation_with_a_power_of_two() {
        use Relation::*;
        let holds = |relation, a: u32, b: u32| match relation {
            Eq => a == b,
            Ne => a != b,
            LtS => (a as i32) < b as i32,
            LtU => a < b,
            GtS => a as i32 > b as i32,
            GtU => a > b,
            LeS => a as i32 <= b as i32,
            LeU => a <= b,
            GeS => a as i32 >= b as i32,
            GeU => a >= b,
        };
        let powers = (0..32).flat_map(|k| [(1u32 << k) - 1, 1 << k, (1 << k) + 1]);
        let values: std::vec::Vec<u32> = powers.chain([u32::MAX - 1, u32::MAX]).collect();
        let mut found = 0;
        for relation in [Eq, Ne, LtS, LtU, GtS, GtU, LeS, LeU, GeS, GeU] {
            for &constant in &values {
                let Some((shift, opposite)) = as_shift(relation, constant) else { continue };
                found += 1;
                for &value in &values {
                    let nonzero = value >> shift != 0;
                    assert_eq!(
                        nonzero != opposite,
                        holds(relation, value, constant),
                        "{relation:?} {value:#x} {constant:#x}"
                    );
                }
            }
        }
        assert!(found > 120, "{found}");
    }

    #[test]
    fn families_stand_in_the_order_of_relations() {
        use RegOp::*;
        for (first, last, count) in [
            (BrEqSK, BrGeSSK, 5),
            (BrEqAK, BrGeUAK, 6),
            (BrEqAS, BrLeUAS, 10),
            (EqAK, GeUAK, 6),
            (EqAS, LeUAS, 10),
        ] {
            assert_eq!(nth(first, count - 1), last);
        }
        assert_eq!(nth(Load32AD, 4), Load16UAD);
        assert_eq!(nth(Store32SAX, 2), Store16SAX);
    }
}
