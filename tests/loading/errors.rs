//! Requirement: an error of a module names the rule that was broken and the offset in the module, in
//! every mode, and whether the module is to be kept or only validated. An error of validation has the
//! offset of its instruction; any other the offset behind what was read, or of what has no meaning.

use zonda::ModuleErrorKind::{self, *};
use zonda::{Engine, Error, Mode, Module};

/// A module from text: bytes in hexadecimal, `(` and `)` around what has its length before it, `H`
/// for the header, `^` for the place of the error.
fn parse(text: &str) -> (Vec<u8>, usize) {
    let (mut bytes, mut open, mut place) = (Vec::new(), Vec::new(), None);
    for word in text.replace('(', " ( ").replace(')', " ) ").replace('^', " ^ ").split_whitespace()
    {
        match word {
            "H" => bytes.extend(b"\0asm\x01\0\0\0"),
            "(" => {
                open.push(bytes.len());
                bytes.push(0);
            }
            ")" => {
                let start: usize = open.pop().expect("a group is open");
                bytes[start] = (bytes.len() - start - 1) as u8;
                assert!(bytes[start] < 0x80, "{text}");
            }
            "^" => place = Some(bytes.len()),
            byte => bytes.push(u8::from_str_radix(byte, 16).expect("a byte")),
        }
    }
    (bytes, place.expect("a place"))
}

fn refused(text: &str, kind: ModuleErrorKind) {
    let (bytes, place) = parse(text);
    let check = |result: Result<(), Error>, what: &str| {
        let Err(Error::Module(error)) = result else { panic!("{text}: {what} gives {result:?}") };
        assert_eq!((error.kind, error.offset as usize), (kind, place), "{text}: {what}");
    };
    for &mode in Mode::ALL {
        let engine = Engine::new(mode);
        check(Module::new(&engine, &bytes).map(|_| ()), &format!("{mode:?}"));
        check(Module::validate(&engine, &bytes), "validation");
    }
}

#[test]
fn of_the_module_and_its_sections() {
    for (kind, text) in [
        (NotWasm, "^00 61 73 6e 01 00 00 00"),
        (Version, "00 61 73 6d ^02 00 00 00"),
        (UnexpectedEnd, "00 61 73 6d ^01 00"),
        (BadSectionId, "H ^0e (00)"),
        (SectionOrder, "H 03(00) ^01(00)"),
        (SectionOrder, "H 01(00) ^01(00)"),
        (SectionOrder, "H 01(00) 00(00) ^01(00)"),
        (SectionOrder, "H 0a(00) ^0c(00)"),
        (SectionOrder, "H 0b(00) ^0a(00)"),
        (SectionSize, "H 01(00 ^00)"),
        (UnexpectedEnd, "H 01 05 ^01"),
        (UnexpectedEnd, "H 01(01 60^)"),
        (UnexpectedEnd, "H 01(^02)"),
        (IntegerTooLong, "H 01 80 80 80 80 80^ 00"),
        (IntegerTooLarge, "H 01 ff ff ff ff 1f^"),
        (BadUtf8, "H 00(03 ^61 ff 61)"),
        (UnexpectedEnd, "H 00(03 ^61)"),
        (BodyCount, "H 01(01 60 00 00) 03(01 00)^"),
        (DataCount, "H 0c(01)^"),
        (DataCount, "H 0c(00) 0b(01 01 (61))^"),
    ] {
        refused(text, kind);
    }
}

