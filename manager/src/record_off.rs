//! What stands for `record` where it is not built.

use zonda::Store;

use crate::api::Context;
use crate::platform::Platform;

#[derive(Default)]
pub(crate) struct Kept;

#[inline(always)]
pub(crate) fn prepare<T>(_: &mut Store<'_, T>) {}

#[inline(always)]
pub(crate) fn keep<P: Platform>(_: &Store<'_, Context<P>>) {}
