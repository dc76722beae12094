//! The visitor of WebAssembly instructions: how the validator tells a backend what a function does.
//!
//! [`Visitor`] has one method for each instruction, with typed immediates, and it is generated from
//! the one table of instructions ([`zonda_exec::for_each_instruction`]). Each method has a default
//! body, so a backend implements what it cares about. Where many instructions differ by their
//! opcode alone, a *class method* stands before them: [`Visitor::visit_local`],
//! [`Visitor::visit_global`], [`Visitor::visit_const`], [`Visitor::visit_numeric`],
//! [`Visitor::visit_load`], [`Visitor::visit_store`] and [`Visitor::visit_object`]. The validator
//! calls the class method; its default body calls the method of the instruction. A backend that
//! works by opcode overrides the class method, and the methods of single instructions are then not
//! compiled into the image.
//!
//! The immediates carry what every backend may want; fields that no backend of an image reads cost
//! nothing.
//!
//! The validator calls a method after it has checked the instruction. It visits reachable
//! instructions, and all of `block`, `loop`, `if`, `else` and `end`, which keep labels in pairs.

use super::env::Env;
use super::locals::Locals;
use super::stacks::{slots, Stacks};
use crate::binary::reader::{Parsed, Reader};
use crate::binary::types::{Code, IndexType, ValType};

pub(crate) use super::stacks::BlockType;

/// The instruction that is visited: where it stands, and what the validator knows at it.
pub(crate) struct Site<'w, 'e, 'r> {
    pub(super) env: &'w Env<'e>,
    pub(super) reader: &'w mut Reader<'r>,
    pub(super) stacks: &'w mut Stacks,
    pub(super) locals: &'w Locals,
    pub(super) pos: usize,
    pub(super) live: bool,
}

impl<'e> Site<'_, 'e, '_> {
    /// Offset in the module behind the first byte of the opcode.
    #[inline(always)]
    pub(crate) fn pos(&self) -> usize {
        self.pos
    }

    /// Offset in the module behind the immediates.
    #[inline(always)]
    pub(crate) fn end(&self) -> usize {
        self.reader.pos()
    }

    /// Slots of the operands after the instruction. Those that a branch carries are not counted,
    /// nor are the results of the block that `end` or `else` closes.
    #[inline(always)]
    pub(crate) fn height(&self) -> u32 {
        self.stacks.height
    }

    /// Whether the instruction can be reached.
    #[inline(always)]
    pub(crate) fn live(&self) -> bool {
        self.live
    }

    /// What the module declares.
    #[allow(dead_code)]
    pub(crate) fn env(&self) -> &Env<'e> {
        self.env
    }
}

/// A structured control instruction.
#[derive(Clone, Copy)]
#[allow(dead_code)]
pub(crate) struct Block {
    /// The type that the instruction names.
    pub(crate) ty: BlockType,
    /// Slots of its parameters, which lie on the operand stack.
    pub(crate) params: u32,
}

/// The target of a branch.
#[derive(Clone, Copy)]
#[allow(dead_code)]
pub(crate) struct Label {
    /// Labels between the branch and its target; 0 is the innermost one.
    pub(crate) depth: u32,
    /// Slots of the operands that the branch carries.
    pub(crate) arity: u32,
}

/// The targets of `br_table`, all with the same arity.
#[derive(Clone)]
pub(crate) struct BrTable<'r> {
    reader: Reader<'r>,
    /// Targets without the default one.
    pub(crate) count: u32,
    /// Slots of the operands that the branch carries.
    pub(crate) arity: u32,
}

impl<'r> BrTable<'r> {
    /// `reader` stands at the first target; all of them were read before.
    pub(super) fn new(reader: Reader<'r>, count: u32, arity: u32) -> BrTable<'r> {
        BrTable { reader, count, arity }
    }

    /// The targets in order; the last one is the default.
    pub(crate) fn labels(mut self) -> impl Iterator<Item = Label> + use<'r> {
        let arity = self.arity;
        (0..=self.count).map_while(move |_| Some(Label { depth: self.reader.u32().ok()?, arity }))
    }
}

/// The clauses of a `try_table`.
#[derive(Clone)]
#[cfg_attr(not(feature = "exceptions"), allow(dead_code))]
pub(crate) struct Catches<'r> {
    reader: Reader<'r>,
    /// How many there are.
    pub(crate) count: u32,
}

/// A clause of a `try_table`.
#[derive(Clone, Copy)]
#[cfg_attr(not(feature = "exceptions"), allow(dead_code))]
pub(crate) struct Catch {
    /// The tag that it catches; `None` for all.
    pub(crate) tag: Option<u32>,
    /// Whether the reference to the exception follows its values.
    pub(crate) reference: bool,
    /// Labels between the `try_table` and the target.
    pub(crate) depth: u32,
}

