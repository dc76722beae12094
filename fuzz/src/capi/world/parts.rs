//! Modules from their sections, what kind of file bytes are, and raw native functions.

use std::ptr::null_mut;

use arbitrary::{Result, Unstructured};
use zonda::capi::*;

use super::super::super::calls::count;
use super::super::app::{MODULE, RAW};
use super::super::memory::{enter, failures};
use super::super::modules;
use super::{index, Message, Module, World};

/// The sections of a module: numbers and contents.
fn sections(bytes: &[u8]) -> Vec<(u8, &[u8])> {
    let mut found = Vec::new();
    let mut rest = bytes.get(8..).unwrap_or_default();
    while let [id, more @ ..] = rest {
        let (mut size, mut shift, mut len) = (0usize, 0, 0);
        for &byte in more.iter().take(5) {
            size |= usize::from(byte & 0x7f) << shift;
            (shift, len) = (shift + 7, len + 1);
            if byte < 0x80 {
                break;
            }
        }
        let Some(body) = more.get(len..len + size) else { break };
        found.push((*id, body));
        rest = &more[len + size..];
    }
    found
}

impl World {
    /// Loads a module from its sections, some of which are left out, repeated or damaged.
    pub(super) fn load_sections(&mut self, u: &mut Unstructured) -> Result<()> {
        let number = u.choose_index(modules::COUNT)?;
        let mut parts: Vec<(u8, Vec<u8>)> = sections(modules::binary(number))
            .into_iter()
            .map(|(id, body)| (id, body.to_vec()))
            .collect();
        let mut known = Some(number);
        for _ in 0..u.int_in_range(0..=2)? {
            if u.ratio(2, 3)? {
                continue;
            }
            known = None;
            let at = u.choose_index(parts.len())?;
            match u.int_in_range(0..=3)? {
                0 if parts.len() > 1 => drop(parts.remove(at)),
                1 => parts.push(parts[at].clone()),
                2 => parts[at].0 = u.arbitrary()?,
                _ => {
                    let place = u.arbitrary::<u16>()? as usize;
                    let value = u.arbitrary()?;
                    if let Some(byte) = parts[at].1.get_mut(place) {
                        *byte = value;
                    }
                }
            }
        }
        let may_start = parts.iter().any(|part| part.0 == 8);
        let is_aot = u.ratio(1, 20)?;
        let mut list: Vec<wasm_section_t> = parts
            .iter_mut()
            .map(|(id, body)| wasm_section_t {
                next: null_mut(),
                section_type: i32::from(*id),
                section_body: body.as_mut_ptr(),
                section_body_size: body.len() as u32,
            })
            .collect();
        let mut first: wasm_section_list_t = null_mut();
        for section in list.iter_mut().rev() {
            section.next = first;
            first = section;
        }
        let mut message = Message::new(u)?;
        let before = failures();
        // SAFETY: the sections are live, and copied.
        let handle = unsafe {
            enter(|| wasm_runtime_load_from_sections(first, is_aot, message.at(), message.size))
        };
        message.check(handle.is_null());
        count("load_from_sections", !handle.is_null());
        parts.iter_mut().for_each(|part| part.1.fill(0xee));
        if handle.is_null() {
            let short = self.tight || failures() > before;
            assert!(known.is_none() || is_aot || short, "a module's sections are refused");
            return Ok(());
        }
        assert!(!is_aot, "a file of WAMR's is loaded");
        // SAFETY: the module is live.
        unsafe {
            assert!(enter(|| wasm_runtime_is_underlying_binary_freeable(handle)));
            assert_eq!(
                enter(|| wasm_runtime_get_module_package_type(handle)),
                Wasm_Module_Bytecode
            );
            let version = enter(|| wasm_runtime_get_module_package_version(handle));
            let current = enter(|| wasm_runtime_get_current_package_version(Wasm_Module_Bytecode));
            assert_eq!(version, current);
        }
        self.modules.push(Module { handle, number: known, may_start, _bytes: None });
        Ok(())
    }

