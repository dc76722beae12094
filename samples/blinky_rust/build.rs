fn main() {
    // So that the source can ask `cfg(dt = "aliases::led0")`.
    zephyr_build::dt_cfgs();
}
