//! Types: of values, functions, globals, tables and memories, and of imports and exports.
//!
//! Types of values are constants, so they take no memory and cannot fail. The other types begin
//! with their kind, so that a pointer to one is a pointer to a `wasm_externtype_t`.

use crate::vector::{self, wasm_byte_vec_t, wasm_valtype_vec_t, Vector};
use core::ptr::{null, null_mut};
use zonda::{
    ExternType, FuncType, GlobalType, IndexType, Limits, MemoryType, Sharing, TableType, TryBox,
    ValType,
};

/// The kind of a value.
pub type wasm_valkind_t = u8;
pub const WASM_I32: wasm_valkind_t = 0;
pub const WASM_I64: wasm_valkind_t = 1;
pub const WASM_F32: wasm_valkind_t = 2;
pub const WASM_F64: wasm_valkind_t = 3;
pub const WASM_V128: wasm_valkind_t = 4;
pub const WASM_EXTERNREF: wasm_valkind_t = 128;
pub const WASM_FUNCREF: wasm_valkind_t = 129;

/// The kind of something that is imported or exported.
pub type wasm_externkind_t = u8;
pub const WASM_EXTERN_FUNC: wasm_externkind_t = 0;
pub const WASM_EXTERN_GLOBAL: wasm_externkind_t = 1;
pub const WASM_EXTERN_TABLE: wasm_externkind_t = 2;
pub const WASM_EXTERN_MEMORY: wasm_externkind_t = 3;

/// Whether a global can change: 0 for no.
pub type wasm_mutability_t = u8;

/// A maximum that is none.
const NO_MAXIMUM: u32 = u32::MAX;

/// Minimum and maximum size.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct wasm_limits_t {
    pub min: u32,
    pub max: u32,
}

impl From<Limits> for wasm_limits_t {
    fn from(limits: Limits) -> wasm_limits_t {
        wasm_limits_t { min: limits.min, max: limits.max.unwrap_or(NO_MAXIMUM) }
    }
}

impl wasm_limits_t {
    fn limits(self) -> Limits {
        Limits { min: self.min, max: (self.max != NO_MAXIMUM).then_some(self.max) }
    }
}

/// The type of a value.
#[repr(C)]
pub struct wasm_valtype_t {
    kind: wasm_valkind_t,
}

static VALUE_TYPES: [wasm_valtype_t; 7] = [
    wasm_valtype_t { kind: WASM_I32 },
    wasm_valtype_t { kind: WASM_I64 },
    wasm_valtype_t { kind: WASM_F32 },
    wasm_valtype_t { kind: WASM_F64 },
    wasm_valtype_t { kind: WASM_V128 },
    wasm_valtype_t { kind: WASM_EXTERNREF },
    wasm_valtype_t { kind: WASM_FUNCREF },
];

#[no_mangle]
pub extern "C" fn wasm_valtype_new(kind: wasm_valkind_t) -> *mut wasm_valtype_t {
    match VALUE_TYPES.iter().find(|ty| ty.kind == kind) {
        Some(ty) => (&raw const *ty).cast_mut(),
        None => null_mut(),
    }
}

#[no_mangle]
pub extern "C" fn wasm_valtype_delete(_ty: *mut wasm_valtype_t) {}

#[no_mangle]
pub extern "C" fn wasm_valtype_copy(ty: *const wasm_valtype_t) -> *mut wasm_valtype_t {
    ty.cast_mut()
}

#[no_mangle]
pub unsafe extern "C" fn wasm_valtype_kind(ty: *const wasm_valtype_t) -> wasm_valkind_t {
    // SAFETY: null or one of `VALUE_TYPES`.
    unsafe { ty.as_ref() }.map_or(WASM_EXTERNREF, |ty| ty.kind)
}

// In a build with vectors there is one type more; in one with exceptions another, which the header
// does not have.
#[allow(unreachable_patterns)]
pub(crate) fn kind_of(ty: ValType) -> wasm_valkind_t {
    match ty {
        ValType::I32 => WASM_I32,
        ValType::I64 => WASM_I64,
        ValType::F32 => WASM_F32,
        ValType::F64 => WASM_F64,
        ValType::FuncRef => WASM_FUNCREF,
        ValType::ExternRef => WASM_EXTERNREF,
        ty if ty.is_ref() => WASM_EXTERNREF,
        _ => WASM_V128,
    }
}

