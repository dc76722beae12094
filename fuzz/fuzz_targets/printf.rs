//! The C library that modules import from `env`: printf with the same conversion as glibc's, byte for
//! byte; any format with any arguments, to the console and to memory alike; and all other functions
//! with hostile pointers and lengths. A call returns or traps because of memory.
#![no_main]

use arbitrary::{Result, Unstructured};
use std::ffi::{c_char, c_int, CString};
use std::sync::OnceLock;
use zonda::{Engine, Error, Grants, Instance, Linker, Memory, Module, Store, TrapCode, Val};
use zonda_libc::{Env, Host};

const TEXT: &str = include_str!("../../tests/capi/libc.wat");
/// Bytes of the linear memory.
const MEMORY: u32 = 65536;
/// Where formats, arguments and what is printed lie.
const FORMAT: u32 = 1024;
const ARGUMENTS: u32 = 4096;
const STRING: u32 = 6000;
const OUTPUT: u32 = 8192;
const ROOM: usize = 8192;

extern "C" {
    fn snprintf(to: *mut c_char, size: usize, format: *const c_char, ...) -> c_int;
}

#[derive(Default)]
struct Console {
    text: Vec<u8>,
    next: u32,
}

impl Host for Console {
    fn print(&mut self, text: &[u8]) {
        self.text.extend_from_slice(text);
    }
    /// Blocks that lie where they may, and sometimes do not.
    fn allocate(&mut self, size: u32) -> u32 {
        self.next = (self.next + 4096) % (MEMORY + 8192);
        if size > MEMORY {
            0
        } else {
            self.next
        }
    }
    fn block_size(&mut self, at: u32) -> Option<u32> {
        at.is_multiple_of(4096).then_some(at / 8)
    }
}

/// The functions, and how many parameters each has.
fn functions() -> &'static [(&'static str, usize)] {
    static FUNCTIONS: OnceLock<Vec<(&str, usize)>> = OnceLock::new();
    FUNCTIONS.get_or_init(|| {
        let imports = TEXT.lines().filter_map(|line| line.trim().strip_prefix("(import \"env\" "));
        imports
            .map(|import| {
                let name = import.split('"').nth(1).expect("a name");
                let params = import.split("(param").nth(1).and_then(|rest| rest.split(')').next());
                (name, params.map_or(0, |params| params.split_whitespace().count()))
            })
            .collect()
    })
}

struct World {
    store: Store<'static, Console>,
    instance: Instance,
    memory: Memory,
}

impl World {
    fn new() -> World {
        static BYTES: OnceLock<Vec<u8>> = OnceLock::new();
        let bytes = BYTES.get_or_init(|| wat::parse_str(TEXT).expect("the text is a module"));
        let engine = Engine::default();
        let module = Module::from_vec(&engine, bytes).unwrap();
        let mut store = Store::new(&engine, Console::default()).unwrap();
        let mut linker = Linker::new();
        linker
            .define_module(Env::<Console>::MODULE, Grants::All, |console: &mut Console| console)
            .unwrap();
        let instance = linker.instantiate(&mut store, &module).unwrap();
        let memory = instance.get_memory(&store, "memory").unwrap();
        World { store, instance, memory }
    }

    fn put(&mut self, at: u32, bytes: &[u8]) {
        let memory = self.memory.data_mut(&mut self.store).unwrap();
        let place = memory.get_mut(at as usize..).unwrap_or(&mut []);
        place.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
    }

    fn get(&mut self, at: u32, len: usize) -> Vec<u8> {
        self.memory.data_mut(&mut self.store).unwrap()[at as usize..][..len].to_vec()
    }

    /// Calls a function; `None` when the call has trapped.
    fn call(&mut self, name: &str, args: &[u32]) -> Option<u32> {
        let args: Vec<Val> = args.iter().map(|arg| Val::I32(*arg as i32)).collect();
        let mut results = [Val::I32(0)];
        let none = ["free", "exit", "abort", "nullFunc_X", "abortStackOverflow"];
        let none = none.contains(&name) || matches!(name, "__cxa_begin_catch" | "__cxa_throw");
        if name == "clock" {
            results[0] = Val::I64(0);
        }
        let func = self.instance.get_func(&self.store, name).unwrap();
        match func.call(&mut self.store, &args, &mut results[..usize::from(!none)]) {
            Ok(()) => match results[0] {
                Val::I32(value) => Some(value as u32),
                _ => Some(0),
            },
            Err(Error::Trap(trap)) if trap.code == TrapCode::MemoryOutOfBounds => None,
            Err(Error::Trap(trap)) if trap.code == TrapCode::Host && none => None,
            Err(error) => panic!("{name}{args:?}: {error}"),
        }
    }

    /// sprintf, with the format and the arguments in their places.
    fn print(&mut self, format: &[u8], arguments: &[u8]) -> Vec<u8> {
        self.put(FORMAT, format);
        self.put(FORMAT + format.len() as u32, b"\0");
        self.put(ARGUMENTS, arguments);
        let count = self.call("sprintf", &[OUTPUT, FORMAT, ARGUMENTS]).expect("all is inside");
        let text = self.get(OUTPUT, count as usize + 1);
        let (text, end) = text.split_at(count as usize);
        assert_eq!(end, [0], "the text does not end");
        text.to_vec()
    }
}

