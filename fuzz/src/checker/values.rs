//! Symbolic values of one slot: two computations have the same number when they are the same, up to
//! the identities that the translator may use.

use std::collections::HashMap;

/// A symbolic value.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Sym(u32);

/// What nobody may rely on: equal to nothing, not even to itself; see [`same`].
pub const UNKNOWN: Sym = Sym(0);

/// Whether two slots certainly hold the same value.
pub fn same(a: Sym, b: Sym) -> bool {
    a == b && a != UNKNOWN
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Node {
    Unknown,
    Const(u32),
    /// A value of which nothing is known but that it is this one.
    Fresh(u32),
    /// Result number `part` of a numeric instruction.
    Op {
        code: u16,
        part: u8,
        args: Vec<Sym>,
    },
}

/// All values of a function.
pub struct Values {
    nodes: Vec<Node>,
    numbers: HashMap<Node, Sym>,
}

/// Canonical instructions: the others are expressed by them.
mod op {
    pub const EQZ: u16 = 0x45;
    pub const EQ: u16 = 0x46;
    pub const LT_S: u16 = 0x48;
    pub const LT_U: u16 = 0x49;
    pub const ADD: u16 = 0x6a;
    pub const SUB: u16 = 0x6b;
    pub const SHR_S: u16 = 0x75;
    pub const ROTL: u16 = 0x77;
    pub const ROTR: u16 = 0x78;
    pub const SELECT: u16 = 0x1b;
}

impl Default for Values {
    fn default() -> Values {
        let mut values = Values { nodes: Vec::new(), numbers: HashMap::new() };
        values.intern(Node::Unknown);
        values
    }
}

impl Values {
    fn intern(&mut self, node: Node) -> Sym {
        if let Some(&known) = self.numbers.get(&node) {
            return known;
        }
        let sym = Sym(self.nodes.len() as u32);
        self.nodes.push(node.clone());
        self.numbers.insert(node, sym);
        sym
    }

    /// A constant.
    pub fn constant(&mut self, value: u32) -> Sym {
        self.intern(Node::Const(value))
    }

    /// A value that is like no other.
    pub fn fresh(&mut self) -> Sym {
        let number = self.nodes.len() as u32;
        self.intern(Node::Fresh(number))
    }

    /// The number, if it is a constant.
    pub fn as_constant(&self, sym: Sym) -> Option<u32> {
        match self.nodes[sym.0 as usize] {
            Node::Const(value) => Some(value),
            _ => None,
        }
    }

    /// A number that no value is greater than: of masks, shifts by constants, and sums of these.
    fn bound(&self, sym: Sym) -> u32 {
        let constant = |sym: &Sym| self.as_constant(*sym);
        match &self.nodes[sym.0 as usize] {
            Node::Const(value) => *value,
            Node::Op { .. } if self.is_bool(sym) => 1,
            Node::Op { code, args, .. } => match (code, &args[..]) {
                (0x71, [a, b]) => self.bound(*a).min(self.bound(*b)),
                (0x76, [a, k]) => match constant(k) {
                    Some(k) => self.bound(*a) >> (k & 31),
                    None => u32::MAX,
                },
                (0x74, [a, k]) => match constant(k) {
                    Some(k) if self.bound(*a).leading_zeros() >= k & 31 => {
                        self.bound(*a) << (k & 31)
                    }
                    _ => u32::MAX,
                },
                (&op::ADD, [a, b]) => self.bound(*a).saturating_add(self.bound(*b)),
                _ => u32::MAX,
            },
            _ => u32::MAX,
        }
    }

    /// An address without constants that are added to it, and their sum with the offset, where none
    /// of the sums wraps.
    pub fn address(&self, address: Sym, offset: u32) -> (Sym, u32) {
        if let Node::Op { code: op::ADD, args, .. } = &self.nodes[address.0 as usize] {
            for (a, b) in [(args[0], args[1]), (args[1], args[0])] {
                if let Some(constant) = self.as_constant(b) {
                    let sum = constant.checked_add(offset);
                    let most = sum.and_then(|sum| sum.checked_add(self.bound(a)));
                    if let (Some(sum), Some(_)) = (sum, most) {
                        return self.address(a, sum);
                    }
                }
            }
        }
        (address, offset)
    }

    /// Text for messages.
    pub fn text(&self, sym: Sym) -> String {
        match &self.nodes[sym.0 as usize] {
            Node::Unknown => "unknown".into(),
            Node::Const(value) => format!("{:#x}", value),
            Node::Fresh(number) => format!("v{number}"),
            Node::Op { code, part, args } => {
                let args: Vec<String> = args.iter().map(|&arg| self.text(arg)).collect();
                format!("{code:#x}.{part}({})", args.join(" "))
            }
        }
    }

    /// Whether it is 0 or 1 and made of a canonical comparison.
    fn is_bool(&self, sym: Sym) -> bool {
        let Node::Op { code, .. } = &self.nodes[sym.0 as usize] else { return false };
        // Those of i32, i64 and floats.
        matches!(code, op::EQZ..=op::LT_U | 0x51..=0x66)
    }

    /// The first result of an instruction on one slot each.
    pub fn word(&mut self, code: u16, args: &[Sym]) -> Sym {
        if args.contains(&UNKNOWN) {
            return UNKNOWN;
        }
        let constants: Vec<Option<u32>> = args.iter().map(|&arg| self.as_constant(arg)).collect();
        match (code, args, &constants[..]) {
            (op::EQZ, &[a], &[Some(value)]) => {
                let _ = a;
                self.constant(u32::from(value == 0))
            }
            (op::EQZ, &[a], _) => self.not(a),
            (op::EQ, &[_, _], &[Some(a), Some(b)]) => self.constant(u32::from(a == b)),
            (op::EQ, &[a, b], &[Some(0), _]) | (op::EQ, &[b, a], &[_, Some(0)]) => {
                let _ = a;
                self.not(b)
            }
            (op::EQ, &[a, b], _) => self.node(op::EQ, vec![a.min(b), a.max(b)]),
            // ne, gt, le, ge by eq and lt.
            (0x47, ..) => self.negated(op::EQ, args),
            (0x4e, ..) => self.negated(op::LT_S, args),
            (0x4f, ..) => self.negated(op::LT_U, args),
            (0x4a, &[a, b], _) => self.word(op::LT_S, &[b, a]),
            (0x4b, &[a, b], _) => self.word(op::LT_U, &[b, a]),
            (0x4c, &[a, b], _) => self.negated(op::LT_S, &[b, a]),
            (0x4d, &[a, b], _) => self.negated(op::LT_U, &[b, a]),
            (op::LT_S, &[_, _], &[Some(a), Some(b)]) => {
                self.constant(u32::from((a as i32) < b as i32))
            }
            (op::LT_U, &[_, _], &[Some(a), Some(b)]) => self.constant(u32::from(a < b)),
            // k < x is not x < k + 1.
            (op::LT_S, &[_, b], &[Some(k), _]) if k as i32 != i32::MAX => {
                let next = self.constant(k.wrapping_add(1));
                self.negated(op::LT_S, &[b, next])
            }
            (op::LT_U, &[_, b], &[Some(k), _]) if k != u32::MAX => {
                let next = self.constant(k.wrapping_add(1));
                self.negated(op::LT_U, &[b, next])
            }
            // What a shift to the right tells, too: see below and `not`.
            (op::LT_U, &[a, _], &[_, Some(1)]) => self.not(a),
            (op::LT_U, &[a, _], &[_, Some(0x8000_0000)]) => {
                let zero = self.constant(0);
                self.negated(op::LT_S, &[a, zero])
            }
            (0x76, &[a, _], &[_, Some(k)]) if k & 31 == 31 => {
                let zero = self.constant(0);
                self.word(op::LT_S, &[a, zero])
            }
            (op::SUB, &[a, _], &[_, Some(k)]) => {
                let k = self.constant(k.wrapping_neg());
                self.word(op::ADD, &[a, k])
            }
            (op::SHR_S, _, &[Some(a), Some(k)]) => self.constant((a as i32 >> (k & 31)) as u32),
            (0x74..=0x76 | op::ROTR, &[a, _], &[_, Some(k)]) => {
                let k = self.constant(k & 31);
                self.node(code, vec![a, k])
            }
            (op::ROTL, &[a, _], &[_, Some(k)]) => {
                let k = self.constant(k.wrapping_neg() & 31);
                self.node(op::ROTR, vec![a, k])
            }
            // One half of an i64 may be computed where the other one needs no instruction.
            (0x71, _, &[Some(a), Some(b)]) => self.constant(a & b),
            (0x72, _, &[Some(a), Some(b)]) => self.constant(a | b),
            (0x73, _, &[Some(a), Some(b)]) => self.constant(a ^ b),
            // A half that changes nothing, whether the instruction for it was written or not.
            (0x71..=0x73, &[a, b], &[None, Some(_)]) => self.bitwise(code, a, b),
            (0x71..=0x73, &[a, b], &[Some(_), None]) => self.bitwise(code, b, a),
            // Commutative ones: add, mul, and, or, xor.
            (op::ADD | 0x6c | 0x71..=0x73, &[a, b], _) => self.node(code, vec![a.min(b), a.max(b)]),
            (op::SELECT, &[c, a, b], _) => self.select(c, a, b),
            _ => self.node(code, args.to_vec()),
        }
    }

    /// One of two values, the first where the condition holds.
    fn select(&mut self, c: Sym, a: Sym, b: Sym) -> Sym {
        if let Some(c) = self.as_constant(c) {
            return if c != 0 { a } else { b };
        }
        if let Node::Op { code: op::EQZ, args, .. } = &self.nodes[c.0 as usize] {
            let inner = args[0];
            if self.is_bool(inner) {
                return self.select(inner, b, a);
            }
        }
        let (negative, condition) = match (self.as_constant(a), self.as_constant(b)) {
            (Some(1), Some(0)) => (false, c),
            (Some(0), Some(1)) => (false, self.opposite(c)),
            (Some(u32::MAX), Some(0)) => (true, c),
            (Some(0), Some(u32::MAX)) => (true, self.opposite(c)),
            _ => return self.node(op::SELECT, vec![c, a, b]),
        };
        if !self.is_bool(c) {
            return self.node(op::SELECT, vec![c, a, b]);
        }
        if negative {
            let zero = self.constant(0);
            return self.word(op::SUB, &[zero, condition]);
        }
        condition
    }

    /// `abs` or `neg` of the slot that has the sign.
    fn sign(&mut self, abs: bool, a: Sym) -> Sym {
        let mask = self.constant(if abs { i32::MAX as u32 } else { 1 << 31 });
        self.word(if abs { 0x71 } else { op::ADD }, &[a, mask])
    }

    /// `and`, `or` or `xor` of two values, of which one may be a constant that decides the result.
    fn bitwise(&mut self, word: u16, a: Sym, b: Sym) -> Sym {
        if let (Some(_), Some(_)) = (self.as_constant(a), self.as_constant(b)) {
            return self.word(word, &[a, b]);
        }
        for (value, mask) in [(a, b), (b, a)] {
            match (word, self.as_constant(mask)) {
                (0x71, Some(0)) => return self.constant(0),
                (0x72, Some(u32::MAX)) => return self.constant(u32::MAX),
                (0x71, Some(u32::MAX)) | (0x72 | 0x73, Some(0)) => return value,
                (0x71, Some(1)) if self.is_bool(value) => return value,
                _ => {}
            }
        }
        self.node(word, vec![a.min(b), a.max(b)])
    }

    /// A value that is 0 when both slots are.
    pub fn any(&mut self, low: Sym, high: Sym) -> Sym {
        self.word(0x72, &[low, high])
    }

    fn negated(&mut self, code: u16, args: &[Sym]) -> Sym {
        let positive = self.word(code, args);
        self.word(op::EQZ, &[positive])
    }

    /// 1 when the value is 0.
    fn not(&mut self, a: Sym) -> Sym {
        let inner = match &self.nodes[a.0 as usize] {
            Node::Op { code: op::EQZ, args, .. } => args.first().copied(),
            _ => None,
        };
        match inner {
            Some(inner) if self.is_bool(inner) => return inner,
            _ => {}
        }
        match &self.nodes[a.0 as usize] {
            // Nothing is left of a number that is shifted so far.
            Node::Op { code: 0x76, args, .. } => match (args[0], self.as_constant(args[1])) {
                (value, Some(k @ 1..=30)) => {
                    let power = self.constant(1 << k);
                    self.word(op::LT_U, &[value, power])
                }
                _ => self.node(op::EQZ, vec![a]),
            },
            _ => self.node(op::EQZ, vec![a]),
        }
    }

    /// The condition of a branch that is taken when a value is not 0.
    pub fn condition(&mut self, a: Sym) -> Sym {
        if a == UNKNOWN || self.is_bool(a) {
            return a;
        }
        let zero = self.word(op::EQZ, &[a]);
        self.word(op::EQZ, &[zero])
    }

    /// The opposite condition.
    pub fn opposite(&mut self, condition: Sym) -> Sym {
        self.word(op::EQZ, &[condition])
    }

    /// A value where a condition is known to hold, or not to.
    pub fn assume(&mut self, value: Sym, condition: Sym, holds: bool) -> Sym {
        if self.is_bool(value) || !holds {
            match self.truth_if(value, condition, holds) {
                Some(true) if self.is_bool(value) => return self.constant(1),
                Some(false) => return self.constant(0),
                _ => {}
            }
        }
        let (code, args) = match &self.nodes[value.0 as usize] {
            Node::Op { code: code @ (op::EQZ | 0x71 | 0x72), args, .. } => (*code, args.clone()),
            _ => return value,
        };
        let args: Vec<Sym> =
            args.into_iter().map(|arg| self.assume(arg, condition, holds)).collect();
        self.word(code, &args)
    }

    /// Whether a value is certainly not 0, or certainly 0.
    pub fn truth(&self, value: Sym) -> Option<bool> {
        match &self.nodes[value.0 as usize] {
            Node::Const(value) => Some(*value != 0),
            Node::Op { code: op::EQZ, args, .. } => self.truth(args[0]).map(|truth| !truth),
            Node::Op { code: 0x72, args, .. } => {
                args.iter().any(|&arg| self.truth(arg) == Some(true)).then_some(true)
            }
            _ => None,
        }
    }

    /// The same where a condition is known to hold, or not to.
    pub fn truth_if(&mut self, value: Sym, condition: Sym, holds: bool) -> Option<bool> {
        let own = self.condition(value);
        if same(own, condition) {
            return Some(holds);
        }
        if same(own, self.opposite(condition)) {
            return Some(!holds);
        }
        let (code, args) = match &self.nodes[value.0 as usize] {
            Node::Op { code, args, .. } => (*code, args.clone()),
            _ => return self.truth(value),
        };
        let args_hold: Vec<Option<bool>> = match code {
            op::EQZ | 0x71 | 0x72 => {
                args.iter().map(|&arg| self.truth_if(arg, condition, holds)).collect()
            }
            _ => return None,
        };
        match code {
            op::EQZ => args_hold[0].map(|truth| !truth),
            0x71 => args_hold.contains(&Some(false)).then_some(false),
            _ if args_hold.contains(&Some(true)) => Some(true),
            _ => args_hold.iter().all(|&arg| arg == Some(false)).then_some(false),
        }
    }

    /// How often a condition or its opposite is a part of a value.
    pub fn occurrences(&mut self, value: Sym, condition: Sym) -> usize {
        let own = self.condition(value);
        if same(own, condition) || same(own, self.opposite(condition)) {
            return 1;
        }
        match &self.nodes[value.0 as usize] {
            Node::Op { code: op::EQZ | 0x71 | 0x72, args, .. } => {
                let args = args.clone();
                args.into_iter().map(|arg| self.occurrences(arg, condition)).sum()
            }
            _ => 0,
        }
    }

    fn node(&mut self, code: u16, args: Vec<Sym>) -> Sym {
        self.intern(Node::Op { code, part: 0, args })
    }

    /// The results, one slot or two, of a numeric instruction that cannot trap, on all slots of its
    /// operands.
    pub fn numeric(&mut self, code: u16, args: &[Sym], slots: usize) -> Vec<Sym> {
        if matches!(code, 0x45..=0x4f | 0x6a..=0x6c | 0x71..=0x78) {
            return vec![self.word(code, args)];
        }
        if args.contains(&UNKNOWN) {
            return vec![UNKNOWN; slots];
        }
        let mut args = args.to_vec();
        let mut code = code;
        match (code, &args[..]) {
            (0xa7, &[low, _]) => return vec![low],
            (0xac, &[low]) => {
                let by = self.constant(31);
                return vec![low, self.word(op::SHR_S, &[low, by])];
            }
            (0xc2..=0xc4, &[low, _]) => {
                let low = match code {
                    0xc4 => low,
                    // As i32.extend8_s or i32.extend16_s.
                    _ => self.numeric(code - 2, &[low], 1)[0],
                };
                return self.numeric(0xac, &[low], 2);
            }
            (0xad, &[low]) => return vec![low, self.constant(0)],
            (0xbc..=0xbf, _) => return args,
            (0x50, &[low, high]) => {
                let any = self.any(low, high);
                return vec![self.word(op::EQZ, &[any])];
            }
            // Comparisons by eq, lt and, for floats, le.
            (0x52 | 0x5c | 0x62, _) => {
                let equal = self.numeric(code - 1, &args, 1)[0];
                return vec![self.word(op::EQZ, &[equal])];
            }
            (0x55 | 0x56, &[a, b, c, d]) => return self.numeric(code - 2, &[c, d, a, b], 1),
            (0x57..=0x5a, &[a, b, c, d]) => {
                let (code, args) = match code {
                    0x57 | 0x58 => (code - 4, [c, d, a, b]),
                    _ => (code - 6, [a, b, c, d]),
                };
                let less = self.numeric(code, &args, 1)[0];
                return vec![self.word(op::EQZ, &[less])];
            }
            (0x5e | 0x60, &[a, b]) => return self.numeric(code - 1, &[b, a], 1),
            (0x64 | 0x66, &[a, b, c, d]) => return self.numeric(code - 1, &[c, d, a, b], 1),
            // Signs, on the half that has it.
            (0x8b | 0x8c, &[a]) => return vec![self.sign(code == 0x8b, a)],
            (0x99 | 0x9a, &[low, high]) => return vec![low, self.sign(code == 0x99, high)],
            (0x83..=0x85, &[a, b, c, d]) => {
                let word = code - 0x83 + 0x71;
                return vec![self.bitwise(word, a, c), self.bitwise(word, b, d)];
            }
            (0x7d, &[a, b, low, high]) => {
                if let (Some(low), Some(high)) = (self.as_constant(low), self.as_constant(high)) {
                    let k = (u64::from(low) | u64::from(high) << 32).wrapping_neg();
                    let halves = [self.constant(k as u32), self.constant((k >> 32) as u32)];
                    return self.numeric(0x7c, &[a, b, halves[0], halves[1]], 2);
                }
            }
            // Shifts and rotations of i64 by a constant, to the right as to the left.
            (0x86..=0x8a, &[_, _, low, _]) => {
                if let Some(k) = self.as_constant(low) {
                    let k = if code == 0x8a { k.wrapping_neg() } else { k };
                    let zero = self.constant(0);
                    match (code, k & 63) {
                        (0x86, 32) => return vec![zero, args[0]],
                        (0x88, 32) => return vec![args[1], zero],
                        // From 33 on one half is shifted as an i32.
                        (0x86, k @ 33..) => {
                            let by = self.constant(k - 32);
                            return vec![zero, self.word(0x74, &[args[0], by])];
                        }
                        (0x88, k @ 33..) => {
                            let by = self.constant(k - 32);
                            return vec![self.word(0x76, &[args[1], by]), zero];
                        }
                        // Twice the value.
                        (0x86, 1) => {
                            let twice = [args[0], args[1], args[0], args[1]];
                            return self.numeric(0x7c, &twice, 2);
                        }
                        _ => {}
                    }
                    args[2] = self.constant(k & 63);
                    args[3] = zero;
                    code = if code == 0x8a { 0x89 } else { code };
                }
            }
            _ => {}
        }
        (0..slots as u8)
            .map(|part| self.intern(Node::Op { code, part, args: args.clone() }))
            .collect()
    }
}