fn value_type(ty: ValType) -> *mut wasm_valtype_t {
    wasm_valtype_new(kind_of(ty))
}

/// The runtime's type of values; none for `v128`, null and what is no type.
///
/// # Safety
/// `ty` is null or a type of a value.
unsafe fn val_type(ty: *const wasm_valtype_t) -> Option<ValType> {
    // SAFETY: the contract.
    match unsafe { ty.as_ref() }?.kind {
        WASM_I32 => Some(ValType::I32),
        WASM_I64 => Some(ValType::I64),
        WASM_F32 => Some(ValType::F32),
        WASM_F64 => Some(ValType::F64),
        WASM_FUNCREF => Some(ValType::FuncRef),
        WASM_EXTERNREF => Some(ValType::ExternRef),
        _ => None,
    }
}

/// What the types of functions, globals, tables and memories begin with.
#[repr(C)]
pub struct wasm_externtype_t {
    kind: wasm_externkind_t,
}

#[repr(C)]
pub struct wasm_functype_t {
    kind: wasm_externkind_t,
    params: wasm_valtype_vec_t,
    results: wasm_valtype_vec_t,
}

#[repr(C)]
pub struct wasm_globaltype_t {
    kind: wasm_externkind_t,
    mutability: wasm_mutability_t,
    content: *mut wasm_valtype_t,
}

#[repr(C)]
pub struct wasm_tabletype_t {
    kind: wasm_externkind_t,
    element: *mut wasm_valtype_t,
    limits: wasm_limits_t,
}

#[repr(C)]
pub struct wasm_memorytype_t {
    kind: wasm_externkind_t,
    limits: wasm_limits_t,
}

/// Moves a value into memory of its own; null where there is none.
pub(crate) fn hand_out<T>(value: T) -> *mut T {
    TryBox::new(value).map_or(null_mut(), TryBox::into_raw)
}

/// Takes back what [`hand_out`] has returned, and drops it.
///
/// # Safety
/// `at` is null or comes from [`hand_out`], and nobody uses it afterwards.
pub(crate) unsafe fn take_back<T>(at: *mut T) {
    if !at.is_null() {
        // SAFETY: not null, so it comes from `hand_out`, which has made a box.
        drop(unsafe { TryBox::from_raw(at) });
    }
}

impl Drop for wasm_functype_t {
    fn drop(&mut self) {
        // SAFETY: the vectors are the type's own.
        unsafe {
            vector::delete(&raw mut self.params);
            vector::delete(&raw mut self.results);
        }
    }
}

/// Moves a vector out of its place, which is null or one.
///
/// # Safety
/// `from` is null or a vector.
unsafe fn moved<T>(from: *mut Vector<T>) -> Vector<T> {
    // SAFETY: the contract.
    match unsafe { from.as_mut() } {
        Some(from) => core::mem::replace(from, Vector::EMPTY),
        None => Vector::EMPTY,
    }
}

/// Whether all elements are types.
fn complete(types: &wasm_valtype_vec_t) -> bool {
    // SAFETY: a vector of the header, which nobody changes meanwhile.
    unsafe { types.as_slice() }.iter().all(|ty| !ty.is_null())
}

#[no_mangle]
pub unsafe extern "C" fn wasm_functype_new(
    params: *mut wasm_valtype_vec_t,
    results: *mut wasm_valtype_vec_t,
) -> *mut wasm_functype_t {
    // SAFETY: null or vectors, which the type owns from now on.
    let (params, results) = unsafe { (moved(params), moved(results)) };
    let ty = wasm_functype_t { kind: WASM_EXTERN_FUNC, params, results };
    if !complete(&ty.params) || !complete(&ty.results) {
        return null_mut();
    }
    hand_out(ty)
}

#[no_mangle]
pub unsafe extern "C" fn wasm_functype_delete(ty: *mut wasm_functype_t) {
    // SAFETY: null or made by `wasm_functype_new`.
    unsafe { take_back(ty) }
}

