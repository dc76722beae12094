//! The functions of devices that applications import. Each module is a capability of its name.
//!
//! Names are those of the WASI proposals (wasi:gpio, wasi:i2c, wasi:keyvalue, wasi:logging,
//! wasi:clocks), as functions of a core module: a resource is a number, a result is negative for an
//! error ([`DeviceError`]).

use zonda::{Call, Grants, HostError, HostModule, Linker, TrapCode};

use super::{DeviceError, DeviceResult, Kind, Level, MOST_KEY, MOST_VALUE};
use crate::api::{bytes, text, Context};
use crate::Platform;

/// Bytes that `i2c.write_read` writes: the number of a register mostly. They are copied, as what is
/// read may come to the same place.
const MOST_BEFORE_READ: usize = 32;
/// The highest level of a message: critical.
const MOST_LEVEL: u32 = 5;

/// Modules with their functions and signatures.
macro_rules! modules {
    ($($module:ident { $($func:ident $signature:literal)* })*) => {
        $(
            mod $module {
                #[allow(non_camel_case_types)]
                #[derive(Clone, Copy)]
                pub(super) enum Func { $($func),* }
                /// All of them, by their numbers.
                pub(super) const FUNCS: &[Func] = &[$(Func::$func),*];
                /// The signature of each, and its name.
                pub(super) const LIST: &str = concat!($($signature, " ", stringify!($func), " "),*);
            }
        )*

        /// The names of the modules, which are those of the capabilities.
        const NAMES: &[&str] = &[$(stringify!($module)),*];

        /// What the import of these names needs; None if it is no function of a device.
        pub(crate) fn capability(module: &str, name: &str) -> Option<&'static str> {
            let (own, list) = [$((stringify!($module), $module::LIST)),*]
                .into_iter()
                .find(|(own, _)| *own == module)?;
            // No name is a signature: those begin with a parenthesis.
            let is_name = !name.starts_with('(') && !name.is_empty();
            (is_name && list.split(' ').any(|word| word == name)).then_some(own)
        }

        /// Offers all of them.
        pub(crate) fn define<P: Platform>(linker: &mut Linker<Context<P>>) -> Result<(), zonda::Error> {
            $(
                linker.define_module(
                    HostModule::listed(stringify!($module), $module::LIST, $module::<P>),
                    Grants::All,
                    |context| context,
                )?;
            )*
            Ok(())
        }
    };
}

modules! {
    gpio { open "(ii)i" close "(i)i" is_active "(i)i" set_active "(i)i" set_inactive "(i)i" toggle "(i)i" }
    pwm { open "(i)i" close "(i)i" set "(iii)i" }
    adc { open "(i)i" close "(i)i" read_raw "(ii)i" read_millivolts "(ii)i" }
    i2c { open "(i)i" close "(i)i" read "(iii)i" write "(iii)i" write_read "(iiiii)i" }
    keyvalue { get "(iii)i" set "(iii)i" delete "(i)i" exists "(i)i" }
    logging { log "(iii)" }
    clocks { monotonic_now "()I" monotonic_resolution "()I" wall_now "(ii)i" }
}

/// The names with those of the devices behind them.
pub(crate) fn with_capabilities(
    names: impl Iterator<Item = &'static str>,
) -> impl Iterator<Item = &'static str> {
    names.chain(NAMES.iter().copied())
}

const OUTSIDE: HostError = HostError::Trap(TrapCode::MemoryOutOfBounds);

type Outcome = Result<u64, HostError>;

/// A result as a number of an application.
fn number<T: Into<u64>>(result: DeviceResult<T>) -> u64 {
    match result {
        Ok(value) => value.into(),
        // The lower half is what the function returns.
        Err(error) => error.number() as u32 as u64,
    }
}

fn done(result: DeviceResult<()>) -> u64 {
    number(result.map(|()| 0u32))
}

/// Parameters, with zeros behind them.
fn words(args: &[u32]) -> [u32; 5] {
    let mut words = [0; 5];
    words.iter_mut().zip(args).for_each(|(to, from)| *to = *from);
    words
}

fn open<P: Platform>(call: &mut Call<'_, Context<P>>, kind: Kind, name: u32, mode: u32) -> Outcome {
    let (name, context) = text(call, name)?;
    let (manager, slot) = context.place();
    Ok(number(manager.platform().open(slot, kind, name, mode)))
}

fn close<P: Platform>(call: &mut Call<'_, Context<P>>, kind: Kind, device: u32) -> Outcome {
    let (manager, slot) = call.state().place();
    Ok(done(manager.platform().close(slot, kind, device)))
}

