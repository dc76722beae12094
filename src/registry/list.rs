//! Host functions that one function executes, by their number in a list of names with signatures:
//! for libraries of many small functions, whose records and conversions of parameters would take
//! more flash than what they do.

use super::call::Call;
use super::signature::{nibble, Signature};
use super::HostError;
use crate::binary::types::ValType;
use zonda_exec::ImportedFunc;

/// A function, or a closure that captures nothing, that executes the functions of a list: it gets
/// the number of the function and its arguments in slots of 32 bits, two for an i64 or f64. It
/// checks addresses itself, with [`Call::bytes`] and the like. Of the result as many bits are used
/// as the signature's result has.
pub trait HostList<S>:
    Fn(&mut Call<'_, S>, usize, &[u32]) -> Result<u64, HostError> + Copy + 'static
{
}

impl<S, F> HostList<S> for F where
    F: Fn(&mut Call<'_, S>, usize, &[u32]) -> Result<u64, HostError> + Copy + 'static
{
}

/// Executes a function of a list.
///
/// # Safety
/// As for [`ImportedFunc::call`], with an import of `BoundModule::find`, whose type linking has
/// matched.
pub(super) unsafe extern "C" fn shim<S: 'static, F: HostList<S>>(
    context: &mut zonda_exec::frame::Context,
    import: &ImportedFunc,
    args: *mut u32,
) -> u32 {
    // SAFETY: `HostModule::listed` has checked that `F` takes no bytes, and has seen a value of it,
    // which is `Copy`. Linking compared the type of the import with the signature, so there are as
    // many slots at `args`. The arguments are copied, for the result overwrites them.
    unsafe {
        let func = core::ptr::NonNull::<F>::dangling().read();
        let mut call = Call::new(context, import);
        let slots = core::slice::from_raw_parts(args, import.params() as usize);
        match func(&mut call, import.data.addr(), slots) {
            Ok(result) => {
                match import.results() {
                    0 => {}
                    1 => *args = result as u32,
                    _ => zonda_exec::frame::write64(args, result),
                }
                0
            }
            Err(error) => call.fail(error),
        }
    }
}

/// The names in a list.
pub(super) fn names(list: &'static str) -> impl Iterator<Item = &'static str> {
    list.split_ascii_whitespace().filter(|word| !word.starts_with('('))
}

/// Checks the form of a list, when the program is compiled.
pub(super) const fn check(list: &str) {
    let list = list.as_bytes();
    let (mut at, mut typed) = (0, false);
    while at < list.len() {
        let start = at;
        while at < list.len() && list[at] != b' ' {
            at += 1;
        }
        assert!(start < at && at < list.len(), "there is one space behind each word of a list");
        if list[start] == b'(' {
            let (mut params, mut results, mut close) = (0, 0, start + 1);
            while close < at && list[close] != b')' {
                assert!(matches!(list[close], b'i' | b'I'), "types of a list are i and I");
                params += 1;
                close += 1;
            }
            assert!(close < at && params <= 8, "a list has functions of up to 8 parameters");
            while close + 1 + results < at {
                assert!(
                    matches!(list[close + 1 + results], b'i' | b'I'),
                    "types of a list are i and I"
                );
                results += 1;
            }
            assert!(results <= 1, "a function of a list has one result");
            typed = true;
        }
        assert!(typed, "a list begins with a type");
        at += 1;
    }
}

/// The number and the type of the function with this name.
pub(super) fn find(list: &str, name: &str) -> Option<(usize, Signature)> {
    let (mut number, mut types, mut rest) = (0, &[][..], list.as_bytes());
    loop {
        let end = rest.iter().position(|&byte| byte == b' ')?;
        let word = rest.get(..end)?;
        rest = rest.get(end + 1..)?;
        if let [b'(', word @ ..] = word {
            types = word;
            continue;
        }
        if word == name.as_bytes() {
            return Some((number, signature(types)));
        }
        number += 1;
    }
}

/// The type of "parameters)result" in the letters `i` and `I`.
fn signature(types: &[u8]) -> Signature {
    let (mut params, mut result) = (0u32, 0);
    for &letter in types.iter().rev() {
        if letter == b')' {
            // What was read so far is the result.
            (result, params) = (params as u8, 0);
            continue;
        }
        let ty = if letter == b'i' { ValType::I32 } else { ValType::I64 };
        params = params << 4 | nibble(ty.code()) as u32;
    }
    Signature::new(params as u64, result)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_with_their_types() {
        const LIST: &str = "(iIi)I a () ab aa (i)i abc ";
        const { check(LIST) };
        let code = |ty: ValType| nibble(ty.code()) as u64;
        let all = [ValType::I32, ValType::I64, ValType::I32];
        let params = all.iter().fold(0, |params, &ty| params << 4 | code(ty));
        let expected = Signature::new(params, code(ValType::I64) as u8);
        assert_eq!(find(LIST, "a"), Some((0, expected)));
        assert_eq!(find(LIST, "ab"), Some((1, Signature::new(0, 0))));
        let expected = Signature::new(code(ValType::I32), code(ValType::I32) as u8);
        assert_eq!(find(LIST, "abc"), Some((3, expected)));
        assert_eq!(find(LIST, "aa"), Some((2, Signature::new(0, 0))));
        for unknown in ["", " ", "b", "abcd", "(iIi)I", "(", "()", "a ()", "abc "] {
            assert_eq!(find(LIST, unknown), None, "{unknown}");
        }
        assert!(names(LIST).eq(["a", "ab", "aa", "abc"]));
    }

    #[test]
    fn lists_are_checked() {
        for wrong in ["(f)i a ", "(iiiiiiiii)i a ", "(i)i a", "(i)ii a ", "(i a ", "a ", "(i)i  a "]
        {
            assert!(std::panic::catch_unwind(|| check(wrong)).is_err(), "{wrong}");
        }
        check("(iiiiiiii)I a ()i b ");
    }
}
