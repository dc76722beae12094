//! Files with compiled code: the module in them is read without its bodies, and the code that lies
//! beside it is used in place.

#[cfg(feature = "precompiled")]
use super::load;
use super::Loader;
use crate::alloc::{TryArc, TryBox};
use crate::binary::reader::{error, Reader};
#[cfg(feature = "precompiled")]
use crate::code::fast::precompiled::{self, Precompiled};
#[cfg(feature = "precompiled")]
use crate::code::fast::verify::verify;
#[cfg(any(feature = "precompiled", all(feature = "native", feature = "fast")))]
use crate::code::fast::{Code as FastCode, Stored};
#[cfg(feature = "native")]
use crate::code::native::{artifact as native, Code as NativeCode};
use crate::code::Code;
#[cfg(feature = "precompiled")]
use crate::error::ModuleError;
use crate::error::{ArtifactErrorKind, Error, ErrorKind};
use crate::module::ModuleData;
#[cfg(feature = "native")]
use zonda_exec::native::{NativeFunc, Needs};
#[cfg(feature = "native")]
use zonda_exec::FuncLayout;
#[cfg(feature = "precompiled")]
use zonda_exec::Mode;

/// Loads a precompiled module for the engine's `mode`. If it is trusted, its code is not verified.
#[cfg(feature = "precompiled")]
#[inline(never)]
pub(in crate::module) fn load_precompiled(
    file: &[u8],
    mode: Mode,
    trusted: bool,
) -> Result<TryArc<ModuleData<'_>>, Error> {
    let mut reader = Reader::new(file, 0);
    let parts =
        precompiled::read(file, &mut reader).map_err(|kind| kind.at(reader.pos() as u32))?;
    let [module_at, ..] = parts.at;
    if mode != Mode::Fast {
        crate::module::from_source()?;
        return load(parts.module, mode).map_err(|error| match error {
            Error::Module(ModuleError { kind: ErrorKind::BodyCount, .. }) => {
                ArtifactErrorKind::NoBodies.at(module_at)
            }
            error => error.moved(module_at),
        });
    }
    if parts.word_size as usize != size_of::<usize>() {
        return Err(ArtifactErrorKind::PointerSize.at(precompiled::WORD_SIZE_AT as u32));
    }
    let mut loader = Loader::precompiled(&parts, trusted)?;
    let code = Code::Fast(FastCode {
        funcs: Stored::Mapped(parts.funcs),
        code: Stored::Mapped(parts.without_guard()),
        handlers: parts.handlers.keep(),
    });
    loader.keep(code, file).map_err(|kind| error(kind, file.len()))
}

/// Loads a native module, which the embedder trusts.
#[cfg(feature = "native")]
#[inline(never)]
pub(in crate::module) fn load_native(file: &[u8]) -> Result<TryArc<ModuleData<'_>>, Error> {
    let mut reader = Reader::new(file, 0);
    let parts = native::read(file, &mut reader).map_err(|kind| kind.at(reader.pos() as u32))?;
    let mut loader = Loader::without_code(parts.module, parts.module_at)?;
    let env = &loader.env;
    let matches = |func: &NativeFunc, ty: u16| {
        let FuncLayout { params, locals, results, type_index, .. } = func.layout;
        env.ty(ty as u32).is_ok_and(|entry| {
            (params, locals, results, type_index)
                == (entry.param_slots, entry.param_slots, entry.result_slots, ty)
        })
    };
    let types = env.funcs.get(loader.imported_funcs as usize..).unwrap_or(&[]);
    if types.len() != parts.funcs.len()
        || !parts.funcs.iter().zip(types).all(|(func, &ty)| matches(func, ty))
    {
        return Err(ArtifactErrorKind::Record.at(parts.module_at));
    }
    env.sizes_memory.set(parts.sizes_memory);
    #[cfg(feature = "fast")]
    let bytecode = match parts.bytecode {
        Some((records, code)) => Some(
            fast_functions(records, code, parts.funcs.len())
                .ok_or(ArtifactErrorKind::Record.at(parts.module_at))?,
        ),
        None => None,
    };
    let code = Code::Native(NativeCode {
        #[cfg(feature = "fast")]
        bytecode,
        funcs: parts.funcs,
        text: parts.text,
        positions: parts.positions,
        needs: Needs {
            imported_globals: env.imported_globals,
            reserve: parts.reserve,
            least_memory: parts.least_memory,
        },
        globals: env.globals.len(),
    });
    loader.keep(code, file).map_err(|kind| error(kind, file.len()))
}

/// The functions of a native module that are register bytecode, used in place: a record for each of
/// the `count` functions of the module. `None` where a record is not complete or has no code.
#[cfg(all(feature = "native", feature = "fast"))]
fn fast_functions<'a>(records: &'a [u8], code: &'a [u8], count: usize) -> Option<FastCode<'a>> {
    // SAFETY: `FastFunc` consists of integers without padding, so any bytes are valid.
    let (before, funcs, after) = unsafe { records.align_to::<zonda_exec::FastFunc>() };
    let fits = before.is_empty() && after.is_empty() && funcs.len() == count;
    (fits && funcs.iter().all(|func| (func.code as usize) < code.len())).then_some(FastCode {
        funcs: Stored::Mapped(funcs),
        code: Stored::Mapped(code),
        // The compiler refuses modules with exceptions.
        handlers: crate::code::handlers::Handlers::new().take(),
    })
}

/// Verifies a precompiled module for a device of any pointer size and returns its parts.
#[cfg(feature = "toolchain")]
#[inline(never)]
pub(crate) fn verify_precompiled(file: &[u8]) -> Result<Precompiled<'_>, Error> {
    let mut reader = Reader::new(file, 0);
    let parts =
        precompiled::read(file, &mut reader).map_err(|kind| kind.at(reader.pos() as u32))?;
    Loader::precompiled(&parts, false).map(|_| parts)
}

impl<'a> Loader<'a> {
    /// Reads the module of a precompiled module and verifies its functions. An error has its offset
    /// in the precompiled module.
    #[cfg(feature = "precompiled")]
    #[inline(never)]
    fn precompiled(parts: &Precompiled<'a>, trusted: bool) -> Result<TryBox<Loader<'a>>, Error> {
        let [module_at, ..] = parts.at;
        let loader = Loader::without_code(parts.module, module_at)?;
        // Nothing looks at the code of a trusted one.
        loader.env.sizes_memory.set(trusted);
        if !trusted {
            verify(parts, &loader.env, loader.imported_funcs, loader.data.len() as u32)
                .map_err(|(kind, at)| kind.at(at))?;
        }
        Ok(loader)
    }

    /// Reads a module that lies in an artifact, at `module_at`. An error has its offset there.
    #[cfg(any(feature = "precompiled", feature = "native"))]
    #[inline(always)]
    fn without_code(module: &'a [u8], module_at: u32) -> Result<TryBox<Loader<'a>>, Error> {
        let mut loader = Loader::new(module, None)?;
        // The code section may be missing; if it is there, it is not read.
        loader.bodies = true;
        loader.code = module.len() as u32;
        let mut reader = Reader::new(module, 0);
        let result = loader.sections(&mut reader, &mut |loader, code| {
            if code.u32()? != loader.defined() {
                return Err(ErrorKind::BodyCount);
            }
            loader.code = code.pos() as u32;
            code.take(code.left()).map(|_| ())
        });
        result.map_err(|kind| error(kind, reader.pos()).moved(module_at))?;
        Ok(loader)
    }
}