#[cfg_attr(not(feature = "exceptions"), allow(dead_code))]
impl<'r> Catches<'r> {
    /// `reader` stands at the first clause; all of them were read before.
    pub(super) fn new(reader: Reader<'r>, count: u32) -> Catches<'r> {
        Catches { reader, count }
    }

    /// The clauses in order.
    pub(crate) fn iter(mut self) -> impl Iterator<Item = Catch> + use<'r> {
        (0..self.count).map_while(move |_| Catch::read(&mut self.reader).ok())
    }
}

#[cfg_attr(not(feature = "exceptions"), allow(dead_code))]
impl Catch {
    /// Reads a clause (spec: 5.4.1).
    pub(super) fn read(reader: &mut Reader) -> Parsed<Catch> {
        let at = reader.pos();
        let kind = reader.byte()?;
        if kind > 3 {
            return reader.refuse_at(at, super::exceptions::BAD_CATCH);
        }
        let tag = if kind < 2 { Some(reader.u32()?) } else { None };
        Ok(Catch { tag, reference: kind & 1 != 0, depth: reader.u32()? })
    }
}

/// The callee of a direct call.
#[derive(Clone, Copy)]
#[allow(dead_code)]
pub(crate) struct Func {
    /// In the index space of functions.
    pub(crate) index: u32,
    /// Slots of the parameters.
    pub(crate) params: u32,
}

/// The callee of a call by reference.
#[derive(Clone, Copy)]
#[allow(dead_code)]
pub(crate) struct RefFunc {
    /// Slots of the parameters.
    pub(crate) params: u32,
}

/// The callee of an indirect call.
#[derive(Clone, Copy)]
#[allow(dead_code)]
pub(crate) struct IndirectFunc {
    /// Index of its type.
    pub(crate) ty: u32,
    /// Index of the table.
    pub(crate) table: u32,
    /// Slots of the parameters.
    pub(crate) params: u32,
    /// The type of the table's indices.
    pub(crate) index: IndexType,
}

/// A local.
#[derive(Clone, Copy)]
#[allow(dead_code)]
pub(crate) struct Local {
    pub(crate) index: u32,
    /// Code of its type.
    pub(crate) ty: Code,
    /// Its first slot in the frame.
    #[cfg(feature = "fast")]
    pub(crate) slot: u32,
}

#[allow(dead_code)]
impl Local {
    /// Slots that its value takes.
    #[inline(always)]
    pub(crate) fn slots(&self) -> u32 {
        slots(self.ty)
    }
}

/// A global.
#[derive(Clone, Copy)]
#[allow(dead_code)]
pub(crate) struct Global {
    pub(crate) index: u32,
    /// Code of its type.
    pub(crate) ty: Code,
}

#[allow(dead_code)]
impl Global {
    /// Slots that its value takes.
    #[inline(always)]
    pub(crate) fn slots(&self) -> u32 {
        slots(self.ty)
    }
}

/// The immediates of a load or store.
#[derive(Clone, Copy)]
#[allow(dead_code)]
pub(crate) struct MemArg {
    /// In a memory with addresses of 64 bits, at most 2^32 - 1: what is more is that.
    pub(crate) offset: u32,
    /// Index of the memory.
    pub(crate) memory: u32,
    /// The type of the memory's addresses.
    pub(crate) index: IndexType,
    /// Whether it names memory 0 and its flags are one byte: what most code has.
    pub(crate) is_short: bool,
}

/// The kind of a label.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum LabelKind {
    /// The function body.
    Func,
    Block,
    Loop,
    If,
    Else,
    /// What an older `try` covers, a `catch` of it, and its `catch_all`.
    #[cfg(feature = "legacy-exceptions")]
    Try,
    #[cfg(feature = "legacy-exceptions")]
    Catch,
    #[cfg(feature = "legacy-exceptions")]
    CatchAll,
}

