//! The heap of structures and arrays, and its collector (spec: 4.2.11; feature `gc`).
//!
//! A reference is a number of 32 bits: 0 for null; odd, with the integer above the lowest bit, for
//! a 31-bit integer; else twice the number of a *handle*. A handle has the position of its object
//! among the words of the heap, so objects can move while references stay. An `externref` is a
//! number of the embedder's with the highest bit clear, or a handle's number with it set.
//!
//! An object is a head (kind, type, mark), the number of its handle, for an array its length, and
//! its fields. Objects lie one behind the other, and a new one is put behind the last. When there
//! is no room, all that can be reached is marked, and moved to the start in one pass over the heap.
//! So there is no fragmentation, an allocation takes time in proportion to its size, and a pause
//! time in proportion to the heap, whose size is limited.
//!
//! Marking needs no memory and no recursion: objects that were reached and not looked at form a
//! list, linked by the word of the object that has the handle's number, which is known then.
//!
//! Roots are known by their types, but for slots of operand stacks, which have none: a slot whose
//! number is that of a handle in use keeps its object, also if it is a number by chance. That is
//! sound, since nothing is written through a root, and keeps at most as many objects as there are
//! slots. Objects and exceptions can refer to each other; each collector takes all objects of the
//! other kind as roots, so that a cycle through both stays until the store goes.

use super::instance::StoreInstance;
use super::{StoreConfig, StoreData};
use crate::alloc::TryVec;
use crate::binary::references::{concrete, heap, heap_of, CONCRETE, FUNCTION};
use crate::binary::types::Code;
use crate::validate::const_expr::Below;
use crate::validate::type_table::{field_slots, Kind, TypeTable, I16, I8, MUTABLE};
use zonda_exec::TrapCode;

/// In the head of an object: it was reached.
const MARK: u32 = 1 << 31;
/// In the head: an array, with its length in the third word.
const ARRAY: u32 = 1 << 30;
/// In the head: no type, but a value of another hierarchy.
const BOX: u32 = 1 << 29;
/// In the head of a box: a 31-bit integer as `externref`, else an `externref` of the embedder's.
const INTEGER: u32 = 1;
const TYPE: u32 = 0xffff;
/// Words before the fields.
const HEAD: usize = 2;

/// In a handle that is not in use: the next one.
const FREE: u32 = 1 << 31;
/// In an `externref`: a handle's number.
pub(super) const INTERNAL: u32 = 1 << 31;

/// Words of the heap when it is first used.
const FIRST_WORDS: usize = 256;

/// The heap of a store.
pub(crate) struct Heap {
    words: TryVec<u32>,
    handles: TryVec<u32>,
    /// The first handle that is not in use, by its number; 0 for none.
    free: u32,
    /// Words before a collection, and the most there may be.
    size: usize,
    limit: usize,
    /// Objects that constant expressions of an instance have made that is not complete.
    constants: TryVec<u32>,
    /// References that the embedder keeps.
    held: TryVec<u32>,
    collections: u32,
}

/// What an [`AnyRef`](crate::AnyRef) refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnyKind {
    /// A 31-bit integer, with its sign.
    I31(i32),
    Struct,
    /// An array, with its length.
    Array(u32),
    /// The number of the embedder's that an `externref` has.
    Extern(u32),
    /// An object that was freed.
    Freed,
}

/// How an object is laid out.
struct Layout {
    /// The number of its first field, and words of all fields.
    first: usize,
    words: usize,
}

/// Bytes of an element of an array.
pub(super) fn element_bytes(field: Code) -> usize {
    match field & !MUTABLE {
        I8 => 1,
        I16 => 2,
        code => 4 * field_slots(code) as usize,
    }
}

/// Words of so many elements.
fn array_words(field: Code, len: u32) -> u64 {
    (len as u64 * element_bytes(field) as u64).div_ceil(4)
}

/// Whether references of a type may lead to an object.
fn may_lead(code: Code) -> bool {
    let ty = heap_of(code & !MUTABLE);
    match ty {
        heap::ARRAY..=heap::EXTERN | heap::NONE..=heap::NO_EXTERN => true,
        _ => ty & CONCRETE != 0 && ty & FUNCTION == 0,
    }
}

