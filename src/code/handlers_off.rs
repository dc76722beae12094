//! What stands for the handlers of exceptions where they are not built.

#[path = "handlers/legacy_off.rs"]
mod legacy;

use core::marker::PhantomData;

/// Nothing waits.
#[derive(Clone, Copy)]
pub(crate) struct Catching;

impl Catching {
    pub(crate) const NONE: Catching = Catching;

    #[inline(always)]
    #[cfg_attr(not(feature = "fast"), allow(dead_code))]
    pub(crate) fn is_some(self) -> bool {
        false
    }
}

/// No handlers.
pub(crate) struct Handlers {
    tries: legacy::Tries,
}

impl Handlers {
    pub(crate) const fn new() -> Handlers {
        Handlers { tries: legacy::Tries::new() }
    }

    #[inline(always)]
    pub(crate) fn begin(&mut self, again: bool, locals: u32) -> bool {
        self.tries.begin(again, locals)
    }

    #[inline(always)]
    pub(crate) fn close(&mut self, label: usize, _: u32) -> bool {
        self.tries.leave(label);
        false
    }

    #[inline(always)]
    pub(crate) fn resolve(&mut self, _: Catching, _: u32, _: u32) {}

    #[inline(always)]
    pub(crate) fn take(&mut self) -> Kept<'static> {
        Kept(PhantomData)
    }
}

/// No handlers.
pub(crate) struct Kept<'a>(PhantomData<&'a ()>);

impl Kept<'_> {
    #[inline(always)]
    pub(crate) fn ram(&self) -> usize {
        0
    }
}

/// No section.
#[cfg(feature = "precompiled")]
#[derive(Clone, Copy)]
pub(crate) struct Section<'a>(PhantomData<&'a ()>);

#[cfg(feature = "precompiled")]
impl<'a> Section<'a> {
    #[inline(always)]
    pub(crate) fn read(_: &[&'a [u8]]) -> Option<Section<'a>> {
        Some(Section(PhantomData))
    }

    #[inline(always)]
    pub(crate) fn keep(self) -> Kept<'a> {
        Kept(PhantomData)
    }

    #[inline(always)]
    pub(crate) fn to_verify(self) -> zonda_exec::fast::verify::Handlers<'a> {
        zonda_exec::fast::verify::Handlers::new()
    }
}
