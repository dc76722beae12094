//! Routines that LLVM calls where the CPU lacks an instruction and no helper stands for it, under
//! the names that the Arm run-time ABI gives them (RTABI32, 4.2 and 4.3). They are a part of the
//! text; the ones that nothing calls are left out of the file (`object`).
//!
//! Only Armv6-M needs them: it multiplies to 32 bits, and neither divides nor counts zeros.

use crate::target::Isa;

/// Sections of routines begin with this.
pub(crate) const SECTION: &str = ".t.l.";

/// The routines for an instruction set. `#7` are their attributes.
pub(crate) fn text(isa: Isa) -> String {
    if isa != Isa::Thumb1 {
        return String::new();
    }
    let mut text = MULTIPLY.to_owned() + LEADING_ZEROS + DIVIDE;
    text.push_str(&shift("__aeabi_llsl", "shl", "%al", "%ah", "lshr", ["0", "%far"]));
    text.push_str(&shift("__aeabi_llsr", "lshr", "%ah", "%al", "shl", ["%far", "0"]));
    text.push_str(&shift("__aeabi_lasr", "ashr", "%ah", "%al", "shl", ["%far", "%sign"]));
    text.push_str(&quotient("__aeabi_uidiv", "i32", false, false));
    text.push_str(&quotient("__aeabi_idiv", "i32", true, false));
    text.push_str(&quotient("__aeabi_uidivmod", "i64", false, true));
    text.push_str(&quotient("__aeabi_idivmod", "i64", true, true));
    text
}

/// The product of 64 bits from products of 16 bits.
const MULTIPLY: &str = r#"
define hidden i64 @__aeabi_lmul(i64 %a, i64 %b) #7 section ".t.l.lmul" {
  %al = trunc i64 %a to i32
  %bl = trunc i64 %b to i32
  %a6 = lshr i64 %a, 32
  %b6 = lshr i64 %b, 32
  %ah = trunc i64 %a6 to i32
  %bh = trunc i64 %b6 to i32
  %a0 = and i32 %al, 65535
  %a1 = lshr i32 %al, 16
  %b0 = and i32 %bl, 65535
  %b1 = lshr i32 %bl, 16
  %p00 = mul i32 %a0, %b0
  %p01 = mul i32 %a0, %b1
  %p10 = mul i32 %a1, %b0
  %p11 = mul i32 %a1, %b1
  %c0 = lshr i32 %p00, 16
  %m0 = add i32 %p01, %c0
  %m0l = and i32 %m0, 65535
  %m1 = add i32 %p10, %m0l
  %low0 = and i32 %p00, 65535
  %low1 = shl i32 %m1, 16
  %low = or i32 %low0, %low1
  %m0h = lshr i32 %m0, 16
  %m1h = lshr i32 %m1, 16
  %h0 = add i32 %p11, %m0h
  %h1 = add i32 %h0, %m1h
  %x = mul i32 %al, %bh
  %y = mul i32 %ah, %bl
  %h2 = add i32 %h1, %x
  %h = add i32 %h2, %y
  %lw = zext i32 %low to i64
  %hw = zext i32 %h to i64
  %hs = shl i64 %hw, 32
  %r = or i64 %hs, %lw
  ret i64 %r
}
"#;

const LEADING_ZEROS: &str = r#"
define hidden i32 @__clzsi2(i32 %a) #7 section ".t.l.clz" {
entry:
  br label %loop
loop:
  %v = phi i32 [ %a, %entry ], [ %w, %next ]
  %n = phi i32 [ 0, %entry ], [ %m, %next ]
  %set = icmp slt i32 %v, 0
  br i1 %set, label %done, label %next
next:
  %w = shl i32 %v, 1
  %m = add i32 %n, 1
  %more = icmp ult i32 %m, 32
  br i1 %more, label %loop, label %all
all:
  ret i32 32
done:
  ret i32 %n
}
"#;

/// Quotient and remainder without signs: bit by bit.
const DIVIDE: &str = r#"
define hidden i64 @__zonda_udivmod(i32 %a, i32 %b) #7 section ".t.l.udivmod" {
entry:
  br label %loop