#[no_mangle]
pub unsafe extern "C" fn wasm_functype_copy(ty: *const wasm_functype_t) -> *mut wasm_functype_t {
    // SAFETY: null or a type, whose vectors are live.
    unsafe {
        let Some(ty) = ty.as_ref() else { return null_mut() };
        let mut copy = wasm_functype_t {
            kind: WASM_EXTERN_FUNC,
            params: Vector::EMPTY,
            results: Vector::EMPTY,
        };
        if !vector::copy(&raw mut copy.params, &ty.params)
            || !vector::copy(&raw mut copy.results, &ty.results)
        {
            return null_mut();
        }
        hand_out(copy)
    }
}

#[no_mangle]
pub unsafe extern "C" fn wasm_functype_params(
    ty: *const wasm_functype_t,
) -> *const wasm_valtype_vec_t {
    // SAFETY: null or a type.
    unsafe { ty.as_ref() }.map_or(null(), |ty| &raw const ty.params)
}

#[no_mangle]
pub unsafe extern "C" fn wasm_functype_results(
    ty: *const wasm_functype_t,
) -> *const wasm_valtype_vec_t {
    // SAFETY: null or a type.
    unsafe { ty.as_ref() }.map_or(null(), |ty| &raw const ty.results)
}

/// Makes a vector of types of values.
fn value_types(
    out: &mut wasm_valtype_vec_t,
    types: impl ExactSizeIterator<Item = ValType>,
) -> bool {
    // SAFETY: `out` is a place for a vector, then a vector.
    unsafe {
        if !vector::make(&raw mut *out, types.len(), null()) {
            return false;
        }
        for ty in types {
            vector::push(&raw mut *out, value_type(ty));
        }
    }
    true
}

/// The header's type of a function.
pub(crate) fn func_type(ty: FuncType<'_>) -> *mut wasm_functype_t {
    let mut made =
        wasm_functype_t { kind: WASM_EXTERN_FUNC, params: Vector::EMPTY, results: Vector::EMPTY };
    if !value_types(&mut made.params, ty.params()) || !value_types(&mut made.results, ty.results())
    {
        return null_mut();
    }
    hand_out(made)
}

impl wasm_functype_t {
    /// The runtime's types of the parameters and the results; none where one is not supported.
    pub(crate) fn val_types<'b>(
        &self,
        buffer: &'b mut [ValType; MOST_TYPES],
    ) -> Option<(&'b [ValType], &'b [ValType])> {
        // SAFETY: the vectors are the type's own, and complete.
        let (params, results) = unsafe { (self.params.as_slice(), self.results.as_slice()) };
        if params.len() + results.len() > MOST_TYPES {
            return None;
        }
        for (place, &ty) in buffer.iter_mut().zip(params.iter().chain(results)) {
            // SAFETY: as above.
            *place = unsafe { val_type(ty) }?;
        }
        let (params, rest) = buffer.split_at_checked(params.len())?;
        Some((params, rest.get(..results.len())?))
    }
}

/// As many types as a host function can have.
pub const MOST_TYPES: usize = 32;

#[no_mangle]
pub unsafe extern "C" fn wasm_globaltype_new(
    content: *mut wasm_valtype_t,
    mutability: wasm_mutability_t,
) -> *mut wasm_globaltype_t {
    if content.is_null() {
        return null_mut();
    }
    hand_out(wasm_globaltype_t { kind: WASM_EXTERN_GLOBAL, mutability, content })
}

#[no_mangle]
pub unsafe extern "C" fn wasm_globaltype_delete(ty: *mut wasm_globaltype_t) {
    // SAFETY: null or made by `wasm_globaltype_new`.
    unsafe { take_back(ty) }
}

#[no_mangle]
pub unsafe extern "C" fn wasm_globaltype_copy(
    ty: *const wasm_globaltype_t,
) -> *mut wasm_globaltype_t {
    // SAFETY: null or a type.
    let Some(ty) = (unsafe { ty.as_ref() }) else { return null_mut() };
    hand_out(wasm_globaltype_t { ..*ty })
}

#[no_mangle]
pub unsafe extern "C" fn wasm_globaltype_content(
    ty: *const wasm_globaltype_t,
) -> *const wasm_valtype_t {
    // SAFETY: null or a type.
    unsafe { ty.as_ref() }.map_or(null(), |ty| ty.content)
}

#[no_mangle]
pub unsafe extern "C" fn wasm_globaltype_mutability(
    ty: *const wasm_globaltype_t,
) -> wasm_mutability_t {
    // SAFETY: null or a type.
    unsafe { ty.as_ref() }.map_or(0, |ty| ty.mutability)
}

