//! Reads a native module of any target on the host: what it was made for, and its code as assembly.
//!
//! Nothing is executed, and the file need not be for this machine. It may be damaged: an error names
//! the offset.

use crate::target::Target;
use inkwell::llvm_sys::disassembler::{
    LLVMCreateDisasmCPUFeatures, LLVMDisasmContextRef, LLVMDisasmDispose, LLVMDisasmInstruction,
    LLVMSetDisasmOptions,
};
use std::ffi::{c_char, c_void, CStr, CString};
use zonda::toolchain::native_format as format;
use zonda_exec::native::{NativeFunc, NO_CODE};

/// `LLVMDisassembler_Option_PrintImmHex`.
const HEXADECIMAL: u64 = 2;
/// Bytes of the longest instruction as text.
const TEXT: usize = 256;

/// A native module.
#[derive(Debug)]
pub struct Native<'a> {
    /// The name of the target, and of the CPU.
    pub target: &'a str,
    pub cpu: &'a str,
    /// The SHA-256 of the WebAssembly module.
    pub hash: &'a [u8],
    /// The WebAssembly module; without its code section unless it was kept.
    pub module: &'a [u8],
    /// Bytes of native stack that the code may use beyond a check.
    pub reserve: u32,
    /// Bytes that memory 0 has at least.
    pub least_memory: u32,
    /// Whether termination requests and fuel are checked.
    pub is_metered: bool,
    /// Offsets in the text of the functions that the module defines; `None` for those that only the
    /// code itself calls, or that are register bytecode.
    pub funcs: Vec<Option<u32>>,
    pub text: &'a [u8],
    /// Bytes of the map from return addresses to offsets in the module.
    pub position_bytes: usize,
    /// Bytes of register bytecode, where a part of the functions is.
    pub bytecode: usize,
    /// For each call that can trap the offset behind it in the text, the function, and the offset in
    /// the module.
    pub calls: Vec<(u32, u32, u32)>,
}

/// An instruction of the text.
pub struct Line {
    pub at: u32,
    pub bytes: Vec<u8>,
    /// The instruction, or `None` for what is none: a constant between functions.
    pub text: Option<String>,
}

/// A number of 32 bits.
fn word(file: &[u8], at: usize) -> Result<u32, String> {
    let bytes = at.checked_add(4).and_then(|end| file.get(at..end));
    let bytes = bytes.and_then(|bytes| bytes.try_into().ok()).ok_or_else(|| {
        format!("offset {at:#x}: expected a number of 4 bytes, found the end of the file")
    })?;
    Ok(u32::from_le_bytes(bytes))
}

/// A text that is padded with zeros.
fn name(bytes: &[u8], at: usize) -> Result<&str, String> {
    let bytes = bytes.get(at..at + 32).unwrap_or(&[]);
    let len = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
    std::str::from_utf8(&bytes[..len]).map_err(|_| "the name of the target is not UTF-8".into())
}