loop:
  %n = phi i32 [ 32, %entry ], [ %m, %loop ]
  %q = phi i32 [ %a, %entry ], [ %q3, %loop ]
  %r = phi i32 [ 0, %entry ], [ %r3, %loop ]
  %top = lshr i32 %q, 31
  %out = lshr i32 %r, 31
  %r1 = shl i32 %r, 1
  %r2 = or i32 %r1, %top
  %q1 = shl i32 %q, 1
  %over = icmp ne i32 %out, 0
  %fits = icmp uge i32 %r2, %b
  %take = or i1 %over, %fits
  %less = sub i32 %r2, %b
  %r3 = select i1 %take, i32 %less, i32 %r2
  %q2 = or i32 %q1, 1
  %q3 = select i1 %take, i32 %q2, i32 %q1
  %m = sub i32 %n, 1
  %more = icmp ne i32 %m, 0
  br i1 %more, label %loop, label %done
done:
  %qw = zext i32 %q3 to i64
  %rw = zext i32 %r3 to i64
  %rs = shl i64 %rw, 32
  %both = or i64 %rs, %qw
  ret i64 %both
}
"#;

/// A shift of 64 bits by less than 64: the word that bits leave first, the one that they enter, and
/// the words of the result (low, high) where all bits of one word move into the other.
fn shift(
    name: &str,
    instruction: &str,
    from: &str,
    to: &str,
    back: &str,
    far: [&str; 2],
) -> String {
    let section = name.trim_start_matches("__aeabi_");
    // In the word that bits enter, zeros are shifted in.
    let logical = if instruction == "ashr" { "lshr" } else { instruction };
    let near = if from == "%al" { ["%moved", "%joined"] } else { ["%joined", "%moved"] };
    format!(
        r#"
define hidden i64 @{name}(i64 %a, i32 %n) #7 section ".t.l.{section}" {{
  %al = trunc i64 %a to i32
  %a6 = lshr i64 %a, 32
  %ah = trunc i64 %a6 to i32
  %by = and i32 %n, 31
  %rest = xor i32 %by, 31
  %moved = {instruction} i32 {from}, %by
  %half = {back} i32 {from}, 1
  %carry = {back} i32 %half, %rest
  %kept = {logical} i32 {to}, %by
  %joined = or i32 %kept, %carry
  %far = {instruction} i32 {from}, %by
  %sign = ashr i32 %ah, 31
  %bit = and i32 %n, 32
  %isfar = icmp ne i32 %bit, 0
  %l = select i1 %isfar, i32 {}, i32 {}
  %h = select i1 %isfar, i32 {}, i32 {}
  %lw = zext i32 %l to i64
  %hw = zext i32 %h to i64
  %hs = shl i64 %hw, 32
  %r = or i64 %hs, %lw
  ret i64 %r
}}
"#,
        far[0], near[0], far[1], near[1]
    )
}

/// A division by the routine without signs; `both` returns the remainder as well.
fn quotient(name: &str, result: &str, signed: bool, both: bool) -> String {
    let section = name.trim_start_matches("__aeabi_");
    let (a, b) = if signed { ("%ax", "%bx") } else { ("%a", "%b") };
    let mut text = format!(
        "define hidden {result} @{name}(i32 %a, i32 %b) #7 section \".t.l.{section}\" {{\n"
    );
    if signed {
        text.push_str(
            "  %as = ashr i32 %a, 31\n  %a1 = xor i32 %a, %as\n  %ax = sub i32 %a1, %as\n  \
             %bs = ashr i32 %b, 31\n  %b1 = xor i32 %b, %bs\n  %bx = sub i32 %b1, %bs\n",
        );
    }
    text.push_str(&format!(
        "  %u = call i64 @__zonda_udivmod(i32 {a}, i32 {b})\n  %q = trunc i64 %u to i32\n"
    ));
    if signed {
        text.push_str(
            "  %qs = xor i32 %as, %bs\n  %q1 = xor i32 %q, %qs\n  %q2 = sub i32 %q1, %qs\n",
        );
    }
    let q = if signed { "%q2" } else { "%q" };
    if !both {
        text.push_str(&format!("  ret i32 {q}\n}}\n"));
        return text;
    }
    if !signed {
        text.push_str("  ret i64 %u\n}\n");
        return text;
    }
    text.push_str(&format!(
        "  %r6 = lshr i64 %u, 32\n  %r = trunc i64 %r6 to i32\n  %r1 = xor i32 %r, %as\n  \
         %r2 = sub i32 %r1, %as\n  %qw = zext i32 {q} to i64\n  %rw = zext i32 %r2 to i64\n  \
         %rs = shl i64 %rw, 32\n  %both = or i64 %rs, %qw\n  ret i64 %both\n}}\n"
    ));
    text
}
