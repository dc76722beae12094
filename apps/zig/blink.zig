// SPDX-License-Identifier: Apache-2.0
//
// Blinks three times and prints each time.

const env = struct {
    extern "env" fn led_set(on: i32) void;
    extern "env" fn sleep_ms(ms: i32) void;
    extern "env" fn print(text: [*]const u8, len: usize) void;
};

export fn main() i32 {
    var line = "blink 0\n".*;
    for (0..3) |i| {
        line[6] = '1' + @as(u8, @intCast(i));
        env.led_set(1);
        env.sleep_ms(500);
        env.led_set(0);
        env.sleep_ms(500);
        env.print(&line, line.len);
    }
    return 0;
}