/// The header's type of a global.
pub(crate) fn global_type(ty: GlobalType) -> *mut wasm_globaltype_t {
    let content = value_type(ty.content);
    hand_out(wasm_globaltype_t { kind: WASM_EXTERN_GLOBAL, mutability: ty.mutable as u8, content })
}

impl wasm_globaltype_t {
    /// The runtime's type; none where the content is not supported.
    pub(crate) fn ty(&self) -> Option<GlobalType> {
        // SAFETY: the content is a type.
        let content = unsafe { val_type(self.content) }?;
        Some(GlobalType { content, mutable: self.mutability != 0 })
    }
}

#[no_mangle]
pub unsafe extern "C" fn wasm_tabletype_new(
    element: *mut wasm_valtype_t,
    limits: *const wasm_limits_t,
) -> *mut wasm_tabletype_t {
    // SAFETY: null or limits.
    match unsafe { limits.as_ref() } {
        Some(&limits) if !element.is_null() => {
            hand_out(wasm_tabletype_t { kind: WASM_EXTERN_TABLE, element, limits })
        }
        _ => null_mut(),
    }
}

#[no_mangle]
pub unsafe extern "C" fn wasm_tabletype_delete(ty: *mut wasm_tabletype_t) {
    // SAFETY: null or made by `wasm_tabletype_new`.
    unsafe { take_back(ty) }
}

#[no_mangle]
pub unsafe extern "C" fn wasm_tabletype_copy(ty: *const wasm_tabletype_t) -> *mut wasm_tabletype_t {
    // SAFETY: null or a type.
    let Some(ty) = (unsafe { ty.as_ref() }) else { return null_mut() };
    hand_out(wasm_tabletype_t { ..*ty })
}

#[no_mangle]
pub unsafe extern "C" fn wasm_tabletype_element(
    ty: *const wasm_tabletype_t,
) -> *const wasm_valtype_t {
    // SAFETY: null or a type.
    unsafe { ty.as_ref() }.map_or(null(), |ty| ty.element)
}

#[no_mangle]
pub unsafe extern "C" fn wasm_tabletype_limits(
    ty: *const wasm_tabletype_t,
) -> *const wasm_limits_t {
    // SAFETY: null or a type.
    unsafe { ty.as_ref() }.map_or(null(), |ty| &raw const ty.limits)
}

/// The header's type of a table.
pub(crate) fn table_type(ty: TableType) -> *mut wasm_tabletype_t {
    let element = value_type(ty.element);
    hand_out(wasm_tabletype_t { kind: WASM_EXTERN_TABLE, element, limits: ty.limits.into() })
}

impl wasm_tabletype_t {
    /// The runtime's type; none where the element is no reference, or the maximum is below the
    /// minimum.
    pub(crate) fn ty(&self) -> Option<TableType> {
        // SAFETY: the element is a type.
        let element = unsafe { val_type(self.element) }?;
        let is_reference = matches!(element, ValType::FuncRef | ValType::ExternRef);
        (is_reference && self.limits.max >= self.limits.min).then(|| TableType {
            element,
            limits: self.limits.limits(),
            index: IndexType::I32,
        })
    }
}

#[no_mangle]
pub unsafe extern "C" fn wasm_memorytype_new(
    limits: *const wasm_limits_t,
) -> *mut wasm_memorytype_t {
    // SAFETY: null or limits.
    match unsafe { limits.as_ref() } {
        Some(&limits) => hand_out(wasm_memorytype_t { kind: WASM_EXTERN_MEMORY, limits }),
        None => null_mut(),
    }
}

#[no_mangle]
pub unsafe extern "C" fn wasm_memorytype_delete(ty: *mut wasm_memorytype_t) {
    // SAFETY: null or made by `wasm_memorytype_new`.
    unsafe { take_back(ty) }
}

#[no_mangle]
pub unsafe extern "C" fn wasm_memorytype_copy(
    ty: *const wasm_memorytype_t,
) -> *mut wasm_memorytype_t {
    // SAFETY: null or a type.
    let Some(ty) = (unsafe { ty.as_ref() }) else { return null_mut() };
    hand_out(wasm_memorytype_t { ..*ty })
}

