//! Every limit of docs/limits.md: what is at it is accepted, what is one past it is refused with
//! the error and the offset that the page says, in both modes; and the page agrees with
//! `src/limits.rs`.

#![cfg(all(feature = "classic", feature = "fast"))]

mod code;
#[path = "../common/encode.rs"]
mod encode;
mod page;
mod running;
mod store;

use encode::*;
use zonda::{Engine, Error, Mode, Module, ModuleError, ModuleErrorKind};

const MODES: [Mode; 2] = [Mode::Classic, Mode::Fast];

fn accepted(bytes: &[u8]) {
    for mode in MODES {
        Module::new(&Engine::new(mode), bytes)
            .map(drop)
            .unwrap_or_else(|error| panic!("{mode:?}: {error}"));
    }
    Module::validate(&Engine::default(), bytes).unwrap();
}

fn refused(bytes: &[u8], kind: ModuleErrorKind, offset: usize) {
    let error = Some(Error::Module(ModuleError { kind, offset: offset as u32 }));
    for mode in MODES {
        assert_eq!(Module::new(&Engine::new(mode), bytes).err(), error, "{mode:?}");
    }
    assert_eq!(Module::validate(&Engine::default(), bytes).err(), error);
}

/// Where the content of the section begins that comes next, and is so long.
fn content(before: &Encoder, len: usize) -> usize {
    before.len() + 1 + number(len as u32).len()
}

/// A section of `most` items is accepted behind `before`, of one more refused where their number
/// stands.
fn items(
    before: &Encoder,
    id: u8,
    item: &[u8],
    most: usize,
    behind: impl Fn(Encoder, usize) -> Encoder,
) {
    accepted(&behind(before.clone().section(id, &same(item, most)), most).bytes());
    let more = same(item, most + 1);
    refused(
        &behind(before.clone().section(id, &more), most + 1).bytes(),
        ModuleErrorKind::TooLarge,
        content(before, more.len()),
    );
}

fn nothing(encoder: Encoder, _: usize) -> Encoder {
    encoder
}

fn empty_type() -> Encoder {
    Encoder::new().list(section::TYPE, [func_type(&[], &[])])
}

#[test]
fn types() {
    items(&Encoder::new(), section::TYPE, &func_type(&[], &[]), 65_535, nothing);
}

#[test]
fn functions() {
    let bodies =
        |encoder: Encoder, count| encoder.section(section::CODE, &same(&body(&[], &[]), count));
    items(&empty_type(), section::FUNCTION, &[0], 1_000_000, bodies);
    // Imported ones count.
    let imports = empty_type().section(section::IMPORT, &same(&import(b"", b"", &[0, 0]), 5));
    items(&imports, section::FUNCTION, &[0], 999_995, bodies);
}

#[test]
fn imports() {
    items(&empty_type(), section::IMPORT, &import(b"", b"", &[0, 0]), 1_000_000, nothing);
}

#[test]
fn exports() {
    let before = Encoder::new().list(section::MEMORY, [[0, 0]]);
    let with = |count: u32| vector((0..count).map(|i| export(format!("{i:x}").as_bytes(), 2, 0)));
    accepted(&before.clone().section(section::EXPORT, &with(1_000_000)).bytes());
    let more = with(1_000_001);
    refused(
        &before.clone().section(section::EXPORT, &more).bytes(),
        ModuleErrorKind::TooLarge,
        content(&before, more.len()),
    );
}

#[test]
fn globals() {
    let global = [I32, 0, 0x41, 7, 0x0b];
    items(&Encoder::new(), section::GLOBAL, &global, 65_536, nothing);
    let imported = import(b"", b"", &[3, I32, 0]);
    let imports = Encoder::new().section(section::IMPORT, &same(&imported, 2));
    items(&imports, section::GLOBAL, &global, 65_534, nothing);
    // Imported ones alone: refused where the type of the first one too many stands.
    accepted(&Encoder::new().section(section::IMPORT, &same(&imported, 65_536)).bytes());
    let more = Encoder::new().section(section::IMPORT, &same(&imported, 65_537)).bytes();
    refused(&more, ModuleErrorKind::TooLarge, more.len() - 2);
}

#[test]
fn data_segments() {
    items(&Encoder::new(), section::DATA, &[1, 0], 100_000, nothing);
}

#[test]
fn element_segments() {
    items(&Encoder::new(), section::ELEMENT, &[1, 0, 0], 100_000, nothing);
}

#[test]
fn elements_of_a_segment() {
    let before = empty_type().list(section::FUNCTION, [[0]]);
    let with = |count: usize| {
        let mut segment = vec![1, 1, 0];
        segment.extend(same(&[0], count));
        segment
    };
    let code = vector([body(&[], &[])]);
    accepted(
        &before
            .clone()
            .section(section::ELEMENT, &with(10_000_000))
            .section(section::CODE, &code)
            .bytes(),
    );
    let more = with(10_000_001);
    refused(
        &before.clone().section(section::ELEMENT, &more).bytes(),
        ModuleErrorKind::TooLarge,
        content(&before, more.len()) + 3,
    );
}

