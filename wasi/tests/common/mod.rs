//! A module that exports what it imports, so that a test calls the functions of WASI with any
//! parameters, on a linear memory that it reads and writes.
#![allow(dead_code)]

mod funcs;
pub mod sequence;

#[allow(unused_imports)] // Not all tests use both.
pub use funcs::{hurry, FUNCS};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use zonda::{Engine, Error, Func, Grants, Instance, Linker, Memory, Module, Store, TrapCode, Val};
use zonda_wasi::host::{Host, HostDir};
use zonda_wasi::{Errno, Preview1, Rights, Sockets, Unstable, Wasi};

/// Bytes of the linear memory.
pub const MEMORY: usize = 65536;
/// Where [`Probe`] keeps results, iovecs, paths and data.
pub const RESULT: u32 = 0;
const PATH: u32 = 1024;
const SECOND_PATH: u32 = 8192;
const IOVEC: u32 = 512;
pub const DATA: u32 = 16384;

/// A folder that is the test's own and empty.
pub fn folder(name: &str) -> PathBuf {
    // A fuzz target has no such folder.
    let parent = option_env!("CARGO_TARGET_TMPDIR").map_or_else(std::env::temp_dir, PathBuf::from);
    let folder = parent.join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// The text of a module that imports from one of this name.
fn text(module: &str) -> String {
    let mut text = String::from("(module");
    // The version before preview 1 has no sockets that a program opens.
    let funcs = || FUNCS.iter().take(if module == "wasi_unstable" { 46 } else { FUNCS.len() });
    for (name, params) in funcs() {
        let params: Vec<&str> =
            params.chars().map(|ty| if ty == 'w' { "i32" } else { "i64" }).collect();
        let result = if *name == "proc_exit" { "" } else { "(result i32)" };
        text += &format!(
            "(import \"{module}\" \"{name}\" (func ${name} (param {}) {result}))",
            params.join(" ")
        );
    }
    for (name, _) in funcs() {
        text += &format!("(export \"{name}\" (func ${name}))");
    }
    text + "(memory (export \"memory\") 1 1))"
}

/// A program whose calls are the test's.
pub struct Probe {
    pub store: Store<'static, Wasi<Host>>,
    instance: Instance,
    memory: Memory,
}

/// What a function returned.
pub type Outcome = Result<(), Errno>;

impl Probe {
    /// A program with preopened directories: path, name, rights.
    pub fn new(dirs: &[(&Path, &str, Rights)]) -> Probe {
        let mut wasi = Wasi::new(Host::new()).unwrap();
        for (path, name, rights) in dirs {
            let dir = HostDir::open_ambient(path).unwrap();
            wasi.preopen(name.as_bytes(), dir, *rights).unwrap();
        }
        Probe::with(wasi)
    }

    pub fn with(wasi: Wasi<Host>) -> Probe {
        Probe::of("wasi_snapshot_preview1", wasi)
    }

    /// A program that imports from a module of this name.
    pub fn of(module: &str, wasi: Wasi<Host>) -> Probe {
        let engine = Engine::default();
        // A fuzz target makes very many.
        static PREVIEW1: OnceLock<Vec<u8>> = OnceLock::new();
        let parsed = || wat::parse_str(text(module)).unwrap();
        let module = if module == "wasi_snapshot_preview1" {
            Module::from_vec(&engine, PREVIEW1.get_or_init(parsed)).unwrap()
        } else {
            Module::from_vec(&engine, parsed()).unwrap()
        };
        let mut store = Store::new(&engine, wasi).unwrap();
        let mut linker = Linker::new();
        linker.define_module(Preview1::MODULE, Grants::All, |wasi: &mut Wasi<Host>| wasi).unwrap();
        linker.define_module(Sockets::MODULE, Grants::All, |wasi: &mut Wasi<Host>| wasi).unwrap();
        linker.define_module(Unstable::MODULE, Grants::All, |wasi: &mut Wasi<Host>| wasi).unwrap();
        let instance = linker.instantiate(&mut store, &module).unwrap();
        let memory = instance.get_memory(&store, "memory").unwrap();
        Probe { store, instance, memory }
    }

    pub fn func(&self, name: &str) -> Func {
        self.instance.get_func(&self.store, name).unwrap()
    }

    pub fn memory(&mut self) -> &mut [u8] {
        self.memory.data_mut(&mut self.store).unwrap()
    }

    /// Calls a function; `Err` with the trap.
    pub fn try_call(&mut self, name: &str, args: &[u64]) -> Result<u32, TrapCode> {
        let params = FUNCS.iter().find(|(func, _)| *func == name).unwrap().1;
        assert_eq!(params.len(), args.len(), "{name}");
        let args: Vec<Val> = params
            .chars()
            .zip(args)
            .map(|(ty, arg)| if ty == 'w' { Val::I32(*arg as i32) } else { Val::I64(*arg as i64) })
            .collect();
        let mut results = [Val::I32(0)];
        let count = if name == "proc_exit" { 0 } else { 1 };
        match self.func(name).call(&mut self.store, &args, &mut results[..count]) {
            Ok(()) => match results[0] {
                Val::I32(number) => Ok(number as u32),
                _ => unreachable!(),
            },
            Err(Error::Trap(trap)) => Err(trap.code),
            Err(error) => panic!("{name}: {error}"),
        }
    }

    /// Calls a function that does not trap.
    #[track_caller]
    pub fn call(&mut self, name: &str, args: &[u64]) -> Outcome {
        match self.try_call(name, args).unwrap() {
            0 => Ok(()),
            number => Err(Errno::from_number(number).unwrap_or_else(|| panic!("{name}: {number}"))),
        }
    }

    pub fn put(&mut self, at: u32, bytes: &[u8]) {
        self.memory()[at as usize..][..bytes.len()].copy_from_slice(bytes);
    }

    /// Puts a path into memory; its two parameters.
    pub fn path(&mut self, path: &str) -> [u64; 2] {
        self.put(PATH, path.as_bytes());
        [PATH.into(), path.len() as u64]
    }

    /// Another one.
    pub fn second(&mut self, path: &str) -> [u64; 2] {
        self.put(SECOND_PATH, path.as_bytes());
        [SECOND_PATH.into(), path.len() as u64]
    }

    pub fn word(&mut self, at: u32) -> u32 {
        u32::from_le_bytes(self.memory()[at as usize..][..4].try_into().unwrap())
    }

    pub fn long(&mut self, at: u32) -> u64 {
        u64::from_le_bytes(self.memory()[at as usize..][..8].try_into().unwrap())
    }

    /// Opens a path: lookup flags, open flags, rights for the descriptor and what it passes on.
    pub fn open_with(
        &mut self,
        dir: u32,
        path: &str,
        (lookup, oflags, rights, inheriting): (u32, u32, Rights, Rights),
    ) -> Result<u32, Errno> {
        let [at, len] = self.path(path);
        let args = [
            dir.into(),
            lookup.into(),
            at,
            len,
            oflags.into(),
            rights,
            inheriting,
            0,
            RESULT.into(),
        ];
        self.call("path_open", &args)?;
        Ok(self.word(RESULT))
    }

    /// Opens a path to be read, following symbolic links.
    pub fn open(&mut self, dir: u32, path: &str) -> Result<u32, Errno> {
        use zonda_wasi::rights::{FD_READ, FD_READDIR, FD_SEEK, FD_TELL};
        self.open_with(dir, path, (1, 0, FD_READ | FD_READDIR | FD_SEEK | FD_TELL, !0))
    }

    /// Reads up to 4096 bytes.
    pub fn read(&mut self, fd: u32) -> Result<Vec<u8>, Errno> {
        self.iovec(DATA, 4096);
        self.call("fd_read", &[fd.into(), IOVEC.into(), 1, RESULT.into()])?;
        let count = self.word(RESULT) as usize;
        Ok(self.memory()[DATA as usize..][..count].to_vec())
    }

    pub fn write(&mut self, fd: u32, bytes: &[u8]) -> Result<u32, Errno> {
        self.put(DATA, bytes);
        self.iovec(DATA, bytes.len() as u32);
        self.call("fd_write", &[fd.into(), IOVEC.into(), 1, RESULT.into()])?;
        Ok(self.word(RESULT))
    }

    pub fn iovec(&mut self, at: u32, len: u32) {
        self.put(IOVEC, &at.to_le_bytes());
        self.put(IOVEC + 4, &len.to_le_bytes());
    }

    /// A function of a descriptor and a path.
    pub fn at(&mut self, name: &str, dir: u32, path: &str) -> Outcome {
        let [at, len] = self.path(path);
        self.call(name, &[dir.into(), at, len])
    }

    pub fn stat(&mut self, dir: u32, path: &str, follow: bool) -> Outcome {
        let [at, len] = self.path(path);
        self.call("path_filestat_get", &[dir.into(), follow.into(), at, len, RESULT.into()])
    }

    pub fn rename(&mut self, dir: u32, path: &str, to: u32, new: &str) -> Outcome {
        let ([at, len], [new_at, new_len]) = (self.path(path), self.second(new));
        self.call("path_rename", &[dir.into(), at, len, to.into(), new_at, new_len])
    }

    pub fn link(&mut self, dir: u32, path: &str, to: u32, new: &str) -> Outcome {
        let ([at, len], [new_at, new_len]) = (self.path(path), self.second(new));
        self.call("path_link", &[dir.into(), 0, at, len, to.into(), new_at, new_len])
    }

    pub fn symlink(&mut self, target: &str, dir: u32, path: &str) -> Outcome {
        let ([at, len], [new_at, new_len]) = (self.path(target), self.second(path));
        self.call("path_symlink", &[at, len, dir.into(), new_at, new_len])
    }

    pub fn readlink(&mut self, dir: u32, path: &str) -> Result<Vec<u8>, Errno> {
        let [at, len] = self.path(path);
        let args = [dir.into(), at, len, DATA.into(), 4096, RESULT.into()];
        self.call("path_readlink", &args)?;
        let count = self.word(RESULT) as usize;
        Ok(self.memory()[DATA as usize..][..count].to_vec())
    }
}