/// One conversion is printed as glibc does.
fn conversion(u: &mut Unstructured, world: &mut World) -> Result<()> {
    let kind = *u.choose(b"diuoxXcseEfFgG")?;
    let mut spec = String::from("%");
    for flag in ['-', '+', ' ', '#', '0'] {
        // glibc pads strings with zeros, which the C standard leaves open.
        // It also forgets the digits of %#g where rounding adds one in front of the point.
        let open = match flag {
            '0' => matches!(kind, b's' | b'c'),
            '#' => matches!(kind, b'g' | b'G'),
            _ => false,
        };
        if u.ratio(1, 3)? && !open {
            spec.push(flag);
        }
    }
    if u.arbitrary()? {
        spec += &u.int_in_range(1..=300)?.to_string();
    }
    let float = matches!(kind, b'e' | b'E' | b'f' | b'F' | b'g' | b'G');
    if u.arbitrary()? && kind != b'c' {
        spec.push('.');
        if u.ratio(7, 8)? {
            spec += &u.int_in_range(0..=if float { 1100 } else { 300 })?.to_string();
        }
    }
    let number = !float && kind != b'c' && kind != b's';
    // In wasm32 a long has 32 bits.
    let (ours, theirs) = match u.int_in_range(0..=5)? {
        0 if number => ("l", ""),
        1 if number => ("ll", "ll"),
        2 if number => ("h", "h"),
        3 if number => ("hh", "hh"),
        4 if number => ("j", "j"),
        _ => ("", ""),
    };
    let letter = kind as char;
    let own = format!("<{spec}{ours}{letter}>");
    let other = CString::new(format!("<{spec}{theirs}{letter}>")).expect("no NUL");
    let bits: u64 = u.arbitrary()?;
    let mut string = *b"a string \xff\x01 of them\0";
    if kind == b's' {
        let end = u.choose_index(string.len())?;
        string[end] = 0;
        world.put(STRING, &string);
    }
    let argument = if kind == b's' { u64::from(STRING) } else { bits };
    let text = world.print(own.as_bytes(), &argument.to_le_bytes());
    let mut buffer = vec![0u8; ROOM];
    let at = buffer.as_mut_ptr().cast();
    // SAFETY: the buffer has its size; the argument is of the type that the conversion wants, and the
    // string ends with NUL.
    let count = unsafe {
        match kind {
            b's' => snprintf(at, ROOM, other.as_ptr(), string.as_ptr()),
            _ if float => snprintf(at, ROOM, other.as_ptr(), f64::from_bits(bits)),
            _ if matches!(theirs, "ll" | "j") => snprintf(at, ROOM, other.as_ptr(), bits),
            _ => snprintf(at, ROOM, other.as_ptr(), bits as u32),
        }
    };
    let expected = &buffer[..count as usize];
    assert_eq!(
        String::from_utf8_lossy(&text),
        String::from_utf8_lossy(expected),
        "{own} of {bits:#x}"
    );
    Ok(())
}

/// Any format is printed to the console as it is to memory, whole or cut off.
fn format(u: &mut Unstructured, world: &mut World) -> Result<()> {
    let len = u.int_in_range(0..=40)?;
    let format: Vec<u8> = u.bytes(len)?.iter().copied().filter(|&byte| byte != 0).collect();
    let mut arguments = u.bytes(48)?.to_vec();
    // Some of the words are the address of a string.
    for word in arguments.chunks_exact_mut(4).filter(|word| word[0] & 1 == 1) {
        word.copy_from_slice(&STRING.to_le_bytes());
    }
    world.put(STRING, b"text\0");
    world.put(FORMAT, &format);
    world.put(FORMAT + format.len() as u32, b"\0");
    world.put(ARGUMENTS, &arguments);
    world.store.data_mut().text.clear();
    let printed = world.call("printf", &[FORMAT, ARGUMENTS]);
    let text = std::mem::take(&mut world.store.data_mut().text);
    zonda_fuzz::calls::count("format", printed.is_some());
    let Some(count) = printed else { return Ok(()) };
    assert_eq!(count as usize, text.len(), "printf returns what it prints");
    let room = u.int_in_range(0..=9000u32)?;
    let again = world.call("snprintf", &[OUTPUT, room, FORMAT, ARGUMENTS]);
    assert_eq!(again, printed, "snprintf counts as printf does");
    let kept = text.len().min((room as usize).saturating_sub(1));
    if room != 0 {
        let found = world.get(OUTPUT, kept + 1);
        assert_eq!((&found[..kept], found[kept]), (&text[..kept], 0));
    }
    Ok(())
}

fn word(u: &mut Unstructured) -> Result<u32> {
    Ok(match u.int_in_range(0..=7)? {
        0 => u.int_in_range(0..=70)?,
        1..=3 => *u.choose(&[FORMAT, ARGUMENTS, STRING, OUTPUT])?,
        4 => MEMORY - u.int_in_range(0..=40)?,
        5 => *u.choose(&[u32::MAX, 1 << 31, (1 << 31) - 1, MEMORY, 4096])?,
        _ => u.arbitrary()?,
    })
}

fn step(u: &mut Unstructured, world: &mut World) -> Result<()> {
    match u.int_in_range(0..=7)? {
        0 | 1 => conversion(u, world),
        2 | 3 => format(u, world),
        4 => {
            let at = word(u)?;
            let len = u.int_in_range(0..=64)?;
            let bytes = u.bytes(len)?;
            world.put(at, bytes);
            Ok(())
        }
        _ => {
            let (name, params) = *u.choose(functions())?;
            let args: Vec<u32> = (0..params).map(|_| word(u)).collect::<Result<_>>()?;
            let returned = world.call(name, &args).is_some();
            zonda_fuzz::calls::count(name, returned);
            Ok(())
        }
    }
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    zonda_fuzz::calls::write_at_exit();
    let mut u = Unstructured::new(data);
    let mut world = World::new();
    for _ in 0..100 {
        // Formats that print much of the memory again and again take long, and are no news.
        let much = world.store.data_mut().text.len() > 1 << 20;
        if u.is_empty() || much || step(&mut u, &mut world).is_err() {
            break;
        }
    }
});