#[test]
fn tables() {
    items(&Encoder::new(), section::TABLE, &[FUNC_REF, 0, 0], 100, nothing);
    let imports = Encoder::new()
        .section(section::IMPORT, &same(&import(b"", b"", &[1, FUNC_REF, 0, 0]), 100));
    accepted(&imports.clone().bytes());
    let more = imports.section(section::TABLE, &same(&[FUNC_REF, 0, 0], 1)).bytes();
    refused(&more, ModuleErrorKind::TooLarge, more.len());
}

#[test]
fn memories() {
    items(&Encoder::new(), section::MEMORY, &[0, 0], 100, nothing);
    let imports =
        Encoder::new().section(section::IMPORT, &same(&import(b"", b"", &[2, 0, 0]), 100));
    accepted(&imports.clone().bytes());
    let more = imports.section(section::MEMORY, &same(&[0, 0], 1)).bytes();
    refused(&more, ModuleErrorKind::TooLarge, more.len());
}

#[test]
fn parameters_and_results() {
    for (params, results) in [(1000, 0), (0, 1000), (1000, 1000)] {
        accepted(
            &Encoder::new()
                .list(section::TYPE, [func_type(&vec![I64; params], &vec![I32; results])])
                .bytes(),
        );
    }
    // Behind header, id, two bytes of size, number of types, form.
    refused(
        &Encoder::new().list(section::TYPE, [func_type(&[I64; 1001], &[])]).bytes(),
        ModuleErrorKind::TooLarge,
        8 + 1 + 2 + 2,
    );
    refused(
        &Encoder::new().list(section::TYPE, [func_type(&[], &[I64; 1001])]).bytes(),
        ModuleErrorKind::TooLarge,
        8 + 1 + 2 + 3,
    );
}

#[test]
fn fields_of_a_structure() {
    let module = |fields: usize| {
        wat::parse_str(format!("(module (type (struct {})))", "(field i32)".repeat(fields)))
            .unwrap()
    };
    accepted(&module(10_000));
    // Behind header, id, three bytes of size, number of types.
    refused(&module(10_001), ModuleErrorKind::TooLarge, 8 + 1 + 3 + 1);
}

#[test]
fn supertypes_above_a_type() {
    let module = |depth: usize| {
        let types: String = (0..depth)
            .map(|number| format!("(type $t{} (sub $t{number} (struct)))", number + 1))
            .collect();
        wat::parse_str(format!("(module (type $t0 (sub (struct))) {types})")).unwrap()
    };
    accepted(&module(63));
    // Behind header, id, two bytes of size, number of types, and the types themselves.
    refused(&module(64), ModuleErrorKind::TooLarge, 8 + 1 + 2 + 1 + 4 + 64 * 5);
}

#[test]
fn parameters_for_each_byte_of_the_module() {
    // 100 functions of 100 parameters; a custom section makes the module as long as it has to be,
    // to the byte.
    let before = Encoder::new().list(section::TYPE, [func_type(&[I32; 100], &[])]);
    let function = content(&before, 101) + 1;
    let with = |name: usize| {
        let module = before
            .clone()
            .section(section::FUNCTION, &same(&[0], 100))
            .section(section::CODE, &same(&body(&[], &[]), 100));
        module.section(0, &sized(&vec![b'a'; name]))
    };
    let name = 10_000 / 16 - with(0).len();
    assert!(name < 120, "{name}: the lengths before the name take a byte each");
    assert_eq!(with(name).len(), 625);
    accepted(&with(name).bytes());
    refused(&with(name - 1).bytes(), ModuleErrorKind::TooLarge, function + 99);
}

/// A file may lack the bodies, so that its module is much shorter than the one that it was made
/// from.
#[test]
fn a_file_may_have_as_many_parameters_as_its_module() {
    let body = body(&[], &[0x01; 60]);
    let module =
        encode::functions(&[func_type(&[I32; 1000], &[])], vec![(0, &body[..]); 1000]).bytes();
    accepted(&module);
    let file =
        zonda_compiler::compile(&module, &zonda_compiler::CompileOptions::default()).unwrap();
    assert!(file.len() < module.len());
}

#[test]
fn sizes_of_memories() {
    let with = |ty: &[u8]| Encoder::new().list(section::MEMORY, [ty]).bytes();
    let limits = |flags: u8, min: u32| [vec![flags], number(min)].concat();
    accepted(&with(&limits(0, 65_536)));
    accepted(&with(&[limits(8, u32::MAX), vec![0]].concat()));
    let pages = with(&limits(0, 65_537));
    refused(&pages, ModuleErrorKind::MemorySize, pages.len());
    // A page size is 1 or 65,536 bytes.
    accepted(&with(&[limits(8, 65_536), vec![16]].concat()));
    for shift in [1, 15, 17, 63] {
        let other = with(&[limits(8, 0), vec![shift]].concat());
        refused(&other, ModuleErrorKind::PageSize, other.len());
    }
    let none = with(&[limits(8, 0), vec![64]].concat());
    refused(&none, ModuleErrorKind::BadLimits, none.len());
}

#[test]
fn names_and_custom_sections_have_no_limit_of_their_own() {
    let name = vec![b'n'; 5_000_000];
    let named = Encoder::new()
        .list(section::MEMORY, [[0, 0]])
        .list(section::EXPORT, [export(&name, 2, 0)])
        .section(0, &sized(&name));
    accepted(&named.bytes());
    let mut customs = Encoder::new().bytes();
    customs.extend([0, 1, 0].repeat(1_000_000));
    accepted(&customs);
}
