//! Conditions that `and` and `or` join: the translator may branch on a part that decides the whole.

use super::{same, Machine, Operator, Result, Step, Sym, Wasm};

/// Where the machine goes on a condition.
pub(super) struct Condition<'c> {
    /// When it holds, and when it does not.
    pub(super) holds: u32,
    pub(super) fails: u32,
    /// Whether the branch is taken when it holds.
    pub(super) jumps: bool,
    /// Where branches before went that decided it: whether it holds there.
    pub(super) decided: Vec<(bool, Machine<'c>)>,
}

/// What ends the check of a function that is not wrong: values do not tell which branch this is.
pub const OPEN: &str = "a condition whose parts are constants, or the same";

impl<'c> Wasm<'_, 'c> {
    /// Notes what an instruction joins, before it takes its operands.
    pub(super) fn note_parts(&mut self, operator: &Operator) {
        if matches!(operator, Operator::I32And | Operator::I32Or) {
            // A literal is no part: nothing decides between two instructions.
            let parts = 2 - usize::from(self.literal);
            let operands = self.stack.iter().skip(self.stack.len().saturating_sub(2));
            let mut first = operands.take(parts);
            self.constant_part |= first.any(|part| self.values.truth(part[0]).is_some());
        }
        self.literal = matches!(operator, Operator::I32Const { .. });
    }

    /// Forgets it behind an instruction, by its first byte, which may not stand between the branch
    /// of a part and that of the whole.
    pub(super) fn forget_parts(&mut self, opcode: Option<&u8>) {
        let between = matches!(opcode, Some(0x20 | 0x41 | 0x45..=0x66 | 0x6a..=0x6c | 0x71..=0x78));
        self.constant_part &= between;
    }

    /// The machine branches on a condition or its opposite, after branches on parts of it that
    /// decide it.
    pub(super) fn conditional(&mut self, value: Sym) -> Result<Condition<'c>> {
        if self.constant_part {
            return Err(OPEN.into());
        }
        let mut condition = self.values.condition(value);
        let mut decided = Vec::new();
        loop {
            let opposite = self.values.opposite(condition);
            let step = self.step()?;
            let Step::Branch { condition: taken, target } = step else {
                return Err(format!("a conditional branch is {step:?}"));
            };
            let next = self.machine.pc;
            let mut machine = self.machine.clone();
            // In a large function a branch leads around the long branch.
            let long = match machine.clone().run(&mut self.values, None)? {
                Some(Step::Jump(long)) => Some(long),
                _ => None,
            };
            if same(taken, condition) {
                return Ok(Condition { holds: target, fails: next, jumps: true, decided });
            }
            if same(taken, opposite) {
                return Ok(Condition { holds: next, fails: target, jumps: false, decided });
            }
            if self.values.occurrences(condition, taken) > 1 {
                return Err(OPEN.into());
            }
            let ways = [true, false].map(|way| self.values.assume(condition, taken, way));
            let truths = [true, false].map(|way| self.values.truth_if(condition, taken, way));
            match (truths, long) {
                ([Some(_), Some(_)], _) => return Err(OPEN.into()),
                ([Some(holds), None], _) => {
                    machine.pc = target;
                    decided.push((holds, machine));
                    condition = self.values.condition(ways[1]);
                }
                ([None, Some(holds)], Some(long)) => {
                    machine.pc = long;
                    decided.push((holds, machine));
                    self.machine.pc = target;
                    condition = self.values.condition(ways[0]);
                }
                _ => {
                    return Err(format!(
                        "branches on {} instead of {}",
                        self.values.text(taken),
                        self.values.text(condition)
                    ))
                }
            }
        }
    }

    /// Another way leads to where the machine is.
    pub(super) fn join(&mut self, other: &Machine<'c>) -> Result<()> {
        if other.pc != self.machine.pc {
            let (pc, here) = (other.pc, self.machine.pc);
            return Err(format!("a decided condition goes to {pc:#x} instead of {here:#x}"));
        }
        self.machine.join(other);
        Ok(())
    }
}