    /// What kind of file bytes are.
    pub(super) fn package(&mut self, u: &mut Unstructured) -> Result<()> {
        let mut bytes = modules::binary(u.choose_index(modules::COUNT)?).to_vec();
        bytes.truncate(u.int_in_range(0..=20)?);
        if u.arbitrary()? && !bytes.is_empty() {
            let at = u.choose_index(bytes.len())?;
            bytes[at] = u.arbitrary()?;
        }
        // No byte behind them is readable.
        let bytes = bytes.into_boxed_slice();
        let (at, size) = (bytes.as_ptr(), bytes.len() as u32);
        // SAFETY: so many bytes are there.
        unsafe {
            let kind = enter(|| get_package_type(at, size));
            assert_eq!(kind, enter(|| wasm_runtime_get_file_package_type(at, size)));
            let wasm = bytes.starts_with(b"\0asm");
            assert!(kind != Wasm_Module_Bytecode || wasm, "{bytes:?}");
            let version = enter(|| wasm_runtime_get_file_package_version(at, size));
            assert!(kind != Package_Type_Unknown || version == 0, "{bytes:?}");
            assert!(kind == Wasm_Module_AoT || !enter(|| wasm_runtime_is_xip_file(at, size)));
        }
        Ok(())
    }

    /// Registers the table of raw functions, or takes it back.
    pub(super) fn raw_natives(&mut self, u: &mut Unstructured) -> Result<()> {
        let before = failures();
        let (table, count) = (RAW.0.as_ptr().cast_mut(), RAW.0.len() as u32);
        // SAFETY: the table is constant. It is taken back when no instance uses its functions.
        unsafe {
            let name = *u.choose(&[c"missing", c"twice", c"nowhere"])?;
            let linked =
                enter(|| wasm_runtime_is_import_func_linked(MODULE.as_ptr(), name.as_ptr()));
            let registered = match name.to_bytes() {
                b"missing" => self.raw,
                b"twice" => self.registered,
                _ => false,
            };
            assert_eq!(linked, registered, "whether {name:?} is registered");
            if !self.raw {
                self.raw =
                    enter(|| wasm_runtime_register_natives_raw(MODULE.as_ptr(), table, count));
                assert!(self.raw || self.tight || failures() > before);
            } else if !self.instances.iter().any(|instance| instance.raw) {
                assert!(enter(|| wasm_runtime_unregister_natives(MODULE.as_ptr(), table)));
                self.raw = false;
            }
        }
        Ok(())
    }

    /// Calls a function of one instance on an environment of another one.
    pub(super) fn lend(&mut self, u: &mut Unstructured) -> Result<()> {
        let Some((at, env, stack)) = self.callee(u)? else { return Ok(()) };
        let Some(other) = index(u, &self.instances)? else { return Ok(()) };
        let known = |at: usize| self.instances[at].number == Some(modules::RICH);
        if !known(at) || !known(other) {
            return Ok(());
        }
        let (tight, before) = (self.tight, failures());
        let (own, borrower) = (self.instances[at].handle, &mut self.instances[other]);
        let handle = borrower.handle;
        // SAFETY: environment and instances are live; the environment is given back.
        unsafe {
            enter(|| wasm_runtime_clear_exception(handle));
            enter(|| wasm_runtime_set_module_inst(env, handle));
            assert_eq!(enter(|| wasm_runtime_get_module_inst(env)), handle);
            let func = enter(|| wasm_runtime_lookup_function(handle, c"count".as_ptr()));
            let mut cells = [1u32, 0];
            let done = enter(|| wasm_runtime_call_wasm(env, func, 1, cells.as_mut_ptr()));
            count("call_lent", done);
            let said = super::exception(handle);
            assert_eq!(done, said.is_none());
            if done {
                borrower.state.count = borrower.state.count.wrapping_add(1);
                assert_eq!(cells[0], borrower.state.count, "whose global it is");
            } else {
                let excused = borrower.stopped != Some(false)
                    || borrower.fuel.is_some()
                    || stack != 0 && stack < super::ENOUGH_STACK
                    || tight
                    || failures() > before;
                assert!(excused, "a call on a lent environment fails: {said:?}");
            }
            if said.is_some_and(|said| said.contains("terminated")) {
                borrower.stopped = Some(false);
            }
            enter(|| wasm_runtime_clear_exception(handle));
            enter(|| wasm_runtime_set_module_inst(env, own));
            assert_eq!(enter(|| wasm_runtime_get_module_inst(env)), own);
        }
        Ok(())
    }
}
