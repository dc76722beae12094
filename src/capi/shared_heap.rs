//! Memory that several instances share: a heap at the end of the 32-bit address range of each
//! instance that has it, with WAMR's functions and addresses.
//!
//! Heaps can be chained: the last one ends at the end of the address range, each one before ends
//! where the next begins. At most one heap of a chain is the runtime's, from which is allocated;
//! the others are buffers of the application. What is allocated is recorded outside of the heap,
//! which programs can overwrite, and allocating needs no other memory: [`Blocks`].
//!
//! Invariants: heaps are listed until wasm_runtime_destroy(). A heap that an instance has attached,
//! or that stands in a chain of which the first is attached, changes neither its place nor its
//! bytes; `attached` of the first of a chain counts the instances. Everything but the bytes is
//! touched under the platform's lock.

#![allow(non_camel_case_types)]

use super::exec_env::wasm_runtime_get_module_inst;
use super::extras::{Extra, Part};
use super::host_modules::bind_host_module;
use super::runtime::log_warning;
use super::types::*;
use crate::alloc::{OutOfMemory, TryBox, TryVec};
use crate::platform;
use crate::registry::{BoundModule, Call, Grants, HostError, HostModule, Offer, Signature};
use core::cell::UnsafeCell;
use core::ffi::c_void;
use core::ptr::{from_mut, null, null_mut, with_exposed_provenance_mut};
use zonda_exec::shared::{Shared, SharedRegion};

/// A shared heap. Valid until wasm_runtime_destroy().
pub type wasm_shared_heap_t = *mut WASMSharedHeap;

/// What wasm_runtime_create_shared_heap() makes.
#[repr(C)]
pub struct SharedHeapInitArgs {
    /// Its size in bytes. A heap of the runtime has a multiple of 16; a buffer of the application
    /// has exactly this.
    pub size: u32,
    /// A buffer of the application, which stays until wasm_runtime_destroy(), or NULL for a heap
    /// of the runtime.
    pub pre_allocated_addr: *mut c_void,
}

/// As WAMR has them.
const LARGEST: u32 = 1 << 30;
const SMALLEST: u32 = 256;

/// Blocks are multiples of this.
const UNIT: u32 = 16;

/// Which units of a heap are in use, and which of these are the first of a block.
struct Blocks {
    used: TryVec<u32>,
    first: TryVec<u32>,
    units: u32,
}

fn bit(words: &[u32], index: u32) -> bool {
    words.get(index as usize / 32).is_some_and(|word| word >> (index % 32) & 1 != 0)
}

fn set(words: &mut [u32], index: u32, value: bool) {
    if let Some(word) = words.get_mut(index as usize / 32) {
        *word = *word & !(1 << (index % 32)) | (value as u32) << (index % 32);
    }
}

impl Blocks {
    fn new(size: u32) -> Result<Blocks, OutOfMemory> {
        let words = (size / UNIT).div_ceil(32) as usize;
        Ok(Blocks {
            used: TryVec::zeroed(words)?,
            first: TryVec::zeroed(words)?,
            units: size / UNIT,
        })
    }

    /// Allocates the first gap that is large enough; returns its distance from the heap's start.
    fn allocate(&mut self, size: u32) -> Option<u32> {
        let wanted = size.max(1).div_ceil(UNIT);
        let mut free = 0;
        for unit in 0..self.units {
            free = if bit(&self.used, unit) { 0 } else { free + 1 };
            if free == wanted {
                let start = unit + 1 - wanted;
                set(&mut self.first, start, true);
                (start..=unit).for_each(|unit| set(&mut self.used, unit, true));
                return Some(start * UNIT);
            }
        }
        None
    }

    /// Frees the block at this distance; false when none begins there.
    fn free(&mut self, at: u32) -> bool {
        let mut unit = at / UNIT;
        if !at.is_multiple_of(UNIT) || !bit(&self.first, unit) {
            return false;
        }
        set(&mut self.first, unit, false);
        while bit(&self.used, unit) && !bit(&self.first, unit) {
            set(&mut self.used, unit, false);
            unit += 1;
        }
        true
    }
}

