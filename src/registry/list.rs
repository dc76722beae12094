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
    list.split_ascii_whitespace().filter_map(|entry| Some(entry.split_once('(')?.0))
}

/// The number and the type of the function with this name.
pub(super) fn find(list: &str, name: &str) -> Option<(usize, Signature)> {
    let mut entries = list.as_bytes().split(|&byte| byte == b' ').zip(0..);
    entries.find_map(|(entry, number)| {
        let types = entry.strip_prefix(name.as_bytes())?.strip_prefix(b"(")?;
        Some((number, signature(types)))
    })
}

/// The type of "parameters)result" in the letters `i I f F`.
fn signature(types: &[u8]) -> Signature {
    let (mut params, mut result) = (0, 0);
    for &letter in types.iter().rev() {
        let ty = match letter {
            b'i' => ValType::I32,
            b'I' => ValType::I64,
            b'f' => ValType::F32,
            b'F' => ValType::F64,
            // What was read so far is the result.
            _ => {
                (result, params) = (params as u8, 0);
                continue;
            }
        };
        params = params << 4 | nibble(ty.code()) as u64;
    }
    Signature::new(params, result)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_with_their_types() {
        const LIST: &str = "a(iIfF)I ab() abc(i)f ";
        let code = |ty: ValType| nibble(ty.code()) as u64;
        let all = [ValType::F64, ValType::F32, ValType::I64, ValType::I32];
        let params = all.iter().fold(0, |params, &ty| params << 4 | code(ty));
        let expected = Signature::new(params, code(ValType::I64) as u8);
        assert_eq!(find(LIST, "a"), Some((0, expected)));
        assert_eq!(find(LIST, "ab"), Some((1, Signature::new(0, 0))));
        let expected = Signature::new(code(ValType::I32), code(ValType::F32) as u8);
        assert_eq!(find(LIST, "abc"), Some((2, expected)));
        for unknown in ["", "b", "abcd", "a(iIfF)I", "("] {
            assert_eq!(find(LIST, unknown), None, "{unknown}");
        }
        assert!(names(LIST).eq(["a", "ab", "abc"]));
    }
}