impl Heap {
    pub(super) fn new(config: &StoreConfig) -> Heap {
        Heap {
            words: TryVec::new(),
            handles: TryVec::new(),
            free: 0,
            size: 0,
            limit: config.object_bytes as usize / 4,
            constants: TryVec::new(),
            held: TryVec::new(),
            collections: 0,
        }
    }

    /// The position of the object of a handle that is in use.
    fn position(&self, handle: u32) -> Option<usize> {
        let &position = self.handles.get((handle as usize).checked_sub(1)?)?;
        (position & FREE == 0).then_some(position as usize)
    }

    fn word(&self, at: usize) -> u32 {
        self.words.get(at).copied().unwrap_or(0)
    }

    fn set(&mut self, at: usize, value: u32) {
        if let Some(word) = self.words.get_mut(at) {
            *word = value;
        }
    }

    /// The layout of the object at a position.
    fn layout(&self, types: &TypeTable, at: usize) -> Layout {
        let head = self.word(at);
        if head & BOX != 0 {
            return Layout { first: HEAD, words: 1 };
        }
        let Some(def) = types.def(head & TYPE) else { return Layout { first: HEAD, words: 0 } };
        if head & ARRAY != 0 {
            let words = array_words(types.element(def), self.word(at + HEAD)) as usize;
            return Layout { first: HEAD + 1, words };
        }
        Layout { first: HEAD, words: def.slots as usize }
    }

    /// All words of all objects.
    #[cfg_attr(not(feature = "exceptions"), allow(dead_code))]
    pub(super) fn words(&self) -> *const [u32] {
        core::ptr::slice_from_raw_parts(self.words.as_mut_ptr(), self.words.len())
    }

    // --- marking ---

    /// Reaches the objects to which a reference of either hierarchy may lead.
    fn reach(&mut self, list: &mut u32, reference: u32) {
        if reference & 1 == 0 {
            self.reach_handle(list, reference >> 1);
        }
        if reference & INTERNAL != 0 {
            self.reach_handle(list, reference & !INTERNAL);
        }
    }

    fn reach_handle(&mut self, list: &mut u32, handle: u32) {
        let Some(at) = self.position(handle) else { return };
        let head = self.word(at);
        if head & MARK == 0 {
            self.set(at, head | MARK);
            self.set(at + 1, *list);
            *list = handle;
        }
    }

    /// Looks at all objects of the list, and at what they lead to.
    fn follow(&mut self, types: &TypeTable, list: &mut u32) {
        while let Some(at) = self.position(*list) {
            let handle = *list;
            *list = self.word(at + 1);
            self.set(at + 1, handle);
            let head = self.word(at);
            if head & BOX != 0 {
                continue;
            }
            let Some(def) = types.def(head & TYPE) else { continue };
            if head & ARRAY != 0 {
                if may_lead(types.element(def)) {
                    for index in 0..self.word(at + HEAD) as usize {
                        let value = self.word(at + HEAD + 1 + index);
                        self.reach(list, value);
                    }
                }
                continue;
            }
            let mut place = at + HEAD;
            for &field in types.fields(def) {
                if may_lead(field) {
                    let value = self.word(place);
                    self.reach(list, value);
                }
                place += field_slots(field) as usize;
            }
        }
    }

    /// Frees what was not reached, and moves the rest together.
    fn compact(&mut self, types: &TypeTable) {
        let (mut at, mut to) = (0, 0);
        while at < self.words.len() {
            let layout = self.layout(types, at);
            let len = layout.first + layout.words;
            let (head, handle) = (self.word(at), self.word(at + 1));
            let place = (handle as usize).wrapping_sub(1);
            if head & MARK != 0 {
                self.set(at, head & !MARK);
                if to != at {
                    for word in 0..len {
                        self.set(to + word, self.word(at + word));
                    }
                }
                if let Some(entry) = self.handles.get_mut(place) {
                    *entry = to as u32;
                }
                to += len;
            } else if let Some(entry) = self.handles.get_mut(place) {
                *entry = FREE | self.free;
                self.free = handle;
            }
            at += len;
        }
        self.words.truncate(to);
    }

    // --- access ---

