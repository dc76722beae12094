// SPDX-License-Identifier: Apache-2.0
//
// Blinks three times and prints each time.

// @ts-ignore: a decorator of AssemblyScript
@external("env", "led_set") declare function led_set(on: i32): void;
// @ts-ignore: as above
@external("env", "sleep_ms") declare function sleep_ms(ms: i32): void;
// @ts-ignore: as above
@external("env", "print") declare function print(text: usize, len: i32): void;

// "blink 0\n"
const line: usize = memory.data<u8>([0x62, 0x6c, 0x69, 0x6e, 0x6b, 0x20, 0x30, 0x0a]);

export function main(): i32 {
  for (let i: i32 = 1; i <= 3; i++) {
    store<u8>(line, 0x30 + i, 6);
    led_set(1);
    sleep_ms(500);
    led_set(0);
    sleep_ms(500);
    print(line, 8);
  }
  return 0;
}
