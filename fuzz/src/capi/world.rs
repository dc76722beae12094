//! What the application has of the runtime: modules, instances, environments, blocks. Each
//! operation is one or a few calls of the API, and what is known about their outcome is checked.
//!
//! Kept is what the header demands of the application: handles are live, a module is unloaded after
//! its instances, functions are called on environments of their own instance.

mod control;
mod heaps;
mod kept;
mod objects;
mod parts;
#[cfg(feature = "shared-heap")]
mod sharing;
#[cfg(not(feature = "shared-heap"))]
#[path = "world/sharing_off.rs"]
mod sharing;
#[cfg(feature = "spawn")]
mod spawned;
#[cfg(any(feature = "diagnostics", feature = "trap-record"))]
mod traces;

use std::ffi::{c_char, c_void, CStr};
use std::ptr::null_mut;

use arbitrary::{Result, Unstructured};
use zonda::capi::*;

use super::super::calls::count;
use super::app::{MODULE, NATIVES, RAW};
use super::memory::{enter, fail_at, failures};
use super::model::{self, Expected, State};
use super::modules;

struct Module {
    handle: wasm_module_t,
    /// Which of `modules`; `None` for a damaged one.
    number: Option<usize>,
    may_start: bool,
    /// What the module borrows.
    _bytes: Option<Box<[u8]>>,
}

struct Instance {
    handle: wasm_module_inst_t,
    module: wasm_module_t,
    number: Option<usize>,
    linked: bool,
    /// Whether the raw function is linked.
    raw: bool,
    /// The first of the shared heaps that it has.
    shared: Option<usize>,
    kept: kept::Kept,
    /// Whether it may have had a spawned environment.
    clustered: bool,
    /// Where records of its traps go.
    record: Option<Box<[u8]>>,
    /// Bytes of the stack of its own environment.
    stack: u32,
    /// Whether the next call is stopped: `None` where that is not known.
    stopped: Option<bool>,
    /// An upper bound of the fuel that is left.
    fuel: Option<u32>,
    state: State,
    /// Blocks of its heap: address, length, contents.
    blocks: Vec<(u64, u32, u8)>,
}

struct Env {
    handle: wasm_exec_env_t,
    instance: wasm_module_inst_t,
    stack: u32,
}

#[derive(Default)]
pub struct World {
    modules: Vec<Module>,
    instances: Vec<Instance>,
    envs: Vec<Env>,
    /// Blocks of wasm_runtime_malloc() with their length and contents.
    blocks: Vec<(*mut u8, u32, u8)>,
    registered: bool,
    raw: bool,
    heaps: sharing::Heaps,
    /// Keys of contexts that exist.
    keys: Vec<usize>,
    retained: Vec<kept::Retained>,
    /// Objects that were made.
    made: usize,
    /// Whether memory may be short at any time.
    pub tight: bool,
    /// Whether it comes from the system, which has too much of it to ask for all.
    pub system: bool,
}

/// Below this a call may find its stack too small.
const ENOUGH_STACK: u32 = 2048;

/// A buffer for a message, with marks behind it.
struct Message {
    bytes: [u8; 160],
    size: u32,
}

impl Message {
    fn new(u: &mut Unstructured) -> Result<Message> {
        let size = if u.ratio(1, 3)? { u.int_in_range(0..=40)? } else { 128 };
        Ok(Message { bytes: [0xa5; 160], size })
    }

    fn at(&mut self) -> *mut c_char {
        self.bytes.as_mut_ptr().cast()
    }

    /// Checks that it is a string, not empty where `failed`, and that nothing lies behind its end.
    fn check(&self, failed: bool) {
        let (message, behind) = self.bytes.split_at(self.size as usize);
        assert!(behind.iter().all(|&byte| byte == 0xa5), "a message was written beyond its buffer");
        if failed && self.size > 0 {
            let end = message
                .iter()
                .position(|&byte| byte == 0)
                .expect("a message does not end with NUL");
            assert!(end > 0 || self.size == 1, "a failure has no message");
        }
    }
}

