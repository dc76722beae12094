//! The state of one program: what the embedder gives it, and what it has done with it.

use crate::descriptor::{rights, Descriptor, Descriptors, Rights};
use crate::network::Network;
use crate::platform::{Object, Platform, Stream};
use crate::types::{Errno, FdFlags};
use zonda::TryVec;

/// Descriptors that a program can have, unless the embedder says otherwise.
const DESCRIPTORS: u32 = 1024;

/// Strings that end with NUL, one behind the other: arguments, or variables of the environment.
#[derive(Default)]
pub(crate) struct Strings {
    pub(crate) bytes: TryVec<u8>,
    pub(crate) count: u32,
}

impl Strings {
    fn push(&mut self, parts: &[&[u8]]) -> Result<(), Errno> {
        let len = self.bytes.len();
        let sum = parts.iter().map(|part| part.len() as u64).sum::<u64>() + 1 + len as u64;
        if parts.iter().any(|part| part.contains(&0)) || sum > u32::MAX as u64 {
            return Err(Errno::Inval);
        }
        self.bytes.reserve(sum as usize - len)?;
        for part in parts {
            self.bytes.append(part)?;
        }
        self.bytes.push(0)?;
        self.count += 1;
        Ok(())
    }
}

/// A program with the functions of WASI: its arguments, environment, descriptors and exit code.
///
/// A new one has the three standard streams of its platform and nothing else.
pub struct Wasi<P: Platform> {
    pub(crate) platform: P,
    pub(crate) args: Strings,
    pub(crate) env: Strings,
    pub(crate) descriptors: Descriptors<P>,
    pub(crate) network: Network,
    pub(crate) exit_code: Option<u32>,
}

impl<P: Platform> Wasi<P> {
    /// A program on a platform.
    ///
    /// # Errors
    /// [`Errno::Nomem`].
    pub fn new(platform: P) -> Result<Wasi<P>, Errno> {
        let mut descriptors = Descriptors::new(DESCRIPTORS);
        for (stream, lacks) in [
            (Stream::Stdin, rights::FD_WRITE),
            (Stream::Stdout, rights::FD_READ),
            (Stream::Stderr, rights::FD_READ),
        ] {
            descriptors.add(Descriptor {
                object: Object::Stream(stream),
                flags: FdFlags::default(),
                rights: rights::STREAM & !lacks,
                inheriting: 0,
                preopen: None,
            })?;
        }
        let (args, env) = (Strings::default(), Strings::default());
        let network = Default::default();
        Ok(Wasi { platform, args, env, descriptors, network, exit_code: None })
    }

    /// Adds an argument; the first is the program's name.
    ///
    /// # Errors
    /// [`Errno::Inval`] for a NUL in it, [`Errno::Nomem`].
    pub fn arg(&mut self, arg: &[u8]) -> Result<&mut Self, Errno> {
        self.args.push(&[arg])?;
        Ok(self)
    }

    /// Adds a variable to the environment.
    ///
    /// # Errors
    /// [`Errno::Inval`] for a NUL in it, or `=` in its name; [`Errno::Nomem`].
    pub fn env(&mut self, name: &[u8], value: &[u8]) -> Result<&mut Self, Errno> {
        if name.is_empty() || name.contains(&b'=') {
            return Err(Errno::Inval);
        }
        self.env.push(&[name, b"=", value])?;
        Ok(self)
    }

    /// Opens a directory for the program under a name, with what may be done with it and with what
    /// is opened in it: [`rights::DIR`] and [`rights::FILE`], without [`rights::CHANGE`] for a
    /// directory that is to be read only.
    ///
    /// # Errors
    /// [`Errno::Inval`] for a NUL in the name, [`Errno::Nomem`], [`Errno::Mfile`].
    pub fn preopen(
        &mut self,
        name: &[u8],
        dir: P::Dir,
        allowed: Rights,
    ) -> Result<&mut Self, Errno> {
        if name.contains(&0) {
            return Err(Errno::Inval);
        }
        let mut own = TryVec::with_capacity(name.len())?;
        own.append(name)?;
        self.descriptors.add(Descriptor {
            object: Object::Dir(dir),
            flags: FdFlags::default(),
            rights: rights::DIR & allowed,
            inheriting: (rights::DIR | rights::FILE) & allowed,
            preopen: Some(own),
        })?;
        Ok(self)
    }

    /// Gives the program a socket: one that accepts connections.
    ///
    /// # Errors
    /// [`Errno::Nomem`], [`Errno::Mfile`].
    pub fn socket(&mut self, socket: P::Socket) -> Result<&mut Self, Errno> {
        self.descriptors.add(Descriptor {
            object: Object::Socket(socket),
            flags: FdFlags::default(),
            rights: rights::SOCKET,
            inheriting: rights::SOCKET,
            preopen: None,
        })?;
        Ok(self)
    }

    /// Sets how many descriptors the program can have: 1,024 unless it is set.
    pub fn limit_descriptors(&mut self, limit: u32) -> &mut Self {
        self.descriptors.set_limit(limit);
        self
    }

    /// What the program has passed to `proc_exit`. A call that ends so traps with
    /// [`TrapCode::Host`](zonda::TrapCode::Host), and this is not `None`.
    pub fn exit_code(&self) -> Option<u32> {
        self.exit_code
    }

    /// The platform.
    pub fn platform(&mut self) -> &mut P {
        &mut self.platform
    }
}