/// A heap, opaque for the application. Chained by `region`.
pub struct WASMSharedHeap {
    region: SharedRegion,
    /// The next one of all heaps.
    next: *mut WASMSharedHeap,
    /// Instances that have the chain which begins with this heap.
    attached: u32,
    /// Of a heap of the runtime: its bytes, and what is allocated. Empty for a buffer.
    _bytes: TryVec<u8>,
    blocks: Option<Blocks>,
}

impl WASMSharedHeap {
    /// The next one in the chain.
    fn behind(&self) -> *mut WASMSharedHeap {
        let next = self.region.next.cast_mut();
        if next.is_null() {
            return null_mut();
        }
        // Regions of a chain are those of heaps.
        next.wrapping_byte_sub(core::mem::offset_of!(WASMSharedHeap, region)).cast()
    }

    /// Whether it begins its chain, and no instance has the chain.
    ///
    /// # Safety
    /// The lock is held.
    unsafe fn is_loose(&self) -> bool {
        // SAFETY: by the contract of this function; heaps of the list are live.
        let mut behind =
            unsafe { each(*HEAPS.0.get(), |heap| heap.next).map(|heap| (*heap).behind()) };
        self.attached == 0 && !behind.any(|behind| core::ptr::eq(behind, self))
    }

    /// The address of a heap that ends at an address; 2^32 is 0.
    fn end_at(&mut self, end: u32) {
        self.region.start = end.wrapping_sub(self.region.len);
    }
}

/// All heaps.
struct Heaps(UnsafeCell<*mut WASMSharedHeap>);
// SAFETY: touched under the platform's lock only.
unsafe impl Sync for Heaps {}

static HEAPS: Heaps = Heaps(UnsafeCell::new(null_mut()));

/// The heaps of a list, from `first` on.
///
/// # Safety
/// The lock is held, `first` is null or live, and so is what `next` returns of a live heap.
unsafe fn each(
    first: *mut WASMSharedHeap,
    next: impl Fn(&WASMSharedHeap) -> *mut WASMSharedHeap,
) -> impl Iterator<Item = *mut WASMSharedHeap> {
    let mut at = first;
    core::iter::from_fn(move || {
        // SAFETY: by the contract of `each`.
        let heap = unsafe { at.as_ref() }?;
        Some(core::mem::replace(&mut at, next(heap)))
    })
}

/// Frees all heaps: no instance is left.
pub(super) fn forget() {
    // SAFETY: under the lock, which makes this the only access.
    let mut at =
        platform::locked(|| unsafe { core::mem::replace(&mut *HEAPS.0.get(), null_mut()) });
    while !at.is_null() {
        // SAFETY: heaps of the list were made by `create`, and no instance has one any more.
        let heap = unsafe { TryBox::from_raw(at) };
        at = heap.next;
    }
}

fn warn(reason: &str) {
    log_warning(|text| {
        text.str("shared heap: ").str(reason);
    });
}

fn create(args: &SharedHeapInitArgs) -> Result<TryBox<WASMSharedHeap>, OutOfMemory> {
    let own = args.pre_allocated_addr.is_null();
    let len = if own { args.size.next_multiple_of(UNIT) } else { args.size };
    let bytes = TryVec::zeroed(if own { len as usize } else { 0 })?;
    let blocks = if own { Some(Blocks::new(len)?) } else { None };
    let base = if own { bytes.as_mut_ptr() } else { args.pre_allocated_addr.cast() };
    let region = SharedRegion { start: 0u32.wrapping_sub(len), len, base, next: null() };
    TryBox::new(WASMSharedHeap { region, next: null_mut(), attached: 0, _bytes: bytes, blocks })
}

