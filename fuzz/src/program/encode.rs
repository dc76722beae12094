//! Writes a module in the binary format.
//!
//! By hand, so that what the generator means does not depend on a library that may have its own
//! opinion, and because the library is compiled into the tests of the main package as well.

use super::ast::{
    Elem, FuncType, Global, Init, Instr, Item, Memory, Module, Source, Table, Thrower, Ty, HOST,
};

fn leb(mut value: u64, out: &mut Vec<u8>) {
    loop {
        let byte = value as u8 & 0x7f;
        value >>= 7;
        if value == 0 {
            out.push(byte);
            return;
        }
        out.push(byte | 0x80);
    }
}

fn u32(value: u32, out: &mut Vec<u8>) {
    leb(u64::from(value), out);
}

fn signed(mut value: i64, out: &mut Vec<u8>) {
    loop {
        let byte = value as u8 & 0x7f;
        value >>= 7;
        if value == 0 && byte & 0x40 == 0 || value == -1 && byte & 0x40 != 0 {
            out.push(byte);
            return;
        }
        out.push(byte | 0x80);
    }
}

fn ty(ty: Ty) -> u8 {
    match ty {
        Ty::I32 => 0x7f,
        Ty::I64 => 0x7e,
        Ty::F32 => 0x7d,
        Ty::F64 => 0x7c,
        Ty::Func => 0x70,
        Ty::Extern => 0x6f,
    }
}

fn name(text: &str, out: &mut Vec<u8>) {
    u32(text.len() as u32, out);
    out.extend_from_slice(text.as_bytes());
}

fn memory_type(memory: &Memory, out: &mut Vec<u8>) {
    let custom = memory.log2_page != 16;
    out.push(u8::from(memory.max.is_some()) | u8::from(custom) << 3);
    u32(memory.min, out);
    if let Some(max) = memory.max {
        u32(max, out);
    }
    if custom {
        u32(memory.log2_page, out);
    }
}

fn table_type(table: &Table, out: &mut Vec<u8>) {
    out.push(ty(table.ty));
    out.push(u8::from(table.max.is_some()));
    u32(table.min, out);
    if let Some(max) = table.max {
        u32(max, out);
    }
}

fn init(value: Init, of: Ty, out: &mut Vec<u8>) {
    match value {
        Init::Bits(bits) => match of {
            Ty::I32 => {
                out.push(0x41);
                signed(i64::from(bits as i32), out);
            }
            Ty::I64 => {
                out.push(0x42);
                signed(bits as i64, out);
            }
            Ty::F32 => {
                out.push(0x43);
                out.extend_from_slice(&(bits as u32).to_le_bytes());
            }
            _ => {
                out.push(0x44);
                out.extend_from_slice(&bits.to_le_bytes());
            }
        },
        Init::Null => out.extend_from_slice(&[0xd0, ty(of)]),
        Init::Func(index) => {
            out.push(0xd2);
            u32(index, out);
        }
        Init::Global(index) => {
            out.push(0x23);
            u32(index, out);
        }
    }
    out.push(0x0b);
}

fn section(id: u8, count: usize, out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    if count == 0 {
        return;
    }
    let mut content = Vec::new();
    u32(count as u32, &mut content);
    write(&mut content);
    out.push(id);
    u32(content.len() as u32, out);
    out.extend_from_slice(&content);
}

