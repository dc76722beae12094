//! Real programs give the results that they give elsewhere.

use crate::modules;

use zonda::{Engine, Grants, Linker, Mode, Module, Store};
use zonda_bench_env::Env;

#[test]
fn real_modules_return_what_they_should() {
    for (module, mode) in
        modules::MODULES.iter().flat_map(|module| Mode::ALL.iter().map(move |mode| (module, *mode)))
    {
        let engine = Engine::new(mode);
        let mut linker = Linker::new();
        linker.define_module(Env::MODULE, Grants::All, |data| data).unwrap();
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
