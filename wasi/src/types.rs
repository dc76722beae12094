//! Numbers and structures of WASI preview 1, with the names of the specification
//! (`wasi_snapshot_preview1.witx`).

use zonda::{GuestValue, OutOfMemory};

macro_rules! errnos {
    ($($(#[$doc:meta])* $name:ident = $number:literal,)*) => {
        /// Error numbers.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u16)]
        pub enum Errno { $($(#[$doc])* $name = $number,)* }

        impl Errno {
            /// The error with this number, if there is one.
            pub const fn from_number(number: u32) -> Option<Errno> {
                match number { $($number => Some(Errno::$name),)* _ => None }
            }
        }
    };
}

errnos! {
    /// Argument list too long.
    TooBig = 1,
    /// Permission denied.
    Acces = 2,
    /// Address in use.
    Addrinuse = 3,
    /// Address not available.
    Addrnotavail = 4,
    /// Address family not supported.
    Afnosupport = 5,
    /// Resource unavailable, or operation would block.
    Again = 6,
    /// Connection already in progress.
    Already = 7,
    /// Bad file descriptor.
    Badf = 8,
    /// Device or resource busy.
    Busy = 10,
    /// Operation canceled.
    Canceled = 11,
    /// Connection aborted.
    Connaborted = 13,
    /// Connection refused.
    Connrefused = 14,
    /// Connection reset.
    Connreset = 15,
    /// Resource deadlock would occur.
    Deadlk = 16,
    /// Destination address required.
    Destaddrreq = 17,
    /// Reserved: disk quota exceeded.
    Dquot = 19,
    /// File exists.
    Exist = 20,
    /// Bad address.
    Fault = 21,
    /// File too large.
    Fbig = 22,
    /// Host is unreachable.
    Hostunreach = 23,
    /// Illegal byte sequence.
    Ilseq = 25,
    /// Operation in progress.
    Inprogress = 26,
    /// Interrupted function.
    Intr = 27,
    /// Invalid argument.
    Inval = 28,
    /// I/O error.
    Io = 29,
    /// Socket is connected.
    Isconn = 30,
    /// Is a directory.
    Isdir = 31,
    /// Too many levels of symbolic links.
    Loop = 32,
    /// File descriptor value too large.
    Mfile = 33,
    /// Too many links.
    Mlink = 34,
    /// Message too large.
    Msgsize = 35,
    /// Filename too long.
    Nametoolong = 37,
    /// Network is down.
    Netdown = 38,
    /// Connection aborted by network.
    Netreset = 39,
    /// Network unreachable.
    Netunreach = 40,
    /// Too many files open in system.
    Nfile = 41,
    /// No buffer space available.
    Nobufs = 42,
    /// No such device.
    Nodev = 43,
    /// No such file or directory.
    Noent = 44,
    /// No locks available.
    Nolck = 46,
    /// Not enough space.
    Nomem = 48,
    /// Protocol not available.
    Noprotoopt = 50,
    /// No space left on device.
    Nospc = 51,
    /// Function not supported.
    Nosys = 52,
    /// The socket is not connected.
    Notconn = 53,
    /// Not a directory or a symbolic link to a directory.
    Notdir = 54,
    /// Directory not empty.
    Notempty = 55,
    /// Not a socket.
    Notsock = 57,
    /// Not supported, or operation not supported on socket.
    Notsup = 58,
    /// Inappropriate I/O control operation.
    Notty = 59,
    /// No such device or address.
    Nxio = 60,
    /// Value too large to be stored in data type.
    Overflow = 61,
    /// Operation not permitted.
    Perm = 63,
    /// Broken pipe.
    Pipe = 64,
    /// Protocol not supported.
    Protonosupport = 66,
    /// Protocol wrong type for socket.
    Prototype = 67,
    /// Result too large.
    Range = 68,
    /// Read-only file system.
    Rofs = 69,
    /// Invalid seek.
    Spipe = 70,
    /// Connection timed out.
    Timedout = 73,
    /// Text file busy.
    Txtbsy = 74,
    /// Cross-device link.
    Xdev = 75,
    /// Extension: capabilities insufficient.
    Notcapable = 76,
}

impl From<OutOfMemory> for Errno {
    fn from(_: OutOfMemory) -> Errno {
        Errno::Nomem
    }
}

/// Clocks, by their numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClockId {
    /// Time since 1970-01-01T00:00:00Z.
    Realtime,
    /// Time since some moment; never goes back.
    Monotonic,
    /// CPU time of the process.
    ProcessCpu,
    /// CPU time of the thread.
    ThreadCpu,
}

impl ClockId {
    /// The clock with this number.
    pub(crate) fn from_number(number: u32) -> Result<ClockId, Errno> {
        Ok(match number {
            0 => ClockId::Realtime,
            1 => ClockId::Monotonic,
            2 => ClockId::ProcessCpu,
            3 => ClockId::ThreadCpu,
            _ => return Err(Errno::Inval),
        })
    }
}

/// Types of files, by their numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum Filetype {
    /// Something else.
    #[default]
    Unknown = 0,
    /// A block device.
    BlockDevice = 1,
    /// A character device: a terminal.
    CharacterDevice = 2,
    /// A directory.
    Directory = 3,
    /// A regular file.
    RegularFile = 4,
    /// A datagram socket.
    SocketDgram = 5,
    /// A byte-stream socket.
    SocketStream = 6,
    /// A symbolic link.
    SymbolicLink = 7,
}

/// Defines a set of flags as a number.
macro_rules! flags {
    ($($(#[$doc:meta])* $name:ident: $ty:ident { $($(#[$bdoc:meta])* $bit:ident = $value:literal,)* })*) => { $(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct $name(pub $ty);

        impl $name {
            $($(#[$bdoc])* pub const $bit: $name = $name($value);)*
            const ALL: $ty = 0 $(| $value)*;

            /// The flags in a parameter; `inval` for unknown ones.
            pub(crate) fn from_number(number: u32) -> Result<$name, Errno> {
                match $ty::try_from(number) {
                    Ok(bits) if bits & !Self::ALL == 0 => Ok($name(bits)),
                    _ => Err(Errno::Inval),
                }
            }

            /// Whether all of `other` are set.
            pub fn has(self, other: $name) -> bool {
                self.0 & other.0 == other.0
            }
        }
    )* };
}

flags! {
    /// Flags of a descriptor.
    FdFlags: u16 {
        /// Writes go to the end of the file.
        APPEND = 1,
        /// Data is synchronized by each write.
        DSYNC = 2,
        /// Operations do not wait.
        NONBLOCK = 4,
        /// Reads are synchronized.
        RSYNC = 8,
        /// Data and metadata are synchronized by each write.
        SYNC = 16,
    }
    /// How a path is opened.
    OFlags: u16 {
        /// Create the file if it is not there.
        CREAT = 1,
        /// Fail if it is not a directory.
        DIRECTORY = 2,
        /// Fail if it is there already.
        EXCL = 4,
        /// Make it empty.
        TRUNC = 8,
    }
    /// How a path is resolved.
    LookupFlags: u32 {
        /// Follow a symbolic link at its end.
        SYMLINK_FOLLOW = 1,
    }
    /// Which times are set, and to what.
    FstFlags: u16 {
        /// Set the time of last access.
        ATIM = 1,
        /// To the present.
        ATIM_NOW = 2,
        /// Set the time of last modification.
        MTIM = 4,
        /// To the present.
        MTIM_NOW = 8,
    }
    /// How a socket receives.
    RiFlags: u16 {
        /// Leave the data.
        RECV_PEEK = 1,
        /// Wait until the buffers are full.
        RECV_WAITALL = 2,
    }
    /// Which directions of a socket are shut down.
    SdFlags: u8 {
        /// Receiving.
        RD = 1,
        /// Sending.
        WR = 2,
    }
}

/// What a time of a file is set to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetTime {
    /// It stays.
    Keep,
    /// The present.
    Now,
    /// Nanoseconds since 1970-01-01T00:00:00Z.
    To(u64),
}

impl SetTime {
    /// The times of last access and modification that flags and two parameters ask for.
    pub(crate) fn both(flags: u32, atim: u64, mtim: u64) -> Result<(SetTime, SetTime), Errno> {
        let flags = FstFlags::from_number(flags)?;
        let one = |set, now, to| match (flags.has(set), flags.has(now)) {
            (true, true) => Err(Errno::Inval),
            (true, false) => Ok(SetTime::To(to)),
            (false, true) => Ok(SetTime::Now),
            (false, false) => Ok(SetTime::Keep),
        };
        Ok((
            one(FstFlags::ATIM, FstFlags::ATIM_NOW, atim)?,
            one(FstFlags::MTIM, FstFlags::MTIM_NOW, mtim)?,
        ))
    }
}

/// From where an offset counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whence {
    /// From the beginning.
    Set,
    /// From the present position.
    Cur,
    /// From the end.
    End,
}

impl Whence {
    /// The number's meaning.
    pub(crate) fn from_number(number: u32) -> Result<Whence, Errno> {
        Ok(match number {
            0 => Whence::Set,
            1 => Whence::Cur,
            2 => Whence::End,
            _ => return Err(Errno::Inval),
        })
    }
}

/// How a program is going to use a part of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Advice {
    /// Nothing is known.
    Normal,
    /// From lower to higher offsets.
    Sequential,
    /// In any order.
    Random,
    /// Soon.
    Willneed,
    /// Not soon.
    Dontneed,
    /// Once.
    Noreuse,
}

impl Advice {
    /// The number's meaning.
    pub(crate) fn from_number(number: u32) -> Result<Advice, Errno> {
        Ok(match number {
            0 => Advice::Normal,
            1 => Advice::Sequential,
            2 => Advice::Random,
            3 => Advice::Willneed,
            4 => Advice::Dontneed,
            5 => Advice::Noreuse,
            _ => return Err(Errno::Inval),
        })
    }
}

/// Copies a field's bytes into a structure. What does not fit is left out; the sizes are constants.
fn put(bytes: &mut [u8], at: usize, field: &[u8]) {
    if let Some(to) = bytes.get_mut(at..).and_then(|rest| rest.get_mut(..field.len())) {
        to.iter_mut().zip(field).for_each(|(to, from)| *to = *from);
    }
}

/// A number of a structure.
fn get<T: GuestValue>(bytes: &[u8], at: usize) -> T {
    T::read(bytes.get(at..).unwrap_or(&[]))
}

/// A range of memory for scattered reads and writes.
#[derive(Clone, Copy, Debug)]
pub struct Iovec {
    /// Address.
    pub buf: u32,
    /// Bytes.
    pub len: u32,
}

impl GuestValue for Iovec {
    const SIZE: usize = 8;
    fn read(bytes: &[u8]) -> Iovec {
        Iovec { buf: get(bytes, 0), len: get(bytes, 4) }
    }
    fn write(self, bytes: &mut [u8]) {
        put(bytes, 0, &self.buf.to_le_bytes());
        put(bytes, 4, &self.len.to_le_bytes());
    }
}

/// Attributes of a descriptor.
#[derive(Clone, Copy, Debug)]
pub struct Fdstat {
    /// The type of what it is open for.
    pub filetype: Filetype,
    /// Its flags.
    pub flags: FdFlags,
    /// What it may be used for.
    pub rights: u64,
    /// What descriptors that are opened with it may be used for.
    pub inheriting: u64,
}

impl GuestValue for Fdstat {
    const SIZE: usize = 24;
    fn read(_: &[u8]) -> Fdstat {
        Fdstat { filetype: Filetype::Unknown, flags: FdFlags::default(), rights: 0, inheriting: 0 }
    }
    fn write(self, bytes: &mut [u8]) {
        bytes.fill(0);
        put(bytes, 0, &[self.filetype as u8]);
        put(bytes, 2, &self.flags.0.to_le_bytes());
        put(bytes, 8, &self.rights.to_le_bytes());
        put(bytes, 16, &self.inheriting.to_le_bytes());
    }
}

/// Attributes of a file. Times are nanoseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default)]
pub struct Filestat {
    /// The device that has the file.
    pub dev: u64,
    /// Its number there.
    pub ino: u64,
    /// Its type.
    pub filetype: Filetype,
    /// Its hard links.
    pub nlink: u64,
    /// Its bytes.
    pub size: u64,
    /// The time of last access.
    pub atim: u64,
    /// The time of last modification.
    pub mtim: u64,
    /// The time of last change of its attributes.
    pub ctim: u64,
}

impl GuestValue for Filestat {
    const SIZE: usize = 64;
    fn read(_: &[u8]) -> Filestat {
        Filestat::default()
    }
    fn write(self, bytes: &mut [u8]) {
        bytes.fill(0);
        put(bytes, 0, &self.dev.to_le_bytes());
        put(bytes, 8, &self.ino.to_le_bytes());
        put(bytes, 16, &[self.filetype as u8]);
        put(bytes, 24, &self.nlink.to_le_bytes());
        put(bytes, 32, &self.size.to_le_bytes());
        put(bytes, 40, &self.atim.to_le_bytes());
        put(bytes, 48, &self.mtim.to_le_bytes());
        put(bytes, 56, &self.ctim.to_le_bytes());
    }
}

/// Attributes of a file as `wasi_unstable` has them: the number of links has 32 bits.
#[derive(Clone, Copy, Debug)]
pub struct OldFilestat(Filestat);

impl From<Filestat> for OldFilestat {
    fn from(stat: Filestat) -> OldFilestat {
        OldFilestat(stat)
    }
}

impl GuestValue for OldFilestat {
    const SIZE: usize = 56;
    fn read(_: &[u8]) -> OldFilestat {
        OldFilestat(Filestat::default())
    }
    fn write(self, bytes: &mut [u8]) {
        let stat = self.0;
        bytes.fill(0);
        put(bytes, 0, &stat.dev.to_le_bytes());
        put(bytes, 8, &stat.ino.to_le_bytes());
        put(bytes, 16, &[stat.filetype as u8]);
        put(bytes, 20, &u32::try_from(stat.nlink).unwrap_or(u32::MAX).to_le_bytes());
        put(bytes, 24, &stat.size.to_le_bytes());
        put(bytes, 32, &stat.atim.to_le_bytes());
        put(bytes, 40, &stat.mtim.to_le_bytes());
        put(bytes, 48, &stat.ctim.to_le_bytes());
    }
}

/// What is said of a preopened directory: the length of its name.
#[derive(Clone, Copy, Debug)]
pub struct Prestat(pub u32);

impl GuestValue for Prestat {
    const SIZE: usize = 8;
    fn read(bytes: &[u8]) -> Prestat {
        Prestat(get(bytes, 4))
    }
    fn write(self, bytes: &mut [u8]) {
        put(bytes, 0, &[0; 4]);
        put(bytes, 4, &self.0.to_le_bytes());
    }
}

/// The record before a name that `fd_readdir` returns.
#[derive(Clone, Copy, Debug)]
pub struct Dirent {
    /// Where the next entry is.
    pub next: u64,
    /// The number of the file.
    pub ino: u64,
    /// Bytes of the name.
    pub namlen: u32,
    /// The type of the file.
    pub filetype: Filetype,
}

impl Dirent {
    /// The record's bytes.
    pub(crate) fn bytes(self) -> [u8; 24] {
        let mut bytes = [0; 24];
        put(&mut bytes, 0, &self.next.to_le_bytes());
        put(&mut bytes, 8, &self.ino.to_le_bytes());
        put(&mut bytes, 16, &self.namlen.to_le_bytes());
        put(&mut bytes, 20, &[self.filetype as u8]);
        bytes
    }
}

/// What `poll_oneoff` waits for.
#[derive(Clone, Copy, Debug)]
pub struct Subscription {
    /// The program's own number.
    pub userdata: u64,
    /// 0 a clock, 1 reading, 2 writing.
    pub tag: u8,
    /// The clock, or the descriptor.
    pub number: u32,
    /// Nanoseconds.
    pub timeout: u64,
    /// Bit 0: `timeout` is a time, else a duration.
    pub flags: u16,
}

impl GuestValue for Subscription {
    const SIZE: usize = 48;
    fn read(bytes: &[u8]) -> Subscription {
        Subscription {
            userdata: get(bytes, 0),
            tag: get(bytes, 8),
            number: get(bytes, 16),
            timeout: get(bytes, 24),
            flags: get(bytes, 40),
        }
    }
    fn write(self, bytes: &mut [u8]) {
        bytes.fill(0);
        put(bytes, 0, &self.userdata.to_le_bytes());
        put(bytes, 8, &[self.tag]);
        put(bytes, 16, &self.number.to_le_bytes());
        put(bytes, 24, &self.timeout.to_le_bytes());
        put(bytes, 40, &self.flags.to_le_bytes());
    }
}

/// A subscription as `wasi_unstable` has it: a clock has a number of the program's own before it.
#[derive(Clone, Copy, Debug)]
pub struct OldSubscription(Subscription);

impl From<OldSubscription> for Subscription {
    fn from(old: OldSubscription) -> Subscription {
        old.0
    }
}

impl GuestValue for OldSubscription {
    const SIZE: usize = 56;
    fn read(bytes: &[u8]) -> OldSubscription {
        let tag = get(bytes, 8);
        OldSubscription(Subscription {
            userdata: get(bytes, 0),
            tag,
            number: get(bytes, if tag == 0 { 24 } else { 16 }),
            timeout: get(bytes, 32),
            flags: get(bytes, 48),
        })
    }
    fn write(self, _: &mut [u8]) {}
}

/// What happened.
#[derive(Clone, Copy, Debug)]
pub struct Event {
    /// The subscription's.
    pub userdata: u64,
    /// An error number, or 0.
    pub error: u16,
    /// The subscription's tag.
    pub tag: u8,
    /// Bytes that can be read or written at least.
    pub bytes: u64,
    /// Whether the other side has closed the connection.
    pub hangup: bool,
}

impl GuestValue for Event {
    const SIZE: usize = 32;
    fn read(bytes: &[u8]) -> Event {
        Event {
            userdata: get(bytes, 0),
            error: get(bytes, 8),
            tag: get(bytes, 10),
            bytes: get(bytes, 16),
            hangup: get::<u16>(bytes, 24) & 1 != 0,
        }
    }
    fn write(self, bytes: &mut [u8]) {
        bytes.fill(0);
        put(bytes, 0, &self.userdata.to_le_bytes());
        put(bytes, 8, &self.error.to_le_bytes());
        put(bytes, 10, &[self.tag]);
        put(bytes, 16, &self.bytes.to_le_bytes());
        put(bytes, 24, &(self.hangup as u16).to_le_bytes());
    }
}
