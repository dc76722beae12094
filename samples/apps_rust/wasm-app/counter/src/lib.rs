//! Counts, publishes each count as the event "count", and answers GET /count.
#![no_std]
#![forbid(unsafe_op_in_unsafe_fn)]

use zonda_application::{application, App, Attributes, Console, Response};

application!(init, heap = 1024, end = end);

fn value(count: i32) -> Attributes {
    Attributes::new("count").int("value", count)
}

fn init(app: &mut App<i32>) {
    app.resource("/count", |app, _| Response::content(&value(app.state)));
    app.every(100, |app| {
        app.state += 1;
        app.publish("count", Some(&value(app.state)));
    });
}

fn end(_: &mut App<i32>) {
    Console::text("stops\n");
}
