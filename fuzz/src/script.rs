//! Scripts are input of ours; reading one must not crash whatever it holds, and neither must what
//! it runs.

use zonda_script::{run, Options, Script};

/// Reads the bytes as a script and runs its modules; only calls that cannot last long are made.
pub fn script(data: &[u8]) {
    let Ok(script) = Script::new(data) else { return };
    let mut options = Options::default();
    options.store.stack_bytes = 16 * 1024;
    options.store.memory_limit = 1 << 20;
    options.fuel = Some(20_000);
    let _ = run(&script, &options, &mut |_| ());
}