#[test]
fn of_declarations() {
    const TYPE: &str = "01(02 60 00 00 60 01 7f 01 7f)";
    for (kind, text) in [
        (BadTypeForm, "H 01(01 ^61 00 00)"),
        (BadValueType, "H 01(01 60 01 ^40 00)"),
        (BadValueType, "H 01(01 60 00 01 ^40)"),
        (BadImportKind, "H T 02(01 (61) (62) ^05 00)"),
        (UnknownType, "H T 02(01 (61) (62) 00 02^)"),
        (BadUtf8, "H T 02(01 (^ff) (62) 00 00)"),
        (BadUtf8, "H T 02(01 (61) (^ff) 00 00)"),
        (UnknownType, "H T 03(01 02^)"),
        (BadReferenceType, "H 04(01 ^7f 00 00)"),
        (BadLimits, "H 04(01 70 08^ 00)"),
        (LimitsOrder, "H 04(01 70 01 02 01^)"),
        (BadLimits, "H 05(01 10^ 00)"),
        (LimitsOrder, "H 05(01 01 02 01^)"),
        (MemorySize, "H 05(01 00 81 80 04^)"),
        (MemorySize, "H 05(01 01 01 81 80 04^)"),
        (PageSize, "H 05(01 08 01 01^)"),
        (BadLimits, "H 05(01 08 01 40^)"),
        (BadMutability, "H 06(01 7f 02^ 41 00 0b)"),
        (BadValueType, "H 06(01 ^40 00 41 00 0b)"),
        (TypeMismatch, "H 06(01 7f 00 42 00 0b^)"),
        (TypeMismatch, "H 06(01 7f 00 0b^)"),
        (TypeMismatch, "H 06(01 7f 00 41 00 41 00 0b^)"),
        (TypeMismatch, "H 06(01 7f 00 41 00 6a^ 0b)"),
        (TypeMismatch, "H 06(01 7e 00 42 00 41 00 7c^ 0b)"),
        (ConstantExpressionExpected, "H 06(01 7f 00 01^ 0b)"),
        (ConstantExpressionExpected, "H 02(01 (61) (62) 03 7f 01) 06(01 7f 00 23 00^ 0b)"),
        (UnknownOperation, "H 06(01 7f 00 ff^ 0b)"),
        (UnknownGlobal, "H 06(01 7f 00 23 00^ 0b)"),
        (UnknownFunc, "H 06(01 70 00 d2 00^ 0b)"),
        (BadExportKind, "H 07(01 (61) ^05 00)"),
        (UnknownFunc, "H 07(01 (61) 00 00^)"),
        (UnknownTable, "H 07(01 (61) 01 00^)"),
        (UnknownMemory, "H 07(01 (61) 02 00^)"),
        (UnknownGlobal, "H 07(01 (61) 03 00^)"),
        (UnknownFunc, "H 08(00^)"),
        (StartType, "H T 02(01 (61) (62) 00 01) 08(00^)"),
        (BadElementKind, "H 09(01 ^08 00)"),
        (BadElementKind, "H 09(01 01 01^ 00)"),
        (UnknownFunc, "H 09(01 01 00 01 00^)"),
        (UnknownTable, "H 09(01 00 41 00 0b 00^)"),
        (TypeMismatch, "H 04(01 70 00 00) 09(01 00 42 00 0b 00^)"),
        (BadReferenceType, "H 09(01 05 ^7f 00)"),
        (TypeMismatch, "H 09(01 05 70 01 d0 6f 0b^)"),
        (BadDataKind, "H 0b(01 ^03 00)"),
        (UnknownMemory, "H 0b(01 00 41 00 0b 00^)"),
        (UnknownMemory, "H 05(01 00 01) 0b(01 02 01 41 00 0b 00^)"),
        (TypeMismatch, "H 05(01 00 01) 0b(01 00 42 00 0b 00^)"),
    ] {
        refused(&text.replace('T', TYPE), kind);
    }
}

/// A module with one function, of a type, a memory, a table of functions and one of externref, an immutable and a mutable global, and
/// types () -> (), (i32) -> (i32) and () -> (i32, i32).
fn in_code(ty: &str, body: &str) -> String {
    format!(
        "H 01(03 60 00 00 60 01 7f 01 7f 60 00 02 7f 7f) 03(01 {ty}) 04(02 70 00 01 6f 00 01) 05(01 00 01) \
        06(02 7f 00 41 00 0b 7f 01 41 00 0b) 0a(01 ({body}))"
    )
}