#[no_mangle]
pub unsafe extern "C" fn wasm_memorytype_limits(
    ty: *const wasm_memorytype_t,
) -> *const wasm_limits_t {
    // SAFETY: null or a type.
    unsafe { ty.as_ref() }.map_or(null(), |ty| &raw const ty.limits)
}

/// log2 of the page size that the header assumes.
const PAGE_SHIFT: u8 = 16;
/// Pages of a memory of 4 GiB.
const MOST_PAGES: u32 = 0x1_0000;

/// The header's type of a memory.
pub(crate) fn memory_type(ty: MemoryType) -> *mut wasm_memorytype_t {
    let mut limits: wasm_limits_t = ty.limits.into();
    if ty.page_shift == PAGE_SHIFT {
        // As WAMR reports a memory without a maximum.
        limits.max = limits.max.min(MOST_PAGES);
    }
    hand_out(wasm_memorytype_t { kind: WASM_EXTERN_MEMORY, limits })
}

impl wasm_memorytype_t {
    /// The runtime's type; none where the limits are not those of a memory.
    pub(crate) fn ty(&self) -> Option<MemoryType> {
        let limits = self.limits.limits();
        let max = limits.max.unwrap_or(MOST_PAGES);
        (limits.min <= max && max <= MOST_PAGES).then_some(MemoryType {
            limits,
            page_shift: PAGE_SHIFT,
            index: IndexType::I32,
            sharing: Sharing::Unshared,
        })
    }
}

/// The header's type of what is imported or exported. It has none for tags, which a build with
/// exceptions has besides.
#[allow(unreachable_patterns)]
pub(crate) fn extern_type(ty: ExternType<'_>) -> *mut wasm_externtype_t {
    match ty {
        ExternType::Func(ty) => func_type(ty).cast(),
        ExternType::Global(ty) => global_type(ty).cast(),
        ExternType::Table(ty) => table_type(ty).cast(),
        ExternType::Memory(ty) => memory_type(ty).cast(),
        _ => core::ptr::null_mut(),
    }
}

#[no_mangle]
pub unsafe extern "C" fn wasm_externtype_kind(ty: *const wasm_externtype_t) -> wasm_externkind_t {
    // SAFETY: null, or a type, which begins with its kind.
    unsafe { ty.as_ref() }.map_or(WASM_EXTERN_FUNC, |ty| ty.kind)
}

#[no_mangle]
pub unsafe extern "C" fn wasm_externtype_delete(ty: *mut wasm_externtype_t) {
    // SAFETY: null, or a type of the kind with which it begins.
    unsafe {
        let Some(kind) = ty.as_ref().map(|ty| ty.kind) else { return };
        match kind {
            WASM_EXTERN_FUNC => wasm_functype_delete(ty.cast()),
            WASM_EXTERN_GLOBAL => wasm_globaltype_delete(ty.cast()),
            WASM_EXTERN_TABLE => wasm_tabletype_delete(ty.cast()),
            _ => wasm_memorytype_delete(ty.cast()),
        }
    }
}

#[no_mangle]
pub unsafe extern "C" fn wasm_externtype_copy(
    ty: *const wasm_externtype_t,
) -> *mut wasm_externtype_t {
    // SAFETY: null, or a type of the kind with which it begins.
    unsafe {
        let Some(kind) = ty.as_ref().map(|ty| ty.kind) else { return null_mut() };
        match kind {
            WASM_EXTERN_FUNC => wasm_functype_copy(ty.cast()).cast(),
            WASM_EXTERN_GLOBAL => wasm_globaltype_copy(ty.cast()).cast(),
            WASM_EXTERN_TABLE => wasm_tabletype_copy(ty.cast()).cast(),
            _ => wasm_memorytype_copy(ty.cast()).cast(),
        }
    }
}

/// The same pointer, if it is a type of this kind.
///
/// # Safety
/// `ty` is null or a type.
unsafe fn of_kind<T>(ty: *const wasm_externtype_t, kind: wasm_externkind_t) -> *const T {
    // SAFETY: the contract; a type begins with its kind.
    match unsafe { ty.as_ref() } {
        Some(found) if found.kind == kind => ty.cast(),
        _ => null(),
    }
}