fn index<T>(u: &mut Unstructured, list: &[T]) -> Result<Option<usize>> {
    if list.is_empty() {
        return Ok(None);
    }
    u.choose_index(list.len()).map(Some)
}

/// The exception of an instance, without what stands before each.
fn exception(instance: wasm_module_inst_t) -> Option<String> {
    // SAFETY: the instance is live; the text is a string as long as nothing else is called.
    unsafe {
        let text = enter(|| wasm_runtime_get_exception(instance));
        if text.is_null() {
            return None;
        }
        let text = CStr::from_ptr(text).to_bytes();
        assert!(text.len() < 96);
        Some(
            String::from_utf8_lossy(
                text.strip_prefix(b"Exception: ").expect("what stands before each"),
            )
            .into_owned(),
        )
    }
}

impl World {
    /// One operation. Errors are the end of the input.
    pub fn step(&mut self, u: &mut Unstructured) -> Result<()> {
        for instance in self.instances.iter_mut().filter(|instance| instance.clustered) {
            // Requests come from others, and go when an exception is cleared.
            instance.stopped = None;
        }
        let choice: u8 = u.arbitrary()?;
        if choice >= 8 * 29 {
            return self.step_beyond(u, choice - 8 * 29);
        }
        match choice % 29 {
            0 | 1 => self.load(u),
            2 => self.unload(u),
            3..=5 => self.instantiate(u),
            6 => self.deinstantiate(u),
            7 => self.create_env(u),
            8 => self.destroy_env(u),
            9..=14 => self.call(u),
            15 => self.call_typed(u),
            16 => self.exceptions(u),
            17 | 18 => self.module_heap(u),
            19 => self.natives(u),
            20 => self.stop(u),
            21 => self.modes(u),
            22 => self.program(u),
            23 | 24 => self.heap(u),
            25 => self.reflect(u),
            26 | 27 => self.look_inside(u),
            _ => {
                fail_at(u.int_in_range(0..=30)?);
                Ok(())
            }
        }
    }

    /// What was added later, for the rest of the numbers: seeds keep their meaning.
    fn step_beyond(&mut self, u: &mut Unstructured, choice: u8) -> Result<()> {
        match choice {
            0..=6 => self.share(u),
            7..=11 => self.keep(u),
            12 | 13 => self.load_sections(u),
            14 => self.package(u),
            15 | 16 => self.raw_natives(u),
            17 | 18 => self.lend(u),
            #[cfg(feature = "spawn")]
            19..=21 => self.spawn(u),
            #[cfg(any(feature = "diagnostics", feature = "trap-record"))]
            _ => self.trace(u),
            #[cfg(not(any(feature = "diagnostics", feature = "trap-record")))]
            _ => Ok(()),
        }
    }

