//! Types of declared host functions: four bits for each value type, so that a constant table of
//! functions needs no arrays.

use super::Describes;
use crate::binary::types::{Code, ValType};
use crate::module::FuncType;

/// A type with at most 16 parameters and at most one result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Signature {
    /// The first parameter in the lowest bits.
    params: u64,
    result: u8,
}

/// Four bits for the code of a value type; never 0.
pub(super) const fn nibble(code: Code) -> u8 {
    match code {
        0x7b..=0x7f => 0x80 - code.to_le_bytes()[0],
        0x70 => 6,
        #[cfg(feature = "function-references")]
        code if code != 0x6f => 15,
        _ => 7,
    }
}

impl Signature {
    pub(super) const fn new(params: u64, result: u8) -> Signature {
        Signature { params, result }
    }

    /// Passes the type itself to `use_type`.
    #[cold]
    pub(crate) fn with_type<R>(self, use_type: impl FnOnce(Option<FuncType>) -> R) -> R {
        let code = |nibble: u64| match nibble {
            1..=5 => 0x80 - nibble as Code,
            6 => 0x70,
            _ => 0x6f,
        };
        let mut codes = [0; 16];
        let count = 16 - self.params.leading_zeros() as usize / 4;
        for (index, to) in codes.iter_mut().enumerate() {
            *to = code(self.params >> (4 * index) & 15);
        }
        let results = [code(self.result as u64)];
        let results = results.get(..(self.result != 0) as usize).unwrap_or(&[]);
        use_type(codes.get(..count).map(|params| FuncType::from_codes(params, results)))
    }

    fn of(ty: &FuncType) -> Option<Signature> {
        let (params, results) = ty.codes();
        if params.len() > 16 || results.len() > 1 {
            return None;
        }
        let packed = params.iter().rev().fold(0, |packed, &code| packed << 4 | nibble(code) as u64);
        Some(Signature { params: packed, result: results.first().map_or(0, |&code| nibble(code)) })
    }
}

impl Describes for Signature {
    fn describes(&self, ty: &FuncType) -> bool {
        Signature::of(ty) == Some(*self)
    }
}

const _: () = assert!(nibble(ValType::I32.code()) == 1 && nibble(ValType::F64.code()) == 4);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_describes_its_type_alone() {
        let all = [0x7f, 0x7e, 0x7d, 0x7c, 0x70, 0x6f];
        let mut types = std::vec::Vec::new();
        for a in all {
            types.push((std::vec![a], std::vec![]));
            types.push((std::vec![], std::vec![a]));
            for b in all {
                types.push((std::vec![a, b], std::vec![]));
                types.push((std::vec![a], std::vec![b]));
                types.push((std::vec![], std::vec![a, b]));
            }
        }
        types.push((std::vec![0x7f; 16], std::vec![]));
        types.push((std::vec![0x7f; 17], std::vec![]));
        for (params, results) in &types {
            let (params, results): (&[Code], &[Code]) = (params, results);
            let ty = FuncType::from_codes(params, results);
            let Some(signature) = Signature::of(&ty) else {
                assert!(params.len() > 16 || results.len() > 1);
                continue;
            };
            assert!(signature.with_type(|own| own == Some(ty)));
            for (other, other_results) in &types {
                let same = params == other && results == other_results;
                assert_eq!(signature.describes(&FuncType::from_codes(other, other_results)), same);
            }
        }
    }
}
