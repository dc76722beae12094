//! Modules in text, and calls by their names.

use zonda::{Engine, Error, Instance, Mode, Module, Store, TrapCode, Val};

/// The modes of the interpreters.
pub const MODES: [Mode; 2] = [Mode::Classic, Mode::Fast];

/// Loads a module for a mode.
pub fn load(mode: Mode, text: &str) -> Module<'static> {
    Module::from_vec(&Engine::new(mode), wat::parse_str(text).unwrap()).unwrap()
}

/// Calls a function that is exported.
pub fn call(
    store: &mut Store<()>,
    instance: Instance,
    name: &str,
    args: &[Val],
) -> Result<Vec<Val>, Error> {
    let func = instance.get_func(&*store, name).unwrap();
    let count = func.ty(&*store).unwrap().results().len();
    let mut results = vec![Val::I32(0); count];
    func.call(store, args, &mut results).map(|()| results)
}

/// Why a call has trapped.
pub fn trap_code<T: std::fmt::Debug>(result: Result<T, Error>) -> TrapCode {
    match result {
        Err(Error::Trap(trap)) => trap.code,
        other => panic!("no trap: {other:?}"),
    }
}