/// Creates a shared heap of 256 bytes to 1 GiB. Returns NULL if the size is another, or without
/// memory.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_create_shared_heap(
    init_args: *mut SharedHeapInitArgs,
) -> wasm_shared_heap_t {
    // SAFETY: the application passes arguments, and a buffer of the size or NULL.
    unsafe {
        let args = &*init_args;
        if !(SMALLEST..=LARGEST).contains(&args.size) {
            warn("the size is not allowed");
            return null_mut();
        }
        let Ok(heap) = create(args) else {
            warn("allocate memory failed");
            return null_mut();
        };
        let heap = heap.into_raw();
        // The lock makes this the only access.
        platform::locked(|| (*heap).next = core::mem::replace(&mut *HEAPS.0.get(), heap));
        heap
    }
}

/// Puts a heap in front of another one, or of a chain, which lies behind it then: for an instance
/// all of it is one range of addresses. Neither may be attached to an instance or stand in another
/// chain, and one heap of a chain at most is one of the runtime. Returns `head`, or NULL.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_chain_shared_heaps(
    head: wasm_shared_heap_t,
    body: wasm_shared_heap_t,
) -> wasm_shared_heap_t {
    if head.is_null() || body.is_null() || head == body {
        return null_mut();
    }
    // SAFETY: the application passes live heaps; the lock makes this the only access.
    let refused = platform::locked(|| unsafe {
        let mut follows = each(*HEAPS.0.get(), |heap| heap.next)
            .map(|heap| (*heap).behind())
            .any(|behind| behind == head || behind == body);
        follows |= !(*head).behind().is_null();
        let own = |heap: *mut WASMSharedHeap| (*heap).blocks.is_some() as u32;
        let several = own(head) + each(body, |heap| heap.behind()).map(own).sum::<u32>() > 1;
        let fits = (*body).region.start.checked_sub((*head).region.len).is_some();
        if (*head).attached + (*body).attached != 0 {
            Some("only detached heaps can be chained")
        } else if follows {
            Some("a heap stands in another chain")
        } else if several {
            Some("two heaps of a chain cannot be the runtime's")
        } else if !fits {
            Some("the chain is too long")
        } else {
            (*head).end_at((*body).region.start);
            (*head).region.next = &raw const (*body).region;
            None
        }
    });
    match refused {
        None => head,
        Some(reason) => {
            warn(reason);
            null_mut()
        }
    }
}

/// Takes the first heap out of a chain, or undoes the whole chain. Nothing of it may be attached.
/// Returns the first heap of what is left of the chain, of a whole chain its last heap; NULL if
/// there is no chain, `head` is not its first heap, or it is attached.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_unchain_shared_heaps(
    head: wasm_shared_heap_t,
    entire_chain: bool,
) -> wasm_shared_heap_t {
    // SAFETY: the application passes a live heap or null; the lock makes this the only access.
    platform::locked(|| unsafe {
        let Some(first) = head.as_ref() else { return null_mut() };
        if first.behind().is_null() || !first.is_loose() {
            return null_mut();
        }
        let mut at = head;
        loop {
            let behind = (*at).behind();
            (*at).region.next = null();
            (*at).end_at(0);
            at = behind;
            if !entire_chain || (*at).behind().is_null() {
                return at;
            }
        }
    })
}

/// Fills the heaps of a chain with zeros, and frees all that was allocated. False while it is
/// attached, and for a heap that is not its first.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_reset_shared_heap_chain(
    shared_heap: wasm_shared_heap_t,
) -> bool {
    // SAFETY: the application passes a live heap or null; the lock makes this the only access, and
    // no instance has the heap, so that no program accesses its bytes.
    platform::locked(|| unsafe {
        if shared_heap.is_null() || !(*shared_heap).is_loose() {
            return false;
        }
        for heap in each(shared_heap, |heap| heap.behind()) {
            (*heap).region.base.write_bytes(0, (*heap).region.len as usize);
            if let Some(blocks) = &mut (*heap).blocks {
                blocks.used.fill(0);
                blocks.first.fill(0);
            }
        }
        true
    })
}

/// The chain that an instance has.
struct Attached(*mut WASMSharedHeap);