    /// The type of the object to which a reference leads, its length and its fields; `None` for
    /// null, integers and boxes.
    fn object(&self, types: &TypeTable, reference: u32) -> Option<(u32, u32, usize, usize)> {
        let at = self.position(if reference & 1 == 0 { reference >> 1 } else { 0 })?;
        let head = self.word(at);
        if head & BOX != 0 {
            return None;
        }
        let len = if head & ARRAY != 0 { self.word(at + HEAD) } else { 0 };
        let layout = self.layout(types, at);
        Some((head & TYPE, len, at + layout.first, layout.words))
    }
}

/// A structure or array: its fields, or its elements and their number.
pub(super) struct Fields<'h> {
    pub(super) words: &'h mut [u32],
    pub(super) len: u32,
}

impl Fields<'_> {
    /// The words of a field that starts at this one.
    pub(super) fn at(&mut self, offset: usize, slots: usize) -> Option<&mut [u32]> {
        self.words.get_mut(offset..)?.get_mut(..slots)
    }

    /// An element of an array, in as many slots as its value takes. Packed ones without sign.
    pub(super) fn element(&self, field: Code, index: u32) -> Option<[u32; 4]> {
        let mut slots = [0; 4];
        if index >= self.len {
            return None;
        }
        let bytes = element_bytes(field);
        if bytes < 4 {
            let at = index as usize * bytes;
            let word = *self.words.get(at / 4)?;
            slots[0] = word >> (8 * (at % 4)) & ((1 << (8 * bytes)) - 1);
            return Some(slots);
        }
        let count = bytes / 4;
        let from = self.words.get(index as usize * count..)?.get(..count)?;
        slots.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
        Some(slots)
    }

    /// Sets an element.
    pub(super) fn set_element(&mut self, field: Code, index: u32, value: &[u32; 4]) -> Option<()> {
        if index >= self.len {
            return None;
        }
        let bytes = element_bytes(field);
        if bytes < 4 {
            let at = index as usize * bytes;
            let word = self.words.get_mut(at / 4)?;
            let (shift, mask) = (8 * (at % 4), (1u32 << (8 * bytes)) - 1);
            *word = *word & !(mask << shift) | (value[0] & mask) << shift;
            return Some(());
        }
        let count = bytes / 4;
        let to = self.words.get_mut(index as usize * count..)?.get_mut(..count)?;
        to.iter_mut().zip(value).for_each(|(to, from)| *to = *from);
        Some(())
    }
}

