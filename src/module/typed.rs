//! The type section where types refer to each other (feature `function-references`).

use super::load::limited;
use crate::binary::reader::{Parsed, Reader};
use crate::binary::types::{Code, ValType};
use crate::error::ErrorKind;
use crate::limits::MAX_TYPES;
use crate::validate::env::{Env, TypeEntry};
use crate::validate::type_table::{Kind, TypeTable, Types};

/// Reads the type section into the environment (spec: 5.5.4).
#[inline(never)]
pub(super) fn read(env: &mut Env, reader: &mut Reader) -> Parsed<()> {
    let mut table = TypeTable::new();
    for _ in 0..limited(reader, MAX_TYPES)? {
        let at = reader.pos();
        table.read_group(reader)?;
        if table.defs.len() as u32 > MAX_TYPES {
            return reader.refuse_at(at, ErrorKind::TooLarge);
        }
    }
    table.complete();
    env.types.reserve_exact(table.defs.len())?;
    for def in table.defs.iter() {
        let (params, results) = table.lists(def);
        let is_func = def.kind == Kind::Func;
        let slots = |codes: &[Code]| -> u32 {
            let types =
                codes.iter().filter(|_| is_func).filter_map(|&code| ValType::from_code(code));
            types.map(ValType::slots).sum()
        };
        env.types.push(TypeEntry {
            params: def.first,
            results: def.first + def.params as u32,
            param_count: def.params,
            result_count: def.results,
            param_slots: slots(params) as u16,
            result_slots: slots(results) as u16,
            canonical: def.canonical() as u16,
        })?;
    }
    env.table = Types::from_table(table)?;
    Ok(())
}