impl Extra for Attached {
    const PART: Part = Part::SharedHeap;
    unsafe fn end(&mut self, _: *mut ()) {
        self.detach();
    }
}

impl Attached {
    fn detach(&mut self) {
        let heap = core::mem::replace(&mut self.0, null_mut());
        // SAFETY: heaps are live until no instance is; the lock makes this the only access.
        platform::locked(|| unsafe {
            if let Some(heap) = heap.as_mut() {
                heap.attached -= 1;
            }
        });
    }

    /// The chain of an instance; null for none.
    ///
    /// # Safety
    /// `instance` is live, and its own thread asks.
    unsafe fn of(instance: wasm_module_inst_t) -> *mut WASMSharedHeap {
        // SAFETY: the contract of this function.
        unsafe {
            let attached = (*instance).extras.find(|_: &Attached| true);
            attached.map_or(null_mut(), |attached| (*attached).0)
        }
    }
}

/// Sets what the first memory of an instance shares.
///
/// # Safety
/// `instance` is live, and the heap is null or live while the instance has it.
unsafe fn share(instance: wasm_module_inst_t, heap: *mut WASMSharedHeap) -> bool {
    // SAFETY: the contract of this function. An attached heap does not change.
    unsafe {
        let Some(&memory) = (*(*instance).data).memories.first() else { return false };
        if !heap.is_null() && (*memory).seen.size() as u64 > (*heap).region.start as u64 {
            warn("the linear memory reaches into it");
            return false;
        }
        let region = if heap.is_null() { null() } else { &raw const (*heap).region };
        (*memory).seen.share(Shared::new(region));
    }
    true
}

/// Gives an instance a shared heap, or a chain by its first heap, until
/// wasm_runtime_detach_shared_heap() or its end. Returns false if it has one already, has no linear
/// memory, if the linear memory is so large that the addresses are taken, or without memory.
/// `shared_heap` must be the first of its chain.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_attach_shared_heap(
    module_inst: wasm_module_inst_t,
    shared_heap: wasm_shared_heap_t,
) -> bool {
    // SAFETY: the application passes a live instance and a live heap. The count is raised before
    // the instance has the heap, under the lock.
    unsafe {
        let first =
            |heaps| !each(heaps, |heap| heap.next).any(|heap| (*heap).behind() == shared_heap);
        if shared_heap.is_null() || !platform::locked(|| first(*HEAPS.0.get())) {
            warn("no heap, or not the first of its chain");
            return false;
        }
        if !Attached::of(module_inst).is_null() {
            warn("an instance has one at most");
            return false;
        }
        let extras = &mut (*module_inst).extras;
        let known = extras.find(|_: &Attached| true);
        let attached = match known {
            Some(attached) => attached,
            None => match extras.add(Attached(null_mut())) {
                Ok(attached) => attached,
                Err(_) => return false,
            },
        };
        if !share(module_inst, shared_heap) {
            return false;
        }
        (*attached).0 = shared_heap;
        platform::locked(|| (*shared_heap).attached += 1);
        true
    }
}

/// Takes the shared heap from an instance, if it has one. Its addresses are outside of the memory
/// then.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_detach_shared_heap(module_inst: wasm_module_inst_t) {
    // SAFETY: the application passes a live instance.
    unsafe {
        if let Some(attached) = (*module_inst).extras.find(|_: &Attached| true) {
            share(module_inst, null_mut());
            (*attached).detach();
        }
    }
}

/// The heap of the runtime in the chain of an instance.
///
/// # Safety
/// The lock is held; `first` is null or live.
unsafe fn own(first: *mut WASMSharedHeap) -> Option<*mut WASMSharedHeap> {
    // SAFETY: the contract of this function; a chain is live as a whole.
    unsafe { each(first, |heap| heap.behind()).find(|&heap| (*heap).blocks.is_some()) }
}

