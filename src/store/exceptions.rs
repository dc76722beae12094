//! Exceptions at run time (spec: 4.2.9, 4.4.9): tags, what was thrown, and the objects behind
//! references.
//!
//! The values of an exception stay on the operand stack, where `throw` has left them, until a
//! handler takes them: nothing is allocated. A handler that wants the reference, and the end of a
//! call by the host, make an object of them.
//!
//! A reference is the serial number of an object, which no other object of the store has, ever.
//! Slots have no types, so no count of references can be kept. Objects are collected instead, when
//! as many have been made as were left the last time: those are live whose number stands in a slot
//! of an operand stack of the store (any slot, also one that holds a number by chance), in a global
//! or a table for them, or in a live object. So there are at most twice as many objects as slots
//! that may name them, and a share of the time in proportion. Objects refer to older ones only: one
//! pass from the youngest to the oldest marks all.
//!
//! Invariant: the list is sorted by serial number.

use super::instance::StoreInstance;
use super::runtime_instr::RuntimeInstr;
use super::StoreData;
use crate::alloc::{OutOfMemory, TryVec};
use crate::binary::types::{Code, ValType};
use crate::code::CompiledCode;
use crate::module::FuncType;
use zonda_exec::frame::SWITCHED;
#[cfg(feature = "legacy-exceptions")]
use zonda_exec::unwind::kept_reference;
use zonda_exec::unwind::{covering, Activation, Handler};
use zonda_exec::TrapCode;

/// The number of the first object. What may be a number of an object keeps it, so numbers are none
/// that programs count with, nor handles of objects of GC.
const FIRST: u32 = 0x4000_0001;

/// So many objects are made before the first collection, and one more for so many slots that a
/// collection looks at.
const FEW: usize = 16;
const SLOTS_FOR_ONE: usize = 64;

/// A tag: where the codes of the values are that its exceptions carry, and the slots of these.
#[derive(Clone, Copy)]
struct TagData {
    codes: usize,
    count: usize,
    slots: usize,
    /// The number of its type.
    #[cfg(feature = "function-references")]
    number: u32,
}

/// What a reference refers to.
struct Exception {
    serial: u32,
    tag: u32,
    is_live: bool,
    values: TryVec<u32>,
}

impl Exception {
    const NONE: Exception = Exception { serial: 0, tag: 0, is_live: false, values: TryVec::new() };

    fn bytes(slots: usize) -> usize {
        size_of::<Exception>() + slots * size_of::<u32>()
    }
}

/// What was thrown and not caught yet.
#[derive(Clone, Copy)]
struct Thrown {
    tag: u32,
    /// The number of the object; 0 while there is none.
    serial: u32,
    /// On the operand stack, where `throw` has left them, or in the object. Null when nothing was
    /// thrown.
    values: *const u32,
    slots: usize,
}

impl Thrown {
    const NOTHING: Thrown = Thrown { tag: 0, serial: 0, values: core::ptr::null(), slots: 0 };

    /// # Safety
    /// Something was thrown, and nothing has used the operand stack since or freed the object.
    unsafe fn values<'v>(self) -> &'v [u32] {
        // SAFETY: the contract of this function: so many slots are there.
        unsafe { core::slice::from_raw_parts(self.values, self.slots) }
    }
}

/// Tags and exceptions of a store.
pub(crate) struct Exceptions {
    tags: TryVec<TagData>,
    /// Those of all tags.
    codes: TryVec<Code>,
    list: TryVec<Exception>,
    /// The number of the next object; 0 when there is none left.
    next: u32,
    /// The number of objects at which they are collected.
    limit: usize,
    thrown: Thrown,
}

impl Exceptions {
    pub(super) const fn new() -> Exceptions {
        Exceptions {
            tags: TryVec::new(),
            codes: TryVec::new(),
            list: TryVec::new(),
            next: FIRST,
            limit: FEW,
            thrown: Thrown::NOTHING,
        }
    }

    /// Passes the values of all exceptions on, which may be references to objects.
    #[cfg(feature = "gc")]
    pub(super) fn for_each_value(&self, pass: &mut impl FnMut(*const u32, usize)) {
        for exception in self.list.iter() {
            pass(exception.values.as_mut_ptr(), exception.values.len());
        }
    }

    fn find(&self, serial: u32) -> Option<&Exception> {
        let at = self.list.binary_search_by_key(&serial, |exception| exception.serial).ok()?;
        self.list.get(at)
    }

    /// Has the object with this number be what was thrown; false when there is none.
    fn throw(&mut self, serial: u32) -> bool {
        let Some(Exception { tag, values, .. }) = self.find(serial) else { return false };
        let (tag, slots) = (*tag, values.len());
        self.thrown = Thrown { tag, serial, values: values.as_mut_ptr(), slots };
        true
    }
}