impl StoreData<'_> {
    /// A slot of a structure's fields.
    ///
    /// # Errors
    /// [`TrapCode::NullStructure`] for null, [`TrapCode::CastFailure`] for what is no structure
    /// with this slot: only an embedder can make such a reference up.
    pub(super) fn slot(&mut self, reference: u32, slot: usize) -> Result<&mut u32, TrapCode> {
        let handle = if reference & 1 == 0 { reference >> 1 } else { 0 };
        let at = self.heap.position(handle).ok_or(TrapCode::NullStructure)?;
        let head = self.heap.word(at);
        let slots = match self.types.0.def(head & TYPE) {
            Some(def) if head & (BOX | ARRAY) == 0 => def.slots as usize,
            _ => 0,
        };
        let place = self.heap.words.get_mut(at + HEAD + slot).filter(|_| slot < slots);
        place.ok_or(TrapCode::CastFailure)
    }

    /// The fields of a structure or array; `None` for any other value.
    pub(super) fn fields(&mut self, reference: u32) -> Option<Fields<'_>> {
        let (_, len, first, words) = self.heap.object(&self.types.0, reference)?;
        Some(Fields { words: self.heap.words.get_mut(first..first + words)?, len })
    }

    /// The fields of the structure that was made last, of so many slots.
    pub(super) fn newest(&mut self, slots: usize) -> &mut [u32] {
        let first = self.heap.words.len().saturating_sub(slots);
        self.heap.words.get_mut(first..).unwrap_or_default()
    }

    /// The length of an array.
    pub(super) fn array_len(&self, reference: u32) -> u32 {
        self.heap.object(&self.types.0, reference).map_or(0, |(_, len, ..)| len)
    }

    /// The heap type of a value of the hierarchy `any` that is not null.
    pub(crate) fn heap_type(&self, reference: u32) -> Code {
        if reference & 1 != 0 {
            return heap::I31;
        }
        match self.heap.object(&self.types.0, reference) {
            Some((ty, ..)) => concrete(ty),
            None => heap::ANY,
        }
    }

    /// Makes an object; returns the reference to it. All its fields are 0. It lies behind all
    /// others.
    ///
    /// # Errors
    /// [`TrapCode::OutOfMemory`].
    pub(super) fn new_object(
        &mut self,
        ty: u32,
        len: Option<u32>,
        sp: *const u32,
    ) -> Result<u32, TrapCode> {
        let def = *self.types.0.def(ty).ok_or(TrapCode::OutOfMemory)?;
        let Some(len) = len else { return self.allocate(ty, None, def.slots as u64, sp) };
        let words = array_words(self.types.0.element(&def), len);
        self.allocate(ty | ARRAY, Some(len), words, sp)
    }

    /// Makes a box with a value of another hierarchy.
    fn new_box(&mut self, head: u32, value: u32, sp: *const u32) -> Result<u32, TrapCode> {
        let reference = self.allocate(BOX | head, None, 1, sp)?;
        if let Some(at) = self.heap.position(reference >> 1) {
            self.heap.set(at + HEAD, value);
        }
        Ok(reference)
    }

    /// Makes an object of so many words with a head, and a length where it is an array. `sp` is
    /// the topmost slot in use of the running operand stack, or null.
    fn allocate(
        &mut self,
        head: u32,
        len: Option<u32>,
        words: u64,
        sp: *const u32,
    ) -> Result<u32, TrapCode> {
        const FULL: TrapCode = TrapCode::OutOfMemory;
        let first = HEAD + len.is_some() as usize;
        let words = usize::try_from(words).map_err(|_| FULL)?;
        let needed = words.checked_add(first).filter(|&needed| needed <= self.heap.limit);
        let needed = needed.ok_or(FULL)?;
        // With `strict`, each allocation collects: what a root is missing for does not live long.
        if cfg!(feature = "strict") || self.heap.words.len() + needed > self.heap.size {
            self.make_room(needed, sp)?;
        }
        let handle = self.new_handle(sp)?;
        let at = self.heap.words.len();
        // There is room: this does not fail.
        self.heap.words.resize_zeroed(at + needed).map_err(|_| FULL)?;
        self.heap.set(at, head);
        self.heap.set(at + 1, handle);
        if let Some(len) = len {
            self.heap.set(at + HEAD, len);
        }
        if let Some(entry) = self.heap.handles.get_mut(handle as usize - 1) {
            *entry = at as u32;
        }
        Ok(handle << 1)
    }

    /// Takes a handle that is not in use. It stays unused until its position is set.
    fn new_handle(&mut self, _sp: *const u32) -> Result<u32, TrapCode> {
        const FULL: TrapCode = TrapCode::OutOfMemory;
        let heap = &mut self.heap;
        if let Some(&next) = heap.handles.get((heap.free as usize).wrapping_sub(1)) {
            let handle = heap.free;
            heap.free = next & !FREE;
            return Ok(handle);
        }
        let left = self.budget.left().checked_sub(size_of::<u32>()).ok_or(FULL)?;
        heap.handles.push(FREE).map_err(|_| FULL)?;
        self.budget.give_back(left);
        Ok(heap.handles.len() as u32)
    }

    /// Makes room for so many words: collects, and makes the heap larger if it stays more than half
    /// full.
    #[cold]
    #[inline(never)]
    fn make_room(&mut self, needed: usize, sp: *const u32) -> Result<(), TrapCode> {
        self.collect_objects(sp);
        let used = self.heap.words.len() + needed;
        let size = self.heap.size;
        if used > size / 2 {
            let wanted = (2 * size).max(FIRST_WORDS).max(used).min(self.heap.limit);
            let left = self.budget.left().checked_sub(4 * wanted.saturating_sub(size));
            let room = left.filter(|_| wanted >= used);
            if let Some(left) = room {
                if self.heap.words.reserve_exact(wanted).is_ok() {
                    self.budget.give_back(left);
                    self.heap.size = wanted;
                }
            }
        }
        if used > self.heap.size {
            // Exceptions to which nothing leads may have kept objects.
            self.collect_exceptions(&[]);
            self.collect_objects(sp);
            if self.heap.words.len() + needed > self.heap.size {
                return Err(TrapCode::OutOfMemory);
            }
        }
        Ok(())
    }

    /// Frees the objects to which nothing leads.
    #[inline(never)]
    pub(crate) fn collect_objects(&mut self, sp: *const u32) {
        let StoreData { heap, types, instances, globals, tables, stack, exceptions, .. } = self;
        let types = &types.0;
        heap.collections = heap.collections.wrapping_add(1);
        if heap.words.is_empty() {
            return;
        }
        let mut list = 0;
        // Slots of operand stacks: those of the store's own up to the topmost in use, where it is
        // the one that runs.
        let own = stack.as_mut_ptr().cast_const();
        let above = (sp.addr().wrapping_sub(own.addr()) / size_of::<u32>()).wrapping_add(1);
        let own_slots = if sp.is_null() { stack.len() } else { above.min(stack.len()) };
        let mut slots = |first: *const u32, count: usize| {
            for index in 0..count {
                // SAFETY: the caller names slots that are initialized. Nothing writes them: no code
                // runs meanwhile, and one thread at a time uses a store (docs/threads.md).
                let value = unsafe { *first.add(index) };
                heap.reach(&mut list, value);
            }
        };
        slots(own, own_slots);
        for (first, count) in self.stacks.iter() {
            slots(first, count);
        }
        exceptions.for_each_value(&mut slots);
        for instance in instances.iter() {
            for (&global, entry) in instance.globals.iter().zip(instance.module.data.globals.iter())
            {
                if may_lead(instance.types.code(entry.ty.content.code())) {
                    // Globals of an instance belong to its store. This one has one slot.
                    slots(global.cell(), 1);
                }
            }
            for values in instance.element_lists.iter() {
                slots(values.as_mut_ptr(), values.len());
            }
        }
        for global in globals.iter() {
            if may_lead(global.ty.content.code()) {
                slots(global.cell.as_ptr(), 1);
            }
        }
        for table in tables.iter() {
            if may_lead(table.ty().element.code()) {
                let elements = table.elements_ptr();
                slots(elements.cast::<u32>(), elements.len());
            }
        }
        for index in 0..heap.constants.len() + heap.held.len() {
            let value = match heap.constants.get(index) {
                Some(&value) => value,
                None => heap.held.get(index - heap.constants.len()).copied().unwrap_or(0),
            };
            heap.reach(&mut list, value);
        }
        heap.follow(types, &mut list);
        heap.compact(types);
    }

    /// The value of the other hierarchy that is equal to an `externref`.
    pub(crate) fn internal(&mut self, value: u32, sp: *const u32) -> Result<u32, TrapCode> {
        if value == 0 {
            return Ok(0);
        }
        if value & INTERNAL == 0 {
            return self.new_box(0, value, sp);
        }
        let handle = value & !INTERNAL;
        match self.heap.position(handle) {
            Some(at) if self.heap.word(at) & !MARK == BOX | INTEGER => {
                Ok(self.heap.word(at + HEAD))
            }
            _ => Ok(handle << 1),
        }
    }

    /// The `externref` that is equal to a value of the other hierarchy.
    pub(super) fn external(&mut self, value: u32, sp: *const u32) -> Result<u32, TrapCode> {
        if value == 0 {
            return Ok(0);
        }
        if value & 1 != 0 {
            return Ok(INTERNAL | self.new_box(INTEGER, value, sp)? >> 1);
        }
        match self.heap.position(value >> 1) {
            Some(at) if self.heap.word(at) & !MARK == BOX => Ok(self.heap.word(at + HEAD)),
            _ => Ok(INTERNAL | value >> 1),
        }
    }

    /// The number of the embedder's that a value of the hierarchy `any` is.
    fn boxed(&self, value: u32) -> Option<u32> {
        let at = self.heap.position(if value & 1 == 0 { value >> 1 } else { 0 })?;
        (self.heap.word(at) & !MARK == BOX).then(|| self.heap.word(at + HEAD))
    }

    /// What a value of the hierarchy `any` is that is not null.
    pub(crate) fn object_kind(&self, value: u32) -> AnyKind {
        if value & 1 != 0 {
            return AnyKind::I31(value as i32 >> 1);
        }
        let ty = self.heap.object(&self.types.0, value);
        match ty.and_then(|(ty, len, ..)| Some((self.types.0.def(ty)?.kind, len))) {
            Some((Kind::Array, len)) => AnyKind::Array(len),
            Some(_) => AnyKind::Struct,
            None => match self.boxed(value) {
                Some(number) => AnyKind::Extern(number.wrapping_sub(1)),
                None => AnyKind::Freed,
            },
        }
    }

    /// Keeps what a reference leads to until [`StoreData::release`].
    pub(crate) fn hold(&mut self, reference: u32) -> Result<(), crate::OutOfMemory> {
        self.heap.held.push(reference)
    }

    /// Keeps it no longer, for one call of [`StoreData::hold`].
    pub(crate) fn release(&mut self, reference: u32) {
        let held = &mut self.heap.held;
        if let Some(at) = held.iter().position(|&other| other == reference) {
            let last = held.pop();
            if let (Some(place), Some(last)) = (held.get_mut(at), last) {
                *place = last;
            }
        }
    }

    /// The objects that constant expressions have made are reached through the instance now.
    pub(super) fn end_of_constants(&mut self) {
        self.heap.constants.truncate(0);
    }

    /// Bytes that the heap takes, bytes of objects, objects, and collections so far.
    pub(crate) fn object_counts(&self) -> (usize, usize, usize, u32) {
        let heap = &self.heap;
        let taken = 4 * (heap.size + heap.handles.len());
        let live = heap.handles.iter().filter(|&&entry| entry & FREE == 0).count();
        (taken, 4 * heap.words.len(), live, heap.collections)
    }
}