macro_rules! define_visitor {
    (
        { $($cc:literal $cn:ident $ct:literal $cv:ident ($($ca:ident: $cty:ty),*);)* }
        { $($oc:literal $on:ident $ot:literal $ov:ident ($($oa:ident),*);)* }
        { $($mc:literal $mn:ident $mt:literal $mv:ident $mk:ident $mr:ident $ml:literal $mm:ident;)* }
        { $($nc:literal $nn:ident $nt:literal $nv:ident $ns:ident $na:ident $nr:ident $nf:ident;)* }
    ) => {
        /// Receives the instructions of a function body in their order.
        ///
        /// A method that returns [`ErrorKind::Repeat`](crate::ErrorKind::Repeat) has the validator
        /// start the body again, at [`Visitor::begin`].
        #[allow(unused_variables)]
        #[cfg_attr(
            not(all(feature = "exceptions", feature = "function-references")),
            allow(dead_code)
        )]
        pub(crate) trait Visitor {
            /// A function body starts; its first instruction stands at `pos`.
            fn begin(&mut self, pos: usize, locals: &Locals) -> Parsed<()> {
                Ok(())
            }

            /// The function body has ended at `end`; its operands took at most `operands` slots.
            fn finish(&mut self, end: usize, operands: u32) -> Parsed<()> {
                Ok(())
            }

            /// Called before the method of each reachable instruction but `else`, with the first
            /// byte of its opcode. The validator has not checked it yet.
            fn instruction(&mut self, pos: usize, opcode: u8) -> Parsed<()> {
                Ok(())
            }

            $(#[doc = concat!("`", $ct, "`")]
            fn $cv(&mut self, site: &Site, $($ca: $cty),*) -> Parsed<()> {
                Ok(())
            })*

            /// `local.get`, `local.set` or `local.tee`: their class method.
            fn visit_local(&mut self, site: &Site, opcode: u8, local: Local) -> Parsed<()> {
                match opcode {
                    LOCAL_GET => self.visit_local_get(site, local),
                    LOCAL_SET => self.visit_local_set(site, local),
                    _ => self.visit_local_tee(site, local),
                }
            }

            /// `global.get` or `global.set`: their class method.
            fn visit_global(&mut self, site: &Site, opcode: u8, global: Global) -> Parsed<()> {
                match opcode {
                    GLOBAL_GET => self.visit_global_get(site, global),
                    _ => self.visit_global_set(site, global),
                }
            }

            /// A constant of a number type, with its bits: the class method of the four.
            fn visit_const(&mut self, site: &Site, opcode: u8, bits: u64) -> Parsed<()> {
                match opcode {
                    I32_CONST => self.visit_i32_const(site, bits as i32),
                    I64_CONST => self.visit_i64_const(site, bits as i64),
                    F32_CONST => self.visit_f32_const(site, bits as u32),
                    _ => self.visit_f64_const(site, bits),
                }
            }

            /// A numeric instruction: the class method of those below.
            fn visit_numeric(&mut self, site: &Site, opcode: u16) -> Parsed<()> {
                match opcode {
                    $($nc => self.$nv(site),)*
                    _ => Ok(()),
                }
            }

            $(#[doc = concat!("`", $nt, "`")]
            fn $nv(&mut self, site: &Site) -> Parsed<()> {
                Ok(())
            })*

            /// A vector instruction, with its memarg if it accesses memory; its other immediates
            /// end where it does.
            #[cfg(feature = "simd")]
            fn visit_vector(
                &mut self,
                site: &Site,
                code: u32,
                row: Row,
                memarg: Option<MemArg>,
            ) -> Parsed<()> {
                Ok(())
            }

            /// An atomic instruction, by its opcode behind the prefix; `atomic.fence` has no memarg.
            #[cfg(feature = "threads")]
            fn visit_atomic(
                &mut self,
                site: &Site,
                code: u32,
                memarg: Option<MemArg>,
            ) -> Parsed<()> {
                Ok(())
            }

            /// An instruction on objects, by its opcode behind the prefix.
            #[cfg(feature = "gc")]
            fn visit_gc(&mut self, site: &Site, code: u32) -> Parsed<()> {
                Ok(())
            }

            /// `br_on_cast` or `br_on_cast_fail`: the reference stays on the stack in any case.
            #[cfg(feature = "gc")]
            fn visit_br_on_cast(&mut self, site: &Site, label: Label) -> Parsed<()> {
                Ok(())
            }

            /// A load: the class method of those below.
            fn visit_load(&mut self, site: &Site, opcode: u8, memarg: MemArg) -> Parsed<()> {
                self.visit_access(site, opcode, memarg)
            }

            /// A store: the class method of those below.
            fn visit_store(&mut self, site: &Site, opcode: u8, memarg: MemArg) -> Parsed<()> {
                self.visit_access(site, opcode, memarg)
            }

            /// A load or store.
            fn visit_access(&mut self, site: &Site, opcode: u8, memarg: MemArg) -> Parsed<()> {
                match opcode {
                    $($mc => self.$mv(site, memarg),)*
                    _ => Ok(()),
                }
            }

            $(#[doc = concat!("`", $mt, "`")]
            fn $mv(&mut self, site: &Site, memarg: MemArg) -> Parsed<()> {
                Ok(())
            })*

            /// An instruction on references, tables, memories or segments, with its one or two
            /// indices: the class method of those below.
            fn visit_object(&mut self, site: &Site, opcode: u16, indices: [u32; 2]) -> Parsed<()> {
                match opcode {
                    $($oc => {
                        let [$($oa,)* ..] = indices;
                        self.$ov(site, $($oa),*)
                    })*
                    _ => Ok(()),
                }
            }

            $(#[doc = concat!("`", $ot, "`")]
            fn $ov(&mut self, site: &Site, $($oa: u32),*) -> Parsed<()> {
                Ok(())
            })*
        }
    };
}

