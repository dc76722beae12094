//! What a manifest says: version, limits, entry points, restart. Each is one table, from which the
//! decoder, the encoder, `zonda pack` and `zonda inspect` take numbers and names.

use core::fmt;

/// Longest name of an application in bytes, as in the storage.
pub const NAME_LEN: usize = 32;

/// Whether a text is a name of an application or capability: 1 to [`NAME_LEN`] letters, digits,
/// `-`, `_` and `.` of ASCII.
pub fn is_name(text: &[u8]) -> bool {
    let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.".contains(byte);
    (1..=NAME_LEN).contains(&text.len()) && text.iter().all(allowed)
}

/// A version: major, minor, patch. They are compared in this order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(pub [u16; 3]);

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.0[0], self.0[1], self.0[2])
    }
}

impl core::str::FromStr for Version {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Version, &'static str> {
        let expected = "three numbers of at most 65535 with dots between, for example 1.0.2";
        let mut parts = text.split('.');
        let mut version = Version::default();
        for to in &mut version.0 {
            let part = parts.next().ok_or(expected)?;
            let is_number = part.bytes().all(|byte| byte.is_ascii_digit());
            *to = part.parse().ok().filter(|_| is_number).ok_or(expected)?;
        }
        parts.next().map_or(Ok(version), |_| Err(expected))
    }
}

/// One of the limits: its number in the encoding, its name, and which values it takes.
pub struct LimitField {
    /// Key in the map of limits.
    pub key: u32,
    /// Name in the TOML file.
    pub name: &'static str,
    /// With `limits.` before it, for errors.
    pub path: &'static str,
    /// Value where the manifest does not say it.
    pub default: u32,
    /// Largest value.
    pub most: u32,
    /// Reads it.
    pub get: fn(&Limits) -> u32,
    /// Sets it.
    pub set: fn(&mut Limits, u32),
}

macro_rules! limits {
    ($($(#[$doc:meta])* $key:literal $name:ident = $default:literal, at most $most:expr;)*) => {
        /// How much an application may take. What an application does not ask for it does not get; a firmware may allow
        /// less than the manifest asks for.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct Limits {
            $($(#[$doc])* pub $name: u32,)*
        }

        impl Default for Limits {
            fn default() -> Limits {
                Limits { $($name: $default),* }
            }
        }

        impl Limits {
            /// All limits, in the order of their keys.
            pub const FIELDS: &'static [LimitField] = &[$(LimitField {
                key: $key,
                name: stringify!($name),
                path: concat!("limits.", stringify!($name)),
                default: $default,
                most: $most,
                get: |limits| limits.$name,
                set: |limits, value| limits.$name = value,
            }),*];
        }
    };
}

limits! {
    /// Bytes of linear memory. A module that declares more gets this much, and traps beyond.
    0 memory = 65_536, at most u32::MAX;
    /// Bytes of the operand stack.
    1 stack = 4_096, at most 16 << 20;
    /// Bytes of RAM in total: linear memory, tables, operand stack, the loaded module, and the queue.
    2 heap = 131_072, at most u32::MAX;
    /// Messages that wait in the queue.
    3 queue = 8, at most 1_024;
    /// Bytes of the messages that wait in the queue.
    4 queue_bytes = 2_048, at most 16 << 20;
    /// Timers that exist at once.
    5 timers = 4, at most 256;
    /// Resources and events that are registered at once.
    6 subscriptions = 8, at most 256;
    /// Sensors that are open at once.
    7 sensors = 2, at most 64;
    /// Connections that are open at once.
    8 connections = 1, at most 64;
    /// Requests that wait for a response.
    9 requests = 4, at most 256;
    /// Calls and loop iterations for one event; 0 for no limit.
    10 fuel = 1_000_000, at most u32::MAX;
    /// Milliseconds for one event; 0 for no limit.
    11 event_ms = 1_000, at most 3_600_000;
    /// Bytes of the thread's stack.
    12 thread_stack = 2_048, at most 16 << 20;
    /// Priority of the thread, as the system counts: in Zephyr lower is more urgent.
    13 priority = 8, at most 255;
}

/// A function that a module exports for the manager.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Entry {
    /// Called once, when the application starts.
    Init,
    /// Called once, before it stops.
    Destroy,
    /// A request or an event has come.
    Request,
    /// The response to a request has come.
    Response,
    /// A timer has expired.
    Timer,
    /// A sensor has a value.
    Sensor,
    /// A connection has received data or was closed.
    Connection,
    /// Allocates linear memory for what is passed to the application.
    Allocate,
    /// Frees it.
    Free,
}

