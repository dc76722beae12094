//! Functions of `zonda_apps.h` for requests, events, handlers and sensors.

use core::cell::Cell;
use core::ffi::{c_char, c_void};

use zonda::{OutOfMemory, TryVec};
use zonda_manager::attributes::Builder;
use zonda_manager::platform::Answer;
use zonda_manager::RequestError;

use crate::admin::bytes;
use crate::state::started;
use crate::system::{Outcome, Request, Response, INVALID, NOT_STARTED, OK, OUT_OF_MEMORY, TIMEOUT};
use crate::text;

#[no_mangle]
pub unsafe extern "C" fn zonda_app_request(
    request: *const Request,
    timeout_ms: u32,
    take: Option<unsafe extern "C" fn(*const Response, *mut c_void)>,
    data: *mut c_void,
) -> Outcome {
    let Some(started) = started() else { return NOT_STARTED };
    // SAFETY: the caller passes a request, whose slices have their lengths.
    let (request, url, payload) = unsafe {
        let request = &*request;
        let url = bytes(request.url.cast(), request.url_len);
        (request, core::str::from_utf8(url), bytes(request.payload, request.payload_len))
    };
    // A packet keeps the length of the URL, with its NUL, in 16 bits; packets have no NUL inside of
    // it.
    let url = url.ok().filter(|url| !url.is_empty() && url.len() < 0xFFFF && !url.contains('\0'));
    let Some(url) = url else { return INVALID };
    let (action, fmt) = (request.method, request.format);
    if !(1..=4).contains(&action) {
        return INVALID;
    }
    let request = zonda_manager::packet::Request { mid: 0, action, fmt, sender: 0, url, payload };
    let result = started.manager.request(&request, timeout_ms, |response| {
        let payload = response.payload;
        let given = Response {
            code: response.status,
            format: response.fmt,
            payload: payload.as_ptr().cast(),
            payload_len: payload.len(),
        };
        if let Some(take) = take {
            // SAFETY: the response and its payload live during the call; `data` is the caller's.
            unsafe { take(&given, data) };
        }
    });
    match result {
        Ok(()) => OK,
        Err(RequestError::Timeout) => TIMEOUT,
        Err(RequestError::OutOfMemory) => OUT_OF_MEMORY,
    }
}

#[no_mangle]
pub unsafe extern "C" fn zonda_app_publish(
    url: *const c_char,
    format: u16,
    payload: *const c_void,
    len: usize,
) {
    // SAFETY: the caller passes a text that ends with NUL, and a payload of this length.
    let (url, payload) = unsafe { (text::read(url), bytes(payload, len)) };
    if let (Some(started), Some(url)) = (started(), url) {
        started.manager.publish(url, format, payload);
    }
}

#[no_mangle]
pub unsafe extern "C" fn zonda_app_respond(
    answer: *mut c_void,
    code: u8,
    format: u16,
    payload: *const c_void,
    len: usize,
) -> bool {
    // SAFETY: a handler passes what it was given: an answer that nobody else uses meanwhile. The
    // payload has this length.
    let (answer, payload) = unsafe { (&mut *answer.cast::<Answer>(), bytes(payload, len)) };
    let mut copy = TryVec::new();
    if copy.append(payload).is_err() {
        return false;
    }
    *answer = Answer { status: code, fmt: format, payload: copy };
    true
}

/// Adds an attribute to a value.
///
/// # Safety
/// `value` is what a sensor was given, `key` ends with NUL.
unsafe fn add(
    value: *mut c_void,
    key: *const c_char,
    f: impl FnOnce(&mut Builder, &str) -> Result<(), OutOfMemory>,
) -> bool {
    // SAFETY: by the contract of this function, a `Cell` that nobody else uses meanwhile.
    let (value, key) = unsafe { (&*value.cast::<Cell<Option<Builder>>>(), text::read(key)) };
    let (Some(mut builder), Some(key)) = (value.take(), key) else { return false };
    let is_added = f(&mut builder, key).is_ok();
    // A value that lacks a part is none.
    value.set(is_added.then_some(builder));
    is_added
}

#[no_mangle]
pub unsafe extern "C" fn zonda_app_value_int(
    value: *mut c_void,
    key: *const c_char,
    number: i32,
) -> bool {
    // SAFETY: the caller passes what a sensor was given, and a text.
    unsafe { add(value, key, |builder, key| builder.int(key, number)) }
}

#[no_mangle]
pub unsafe extern "C" fn zonda_app_value_double(
    value: *mut c_void,
    key: *const c_char,
    number: f64,
) -> bool {
    // SAFETY: as above.
    unsafe { add(value, key, |builder, key| builder.double(key, number)) }
}

#[no_mangle]
pub unsafe extern "C" fn zonda_app_value_text(
    value: *mut c_void,
    key: *const c_char,
    given: *const c_char,
) -> bool {
    // SAFETY: as above.
    unsafe {
        let Some(given) = text::read(given) else { return false };
        add(value, key, |builder, key| builder.text(key, given))
    }
}