use zonda_exec::for_each_instruction;
use zonda_exec::op::codes::*;
#[cfg(feature = "simd")]
pub(crate) use zonda_exec::vector::op::Row;
for_each_instruction! { define_visitor }

/// Implements [`Visitor`] for a type that passes everything on: `$each!` is called with the
/// receiver and the call.
macro_rules! forward_visitor {
    (
        { $($cc:literal $cn:ident $ct:literal $cv:ident ($($ca:ident: $cty:ty),*);)* }
        $($rest:tt)*
    ) => {
        impl Visitor for CodeBuilder<'_> {
            fn begin(&mut self, pos: usize, locals: &Locals) -> Parsed<()> {
                each!(self, builder => builder.begin(pos, locals))
            }
            fn finish(&mut self, end: usize, operands: u32) -> Parsed<()> {
                each!(self, builder => builder.finish(end, operands))
            }
            #[inline(always)]
            fn instruction(&mut self, pos: usize, opcode: u8) -> Parsed<()> {
                each!(self, builder => builder.instruction(pos, opcode))
            }
            $(#[inline(always)]
            fn $cv(&mut self, site: &Site, $($ca: $cty),*) -> Parsed<()> {
                each!(self, builder => builder.$cv(site, $($ca),*))
            })*
            #[inline(always)]
            fn visit_local(&mut self, site: &Site, opcode: u8, local: Local) -> Parsed<()> {
                each!(self, builder => builder.visit_local(site, opcode, local))
            }
            #[inline(always)]
            fn visit_global(&mut self, site: &Site, opcode: u8, global: Global) -> Parsed<()> {
                each!(self, builder => builder.visit_global(site, opcode, global))
            }
            #[inline(always)]
            fn visit_const(&mut self, site: &Site, opcode: u8, bits: u64) -> Parsed<()> {
                each!(self, builder => builder.visit_const(site, opcode, bits))
            }
            #[inline(always)]
            fn visit_numeric(&mut self, site: &Site, opcode: u16) -> Parsed<()> {
                each!(self, builder => builder.visit_numeric(site, opcode))
            }
            #[cfg(feature = "simd")]
            fn visit_vector(
                &mut self,
                site: &Site,
                code: u32,
                row: Row,
                memarg: Option<MemArg>,
            ) -> Parsed<()> {
                each!(self, builder => builder.visit_vector(site, code, row, memarg))
            }
            #[cfg(feature = "threads")]
            fn visit_atomic(
                &mut self,
                site: &Site,
                code: u32,
                memarg: Option<MemArg>,
            ) -> Parsed<()> {
                each!(self, builder => builder.visit_atomic(site, code, memarg))
            }
            #[cfg(feature = "gc")]
            fn visit_gc(&mut self, site: &Site, code: u32) -> Parsed<()> {
                each!(self, builder => builder.visit_gc(site, code))
            }
            #[cfg(feature = "gc")]
            fn visit_br_on_cast(&mut self, site: &Site, label: Label) -> Parsed<()> {
                each!(self, builder => builder.visit_br_on_cast(site, label))
            }
            #[inline(always)]
            fn visit_load(&mut self, site: &Site, opcode: u8, memarg: MemArg) -> Parsed<()> {
                each!(self, builder => builder.visit_load(site, opcode, memarg))
            }
            #[inline(always)]
            fn visit_store(&mut self, site: &Site, opcode: u8, memarg: MemArg) -> Parsed<()> {
                each!(self, builder => builder.visit_store(site, opcode, memarg))
            }
            #[inline(always)]
            fn visit_object(&mut self, site: &Site, opcode: u16, indices: [u32; 2]) -> Parsed<()> {
                each!(self, builder => builder.visit_object(site, opcode, indices))
            }
        }
    };
}
pub(crate) use forward_visitor;

/// Visits nothing: validation alone.
pub(crate) struct Nothing;

impl Visitor for Nothing {}