    fn load(&mut self, u: &mut Unstructured) -> Result<()> {
        let number = u.choose_index(modules::COUNT)?;
        let mut bytes = modules::binary(number).to_vec();
        let mut known = Some(number);
        if u.ratio(1, 3)? {
            known = None;
            bytes.truncate(if u.ratio(1, 4)? {
                u.choose_index(bytes.len() + 1)?
            } else {
                bytes.len()
            });
            for _ in 0..u.int_in_range(0..=4)? {
                let (at, value) = (u.arbitrary::<u16>()? as usize, u.arbitrary()?);
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = value;
                }
            }
        }
        let may_start = modules::may_start(&bytes);
        let mut message = Message::new(u)?;
        let copied = u.arbitrary()?;
        let mut args = LoadArgs {
            name: null_mut(),
            clone_wasm_binary: false,
            wasm_binary_freeable: copied,
            no_resolve: u.arbitrary()?,
        };
        let before = failures();
        let mut bytes = bytes.into_boxed_slice();
        let (at, size) = (bytes.as_mut_ptr(), bytes.len() as u32);
        // SAFETY: the bytes stay with the module, or were copied.
        let handle = unsafe {
            enter(|| match copied {
                true => wasm_runtime_load_ex(at, size, &raw mut args, message.at(), message.size),
                false => wasm_runtime_load(at, size, message.at(), message.size),
            })
        };
        message.check(handle.is_null());
        count("load", !handle.is_null());
        if handle.is_null() {
            assert!(known.is_none() || self.tight || failures() > before, "a module is refused");
            return Ok(());
        }
        let kept = if copied {
            bytes.fill(0xee);
            None
        } else {
            Some(bytes)
        };
        self.modules.push(Module { handle, number: known, may_start, _bytes: kept });
        Ok(())
    }

    fn unload(&mut self, u: &mut Unstructured) -> Result<()> {
        let Some(at) = index(u, &self.modules)? else { return Ok(()) };
        if self.instances.iter().all(|instance| instance.module != self.modules[at].handle) {
            let module = self.modules.swap_remove(at);
            // SAFETY: it is live, and has no instance.
            unsafe { enter(|| wasm_runtime_unload(module.handle)) };
        }
        Ok(())
    }

    fn instantiate(&mut self, u: &mut Unstructured) -> Result<()> {
        let Some(at) = index(u, &self.modules)? else { return Ok(()) };
        let Module { handle: module, number, may_start, .. } = self.modules[at];
        if number.is_none() && may_start || self.instances.len() > 6 {
            return Ok(());
        }
        let odd = |u: &mut Unstructured, usual: u32| match u.int_in_range(0..=3)? {
            0 => u.int_in_range(0..=300),
            1 => Ok(usual + u.int_in_range(0..=9)?),
            _ => Ok(usual),
        };
        let stack = odd(u, 8192)?;
        let heap = match u.int_in_range(0..=7)? {
            0 if !self.system => u.arbitrary()?,
            _ => odd(u, 4096)?,
        };
        let limit = match number {
            None if self.system => 20,
            _ if u.ratio(1, 4)? => u.int_in_range(0..=5000)?,
            _ => 0,
        };
        let mut message = Message::new(u)?;
        let before = failures();
        let args = InstantiationArgs {
            default_stack_size: stack,
            host_managed_heap_size: heap,
            max_memory_pages: limit,
        };
        // SAFETY: the module is live.
        let handle = unsafe {
            enter(|| match limit {
                0 => wasm_runtime_instantiate(module, stack, heap, message.at(), message.size),
                _ if limit % 2 == 0 => kept::instantiate(module, &args, message.at(), message.size),
                _ => wasm_runtime_instantiate_ex(module, &args, message.at(), message.size),
            })
        };
        message.check(handle.is_null());
        count("instantiate", !handle.is_null());
        let short = self.tight || failures() > before;
        match number {
            Some(modules::TRAPS_AT_START | modules::UNFIT_SEGMENT) => {
                assert!(handle.is_null(), "it traps")
            }
            Some(modules::CALLS_AT_START) => assert!(
                short || self.registered != handle.is_null() || stack != 0 && stack < ENOUGH_STACK,
                "whether it starts"
            ),
            Some(modules::OWN_MALLOC) => assert!(
                short || !handle.is_null() || (1..5000).contains(&limit),
                "{}",
                text(&message)
            ),
            Some(_) => assert!(short || !handle.is_null() || heap > 1 << 20, "{}", text(&message)),
            None => {}
        }
        if !handle.is_null() {
            let (stopped, fuel, blocks) = (Some(false), None, Vec::new());
            let linked = self.registered;
            let mut kept = kept::Kept::default();
            if limit != 0 && limit % 2 == 0 {
                kept.data = limit as usize;
            }
            self.instances.push(Instance {
                handle,
                module,
                number,
                linked,
                raw: self.raw,
                shared: None,
                kept,
                clustered: false,
                record: None,
                stack,
                stopped,
                fuel,
                state: State::new(),
                blocks,
            });
            // SAFETY: the instance is live.
            unsafe { assert_eq!(enter(|| wasm_runtime_get_module(handle)), module) };
            assert_eq!(exception(handle), None);
        }
        Ok(())
    }

    fn deinstantiate(&mut self, u: &mut Unstructured) -> Result<()> {
        if let Some(at) = index(u, &self.instances)? {
            let instance = self.instances.swap_remove(at);
            // Environments that were made for it are destroyed later, and not used any more: another
            // instance may get its address.
            for env in self.envs.iter_mut().filter(|env| env.instance == instance.handle) {
                env.instance = std::ptr::null_mut();
            }
            self.free(instance);
        }
        Ok(())
    }

    fn create_env(&mut self, u: &mut Unstructured) -> Result<()> {
        let Some(at) = index(u, &self.instances)? else { return Ok(()) };
        let instance = self.instances[at].handle;
        let stack = match u.int_in_range(0..=4)? {
            0 => u.int_in_range(0..=200)?,
            1 => u.arbitrary::<u16>()?.into(),
            2 => u.int_in_range(0..=1 << 20)?,
            _ => 4096,
        };
        // SAFETY: the instance is live.
        unsafe {
            let handle = enter(|| wasm_runtime_create_exec_env(instance, stack));
            if !handle.is_null() {
                assert_eq!(enter(|| wasm_runtime_get_module_inst(handle)), instance);
                assert!(enter(|| wasm_runtime_get_user_data(handle)).is_null());
                let mark: *mut c_void = std::ptr::without_provenance_mut(stack as usize + 1);
                enter(|| wasm_runtime_set_user_data(handle, mark));
                assert_eq!(enter(|| wasm_runtime_get_user_data(handle)), mark);
                assert!(enter(|| wasm_runtime_get_function_attachment(handle)).is_null());
                self.envs.push(Env { handle, instance, stack });
            }
        }
        Ok(())
    }

    fn destroy_env(&mut self, u: &mut Unstructured) -> Result<()> {
        if let Some(at) = index(u, &self.envs)? {
            let env = self.envs.swap_remove(at);
            // SAFETY: it is live, and nothing runs on it; its instance may be gone.
            unsafe { enter(|| wasm_runtime_destroy_exec_env(env.handle)) };
        }
        Ok(())
    }

    /// An instance, and an environment to call it on: one that was made for it, or its own.
    fn callee(&mut self, u: &mut Unstructured) -> Result<Option<(usize, wasm_exec_env_t, u32)>> {
        let Some(at) = index(u, &self.instances)? else { return Ok(None) };
        let instance = &self.instances[at];
        // SAFETY: the instance is live. With an exception its calls would be refused.
        unsafe { enter(|| wasm_runtime_clear_exception(instance.handle)) };
        let env = self.envs.iter().find(|env| env.instance == instance.handle);
        if let Some(env) = env.filter(|_| u.arbitrary().unwrap_or(false)) {
            return Ok(Some((at, env.handle, env.stack)));
        }
        // SAFETY: the instance is live.
        let own = unsafe { enter(|| wasm_runtime_get_exec_env_singleton(instance.handle)) };
        Ok((!own.is_null()).then_some((at, own, instance.stack)))
    }

    fn call(&mut self, u: &mut Unstructured) -> Result<()> {
        let Some((at, env, stack)) = self.callee(u)? else { return Ok(()) };
        let tight = self.tight;
        let instance = &mut self.instances[at];
        let Some(number) = instance.number else { return call_unknown(u, instance, env) };
        let around = model::Surroundings {
            linked: instance.linked,
            raw: instance.raw,
            len: memory_len(instance.handle),
            shared: sharing::shared_from(&self.heaps, instance),
        };
        let call = model::choose(u, number, &around, &instance.state)?;
        let name = std::ffi::CString::new(call.name).expect("a name");
        // SAFETY: the instance is live.
        let func =
            unsafe { enter(|| wasm_runtime_lookup_function(instance.handle, name.as_ptr())) };
        assert!(!func.is_null(), "{} is not exported", call.name);
        // References may be counted as one cell.
        let few = u.ratio(1, 20)? && !call.cells.is_empty() && call.name != "same";
        let argc =
            if few { call.cells.len() - 1 } else { call.cells.len() + u.int_in_range(0..=1)? };
        // Behind what is passed and returned there are marks.
        let mut cells = call.cells.clone();
        cells.resize(12, 0x5aa5_5aa5);
        let before = failures();
        // SAFETY: the environment is the instance's; there are enough cells for arguments and
        // results.
        let done =
            unsafe { enter(|| wasm_runtime_call_wasm(env, func, argc as u32, cells.as_mut_ptr())) };
        let said = exception(instance.handle);
        count("call_wasm", done);
        assert_eq!(
            done,
            said.is_none(),
            "{} succeeds: {done}, with the exception {said:?}",
            call.name
        );
        assert!(
            cells[6..].iter().all(|&cell| cell == 0x5aa5_5aa5),
            "more cells were written than there are results"
        );
        if few {
            assert!(!done, "too few arguments");
            return Ok(());
        }
        let was_stopped = instance.stopped;
        if said.as_deref().is_some_and(|said| said.contains("terminated")) {
            assert_ne!(was_stopped, Some(false), "nobody has stopped it");
            instance.stopped = Some(false);
        }
        // A function that neither calls nor loops is not stopped: the next one is.
        assert!(
            !done || was_stopped != Some(true) || call.cost < 2,
            "{} was not stopped",
            call.name
        );
        if call.name == "back" {
            // It may stop its own instance, or have met what stops it.
            instance.stopped = None;
        }
        let said = said.unwrap_or_default();
        if done {
            if let Expected::Cells(expected) = &call.expected {
                assert_eq!(
                    &cells[..expected.len()],
                    expected,
                    "results of {}({:?})",
                    call.name,
                    call.cells
                );
            }
            assert!(
                !matches!(call.expected, Expected::Trap(_)),
                "{}({:?}) has to trap: {:?}",
                call.name,
                call.cells,
                call.expected
            );
            assert!(
                instance.fuel.is_none_or(|fuel| call.cost <= fuel.saturating_add(1)),
                "{} ran without fuel",
                call.name
            );
            instance.fuel = instance.fuel.map(|fuel| fuel.saturating_sub(call.cost - 1));
            instance.state.called(&call);
            return Ok(());
        }
        let excused = said.contains("terminated")
            || said.contains("instruction limit") && instance.fuel.is_some()
            || said.contains("operand stack overflow")
                && (stack != 0 && stack < ENOUGH_STACK || matches!(call.name, "deep" | "indirect"))
            || said.contains("memory failed") && (tight || failures() > before);
        match &call.expected {
            _ if excused => {}
            Expected::Trap(words) => assert!(
                said.contains(words),
                "{}({:?}) says {said:?}, not {words:?}",
                call.name,
                call.cells
            ),
            Expected::Cells(_) => panic!("{}({:?}) fails: {said}", call.name, call.cells),
            Expected::Unknown => {}
        }
        Ok(())
    }

    fn call_typed(&mut self, u: &mut Unstructured) -> Result<()> {
        let Some((at, env, stack)) = self.callee(u)? else { return Ok(()) };
        let (tight, before) = (self.tight, failures());
        let instance = &mut self.instances[at];
        if instance.number != Some(modules::RICH) {
            return Ok(());
        }
        let name = *u.choose(&[c"add", c"add64", c"swap", c"same", c"same_func", c"store"])?;
        // SAFETY: the instance is live; there are more values than any function has.
        unsafe {
            let func = enter(|| wasm_runtime_lookup_function(instance.handle, name.as_ptr()));
            let params = enter(|| wasm_func_get_param_count(func, instance.handle)) as usize;
            let results = enter(|| wasm_func_get_result_count(func, instance.handle)) as usize;
            let mut kinds = [0xffu8; 8];
            enter(|| wasm_func_get_param_types(func, instance.handle, kinds.as_mut_ptr()));
            let mut args =
                [wasm_val_t { kind: 0, _paddings: [0; 7], of: wasm_val_of_t { i64: 0 } }; 8];
            let mut wrong = false;
            for (arg, &kind) in args.iter_mut().zip(&kinds[..params]) {
                arg.kind = kind;
                arg.of.i64 = match kind {
                    // The index of a function, or none.
                    WASM_FUNCREF => u.int_in_range(-1..=20)?,
                    _ => u.arbitrary()?,
                };
                if u.ratio(1, 20)? {
                    arg.kind = u.arbitrary()?;
                    wrong |= arg.kind != kind;
                }
            }
            let given = if u.ratio(1, 10)? { u.int_in_range(0..=8)? } else { params };
            let wanted = if u.ratio(1, 10)? { u.int_in_range(0..=8)? } else { results };
            wrong |= given != params || wanted != results;
            let mut out =
                [wasm_val_t { kind: 0x77, _paddings: [0; 7], of: wasm_val_of_t { i64: 0 } }; 8];
            let sent = args;
            if name == c"store" {
                args[0].of.i64 = i64::from(model::KNOWN);
            }
            let done = enter(|| {
                wasm_runtime_call_wasm_a(
                    env,
                    func,
                    wanted as u32,
                    out.as_mut_ptr(),
                    given as u32,
                    args.as_mut_ptr(),
                )
            });
            count("call_wasm_a", done);
            assert_eq!(done, exception(instance.handle).is_none());
            assert!(!(done && wrong), "{name:?} takes what does not fit");
            if !done {
                let said = exception(instance.handle).unwrap_or_default();
                if said.contains("terminated") {
                    assert_ne!(instance.stopped, Some(false));
                    instance.stopped = Some(false);
                }
                let small = stack != 0 && stack < ENOUGH_STACK;
                let excused = instance.stopped != Some(false)
                    || instance.fuel.is_some()
                    || small
                    || said.contains("terminated")
                    // The object of a reference is listed.
                    || said.contains("memory failed") && (tight || failures() > before);
                assert!(wrong || excused, "{name:?} fails: {said}");
                return Ok(());
            }
            let bits = |value: &wasm_val_t| match value.kind {
                WASM_I64 | WASM_F64 => value.of.i64 as u64,
                WASM_EXTERNREF => value.of.foreign as u64,
                _ => u64::from(value.of.i32 as u32),
            };
            assert!(out[results..].iter().all(|value| value.kind == 0x77));
            let (sent, got): (Vec<u64>, Vec<u64>) = (
                sent[..params].iter().map(bits).collect(),
                out[..results].iter().map(bits).collect(),
            );
            let expected = match name.to_bytes() {
                b"add" => vec![u64::from((sent[0] as u32).wrapping_add(sent[1] as u32))],
                b"add64" => vec![sent[0].wrapping_add(sent[1])],
                b"store" => vec![],
                _ => sent.into_iter().rev().collect(),
            };
            assert_eq!(got, expected, "results of {name:?}");
        }
        Ok(())
    }

    fn exceptions(&mut self, u: &mut Unstructured) -> Result<()> {
        let Some(at) = index(u, &self.instances)? else { return Ok(()) };
        let instance = self.instances[at].handle;
        let text = vec![b'x'; u.int_in_range(0..=200)?];
        let text = std::ffi::CString::new(text).expect("no NUL in it");
        // SAFETY: the instance is live, the text a string.
        unsafe {
            enter(|| wasm_runtime_set_exception(instance, text.as_ptr()));
            let said = exception(instance).expect("it was set");
            assert!(
                text.to_bytes().starts_with(said.as_bytes())
                    && said.len() >= text.to_bytes().len().min(60)
            );
            match u.int_in_range(0..=2)? {
                0 => enter(|| wasm_runtime_clear_exception(instance)),
                1 => enter(|| wasm_runtime_set_exception(instance, std::ptr::null())),
                // The next call is refused, and changes nothing.
                _ => {
                    let add = enter(|| wasm_runtime_lookup_function(instance, c"add".as_ptr()));
                    let own = enter(|| wasm_runtime_get_exec_env_singleton(instance));
                    if !add.is_null() && !own.is_null() {
                        let mut cells = [7, 9];
                        assert!(!enter(|| wasm_runtime_call_wasm(own, add, 2, cells.as_mut_ptr())));
                        assert_eq!((cells, exception(instance)), ([7, 9], Some(said)));
                    }
                    enter(|| wasm_runtime_clear_exception(instance));
                }
            }
        }
        assert_eq!(exception(instance), None);
        Ok(())
    }

    fn natives(&mut self, u: &mut Unstructured) -> Result<()> {
        let before = failures();
        let table = NATIVES.0.as_ptr().cast_mut();
        let count = NATIVES.0.len() as u32;
        // SAFETY: the table is constant. It is taken back when no instance uses its functions.
        unsafe {
            if self.registered && u.arbitrary()? {
                assert!(
                    !enter(|| wasm_runtime_register_natives(MODULE.as_ptr(), table, count)),
                    "registered twice"
                );
            } else if !self.registered {
                self.registered =
                    enter(|| wasm_runtime_register_natives(MODULE.as_ptr(), table, count));
                assert!(self.registered || self.tight || failures() > before);
            } else if !self.instances.iter().any(|instance| instance.linked) {
                assert!(!enter(|| wasm_runtime_unregister_natives(c"other".as_ptr(), table)));
                assert!(enter(|| wasm_runtime_unregister_natives(MODULE.as_ptr(), table)));
                self.registered = false;
            }
        }
        Ok(())
    }

    /// Whether the runtime keeps memory until it is destroyed.
    pub fn shares(&self) -> bool {
        !self.heaps.is_empty()
    }

    /// Gives everything back, in the order that the header demands, else in any; returns what is
    /// freed when the runtime is gone.
    pub fn end(mut self) -> sharing::Heaps {
        fail_at(0);
        // SAFETY: all of it is live.
        unsafe {
            for (at, len, fill) in self.blocks.drain(..) {
                assert!(
                    std::slice::from_raw_parts(at, len as usize).iter().all(|&byte| byte == fill),
                    "a block has changed"
                );
                enter(|| wasm_runtime_free(at.cast()));
            }
            for instance in std::mem::take(&mut self.instances) {
                self.free(instance);
            }
            self.forget_kept();
            self.modules.drain(..).for_each(|module| enter(|| wasm_runtime_unload(module.handle)));
            self.envs.drain(..).for_each(|env| enter(|| wasm_runtime_destroy_exec_env(env.handle)));
            if self.registered {
                assert!(enter(|| wasm_runtime_unregister_natives(
                    MODULE.as_ptr(),
                    NATIVES.0.as_ptr().cast_mut()
                )));
            }
            if self.raw {
                let raw = RAW.0.as_ptr().cast_mut();
                assert!(enter(|| wasm_runtime_unregister_natives(MODULE.as_ptr(), raw)));
            }
        }
        self.heaps
    }
}

