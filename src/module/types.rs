//! The type section, and which types are equal.

use super::load::limited;
use crate::alloc::TryVec;
use crate::binary::reader::{Parsed, Reader};
use crate::binary::types::ValType;
use crate::error::ErrorKind;
use crate::limits::{MAX_PARAMS, MAX_RESULTS, MAX_TYPES};
use crate::validate::env::{codes, Env, TypeEntry};
use crate::validate::sort::heapsort;

/// Up to so many types are compared pairwise, which is faster than sorting.
const FEW_TYPES: usize = 16;

/// Finds the first equal type of each type.
fn few_canonical_types(bytes: &[u8], types: &mut [TypeEntry]) {
    for index in 0..types.len() {
        let Some((entry, before)) = types.get_mut(..=index).and_then(<[TypeEntry]>::split_last_mut)
        else {
            return;
        };
        let equal = before.iter().position(|other| {
            (other.param_count, other.result_count) == (entry.param_count, entry.result_count)
                && codes(bytes, other.params, other.param_count)
                    == codes(bytes, entry.params, entry.param_count)
                && codes(bytes, other.results, other.result_count)
                    == codes(bytes, entry.results, entry.result_count)
        });
        entry.canonical = equal.unwrap_or(index) as u16;
    }
}

/// Reads the type section into the environment (spec: 5.5.4).
#[inline(never)]
pub(super) fn read(env: &mut Env, reader: &mut Reader) -> Parsed<()> {
    let count = limited(reader, MAX_TYPES)?;
    env.types.reserve_exact(count as usize)?;
    for _ in 0..count {
        match reader.byte()? {
            0x60 => {}
            0x4e..=0x50 | 0x5e | 0x5f => return Err(ErrorKind::Unsupported),
            _ => return reader.refuse_at(reader.pos() - 1, ErrorKind::BadTypeForm),
        }
        let (params, param_count, param_slots) = value_types(reader, MAX_PARAMS)?;
        let (results, result_count, result_slots) = value_types(reader, MAX_RESULTS)?;
        let entry = TypeEntry {
            params,
            results,
            param_count,
            result_count,
            param_slots,
            result_slots,
            canonical: 0,
        };
        env.types.push(entry)?;
    }
    canonical_types(env)
}

/// Finds the first equal type of each type.
#[inline(never)]
fn canonical_types(env: &mut Env) -> Parsed<()> {
    let bytes = env.bytes;
    let types = &mut env.types;
    if types.len() <= FEW_TYPES {
        few_canonical_types(bytes, types);
        return Ok(());
    }
    let mut order = TryVec::with_capacity(types.len())?;
    for index in 0..types.len() as u32 {
        order.push(index)?;
    }
    let key = |ty: &TypeEntry| {
        (codes(bytes, ty.params, ty.param_count), codes(bytes, ty.results, ty.result_count))
    };
    heapsort(&mut order, &|a, b| match (types.get(a as usize), types.get(b as usize)) {
        (Some(left), Some(right)) => match key(left).cmp(&key(right)) {
            core::cmp::Ordering::Equal => a < b,
            unequal => unequal == core::cmp::Ordering::Less,
        },
        _ => false,
    });
    let mut first: Option<(u32, TypeEntry)> = None;
    for &index in order.iter() {
        let Some(entry) = types.get_mut(index as usize) else { continue };
        match first {
            Some((canonical, equal)) if key(&equal) == key(entry) => {
                entry.canonical = canonical as u16
            }
            _ => {
                entry.canonical = index as u16;
                first = Some((index, *entry));
            }
        }
    }
    Ok(())
}

/// Reads a vector of value types; returns the offset of the first one, their number and slots.
fn value_types(reader: &mut Reader, most: u32) -> Parsed<(u32, u16, u16)> {
    let count = limited(reader, most)?;
    let at = reader.pos() as u32;
    let mut slots = 0;
    for _ in 0..count {
        slots += ValType::read(reader)?.slots();
    }
    Ok((at, count as u16, slots as u16))
}
