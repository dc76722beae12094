//! The standard streams that the application gives programs, on a system with descriptors.

/// -1 for a stream that is the process's own.
#[derive(Clone, Copy)]
pub(super) struct Streams([i64; 3]);

impl Streams {
    pub(super) const NONE: Streams = Streams([-1; 3]);

    pub(super) fn set(&mut self, descriptors: [i64; 3]) {
        self.0 = descriptors;
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Option<i64>> + '_ {
        self.0.iter().map(|&descriptor| (descriptor != -1).then_some(descriptor))
    }
}