#[test]
fn of_code() {
    for (kind, ty, body) in [
        (BodySize, "00", "00 0b ^0b"),
        (EndExpected, "00", "00 01^"),
        (EndExpected, "00", "00 02 40 0b^"),
        (TooManyLocals, "00", "01 d1 86 03 7f^ 0b"),
        (UnexpectedEnd, "00", "^7f 0b"),
        (BadValueType, "00", "01 01 ^40 0b"),
        (UnknownFunc, "00", "00 ^10 01 0b"),
        (UnknownFunc, "00", "00 ^12 01 0b"),
        (UnknownType, "00", "00 41 00 ^11 03 00 0b"),
        (UnknownTable, "00", "00 41 00 ^11 00 02 0b"),
        (TypeMismatch, "00", "00 ^11 00 00 0b"),
        (TypeMismatch, "00", "00 41 00 ^11 00 01 0b"),
        (UnknownLocal, "01", "00 ^20 01 0b"),
        (UnknownLocal, "01", "00 41 00 ^21 01 0b"),
        (UnknownGlobal, "00", "00 ^23 02 1a 0b"),
        (ImmutableGlobal, "00", "00 41 00 ^24 00 0b"),
        (UnknownLabel, "00", "00 ^0c 01 0b"),
        (UnknownLabel, "00", "00 02 40 41 00 ^0d 02 0b 0b"),
        (UnknownLabel, "00", "00 41 00 ^0e 01 00 01 0b"),
        (UnknownLabel, "00", "00 41 00 ^0e 01 01 00 0b"),
        (UnexpectedEnd, "00", "00 41 00 0e ^7f 00 0b"),
        (TypeMismatch, "00", "00 ^1a 0b"),
        (TypeMismatch, "01", "00 ^0b"),
        (TypeMismatch, "00", "00 41 00 ^0b"),
        (TypeMismatch, "01", "00 42 00 ^0b"),
        (TypeMismatch, "01", "00 ^0f 0b"),
        (TypeMismatch, "01", "00 ^0c 00 0b"),
        (TypeMismatch, "00", "00 41 00 04 7f 41 00 ^0b 1a 0b"),
        (TypeMismatch, "00", "00 41 00 04 02 41 00 41 00 ^0b 1a 1a 0b"),
        (TypeMismatch, "00", "00 41 00 ^04 01 05 0b 1a 0b"),
        (TypeMismatch, "00", "00 41 00 41 01 04 01 05 1a ^0b 1a 0b"),
        (ElseWithoutIf, "00", "00 05^ 0b"),
        (ElseWithoutIf, "00", "00 02 40 05^ 0b 0b"),
        (BadBlockType, "00", "00 02 80 7f^ 0b 0b"),
        (UnknownType, "00", "00 ^02 03 0b 0b"),
        (TypeMismatch, "00", "00 41 00 02 40 ^1a 0b 0b"),
        (TypeMismatch, "00", "00 41 00 42 00 ^6a 1a 0b"),
        (TypeMismatch, "00", "00 42 00 41 00 ^6a 1a 0b"),
        (TypeMismatch, "00", "00 41 00 ^6a 1a 0b"),
        (TypeMismatch, "00", "00 41 00 ^a8 1a 0b"),
        (SelectArity, "00", "00 41 00 41 00 41 00 ^1c 00 1a 0b"),
        (SelectArity, "00", "00 41 00 41 00 41 00 ^1c 02 7f 7f 1a 0b"),
        (TypeMismatch, "00", "00 41 00 42 00 41 00 ^1b 1a 0b"),
        (TypeMismatch, "00", "00 41 00 41 00 42 00 ^1b 1a 0b"),
        (TypeMismatch, "00", "00 d0 70 d0 70 41 00 ^1b 1a 0b"),
        (TypeMismatch, "00", "00 00 d0 70 41 00 ^1b 1a 0b"),
        (TypeMismatch, "00", "00 41 00 42 00 41 00 ^1c 01 7f 1a 0b"),
        (UndeclaredReference, "00", "00 ^d2 00 1a 0b"),
        (UnknownFunc, "00", "00 ^d2 01 1a 0b"),
        (TypeMismatch, "00", "00 41 00 ^d1 1a 0b"),
        (UnknownTable, "00", "00 41 00 ^25 02 1a 0b"),
        (TypeMismatch, "00", "00 41 00 d0 6f ^26 00 0b"),
        (UnknownMemory, "00", "00 ^3f 01 1a 0b"),
        (UnknownMemory, "00", "00 41 00 ^40 01 1a 0b"),
        (UnknownElem, "00", "00 41 00 41 00 41 00 ^fc 0c 00 00 0b"),
        (UnknownElem, "00", "00 ^fc 0d 00 0b"),
        (UnknownTable, "00", "00 41 00 41 00 41 00 ^fc 0e 00 02 0b"),
        (TypeMismatch, "00", "00 41 00 41 00 41 00 ^fc 0e 00 01 0b"),
        (TypeMismatch, "00", "00 41 00 41 00 41 00 ^fc 0e 01 00 0b"),
        (UnknownTable, "00", "00 ^fc 10 02 1a 0b"),
        (UnknownMemory, "00", "00 41 00 41 00 41 00 ^fc 0a 00 01 0b"),
        (UnknownMemory, "00", "00 41 00 41 00 41 00 ^fc 0b 01 0b"),
        (TypeMismatch, "00", "00 41 00 41 00 42 00 ^fc 0a 00 00 0b"),
        (TypeMismatch, "00", "00 41 00 42 00 41 00 ^fc 0b 00 0b"),
        (TypeMismatch, "02", "00 41 00 ^13 00 00 0b"),
        (TypeMismatch, "00", "00 41 00 41 00 ^13 01 00 0b"),
    ] {
        refused(&in_code(ty, body), kind);
    }
}