macro_rules! as_externtype {
    ($($ty:ident $kind:ident: $up:ident $up_const:ident $down:ident $down_const:ident;)*) => { $(
        #[no_mangle]
        pub extern "C" fn $up(ty: *mut $ty) -> *mut wasm_externtype_t {
            ty.cast()
        }
        #[no_mangle]
        pub extern "C" fn $up_const(ty: *const $ty) -> *const wasm_externtype_t {
            ty.cast()
        }
        #[no_mangle]
        pub unsafe extern "C" fn $down(ty: *mut wasm_externtype_t) -> *mut $ty {
            // SAFETY: null or a type.
            unsafe { of_kind::<$ty>(ty, $kind) }.cast_mut()
        }
        #[no_mangle]
        pub unsafe extern "C" fn $down_const(ty: *const wasm_externtype_t) -> *const $ty {
            // SAFETY: null or a type.
            unsafe { of_kind(ty, $kind) }
        }
    )* };
}

as_externtype! {
    wasm_functype_t WASM_EXTERN_FUNC:
        wasm_functype_as_externtype wasm_functype_as_externtype_const
        wasm_externtype_as_functype wasm_externtype_as_functype_const;
    wasm_globaltype_t WASM_EXTERN_GLOBAL:
        wasm_globaltype_as_externtype wasm_globaltype_as_externtype_const
        wasm_externtype_as_globaltype wasm_externtype_as_globaltype_const;
    wasm_tabletype_t WASM_EXTERN_TABLE:
        wasm_tabletype_as_externtype wasm_tabletype_as_externtype_const
        wasm_externtype_as_tabletype wasm_externtype_as_tabletype_const;
    wasm_memorytype_t WASM_EXTERN_MEMORY:
        wasm_memorytype_as_externtype wasm_memorytype_as_externtype_const
        wasm_externtype_as_memorytype wasm_externtype_as_memorytype_const;
}

/// An import of a module.
pub struct wasm_importtype_t {
    module: wasm_byte_vec_t,
    name: wasm_byte_vec_t,
    ty: *mut wasm_externtype_t,
}

/// An export of a module.
pub struct wasm_exporttype_t {
    name: wasm_byte_vec_t,
    ty: *mut wasm_externtype_t,
}

impl Drop for wasm_importtype_t {
    fn drop(&mut self) {
        // SAFETY: the names and the type are its own.
        unsafe {
            vector::delete(&raw mut self.module);
            vector::delete(&raw mut self.name);
            wasm_externtype_delete(self.ty);
        }
    }
}

impl Drop for wasm_exporttype_t {
    fn drop(&mut self) {
        // SAFETY: the name and the type are its own.
        unsafe {
            vector::delete(&raw mut self.name);
            wasm_externtype_delete(self.ty);
        }
    }
}

/// A copy of a name; none where there is no memory.
fn name(text: &str) -> Option<wasm_byte_vec_t> {
    let mut made = Vector::EMPTY;
    // SAFETY: the text has as many bytes as it says.
    unsafe { vector::make(&raw mut made, text.len(), text.as_ptr().cast()) }.then_some(made)
}

/// The header's record of an import.
pub(crate) fn import_type(
    module: &str,
    import: &str,
    ty: ExternType<'_>,
) -> *mut wasm_importtype_t {
    let mut made =
        wasm_importtype_t { module: Vector::EMPTY, name: Vector::EMPTY, ty: extern_type(ty) };
    match (name(module), name(import)) {
        (Some(module), Some(import)) => {
            (made.module, made.name) = (module, import);
            if made.ty.is_null() {
                return null_mut();
            }
            hand_out(made)
        }
        (module, import) => {
            made.module = module.unwrap_or(Vector::EMPTY);
            made.name = import.unwrap_or(Vector::EMPTY);
            null_mut()
        }
    }
}

/// The header's record of an export.
pub(crate) fn export_type(export: &str, ty: ExternType<'_>) -> *mut wasm_exporttype_t {
    let mut made = wasm_exporttype_t { name: Vector::EMPTY, ty: extern_type(ty) };
    match name(export) {
        Some(export) if !made.ty.is_null() => {
            made.name = export;
            hand_out(made)
        }
        export => {
            made.name = export.unwrap_or(Vector::EMPTY);
            null_mut()
        }
    }
}

