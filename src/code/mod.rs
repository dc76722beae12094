//! What modes make of validated function bodies.
//!
//! A module's code is made for one mode, when it is loaded. An instance that is to run in another has code of its own.

#[cfg(feature = "fast")]
pub(crate) mod fast;
#[cfg(feature = "classic")]
pub(crate) mod side_table;

use crate::alloc::{OutOfMemory, TryBox};
use crate::binary::reader::Parsed;
use crate::validate::locals::Locals;
use crate::validate::sink::{At, How, LabelKind, Plain, Sink};
use zonda_exec::{ExecInstance, FuncLayout, Mode};

/// The code of all functions that a module defines, for one mode.
pub(crate) enum Code<'a> {
    #[cfg(feature = "classic")]
    Classic(side_table::Classic),
    #[cfg(feature = "fast")]
    Fast(fast::Fast<'a>),
    /// None, and no function: before the module's functions are known.
    #[allow(dead_code)]
    Nothing(core::marker::PhantomData<&'a ()>),
}

impl Code<'_> {
    /// The mode it is for.
    pub(crate) fn mode(&self) -> Mode {
        match self {
            #[cfg(feature = "classic")]
            Code::Classic(_) => Mode::Classic,
            #[cfg(feature = "fast")]
            Code::Fast(_) => Mode::Fast,
            Code::Nothing(_) => crate::Engine::default().mode(),
        }
    }

    /// Functions that the module defines.
    pub(crate) fn len(&self) -> usize {
        match self {
            #[cfg(feature = "classic")]
            Code::Classic(code) => code.funcs.len(),
            #[cfg(feature = "fast")]
            Code::Fast(code) => code.funcs.as_slice().len(),
            Code::Nothing(_) => 0,
        }
    }

    /// One of them, by its index among them.
    #[inline]
    pub(crate) fn layout(&self, defined: u32) -> Option<&FuncLayout> {
        match self {
            #[cfg(feature = "classic")]
            Code::Classic(code) => code.funcs.get(defined as usize).map(|func| &func.layout),
            #[cfg(feature = "fast")]
            Code::Fast(code) => {
                code.funcs.as_slice().get(defined as usize).map(|func| &func.layout)
            }
            Code::Nothing(_) => None,
        }
    }

    /// RAM that it takes beyond the records of the functions, in bytes.
    pub(crate) fn ram(&self) -> usize {
        match self {
            #[cfg(feature = "classic")]
            Code::Classic(code) => size_of_val(&code.table[..]),
            #[cfg(feature = "fast")]
            Code::Fast(code) => code.code.ram(),
            Code::Nothing(_) => 0,
        }
    }

    /// RAM that the records of the functions take, in bytes.
    pub(crate) fn records_ram(&self) -> usize {
        match self {
            #[cfg(feature = "classic")]
            Code::Classic(code) => size_of_val(&code.funcs[..]),
            #[cfg(feature = "fast")]
            Code::Fast(code) => code.funcs.ram(),
            Code::Nothing(_) => 0,
        }
    }

    /// Whether the code may access memory 0 without saying so: see [`ExecInstance::memory`].
    pub(crate) fn sees_memory(&self) -> bool {
        match self {
            #[cfg(feature = "classic")]
            Code::Classic(code) => code.short_memargs,
            #[cfg(feature = "fast")]
            Code::Fast(_) => true,
            Code::Nothing(_) => false,
        }
    }

    /// Says to an instance where its code is, and how to run it.
    pub(crate) fn publish(&self, seen: &mut ExecInstance, imported: u32) {
        seen.mode = self.mode();
        match self {
            #[cfg(feature = "classic")]
            Code::Classic(code) => seen.funcs = code.funcs.as_ptr().wrapping_sub(imported as usize),
            #[cfg(feature = "fast")]
            Code::Fast(code) => {
                seen.fast_funcs = code.funcs.as_slice().as_ptr().wrapping_sub(imported as usize);
                seen.code = code.code.as_slice().as_ptr();
                #[cfg(feature = "strict")]
                {
                    seen.code_end = code.code.as_slice().as_ptr_range().end;
                    seen.fast_funcs_end = code.funcs.as_slice().as_ptr_range().end;
                }
            }
            Code::Nothing(_) => {}
        }
    }
}

/// The sink of one mode. One type for all, so that the validator is in the image once.
pub(crate) enum ModeSink<'a> {
    #[cfg(feature = "classic")]
    Classic(TryBox<side_table::SideTable<'a>>),
    #[cfg(feature = "fast")]
    Fast(TryBox<fast::Translator<'a>>),
}

macro_rules! each {
    ($self:ident, $sink:ident => $e:expr) => {
        match $self {
            #[cfg(feature = "classic")]
            ModeSink::Classic($sink) => $e,
            #[cfg(feature = "fast")]
            ModeSink::Fast($sink) => $e,
        }
    };
}

impl<'a> ModeSink<'a> {
    pub(crate) fn new(mode: Mode, bytes: &'a [u8]) -> Result<ModeSink<'a>, OutOfMemory> {
        Ok(match mode {
            #[cfg(feature = "classic")]
            Mode::Classic => ModeSink::Classic(side_table::SideTable::new(bytes)?),
            #[cfg(feature = "fast")]
            Mode::Fast => ModeSink::Fast(fast::Translator::new(bytes)?),
        })
    }

    /// Makes room for records of as many functions, which `imported` ones precede.
    pub(crate) fn reserve(&mut self, count: usize, imported: u32) -> Result<(), OutOfMemory> {
        #[cfg(feature = "fast")]
        #[allow(irrefutable_let_patterns)]
        if let ModeSink::Fast(sink) = self {
            sink.imported = imported;
        }
        let _ = imported;
        each!(self, sink => sink.funcs.reserve_exact(count))
    }

    /// Adds the record of the next function, of which the type is known and nothing else.
    pub(crate) fn declare(&mut self, layout: FuncLayout) -> Result<(), OutOfMemory> {
        each!(self, sink => sink.declare(layout))
    }

    /// What was made of all functions.
    pub(crate) fn complete(&mut self) -> Parsed<Code<'a>> {
        each!(self, sink => sink.complete())
    }
}

impl Sink for ModeSink<'_> {
    fn begin(&mut self, pos: usize, locals: &Locals) -> Parsed<()> {
        each!(self, sink => sink.begin(pos, locals))
    }
    fn enter(&mut self, at: At, kind: LabelKind, params: u32) -> Parsed<()> {
        each!(self, sink => sink.enter(at, kind, params))
    }
    fn otherwise(&mut self, at: At) -> Parsed<()> {
        each!(self, sink => sink.otherwise(at))
    }
    fn end(&mut self, at: At, results: u32) -> Parsed<()> {
        each!(self, sink => sink.end(at, results))
    }
    fn branch(&mut self, at: At, how: How, depth: u32, keep: u32) -> Parsed<()> {
        each!(self, sink => sink.branch(at, how, depth, keep))
    }
    fn wide(&mut self, pos: usize, live: bool) -> Parsed<()> {
        each!(self, sink => sink.wide(pos, live))
    }
    fn long_memarg(&mut self) {
        each!(self, sink => sink.long_memarg())
    }
    fn operation(&mut self, plain: &Plain) -> Parsed<()> {
        each!(self, sink => sink.operation(plain))
    }
    fn finish(&mut self, end: usize, operands: u32) -> Parsed<()> {
        each!(self, sink => sink.finish(end, operands))
    }
    fn retry(&mut self) -> bool {
        each!(self, sink => sink.retry())
    }
}
