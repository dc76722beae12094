//! Real programs give the results that they give elsewhere.

use crate::modules;

use zonda::{Engine, Linker, Mode, Module, Store};

#[test]
fn real_modules_return_what_they_should() {
    for (module, mode) in
        modules::MODULES.iter().flat_map(|module| Mode::ALL.iter().map(move |mode| (module, *mode)))
    {
        let engine = Engine::new(mode);
        let mut linker = Linker::new();
        linker.func_wrap("env", "nop", || {}).unwrap();
        linker.func_wrap("env", "inc", |x: i32| x + 1).unwrap();
        linker.func_wrap("env", "print", |_: i32, _: i32| {}).unwrap();
        let loaded = Module::new(&engine, module.bytes).unwrap();
        let mut store = Store::new(&engine, ()).unwrap();
        let instance = linker.instantiate(&mut store, &loaded).unwrap();
        let run = instance.get_typed_func::<(i32,), i32>(&store, "run").unwrap();
        let result = run
            .call(&mut store, (module.argument,))
            .unwrap_or_else(|error| panic!("{}, {mode:?}: {error}", module.name));
        assert_eq!(result, module.result, "{}, {mode:?}", module.name);
    }
}