/// Marks the objects with these numbers, if the list has them.
///
/// # Safety
/// So many slots are at `first`, all of them initialized, and nothing writes them meanwhile.
unsafe fn mark(list: &mut [Exception], first: *const u32, slots: usize) {
    // Most slots hold other numbers.
    let (Some(oldest), Some(youngest)) = (list.first(), list.last()) else { return };
    let numbers = oldest.serial..=youngest.serial;
    for index in 0..slots {
        // SAFETY: the contract of this function.
        let serial = unsafe { *first.add(index) };
        if numbers.contains(&serial) {
            if let Ok(at) = list.binary_search_by_key(&serial, |exception| exception.serial) {
                if let Some(exception) = list.get_mut(at) {
                    exception.is_live = true;
                }
            }
        }
    }
}

/// What an embedder learns of an exception.
impl StoreData<'_> {
    /// Makes a tag; returns its address.
    #[inline(never)]
    pub(crate) fn new_tag(&mut self, ty: FuncType, _number: u32) -> Result<u32, OutOfMemory> {
        let Exceptions { tags, codes: all, .. } = &mut self.exceptions;
        let (codes, _) = ty.codes();
        let tag = TagData {
            codes: all.len(),
            count: codes.len(),
            slots: ty.slots().0 as usize,
            #[cfg(feature = "function-references")]
            number: _number,
        };
        all.append(codes)?;
        tags.push(tag)?;
        Ok(tags.len() as u32 - 1)
    }

    /// The number of the type of a tag.
    #[cfg(feature = "function-references")]
    pub(crate) fn tag_type_number(&self, address: u32) -> Option<u32> {
        Some(self.exceptions.tags.get(address as usize)?.number)
    }

    /// The type of a tag.
    pub(crate) fn tag_type(&self, address: u32) -> Option<FuncType<'_>> {
        let tag = self.exceptions.tags.get(address as usize)?;
        let codes = self.exceptions.codes.get(tag.codes..)?.get(..tag.count)?;
        Some(FuncType::from_codes(codes, &[]))
    }

    /// The tag and the values of an exception, if it was not freed.
    pub(crate) fn exception(&self, serial: u32) -> Option<(u32, &[u32])> {
        self.exceptions.find(serial).map(|exception| (exception.tag, &exception.values[..]))
    }

    /// The exception that was thrown last, unless code has caught it.
    pub(crate) fn thrown(&self) -> Option<u32> {
        Some(self.exceptions.thrown.serial).filter(|&serial| serial != 0)
    }

    /// Throws an exception when the running host function returns [`TrapCode::Exception`].
    pub(crate) fn set_thrown(&mut self, serial: u32) {
        if !self.exceptions.throw(serial) {
            self.exceptions.thrown = Thrown::NOTHING;
        }
    }
}

