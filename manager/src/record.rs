//! Records of traps (feature `trap-record`): the last one of each application is kept, also while
//! another version of it runs, until the application is removed. docs/traps.md specifies its bytes.

use zonda::{Store, TryVec};
use zonda_storage::Name;

use crate::api::Context;
use crate::platform::Platform;
use crate::Manager;

/// Bytes of a record, and bytes of memory in it.
const SIZE: (usize, usize) = if cfg!(feature = "host") { (4096, 1024) } else { (512, 64) };

/// The record of an application; empty where there is none.
#[derive(Default)]
pub(crate) struct Kept(TryVec<u8>);

/// Has traps of a store recorded. Where there is no memory for that, they are not.
pub(crate) fn prepare<T>(store: &mut Store<'_, T>) {
    let _ = store.keep_trap_record(SIZE.0, SIZE.1);
}

/// An event of the store has failed: keeps the record, if that was a trap.
#[cold]
#[inline(never)]
pub(crate) fn keep<P: Platform>(store: &Store<'_, Context<P>>) {
    let Some(record) = store.trap_record() else { return };
    let Ok(record) = crate::list::copy(record) else { return };
    let (manager, slot) = store.data().place();
    manager.app(slot, |app| app.record = Kept(record));
}

impl<P: Platform> Manager<P> {
    /// Hands the record of an application's last trap to `f`, with no bytes where there is none.
    /// Returns what `f` returns; `None` if no application has this name.
    pub fn trap_record<R>(&self, name: &str, f: impl FnOnce(&[u8]) -> R) -> Option<R> {
        let name = Name::new(name)?;
        self.shared(|shared| {
            let slot = shared.find(&name)?;
            Some(f(&shared.app(slot)?.record.0))
        })
    }
}