fn text(message: &Message) -> String {
    String::from_utf8_lossy(&message.bytes).into_owned()
}

fn memory_len(instance: wasm_module_inst_t) -> u64 {
    let mut end = 0;
    // SAFETY: the instance is live.
    unsafe { enter(|| wasm_runtime_get_app_addr_range(instance, 0, null_mut(), &mut end)) };
    end
}

/// Calls an export of a damaged module, of which nothing is known, with fuel.
fn call_unknown(u: &mut Unstructured, instance: &mut Instance, env: wasm_exec_env_t) -> Result<()> {
    let name = *u.choose(&[
        c"add", c"add64", c"swap", c"spin", c"deep", c"grow", c"store", c"sum", c"back", c"main",
        c"malloc",
    ])?;
    instance.fuel = Some(1000);
    instance.stopped = None;
    // SAFETY: instance and environment are live; there are more cells than a function of these
    // modules can have, and more places for kinds.
    unsafe {
        let func = enter(|| wasm_runtime_lookup_function(instance.handle, name.as_ptr()));
        if func.is_null() {
            return Ok(());
        }
        enter(|| wasm_runtime_set_instruction_count_limit(env, 1000));
        let mut cells = vec![0u32; 4096];
        for cell in &mut cells[..4] {
            // Small, as it may be the index of a function.
            *cell = u.int_in_range(0..=5)?;
        }
        let done = enter(|| wasm_runtime_call_wasm(env, func, 4096, cells.as_mut_ptr()));
        count("call_damaged", done);
        assert_eq!(done, exception(instance.handle).is_none());
    }
    Ok(())
}