/// Constant expressions.
impl<'a> StoreData<'a> {
    /// The reference that an instruction of a constant expression makes.
    pub(super) fn constant_object(
        &mut self,
        instance: &StoreInstance<'a>,
        code: u32,
        index: u32,
        operands: &[Below],
    ) -> Result<u32, crate::error::ErrorKind> {
        use zonda_exec::gc::*;
        const NONE: *const u32 = core::ptr::null();
        let first = operands.first().map_or(0, |&[low, ..]| low);
        let made = match code {
            REF_I31 => return Ok(first << 1 | 1),
            ANY_CONVERT_EXTERN => self.internal(first, NONE),
            EXTERN_CONVERT_ANY => self.external(first, NONE),
            _ => self.constant_aggregate(instance, code, index, operands),
        };
        // Loading does not fail here: what is missing is memory.
        let made = made.map_err(|_| crate::error::ErrorKind::OutOfMemory)?;
        self.heap.constants.push(made)?;
        Ok(made)
    }

    fn constant_aggregate(
        &mut self,
        instance: &StoreInstance<'a>,
        code: u32,
        index: u32,
        operands: &[Below],
    ) -> Result<u32, TrapCode> {
        use zonda_exec::gc::*;
        let number = instance.types.get(index);
        let table = instance.module.data.table.table();
        let def = *table.def(index).ok_or(TrapCode::OutOfMemory)?;
        let fields = table.fields(&def);
        let slots = |value: Below| -> [u32; 4] {
            core::array::from_fn(|slot| value.get(slot).copied().unwrap_or(0))
        };
        if def.kind == Kind::Struct {
            let reference = self.new_object(number, None, core::ptr::null())?;
            let Some(mut object) = self.fields(reference) else { return Ok(reference) };
            let mut at = 0;
            for (&field, &bits) in fields.iter().zip(operands) {
                let count = field_slots(field) as usize;
                if let Some(place) = object.at(at, count) {
                    place.iter_mut().zip(slots(bits)).for_each(|(to, from)| *to = from);
                }
                at += count;
            }
            return Ok(reference);
        }
        let field = fields.first().copied().unwrap_or(I8);
        let last = operands.last().map_or(0, |&[low, ..]| low);
        let (len, same) = match code {
            ARRAY_NEW => (last, operands.first()),
            ARRAY_NEW_DEFAULT => (last, None),
            _ => (operands.len() as u32, None),
        };
        let reference = self.new_object(number, Some(len), core::ptr::null())?;
        let Some(mut object) = self.fields(reference) else { return Ok(reference) };
        for at in 0..len {
            let bits = match code {
                ARRAY_NEW_DEFAULT => break,
                ARRAY_NEW => same,
                _ => operands.get(at as usize),
            };
            if let Some(&bits) = bits {
                object.set_element(field, at, &slots(bits));
            }
        }
        Ok(reference)
    }
}
