//! Instructions on structures, arrays and 31-bit integers, and casts (spec: 5.4.2, 5.4.3; feature
//! `gc`): the opcodes behind the prefix 0xFB, with their names.

macro_rules! gc_ops {
    ($($code:literal $constant:ident $text:literal;)*) => {
        $(#[doc = concat!("`", $text, "`")] pub const $constant: u32 = $code;)*

        /// The name of an instruction in the text format.
        pub const fn name(code: u32) -> Option<&'static str> {
            match code { $($code => Some($text),)* _ => None }
        }
    };
}

gc_ops! {
    0 STRUCT_NEW "struct.new";
    1 STRUCT_NEW_DEFAULT "struct.new_default";
    2 STRUCT_GET "struct.get";
    3 STRUCT_GET_S "struct.get_s";
    4 STRUCT_GET_U "struct.get_u";
    5 STRUCT_SET "struct.set";
    6 ARRAY_NEW "array.new";
    7 ARRAY_NEW_DEFAULT "array.new_default";
    8 ARRAY_NEW_FIXED "array.new_fixed";
    9 ARRAY_NEW_DATA "array.new_data";
    10 ARRAY_NEW_ELEM "array.new_elem";
    11 ARRAY_GET "array.get";
    12 ARRAY_GET_S "array.get_s";
    13 ARRAY_GET_U "array.get_u";
    14 ARRAY_SET "array.set";
    15 ARRAY_LEN "array.len";
    16 ARRAY_FILL "array.fill";
    17 ARRAY_COPY "array.copy";
    18 ARRAY_INIT_DATA "array.init_data";
    19 ARRAY_INIT_ELEM "array.init_elem";
    20 REF_TEST "ref.test";
    21 REF_TEST_NULL "ref.test null";
    22 REF_CAST "ref.cast";
    23 REF_CAST_NULL "ref.cast null";
    24 BR_ON_CAST "br_on_cast";
    25 BR_ON_CAST_FAIL "br_on_cast_fail";
    26 ANY_CONVERT_EXTERN "any.convert_extern";
    27 EXTERN_CONVERT_ANY "extern.convert_any";
    28 REF_I31 "ref.i31";
    29 I31_GET_S "i31.get_s";
    30 I31_GET_U "i31.get_u";
}