impl<'a> Native<'a> {
    /// Reads a file.
    ///
    /// # Errors
    /// What is wrong with it, with the offset.
    pub fn read(file: &'a [u8]) -> Result<Native<'a>, String> {
        if !is_native(file) {
            return Err("offset 0x0: expected a file with native code".into());
        }
        let count = word(file, format::TABLE_AT - 4)? as usize;
        let section = |id: usize| {
            let entry = format::TABLE_AT + format::ENTRY * (id - 1);
            let (at, len) = (word(file, entry + 4)? as usize, word(file, entry + 8)? as usize);
            let contents = at.checked_add(len).and_then(|end| file.get(at..end));
            contents.ok_or_else(|| {
                format!(
                    "offset {entry:#x}: section {id} ends at {:#x}, outside of the file",
                    at + len
                )
            })
        };
        let target = section(1)?;
        if target.len() < format::TARGET {
            return Err(format!(
                "the target has {} bytes, expected {}",
                target.len(),
                format::TARGET
            ));
        }
        let record = size_of::<NativeFunc>();
        let funcs = section(3)?.chunks_exact(record).map(|record| {
            let at = word(record, 12)?;
            Ok((at != NO_CODE).then_some(at))
        });
        let positions = section(5)?;
        Ok(Native {
            target: name(target, 24)?,
            cpu: name(target, 56)?,
            hash: &file[format::TABLE_AT - 4 - format::HASH..format::TABLE_AT - 4],
            module: section(2)?,
            reserve: word(target, 8)?,
            least_memory: word(target, 12)?,
            is_metered: word(target, 16)? != 0,
            funcs: funcs.collect::<Result<_, String>>()?,
            text: section(4)?,
            position_bytes: positions.len(),
            bytecode: if count > format::SECTIONS { section(7)?.len() } else { 0 },
            calls: calls(positions),
        })
    }

    /// The text as assembly, in order.
    ///
    /// # Errors
    /// The target is none of this version.
    pub fn disassemble(&self) -> Result<Vec<Line>, String> {
        let target = Target::named(self.target)?.with_cpu(self.cpu)?;
        let mut disassembler = Disassembler::new(&target)?;
        let mut lines = Vec::new();
        let step = target.least_instruction();
        let mut at = 0;
        while let Some(rest) = self.text.get(at..).filter(|rest| !rest.is_empty()) {
            let found = disassembler.instruction(rest, at as u64);
            let (len, text) = match found {
                Some((len, text)) => (len, Some(text)),
                None => (step.min(rest.len()), None),
            };
            lines.push(Line { at: at as u32, bytes: rest[..len].to_vec(), text });
            at += len;
        }
        Ok(lines)
    }
}

/// Whether the bytes begin as a native module does.
pub fn is_native(file: &[u8]) -> bool {
    file.starts_with(format::MAGIC) && file.get(6) == Some(&format::NATIVE)
}

/// The map from return addresses (docs/native-code.md, "The file"), as far as it can be read.
fn calls(map: &[u8]) -> Vec<(u32, u32, u32)> {
    let mut reader = map.iter();
    let mut next = || {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = *reader.next()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                // The bits above, were it signed.
                let sign = if byte & 0x40 != 0 && shift < 57 { u64::MAX << (shift + 7) } else { 0 };
                return Some((value, (value | sign) as i64));
            }
        }
        None
    };
    let (mut func, mut at, mut offset) = (0, 0u32, 0i64);
    let mut found = Vec::new();
    while let (Some((distance, _)), Some((_, value))) = (next(), next()) {
        if distance == 0 {
            func = value as u32;
            continue;
        }
        at = at.wrapping_add(distance as u32);
        offset = offset.wrapping_add(value);
        found.push((at, func, offset as u32));
    }
    found
}

/// Knows no symbol. LLVM prints the target of a branch as an address where there is one to ask.
extern "C" fn no_symbol(
    _: *mut c_void,
    _: u64,
    kind: *mut u64,
    _: u64,
    name: *mut *const c_char,
) -> *const c_char {
    // SAFETY: LLVM passes places for both.
    unsafe {
        *kind = 0;
        *name = std::ptr::null();
    }
    std::ptr::null()
}

struct Disassembler(LLVMDisasmContextRef);

impl Disassembler {
    fn new(target: &Target) -> Result<Disassembler, String> {
        crate::llvm::start();
        let text = |text: &str| CString::new(text).map_err(|error| error.to_string());
        let (triple, cpu) = (text(target.triple)?, text(&target.cpu)?);
        let features = text(target.features)?;
        // SAFETY: the three texts end with NUL and live during the call; LLVM allows null for what
        // it would ask about symbols.
        let context = unsafe {
            LLVMCreateDisasmCPUFeatures(
                triple.as_ptr(),
                cpu.as_ptr(),
                features.as_ptr(),
                std::ptr::null_mut(),
                0,
                None,
                Some(no_symbol),
            )
        };
        if context.is_null() {
            return Err(format!("LLVM has no disassembler for {}", target.name));
        }
        // SAFETY: the context was checked.
        unsafe { LLVMSetDisasmOptions(context, HEXADECIMAL) };
        Ok(Disassembler(context))
    }

    /// The instruction at the start of the bytes: its length and text.
    fn instruction(&mut self, bytes: &[u8], pc: u64) -> Option<(usize, String)> {
        // LLVM's interface wants them mutable, and changes nothing.
        let mut copy: Vec<u8> = bytes.iter().copied().take(16).collect();
        let mut text = [0 as c_char; TEXT];
        // SAFETY: the context is live; both buffers have the lengths that are passed, and LLVM ends
        // the text with NUL inside of its buffer.
        let len = unsafe {
            LLVMDisasmInstruction(
                self.0,
                copy.as_mut_ptr(),
                copy.len() as u64,
                pc,
                text.as_mut_ptr(),
                TEXT,
            )
        };
        if len == 0 {
            return None;
        }
        // SAFETY: the buffer was zeroed, and LLVM has ended its text with NUL.
        let text = unsafe { CStr::from_ptr(text.as_ptr()) };
        Some((len, text.to_string_lossy().trim().replace('\t', " ")))
    }
}

impl Drop for Disassembler {
    fn drop(&mut self) {
        // SAFETY: the context is live, and nothing uses it afterwards.
        unsafe { LLVMDisasmDispose(self.0) }
    }
}