#[no_mangle]
pub unsafe extern "C" fn wasm_importtype_new(
    module: *mut wasm_byte_vec_t,
    name: *mut wasm_byte_vec_t,
    ty: *mut wasm_externtype_t,
) -> *mut wasm_importtype_t {
    // SAFETY: null or vectors, which the record owns from now on.
    let made = unsafe { wasm_importtype_t { module: moved(module), name: moved(name), ty } };
    if ty.is_null() {
        return null_mut();
    }
    hand_out(made)
}

#[no_mangle]
pub unsafe extern "C" fn wasm_importtype_delete(import: *mut wasm_importtype_t) {
    // SAFETY: null or made by `wasm_importtype_new` or `import_type`.
    unsafe { take_back(import) }
}

#[no_mangle]
pub unsafe extern "C" fn wasm_importtype_copy(
    import: *const wasm_importtype_t,
) -> *mut wasm_importtype_t {
    // SAFETY: null or a record, whose names and type are live.
    unsafe {
        let Some(import) = import.as_ref() else { return null_mut() };
        let mut copy =
            wasm_importtype_t { module: Vector::EMPTY, name: Vector::EMPTY, ty: null_mut() };
        copy.ty = wasm_externtype_copy(import.ty);
        if copy.ty.is_null()
            || !vector::copy(&raw mut copy.module, &import.module)
            || !vector::copy(&raw mut copy.name, &import.name)
        {
            return null_mut();
        }
        hand_out(copy)
    }
}

#[no_mangle]
pub unsafe extern "C" fn wasm_importtype_module(
    import: *const wasm_importtype_t,
) -> *const wasm_byte_vec_t {
    // SAFETY: null or a record.
    unsafe { import.as_ref() }.map_or(null(), |import| &raw const import.module)
}

#[no_mangle]
pub unsafe extern "C" fn wasm_importtype_name(
    import: *const wasm_importtype_t,
) -> *const wasm_byte_vec_t {
    // SAFETY: null or a record.
    unsafe { import.as_ref() }.map_or(null(), |import| &raw const import.name)
}

#[no_mangle]
pub unsafe extern "C" fn wasm_importtype_type(
    import: *const wasm_importtype_t,
) -> *const wasm_externtype_t {
    // SAFETY: null or a record.
    unsafe { import.as_ref() }.map_or(null(), |import| import.ty)
}

/// Imports are provided when a module is instantiated, never before.
#[no_mangle]
pub extern "C" fn wasm_importtype_is_linked(_import: *const wasm_importtype_t) -> bool {
    false
}

#[no_mangle]
pub unsafe extern "C" fn wasm_exporttype_new(
    name: *mut wasm_byte_vec_t,
    ty: *mut wasm_externtype_t,
) -> *mut wasm_exporttype_t {
    // SAFETY: null or a vector, which the record owns from now on.
    let made = unsafe { wasm_exporttype_t { name: moved(name), ty } };
    if ty.is_null() {
        return null_mut();
    }
    hand_out(made)
}

#[no_mangle]
pub unsafe extern "C" fn wasm_exporttype_delete(export: *mut wasm_exporttype_t) {
    // SAFETY: null or made by `wasm_exporttype_new` or `export_type`.
    unsafe { take_back(export) }
}

#[no_mangle]
pub unsafe extern "C" fn wasm_exporttype_copy(
    export: *const wasm_exporttype_t,
) -> *mut wasm_exporttype_t {
    // SAFETY: null or a record, whose name and type are live.
    unsafe {
        let Some(export) = export.as_ref() else { return null_mut() };
        let mut copy =
            wasm_exporttype_t { name: Vector::EMPTY, ty: wasm_externtype_copy(export.ty) };
        if copy.ty.is_null() || !vector::copy(&raw mut copy.name, &export.name) {
            return null_mut();
        }
        hand_out(copy)
    }
}

#[no_mangle]
pub unsafe extern "C" fn wasm_exporttype_name(
    export: *const wasm_exporttype_t,
) -> *const wasm_byte_vec_t {
    // SAFETY: null or a record.
    unsafe { export.as_ref() }.map_or(null(), |export| &raw const export.name)
}

#[no_mangle]
pub unsafe extern "C" fn wasm_exporttype_type(
    export: *const wasm_exporttype_t,
) -> *const wasm_externtype_t {
    // SAFETY: null or a record.
    unsafe { export.as_ref() }.map_or(null(), |export| export.ty)
}
