//! An application: its state, its handlers, and what they ask of the manager.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::any::Any;
use core::mem;

use crate::attributes::{Attributes, Values};
use crate::heap::{buffer, OneThread};
use crate::host;
use crate::message::{payload, request, Method, Request, Response, EVENT};

type OnRequest<S> = Box<dyn FnMut(&mut App<S>, &Request<'_>) -> Response>;
type OnEvent<S> = Box<dyn FnMut(&mut App<S>, &Request<'_>)>;
type OnResponse<S> = Box<dyn FnOnce(&mut App<S>, &Response)>;
type OnTimer<S> = Box<dyn FnMut(&mut App<S>)>;
type OnSensor<S> = Box<dyn FnMut(&mut App<S>, Values<'_>)>;

/// 5.03: what a request gets while its handler runs already.
const UNAVAILABLE: u8 = 163;
/// 4.04.
const NOT_FOUND: u8 = 132;

/// A timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timer(u32);

/// A sensor that is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sensor(u32);

struct Alarm<S> {
    number: u32,
    is_periodic: bool,
    /// None while it runs.
    handler: Option<OnTimer<S>>,
}

/// An application with a state `S`. Handlers get it, and register more of them.
pub struct App<S> {
    /// The state.
    pub state: S,
    resources: Vec<(&'static str, OnRequest<S>)>,
    events: Vec<(&'static str, OnEvent<S>)>,
    timers: Vec<Alarm<S>>,
    responses: Vec<(u32, OnResponse<S>)>,
    sensors: Vec<(u32, OnSensor<S>)>,
    last_mid: u32,
}

impl<S: Default + 'static> App<S> {
    fn new() -> App<S> {
        App {
            state: S::default(),
            resources: Vec::new(),
            events: Vec::new(),
            timers: Vec::new(),
            responses: Vec::new(),
            sensors: Vec::new(),
            last_mid: 0,
        }
    }

    /// Answers requests to a URL, or below it. Needs the capability `resource`.
    pub fn resource(
        &mut self,
        url: &'static str,
        handler: impl FnMut(&mut App<S>, &Request<'_>) -> Response + 'static,
    ) {
        host::register(url);
        self.resources.push((url, Box::new(handler)));
    }

    /// Takes events with exactly this URL. Needs the capability `subscribe`.
    pub fn subscribe(
        &mut self,
        url: &'static str,
        handler: impl FnMut(&mut App<S>, &Request<'_>) + 'static,
    ) {
        host::subscribe(url);
        self.events.push((url, Box::new(handler)));
    }

    /// Publishes an event. Needs the capability `request`.
    pub fn publish(&self, url: &str, attributes: Option<&Attributes>) {
        let (format, payload) = payload(attributes);
        host::post(&request(EVENT, 0, url, format, payload));
    }

    /// Sends a request; the handler gets the response. The manager answers with 4.04 where nobody
    /// has the resource, and with 5.03 where its application ends. Needs the capability `request`.
    pub fn send(
        &mut self,
        method: Method,
        url: &str,
        attributes: Option<&Attributes>,
        handler: impl FnOnce(&mut App<S>, &Response) + 'static,
    ) {
        self.last_mid = self.last_mid.wrapping_add(1);
        let (format, payload) = payload(attributes);
        self.responses.push((self.last_mid, Box::new(handler)));
        host::post(&request(method as u8, self.last_mid, url, format, payload));
    }

    fn timer(
        &mut self,
        ms: u32,
        is_periodic: bool,
        handler: impl FnMut(&mut App<S>) + 'static,
    ) -> Option<Timer> {
        let number = host::create_timer(ms, is_periodic)?;
        let handler: OnTimer<S> = Box::new(handler);
        self.timers.push(Alarm { number, is_periodic, handler: Some(handler) });
        Some(Timer(number))
    }

    /// Calls the handler each so many milliseconds. None beyond the limit of timers.
    pub fn every(&mut self, ms: u32, handler: impl FnMut(&mut App<S>) + 'static) -> Option<Timer> {
        self.timer(ms, true, handler)
    }

    /// Calls the handler once, after so many milliseconds. None beyond the limit of timers.
    pub fn after(&mut self, ms: u32, handler: impl FnMut(&mut App<S>) + 'static) -> Option<Timer> {
        self.timer(ms, false, handler)
    }

    /// Ends a timer.
    pub fn cancel(&mut self, timer: Timer) {
        host::destroy_timer(timer.0);
        self.timers.retain(|alarm| alarm.number != timer.0);
    }

    /// Reads a sensor each so many milliseconds. None if the firmware has none of this name and
    /// index. Needs the capability `sensor`.
    pub fn sensor(
        &mut self,
        name: &str,
        index: u32,
        ms: u32,
        handler: impl FnMut(&mut App<S>, Values<'_>) + 'static,
    ) -> Option<Sensor> {
        let number = host::open_sensor(name, index, ms)?;
        self.sensors.push((number, Box::new(handler)));
        Some(Sensor(number))
    }

    /// Closes a sensor.
    pub fn close(&mut self, sensor: Sensor) {
        host::close_sensor(sensor.0);
        self.sensors.retain(|(number, _)| *number != sensor.0);
    }

    /// Milliseconds of a clock that rises.
    pub fn now_ms(&self) -> u32 {
        host::now_ms()
    }

    fn on_request(&mut self, packet: &[u8]) {
        let Some(request) = Request::parse(packet) else { return };
        if request.action == EVENT {
            for index in 0..self.events.len() {
                if self.events[index].0 != request.url {
                    continue;
                }
                // The handler gets the application, so it is not in it meanwhile.
                let nothing: OnEvent<S> = Box::new(|_, _| {});
                let mut handler = mem::replace(&mut self.events[index].1, nothing);
                handler(self, &request);
                self.events[index].1 = handler;
            }
            return;
        }
        let index = self.resources.iter().position(|(url, _)| answers(url, request.url));
        let response = index.map_or(Response::code(NOT_FOUND), |index| {
            let busy: OnRequest<S> = Box::new(|_, _| Response::code(UNAVAILABLE));
            let mut handler = mem::replace(&mut self.resources[index].1, busy);
            let response = handler(self, &request);
            self.resources[index].1 = handler;
            response
        });
        host::respond(&response.packet(&request));
    }

    fn on_response(&mut self, packet: &[u8]) {
        let Some((mid, response)) = Response::parse(packet) else { return };
        let Some(index) = self.responses.iter().position(|(own, _)| *own == mid) else { return };
        let (_, handler) = self.responses.remove(index);
        handler(self, &response);
    }

    fn on_timer(&mut self, number: u32) {
        let place = |app: &App<S>| app.timers.iter().position(|alarm| alarm.number == number);
        let Some(index) = place(self) else { return };
        let Some(mut handler) = self.timers[index].handler.take() else { return };
        handler(self);
        // It may have ended itself, or others before it.
        let Some(index) = place(self) else { return };
        if self.timers[index].is_periodic {
            self.timers[index].handler = Some(handler);
        } else {
            self.cancel(Timer(number));
        }
    }

    fn on_sensor(&mut self, number: u32, container: &[u8]) {
        let place = |app: &App<S>| app.sensors.iter().position(|(own, _)| *own == number);
        let Some(index) = place(self) else { return };
        let nothing: OnSensor<S> = Box::new(|_, _| {});
        let mut handler = mem::replace(&mut self.sensors[index].1, nothing);
        handler(self, Values::of(true, container));
        if let Some(index) = place(self) {
            self.sensors[index].1 = handler;
        }
    }
}

/// Whether a resource answers a URL: its path is that of the URL or begins it, up to a `/` or `?`.
fn answers(resource: &str, url: &str) -> bool {
    let [resource, url] = [resource, url].map(|text| text.strip_prefix('/').unwrap_or(text));
    let rest = url.strip_prefix(resource);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']))
}

/// Where the application is, between the calls of the manager.
pub struct Place(OneThread<Option<Box<dyn Any>>>);

impl Place {
    /// No application.
    #[allow(clippy::new_without_default)]
    pub const fn new() -> Place {
        Place(OneThread::new(None))
    }

    /// Makes it.
    pub fn begin<S: Default + 'static>(&self, init: fn(&mut App<S>)) {
        let mut app = Box::new(App::new());
        init(&mut app);
        self.0.set(Some(app));
    }

    /// Calls `f` with it. `init` tells its type.
    fn with<S: 'static>(&self, _: fn(&mut App<S>), f: impl FnOnce(&mut App<S>)) {
        let Some(app) = self.0.take() else { return };
        if let Ok(mut app) = app.downcast::<App<S>>() {
            f(&mut app);
            self.0.set(Some(app));
        }
    }

    pub fn end<S: 'static>(&self, init: fn(&mut App<S>), end: fn(&mut App<S>)) {
        self.with(init, end);
    }

    pub fn request<S: Default + 'static>(&self, init: fn(&mut App<S>), at: u32, len: u32) {
        self.with(init, |app| buffer(at, len, |packet| app.on_request(packet)));
    }

    pub fn response<S: Default + 'static>(&self, init: fn(&mut App<S>), at: u32, len: u32) {
        self.with(init, |app| buffer(at, len, |packet| app.on_response(packet)));
    }

    pub fn timer<S: Default + 'static>(&self, init: fn(&mut App<S>), number: u32) {
        self.with(init, |app| app.on_timer(number));
    }

    pub fn sensor<S: Default + 'static>(
        &self,
        init: fn(&mut App<S>),
        number: u32,
        at: u32,
        len: u32,
    ) {
        self.with(init, |app| buffer(at, len, |container| app.on_sensor(number, container)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handlers_get_the_application_and_may_register_more() {
        let mut app = App::<u32>::new();
        app.resource("/a", |app, request| {
            app.state += request.payload.len() as u32;
            app.resource("/b", |_, _| Response::code(69));
            Response::code(68)
        });
        app.subscribe("e", |app, _| app.state += 100);
        app.on_request(&request(1, 1, "/a/x?y", 0, b"12"));
        app.on_request(&request(1, 1, "/ab", 0, b"12"));
        app.on_request(&request(EVENT, 0, "e", 0, b""));
        assert_eq!((app.state, app.resources.len()), (102, 2));
        app.send(Method::Get, "/x", None, |app, response| app.state += u32::from(response.code));
        let packet = request(1, 1, "/x", 0, b"");
        let asked = Request::parse(&packet).unwrap();
        app.on_response(&Response::code(69).packet(&asked));
        app.on_response(&Response::code(69).packet(&asked));
        assert_eq!((app.state, app.responses.len()), (171, 0));
    }

    #[test]
    fn resources_answer_their_own_paths() {
        assert!(answers("/abc", "abc/d") && answers("abc", "/abc?d") && answers("/abc", "/abc"));
        assert!(!answers("/abc", "/abcd") && !answers("/abc", "/ab"));
    }
}
