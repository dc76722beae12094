//! The native functions: they look at all that they are given, touch every byte that they may, and
//! ask the runtime about addresses.

use std::cell::RefCell;
use std::ffi::c_void;
use std::ptr::null_mut;

use zonda::capi::*;

use super::super::capi::{enter, leave};
use super::form::Type;

/// What a function has to be given, and what it does.
pub struct Plan {
    pub env: wasm_exec_env_t,
    pub instance: wasm_module_inst_t,
    pub base: *mut u8,
    pub len: u32,
    pub params: Vec<Type>,
    pub values: Vec<u64>,
    /// As `form::pointers` gives it.
    pub pointers: Option<Vec<Option<(u32, u32)>>>,
    pub returned: u64,
    /// Whether it sets an exception.
    pub throws: bool,
    /// Numbers for questions about addresses.
    pub hostile: [u64; 4],
    pub calls: u32,
}

thread_local! {
    static PLAN: RefCell<Option<Plan>> = const { RefCell::new(None) };
}

pub fn set(plan: Option<Plan>) -> Option<Plan> {
    PLAN.replace(plan)
}

/// All integers that the ABI passes: five registers and twelve words of the stack, and eight
/// registers of floats.
type Words = ([u64; 5], [f64; 8], [u64; 12]);

/// The function for a signature and types: one that takes all that can be passed, or words alone,
/// which are passed without the rest.
pub fn function(letters: Option<&str>, params: &[Type], results: &[Type]) -> *mut c_void {
    let word = |ty: &Type| matches!(ty, Type::I32 | Type::Extern | Type::Func);
    let converts = letters.is_some_and(|text| text.contains(['*', '$']));
    match results {
        [Type::F32 | Type::F64] => float as *mut c_void,
        results
            if params.len() <= 3
                && params.iter().all(word)
                && !converts
                && results.iter().all(word) =>
        {
            words as *mut c_void
        }
        _ => integer as *mut c_void,
    }
}

macro_rules! probe {
    ($name:ident gives $result:ty, $give:expr) => {
        #[rustfmt::skip]
        unsafe extern "C" fn $name(env: wasm_exec_env_t, a: u64, b: u64, c: u64, d: u64, e: u64, q: f64, r: f64, s: f64, t: f64, u: f64, v: f64, w: f64, x: f64,
            g: u64, h: u64, i: u64, j: u64, k: u64, l: u64, m: u64, n: u64, o: u64, p: u64, y: u64, z: u64) -> $result {
            $give(look(env, ([a, b, c, d, e], [q, r, s, t, u, v, w, x], [g, h, i, j, k, l, m, n, o, p, y, z])))
        }
    };
}

probe! { integer gives u64, std::convert::identity }
probe! { float gives f64, f64::from_bits }

/// At most three words.
unsafe extern "C" fn words(env: wasm_exec_env_t, a: u32, b: u32, c: u32) -> u64 {
    look(env, ([a, b, c, 0, 0].map(u64::from), [0.0; 8], [0; 12]))
}

/// Looks at everything; gives what is to be returned.
fn look(env: wasm_exec_env_t, words: Words) -> u64 {
    leave(|| {
        PLAN.with_borrow_mut(|plan| {
            let plan = plan.as_mut().expect("the call was planned");
            plan.calls += 1;
            assert_eq!(env, plan.env);
            plan.arguments(words);
            plan.addresses();
            if plan.throws {
                // SAFETY: the instance is live, as its function calls.
                unsafe { enter(|| wasm_runtime_set_exception(plan.instance, c"thrown".as_ptr())) };
            }
            plan.returned
        })
    })
}

