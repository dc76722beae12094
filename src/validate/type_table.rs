//! Types that refer to each other (spec: 2.3, 3.2, 3.3; feature `function-references`): which are
//! equal, and which is a subtype of which. A module has a table of its types, and a store one of
//! the types of all its instances.
//!
//! A type is equal to another when their recursion groups are: groups of equally many types that
//! are equal one by one, where a reference to the own group is compared by the position in it, and
//! one to an earlier group by its canonical type. The first type that is equal to a type is its
//! *canonical* one. Groups are kept in sorted runs whose lengths are powers of two, as the bits of
//! their number say: adding n groups takes n·log² n comparisons, whatever they are.
//!
//! A supertype is found by its depth. Each type knows its direct supertype and one further up, so
//! chosen that a step leads to any depth in the logarithm of the chain's length. Chains are at
//! most [`MAX_SUBTYPING_DEPTH`] long.
//!
//! Invariant: an index that a definition has, or a code of the list, is one of the table.

use crate::alloc::{OutOfMemory, TryArc, TryVec};
use crate::binary::reader::{Parsed, Reader};
use crate::binary::references::{
    concrete, heap, heap_of, index_of, is_ref, BOTTOM, FUNCTION, NON_NULL,
};
use crate::binary::types::{Code, ValType};
use crate::error::ErrorKind;
use crate::limits::{MAX_FIELDS, MAX_SUBTYPING_DEPTH, MAX_TYPES};
use crate::validate::sort::heapsort;
use core::cmp::Ordering;

/// What a type describes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Kind {
    Func,
    Struct,
    Array,
}

/// Fields are packed integers of one or two bytes, or values.
#[cfg_attr(not(feature = "gc"), allow(dead_code))]
pub(crate) const I8: Code = 0x78;
#[cfg_attr(not(feature = "gc"), allow(dead_code))]
pub(crate) const I16: Code = 0x77;
/// In the code of a field: it can be changed.
pub(crate) const MUTABLE: Code = 1 << 10;

/// Slots that a field takes; one that is packed takes a whole one.
pub(crate) fn field_slots(code: Code) -> u32 {
    const I64: Code = ValType::I64.code();
    const F64: Code = ValType::F64.code();
    match code & !MUTABLE {
        I64 | F64 => 2,
        #[cfg(feature = "simd")]
        V128 => 4,
        _ => 1,
    }
}

#[cfg(feature = "simd")]
const V128: Code = ValType::V128.code();

/// No supertype.
const NONE: u32 = u32::MAX;

/// A definition of a type.
#[derive(Clone, Copy)]
pub(crate) struct Def {
    pub(crate) kind: Kind,
    is_final: bool,
    /// Supertypes above it.
    depth: u8,
    /// Whether every field has a default value.
    #[cfg_attr(not(feature = "gc"), allow(dead_code))]
    pub(crate) is_defaultable: bool,
    /// Slots that the fields take; 0 for functions.
    #[cfg_attr(not(feature = "gc"), allow(dead_code))]
    pub(crate) slots: u32,
    /// The direct supertype, and another one above it.
    parent: u32,
    jump: u32,
    canonical: u32,
    /// Its codes: of parameters and results, or of fields.
    pub(crate) first: u32,
    pub(crate) params: u16,
    pub(crate) results: u16,
}

impl Def {
    /// The first type that is equal to it.
    pub(crate) fn canonical(&self) -> u32 {
        self.canonical
    }
}

/// A recursion group.
#[derive(Clone, Copy)]
struct Group {
    first: u32,
    len: u32,
}

/// The types of a module or of a store.
pub(crate) struct TypeTable {
    pub(crate) defs: TryVec<Def>,
    pub(crate) codes: TryVec<Code>,
    /// For the code of a field, slots of those before it.
    #[cfg(feature = "gc")]
    pub(crate) offsets: TryVec<u16>,
    groups: TryVec<Group>,
    /// Numbers of the groups that are not equal to an earlier one, in sorted runs.
    order: TryVec<u32>,
}

