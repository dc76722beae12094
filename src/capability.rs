//! Names of permissions: what a host function can need, and a link error names.

/// A permission by its name, for example `console`: a module that imports a function which needs it
/// can be instantiated only where the embedder grants it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capability(&'static str);

impl Capability {
    /// The capability with this name.
    pub const fn new(name: &'static str) -> Capability {
        Capability(name)
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        self.0
    }
}
