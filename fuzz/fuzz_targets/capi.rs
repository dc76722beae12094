#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    zonda_fuzz::calls::write_at_exit();
    zonda_fuzz::capi(data)
});