/// The module's bytes.
pub fn encode(module: &Module) -> Vec<u8> {
    let mut out = Vec::with_capacity(1024);
    out.extend_from_slice(b"\0asm\x01\0\0\0");
    section(1, module.types.len(), &mut out, |out| {
        for FuncType { params, results } in &module.types {
            out.push(0x60);
            for list in [params, results] {
                u32(list.len() as u32, out);
                out.extend(list.iter().map(|&item| ty(item)));
            }
        }
    });
    section(2, module.imports.len(), &mut out, |out| {
        for (item, from) in &module.imports {
            let letter = match item {
                Item::Func(_) => 'f',
                Item::Memory(_) => 'm',
                Item::Table(_) => 't',
                Item::Global(..) => 'g',
            };
            match from {
                Source::Host(which) => {
                    name("h", out);
                    name(HOST[*which as usize].name, out);
                }
                Source::Module(from, index) => {
                    name(&from.to_string(), out);
                    name(&format!("{letter}{index}"), out);
                }
            }
            match item {
                Item::Func(index) => {
                    out.push(0);
                    u32(*index, out);
                }
                Item::Table(table) => {
                    out.push(1);
                    table_type(table, out);
                }
                Item::Memory(memory) => {
                    out.push(2);
                    memory_type(memory, out);
                }
                Item::Global(of, mutable) => {
                    out.extend_from_slice(&[3, ty(*of), u8::from(*mutable)])
                }
            }
        }
    });
    let count = module.funcs.len() + module.throwers.len();
    section(3, count, &mut out, |out| {
        module.funcs.iter().for_each(|func| u32(func.ty, out));
        module.throwers.iter().for_each(|thrower| u32(module.tags[thrower.tag as usize], out));
    });
    section(4, module.tables.len(), &mut out, |out| {
        module.tables.iter().for_each(|table| table_type(table, out));
    });
    section(5, module.memories.len(), &mut out, |out| {
        module.memories.iter().for_each(|memory| memory_type(memory, out));
    });
    section(13, module.tags.len(), &mut out, |out| {
        for &tag in &module.tags {
            out.push(0);
            u32(tag, out);
        }
    });
    section(6, module.globals.len(), &mut out, |out| {
        for Global { ty: of, mutable, init: value } in &module.globals {
            out.extend_from_slice(&[ty(*of), u8::from(*mutable)]);
            init(*value, *of, out);
        }
    });
    let [funcs, memories, tables, globals] = module.imported();
    let own = [
        ('m', 2, memories, module.memories.len()),
        ('t', 1, tables, module.tables.len()),
        ('g', 3, globals, module.globals.len()),
    ];
    let exports = module.exported.len() + own.iter().map(|(.., count)| count).sum::<usize>();
    section(7, exports, &mut out, |out| {
        for &func in &module.exported {
            name(&format!("f{func}"), out);
            out.push(0);
            u32(func, out);
        }
        for (letter, kind, first, count) in own {
            for index in first..first + count as u32 {
                name(&format!("{letter}{index}"), out);
                out.push(kind);
                u32(index, out);
            }
        }
    });
    if let Some(start) = module.start {
        let mut content = Vec::new();
        u32(start, &mut content);
        out.push(8);
        u32(content.len() as u32, &mut out);
        out.extend_from_slice(&content);
    }
    section(9, module.elems.len(), &mut out, |out| {
        module.elems.iter().for_each(|segment| elem(segment, out));
    });
    // memory.init and data.drop need the count of segments in front of the code.
    if !module.datas.is_empty() {
        let mut content = Vec::new();
        u32(module.datas.len() as u32, &mut content);
        out.push(12);
        u32(content.len() as u32, &mut out);
        out.extend_from_slice(&content);
    }
    section(10, count, &mut out, |out| {
        let mut body = Vec::new();
        let first_thrower = funcs + module.funcs.len() as u32;
        for func in &module.funcs {
            body.clear();
            let groups = func.locals.chunk_by(|a, b| a == b);
            u32(groups.clone().count() as u32, &mut body);
            for group in groups {
                u32(group.len() as u32, &mut body);
                body.push(ty(group[0]));
            }
            instrs(&func.body, &module.types, first_thrower, &mut body);
            body.push(0x0b);
            u32(body.len() as u32, out);
            out.extend_from_slice(&body);
        }
        for thrower in &module.throwers {
            body.clear();
            body.push(0);
            throw_all(thrower, module, &mut body);
            body.push(0x0b);
            u32(body.len() as u32, out);
            out.extend_from_slice(&body);
        }
    });
    section(11, module.datas.len(), &mut out, |out| {
        for data in &module.datas {
            match data.active {
                None => out.push(1),
                Some((memory, offset)) => {
                    if memory == 0 {
                        out.push(0);
                    } else {
                        out.push(2);
                        u32(memory, out);
                    }
                    init(Init::Bits(u64::from(offset)), Ty::I32, out);
                }
            }
            u32(data.bytes.len() as u32, out);
            out.extend_from_slice(&data.bytes);
        }
    });
    out
}

