//! Writes the script format that `format.rs` reads. Host only.

use crate::format::{kind, op, Value, ALIGN, HEADER, MAGIC, PAD, VERSION};

/// A function to call or a global to read, before it is written.
pub(crate) struct Action {
    pub instance: String,
    pub field: String,
    /// `None` reads a global.
    pub arguments: Option<Vec<Value>>,
}

/// A script under construction.
pub(crate) struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    pub fn new(name: &str) -> Self {
        let mut bytes = Vec::new();
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&[VERSION, 0, 0, 0, 0, 0, 0, 0]);
        debug_assert_eq!(bytes.len(), HEADER);
        let mut writer = Self { bytes };
        writer.str(name);
        writer
    }

    /// Fills in the length and returns the script.
    pub fn finish(mut self) -> Vec<u8> {
        let length = u32::try_from(self.bytes.len()).expect("a script is smaller than 4 GiB");
        self.bytes[8..HEADER].copy_from_slice(&length.to_le_bytes());
        self.bytes
    }

    pub fn module(&mut self, line: u32, name: &str, bytes: &[u8]) {
        self.op(op::MODULE, line).str(name).blob(bytes);
    }

    pub fn definition(&mut self, line: u32, bytes: &[u8]) {
        self.op(op::DEFINITION, line).blob(bytes);
    }

    pub fn register(&mut self, line: u32, alias: &str, instance: &str) {
        self.op(op::REGISTER, line).str(alias).str(instance);
    }

    pub fn action(&mut self, line: u32, action: &Action) {
        self.op(op::ACTION, line).act(action);
    }

    pub fn assert_return(&mut self, line: u32, action: &Action, expected: &[Value]) {
        self.op(op::ASSERT_RETURN, line).act(action).values(expected);
    }

    pub fn assert_trap(&mut self, line: u32, action: &Action, text: &str) {
        self.op(op::ASSERT_TRAP, line).act(action).str(text);
    }

    pub fn assert_exhaustion(&mut self, line: u32, action: &Action, text: &str) {
        self.op(op::ASSERT_EXHAUSTION, line).act(action).str(text);
    }

    /// One of the assertions that consist of a module and a message.
    pub fn assert_module(&mut self, code: u8, line: u32, bytes: &[u8], text: &str) {
        self.op(code, line).blob(bytes).str(text);
    }

    /// As [`Writer::module`], with the bytes at a multiple of [`ALIGN`].
    pub fn aligned_module(&mut self, line: u32, name: &str, bytes: &[u8]) {
        self.op(op::MODULE, line).str(name).aligned(bytes);
    }

    /// As [`Writer::assert_module`], with the bytes at a multiple of [`ALIGN`].
    pub fn assert_aligned_module(&mut self, code: u8, line: u32, bytes: &[u8], text: &str) {
        self.op(code, line).aligned(bytes).str(text);
    }

    pub fn unsupported(&mut self, line: u32, instance: bool, reason: &str) {
        self.op(op::UNSUPPORTED, line).bytes.push(u8::from(instance));
        self.str(reason);
    }

    pub fn text(&mut self, line: u32, held: bool, text: &str) {
        self.op(op::TEXT, line).bytes.push(u8::from(held));
        self.str(text);
    }

    pub fn reset(&mut self, line: u32) {
        self.op(op::RESET, line);
    }

    fn op(&mut self, code: u8, line: u32) -> &mut Self {
        self.bytes.push(code);
        self.number(line)
    }

    fn number(&mut self, mut value: u32) -> &mut Self {
        while value >= 0x80 {
            self.bytes.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.bytes.push(value as u8);
        self
    }

    fn blob(&mut self, bytes: &[u8]) -> &mut Self {
        let length = u32::try_from(bytes.len()).expect("a module is smaller than 4 GiB");
        self.number(length).bytes.extend_from_slice(bytes);
        self
    }

    /// A blob that begins with padding.
    fn aligned(&mut self, bytes: &[u8]) -> &mut Self {
        let leb = |length: usize| length.checked_ilog2().unwrap_or(0) as usize / 7 + 1;
        let fits = |pad: &usize| {
            let length = leb(pad + bytes.len());
            (self.bytes.len() + length + pad).is_multiple_of(ALIGN)
        };
        let pad = (0..2 * ALIGN).find(fits).expect("the length takes the same bytes");
        let mut blob = vec![PAD; pad];
        blob.extend_from_slice(bytes);
        self.blob(&blob)
    }

    fn str(&mut self, text: &str) -> &mut Self {
        self.blob(text.as_bytes())
    }

    fn act(&mut self, action: &Action) -> &mut Self {
        self.bytes.push(u8::from(action.arguments.is_none()));
        self.str(&action.instance).str(&action.field);
        if let Some(arguments) = &action.arguments {
            self.values(arguments);
        }
        self
    }

    fn values(&mut self, values: &[Value]) -> &mut Self {
        self.number(values.len() as u32);
        for value in values {
            self.value(*value);
        }
        self
    }

    fn value(&mut self, value: Value) {
        let mut put = |code: u8, payload: &[u8]| {
            self.bytes.push(code);
            self.bytes.extend_from_slice(payload);
        };
        match value {
            Value::I32(v) => put(kind::I32, &v.to_le_bytes()),
            Value::I64(v) => put(kind::I64, &v.to_le_bytes()),
            Value::F32(v) => put(kind::F32, &v.to_le_bytes()),
            Value::F64(v) => put(kind::F64, &v.to_le_bytes()),
            Value::NullFunc => put(kind::NULL_FUNC, &[]),
            Value::NullExtern => put(kind::NULL_EXTERN, &[]),
            Value::Extern(v) => put(kind::EXTERN, &v.to_le_bytes()),
            Value::F32Canonical => put(kind::F32_CANONICAL, &[]),
            Value::F32Arithmetic => put(kind::F32_ARITHMETIC, &[]),
            Value::F64Canonical => put(kind::F64_CANONICAL, &[]),
            Value::F64Arithmetic => put(kind::F64_ARITHMETIC, &[]),
            Value::AnyFunc => put(kind::ANY_FUNC, &[]),
            Value::NullAny => put(kind::NULL_ANY, &[]),
            Value::AnyExtern => put(kind::ANY_EXTERN, &[]),
            Value::V128(v) => put(kind::V128, &v.to_le_bytes()),
            Value::V128F32(v, nans) => {
                put(kind::V128_F32, &v.to_le_bytes());
                self.bytes.push(nans);
            }
            Value::V128F64(v, nans) => {
                put(kind::V128_F64, &v.to_le_bytes());
                self.bytes.push(nans);
            }
            Value::Or => put(kind::OR, &[]),
            Value::NullExn => put(kind::NULL_EXN, &[]),
            Value::NullObject => put(kind::NULL_OBJECT, &[]),
            Value::Host(v) => put(kind::HOST, &v.to_le_bytes()),
            Value::AnyObject => put(kind::ANY_OBJECT, &[]),
            Value::AnyEq => put(kind::ANY_EQ, &[]),
            Value::AnyI31 => put(kind::ANY_I31, &[]),
            Value::AnyStruct => put(kind::ANY_STRUCT, &[]),
            Value::AnyArray => put(kind::ANY_ARRAY, &[]),
        }
    }
}