impl TypeTable {
    pub(crate) const fn new() -> TypeTable {
        TypeTable {
            defs: TryVec::new(),
            codes: TryVec::new(),
            #[cfg(feature = "gc")]
            offsets: TryVec::new(),
            groups: TryVec::new(),
            order: TryVec::new(),
        }
    }

    /// Bytes of RAM that it takes.
    pub(crate) fn ram(&self) -> usize {
        size_of_val(&self.defs[..])
            + size_of_val(&self.codes[..])
            + size_of_val(&self.groups[..])
            + size_of_val(&self.order[..])
    }

    pub(crate) fn def(&self, index: u32) -> Option<&Def> {
        self.defs.get(index as usize)
    }

    /// The canonical type of a type.
    #[inline]
    pub(crate) fn canonical(&self, index: u32) -> u32 {
        self.def(index).map_or(index, |def| def.canonical)
    }

    /// Codes of parameters and results, or of fields and nothing.
    pub(crate) fn lists(&self, def: &Def) -> (&[Code], &[Code]) {
        let (first, params) = (def.first as usize, def.params as usize);
        let all = self.codes.get(first..first + params + def.results as usize).unwrap_or(&[]);
        all.split_at_checked(params).unwrap_or((&[], &[]))
    }

    /// The fields of a structure.
    #[cfg(feature = "gc")]
    pub(crate) fn fields(&self, def: &Def) -> &[Code] {
        let rest = self.codes.get(def.first as usize..).unwrap_or(&[]);
        rest.get(..def.params as usize).unwrap_or(&[])
    }

    /// What an array has as elements.
    #[cfg(feature = "gc")]
    pub(crate) fn element(&self, def: &Def) -> Code {
        self.codes.get(def.first as usize).copied().unwrap_or(I8)
    }

    // --- subtyping ---

    /// Whether a type is another one or below it.
    pub(crate) fn is_subtype(&self, sub: u32, of: u32) -> bool {
        let (mut at, of) = (self.canonical(sub), self.canonical(of));
        let Some(wanted) = self.def(of).map(|def| def.depth) else { return false };
        while at != of {
            let Some(def) = self.def(at).filter(|def| def.depth > wanted) else { return false };
            let jump = self.def(def.jump).is_some_and(|target| target.depth >= wanted);
            at = if jump { def.jump } else { def.parent };
        }
        true
    }

    /// The heap type above all others of its hierarchy.
    pub(crate) fn top(&self, code: Code) -> Code {
        match index_of(code) {
            Some(index) => match self.def(index).map(|def| def.kind) {
                Some(Kind::Func) => heap::FUNC,
                _ => heap::ANY,
            },
            None => match code {
                heap::FUNC | heap::NO_FUNC => heap::FUNC,
                heap::EXTERN | heap::NO_EXTERN => heap::EXTERN,
                heap::EXN | heap::NO_EXN => heap::EXN,
                _ => heap::ANY,
            },
        }
    }

    /// Whether a heap type is another one or below it (spec: 3.3.4).
    fn is_heap_subtype(&self, sub: Code, of: Code) -> bool {
        if sub == of {
            return true;
        }
        match (index_of(sub), index_of(of)) {
            (Some(sub), Some(of)) => self.is_subtype(sub, of),
            (Some(sub), None) => match self.def(sub).map(|def| def.kind) {
                Some(Kind::Func) => of == heap::FUNC,
                Some(Kind::Struct) => matches!(of, heap::STRUCT | heap::EQ | heap::ANY),
                Some(Kind::Array) => matches!(of, heap::ARRAY | heap::EQ | heap::ANY),
                None => false,
            },
            (None, Some(of)) => match self.def(of).map(|def| def.kind) {
                Some(Kind::Func) => sub == heap::NO_FUNC,
                Some(_) => sub == heap::NONE,
                None => false,
            },
            (None, None) => match sub {
                heap::NO_FUNC => of == heap::FUNC,
                heap::NO_EXTERN => of == heap::EXTERN,
                heap::NO_EXN => of == heap::EXN,
                heap::NONE => {
                    matches!(of, heap::ANY | heap::EQ | heap::I31 | heap::STRUCT | heap::ARRAY)
                }
                heap::I31 | heap::STRUCT | heap::ARRAY => matches!(of, heap::EQ | heap::ANY),
                heap::EQ => of == heap::ANY,
                _ => false,
            },
        }
    }