/// Each load and store, by its opcode, and the exponent of its width.
const ACCESSES: [(u8, u8, bool); 23] = [
    (0x28, 2, true),
    (0x29, 3, true),
    (0x2a, 2, true),
    (0x2b, 3, true),
    (0x2c, 0, true),
    (0x2d, 0, true),
    (0x2e, 1, true),
    (0x2f, 1, true),
    (0x30, 0, true),
    (0x31, 0, true),
    (0x32, 1, true),
    (0x33, 1, true),
    (0x34, 2, true),
    (0x35, 2, true),
    (0x36, 2, false),
    (0x37, 3, false),
    (0x38, 2, false),
    (0x39, 3, false),
    (0x3a, 0, false),
    (0x3b, 1, false),
    (0x3c, 0, false),
    (0x3d, 1, false),
    (0x3e, 2, false),
];

/// The immediates of loads and stores: alignment with the flag for an index, index, offset.
#[test]
fn of_loads_and_stores() {
    for (opcode, width, is_load) in ACCESSES {
        let value = match opcode {
            0x36 | 0x3a | 0x3b => "41 00",
            0x38 => "43 00 00 00 00",
            0x39 => "44 00 00 00 00 00 00 00 00",
            _ => "42 00",
        };
        let body = |mark: bool, immediates: &str| {
            let (value, drop) = if is_load { ("", "1a") } else { (value, "") };
            let mark = if mark { "^" } else { "" };
            in_code("00", &format!("00 41 00 {value} {mark}{opcode:02x} {immediates} {drop} 0b"))
        };
        let accepted = |immediates: &str| {
            let (bytes, _) = parse(&format!("{} ^", body(false, immediates)));
            for &mode in Mode::ALL {
                let error = Module::new(&Engine::new(mode), &bytes).err();
                assert_eq!(error, None, "{opcode:x} {immediates}");
            }
        };
        for align in 0..=width {
            accepted(&format!("{align:02x} 00"));
            accepted(&format!("{align:02x} ff ff ff ff 0f"));
            accepted(&format!("{:02x} 00 00", align | 0x40));
            accepted(&format!("{:02x} 80 00 80 00", align | 0x40));
            refused(&body(true, &format!("{:02x} 01 00", align | 0x40)), UnknownMemory);
            refused(&body(false, &format!("{align:02x} ff ff ff ff 1f^")), IntegerTooLarge);
        }
        for align in width + 1..0x40 {
            refused(&body(true, &format!("{align:02x} 00")), Alignment);
            refused(&body(true, &format!("{:02x} 00 00", align | 0x40)), Alignment);
        }
        for flags in ["80 01", "81 01", "c0 01", "ff ff ff ff 0f"] {
            refused(&body(false, &format!("^{flags} 00")), BadMemArg);
        }
    }
}