/// Pins.
fn gpio<P: Platform>(call: &mut Call<'_, Context<P>>, index: usize, args: &[u32]) -> Outcome {
    use gpio::Func;
    let [pin, mode, ..] = words(args);
    let level = match gpio::FUNCS.get(index).copied().ok_or(OUTSIDE)? {
        Func::open => return open(call, Kind::Gpio, pin, mode),
        Func::close => return close(call, Kind::Gpio, pin),
        Func::is_active => {
            let (manager, slot) = call.state().place();
            return Ok(number(manager.platform().pin(slot, pin).map(u32::from)));
        }
        Func::set_active => Level::Active,
        Func::set_inactive => Level::Inactive,
        Func::toggle => Level::Toggled,
    };
    let (manager, slot) = call.state().place();
    Ok(done(manager.platform().set_pin(slot, pin, level)))
}

/// PWM.
fn pwm<P: Platform>(call: &mut Call<'_, Context<P>>, index: usize, args: &[u32]) -> Outcome {
    use pwm::Func;
    let [pwm, period, pulse, ..] = words(args);
    match pwm::FUNCS.get(index).copied().ok_or(OUTSIDE)? {
        Func::open => open(call, Kind::Pwm, pwm, 0),
        Func::close => close(call, Kind::Pwm, pwm),
        Func::set => {
            let (manager, slot) = call.state().place();
            let result = match period != 0 && pulse <= period {
                true => manager.platform().set_pwm(slot, pwm, period, pulse),
                false => Err(DeviceError::Invalid),
            };
            Ok(done(result))
        }
    }
}

/// Channels of an ADC.
fn adc<P: Platform>(call: &mut Call<'_, Context<P>>, index: usize, args: &[u32]) -> Outcome {
    use adc::Func;
    let [channel, to, ..] = words(args);
    let func = adc::FUNCS.get(index).copied().ok_or(OUTSIDE)?;
    match func {
        Func::open => return open(call, Kind::Adc, channel, 0),
        Func::close => return close(call, Kind::Adc, channel),
        Func::read_raw | Func::read_millivolts => {}
    }
    call.bytes(to, 4).ok_or(OUTSIDE)?;
    let (manager, slot) = call.state().place();
    let value = manager.platform().sample(slot, channel).and_then(|sample| match func {
        Func::read_raw => Ok(sample.raw),
        _ => sample.millivolts.ok_or(DeviceError::Unsupported),
    });
    put(call, to, &value.unwrap_or(0).to_le_bytes())?;
    Ok(done(value.map(|_| ())))
}

/// Copies bytes into the memory of the application.
fn put<P: Platform>(
    call: &mut Call<'_, Context<P>>,
    at: u32,
    from: &[u8],
) -> Result<(), HostError> {
    let to = call.bytes_mut(at, from.len() as u32).ok_or(OUTSIDE)?;
    to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
    Ok(())
}

/// Copies bytes; None if there is not enough room.
fn copy<'b>(from: &[u8], to: &'b mut [u8]) -> Option<&'b [u8]> {
    let to = to.get_mut(..from.len())?;
    to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
    Some(to)
}

/// Devices on I2C.
fn i2c<P: Platform>(call: &mut Call<'_, Context<P>>, index: usize, args: &[u32]) -> Outcome {
    use i2c::Func;
    let [device, at, len, to, to_len] = words(args);
    let func = i2c::FUNCS.get(index).copied().ok_or(OUTSIDE)?;
    match func {
        Func::open => return open(call, Kind::I2c, device, 0),
        Func::close => return close(call, Kind::I2c, device),
        Func::write => {
            let (data, context) = bytes(call, at, len)?;
            let (manager, slot) = context.place();
            let result = match data.is_empty() {
                true => Err(DeviceError::Invalid),
                false => manager.platform().transfer(slot, device, data, &mut []),
            };
            return Ok(done(result));
        }
        Func::read | Func::write_read => {}
    }
    let mut before = [0; MOST_BEFORE_READ];
    let (mut written, mut to, mut to_len) = (&[][..], to, to_len);
    if matches!(func, Func::read) {
        (to, to_len) = (at, len);
    } else {
        let copied = copy(call.bytes(at, len).ok_or(OUTSIDE)?, &mut before);
        let Some(copied) = copied.filter(|copied| !copied.is_empty()) else {
            return Ok(done(Err(DeviceError::Invalid)));
        };
        written = copied;
    }
    let (manager, slot) = call.state().place();
    let read = call.bytes_mut(to, to_len).ok_or(OUTSIDE)?;
    let result = match read.is_empty() {
        true => Err(DeviceError::Invalid),
        false => manager.platform().transfer(slot, device, written, read),
    };
    Ok(done(result))
}