    /// Whether each value of one type is one of the other (spec: 3.3.3).
    pub(crate) fn is_sub(&self, sub: Code, of: Code) -> bool {
        if sub == of {
            return true;
        }
        if !is_ref(sub) || !is_ref(of) {
            return false;
        }
        if heap_of(sub) == BOTTOM {
            return true;
        }
        (sub & NON_NULL != 0 || of & NON_NULL == 0)
            && self.is_heap_subtype(heap_of(sub), heap_of(of))
    }

    /// Whether that holds for each pair of two lists.
    pub(crate) fn are_subs(&self, sub: &[Code], of: &[Code]) -> bool {
        sub == of
            || sub.len() == of.len() && sub.iter().zip(of).all(|(&sub, &of)| self.is_sub(sub, of))
    }

    /// Whether two codes are the same type.
    fn is_same(&self, a: Code, b: Code) -> bool {
        self.is_sub(a, b) && self.is_sub(b, a)
    }

    /// Whether the definition of a type fits that of its supertype (spec: 3.3.6 to 3.3.10).
    fn extends(&self, sub: &Def, of: &Def) -> bool {
        if sub.kind != of.kind {
            return false;
        }
        let ((params, results), (of_params, of_results)) = (self.lists(sub), self.lists(of));
        if sub.kind == Kind::Func {
            return self.are_subs(of_params, params) && self.are_subs(results, of_results);
        }
        params.len() >= of_params.len()
            && (sub.kind == Kind::Struct || params.len() == of_params.len())
            && params.iter().zip(of_params).all(|(&field, &of)| {
                let (bare, of_bare) = (field & !MUTABLE, of & !MUTABLE);
                field & MUTABLE == of & MUTABLE
                    && if field & MUTABLE != 0 {
                        self.is_same(bare, of_bare)
                    } else {
                        self.is_sub(bare, of_bare)
                    }
            })
    }

    // --- equality ---

    /// An index as it is compared: by the position in the group, or by the canonical type.
    fn key(&self, group: &Group, index: u32) -> (bool, u32) {
        match index.checked_sub(group.first) {
            Some(own) if own < group.len => (true, own),
            _ if index == NONE => (false, NONE),
            _ => (false, self.canonical(index)),
        }
    }

    fn compare_codes(&self, a: (&Group, Code), b: (&Group, Code)) -> Ordering {
        let low = |code: Code| code & 0xffff;
        low(a.1).cmp(&low(b.1)).then_with(|| match (index_of(a.1), index_of(b.1)) {
            (Some(x), Some(y)) => self.key(a.0, x).cmp(&self.key(b.0, y)),
            _ => a.1.cmp(&b.1),
        })
    }

    /// The order of two groups; equal ones are the same types.
    fn compare(&self, a: &Group, b: &Group) -> Ordering {
        let mut order = a.len.cmp(&b.len);
        for at in 0..a.len {
            if order != Ordering::Equal {
                break;
            }
            let (Some(x), Some(y)) = (self.def(a.first + at), self.def(b.first + at)) else {
                break;
            };
            let head = |def: &Def| (def.kind, def.is_final, def.params, def.results);
            order = head(x).cmp(&head(y));
            order = order.then_with(|| self.key(a, x.parent).cmp(&self.key(b, y.parent)));
            let codes = |def: &Def| {
                let first = def.first as usize;
                let count = def.params as usize + def.results as usize;
                self.codes.get(first..first + count).unwrap_or(&[])
            };
            for (&left, &right) in codes(x).iter().zip(codes(y)) {
                if order != Ordering::Equal {
                    break;
                }
                order = self.compare_codes((a, left), (b, right));
            }
        }
        order
    }

