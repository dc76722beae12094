//! Shared heaps: which calls are refused, where blocks lie, and that they keep their contents, is
//! known to a model of heaps, chains and blocks.

use std::ffi::c_void;
use std::ptr::null_mut;

use arbitrary::{Result, Unstructured};
use zonda::capi::*;

use super::super::super::calls::count;
use super::super::memory::{enter, failures};
use super::super::modules;
use super::{index, memory_len, Instance, World};

/// The end of the addresses of every instance.
const END: u64 = 1 << 32;
const UNIT: u64 = 16;

/// A heap, which lives until the runtime is destroyed.
pub struct Heap {
    handle: wasm_shared_heap_t,
    len: u64,
    /// The application's buffer; null for a heap of the runtime.
    buffer: *mut [u8],
    /// The next one of its chain.
    behind: Option<usize>,
    /// Blocks by their distance from the heap's start: distance, length, contents.
    blocks: Vec<(u64, u64, u8)>,
}

impl Heap {
    fn is_own(&self) -> bool {
        self.buffer.is_null()
    }

    /// Where a block of this many bytes comes to lie: in the first gap that is large enough.
    fn gap(&self, size: u64) -> Option<u64> {
        let wanted = size.max(1).div_ceil(UNIT) * UNIT;
        let mut blocks: Vec<_> = self.blocks.iter().map(|&(at, len, _)| (at, len)).collect();
        blocks.sort_unstable();
        let mut end = 0;
        for (at, len) in blocks {
            if at - end >= wanted {
                return Some(end);
            }
            end = at + len.max(1).div_ceil(UNIT) * UNIT;
        }
        (self.len - end >= wanted).then_some(end)
    }
}

/// All heaps of a world.
#[derive(Default)]
pub struct Heaps(Vec<Heap>);

impl Heaps {
    /// Whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A heap and those behind it.
    fn chain(&self, first: usize) -> Vec<usize> {
        std::iter::successors(Some(first), |&at| self.0[at].behind).collect()
    }

    fn is_first(&self, heap: usize) -> bool {
        self.0.iter().all(|other| other.behind != Some(heap))
    }

    /// The address of a heap's first byte.
    fn start(&self, heap: usize) -> u64 {
        END - self.chain(heap).iter().map(|&at| self.0[at].len).sum::<u64>()
    }

    fn own(&self, first: usize) -> Option<usize> {
        self.chain(first).into_iter().find(|&at| self.0[at].is_own())
    }

    /// Frees the buffers, when the runtime is gone.
    pub(in super::super::super) fn free(self) {
        for heap in self.0.iter().filter(|heap| !heap.is_own()) {
            // SAFETY: the box that `create_heap` gave up; the runtime has forgotten it.
            drop(unsafe { Box::from_raw(heap.buffer) });
        }
    }
}

/// The first address that an instance shares, or the end of all.
pub(super) fn shared_from(heaps: &Heaps, instance: &Instance) -> u64 {
    instance.shared.map_or(END, |first| heaps.start(first))
}

impl World {
    /// One operation on shared heaps.
    pub(super) fn share(&mut self, u: &mut Unstructured) -> Result<()> {
        match u.int_in_range(0..=9)? {
            0 | 1 => self.create_heap(u),
            2 => self.chain_heaps(u),
            3 => self.unchain_heaps(u),
            4 | 5 => self.attach_heap(u),
            6 => self.detach_heap(u),
            _ => self.shared_blocks(u),
        }
    }

    fn create_heap(&mut self, u: &mut Unstructured) -> Result<()> {
        if self.heaps.0.len() >= 6 {
            return Ok(());
        }
        let size: u32 = match u.int_in_range(0..=7)? {
            0 => u.int_in_range(0..=256)?,
            1 => (1 << 30) + u.int_in_range(1..=u32::MAX >> 2)?,
            _ => u.int_in_range(250..=4000)?,
        };
        let allowed = (256..=1 << 30).contains(&size);
        let buffer: *mut [u8] = match u.ratio(1, 2)? && allowed {
            true => Box::into_raw(vec![0u8; size as usize].into_boxed_slice()),
            false => std::ptr::slice_from_raw_parts_mut(null_mut(), 0),
        };
        let mut args = SharedHeapInitArgs { size, pre_allocated_addr: buffer.cast() };
        let before = failures();
        // SAFETY: the buffer stays until the runtime is destroyed.
        let handle = unsafe { enter(|| wasm_runtime_create_shared_heap(&raw mut args)) };
        count("create_shared_heap", !handle.is_null());
        if handle.is_null() {
            assert!(!allowed || self.tight || failures() > before, "a heap of {size} bytes");
            if !buffer.is_null() {
                // SAFETY: the box from above.
                drop(unsafe { Box::from_raw(buffer) });
            }
            return Ok(());
        }
        assert!(allowed, "a heap of {size} bytes");
        let unit = if buffer.is_null() { UNIT } else { 1 };
        let len = u64::from(size).next_multiple_of(unit);
        self.heaps.0.push(Heap { handle, len, buffer, behind: None, blocks: Vec::new() });
        Ok(())
    }