/// Allocates `size` bytes in the shared heap of an instance. Returns the address, which is the same
/// in all instances that have the same chain, or 0 without memory or without a heap of the runtime
/// in the chain. Stores the pointer in `p_native_addr` unless that is NULL.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_shared_heap_malloc(
    module_inst: wasm_module_inst_t,
    size: u64,
    p_native_addr: *mut *mut c_void,
) -> u64 {
    // SAFETY: the application passes a live instance, and a place or null; the lock makes this the
    // only access to what is allocated. The block is inside of the heap's bytes.
    unsafe {
        let first = Attached::of(module_inst);
        let size = u32::try_from(size).unwrap_or(u32::MAX);
        let block = platform::locked(|| {
            let heap = own(first)?;
            let at = (*heap).blocks.as_mut()?.allocate(size)?;
            Some((&raw const (*heap).region, at))
        });
        let Some((region, at)) = block else { return 0 };
        if let Some(place) = p_native_addr.as_mut() {
            *place = (*region).base.add(at as usize).cast();
        }
        (*region).start as u64 + at as u64
    }
}

/// Frees a block of wasm_runtime_shared_heap_malloc(), by its address. What is none is ignored.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_shared_heap_free(module_inst: wasm_module_inst_t, ptr: u64) {
    // SAFETY: as for wasm_runtime_shared_heap_malloc().
    let freed = unsafe {
        let first = Attached::of(module_inst);
        platform::locked(|| {
            let heap = own(first)?;
            let at = u32::try_from(ptr).ok()?.checked_sub((*heap).region.start)?;
            Some((*heap).blocks.as_mut()?.free(at))
        })
    };
    if freed != Some(true) {
        warn("no block begins at the address that is freed");
    }
}

/// The call of a function of [`ENV`]: it takes no bytes, and its address is that of the execution
/// environment.
struct Running;

impl Running {
    /// The instance that calls.
    fn instance(&mut self) -> wasm_module_inst_t {
        let env: wasm_exec_env_t = with_exposed_provenance_mut(from_mut(self).addr());
        // SAFETY: the environment is that of the running call, from which `MODULE` made this.
        unsafe { wasm_runtime_get_module_inst(env) }
    }
}

/// What programs import.
fn execute(call: &mut Call<'_, Running>, number: usize, args: &[u32]) -> Result<u64, HostError> {
    let (instance, arg) = (call.state().instance(), args.first().map_or(0, |&arg| arg as u64));
    // SAFETY: the instance runs.
    unsafe {
        if number == 0 {
            return Ok(wasm_runtime_shared_heap_malloc(instance, arg, null_mut()));
        }
        wasm_runtime_shared_heap_free(instance, arg);
        Ok(0)
    }
}

const ENV: HostModule<Running> =
    HostModule::listed("env", "(i)i shared_heap_malloc (i) shared_heap_free ", execute);

static MODULE: BoundModule =
    // SAFETY: a `Running` takes no bytes, so nobody else uses them. The functions of the module
    // run no code on the environment.
    unsafe {
        bind_host_module(ENV, Grants::All, |env| {
            with_exposed_provenance_mut(env.expose_provenance())
        })
    };

/// The function for programs under these names.
pub(super) fn find(module: &str, name: &str) -> Option<Offer<Signature>> {
    MODULE.find(module, name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_do_not_overlap_and_come_back() {
        let mut blocks = Blocks::new(1024).unwrap();
        let taken = [1, 16, 17, 900, 0].map(|size| blocks.allocate(size));
        assert_eq!(taken, [Some(0), Some(16), Some(32), Some(64), Some(976)]);
        assert_eq!((blocks.allocate(33), blocks.allocate(u32::MAX)), (None, None));
        // Neither inside of a block, nor twice, nor outside.
        assert!(
            !blocks.free(48) && !blocks.free(1) && !blocks.free(1024) && !blocks.free(u32::MAX)
        );
        assert!(blocks.free(16) && !blocks.free(16));
        assert_eq!((blocks.allocate(17), blocks.allocate(2)), (Some(992), Some(16)));
        for at in [0, 16, 32, 64, 976, 992] {
            assert!(blocks.free(at));
        }
        assert_eq!(blocks.allocate(1024), Some(0));
    }
}