    /// The first type of an earlier group that is equal.
    fn find(&self, group: &Group) -> Option<u32> {
        let mut start = 0;
        for bit in (0..usize::BITS).rev() {
            let len = self.order.len() & (1 << bit);
            let run = self.order.get(start..start + len)?;
            let at = |number: &u32| self.groups.get(*number as usize);
            let found = run.binary_search_by(|number| {
                at(number).map_or(Ordering::Less, |other| self.compare(other, group))
            });
            if let Ok(found) = found {
                return run.get(found).and_then(at).map(|other| other.first);
            }
            start += len;
        }
        None
    }

    /// Makes the last definitions, from this one on, a group. Returns the first type of an earlier
    /// group that is equal.
    fn close(&mut self, first: u32) -> Parsed<Option<u32>> {
        let group = Group { first, len: self.defs.len() as u32 - first };
        let equal = self.find(&group);
        self.groups.push(group)?;
        if equal.is_none() {
            self.order.push(self.groups.len() as u32 - 1)?;
        }
        for at in 0..group.len {
            let index = first + at;
            let parent = match self.def(index) {
                Some(def) if def.parent != NONE && equal.is_none() => self.canonical(def.parent),
                _ => NONE,
            };
            let (depth, jump) = self.below(parent)?;
            if let Some(def) = self.defs.get_mut(index as usize) {
                def.canonical = equal.map_or(index, |equal| equal + at);
                if equal.is_none() {
                    (def.parent, def.depth, def.jump) = (parent, depth, jump);
                }
            }
        }
        if equal.is_none() {
            // The last runs become one.
            let count = self.order.len();
            let len = 1usize << count.trailing_zeros();
            let mut order = core::mem::take(&mut self.order);
            if let Some(run) = order.get_mut(count - len..) {
                let group = |number: u32| self.groups.get(number as usize);
                heapsort(run, &|a, b| match (group(a), group(b)) {
                    (Some(a), Some(b)) => self.compare(a, b) == Ordering::Less,
                    _ => false,
                });
            }
            self.order = order;
        }
        Ok(equal)
    }

    /// The depth of a type below this supertype, and the supertype that it knows beside that one.
    fn below(&self, parent: u32) -> Parsed<(u8, u32)> {
        let Some(above) = self.def(parent) else { return Ok((0, NONE)) };
        if above.depth as u32 >= MAX_SUBTYPING_DEPTH {
            return Err(ErrorKind::TooLarge);
        }
        let depth = |index: u32| self.def(index).map_or(0, |def| def.depth);
        let second = self.def(above.jump).map_or(NONE, |def| def.jump);
        let even =
            second != NONE && above.depth - depth(above.jump) == depth(above.jump) - depth(second);
        Ok((above.depth + 1, if even { second } else { parent }))
    }

    // --- the type section ---

    /// Reads a recursion group, or a type that is one.
    pub(crate) fn read_group(&mut self, reader: &mut Reader) -> Parsed<()> {
        let first = self.defs.len() as u32;
        let mut count = 1;
        if cfg!(feature = "gc") && reader.peek() == Some(0x4e) {
            reader.byte()?;
            let at = reader.pos();
            count = reader.count()?;
            if count > MAX_TYPES - first {
                return reader.refuse_at(at, ErrorKind::TooLarge);
            }
        }
        // Types of the group may name each other.
        reader.types = first + count;
        for _ in 0..count {
            self.read_type(reader)?;
        }
        // Definitions as they are written: closing a group replaces supertypes by canonical ones.
        let equal = self.close(first)?;
        if equal.is_some() {
            return Ok(());
        }
        for def in self.defs.get(first as usize..).unwrap_or(&[]) {
            if let Some(parent) = self.def(def.parent) {
                if parent.is_final || !self.extends(def, parent) {
                    return Err(ErrorKind::SubType);
                }
            }
        }
        Ok(())
    }

