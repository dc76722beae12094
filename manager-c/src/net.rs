//! Connections of applications: `include/zonda_apps_platform.h`, which `zephyr/zonda_apps_net.c`
//! defines for Zephyr.

use core::ffi::{c_char, c_int, c_void};

use zonda_manager::attributes::{Attributes, Value};
use zonda_manager::platform::{Endpoint, Owner};

use crate::state::started;
use crate::text;

/// `zonda_apps_owner_t`.
#[repr(C)]
pub struct OwnerForC {
    slot: u32,
    id: u32,
    connection: u32,
}

fn for_c(owner: Owner) -> OwnerForC {
    OwnerForC { slot: owner.slot as u32, id: owner.id, connection: owner.connection }
}

extern "C" {
    fn zonda_apps_connect(
        owner: *const OwnerForC,
        is_stream: bool,
        address: *const c_char,
        port: u16,
    ) -> bool;
    fn zonda_apps_send(owner: *const OwnerForC, data: *const c_void, len: usize) -> c_int;
    fn zonda_apps_disconnect(owner: *const OwnerForC);
}

/// Bytes of the longest numeric address, with its NUL.
const ADDRESS: usize = 46;

/// The port of the arguments.
fn port(args: &Attributes<'_>) -> Option<u16> {
    match args.get("port")? {
        Value::Unsigned(port) => u16::try_from(port).ok(),
        Value::Signed(port) => u16::try_from(port).ok(),
        _ => None,
    }
}

/// Opens the connection that the arguments describe; None if it cannot be.
fn open(owner: Owner, endpoint: &Endpoint<'_>) -> Option<bool> {
    let is_stream = match endpoint.kind {
        "TCP" => true,
        "UDP" => false,
        _ => return None,
    };
    let args = Attributes::parse(endpoint.args).ok()?;
    let Value::Text(address) = args.get("address")? else { return None };
    let address = core::str::from_utf8(address).ok().filter(|text| text.len() < ADDRESS)?;
    let mut for_text = [0; ADDRESS];
    text::store(&mut for_text, &address);
    let port = port(&args)?;
    // SAFETY: the owner lives during the call, and the address ends with NUL.
    Some(unsafe { zonda_apps_connect(&for_c(owner), is_stream, for_text.as_ptr().cast(), port) })
}

pub fn connect(owner: Owner, endpoint: &Endpoint<'_>) -> bool {
    open(owner, endpoint).unwrap_or(false)
}

pub fn send(owner: Owner, data: &[u8]) -> Option<usize> {
    // SAFETY: the owner lives during the call, and the data has this length.
    let sent = unsafe { zonda_apps_send(&for_c(owner), data.as_ptr().cast(), data.len()) };
    usize::try_from(sent).ok()
}

pub fn disconnect(owner: Owner) {
    // SAFETY: the owner lives during the call.
    unsafe { zonda_apps_disconnect(&for_c(owner)) };
}

/// See `include/zonda_apps_platform.h`.
#[no_mangle]
pub unsafe extern "C" fn zonda_apps_received(
    owner: *const OwnerForC,
    data: *const c_void,
    len: usize,
) -> bool {
    let Some(started) = started() else { return true };
    // SAFETY: the platform passes an owner, and `len` bytes that live during the call.
    let (owner, data) = unsafe {
        let OwnerForC { slot, id, connection } = *owner;
        let bytes = match len {
            0 => &[][..],
            _ => core::slice::from_raw_parts(data.cast::<u8>(), len),
        };
        (Owner { slot: slot as usize, id, connection }, bytes)
    };
    started.manager.received(owner, data)
}
