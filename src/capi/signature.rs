//! Signatures of native functions: their form is checked once, at registration, and their fit to a
//! module's import at instantiation; calls then rely on both.

use crate::binary::types::{Code, ValType};
use crate::module::FuncType;
use crate::registry::Describes;
use zonda_exec::vector;

/// Checks the form "(…)r". `bare` allows a pointer without a length. Returns why it is refused.
pub(super) fn check(signature: &[u8], bare: bool) -> Result<(), &'static str> {
    let mut letters = signature.iter();
    if letters.next() != Some(&b'(') {
        return Err("the signature does not begin with (");
    }
    let mut before = 0;
    loop {
        let letter = *letters.next().ok_or("the signature lacks )")?;
        if before == b'*' && letter != b'~' && !bare {
            return Err("a pointer * lacks its length ~");
        }
        match letter {
            b')' => break,
            b'~' if before != b'*' => return Err("a length ~ follows no pointer *"),
            b'i' | b'I' | b'f' | b'F' | b'r' | b'*' | b'$' | b'~' => {}
            b'V' if vector::ENABLED => return Err("native functions take and return no v128"),
            _ => return Err("unknown letter in the signature"),
        }
        before = letter;
    }
    match (letters.next(), letters.next()) {
        (None | Some(b'i' | b'I' | b'f' | b'F' | b'r'), None) => Ok(()),
        _ => Err("the signature's result is wrong"),
    }
}

/// Whether a letter can stand for a value of the type.
fn fits(letter: u8, code: Code) -> bool {
    let wanted = match letter {
        b'I' => ValType::I64,
        b'f' => ValType::F32,
        b'F' => ValType::F64,
        b'r' => ValType::ExternRef,
        _ => ValType::I32,
    };
    wanted.code() == code
}

/// A signature of the right form.
pub(super) struct Letters<'s>(pub(super) &'s [u8]);

impl Describes for Letters<'_> {
    fn describes(&self, ty: &FuncType) -> bool {
        let (params, results) = ty.codes();
        let mut letters = self.0.iter().skip(1);
        let as_types = params.iter().all(|&code| {
            letters.next().is_some_and(|&letter| letter != b')' && fits(letter, code))
        });
        as_types
            && letters.next() == Some(&b')')
            && match (letters.next(), results) {
                (None, []) => true,
                (Some(&letter), &[code]) => fits(letter, code),
                _ => false,
            }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        for good in ["()", "()i", "(iIfFr)F", "(*~)", "($i*~)r", "(*~*~)"] {
            assert_eq!(check(good.as_bytes(), false), Ok(()), "{good}");
        }
        for bad in [
            "", "(", "i", "(i", "(x)", "()x", "()ii", "(~)", "(i~)", "(*)", "(*i)", "(**~)", "()*",
            "()$", "( )", "($~)", "(*~~)", "(i) i",
        ] {
            assert!(check(bad.as_bytes(), false).is_err(), "{bad}");
        }
        assert_eq!(check(b"(*i*)", true), Ok(()));
        assert!(check(b"(~)", true).is_err());
    }

    #[test]
    fn types() {
        let matches = |letters, ty: &FuncType| Letters(letters).describes(ty);
        let ty = FuncType::from_codes(&[0x7f, 0x7f, 0x7e], &[0x7d]);
        assert!(matches(b"(*~I)f", &ty) && matches(b"($iI)f", &ty));
        for other in ["(*~I)", "(*~)f", "(*~II)f", "(*~i)f", "(iiI)i"] {
            assert!(!matches(other.as_bytes(), &ty), "{other}");
        }
        assert!(matches(b"(r)r", &FuncType::from_codes(&[0x6f], &[0x6f])));
        assert!(!matches(b"()i", &FuncType::from_codes(&[], &[0x7f, 0x7f])));
    }
}