    fn read_type(&mut self, reader: &mut Reader) -> Parsed<()> {
        let index = self.defs.len() as u32;
        let mut is_final = true;
        let mut parent = NONE;
        if let Some(form @ (0x4f | 0x50)) = reader.peek().filter(|_| cfg!(feature = "gc")) {
            reader.byte()?;
            is_final = form == 0x4f;
            let at = reader.pos();
            match reader.count()? {
                0 => {}
                1 => {
                    parent = reader.u32()?;
                    // Supertypes come first, so that there is no cycle.
                    if parent >= index {
                        return reader.refuse_at(at, ErrorKind::UnknownType);
                    }
                }
                _ => return reader.refuse_at(at, ErrorKind::SubType),
            }
        }
        let at = reader.pos();
        let mut first = self.codes.len() as u32;
        let params;
        let mut results = 0;
        let kind = match reader.byte()? {
            0x60 => {
                if cfg!(feature = "capi") {
                    // The numbers of parameters and results: where the C API has them.
                    self.push_code(0, 0)?;
                    self.push_code(0, 0)?;
                    first += 2;
                }
                params = self.read_codes(reader, crate::limits::MAX_PARAMS)?;
                results = self.read_codes(reader, crate::limits::MAX_RESULTS)?;
                if let Some([.., a, b]) = self.codes.get_mut(..first as usize) {
                    if cfg!(feature = "capi") {
                        (*a, *b) = ((params as Code) << 16, (results as Code) << 16);
                    }
                }
                Kind::Func
            }
            0x5f if cfg!(feature = "gc") => {
                let count = reader.count()?;
                if count > MAX_FIELDS {
                    return reader.refuse_at(at, ErrorKind::TooLarge);
                }
                let mut offset = 0;
                for _ in 0..count {
                    offset += self.read_field(reader, offset)?;
                }
                params = count as u16;
                Kind::Struct
            }
            0x5e if cfg!(feature = "gc") => {
                self.read_field(reader, 0)?;
                params = 1;
                Kind::Array
            }
            // Custom descriptors, and GC where it is not built.
            0x4c..=0x50 | 0x5e | 0x5f => return reader.refuse_at(at, ErrorKind::Unsupported),
            _ => return reader.refuse_at(at, ErrorKind::BadTypeForm),
        };
        let fields = self.codes.get(first as usize..).unwrap_or(&[]);
        let is_defaultable = fields.iter().all(|&code| {
            let ty = ValType::from_code(code & !MUTABLE);
            ty.is_none_or(ValType::is_defaultable)
        });
        let slots = match kind {
            Kind::Func => 0,
            _ => fields.iter().map(|&code| field_slots(code)).sum(),
        };
        let jump = NONE;
        let canonical = index;
        self.defs.push(Def {
            kind,
            is_final,
            depth: 0,
            is_defaultable,
            slots,
            parent,
            jump,
            canonical,
            first,
            params,
            results,
        })?;
        Ok(())
    }

    fn read_codes(&mut self, reader: &mut Reader, most: u32) -> Parsed<u16> {
        let at = reader.pos();
        let count = reader.count()?;
        if count > most {
            return reader.refuse_at(at, ErrorKind::TooLarge);
        }
        for _ in 0..count {
            let ty = ValType::read(reader)?;
            self.push_code(ty.code(), 0)?;
        }
        Ok(count as u16)
    }

    /// Reads a field with so many slots before it; returns its own.
    fn read_field(&mut self, reader: &mut Reader, offset: u32) -> Parsed<u32> {
        let code = match reader.peek() {
            Some(packed @ 0x77..=0x78) => {
                reader.byte()?;
                packed as Code
            }
            _ => ValType::read(reader)?.code(),
        };
        let mutable = match reader.byte()? {
            0 => 0,
            1 => MUTABLE,
            _ => return Err(ErrorKind::BadMutability),
        };
        self.push_code(code | mutable, offset)?;
        Ok(field_slots(code))
    }

    fn push_code(&mut self, code: Code, _offset: u32) -> Parsed<()> {
        #[cfg(feature = "gc")]
        self.offsets.push(_offset as u16)?;
        Ok(self.codes.push(code)?)
    }

    /// Marks what is the type of a function, once all types are known.
    pub(crate) fn complete(&mut self) {
        for code in self.codes.iter_mut() {
            let def = index_of(*code).and_then(|index| self.defs.get(index as usize));
            if def.is_some_and(|def| def.kind == Kind::Func) {
                *code |= FUNCTION;
            }
        }
    }