    fn attached(&self, first: usize) -> bool {
        self.instances.iter().any(|instance| instance.shared == Some(first))
    }

    fn chain_heaps(&mut self, u: &mut Unstructured) -> Result<()> {
        let (Some(head), Some(body)) = (index(u, &self.heaps.0)?, index(u, &self.heaps.0)?) else {
            return Ok(());
        };
        let heaps = &self.heaps;
        let several = heaps.0[head].is_own() && heaps.own(body).is_some();
        let possible = head != body
            && heaps.0[head].behind.is_none()
            && heaps.is_first(head)
            && heaps.is_first(body)
            && !several
            && !self.attached(head)
            && !self.attached(body);
        let (first, second) = (heaps.0[head].handle, heaps.0[body].handle);
        // SAFETY: heaps live until the runtime is destroyed.
        let chained = unsafe { enter(|| wasm_runtime_chain_shared_heaps(first, second)) };
        count("chain_shared_heaps", !chained.is_null());
        assert_eq!(chained, if possible { first } else { null_mut() }, "whether it is chained");
        if possible {
            self.heaps.0[head].behind = Some(body);
        }
        Ok(())
    }

    /// Undoes a chain, or empties it.
    fn unchain_heaps(&mut self, u: &mut Unstructured) -> Result<()> {
        // Mostly one of a chain.
        let mut those: Vec<usize> = (0..self.heaps.0.len()).collect();
        if u.ratio(3, 4)? && self.heaps.0.iter().any(|heap| heap.behind.is_some()) {
            those.retain(|&at| self.heaps.0[at].behind.is_some());
        }
        let Some(head) = index(u, &those)?.map(|at| those[at]) else { return Ok(()) };
        let first = self.heaps.0[head].handle;
        let free = self.heaps.is_first(head) && !self.attached(head);
        let chain = self.heaps.chain(head);
        if u.arbitrary()? {
            // SAFETY: heaps live until the runtime is destroyed.
            let done = unsafe { enter(|| wasm_runtime_reset_shared_heap_chain(first)) };
            assert_eq!(done, free, "whether a chain is emptied");
            if done {
                chain.iter().for_each(|&at| self.heaps.0[at].blocks.clear());
            }
            return Ok(());
        }
        let whole = u.arbitrary()?;
        // SAFETY: as above.
        let rest = unsafe { enter(|| wasm_runtime_unchain_shared_heaps(first, whole)) };
        let left = match chain[..] {
            [_, .., last] if free && whole => self.heaps.0[last].handle,
            [_, second, ..] if free => self.heaps.0[second].handle,
            _ => null_mut(),
        };
        count("unchain_shared_heaps", !rest.is_null());
        assert_eq!(rest, left, "what is left of a chain");
        if !rest.is_null() {
            let undone = if whole { chain.len() } else { 1 };
            chain[..undone].iter().for_each(|&at| self.heaps.0[at].behind = None);
        }
        Ok(())
    }

    fn attach_heap(&mut self, u: &mut Unstructured) -> Result<()> {
        let (Some(heap), Some(at)) = (index(u, &self.heaps.0)?, index(u, &self.instances)?) else {
            return Ok(());
        };
        let instance = &mut self.instances[at];
        let (handle, before) = (self.heaps.0[heap].handle, failures());
        // SAFETY: the instance is live, and heaps live until the runtime is destroyed.
        let done = unsafe { enter(|| wasm_runtime_attach_shared_heap(instance.handle, handle)) };
        count("attach_shared_heap", done);
        let possible = instance.shared.is_none() && self.heaps.is_first(heap);
        assert!(possible || !done, "a second heap, or a part of a chain");
        let memory = matches!(instance.number, Some(modules::RICH | modules::OWN_MALLOC));
        assert!(done || !possible || !memory || self.tight || failures() > before);
        if done {
            instance.shared = Some(heap);
        }
        Ok(())
    }