fn elem(segment: &Elem, out: &mut Vec<u8>) {
    // With expressions, so that null can be an element.
    match segment.active {
        None => out.extend_from_slice(&[5, ty(segment.ty)]),
        Some((table, offset)) => {
            out.push(6);
            u32(table, out);
            init(Init::Bits(u64::from(offset)), Ty::I32, out);
            out.push(ty(segment.ty));
        }
    }
    u32(segment.items.len() as u32, out);
    for &item in &segment.items {
        init(item, segment.ty, out);
    }
}

fn block_type(index: u32, types: &[FuncType], out: &mut Vec<u8>) {
    match types.get(index as usize) {
        Some(FuncType { params, results }) if params.is_empty() && results.len() < 2 => {
            out.push(results.first().map_or(0x40, |&result| ty(result)));
        }
        _ => signed(i64::from(index), out),
    }
}

/// The code of a thrower.
fn throw_all(thrower: &Thrower, module: &Module, out: &mut Vec<u8>) {
    const EXNREF: u8 = 0x69;
    if thrower.reference && thrower.older {
        out.extend_from_slice(&[0x06, 0x40]);
    } else if thrower.reference {
        // A block with the reference as its result, and in it a `try_table` that catches all to it.
        out.extend_from_slice(&[0x02, EXNREF, 0x1f, 0x40, 1, 3, 0]);
    }
    for param in 0..module.types[module.tags[thrower.tag as usize] as usize].params.len() as u32 {
        out.push(0x20);
        u32(param, out);
    }
    out.push(0x08);
    u32(thrower.tag, out);
    if thrower.reference && thrower.older {
        out.extend_from_slice(&[0x19, 0x09, 0, 0x0b]);
    } else if thrower.reference {
        out.extend_from_slice(&[0x0b, 0x00, 0x0b, 0x0a]);
    }
}

/// Writes instructions. Throwers are functions from `thrower` on.
pub fn instrs(list: &[Instr], types: &[FuncType], thrower: u32, out: &mut Vec<u8>) {
    list.iter().for_each(|item| instr(item, types, thrower, out));
}