    // --- the types of a store ---

    /// Adds the types of a module; returns for each the type here that is equal. What was added
    /// stays if the embedder is told that it failed.
    pub(crate) fn adopt(&mut self, module: &TypeTable) -> Parsed<TryVec<u32>> {
        let mut map: TryVec<u32> = TryVec::with_capacity(module.defs.len())?;
        for group in module.groups.iter() {
            let (first, codes) = (self.defs.len() as u32, self.codes.len());
            let groups = self.groups.len();
            if first + group.len > MAX_TYPES {
                return Err(ErrorKind::TooLarge);
            }
            let equal = self.adopt_group(module, group, &mut map, first);
            let equal = match equal {
                Ok(None) => None,
                // The same types are here, or not all of them are: nothing refers to these.
                other => {
                    self.defs.truncate(first as usize);
                    self.codes.truncate(codes);
                    #[cfg(feature = "gc")]
                    self.offsets.truncate(codes);
                    self.groups.truncate(groups);
                    other?
                }
            };
            if let Some(equal) = equal {
                for at in 0..group.len {
                    let place = map.get_mut((group.first + at) as usize);
                    place.into_iter().for_each(|place| *place = equal + at);
                }
            }
        }
        Ok(map)
    }

    /// The type of functions with these parameters and results, which name no type of a module.
    pub(crate) fn adopt_func(&mut self, params: &[Code], results: &[Code]) -> Parsed<u32> {
        let mut module = TypeTable::new();
        module.codes.append(params)?;
        module.codes.append(results)?;
        module.defs.push(Def {
            kind: Kind::Func,
            is_final: true,
            depth: 0,
            is_defaultable: true,
            slots: 0,
            parent: NONE,
            jump: NONE,
            canonical: 0,
            first: 0,
            params: params.len() as u16,
            results: results.len() as u16,
        })?;
        module.close(0)?;
        Ok(self.adopt(&module)?.first().copied().unwrap_or(0))
    }

    fn adopt_group(
        &mut self,
        module: &TypeTable,
        group: &Group,
        map: &mut TryVec<u32>,
        first: u32,
    ) -> Parsed<Option<u32>> {
        for at in 0..group.len {
            map.push(first + at)?;
        }
        let here = |index: u32| map.get(index as usize).copied().unwrap_or(NONE);
        for at in 0..group.len {
            let Some(def) = module.def(group.first + at) else { break };
            let start = self.codes.len() as u32;
            let (params, results) = module.lists(def);
            for &code in params.iter().chain(results) {
                let code = match index_of(code) {
                    Some(index) => code & 0xffff | concrete(here(index)),
                    None => code,
                };
                // Instances know where the fields of their own types are.
                self.push_code(code, 0)?;
            }
            let parent = if def.parent == NONE { NONE } else { here(def.parent) };
            let canonical = first + at;
            self.defs.push(Def { first: start, parent, canonical, ..*def })?;
        }
        self.close(first)
    }
}

/// A table that is complete, and what shares it.
#[derive(Clone)]
pub(crate) struct Types(TryArc<TypeTable>);

impl Types {
    pub(crate) fn new() -> Result<Types, OutOfMemory> {
        Ok(Types(TryArc::new(TypeTable::new())?))
    }

    pub(crate) fn from_table(table: TypeTable) -> Result<Types, OutOfMemory> {
        Ok(Types(TryArc::new(table)?))
    }

    pub(crate) fn table(&self) -> &TypeTable {
        &self.0
    }

    /// Bytes of RAM that it takes.
    pub(crate) fn ram(&self) -> usize {
        self.0.ram()
    }

    /// Whether a value of one type is one of another that differs.
    pub(crate) fn is_sub(&self, sub: Code, of: Code) -> bool {
        self.0.is_sub(sub, of)
    }

    /// Whether values of some types are values of others.
    pub(crate) fn are_subs(&self, sub: &[Code], of: &[Code]) -> bool {
        self.0.are_subs(sub, of)
    }
}