impl Plan {
    fn arguments(&self, (ints, floats, stack): Words) {
        let (mut ints, mut floats, mut stack) =
            (ints.into_iter(), floats.into_iter().map(f64::to_bits), stack.into_iter());
        let pointers = self.pointers.as_ref().expect("a call that traps does not come here");
        for ((ty, &value), pointer) in self.params.iter().zip(&self.values).zip(pointers) {
            let float = matches!(ty, Type::F32 | Type::F64);
            let given = if float { floats.next() } else { ints.next() }
                .or_else(|| stack.next())
                .expect("there is room for all");
            let Some((at, len)) = *pointer else {
                let wide = ty.cells() == 2;
                let given = if wide { given } else { u64::from(given as u32) };
                assert_eq!(given, value, "an argument of type {ty:?}");
                continue;
            };
            let start = given as *mut u8;
            // Where there is no memory, nothing can be read at the pointer.
            assert!(self.len == 0 || start.addr() == self.base.addr() + at as usize, "a pointer");
            for offset in 0..len as usize {
                // SAFETY: that these bytes lie in the memory is what is tested.
                unsafe {
                    let byte = start.add(offset);
                    byte.write_volatile(byte.read_volatile());
                }
            }
        }
    }

    /// Questions about hostile addresses, of which the answers are known.
    fn addresses(&self) {
        let (instance, len, [at, size, far, near]) =
            (self.instance, u64::from(self.len), self.hostile);
        let base = self.base.addr() as u64;
        // SAFETY: the instance is live.
        unsafe {
            for (at, size) in [(at, near), (near, size), (far, size), (far, at)] {
                let within = u128::from(at) + u128::from(size) <= u128::from(len);
                assert_eq!(
                    enter(|| wasm_runtime_validate_app_addr(instance, at, size)),
                    within,
                    "{size} bytes at {at} of {len}"
                );
                let pointer = enter(|| wasm_runtime_addr_app_to_native(instance, at)).cast::<u8>();
                assert_eq!(pointer.is_null(), at >= len);
                let (mut start, mut end) = (7, 7);
                assert_eq!(
                    enter(|| wasm_runtime_get_app_addr_range(instance, at, &mut start, &mut end)),
                    at < len
                );
                assert_eq!((start, end), if at < len { (0, len) } else { (7, 7) });
                assert_eq!(
                    enter(|| wasm_runtime_get_app_addr_range(instance, at, null_mut(), null_mut())),
                    at < len
                );
                if !pointer.is_null() {
                    assert_eq!(pointer.addr() as u64, base + at);
                    assert_eq!(
                        enter(|| wasm_runtime_addr_native_to_app(instance, pointer.cast())),
                        at
                    );
                    assert_eq!(
                        enter(|| wasm_runtime_validate_native_addr(instance, pointer.cast(), size)),
                        within
                    );
                    let (mut first, mut last) = (null_mut(), null_mut());
                    assert!(enter(|| wasm_runtime_get_native_addr_range(
                        instance, pointer, &mut first, &mut last
                    )));
                    assert_eq!((first.addr() as u64, last.addr() as u64), (base, base + len));
                }
                if len > 0 {
                    // Pointers that are none of the memory's.
                    let stray: *mut c_void =
                        std::ptr::without_provenance_mut((base.wrapping_add(at)) as usize);
                    let inside = at < len;
                    assert_eq!(
                        enter(|| wasm_runtime_validate_native_addr(instance, stray, size)),
                        within && base.checked_add(at).is_some()
                    );
                    assert_eq!(
                        enter(|| wasm_runtime_addr_native_to_app(instance, stray)),
                        if inside { at } else { 0 }
                    );
                    assert_eq!(
                        enter(|| wasm_runtime_get_native_addr_range(
                            instance,
                            stray.cast(),
                            null_mut(),
                            null_mut()
                        )),
                        inside
                    );
                }
                let memory = if len == 0 {
                    &[][..]
                } else {
                    std::slice::from_raw_parts(self.base, len as usize)
                };
                let text = usize::try_from(at)
                    .ok()
                    .and_then(|at| memory.get(at..))
                    .is_some_and(|rest| rest.contains(&0));
                assert_eq!(
                    enter(|| wasm_runtime_validate_app_str_addr(instance, at)),
                    text,
                    "a string at {at} of {len}"
                );
            }
            enter(|| wasm_runtime_clear_exception(instance));
        }
    }
}
