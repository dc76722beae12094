//! The modes by name, for command lines and configurations.

use crate::instance::Mode;

impl Mode {
    /// The modes that are built in.
    pub const ALL: &'static [Mode] = &[
        #[cfg(feature = "classic")]
        Mode::Classic,
        #[cfg(feature = "fast")]
        Mode::Fast,
    ];

    /// Its name, which is that of the feature that builds it in.
    pub fn name(self) -> &'static str {
        match self {
            #[cfg(feature = "classic")]
            Mode::Classic => "classic",
            #[cfg(feature = "fast")]
            Mode::Fast => "fast",
        }
    }

    /// The mode of this name, if it is built in.
    pub fn named(name: &str) -> Option<Mode> {
        Mode::ALL.iter().copied().find(|mode| mode.name() == name)
    }
}