/// The objects.
impl StoreData<'_> {
    /// Makes an object; returns its number.
    ///
    /// # Errors
    /// [`TrapCode::OutOfMemory`] when the limit of the store or the allocator refuses the bytes, or
    /// all numbers were used.
    pub(crate) fn new_exception(&mut self, tag: u32, values: &[u32]) -> Result<u32, TrapCode> {
        let bytes = Exception::bytes(values.len());
        if self.exceptions.list.len() >= self.exceptions.limit || self.budget.left() < bytes {
            self.collect_exceptions(values);
        }
        let serial = self.exceptions.next;
        let left = self.budget.left().checked_sub(bytes).filter(|_| serial != 0);
        let left = left.ok_or(TrapCode::OutOfMemory)?;
        let mut kept = TryVec::with_capacity(values.len()).map_err(|_| TrapCode::OutOfMemory)?;
        kept.append(values).map_err(|_| TrapCode::OutOfMemory)?;
        let exception = Exception { serial, tag, is_live: false, values: kept };
        self.exceptions.list.push(exception).map_err(|_| TrapCode::OutOfMemory)?;
        self.budget.give_back(left);
        self.exceptions.next = serial.wrapping_add(1);
        Ok(serial)
    }

    /// Frees the objects that nothing refers to. `values` are those of an object that is about to
    /// be made.
    #[cold]
    #[inline(never)]
    pub(super) fn collect_exceptions(&mut self, values: &[u32]) {
        let list = &mut self.exceptions.list[..];
        let mut slots = 0;
        let mut root = |first: *const u32, count: usize| {
            slots += count;
            // SAFETY: what follows passes slots that are initialized, as many as there are. Nothing
            // writes them: no code runs meanwhile, and one thread at a time uses a store
            // (docs/threads.md).
            unsafe { mark(list, first, count) };
        };
        root(&raw const self.exceptions.thrown.serial, 1);
        root(values.as_ptr(), values.len());
        root(self.stack.as_mut_ptr(), self.stack.len());
        for (first, slots) in self.stacks.iter() {
            root(first, slots);
        }
        #[cfg(feature = "gc")]
        {
            let words = self.heap.words();
            root(words.cast::<u32>(), words.len());
        }
        for instance in self.instances.iter() {
            for (&global, entry) in instance.globals.iter().zip(instance.module.data.globals.iter())
            {
                if entry.ty.content == ValType::ExnRef {
                    // Globals of an instance belong to its store. This one has one slot.
                    root(global.cell(), 1);
                }
            }
        }
        for global in self.globals.iter() {
            if global.ty.content == ValType::ExnRef {
                root(global.cell.as_ptr(), 1);
            }
        }
        for table in self.tables.iter() {
            if table.ty().element == ValType::ExnRef {
                let elements = table.elements_ptr();
                root(elements.cast::<u32>(), elements.len());
            }
        }
        // From the youngest to the oldest: to older ones alone the values of one can refer.
        for at in (0..list.len()).rev() {
            if let Some((older, [exception, ..])) = list.split_at_mut_checked(at) {
                if exception.is_live {
                    // SAFETY: the values are the object's own.
                    unsafe { mark(older, exception.values.as_mut_ptr(), exception.values.len()) };
                }
            }
        }
        let mut kept = 0;
        let mut freed = 0;
        for at in 0..list.len() {
            let Some(exception) = list.get_mut(at) else { continue };
            if !exception.is_live {
                freed += Exception::bytes(exception.values.len());
                continue;
            }
            exception.is_live = false;
            let moved = core::mem::replace(exception, Exception::NONE);
            // What was there is freed, or has moved before.
            if let Some(place) = list.get_mut(kept) {
                *place = moved;
            }
            kept += 1;
        }
        self.exceptions.list.truncate(kept);
        self.budget.give_back(self.budget.left() + freed);
        self.exceptions.limit = (2 * kept).max(FEW + slots / SLOTS_FOR_ONE);
    }
}