    fn detach_heap(&mut self, u: &mut Unstructured) -> Result<()> {
        let Some(at) = index(u, &self.instances)? else { return Ok(()) };
        let first = shared_from(&self.heaps, &self.instances[at]);
        let instance = &mut self.instances[at];
        // SAFETY: the instance is live, and none of its functions runs.
        unsafe {
            enter(|| wasm_runtime_detach_shared_heap(instance.handle));
            let reached = first < END
                && enter(|| !wasm_runtime_addr_app_to_native(instance.handle, first).is_null());
            assert!(!reached || first < memory_len(instance.handle), "a heap that was detached");
        }
        instance.shared = None;
        Ok(())
    }

    /// Allocates or frees in the heap of an instance, which may share it with others.
    fn shared_blocks(&mut self, u: &mut Unstructured) -> Result<()> {
        // Of those that have a heap, if any does.
        let mut those: Vec<usize> = (0..self.instances.len()).collect();
        if self.instances.iter().any(|instance| instance.shared.is_some()) {
            those.retain(|&at| self.instances[at].shared.is_some());
        }
        let Some(at) = index(u, &those)?.map(|at| those[at]) else { return Ok(()) };
        let (handle, first) = (self.instances[at].handle, self.instances[at].shared);
        let own = first.and_then(|first| self.heaps.own(first));
        let start = own.map_or(END, |own| self.heaps.start(own));
        if u.ratio(1, 3)? {
            let block = match own {
                Some(own) => index(u, &self.heaps.0[own].blocks)?.map(|block| (own, block)),
                None => None,
            };
            // Mostly a block, else any address, which is none of a block or frees it as well.
            let any = u.ratio(1, 4)?;
            let address = match block.filter(|_| !any) {
                Some((own, block)) => start + self.heaps.0[own].blocks[block].0,
                None if u.arbitrary()? => u.arbitrary::<u64>()?,
                None => start.saturating_sub(8) + u.int_in_range(0..=4100u64)?,
            };
            if let Some(heap) = own.map(|own| &mut self.heaps.0[own]) {
                if let Some(block) = heap.blocks.iter().position(|&(at, ..)| start + at == address)
                {
                    let (at, len, fill) = heap.blocks.swap_remove(block);
                    check(handle, start + at, len, fill);
                }
            }
            // SAFETY: the instance is live.
            unsafe { enter(|| wasm_runtime_shared_heap_free(handle, address)) };
            return Ok(());
        }
        let (fill, size): (u8, u64) = (
            u.arbitrary()?,
            if u.ratio(1, 8)? { u.arbitrary()? } else { u.int_in_range(0..=700)? },
        );
        let mut pointer: *mut c_void = null_mut();
        // SAFETY: the instance is live.
        let address =
            unsafe { enter(|| wasm_runtime_shared_heap_malloc(handle, size, &raw mut pointer)) };
        count("shared_heap_malloc", address != 0);
        let gap = own.and_then(|own| self.heaps.0[own].gap(size).map(|gap| (own, gap)));
        assert_eq!(address, gap.map_or(0, |(_, gap)| start + gap), "where {size} bytes lie");
        if let Some((own, gap)) = gap {
            assert!(size == 0 || !pointer.is_null());
            // SAFETY: the runtime says that so many bytes lie there; that is what is tested.
            unsafe {
                assert_eq!(enter(|| wasm_runtime_addr_app_to_native(handle, address)), pointer);
                pointer.cast::<u8>().write_bytes(fill, size as usize);
            }
            self.heaps.0[own].blocks.push((gap, size, fill));
        }
        Ok(())
    }
}

/// Checks the contents of a block as the instance reaches them.
fn check(instance: wasm_module_inst_t, at: u64, len: u64, fill: u8) {
    // SAFETY: the instance is live; the runtime says that the bytes are there.
    unsafe {
        assert!(enter(|| wasm_runtime_validate_app_addr(instance, at, len.max(1))));
        let pointer = enter(|| wasm_runtime_addr_app_to_native(instance, at)).cast::<u8>();
        let bytes = std::slice::from_raw_parts(pointer, len as usize);
        assert!(bytes.iter().all(|&byte| byte == fill), "a shared block has changed");
        assert_eq!(enter(|| wasm_runtime_addr_native_to_app(instance, pointer.cast())), at);
    }
}
