//! What stands for the handlers of exceptions where they are not built.

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
pub(crate) struct Handlers;

impl Handlers {
    pub(crate) const fn new() -> Handlers {
        Handlers
    }

    #[inline(always)]
    pub(crate) fn begin(&mut self, again: bool, _: u32) -> bool {
        again
    }

    #[inline(always)]
    #[cfg_attr(not(feature = "fast"), allow(dead_code))]
    pub(crate) fn reserved(&self) -> u32 {
        0
    }

    #[inline(always)]
    #[cfg_attr(not(feature = "fast"), allow(dead_code))]
    pub(crate) fn is_short(&self) -> bool {
        false
    }

    #[inline(always)]
    #[cfg_attr(not(feature = "classic"), allow(dead_code))]
    pub(crate) fn take_needed(&mut self) -> u32 {
        0
    }

    #[inline(always)]
    pub(crate) fn close(&mut self, _: usize, _: u32) -> bool {
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