/// A key: some letters, digits, `-`, `_` and `.`, so that it is part of any path.
fn is_key(key: &str) -> bool {
    let is_permitted = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    !key.is_empty() && key.len() <= MOST_KEY && key.bytes().all(is_permitted)
}

/// Settings. Keys are those of the application alone.
fn keyvalue<P: Platform>(call: &mut Call<'_, Context<P>>, index: usize, args: &[u32]) -> Outcome {
    use keyvalue::Func;
    let [key, at, len, ..] = words(args);
    let func = keyvalue::FUNCS.get(index).copied().ok_or(OUTSIDE)?;
    let is_get = matches!(func, Func::get);
    // All of the arguments lie in memory, whatever becomes of them.
    if is_get || matches!(func, Func::set) {
        call.bytes(at, len).ok_or(OUTSIDE)?;
    }
    // The key stays while a value is written to where it may lie.
    let mut own = [0; MOST_KEY];
    let key = copy(call.string(key).ok_or(OUTSIDE)?, &mut own).unwrap_or(&[]);
    let key = core::str::from_utf8(key).unwrap_or("");
    let context = call.state();
    let (manager, _) = context.place();
    let Some(name) = context.name().filter(|_| is_key(key)) else {
        return Ok(done(Err(DeviceError::Invalid)));
    };
    let (platform, name) = (manager.platform(), name.as_str());
    Ok(match func {
        Func::get => {
            let to = call.bytes_mut(at, len).ok_or(OUTSIDE)?;
            number(platform.setting(name, key, to).map(|len| len as u32))
        }
        Func::set => {
            let value = call.bytes(at, len).ok_or(OUTSIDE)?;
            // Storage of some systems does not tell an empty value from none.
            done(match (1..=MOST_VALUE).contains(&value.len()) {
                true => platform.set_setting(name, key, Some(value)),
                false => Err(DeviceError::Invalid),
            })
        }
        Func::delete => done(platform.set_setting(name, key, None)),
        Func::exists => number(match platform.setting(name, key, &mut []) {
            Ok(_) => Ok(1u32),
            Err(DeviceError::NotFound) => Ok(0),
            Err(error) => Err(error),
        }),
    })
}

/// The log.
fn logging<P: Platform>(call: &mut Call<'_, Context<P>>, index: usize, args: &[u32]) -> Outcome {
    let logging::Func::log = logging::FUNCS.get(index).copied().ok_or(OUTSIDE)?;
    let [level, context, message, ..] = words(args);
    let context_len = call.string(context).ok_or(OUTSIDE)?.len() as u32;
    let message_len = call.string(message).ok_or(OUTSIDE)?.len() as u32;
    let (manager, _) = call.state().place();
    let Some(name) = call.state().name() else { return Ok(0) };
    let part = |at, len| call.bytes(at, len).and_then(|text| core::str::from_utf8(text).ok());
    let texts = part(context, context_len).zip(part(message, message_len));
    // What is no text is not logged.
    if let Some((context, message)) = texts {
        manager.platform().log(name.as_str(), level.min(MOST_LEVEL), context, message);
    }
    Ok(0)
}

/// Nanoseconds of a step of the clock that rises.
const RESOLUTION: u64 = 1_000_000;

/// Clocks.
fn clocks<P: Platform>(call: &mut Call<'_, Context<P>>, index: usize, args: &[u32]) -> Outcome {
    use clocks::Func;
    let [seconds, nanoseconds, ..] = words(args);
    let (manager, _) = call.state().place();
    Ok(match clocks::FUNCS.get(index).copied().ok_or(OUTSIDE)? {
        Func::monotonic_now => manager.platform().now().saturating_mul(RESOLUTION),
        Func::monotonic_resolution => RESOLUTION,
        Func::wall_now => {
            call.bytes(seconds, 8).ok_or(OUTSIDE)?;
            call.bytes(nanoseconds, 4).ok_or(OUTSIDE)?;
            let time = manager.platform().wall_clock();
            let (whole, rest) = time.unwrap_or((0, 0));
            put(call, seconds, &whole.to_le_bytes())?;
            put(call, nanoseconds, &rest.to_le_bytes())?;
            done(time.map(|_| ()).ok_or(DeviceError::Unsupported))
        }
    })
}
