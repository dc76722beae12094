//! Prints at the third event "count": asks the counter for its value and the firmware for the
//! board, and reads a sensor.
#![no_std]

use zonda_application::{application, App, Console, Method};

application!(init, heap = 1024);

/// Whether the third count has come.
#[derive(Default)]
struct Display {
    has_asked: bool,
}

fn init(app: &mut App<Display>) {
    app.subscribe("count", |app, event| {
        if event.values().int("value") < Some(3) || app.state.has_asked {
            return;
        }
        app.state.has_asked = true;
        Console::text("three\n");
        app.send(Method::Get, "/count", None, |_, response| {
            let is_right = response.values().int("value") >= Some(3);
            Console::text(if is_right { "asked\n" } else { "no answer\n" });
        });
        app.send(Method::Get, "/board", None, |_, response| {
            Console::text("board: ");
            Console::text(core::str::from_utf8(&response.payload).unwrap_or("?"));
            Console::text("\n");
        });
        app.sensor("temperature", 0, 50, |_, values| {
            Console::text(if values.int("value") == Some(21) { "warm\n" } else { "cold\n" });
        });
    });
}
