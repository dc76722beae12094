//! Calls by the application that no other call of the instance encloses, of functions that the
//! module defines: the common case, which has to be short. What such a call works out is kept: the
//! next one of the same function on the same environment copies arguments, enters the loop, and
//! copies results.
//!
//! Depends on [`zonda_exec::Entry`]. Owns the rule when a kept call may be made: until
//! [`WASMModuleInstanceCommon::forget`] is called, which everything does that changes what
//! [`prepare`] asks for: an exception, a native stack boundary, another instance of the
//! environment, another mode, and an environment that is made where a freed one was.

use super::exec_env::{copy_cells, has_objects, index, PLACES};
use super::exec_time::{self, Start};
use super::externref::WIDE;
use super::instance::WASMModuleInstanceCommon;
use super::native_code;
use super::spawn;
use super::types::*;
use crate::platform::{self, interface};
use crate::store::func::call_entry;
use core::mem::MaybeUninit;
use core::ptr::{null, null_mut};
use zonda_exec::{Entry, TrapCode};

/// Which call an instance keeps. The environment has the rest of it, [`Kept`].
#[derive(PartialEq, Eq)]
pub(super) struct Prepared {
    /// Null when there is none.
    env: wasm_exec_env_t,
    function: wasm_function_inst_t,
}

impl Prepared {
    pub(super) const NONE: Prepared = Prepared { env: null_mut(), function: null_mut() };
}

/// What an environment has of the call that its instance keeps; initialized when there is one on
/// this environment.
pub(super) struct Kept(MaybeUninit<Entry>);

impl Kept {
    pub(super) const NONE: Kept = Kept(MaybeUninit::uninit());
}

impl WASMModuleInstanceCommon {
    /// No call that is kept is made any more.
    pub(super) fn forget(&mut self) {
        self.prepared.env = null_mut();
        self.store.forget();
    }
}

/// Whether a call on the environment would be one that no other call of its instance encloses, and
/// nothing is special about it.
///
/// # Safety
/// `env` is live.
pub(super) unsafe fn is_outermost(env: wasm_exec_env_t) -> bool {
    // SAFETY: the contract of this function; an instance outlives its environments.
    unsafe {
        let instance = (*env).instance;
        (*instance).current.is_null() && !(*instance).failed && !(*env).special
    }
}

/// Works out the call of a function and keeps it; false where it has to be made in another way, or
/// is refused.
///
/// # Safety
/// `env` is live.
#[inline(never)]
unsafe fn prepare(env: wasm_exec_env_t, function: wasm_function_inst_t) -> bool {
    // SAFETY: `env` is live by this function's contract, and instance and store outlive their
    // environments. The instance defines the function. The stack has at least one slot, so
    // arguments begin at its end or before.
    unsafe {
        let instance = (*env).instance;
        let (data, func) = ((*instance).data, index(function));
        if !is_outermost(env) || !(*data).defines(func) || WIDE && has_objects(instance, func) {
            return false;
        }
        let (end, args) = ((*(*env).context()).stack_end, (*env).first_slot().wrapping_add(1));
        let Ok(entry) = Entry::new(end, args, func, &raw const (*data).seen) else { return false };
        (*env).kept = Kept(MaybeUninit::new(entry));
        (*instance).prepared = Prepared { env, function };
        true
    }
}

/// Makes a call in the common case. `None` in any other, and where the call is refused; nothing is
/// changed then.
///
/// # Safety
/// `env` is live, and `argv` has `argc` cells and room for the results.
#[inline(always)]
pub(super) unsafe fn call(
    env: wasm_exec_env_t,
    function: wasm_function_inst_t,
    argc: u32,
    argv: *mut u32,
) -> Option<bool> {
    // SAFETY: `env` is live by this function's contract, and instance and store outlive their
    // environments. No reference into them is held during the call. What is kept is a call of this
    // function on this environment, and what `prepare` has found still holds, by the rule of this
    // file: the instance is in the same mode, and the operand stack is the environment's. No call
    // runs on that, since no call of the instance runs, and the environment has had no other
    // instance. `argv` has `argc` cells, which are as many as there are parameters, and room for
    // the results; the frame, which `Entry::new` has found on the stack, begins with either.
    unsafe {
        let instance = (*env).instance;
        if (*instance).prepared != (Prepared { env, function }) && !prepare(env, function) {
            return None;
        }
        let context = (*env).context();
        let entry: *const Entry = (*env).kept.0.as_ptr();
        if !(*instance).current.is_null()
            || spawn::take(&mut *instance)
            || zonda_exec::is_noticed((*context).meter)
            || argc < (*entry).params()
            || !platform::stack_suffices(interface::ZONDA_STACK_CALL)
        {
            return None;
        }
        native_code::give_stack(&(*instance).store, 0);
        let start = Start::now();
        let args = (*entry).slots();
        copy_cells(args, argv, (*entry).params());
        let results = (*entry).results();
        (*env).trap = 0;
        (*instance).current = env;
        let code = call_entry::<PLACES>(&mut *context, entry);
        (*env).import = null();
        (*env).args = null_mut();
        (*instance).current = null_mut();
        exec_time::ended(&mut *instance, index(function), start);
        if code != 0 {
            (*instance).trapped(TrapCode::from_code(code).unwrap_or(TrapCode::Host));
            return Some(false);
        }
        // Another instance, or a native function, may have ended the cluster.
        if spawn::take(&mut *instance) {
            return Some(false);
        }
        copy_cells(argv, args, results);
        Some(true)
    }
}
