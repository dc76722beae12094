//! What stands for `network` where programs open no sockets.

/// Nothing.
#[derive(Default)]
pub(crate) struct Network;