impl Entry {
    /// All of them, in the order of their numbers.
    pub const ALL: [Entry; 9] = [
        Entry::Init,
        Entry::Destroy,
        Entry::Request,
        Entry::Response,
        Entry::Timer,
        Entry::Sensor,
        Entry::Connection,
        Entry::Allocate,
        Entry::Free,
    ];

    /// Name in the TOML file.
    pub const fn name(self) -> &'static str {
        self.texts().0
    }

    /// Name of the exported function where the manifest does not say another: those of WAMR's
    /// framework.
    pub const fn export(self) -> &'static str {
        self.texts().1
    }

    const fn texts(self) -> (&'static str, &'static str) {
        match self {
            Entry::Init => ("init", "on_init"),
            Entry::Destroy => ("destroy", "on_destroy"),
            Entry::Request => ("request", "on_request"),
            Entry::Response => ("response", "on_response"),
            Entry::Timer => ("timer", "on_timer_callback"),
            Entry::Sensor => ("sensor", "on_sensor_event"),
            Entry::Connection => ("connection", "on_connection_data"),
            Entry::Allocate => ("allocate", "malloc"),
            Entry::Free => ("free", "free"),
        }
    }
}

/// When an application that failed is started again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[repr(u8)]
pub enum RestartPolicy {
    /// Not: it stays failed until somebody starts it.
    #[default]
    Never = 0,
    /// After a wait that doubles each time.
    OnFailure = 1,
}

impl RestartPolicy {
    /// All of them, by their numbers.
    pub const ALL: [RestartPolicy; 2] = [RestartPolicy::Never, RestartPolicy::OnFailure];

    /// Name in the TOML file.
    pub const fn name(self) -> &'static str {
        match self {
            RestartPolicy::Never => "never",
            RestartPolicy::OnFailure => "on-failure",
        }
    }
}

/// Whether, when and how often an application that failed is started again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Restart {
    /// When.
    pub policy: RestartPolicy,
    /// Milliseconds before the first restart; each further one waits twice as long.
    pub first_ms: u32,
    /// Longest wait.
    pub most_ms: u32,
    /// Restarts in a row before it stays failed; 0 for no limit. A minute without failure counts
    /// as a new start.
    pub attempts: u32,
}

impl Default for Restart {
    fn default() -> Restart {
        Restart { policy: RestartPolicy::Never, first_ms: 1_000, most_ms: 60_000, attempts: 5 }
    }
}

impl Restart {
    /// The wait before the restart after `failures` failures in a row, the first of which is 1;
    /// None if there is none.
    pub fn wait_ms(&self, failures: u32) -> Option<u32> {
        let is_last = self.attempts != 0 && failures > self.attempts;
        if self.policy == RestartPolicy::Never || is_last {
            return None;
        }
        let doubled = failures.saturating_sub(1).min(31);
        let wait = u64::from(self.first_ms) << doubled;
        Some(u32::try_from(wait).unwrap_or(u32::MAX).min(self.most_ms.max(self.first_ms)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest() {
        let policy = RestartPolicy::OnFailure;
        let restart = Restart { policy, first_ms: 100, most_ms: 1_000, attempts: 6 };
        let waits: [Option<u32>; 8] = core::array::from_fn(|n| restart.wait_ms(n as u32 + 1));
        let expected =
            [Some(100), Some(200), Some(400), Some(800), Some(1000), Some(1000), None, None];
        assert_eq!(waits, expected);
        let endless = Restart { attempts: 0, ..restart };
        assert_eq!(endless.wait_ms(u32::MAX), Some(1_000));
        assert_eq!(Restart::default().wait_ms(1), None);
    }

    #[test]
    fn versions_are_three_numbers() {
        assert_eq!("1.0.65535".parse(), Ok(Version([1, 0, 65535])));
        for bad in ["", "1", "1.2", "1.2.3.4", "1.2.65536", "1.2.-3", "1.2.+3", "1..2", "a.b.c"] {
            assert!(bad.parse::<Version>().is_err(), "{bad}");
        }
        assert!(Version([1, 9, 0]) < Version([1, 10, 0]));
    }

    #[test]
    fn keys_of_limits_rise() {
        assert!(Limits::FIELDS.iter().zip(0..).all(|(field, key)| field.key == key));
        assert!(Limits::FIELDS.iter().all(|field| field.default <= field.most));
    }
}