fn instr(item: &Instr, types: &[FuncType], thrower: u32, out: &mut Vec<u8>) {
    let mut with = |code: u8, indices: &[u32]| {
        out.push(code);
        indices.iter().for_each(|&index| u32(index, out));
    };
    match item {
        Instr::Op(code) if *code > 0xff => with(0xfc, &[u32::from(*code & 0xff)]),
        Instr::Op(code) => out.push(*code as u8),
        Instr::SelectTyped(of) => out.extend_from_slice(&[0x1c, 1, ty(*of)]),
        Instr::I32(value) => {
            out.push(0x41);
            signed(i64::from(*value), out);
        }
        Instr::I64(value) => {
            out.push(0x42);
            signed(*value, out);
        }
        Instr::F32(bits) => {
            out.push(0x43);
            out.extend_from_slice(&bits.to_le_bytes());
        }
        Instr::F64(bits) => {
            out.push(0x44);
            out.extend_from_slice(&bits.to_le_bytes());
        }
        Instr::LocalGet(index) => with(0x20, &[*index]),
        Instr::LocalSet(index) => with(0x21, &[*index]),
        Instr::LocalTee(index) => with(0x22, &[*index]),
        Instr::GlobalGet(index) => with(0x23, &[*index]),
        Instr::GlobalSet(index) => with(0x24, &[*index]),
        Instr::TableGet(index) => with(0x25, &[*index]),
        Instr::TableSet(index) => with(0x26, &[*index]),
        Instr::Mem { op, align, offset, memory } => {
            if *memory == 0 {
                with(*op, &[u32::from(*align), *offset]);
            } else {
                with(*op, &[u32::from(*align) | 0x40, *memory, *offset]);
            }
        }
        Instr::MemorySize(memory) => with(0x3f, &[*memory]),
        Instr::MemoryGrow(memory) => with(0x40, &[*memory]),
        Instr::MemoryInit(data, memory) => with(0xfc, &[8, *data, *memory]),
        Instr::DataDrop(data) => with(0xfc, &[9, *data]),
        Instr::MemoryCopy(to, from) => with(0xfc, &[10, *to, *from]),
        Instr::MemoryFill(memory) => with(0xfc, &[11, *memory]),
        Instr::TableInit(elem, table) => with(0xfc, &[12, *elem, *table]),
        Instr::ElemDrop(elem) => with(0xfc, &[13, *elem]),
        Instr::TableCopy(to, from) => with(0xfc, &[14, *to, *from]),
        Instr::TableGrow(table) => with(0xfc, &[15, *table]),
        Instr::TableSize(table) => with(0xfc, &[16, *table]),
        Instr::TableFill(table) => with(0xfc, &[17, *table]),
        Instr::RefNull(of) => out.extend_from_slice(&[0xd0, ty(*of)]),
        Instr::RefFunc(index) => with(0xd2, &[*index]),
        Instr::Call(index) => with(0x10, &[*index]),
        Instr::CallIndirect(ty, table) => with(0x11, &[*ty, *table]),
        Instr::ReturnCall(index) => with(0x12, &[*index]),
        Instr::ReturnCallIndirect(ty, table) => with(0x13, &[*ty, *table]),
        Instr::Br(depth) => with(0x0c, &[*depth]),
        Instr::BrIf(depth) => with(0x0d, &[*depth]),
        Instr::BrTable(depths, default) => {
            with(0x0e, &[depths.len() as u32]);
            depths.iter().chain([default]).for_each(|&depth| u32(depth, out));
        }
        Instr::Throw(tag) => with(0x08, &[*tag]),
        Instr::ThrowIn(which) => with(0x10, &[thrower + *which]),
        Instr::TryTable(index, clauses, body) => {
            out.push(0x1f);
            block_type(*index, types, out);
            u32(clauses.len() as u32, out);
            for (tag, depth) in clauses {
                match tag {
                    Some(tag) => {
                        out.push(0);
                        u32(*tag, out);
                    }
                    None => out.push(2),
                }
                u32(*depth, out);
            }
            instrs(body, types, thrower, out);
            out.push(0x0b);
        }
        Instr::Try(index, body, clauses) => {
            out.push(0x06);
            block_type(*index, types, out);
            instrs(body, types, thrower, out);
            for (tag, body) in clauses {
                match tag {
                    Some(tag) => {
                        out.push(0x07);
                        u32(*tag, out);
                    }
                    None => out.push(0x19),
                }
                instrs(body, types, thrower, out);
            }
            out.push(0x0b);
        }
        Instr::Delegate(index, body, depth) => {
            out.push(0x06);
            block_type(*index, types, out);
            instrs(body, types, thrower, out);
            out.push(0x18);
            u32(*depth, out);
        }
        Instr::Rethrow(depth) => with(0x09, &[*depth]),
        Instr::Block(index, body) | Instr::Loop(index, body) => {
            out.push(if matches!(item, Instr::Block(..)) { 0x02 } else { 0x03 });
            block_type(*index, types, out);
            instrs(body, types, thrower, out);
            out.push(0x0b);
        }
        Instr::If(index, then, otherwise) => {
            out.push(0x04);
            block_type(*index, types, out);
            instrs(then, types, thrower, out);
            let same = types.get(*index as usize).is_some_and(|ty| ty.params == ty.results);
            if !otherwise.is_empty() || !same {
                out.push(0x05);
                instrs(otherwise, types, thrower, out);
            }
            out.push(0x0b);
        }
    }
}