impl RuntimeInstr<'_> {
    /// The store, to be changed.
    fn store_mut(&mut self) -> &mut StoreData<'_> {
        // SAFETY: `call` has set it to the store that runs the call. No other reference to it is
        // used while `self` is borrowed: no code and no host function runs meanwhile.
        unsafe { &mut *self.context.store.cast() }
    }

    /// # Safety
    /// The instruction is `throw`.
    pub(super) unsafe fn throw(&mut self) -> Result<u32, TrapCode> {
        // SAFETY: the instruction has the index of a tag, which the validator has checked.
        let ([tag], []) = unsafe { self.read() };
        let tag = *self.instance().tags.0.get(tag as usize).ok_or(TrapCode::Unlinked)?;
        let sp = self.context.sp;
        let exceptions = &mut self.store_mut().exceptions;
        let slots = exceptions.tags.get(tag as usize).map_or(0, |tag| tag.slots);
        let values = sp.wrapping_add(1).wrapping_sub(slots);
        exceptions.thrown = Thrown { tag, serial: 0, values, slots };
        Err(TrapCode::Exception)
    }

    /// # Safety
    /// The instruction is `throw_ref`.
    pub(super) unsafe fn throw_ref(&mut self) -> Result<u32, TrapCode> {
        // SAFETY: the instruction has a reference as its operand.
        let ([], [reference]) = unsafe { self.read() };
        self.throw_object(reference)
    }

    /// # Safety
    /// The instruction is `rethrow`.
    #[cfg(feature = "legacy-exceptions")]
    pub(super) unsafe fn rethrow(&mut self) -> Result<u32, TrapCode> {
        // SAFETY: the contract of this function.
        let reference = unsafe { kept_reference(self.context) };
        self.throw_object(reference)
    }

    /// Throws the exception with this number again.
    fn throw_object(&mut self, reference: u32) -> Result<u32, TrapCode> {
        // The embedder may pass a reference to what was freed.
        if !self.store_mut().exceptions.throw(reference) {
            return Err(TrapCode::NullException);
        }
        Err(TrapCode::Exception)
    }

    /// Finds who catches what was thrown, and makes the context that of its frame.
    ///
    /// # Safety
    /// The loop of the context has stopped with [`TrapCode::Exception`].
    #[inline(never)]
    pub(super) unsafe fn unwind(&mut self) -> Result<u32, TrapCode> {
        let thrown = self.store_mut().exceptions.thrown;
        // Otherwise a host function has made the trap up.
        if thrown.values.is_null() {
            return Err(TrapCode::Exception);
        }
        // SAFETY: by the contract the loop has just stopped. Nothing uses the operand stack until a
        // handler is found.
        let mut next = unsafe { Activation::stopped(self.context) };
        while let Some(frame) = next {
            if !frame.left {
                // SAFETY: the instance of an active frame is live and published.
                let instance = unsafe { StoreInstance::of(frame.instance) };
                let position = instance.code().position(&instance.seen, frame.pc);
                let mut handlers = covering(instance.code().handlers(), position);
                let found = handlers.find(|handler| match handler.tag_index() {
                    None => true,
                    Some(index) => instance.tags.0.get(index as usize) == Some(&thrown.tag),
                });
                if let Some(handler) = found {
                    // SAFETY: the handler covers the position of the frame, and takes what was
                    // thrown.
                    return unsafe { self.catch(&frame, instance, handler, thrown) };
                }
            }
            // SAFETY: as for `stopped`.
            next = unsafe { frame.caller() };
        }
        // For the host function that made the call, and for the embedder.
        // SAFETY: nothing has used the operand stack.
        let serial = unsafe { self.object(thrown) }?;
        self.store_mut().set_thrown(serial);
        Err(TrapCode::Exception)
    }

    /// The number of the object of what was thrown, which is made if there is none.
    ///
    /// # Safety
    /// As for [`Thrown::values`].
    unsafe fn object(&mut self, thrown: Thrown) -> Result<u32, TrapCode> {
        if thrown.serial != 0 {
            return Ok(thrown.serial);
        }
        // SAFETY: the contract of this function.
        let values = unsafe { thrown.values() };
        let store = self.store_mut();
        store.exceptions.thrown = Thrown::NOTHING;
        store.new_exception(thrown.tag, values)
    }

    /// # Safety
    /// `handler` is one of the instance's code that covers the position of the active `frame`, and
    /// takes what was thrown; nothing has used the operand stack since.
    unsafe fn catch(
        &mut self,
        frame: &Activation,
        instance: &StoreInstance,
        handler: &Handler,
        thrown: Thrown,
    ) -> Result<u32, TrapCode> {
        // SAFETY: the meter of the call is live.
        let meter = unsafe { &*self.context.meter };
        // Whoever throws and catches without end is a loop, too.
        if !meter.pass() && !meter.noticed() {
            self.store_mut().exceptions.thrown = Thrown::NOTHING;
            return Err(meter.reason());
        }
        let mut reference = 0;
        if handler.wants_reference() {
            // SAFETY: the contract of this function.
            reference = unsafe { self.object(thrown) }?;
        }
        // A clause for all tags does not want the values.
        let slots = if handler.tag_index().is_some() { thrown.slots } else { 0 };
        // SAFETY: the frame has slots for what the handler takes: the validator has counted them
        // for the label, and the verifier of precompiled modules has checked them. `ptr::copy`
        // allows that both overlap.
        unsafe {
            let mut to = frame.base().add(handler.first_slot() as usize);
            core::ptr::copy(thrown.values, to, slots);
            to = to.add(slots);
            if let Some(kept) = frame.kept(handler) {
                *kept = reference;
            } else if handler.wants_reference() {
                *to = reference;
                to = to.add(1);
            }
            let (pc, stp) = instance.code().target(&instance.seen, handler);
            frame.resume(self.context, pc, stp, to.sub(1));
        }
        self.store_mut().exceptions.thrown = Thrown::NOTHING;
        Ok(SWITCHED)
    }
}

/// The addresses of an instance's tags, imported ones first.
pub(crate) struct InstanceTags(pub(crate) TryVec<u32>);

impl InstanceTags {
    pub(super) const fn new() -> InstanceTags {
        InstanceTags(TryVec::new())
    }
}

impl StoreData<'_> {
    /// Makes the tags that an instance defines.
    pub(super) fn define_tags(&mut self, instance: &mut StoreInstance) -> Result<(), OutOfMemory> {
        let module = instance.module.clone();
        #[cfg(feature = "function-references")]
        while let Some(&ty) = module.data.tags.0.get(instance.tags.0.len()) {
            let number = instance.types.get(ty as u32);
            let mut codes = TryVec::new();
            let (params, _) =
                self.type_of_number(number).map_or((&[][..], &[][..]), |ty| ty.codes());
            codes.append(params)?;
            let address = self.new_tag(FuncType::from_codes(&codes, &[]), number)?;
            instance.tags.0.push(address)?;
        }
        #[cfg(not(feature = "function-references"))]
        while let Some(ty) = module.data.tag_type(instance.tags.0.len() as u32) {
            let address = self.new_tag(ty, 0)?;
            instance.tags.0.push(address)?;
        }
        Ok(())
    }
}
